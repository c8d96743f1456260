"""How good scores are: pair accuracy, best-of-n, AUC, calibration, length bias.

Ties never count as right: a model that gives every response the same score gets what guessing gets, ½ of a pair and 1/n
of a best-of-n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "CalibrationBin",
    "auc",
    "best_of_n_accuracy",
    "calibration_curve",
    "expected_calibration_error",
    "length_bias_slope",
    "pair_accuracy",
]


def pair_accuracy(chosen: Sequence[float], rejected: Sequence[float]) -> float:
    """Return the share of pairs whose chosen response scores higher; a tie counts ½ (RewardBench, 2403.13787).

    >>> pair_accuracy([1.0, 2.0, 3.0, 4.0], [0.0, 2.0, 9.0, 0.0])
    0.625
    """
    better, worse = _finite(chosen, "chosen"), _finite(rejected, "rejected")
    if len(better) != len(worse):
        raise ValueError(f"Expected as many chosen as rejected scores, got {len(better)} and {len(worse)}.")
    return float(np.mean((better > worse) + 0.5 * (better == worse)))


def best_of_n_accuracy(groups: Sequence[Sequence[float]]) -> float:
    """Return the mean credit over groups whose first score is the right response's (RewardBench 2, 2506.01937).

    The credit is 1 / number of maxima if the right response is among them, else 0; a group has four in RewardBench 2.

    >>> best_of_n_accuracy([[2.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    0.5
    """
    credits: list[float] = []
    for group in groups:
        scores = _finite(group, "group")
        is_best = scores == scores.max()
        credits.append(float(is_best[0] / is_best.sum()))
    return math.fsum(credits) / _count(credits, "groups")


def auc(scores: Sequence[float], is_positive: Sequence[bool]) -> float:
    """Return the area under the ROC curve: P(score of a positive > score of a negative) + ½ P(equal).

    Raises:
        ValueError: no positive or no negative example.
    """
    values, labels = _finite(scores, "score"), np.asarray(is_positive, dtype=bool)
    num_positive, num_negative = int(labels.sum()), int((~labels).sum())
    if values.shape != labels.shape or num_positive == 0 or num_negative == 0:
        raise ValueError(f"Expected a label per score, of both kinds, got {len(values)} scores, {num_positive} true.")
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    mid_ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    rank_sum = float(mid_ranks[labels].sum())
    return (rank_sum - num_positive * (num_positive + 1) / 2) / (num_positive * num_negative)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The predictions of one bin: their mean, the share that came true, and how many there are."""

    mean_prediction: float
    share_true: float
    num_predictions: int


def calibration_curve(
    probabilities: Sequence[float], outcomes: Sequence[bool], *, num_bins: int = 10
) -> list[CalibrationBin]:
    """Return the bins of equal width that hold predictions, in rising order (1706.04599).

    For pairs, pass σ(r_a − r_b) and whether a was preferred, in random order of a and b.
    """
    predicted, happened = _finite(probabilities, "probability"), np.asarray(outcomes, dtype=float)
    if predicted.shape != happened.shape or predicted.min() < 0 or predicted.max() > 1:
        raise ValueError(f"Expected an outcome per probability in [0, 1], got {len(predicted)} and {len(happened)}.")
    bins = np.minimum((predicted * num_bins).astype(int), num_bins - 1)
    return [
        CalibrationBin(float(predicted[bins == i].mean()), float(happened[bins == i].mean()), int((bins == i).sum()))
        for i in range(num_bins)
        if (bins == i).any()
    ]


def expected_calibration_error(
    probabilities: Sequence[float], outcomes: Sequence[bool], *, num_bins: int = 10
) -> float:
    """Return Σ_b n_b/n · |share true − mean prediction| over the bins of the calibration curve (Eq. 3, 1706.04599)."""
    bins = calibration_curve(probabilities, outcomes, num_bins=num_bins)
    gaps = [row.num_predictions * abs(row.share_true - row.mean_prediction) for row in bins]
    return math.fsum(gaps) / sum(row.num_predictions for row in bins)


def length_bias_slope(scores: Sequence[float], lengths: Sequence[int]) -> float:
    """Return the change of the score, in standard deviations, when the length doubles.

    The least-squares slope on log2 length; 0 for scores that do not follow length, or do not vary at all.
    """
    values, logs = _finite(scores, "score"), np.log2(np.maximum(np.asarray(lengths, dtype=float), 1.0))
    if values.shape != logs.shape:
        raise ValueError(f"Expected a length per score, got {len(values)} scores and {len(logs)} lengths.")
    spread, centred = float(values.std()), logs - logs.mean()
    if spread == 0 or not centred.any():
        return 0.0
    return float((centred * values).sum() / (centred**2).sum() / spread)


def _finite(values: Sequence[float], what: str) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"Expected finite {what} scores in one row; leave out those that failed (NaN).")
    _count(array, f"{what} scores")
    return array


def _count(values: Sequence[float] | npt.NDArray[np.float64], what: str) -> int:
    if len(values) == 0:
        raise ValueError(f"Expected at least one of the {what}, got none.")
    return len(values)
