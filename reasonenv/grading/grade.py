"""The grade of a response, which mathematics and questions share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

__all__ = ["MAX_ANSWER_CHARS", "UNFORESEEN", "Grade", "GradeStatus"]

MAX_ANSWER_CHARS = 1000
"""Longer answers are not compared; the longest gold answer of MATH-500 has 53 characters."""

UNFORESEEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a mistake in our own reading of a text would raise: a status of one answer, not the end of a training."""


class GradeStatus(StrEnum):
    """How the grading of a response ended."""

    CORRECT = "correct"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    """No answer could be read: none is given, none after the thinking, or more than one."""
    OVER_BUDGET = "over_budget"
    """The answer is too long, too large or too memory-hungry to be compared."""
    TIMEOUT = "timeout"
    NO_RULE = "no_rule"
    """The question is open: no rule can tell."""
    GOLD_UNPARSEABLE = "gold_unparseable"
    """The gold answer cannot be read, or says nothing."""
    GRADER_ERROR = "grader_error"
    """Comparing raised, and would with the gold answer alone."""
    WORKER_DIED = "worker_died"
    """The gold answer alone ends a worker, or none can start."""

    @property
    def is_failure(self) -> bool:
        """Whether the response is not to blame, and so has no score."""
        return self in _FAILURES

    @property
    def is_final(self) -> bool:
        """Whether the same comparison would end the same way again, on any machine."""
        return self in _FINAL


_FAILURES = frozenset(
    [
        GradeStatus.NO_RULE,
        GradeStatus.GOLD_UNPARSEABLE,
        GradeStatus.GRADER_ERROR,
        GradeStatus.WORKER_DIED,
    ]
)
_FINAL = frozenset([GradeStatus.CORRECT, GradeStatus.WRONG, GradeStatus.GOLD_UNPARSEABLE, GradeStatus.OVER_BUDGET])


@dataclass(frozen=True, slots=True)
class Grade:
    """What became of one response: `Grade(GradeStatus.CORRECT, "Paris", {"f1": 1.0})`."""

    status: GradeStatus
    answer: str | None
    """The answer that was read out of the response."""
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    path: Literal["fast", "slow"] = "fast"
    """`slow` if a worker process decided."""

    @property
    def score(self) -> float:
        """1 for correct, NaN for a failure of the grader or the gold answer, else 0."""
        return math.nan if self.status.is_failure else float(self.status is GradeStatus.CORRECT)
