"""From raw scores to rewards that a learner can use: frozen normalisation, clipping, a gate over steps.

Lives here: pure values and functions. Not here: how good scores are (`reward_models.evaluation`). The one decision:
mean and standard deviation are measured once, on held-out data, and stored with the model. Statistics that follow the
policy would hide exactly the drift that a reward model must show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Calibration", "StepGate", "fit_calibration"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """(raw − mean) / std, limited to ±clip: `Calibration(mean=0.2, std=1.5, clip=3.0)`. The default changes nothing."""

    mean: float = 0.0
    std: float = 1.0
    clip: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std > 0 and self.clip > 0):
            raise ValueError(f"Expected a finite mean, a finite std > 0 and a clip > 0, got {self}.")

    def normalise(self, raw: float) -> float:
        """The normalised value, not yet clipped; NaN stays NaN."""
        return (raw - self.mean) / self.std

    def apply(self, raw: float) -> float:
        """The normalised and clipped value; NaN stays NaN.

        >>> Calibration(mean=1.0, std=2.0, clip=3.0).apply(11.0)
        3.0
        """
        value = self.normalise(raw)
        return value if math.isnan(value) else max(-self.clip, min(self.clip, value))


def fit_calibration(raw: Sequence[float], *, clip: float) -> Calibration:
    """Mean and standard deviation (n − 1) of raw scores on data the model was not trained on.

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


@dataclass(frozen=True, slots=True)
class StepGate:
    """Lets a reward act only in the last steps of a run, before it is hacked.

    DeepSeek-R1 (2501.12948, Sec. B.3.1) uses preference rewards only in the last 400 of 1,700 steps.
    """

    total_steps: int
    last_steps: int = 400

    def __post_init__(self) -> None:
        if not 0 <= self.last_steps <= self.total_steps:
            raise ValueError(f"Expected 0 <= last_steps <= total_steps, got {self.last_steps} and {self.total_steps}.")

    def is_open(self, step: int) -> bool:
        """Whether the reward acts in `step`, counted from 0.

        >>> StepGate(total_steps=1700).is_open(1299), StepGate(total_steps=1700).is_open(1300)
        (False, True)
        """
        return step >= self.total_steps - self.last_steps
