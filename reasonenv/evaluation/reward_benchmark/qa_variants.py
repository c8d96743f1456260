"""What the families of labelled answers to questions give: a reference with right and almost right answers."""

from __future__ import annotations

from dataclasses import dataclass

from reasonenv.evaluation.reward_benchmark.variants import Rewritten
from reasonenv.types import QAReference

__all__ = ["QAVariants", "numeric", "short"]


@dataclass(frozen=True, slots=True)
class QAVariants:
    """`QAVariants(QAReference(kind="short", answers=("3.5",)), equal=(("same", "3.5"),), different=(("…", "35"),))`."""

    reference: QAReference
    equal: tuple[Rewritten, ...]
    different: tuple[Rewritten, ...]


def short(*answers: str) -> QAReference:
    """A reference of kind short."""
    return QAReference(kind="short", answers=answers)


def numeric(*answers: str) -> QAReference:
    """A reference of kind number."""
    return QAReference(kind="number", answers=answers)
