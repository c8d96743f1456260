"""OPSM, the mask of off-policy rows, beside a plain float64 loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from token_batches import sampled_batch

from agents.algorithms import GRPO
from agents.errors import ConfigError
from agents.types import PolicyOutputs

SHIFTS = [-0.5, -0.5, -0.05, 0.5]
"""How much likelier each row is now than when it was sampled."""
ADVANTAGES = [1.0, -1.0, -1.0, -1.0]


def masked_loss(max_sequence_kl: float | None) -> tuple[float, torch.Tensor]:
    batch = sampled_batch([0.0] * 4)
    mask_BT = batch.loss_mask_BT
    batch = replace(batch, advantages_BT=torch.tensor(ADVANTAGES)[:, None] * mask_BT)
    logprobs_BT = ((batch.behavior_logprobs_BT + torch.tensor(SHIFTS)[:, None]) * mask_BT).requires_grad_()
    result = GRPO(max_sequence_kl=max_sequence_kl).loss(PolicyOutputs(logprobs_BT=logprobs_BT), batch)
    result.loss.backward()
    assert logprobs_BT.grad is not None
    return result.loss.item(), logprobs_BT.grad


@pytest.mark.parametrize("max_sequence_kl", [0.01, 0.1, 1.0, None])
def test_rows_that_are_blamed_and_have_become_unlikely_are_left_out(max_sequence_kl: float | None):
    expected = 0.0
    for shift, advantage in zip(SHIFTS, ADVANTAGES, strict=True):
        ratio = np.exp(shift)
        objective = min(ratio * advantage, np.clip(ratio, 0.8, 1.2) * advantage)
        is_dropped = max_sequence_kl is not None and advantage < 0 and -shift > max_sequence_kl
        expected -= 0.0 if is_dropped else objective / 4
    assert masked_loss(max_sequence_kl)[0] == pytest.approx(expected, rel=1e-5)


def test_a_row_that_is_left_out_has_no_gradient_and_the_others_keep_theirs():
    masked_BT, plain_BT = masked_loss(0.01)[1], masked_loss(None)[1]
    assert not masked_BT[1:3].any()
    assert masked_BT[3].any()
    assert torch.equal(masked_BT[[0, 3]], plain_BT[[0, 3]])


@pytest.mark.parametrize("bound", [0.0, -1.0])
def test_a_bound_that_every_row_is_beyond_is_refused(bound: float):
    with pytest.raises(ConfigError, match=r"max_sequence_kl must be positive"):
        GRPO(max_sequence_kl=bound)
