"""Figures on scores whose right answer can be counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_models.training.evaluation import (
    auc,
    best_of_n_accuracy,
    calibration_curve,
    expected_calibration_error,
    length_bias_slope,
    pair_accuracy,
)


def test_pair_accuracy_of_a_constant_model_is_one_half() -> None:
    assert pair_accuracy([1.0] * 4, [1.0] * 4) == 0.5


def test_best_of_four_gives_a_constant_model_a_quarter() -> None:
    assert best_of_n_accuracy([[1.0] * 4] * 3) == 0.25


@pytest.mark.parametrize(
    ("group", "credit"), [([3, 1, 2, 0], 1.0), ([3, 3, 2, 0], 0.5), ([3, 3, 3, 0], 1 / 3), ([1, 3, 0, 0], 0.0)]
)
def test_best_of_four_divides_the_credit_among_the_maxima(group, credit: float) -> None:
    assert best_of_n_accuracy([group]) == pytest.approx(credit)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_auc_is_the_share_of_ordered_pairs(rows) -> None:
    positives = [score for score, label in rows if label]
    negatives = [score for score, label in rows if not label]
    if not positives or not negatives:
        return
    wins = sum((p > n) + 0.5 * (p == n) for p in positives for n in negatives)
    measured = auc([score for score, _ in rows], [label for _, label in rows])
    assert measured == pytest.approx(wins / (len(positives) * len(negatives)))


def test_auc_needs_both_labels() -> None:
    with pytest.raises(ValueError, match="of both kinds"):
        auc([1.0, 2.0], [True, True])


def test_perfectly_calibrated_predictions_have_no_error() -> None:
    assert expected_calibration_error([0.25] * 4 + [1.0], [True, False, False, False, True]) == 0


def test_calibration_error_weighs_bins_by_their_size() -> None:
    predicted, outcomes = [0.95, 0.95, 0.95, 0.05], [True, False, True, True]
    assert expected_calibration_error(predicted, outcomes) == pytest.approx(0.75 * abs(2 / 3 - 0.95) + 0.25 * 0.95)


def test_calibration_curve_holds_every_prediction_once_in_rising_order() -> None:
    predicted = np.random.default_rng(0).random(200)
    curve = calibration_curve(predicted.tolist(), (predicted > 0.5).tolist(), num_bins=7)
    assert sum(row.num_predictions for row in curve) == 200
    assert [row.mean_prediction for row in curve] == sorted(row.mean_prediction for row in curve)
    assert calibration_curve([1.0], [True])[0].num_predictions == 1


def test_length_bias_is_the_slope_per_doubling_in_standard_deviations() -> None:
    lengths = [1, 2, 4, 8]
    slope = length_bias_slope([5.0, 7.0, 9.0, 11.0], lengths)
    assert slope == pytest.approx(1 / np.std([0, 1, 2, 3]))
    assert length_bias_slope([3.0, 1.0, 1.0, 3.0], lengths) == pytest.approx(0)
    assert length_bias_slope([1.0, 1.0, 1.0, 1.0], lengths) == 0
    assert length_bias_slope([1.0, 2.0], [4, 4]) == 0


@pytest.mark.parametrize(
    "measure",
    [
        lambda bad: pair_accuracy(bad, [0.0]),
        lambda bad: best_of_n_accuracy([bad]),
        lambda bad: auc(bad, [True]),
        lambda bad: expected_calibration_error(bad, [True]),
        lambda bad: length_bias_slope(bad, [1]),
    ],
)
@pytest.mark.parametrize("bad", [[math.nan], [], [math.inf]])
def test_failed_and_missing_scores_are_refused_instead_of_averaged(measure, bad) -> None:
    with pytest.raises(ValueError, match="Expected"):
        measure(bad)


def test_lengths_of_arguments_must_agree() -> None:
    for call in (
        lambda: pair_accuracy([1.0], [1.0, 2.0]),
        lambda: auc([1.0], [True, False]),
        lambda: calibration_curve([0.5], [True, False]),
        lambda: length_bias_slope([1.0], [1, 2]),
        lambda: best_of_n_accuracy([]),
        lambda: calibration_curve([1.5], [True]),
    ):
        with pytest.raises(ValueError, match="Expected"):
            call()
