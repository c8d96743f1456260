"""What an algorithm does when nothing is set, and what each of PPO's settings does when it is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from token_batches import sampled_batch

from agents.algorithms import GRPO, PPO
from agents.errors import ConfigError
from agents.losses import sft_loss, totals_of
from agents.types import PolicyOutputs, TokenBatch


def test_ppo_left_alone_has_the_settings_of_its_papers():
    # Clip 0.2 on both sides and of the value (arXiv 1707.06347), γ = λ = 1 (R1), means over tokens, no penalty.
    assert PPO() == PPO(
        clip_low=0.2,
        clip_high=0.2,
        kl_coef=0.0,
        kl_in="loss",
        gamma=1.0,
        gae_lambda=1.0,
        value_clip=0.2,
        value_coef=0.1,
        whiten_advantages=True,
        bootstraps_truncated=False,
        reduction="token_mean",
        max_tokens=None,
    )


def test_grpo_left_alone_is_that_of_its_paper_without_a_penalty():
    assert GRPO() == GRPO(
        clip_low=0.2, clip_high=0.2, kl_coef=0.0, scale="group", reduction="sequence_mean", max_tokens=None
    )


def two_rows() -> tuple[TokenBatch, PolicyOutputs]:
    """Two sampled tokens in the first row and one in the second, all half as likely as when they were sampled."""
    mask_BT = torch.zeros(2, 12)
    mask_BT[0, 1:3] = mask_BT[1, 1] = 1.0
    batch = replace(
        sampled_batch([0.0, 1.0]),
        loss_mask_BT=mask_BT,
        behavior_logprobs_BT=0 * mask_BT,
        values_BT=0 * mask_BT,
        advantages_BT=torch.tensor([[-1.0], [-3.0]]) * mask_BT,
        returns_BT=torch.tensor([[1.0], [2.0]]) * mask_BT,
        totals=totals_of(mask_BT),
    )
    return batch, PolicyOutputs(logprobs_BT=math.log(0.5) * mask_BT, values_BT=0 * mask_BT)


@pytest.mark.parametrize(
    ("reduction", "policy", "critic"),
    [
        # ρ = 0.5 is clipped to 0.7: 0.7·|A| is 0.7 for the tokens of the first row and 2.1 for that of the second.
        # The critic's ½R² is 0.5 and 2.
        ("token_mean", (0.7 + 0.7 + 2.1) / 3, (0.5 + 0.5 + 2) / 3),
        ("sequence_mean", (0.7 + 2.1) / 2, (0.5 + 2) / 2),
        ("constant_length_mean", (0.7 + 0.7 + 2.1) / 20, (0.5 + 0.5 + 2) / 20),
    ],
)
def test_ppo_reduces_policy_and_critic_alike_and_clips_from_below_at_its_own_bound(reduction, policy, critic):
    algorithm = PPO(clip_low=0.3, clip_high=0.1, value_coef=0.5, reduction=reduction, max_tokens=10)
    batch, outputs = two_rows()
    assert algorithm.loss(outputs, batch).loss.item() == pytest.approx(policy + 0.5 * critic, rel=1e-6)


def test_the_value_loss_that_is_reported_has_no_gradient():
    batch, outputs = two_rows()
    outputs = replace(outputs, values_BT=outputs.values_BT.clone().requires_grad_())
    result = PPO().loss(outputs, batch)
    assert result.loss.requires_grad
    assert not any(value.requires_grad for value in result.metrics.values())


def test_the_supervised_loss_that_is_reported_has_no_gradient():
    logprobs_BT = torch.zeros(1, 2, requires_grad=True)
    result = sft_loss(logprobs_BT, torch.ones(1, 2))
    assert result.loss.requires_grad
    assert not result.metrics["loss"].requires_grad


def test_a_reference_far_off_outside_the_mask_does_not_turn_into_nan():
    batch, outputs = two_rows()
    outside_BT = 1000 * (1 - batch.loss_mask_BT)
    batch = replace(batch, reference_logprobs_BT=outputs.logprobs_BT + outside_BT)
    logprobs_BT = outputs.logprobs_BT.clone().requires_grad_()
    result = GRPO(kl_coef=0.1).loss(PolicyOutputs(logprobs_BT=logprobs_BT, values_BT=None), batch)
    result.loss.backward()
    assert result.metrics["kl_reference"].item() == 0
    assert result.loss.isfinite()
    assert logprobs_BT.grad is not None
    assert logprobs_BT.grad.isfinite().all()


def test_a_reference_beyond_every_bound_is_not_optimised_without_a_penalty():
    batch, outputs = two_rows()
    batch = replace(batch, reference_logprobs_BT=outputs.logprobs_BT + 1000 * batch.loss_mask_BT)
    assert GRPO().loss(outputs, batch).loss.isfinite()


@pytest.mark.parametrize("kl_coef", [1e-6, 0.1])
@pytest.mark.parametrize("algorithm", [GRPO, PPO])
def test_any_penalty_however_small_needs_a_reference(algorithm, kl_coef: float):
    batch, outputs = two_rows()
    assert "reference_logprobs" in algorithm(kl_coef=kl_coef).needs
    with pytest.raises(ValueError, match=r"needs reference_logprobs_BT"):
        algorithm(kl_coef=kl_coef).loss(outputs, batch)


def test_ppo_holds_the_critic_within_a_bound_of_its_own():
    # The critic went from 0 to 0.5 and is held at 0.1: ½·0.9² for the two returns of 1 and ½·1.9² for that of 2.
    algorithm = PPO(clip_low=0.2, clip_high=0.3, value_clip=0.1, value_coef=0.5)
    batch, outputs = two_rows()
    batch = replace(batch, advantages_BT=0 * batch.loss_mask_BT)
    outputs = replace(outputs, values_BT=0.5 * batch.loss_mask_BT)
    expected = 0.5 * (0.405 + 0.405 + 1.805) / 3
    assert algorithm.loss(outputs, batch).loss.item() == pytest.approx(expected, rel=1e-6)


def test_a_penalty_in_ppos_reward_is_not_in_its_loss_too():
    # The sampler is 0.5 nats likelier than the reference at every token, which costs 0.05 each: with V = 0 and λ = 1,
    # what is to come is −0.1 and −0.05 in the first row, and 1 − 0.05 in the second.
    algorithm = PPO(kl_coef=0.1, kl_in="reward", whiten_advantages=False)
    batch, outputs = two_rows()
    batch = replace(batch, reference_logprobs_BT=-0.5 * batch.loss_mask_BT)
    annotated = algorithm.annotate(batch)
    assert annotated.advantages_BT is not None
    assert annotated.advantages_BT[batch.loss_mask_BT > 0].tolist() == pytest.approx([-0.1, -0.05, 0.95])
    without = replace(annotated, reference_logprobs_BT=None)
    assert algorithm.loss(outputs, annotated).loss == PPO(kl_coef=0).loss(outputs, without).loss


@pytest.mark.parametrize(("name", "value"), [("gae_lambda", -0.1), ("gamma", 1.5)])
def test_a_discount_outside_its_range_is_refused(name: str, value: float):
    with pytest.raises(ConfigError, match=rf"{name} must lie in \[0, 1\], got {value}"):
        PPO(**{name: value})
