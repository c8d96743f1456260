"""From raw scores to rewards that a learner can use: normalisation and clipping.

Mean and standard deviation are measured once and stored with the model. Statistics that followed the policy would hide
the very drift that a reward model must show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reward_models.base import Judgement, ScoreCounts

__all__ = ["Calibration", "calibrate", "fit_calibration", "sigmoid"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """(raw − mean) / std, limited to ±clip: `Calibration(mean=0.2, std=1.5, clip=3.0)`. The default changes nothing."""

    mean: float = 0.0
    std: float = 1.0
    clip: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std > 0 and self.clip > 0):
            raise ValueError(f"Expected a finite mean, a finite std > 0 and a clip > 0, got {self}.")

    def clips(self, raw: float) -> bool:
        """Return whether `apply` would cut this value."""
        return abs((raw - self.mean) / self.std) > self.clip

    def apply(self, raw: float) -> float:
        """Normalise and clip a value; NaN stays NaN.

        >>> Calibration(mean=1.0, std=2.0, clip=3.0).apply(11.0)
        3.0
        """
        value = (raw - self.mean) / self.std
        return value if math.isnan(value) else max(-self.clip, min(self.clip, value))


def calibrate(
    raw: Sequence[Judgement], to_value: Callable[[float], float], calibration: Calibration, counts: ScoreCounts
) -> list[Judgement]:
    """Turn judgements of raw scores into judgements of calibrated values, and count them.

    Args:
        raw: failed ones are returned as they are.
        to_value: from a raw score to the value that is calibrated.
        counts: what the batch is added to.
    """
    judgements: list[Judgement] = []
    for judgement in raw:
        if judgement.failure is None:
            value = to_value(judgement.value)
            counts.num_clipped += calibration.clips(value)
            judgement = replace(judgement, value=calibration.apply(value))
        judgements.append(judgement)
    counts.add(judgements)
    return judgements


def fit_calibration(raw: Sequence[float], *, clip: float) -> Calibration:
    """Measure mean and standard deviation (n − 1) of raw scores, best on data that the model was not trained on.

    Raises:
        ValueError: fewer than two scores, one that is not finite, or all equal.
    """
    if len(raw) < 2 or not all(math.isfinite(value) for value in raw):
        raise ValueError(f"Expected at least two finite scores to calibrate on, got {len(raw)}.")
    mean = math.fsum(raw) / len(raw)
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in raw) / (len(raw) - 1))
    if std == 0:
        raise ValueError(f"All {len(raw)} scores equal {mean}: such a model cannot be calibrated.")
    return Calibration(mean=mean, std=std, clip=clip)


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + e^−x), without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
