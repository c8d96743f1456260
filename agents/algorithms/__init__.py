"""Algorithms: frozen dataclasses of hyper-parameters that annotate a batch and give its loss."""

from typing import TypeAlias

from agents.algorithms.base import Algorithm
from agents.algorithms.grpo import GRPO
from agents.algorithms.ppo import PPO

__all__ = ["GRPO", "PPO", "Algorithm", "AnyAlgorithm"]

AnyAlgorithm: TypeAlias = GRPO | PPO
"""The algorithms that a run can be configured with: a new one is a file here and a member of this union."""
