"""Checking that the gold answers of a task set earn the reward they define.

Lives here: `validate`. Does not: grading itself (`reasonenv.rewards`).

The one decision: a gold answer that scores less than 1 is a defect of the data or of the grader, and training on it
punishes right answers; so it is reported by id, with everything the reward said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reasonenv.tasksets.base import TaskSet
from reasonenv.types import Attempt, CodeReference, RewardBreakdown, ScoreStatus, Task

if TYPE_CHECKING:
    from reasonenv.rewards import CompositeReward, Reward

__all__ = ["ValidationReport", "validate"]

_BATCH_SIZE = 256


@dataclass(frozen=True, kw_only=True)
class ValidationReport:
    """What `validate` found, by task id; empty `failures` and `without_answer` mean that the task set is sound."""

    num_tasks: int
    failures: Mapping[str, RewardBreakdown]
    without_answer: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every task has a gold answer, and every gold answer earns the full reward."""
        return not self.failures and not self.without_answer


def validate(task_set: TaskSet, reward: str | Reward | CompositeReward | None = None) -> ValidationReport:
    """Score every gold answer, as `<think>…</think> <answer>gold</answer>`, and every reference program likewise.

    Args:
        reward: its full score must be 1; a preset that adds other terms reports every answer as a failure. None is
            `accuracy` for mathematical tasks and `code_all_passed`, in the sandbox, for programming tasks.
    """
    failures, without_answer = dict[str, RewardBreakdown](), list[str]()
    for start in range(0, len(task_set), _BATCH_SIZE):
        tasks = [task_set[index] for index in range(start, min(start + _BATCH_SIZE, len(task_set)))]
        without_answer += [task.task_id for task in tasks if _gold(task) is None]
        attempts = [_gold_attempt(task) for task in tasks if _gold(task) is not None]
        for attempt, breakdown in _scored(attempts, reward):
            if breakdown.status is ScoreStatus.GRADER_FAILED or breakdown.total != 1:
                failures[attempt.task.task_id] = breakdown
    return ValidationReport(num_tasks=len(task_set), failures=failures, without_answer=tuple(without_answer))


def _scored(
    attempts: Sequence[Attempt], reward: str | Reward | CompositeReward | None
) -> Iterator[tuple[Attempt, RewardBreakdown]]:
    """Score attempts, those at programming tasks apart from the others where no reward is given."""
    from reasonenv.rewards import load_reward

    code = [attempt for attempt in attempts if isinstance(attempt.task.reference, CodeReference)]
    others = [attempt for attempt in attempts if not isinstance(attempt.task.reference, CodeReference)]
    for chosen, default in ((code, "code_all_passed"), (others, "accuracy")):
        yield from zip(chosen, load_reward(reward or default).score(chosen), strict=True)


def _gold(task: Task[Any]) -> str | None:
    """Return the gold answer, or the reference program in its block; the fence is longer than any that it holds."""
    reference = task.reference
    if not isinstance(reference, CodeReference):
        return None if reference is None else reference.answer
    program = reference.reference_program
    if program is None:
        return None
    fence = "`" * (2 + max(map(len, re.findall("`+", program)), default=1))
    return f"\n{fence}python\n{program}\n{fence}\n"


def _gold_attempt(task: Task[Any]) -> Attempt:
    return Attempt(task=task, response=f"<think>The answer is known.</think> <answer>{_gold(task)}</answer>")
