from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from token_batches import sampled_batch

from agents.advantages import terminal_rewards
from agents.algorithms.group import Scale
from agents.algorithms.grpo import GRPO
from agents.algorithms.ppo import PPO
from agents.losses import totals_of
from agents.types import PolicyOutputs, TokenBatch


def with_values(batch: TokenBatch, seed: int = 0) -> TokenBatch:
    noise_BT = torch.randn(batch.loss_mask_BT.shape, generator=torch.Generator().manual_seed(seed))
    return replace(batch, values_BT=noise_BT * batch.loss_mask_BT)


def outputs_off_policy(batch: TokenBatch, shift: float) -> PolicyOutputs:
    """The policy that samples every token with e^shift times the behaviour's probability."""
    logprobs_BT = ((batch.behavior_logprobs_BT + shift) * batch.loss_mask_BT).requires_grad_()
    values_BT = None if batch.values_BT is None else batch.values_BT.clone().requires_grad_()
    return PolicyOutputs(logprobs_BT=logprobs_BT, values_BT=values_BT)


def test_grpo_repeats_the_group_relative_advantage_along_the_sampled_tokens():
    batch = GRPO().annotate(sampled_batch([1, 0, 0, 1, 0.5, 0.5, 0.5, 0.5]))
    right = 0.5 / (math.sqrt(1 / 3) + 1e-4)
    expected = np.array([right, -right, -right, right, 0, 0, 0, 0])[:, None] * batch.loss_mask_BT.numpy()
    np.testing.assert_allclose(batch.advantages_BT, expected, rtol=1e-6)


def test_grpo_without_scaling_keeps_the_centred_reward():
    batch = GRPO(scale="none").annotate(sampled_batch([4, 0, 0, 0]))
    assert batch.advantages_BT is not None
    assert batch.advantages_BT[:, 3].tolist() == [3, -1, -1, -1]


@given(st.integers(-4, 4), st.sampled_from(["group", "none"]))
def test_a_shift_of_all_rewards_changes_no_grpo_advantage(shift: int, scale: Scale):
    batch, algorithm = sampled_batch([1, 0, 0, 1, 2, 0, 1, 0]), GRPO(scale=scale)
    shifted = replace(batch, rewards_B=batch.rewards_B + shift)
    assert torch.equal(algorithm.annotate(shifted).advantages_BT, algorithm.annotate(batch).advantages_BT)


def test_grpo_has_gradients_only_in_groups_whose_rewards_differ():
    batch = GRPO().annotate(sampled_batch([1, 1, 1, 1, 1, 0, 1, 1, 0.1, 0.1, 0.1, 0.1]))
    assert GRPO().gradient_rows(batch).tolist() == [False] * 4 + [True] * 4 + [False] * 4


def test_grpo_with_a_kl_penalty_has_gradients_in_every_row():
    batch = GRPO(kl_coef=0.1).annotate(sampled_batch([1, 1, 1, 1]))
    assert GRPO(kl_coef=0.1).gradient_rows(batch).all()


def test_a_row_that_sampled_nothing_has_no_gradient():
    batch = sampled_batch([1, 0, 0, 0])
    mask_BT = batch.loss_mask_BT.clone()
    mask_BT[0] = 0
    batch = GRPO().annotate(replace(batch, loss_mask_BT=mask_BT))
    assert GRPO().gradient_rows(batch).tolist() == [False, True, True, True]


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5, -0.5])
def test_gradient_rows_hold_every_row_that_has_a_gradient(shift: float):
    algorithm = GRPO()
    batch = algorithm.annotate(sampled_batch([1, 1, 1, 1, 1, 0, 1, 0]))
    outputs = outputs_off_policy(batch, shift)
    algorithm.loss(outputs, batch).loss.backward()
    assert outputs.logprobs_BT.grad is not None
    has_gradient_B = outputs.logprobs_BT.grad.ne(0).any(1)
    assert not (has_gradient_B & ~algorithm.gradient_rows(batch)).any()


def test_grpo_loss_golden_number_with_higher_upper_clip_and_token_mean():
    # Every ratio is e^0.5 = 1.65, above 1.28: positive advantages are clipped to 1.28 A, negative ones keep 1.65 A.
    algorithm = GRPO(clip_high=0.28, reduction="token_mean", scale="none")
    batch = algorithm.annotate(sampled_batch([1, 0, 0, 0]))
    lengths = batch.loss_mask_BT.sum(1).numpy().astype(float)
    expected = -(1.28 * 0.75 * lengths[0] - math.exp(0.5) * 0.25 * lengths[1:].sum()) / lengths.sum()
    result = algorithm.loss(outputs_off_policy(batch, 0.5), batch)
    assert result.loss.item() == pytest.approx(expected, rel=1e-5)
    assert result.metrics["clip_share"].item() == pytest.approx(lengths[0] / lengths.sum())


