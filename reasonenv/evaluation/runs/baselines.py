"""What can be had without reading the task: always giving one answer, and choosing by chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from reasonenv.grading import grade_math, grade_qa
from reasonenv.types import MathReference, QAReference, Task

__all__ = ["chance_rate", "constant_answer_rate"]


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


def chance_rate(tasks: Sequence[Task[Any]]) -> float:
    """Return the accuracy to be expected of choosing by chance: one of the options, or yes or no; 0 for other tasks.

    >>> options = QAReference(kind="choice", answers=("B",), choices=("red", "blue", "green", "grey"))
    >>> chance_rate([Task(task_id="sky/0", prompt="Which colour?", reference=options)])
    0.25
    """
    return math.fsum(map(_chance, tasks)) / len(tasks) if tasks else 0.0


def _chance(task: Task[Any]) -> float:
    reference = task.reference
    if not isinstance(reference, QAReference):
        return 0.0
    if reference.kind == "boolean":
        return 0.5
    is_single = reference.kind == "choice" and reference.choices and len(reference.answers) == 1
    return 1 / len(reference.choices or ()) if is_single else 0.0
