"""The protocol of scorers, which give raw scores: a transformer with a scalar head, or a linear model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from reward_models.base import Prompt

__all__ = ["RawScorer", "RawScores"]


@dataclass(frozen=True, slots=True)
class RawScores:
    """One raw score per text, and whether the scorer saw only part of it."""

    values: list[float]
    is_truncated: list[bool]


class RawScorer(Protocol):
    """Gives raw scores. The score of a text depends neither on the other texts of the batch nor on their order."""

    @property
    def scorer_kind(self) -> str:
        """Which loader reads what `save` wrote: "linear" or "transformer"."""
        ...

    def raw_scores(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> RawScores:
        """Return one raw score per (prompt, text)."""
        ...

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write the weights into the folder; return the JSON settings that loading needs."""
        ...
