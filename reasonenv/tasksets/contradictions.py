"""Problems that stand several times in one table, with answers of which only one can be right."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from reasonenv.tasksets.base import Problem, Reference
from reasonenv.tasksets.rows import Row
from reasonenv.tasksets.splits import words_of
from reasonenv.types import MathReference, QAReference

__all__ = ["warn_of_contradictions"]

_COMPARABLE = ("short", "number", "boolean", "choice", "list", "citation")


def warn_of_contradictions(rows: Sequence[Row], problems: Sequence[Problem]) -> None:
    """Warn of problems that have the same words as an earlier one and another gold answer.

    Answers are compared by the graders, as far as they need no worker process. Programs, whose tests may differ and
    all be right, and requests without one answer are left out.
    """
    first = dict[bytes, int]()
    contradicting = dict[bytes, int]()
    for index, problem in enumerate(problems):
        words = words_of(problem.as_task("", {}).dialogue)
        known = first.setdefault(words, index)
        if known != index and _contradict(problems[known].reference, problem.reference):
            contradicting.setdefault(words, index)
    if not contradicting:
        return
    words, index = next(iter(contradicting.items()))
    places = " and ".join(
        f"{_gold(problems[place].reference)!r:.80} ({rows[place].where})" for place in (first[words], index)
    )
    number = "1 problem has" if len(contradicting) == 1 else f"{len(contradicting)} problems have"
    warnings.warn(
        f"{number} several gold answers that contradict each other, such as {problems[index].prompt!r:.80}: {places}. "
        "Whatever is right by one is paid as wrong by the other; keep one row of each.",
        stacklevel=2,
    )


def _contradict(first: Reference | None, second: Reference | None) -> bool:
    # The graders' many patterns would take half of the time of `import reasonenv`.
    from reasonenv.grading.grade import GradeStatus
    from reasonenv.grading.math.grade import is_surely_wrong
    from reasonenv.grading.qa.grade import grade_qa

    if isinstance(first, MathReference) and isinstance(second, MathReference):
        golds = first.answer, second.answer
        return golds[0] != golds[1] and is_surely_wrong(*golds) and is_surely_wrong(*golds[::-1])
    if not isinstance(first, QAReference) or not isinstance(second, QAReference):
        return False
    is_comparable = first.kind == second.kind and first.kind in _COMPARABLE and first != second
    return is_comparable and all(
        grade.status is GradeStatus.WRONG
        for grade in grade_qa([first, second], [f"<answer>{gold.answer}</answer>" for gold in (second, first)])
    )


def _gold(reference: Reference | None) -> str:
    assert isinstance(reference, MathReference | QAReference), "only these contradict each other"
    return reference.answer