@pytest.mark.parametrize(
    "algorithm",
    [GRPO(clip_low=0.1, clip_high=0.4, reduction="token_mean"), PPO(clip_low=0.1, clip_high=0.4)],
    ids=["grpo", "ppo"],
)
@pytest.mark.parametrize(("advantage", "shift", "expected"), [(1.0, 1.0, -1.4), (-1.0, -1.0, 0.9)])
def test_each_side_of_the_ratio_is_clipped_by_its_own_bound(algorithm, advantage, shift, expected):
    batch = sampled_batch([1, 0, 0, 0])
    nothing_BT = 0 * batch.loss_mask_BT
    batch = replace(batch, advantages_BT=advantage * batch.loss_mask_BT, values_BT=nothing_BT, returns_BT=nothing_BT)
    assert algorithm.loss(outputs_off_policy(batch, shift), batch).loss.item() == pytest.approx(expected, rel=1e-5)


def test_grpo_constant_length_divides_by_rows_times_max_tokens():
    algorithm = GRPO(reduction="constant_length_mean", max_tokens=50, scale="none")
    batch = algorithm.annotate(sampled_batch([1, 0, 0, 0]))
    lengths = batch.loss_mask_BT.sum(1).numpy().astype(float)
    expected = -(0.75 * lengths[0] - 0.25 * lengths[1:].sum()) / (4 * 50)
    assert algorithm.loss(outputs_off_policy(batch, 0.0), batch).loss.item() == pytest.approx(expected, rel=1e-5)


def test_grpo_adds_the_weighted_kl_to_the_reference():
    batch = sampled_batch([1, 1, 1, 1])
    batch = replace(batch, reference_logprobs_BT=(batch.behavior_logprobs_BT - 0.3) * batch.loss_mask_BT)
    algorithm = GRPO(kl_coef=0.5)
    annotated = algorithm.annotate(batch)
    expected = 0.5 * (math.exp(-0.3) - 1 + 0.3)
    assert algorithm.loss(outputs_off_policy(annotated, 0.0), annotated).loss.item() == pytest.approx(expected, 1e-4)


@pytest.mark.parametrize(
    ("algorithm", "needs"),
    [
        (GRPO(), set()),
        (GRPO(kl_coef=0.1), {"reference_logprobs"}),
        (PPO(), {"values"}),
        (PPO(kl_coef=0.1), {"values", "reference_logprobs"}),
    ],
)
def test_an_algorithm_says_what_it_needs(algorithm, needs: set[str]):
    assert algorithm.needs == needs


