"""Losses against numbers worked out in float64, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reward_models.training.losses import bradley_terry_loss, centering_penalty, safety_loss

CHOSEN, REJECTED, MARGIN = [1.5, -0.25, 3.0], [0.5, 0.75, -2.0], [0.0, 0.5, 1.0]


def test_bradley_terry_matches_an_independent_derivation() -> None:
    chosen, rejected, margin = (np.array(values) for values in (CHOSEN, REJECTED, MARGIN))
    expected = np.mean(np.log1p(np.exp(-(chosen - rejected - margin)))) + 0.01 * np.mean((chosen + rejected) ** 2)
    loss = bradley_terry_loss(torch.tensor(CHOSEN), torch.tensor(REJECTED), margin_B=torch.tensor(MARGIN))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_without_centering_a_shift_of_all_scores_changes_nothing() -> None:
    chosen_B, rejected_B = torch.tensor(CHOSEN), torch.tensor(REJECTED)
    loss = bradley_terry_loss(chosen_B, rejected_B, centering_coef=0.0)
    assert bradley_terry_loss(chosen_B + 7, rejected_B + 7, centering_coef=0.0).item() == pytest.approx(loss.item())
    assert bradley_terry_loss(chosen_B + 7, rejected_B + 7).item() > loss.item()


def test_centering_is_zero_for_centred_pairs() -> None:
    assert centering_penalty(torch.tensor([2.0, -1.0]), torch.tensor([-2.0, 1.0])).item() == 0


def test_gradient_pushes_pairs_apart_by_the_probability_of_being_wrong() -> None:
    chosen_B, rejected_B = (torch.tensor(values, requires_grad=True) for values in (CHOSEN, REJECTED))
    bradley_terry_loss(chosen_B, rejected_B, centering_coef=0.0).backward()
    wrong_B = torch.sigmoid(rejected_B - chosen_B).detach() / 3
    torch.testing.assert_close(chosen_B.grad, -wrong_B)
    torch.testing.assert_close(rejected_B.grad, wrong_B)


def test_huge_differences_stay_finite() -> None:
    loss = bradley_terry_loss(torch.tensor([-1e4]), torch.tensor([1e4]), centering_coef=0.0)
    assert loss.item() == pytest.approx(2e4)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape"):
        bradley_terry_loss(torch.zeros(2), torch.zeros(3))
    with pytest.raises(ValueError, match="one shape"):
        bradley_terry_loss(torch.zeros(2), torch.zeros(2), margin_B=torch.zeros(1))


def test_safety_loss_is_the_cross_entropy_of_unsafe() -> None:
    logits = np.array([2.0, -1.0])
    probability = 1 / (1 + np.exp(-logits))
    expected = -np.mean([np.log(probability[0]), np.log(1 - probability[1])])
    assert safety_loss(torch.tensor(logits), torch.tensor([True, False])).item() == pytest.approx(expected, rel=1e-6)


def test_losses_compute_in_float32_on_bfloat16_scores() -> None:
    scores_B = torch.tensor(CHOSEN).bfloat16()
    assert bradley_terry_loss(scores_B, scores_B).dtype == torch.float32
    assert safety_loss(scores_B, torch.ones(3)).dtype == torch.float32
