"""A model's figures on labelled data, by name: stored with it, and printed by the command line.

Failed scores are counted and left out, never taken for a value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from reward_models.base import RewardModel
from reward_models.calibration import fit_calibration, sigmoid
from reward_models.models.scorer import RawScorer
from reward_models.models.trained import HelpfulnessModel
from reward_models.training.data import PreferencePair, SafetyExample
from reward_models.training.evaluation import auc, expected_calibration_error, length_bias_slope, pair_accuracy

__all__ = ["calibrated_on_pairs", "length_baseline", "pair_figures", "safety_figures"]

_CLIP = 3.0


def calibrated_on_pairs(
    scorer: RawScorer, pairs: Sequence[PreferencePair], *, name: str = "helpfulness"
) -> HelpfulnessModel:
    """Make a helpfulness model whose scores on these pairs have mean 0 and deviation 1, clipped at ±3."""
    texts = [*(pair.chosen for pair in pairs), *(pair.rejected for pair in pairs)]
    raw = scorer.raw_scores([pair.prompt for pair in pairs] * 2, texts)
    return HelpfulnessModel(scorer, fit_calibration(raw.values, clip=_CLIP), name=name)


def pair_figures(model: RewardModel, pairs: Sequence[PreferencePair]) -> dict[str, float]:
    """Measure pair accuracy and, beside it, that of length alone; calibration; length bias.

    The calibration error is that of P(chosen wins) = σ(r_a − r_b) before normalisation, over both orders of a pair.
    """
    prompts = [pair.prompt for pair in pairs]
    better = model.score(prompts, [pair.chosen for pair in pairs])
    worse = model.score(prompts, [pair.rejected for pair in pairs])
    kept = [row for row in zip(pairs, better, worse, strict=True) if not any(map(math.isnan, row[1:]))]
    chosen, rejected = [row[1] for row in kept], [row[2] for row in kept]
    std = model.calibration.std if isinstance(model, HelpfulnessModel) else 1.0
    differences = [std * (left - right) for left, right in zip(chosen, rejected, strict=True)]
    odds = [sigmoid(value) for value in (*differences, *(-value for value in differences))]
    outcomes = [True] * len(differences) + [False] * len(differences)
    lengths = [len(row[0].chosen) for row in kept] + [len(row[0].rejected) for row in kept]
    return {
        "pair_accuracy": pair_accuracy(chosen, rejected),
        "length_baseline": length_baseline([row[0] for row in kept]),
        "calibration_error": expected_calibration_error(odds, outcomes),
        "length_bias_slope": length_bias_slope([*chosen, *rejected], lengths),
        "num_pairs": float(len(kept)),
        "num_failed": float(len(pairs) - len(kept)),
    }


def length_baseline(pairs: Sequence[PreferencePair]) -> float:
    """Return the pair accuracy of "longer wins" or of "shorter wins", whichever is better."""
    longer = pair_accuracy([len(pair.chosen) for pair in pairs], [len(pair.rejected) for pair in pairs])
    return max(longer, 1 - longer)


def safety_figures(model: RewardModel, examples: Sequence[SafetyExample]) -> dict[str, float]:
    """Measure the AUC of telling unsafe from safe, the calibration error of P(unsafe) = 1 − score, and length bias."""
    scores = model.score([row.prompt for row in examples], [row.response for row in examples])
    kept = [(row, score) for row, score in zip(examples, scores, strict=True) if not math.isnan(score)]
    is_unsafe = [row.is_unsafe for row, _ in kept]
    unsafe = [min(1.0, max(0.0, 1.0 - score)) for _, score in kept]
    return {
        "auc": auc([-score for _, score in kept], is_unsafe),
        "calibration_error": expected_calibration_error(unsafe, is_unsafe),
        "length_bias_slope": length_bias_slope([score for _, score in kept], [len(row.response) for row, _ in kept]),
        "num_examples": float(len(kept)),
        "num_failed": float(len(examples) - len(kept)),
    }
