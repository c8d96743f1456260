"""What does one update of the tiny policy cost, with each algorithm?"""

from __future__ import annotations

import pytest
import torch

from agents.algorithms import ALGORITHMS, load_algorithm
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.losses import totals_of
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.types import TokenBatch

NUM_GROUPS, GROUP_SIZE, PROMPT_TOKENS, RESPONSE_TOKENS = 16, 8, 16, 40


def sampled_batch() -> TokenBatch:
    generator = torch.Generator().manual_seed(0)
    shape = (NUM_GROUPS * GROUP_SIZE, PROMPT_TOKENS + RESPONSE_TOKENS)
    loss_mask_BT = torch.ones(shape)
    loss_mask_BT[:, :PROMPT_TOKENS] = 0
    rewards_B = torch.randint(2, shape[:1], generator=generator).float()
    return TokenBatch(
        token_ids_BT=torch.randint(2, 250, shape, generator=generator),
        attention_mask_BT=torch.ones(shape, dtype=torch.int64),
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=-5.5 * loss_mask_BT,
        rewards_B=rewards_B,
        group_ids_B=torch.arange(NUM_GROUPS).repeat_interleave(GROUP_SIZE),
        totals=totals_of(loss_mask_BT),
        reward_components={"accuracy": rewards_B},
        reward_weights={"accuracy": torch.ones_like(rewards_B)},
    )


@pytest.mark.parametrize("name", ALGORITHMS)
def test_learner_update(benchmark, name: str) -> None:
    algorithm = load_algorithm(name)
    policy = HFPolicy(build_tiny_policy(seed=0)[0], has_value_head="values" in algorithm.needs)
    learner = Learner(policy, OptimizerConfig(learning_rate=1e-5), num_optimizer_steps=1)
    if "teacher_logprobs" in algorithm.needs:
        learner.teacher = HFPolicy(build_tiny_policy(seed=1)[0])
    batch = sampled_batch()
    benchmark(learner.update, batch, algorithm, UpdateConfig(), temperature=1.0, seed=0)
