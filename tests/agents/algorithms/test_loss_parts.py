"""Reductions, KL estimators and the supervised loss; `test_losses.py` has the policy-gradient and value losses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.losses import (
    constant_length_mean,
    kl_k1,
    kl_k2,
    kl_k3,
    reduction_for,
    sequence_mean,
    sft_loss,
    token_mean,
    totals_of,
)
from agents.losses.reduction import Reduction
from agents.types import Totals
from reasonenv.errors import UnknownNameError

REDUCTIONS: dict[str, Reduction] = {
    "sequence_mean": sequence_mean,
    "token_mean": token_mean,
    "constant_length_mean": reduction_for("constant_length_mean", max_tokens=7),
}


def test_kl_estimators_golden_numbers():
    logprobs, reference = torch.tensor(math.log(0.5)), torch.tensor(math.log(0.25))
    assert kl_k1(logprobs, reference).item() == pytest.approx(math.log(2))
    assert kl_k2(logprobs, reference).item() == pytest.approx(math.log(2) ** 2 / 2)
    assert kl_k3(logprobs, reference).item() == pytest.approx(0.5 - 1 + math.log(2))


@given(st.integers(0, 2**16))
def test_k1_and_k3_have_the_kl_divergence_as_their_expectation(seed: int):
    logits = np.random.default_rng(seed).normal(size=(2, 6))
    policy, reference = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    divergence = (policy * np.log(policy / reference)).sum()
    logs = torch.from_numpy(np.log(policy)), torch.from_numpy(np.log(reference))
    for estimator in (kl_k1, kl_k3):
        assert (torch.from_numpy(policy) * estimator(*logs)).sum().item() == pytest.approx(divergence, abs=1e-12)


@given(st.floats(-20, 0, width=32), st.floats(-20, 0, width=32))
def test_k2_and_k3_are_never_negative_in_single_precision(logprob: float, reference: float):
    for estimator in (kl_k2, kl_k3):
        assert estimator(torch.tensor(logprob), torch.tensor(reference)).item() >= 0


def test_k3_keeps_differences_that_rounding_to_one_would_lose():
    difference = 1e-5
    got = kl_k3(torch.tensor(0.0), torch.tensor(difference)).item()
    assert got == pytest.approx(difference**2 / 2, rel=0.3)


def test_reductions_golden_numbers():
    values_BT = torch.tensor([[1.0, 2.0, 9.0], [4.0, 9.0, 9.0]])
    mask_BT = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    totals = totals_of(mask_BT)
    assert totals == Totals(num_sequences=2, num_tokens=3)
    assert sequence_mean(values_BT, mask_BT, totals).item() == pytest.approx((1.5 + 4) / 2)
    assert token_mean(values_BT, mask_BT, totals).item() == pytest.approx(7 / 3)
    assert constant_length_mean(values_BT, mask_BT, totals, max_tokens=10).item() == pytest.approx(7 / 20)


@pytest.mark.parametrize("reduction", REDUCTIONS.values(), ids=REDUCTIONS)
@pytest.mark.parametrize("shape", [(0, 1), (2, 3)])
def test_reducing_nothing_gives_zero(reduction: Reduction, shape: tuple[int, int]):
    zeros_BT = torch.zeros(shape)
    assert reduction(zeros_BT, zeros_BT, totals_of(zeros_BT)).item() == 0


@pytest.mark.parametrize("max_tokens", [None, 0])
def test_constant_length_mean_asks_for_its_constant(max_tokens: int | None):
    with pytest.raises(ValueError, match=f"set max_tokens >= 1, got {max_tokens}"):
        reduction_for("constant_length_mean", max_tokens=max_tokens)


def test_unknown_reduction_gets_the_closest_name():
    with pytest.raises(UnknownNameError, match=r"Unknown reduction 'token_sum'\. Did you mean 'token_mean'\?"):
        reduction_for("token_sum")


def test_sft_loss_is_the_mean_negative_log_likelihood_of_the_response():
    logprobs_BT = torch.tensor([[-9.0, -1.0, -2.0], [-9.0, -4.0, -9.0]], requires_grad=True)
    mask_BT = torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    result = sft_loss(logprobs_BT, mask_BT)
    result.loss.backward()
    assert result.loss.item() == pytest.approx(7 / 3)
    assert result.metrics["loss"].item() == pytest.approx(7 / 3)
    torch.testing.assert_close(logprobs_BT.grad, -mask_BT / 3)


def test_sft_losses_of_microbatches_add_up():
    logprobs_BT = -torch.arange(1.0, 13.0, dtype=torch.float64).reshape(4, 3)
    mask_BT = torch.tensor([[0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1.0]])
    parts = [sft_loss(logprobs_BT[rows], mask_BT[rows], totals=totals_of(mask_BT)).loss for rows in ([0, 3], [1, 2])]
    torch.testing.assert_close(sum(parts), sft_loss(logprobs_BT, mask_BT).loss)


def test_sft_refuses_a_transposed_mask():
    with pytest.raises(ValueError, match=r"logprobs_BT \(1, 3\), loss_mask_BT \(3, 1\): transpose or expand"):
        sft_loss(torch.zeros(1, 3), torch.ones(3, 1))
