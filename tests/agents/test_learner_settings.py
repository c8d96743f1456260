"""What the settings of an optimizer mean, and what an update may not depend on or keep."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
import torch
from token_batches import sampled_batch

from agents.algorithms import GRPO, PPO
from agents.errors import TrainingError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.types import LossOutput, PolicyOutputs, TokenBatch


def make_learner(*, has_value_head: bool = False, dtype: torch.dtype = torch.float64, **optimizer) -> Learner:
    policy = HFPolicy(build_tiny_policy(seed=0)[0].to(dtype), has_value_head=has_value_head)
    return Learner(policy, OptimizerConfig(**optimizer), num_optimizer_steps=10)


def test_the_moments_decay_at_the_rates_of_the_settings():
    # After one step the moments are (1 − β₁)·g and (1 − β₂)·g².
    learner = make_learner(betas=(0.5, 0.75), max_grad_norm=math.inf)
    learner.update(sampled_batch([1, 0, 0, 1]), GRPO(), UpdateConfig(), temperature=1.0, seed=0)
    states = list(learner.optimizer.state.values())
    assert any(state["exp_avg"].any() for state in states)
    for state in states:
        torch.testing.assert_close(state["exp_avg_sq"], (state["exp_avg"] / 0.5).square() * 0.25)


def test_weights_decay_by_the_learning_rate_times_the_weight_decay():
    # AdamW's first step without decay changes a weight by −η·g/(|g| + ε); decay takes η·λ·w besides.
    plain, decayed = make_learner(learning_rate=1e-3), make_learner(learning_rate=1e-3, weight_decay=0.2)
    before = [parameter.detach().clone() for parameter in plain.policy.parameters()]
    for learner in (plain, decayed):
        learner.update(sampled_batch([1, 0, 0, 1]), GRPO(), UpdateConfig(), temperature=1.0, seed=0)
    for old, one, other in zip(before, plain.policy.parameters(), decayed.policy.parameters(), strict=True):
        torch.testing.assert_close(one - other, 2e-4 * old, rtol=1e-6, atol=1e-12)


def test_an_optimizer_left_alone_is_adamw_without_decay_or_schedule():
    assert OptimizerConfig() == OptimizerConfig(
        learning_rate=1e-6,
        schedule="constant",
        num_warmup_steps=0,
        final_learning_rate=0.0,
        betas=(0.9, 0.999),
        weight_decay=0.0,
        max_grad_norm=1.0,
    )


def test_an_update_left_alone_is_one_step_on_the_rows_that_have_a_gradient():
    metrics = make_learner().update(
        sampled_batch([1, 0, 1, 1] + [1] * 4), GRPO(), UpdateConfig(), temperature=1, seed=0
    )
    assert metrics["skipped_row_share"] == 0.5
    assert UpdateConfig() == UpdateConfig(
        num_epochs=1,
        num_minibatches=1,
        max_tokens_per_microbatch=None,
        skip_zero_gradient_rows=True,
        share_prompts=False,
    )


@dataclass(frozen=True, kw_only=True)
class Watched(GRPO):
    """GRPO that keeps the rewards of each microbatch it is asked about."""

    seen: list[frozenset[float]] = field(default_factory=list)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        self.seen.append(frozenset(batch.rewards_B.tolist()))
        return super().loss(outputs, batch)


def test_every_epoch_deals_all_rows_anew():
    rewards = frozenset(float(n) for n in range(12))
    algorithm = Watched()
    cut = UpdateConfig(num_epochs=2, num_minibatches=3)
    make_learner().update(sampled_batch(sorted(rewards)), algorithm, cut, temperature=1.0, seed=0)
    first, second = algorithm.seen[:3], algorithm.seen[3:]
    assert frozenset.union(*first) == frozenset.union(*second) == rewards
    assert [len(rows) for rows in algorithm.seen] == [4] * 6
    assert set(first) != set(second)


def test_a_gradient_too_large_to_measure_is_refused_at_the_step_that_has_it():
    def huge_loss(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        return LossOutput(loss=1e30 * outputs.logprobs_BT.sum(), metrics={})

    learner = make_learner(dtype=torch.float32)
    batch = GRPO().annotate(sampled_batch([1, 0, 0, 1]))
    learner.step(batch, GRPO().loss)
    before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
    with pytest.raises(TrainingError, match=r"norm is inf at optimizer step 2, which was not taken"):
        learner.step(batch, huge_loss)
    assert all(map(torch.equal, before, learner.policy.parameters()))


def test_a_reward_that_is_no_number_is_refused_before_anything_is_computed():
    batch = sampled_batch([1, math.nan, 0, 1])
    with pytest.raises(TrainingError, match="Rewards must be finite"):
        make_learner().update(batch, GRPO(), UpdateConfig(), temperature=1.0, seed=0)


def test_what_critic_and_reference_fill_in_keeps_no_graph():
    learner = make_learner(has_value_head=True)
    learner.freeze_reference()
    algorithm = PPO(kl_coef=0.1)
    filled = learner.fill_no_grad_fields(sampled_batch([1, 0]), algorithm, UpdateConfig(), temperature=1.0)
    assert filled.values_BT is not None
    assert not filled.values_BT.requires_grad
    assert not algorithm.annotate(filled).returns_BT.requires_grad
