"""What the learner refuses, and what may not depend on how a batch is cut."""

from __future__ import annotations

import pytest
import torch
from token_batches import sampled_batch

from agents.algorithms import GRPO, PPO
from agents.errors import TrainingError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.losses import grpo_loss, token_mean
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.types import LossOutput, PolicyOutputs, TokenBatch


def make_learner(*, has_value_head: bool = False) -> Learner:
    policy = HFPolicy(build_tiny_policy(seed=0)[0].double(), has_value_head=has_value_head)
    return Learner(policy, OptimizerConfig(learning_rate=1e-3), num_optimizer_steps=10)


def nan_loss(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return LossOutput(loss=outputs.logprobs_BT.sum() * torch.nan, metrics={})


def test_gradient_that_is_not_finite_is_refused_and_leaves_the_weights_alone() -> None:
    learner = make_learner()
    before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
    with pytest.raises(TrainingError, match="weights are unchanged"):
        learner.step(sampled_batch([1, 0]), nan_loss)
    assert all(torch.equal(a, b) for a, b in zip(before, learner.policy.parameters(), strict=True))


def test_training_goes_on_after_a_refused_step_as_if_it_had_never_been_tried() -> None:
    warned, clean = make_learner(), make_learner()
    batches = [GRPO().annotate(sampled_batch([1, 0, 0, 1, 1, 1, 0, 1], seed=seed)) for seed in range(3)]
    got, expected = [], []
    for batch in batches:
        with pytest.raises(TrainingError, match="weights are unchanged"):
            warned.step(batch, nan_loss, 36)
        got.append(warned.step(batch, GRPO().loss))
        expected.append(clean.step(batch, GRPO().loss))
    assert got == expected
    assert warned.num_steps_done == clean.num_steps_done == 3
    assert all(map(torch.equal, warned.policy.parameters(), clean.policy.parameters()))


def test_gradients_of_a_step_that_fails_half_way_are_forgotten() -> None:
    learner = make_learner()
    num_calls = 0

    def failing_loss(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        nonlocal num_calls
        num_calls += 1
        if num_calls == 2:
            raise MemoryError
        return LossOutput(loss=outputs.logprobs_BT.sum(), metrics={})

    with pytest.raises(MemoryError):
        learner.step(sampled_batch([1, 0, 0, 1]), failing_loss, 24)
    assert all(parameter.grad is None for parameter in learner.policy.parameters())
    assert learner.num_steps_done == 0


def test_critic_and_reference_do_not_depend_on_the_microbatches() -> None:
    learner = make_learner(has_value_head=True)
    torch.nn.init.normal_(learner.policy.value_head.weight)
    learner.freeze_reference()
    batch, algorithm = sampled_batch([1, 0, 1, 0, 0]), PPO(kl_coef=0.1)
    whole = learner.fill_no_grad_fields(batch, algorithm, UpdateConfig(), temperature=1.0)
    cut = learner.fill_no_grad_fields(batch, algorithm, UpdateConfig(max_tokens_per_microbatch=24), temperature=1.0)
    torch.testing.assert_close(cut.values_BT, whole.values_BT)
    torch.testing.assert_close(cut.reference_logprobs_BT, whole.reference_logprobs_BT)


@pytest.mark.parametrize("advantage", [0.0, -1.0, 1.0])
def test_ratio_beyond_every_bound_still_has_a_finite_loss_and_gradient(advantage: float) -> None:
    logprobs_BT = torch.zeros(1, 2, requires_grad=True)
    result = grpo_loss(
        logprobs_BT,
        torch.full((1, 2), -1e3),
        torch.full((1, 2), advantage),
        torch.ones(1, 2),
        clip_low=0.2,
        clip_high=0.2,
        reduction=token_mean,
    )
    result.loss.backward()
    assert result.loss.isfinite()
    assert logprobs_BT.grad is not None
    assert logprobs_BT.grad.isfinite().all()
