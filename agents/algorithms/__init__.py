"""Algorithms: frozen dataclasses of hyper-parameters that annotate a batch and give its loss; and their table."""

from __future__ import annotations

from typing import Any

from agents.algorithms.base import NEEDS, Algorithm, Need
from agents.algorithms.distillation import Distillation
from agents.algorithms.gdpo import GDPO
from agents.algorithms.grpo import GRPO
from agents.algorithms.maxrl import MaxRL
from agents.algorithms.ppo import PPO
from agents.algorithms.reinforce_pp import ReinforcePP
from agents.algorithms.rloo import RLOO
from agents.errors import ConfigError
from reasonenv.tables import resolve

__all__ = [
    "ALGORITHMS",
    "GDPO",
    "GRPO",
    "NEEDS",
    "PPO",
    "RLOO",
    "Algorithm",
    "Distillation",
    "MaxRL",
    "Need",
    "ReinforcePP",
    "load_algorithm",
]

ALGORITHMS: dict[str, str] = {
    "grpo": "agents.algorithms.grpo:GRPO",
    "ppo": "agents.algorithms.ppo:PPO",
    "maxrl": "agents.algorithms.maxrl:MaxRL",
    "rloo": "agents.algorithms.rloo:RLOO",
    "reinforce_pp": "agents.algorithms.reinforce_pp:ReinforcePP",
    "gdpo": "agents.algorithms.gdpo:GDPO",
    "distillation": "agents.algorithms.distillation:Distillation",
}
"""Algorithm name → "module:class" of a frozen dataclass whose fields all have defaults."""


def load_algorithm(name: str) -> Algorithm:
    """Return an algorithm with its own defaults.

    Args:
        name: a row of `ALGORITHMS`, or "module:attribute" of a class, a function without arguments, or an instance.

    Raises:
        UnknownNameError, PartImportError: there is no such algorithm.
        ConfigError: what was found is none.
    """
    found: Any = resolve(ALGORITHMS, name, kind="algorithm")
    try:
        algorithm = found() if callable(found) else found
    except TypeError as error:
        raise ConfigError(f"The algorithm {name!r} cannot be made without arguments: {error}.") from error
    if not isinstance(algorithm, Algorithm):
        raise ConfigError(
            f"{name!r} gives a {type(algorithm).__name__}, which is no algorithm: it needs needs, annotate, "
            "gradient_rows and loss (agents.algorithms.Algorithm)."
        )
    return algorithm
