"""What does leaving out rows without gradient save, when half of the groups agree on their reward?"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from bench_learner_step import GROUP_SIZE, NUM_GROUPS, sampled_batch

from agents.algorithms.grpo import GRPO
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy


@pytest.mark.parametrize("skip_zero_gradient_rows", [False, True])
def test_learner_update(benchmark, skip_zero_gradient_rows: bool) -> None:
    rewards_GB = torch.zeros(NUM_GROUPS, GROUP_SIZE)
    rewards_GB[::2, ::2] = 1
    batch = replace(sampled_batch(), rewards_B=rewards_GB.flatten())
    learner = Learner(HFPolicy(build_tiny_policy(seed=0)[0]), OptimizerConfig(), num_optimizer_steps=1)
    config = UpdateConfig(skip_zero_gradient_rows=skip_zero_gradient_rows)
    metrics = benchmark(learner.update, batch, GRPO(), config, temperature=1.0, seed=0)
    assert metrics["skipped_row_share"] == (0.5 if skip_zero_gradient_rows else 0)
