"""The reward for right answers to mathematical problems.

A comparison that had to be stopped scores 0 and says so in its details, since the answer made it hang. A gold answer
nobody can read, or a grader that died, is no score at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.grading import Grade, grade_math
from reasonenv.grading.math.working import leaves_more_to_do
from reasonenv.types import Attempt, MathReference, Score, ScoreStatus

__all__ = ["Accuracy"]


@dataclass(frozen=True)
class Accuracy:
    """1 if the announced answer equals the gold answer, else 0 (arXiv 2501.12948, section 2.2.2).

        value = 1[answer ≡ gold]

    Range {0, 1}, or GRADER_FAILED. `details` hold the `answer` that was read (None if there was none), the grade's
    `status` (`correct`, `wrong`, `not_worked_out`, `no_answer`, `over_budget`, `timeout`, …) and the `path` that
    decided. An equal answer scores 0 as `not_worked_out` where `MathReference.is_worked_out` asks for a computed one.

    Args:
        timeout_seconds: wall-clock limit of one symbolic comparison.
        num_workers: grader processes; None chooses by the number of cores.
    """

    timeout_seconds: float = 2.0
    num_workers: int | None = None
    name: str = "accuracy"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = MathReference
    is_correctness: ClassVar[bool] = True

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Grade the batch at once.

        Raises:
            TypeError: a task without a `MathReference`.
        """
        grades = grade_math(
            [_gold(attempt) for attempt in attempts],
            [attempt.response for attempt in attempts],
            timeout_seconds=self.timeout_seconds,
            num_workers=self.num_workers,
        )
        return [_score(grade, attempt.task.reference) for grade, attempt in zip(grades, attempts, strict=True)]


def _gold(attempt: Attempt) -> str:
    reference = attempt.task.reference
    if not isinstance(reference, MathReference):
        raise TypeError(
            f"The accuracy reward needs a MathReference, but task {attempt.task.task_id!r} has a "
            f"{type(reference).__name__}. Give the task a MathReference or choose another reward."
        )
    return reference.answer


def _score(grade: Grade, reference: MathReference) -> Score:
    details = {"answer": grade.answer, "status": grade.status.value, "path": grade.path, **grade.details}
    if grade.score == 1.0 and reference.is_worked_out and leaves_more_to_do(grade.answer or "", reference.answer):
        return Score(0.0, ScoreStatus.SCORED, {**details, "status": "not_worked_out"})
    status = ScoreStatus.GRADER_FAILED if grade.status.is_failure else ScoreStatus.SCORED
    return Score(grade.score, status, details)
