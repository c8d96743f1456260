"""Several reward models as one (1612.01474 for deep ensembles; 2310.02743 for their use against over-optimisation)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from reward_models.base import Prompt, RewardModel

__all__ = ["Ensemble", "mean", "mean_minus_std", "minimum"]


def mean(scores: Sequence[float]) -> float:
    """Return the average of the members' scores; NaN if one of them is."""
    return math.fsum(scores) / len(scores)


def minimum(scores: Sequence[float]) -> float:
    """Return the worst of the members' scores ("worst-case optimisation", 2310.02743); NaN if one of them is."""
    return math.nan if any(map(math.isnan, scores)) else min(scores)


def mean_minus_std(scores: Sequence[float], k: float = 1.0) -> float:
    """Return mean − k·σ, σ with n in its denominator ("uncertainty-weighted", 2310.02743, which takes the variance).

    >>> mean_minus_std([1.0, 3.0], k=0.5)
    1.5
    """
    average = mean(scores)
    return average - k * math.sqrt(math.fsum((score - average) ** 2 for score in scores) / len(scores))


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Combines members that were calibrated to one scale. A response that one member cannot score has no score.

    Args:
        members: two or more; `Calibration` makes their scales comparable.
        combine: `mean`, `minimum`, `mean_minus_std` or `partial(mean_minus_std, k=2.0)`.
    """

    members: Sequence[RewardModel]
    combine: Callable[[Sequence[float]], float] | partial[float] = mean
    name: str = "ensemble"

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise ValueError(f"An ensemble has at least two members, got {len(self.members)}.")

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """Return one combined score per response; NaN where a member's is."""
        columns = [member.score(prompts, responses) for member in self.members]
        return [self.combine(row) for row in zip(*columns, strict=True)]
