"""What a policy that knows nothing would score: always the same answer, or a random choice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from reasonenv.grading import grade_math, grade_qa
from reasonenv.types import MathReference, QAReference, Task

__all__ = ["constant_answer_rate", "random_choice_rate"]


def constant_answer_rate(tasks: Sequence[Task[Any]]) -> float:
    """Return how many of the tasks with a gold answer take the most frequent one of them for right; 0 without any.

    The graders decide: always "yes" is right where "true" is the gold answer.
    """
    answered = [task.reference for task in tasks if isinstance(task.reference, MathReference | QAReference)]
    answered = [reference for reference in answered if reference.answer]
    if not answered:
        return 0.0
    [(answer, _)] = Counter(reference.answer for reference in answered).most_common(1)
    golds = [reference.answer for reference in answered if isinstance(reference, MathReference)]
    questions = [reference for reference in answered if isinstance(reference, QAReference)]
    response = f"<answer>{answer}</answer>"
    grades = [*grade_math(golds, [response] * len(golds)), *grade_qa(questions, [response] * len(questions))]
    return sum(grade.score == 1 for grade in grades) / len(answered)


def random_choice_rate(tasks: Sequence[Task[Any]]) -> float | None:
    """Return how often a fair draw among the options is right, over the tasks that have options; None without any.

    Yes and no are two options. An option is drawn alone, so that a question with several right ones at once (`"A, C"`)
    is never answered.

    >>> four = QAReference(kind="choice", answers=("B",), choices=("1", "2", "3", "4"))
    >>> yes = QAReference(kind="boolean", answers=("yes",))
    >>> random_choice_rate([Task(task_id=str(row), prompt="?", reference=own) for row, own in enumerate((four, yes))])
    0.375
    """
    references = [task.reference for task in tasks if isinstance(task.reference, QAReference)]
    rates = [rate for reference in references if (rate := _random_rate(reference)) is not None]
    return math.fsum(rates) / len(rates) if rates else None


def _random_rate(reference: QAReference) -> float | None:
    if reference.kind == "boolean":
        return 0.5
    if reference.kind != "choice" or not reference.choices:
        return None
    letters = [chr(ord("A") + place) for place in range(len(reference.choices))]
    grades = grade_qa([reference] * len(letters), [f"<answer>{letter}</answer>" for letter in letters])
    return sum(grade.score == 1 for grade in grades) / len(letters)
