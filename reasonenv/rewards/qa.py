"""The reward for right answers to questions that are not mathematics.

An open question has no score here: no rule applies, and a zero would teach that every answer to it is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.grading import Grade, grade_qa
from reasonenv.types import Attempt, QAReference, Score, ScoreStatus

__all__ = ["QAAccuracy"]


@dataclass(frozen=True)
class QAAccuracy:
    """1 if the answer is one that the reference accepts, else 0; the policy of each kind is in `docs/qa_grading.md`.

        value = 1[answer ≡ reference]

    Range {0, 1}, or GRADER_FAILED where the reference is open or says nothing. `details` hold the `answer` that was
    read (None if there was none), the `status` of the grade (`correct`, `wrong`, `no_answer`, …), the `kind` of the
    reference, and what the grade adds, such as `f1`. The share of `no_answer` is the unparsed rate.
    """

    name: str = "qa"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = QAReference
    is_correctness: ClassVar[bool] = True

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Grade each attempt.

        Raises:
            TypeError: a task without a `QAReference`.
        """
        references = [_reference(attempt) for attempt in attempts]
        grades = grade_qa(references, [attempt.response for attempt in attempts])
        return [_score(grade, reference) for grade, reference in zip(grades, references, strict=True)]


def _reference(attempt: Attempt) -> QAReference:
    reference = attempt.task.reference
    if not isinstance(reference, QAReference):
        raise TypeError(
            f"The qa reward needs a QAReference, but task {attempt.task.task_id!r} has a "
            f"{type(reference).__name__}. Give the task a QAReference (a row of a "
            "file gets one by its column 'choices' or 'kind') or choose another reward."
        )
    return reference


def _score(grade: Grade, reference: QAReference) -> Score:
    details = {"answer": grade.answer, "status": grade.status.value, "kind": reference.kind, **grade.details}
    status = ScoreStatus.GRADER_FAILED if grade.status.is_failure else ScoreStatus.SCORED
    return Score(grade.score, status, details)
