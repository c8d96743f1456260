"""Check that the gold answers of a task set earn the full reward.

A gold answer that scores less than 1 is a defect of the data or of the grader, and training on it punishes right
answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reasonenv.tasksets.base import TaskSet
from reasonenv.types import Attempt, CodeReference, QAReference, RewardBreakdown, ScoreStatus, Task

if TYPE_CHECKING:
    from reasonenv.rewards import CompositeReward, Reward

__all__ = ["ValidationReport", "gold_response", "validate"]

_BATCH_SIZE = 256


@dataclass(frozen=True, kw_only=True)
class ValidationReport:
    """What `validate` found, by task id."""

    num_tasks: int
    failures: Mapping[str, RewardBreakdown]
    """The gold answers that earn less than the full reward, with everything the reward said."""
    without_answer: tuple[str, ...]
    """The tasks that have no gold answer: proofs, open requests, programming tasks without a reference program."""

    @property
    def is_sound(self) -> bool:
        """Return whether every gold answer earns the full reward; tasks without one are not failures."""
        return not self.failures


def validate(task_set: TaskSet, reward: str | Reward | CompositeReward | None = None) -> ValidationReport:
    """Score every gold answer, as `<think>…</think> <answer>gold</answer>`, and every reference program likewise.

    Args:
        task_set: tasks of any kind, also mixed.
        reward: its full score must be 1; a preset that adds other terms reports every answer as a failure. None
            follows the reference of each task: `accuracy` for mathematics, `qa` for questions, and `code_all_passed`,
            which needs the sandbox, for programs.

    Raises:
        TypeError: a task whose reference the reward cannot grade.
    """
    failures, without_answer = dict[str, RewardBreakdown](), list[str]()
    for start in range(0, len(task_set), _BATCH_SIZE):
        tasks = [task_set[index] for index in range(start, min(start + _BATCH_SIZE, len(task_set)))]
        golds = [(task, gold_response(task)) for task in tasks]
        without_answer += [task.task_id for task, response in golds if response is None]
        attempts = [Attempt(task=task, response=response) for task, response in golds if response is not None]
        for attempt, breakdown in _scored(attempts, reward):
            if breakdown.status is ScoreStatus.GRADER_FAILED or breakdown.total != 1:
                failures[attempt.task.task_id] = breakdown
    return ValidationReport(num_tasks=len(task_set), failures=failures, without_answer=tuple(without_answer))


def _scored(
    attempts: Sequence[Attempt], reward: str | Reward | CompositeReward | None
) -> Iterator[tuple[Attempt, RewardBreakdown]]:
    """Score attempts, in one batch for each kind of reference."""
    from reasonenv.rewards import load_reward

    batches = dict[str, list[Attempt]]()
    for attempt in attempts:
        batches.setdefault(_default_reward(attempt.task), []).append(attempt)
    for default, batch in batches.items():
        yield from zip(batch, load_reward(default if reward is None else reward).score(batch), strict=True)


def _default_reward(task: Task[Any]) -> str:
    if isinstance(task.reference, CodeReference):
        return "code_all_passed"
    return "qa" if isinstance(task.reference, QAReference) else "accuracy"


def gold_response(task: Task[Any]) -> str | None:
    """Return the gold answer, or the reference program, in the form of R1-Zero; None for a task without one.

    >>> from reasonenv.types import MathReference
    >>> gold_response(Task(task_id="sum/0", prompt="2+3=?", reference=MathReference(answer="5")))
    '<think>The answer is known.</think> <answer>5</answer>'
    """
    gold = _gold(task)
    return None if gold is None else f"<think>The answer is known.</think> <answer>{gold}</answer>"


def _gold(task: Task[Any]) -> str | None:
    """Return the gold answer, or the reference program in its block; the fence is longer than any that it holds."""
    reference = task.reference
    if reference is None or (isinstance(reference, QAReference) and not reference.answers):
        return None
    if not isinstance(reference, CodeReference):
        return reference.answer
    program = reference.reference_program
    if program is None:
        return None
    fence = "`" * (2 + max(map(len, re.findall("`+", program)), default=1))
    return f"\n{fence}python\n{program.rstrip()}\n{fence}\n"