def test_terminal_reward_arrives_with_the_last_sampled_token():
    mask_BT = torch.tensor([[0, 1, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
    got = terminal_rewards(torch.tensor([1.0, 2.0, 3.0, -4.0]), mask_BT)
    assert got.tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 0, 2], [0, 0, 0, 0, 0], [0, -4, 0, 0, 0]]


def test_ppo_advantage_without_discounts_is_reward_minus_value():
    batch = with_values(sampled_batch([1, 0, 2, -1]))
    annotated = PPO(whiten_advantages=False).annotate(batch)
    assert batch.values_BT is not None
    mask, values = batch.loss_mask_BT.numpy(), batch.values_BT.numpy().astype(np.float64)
    rewards = np.array([1, 0, 2, -1.0])[:, None]
    np.testing.assert_allclose(annotated.advantages_BT, (rewards - values) * mask, atol=1e-6)
    np.testing.assert_allclose(annotated.returns_BT, rewards * mask, atol=1e-6)


def test_ppo_whitens_advantages_over_the_sampled_tokens_and_leaves_returns_alone():
    batch = with_values(sampled_batch([1, 0, 2, -1]))
    raw, whitened = PPO(whiten_advantages=False).annotate(batch), PPO().annotate(batch)
    assert raw.advantages_BT is not None
    selected = raw.advantages_BT.numpy()[batch.loss_mask_BT.numpy() > 0].astype(np.float64)
    expected = (raw.advantages_BT.numpy() - selected.mean()) / selected.std(ddof=1) * batch.loss_mask_BT.numpy()
    np.testing.assert_allclose(whitened.advantages_BT, expected, atol=1e-5)
    assert torch.equal(whitened.returns_BT, raw.returns_BT)


def test_ppo_golden_number_with_every_hyper_parameter_off_its_default():
    # Two sampled tokens, V = (0.5, 0.2), reward 1, γ = 0.9, λ = 0.5: δ = (0.9·0.2 − 0.5, 1 − 0.2) = (−0.32, 0.8),
    # A = (−0.32 + 0.45·0.8, 0.8) = (0.04, 0.8), returns (0.54, 1). Every ratio is 1.5, clipped to 1.3: mean 1.3·0.42.
    # The critic says (0.9, 0.2) now, held within 0.1 of its old values: ½ max(0.36², 0.06²) and ½·0.8², mean 0.1924.
    # The reference is e^−0.1 as likely as the policy: k3 = e^−0.1 − 1 + 0.1.
    algorithm = PPO(
        clip_high=0.3, kl_coef=0.2, gamma=0.9, gae_lambda=0.5, value_clip=0.1, value_coef=0.7, whiten_advantages=False
    )
    mask_BT, old_values_BT, values_BT = torch.zeros(3, 1, 12)
    mask_BT[0, 1:3], old_values_BT[0, 1:3] = 1.0, torch.tensor([0.5, 0.2])
    values_BT[0, 1:3] = torch.tensor([0.9, 0.2])
    logprobs_BT = math.log(1.5) * mask_BT
    batch = replace(
        sampled_batch([1.0]),
        loss_mask_BT=mask_BT,
        behavior_logprobs_BT=0 * mask_BT,
        values_BT=old_values_BT,
        reference_logprobs_BT=logprobs_BT - 0.1 * mask_BT,
        totals=totals_of(mask_BT),
    )
    outputs = PolicyOutputs(logprobs_BT=logprobs_BT, values_BT=values_BT)
    expected = -1.3 * 0.42 + 0.2 * (math.exp(-0.1) - 1 + 0.1) + 0.7 * 0.1924
    assert algorithm.loss(outputs, algorithm.annotate(batch)).loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("algorithm", [GRPO(), PPO()], ids=["grpo", "ppo"])
def test_losses_are_normalised_by_the_totals_of_the_minibatch(algorithm):
    batch = algorithm.annotate(with_values(sampled_batch([1, 0, 0, 0])))
    doubled = replace(batch.totals, num_sequences=8, num_tokens=2 * batch.totals.num_tokens)
    outputs = outputs_off_policy(batch, 0.5)
    half = algorithm.loss(outputs, replace(batch, totals=doubled)).loss
    assert half.item() != 0
    torch.testing.assert_close(2 * half, algorithm.loss(outputs, batch).loss)


def test_ppo_has_gradients_in_every_row_because_the_critic_learns_from_all():
    batch = PPO().annotate(with_values(sampled_batch([1, 1, 1, 1])))
    outputs = outputs_off_policy(batch, 0.0)
    assert outputs.values_BT is not None
    PPO().loss(outputs, replace(batch, advantages_BT=0 * batch.loss_mask_BT)).loss.backward()
    assert outputs.values_BT.grad is not None
    has_gradient_B = outputs.values_BT.grad.ne(0).any(1)
    assert has_gradient_B.all()
    assert torch.equal(PPO().gradient_rows(batch), has_gradient_B)


def test_ppo_moves_neither_policy_nor_critic_when_the_values_are_right():
    batch = sampled_batch([0.1] * 4)
    batch = PPO().annotate(replace(batch, values_BT=0.1 * batch.loss_mask_BT))
    assert batch.values_BT is not None
    outputs = PolicyOutputs(
        logprobs_BT=batch.behavior_logprobs_BT.clone().requires_grad_(),
        values_BT=batch.values_BT.clone().requires_grad_(),
    )
    PPO().loss(outputs, batch).loss.backward()
    assert outputs.logprobs_BT.grad is not None
    assert outputs.values_BT is not None
    assert outputs.values_BT.grad is not None
    assert not outputs.logprobs_BT.grad.any()
    assert not outputs.values_BT.grad.any()


def test_annotating_does_not_touch_the_batch_that_came_in():
    batch = with_values(sampled_batch([1, 0, 0, 0]))
    GRPO().annotate(batch)
    PPO().annotate(batch)
    assert batch.advantages_BT is None
    assert batch.returns_BT is None


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        (lambda batch, outputs: GRPO().gradient_rows(batch), r"batch\.advantages_BT .* GRPO\.annotate"),
        (lambda batch, outputs: GRPO().loss(outputs, batch), r"batch\.advantages_BT .* GRPO\.annotate"),
        (lambda batch, outputs: PPO().loss(outputs, batch), r"batch\.advantages_BT .* PPO\.annotate"),
        (lambda batch, outputs: PPO().annotate(batch), r"batch\.values_BT .*fill_no_grad_fields"),
        (
            lambda batch, outputs: PPO().loss(replace(outputs, values_BT=None), PPO().annotate(with_values(batch))),
            r"outputs\.values_BT .* has_value_head=True",
        ),
        (
            lambda batch, outputs: GRPO(kl_coef=0.1).loss(outputs, GRPO().annotate(batch)),
            r"kl_coef=0\.1 needs reference_logprobs_BT",
        ),
    ],
)
def test_a_field_that_was_not_filled_is_named_with_what_fills_it(call, missing: str):
    batch = sampled_batch([1, 0, 0, 0])
    with pytest.raises(ValueError, match=missing):
        call(batch, outputs_off_policy(batch, 0.0))


@pytest.mark.parametrize("algorithm", [GRPO, PPO])
def test_constant_length_without_its_constant_is_refused_when_the_algorithm_is_built(algorithm):
    with pytest.raises(ValueError, match="max_tokens"):
        algorithm(reduction="constant_length_mean")
