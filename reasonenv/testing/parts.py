"""What every environment relies on in a task set, a reward and a turn."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from reasonenv.rewards import CompositeReward, Reward
from reasonenv.tasksets import TaskSet
from reasonenv.testing.expectations import (
    called,
    expect,
    expect_instance,
    expect_raises,
    expect_rows,
    leaves_alone,
    pickled,
)
from reasonenv.turns import Interaction, Turn, load_turn
from reasonenv.types import Attempt, RewardBreakdown, Score, ScoreStatus, Task

_MAX_TASKS = 100

_GARBAGE = (
    "",
    " \n\t",
    "\x00",
    "\ud800 \udc00",
    "🙂" * 50,
    "<think>",
    "</answer><answer></think><think>",
    "<think>" * 500,
    "<answer>" + "(" * 1000 + "</answer>",
    r"\boxed{" * 500,
    "<think>a</think> <answer>$\\frac{1}{0}$</answer>",
    "0" * 100_000,
)


def check_task_set(task_set: TaskSet) -> None:
    """Check that a task set is finite, indexed, deterministic, picklable and made of well-formed tasks.

    Of a large one, 100 tasks spread over it are looked at.

    Raises:
        AssertionError: which rule is broken, and by which task.
    """
    expect_instance(task_set)
    expect(isinstance(task_set, TaskSet), f"{task_set!r} must have name, split, len, indexing and index_of")
    name = f"task set {task_set.name!r} (split {task_set.split!r})"
    size = called(f"{name}: len", len, task_set)
    expect(size > 0, f"{name} must have at least one task")
    indices = sorted({position * size // _MAX_TASKS for position in range(_MAX_TASKS)} | {size - 1})
    tasks = _tasks_at(task_set, indices, name)
    for index, task in zip(indices, tasks, strict=True):
        _check_task(task, f"{name}, task {index}")
        found = called(f"{name}: index_of({task.task_id!r})", task_set.index_of, task.task_id)
        expect(found == index, f"{name}: index_of({task.task_id!r}) must be {index}, got {found}")
    expect(len({task.task_id for task in tasks}) == len(tasks), f"{name}: two tasks have the same id")
    again = _tasks_at(task_set, indices[::-1], name)
    expect(again[::-1] == tasks, f"{name}: a task must not depend on which were asked for before it")
    copied = _tasks_at(pickled(name, task_set), indices, f"a pickled copy of {name}")
    expect(copied == tasks, f"{name}: a pickled copy must hold the same tasks")
    for index in (size, -1):
        expect_raises(IndexError, f"{name}: task {index}", task_set.__getitem__, index)
    expect_raises(ValueError, f"{name}: index_of an unknown id", task_set.index_of, "no such task")


def check_reward(reward: Reward | CompositeReward, tasks: Sequence[Task[Any]]) -> None:
    """Check that a reward scores anything a model may write, one score per attempt, purely and without raising.

    Args:
        reward: a reward, or a combination, each of whose terms is checked too.
        tasks: some that the reward is meant for, at least one; those with a worked solution are also tried with that.
            Of a combination, at least one for each term.

    Raises:
        AssertionError: which rule is broken, and by which attempt.
    """
    expect_instance(reward)
    for task in tasks:
        expect(isinstance(task, Task), f"tasks must be of the class Task, got {type(task).__name__}")
    attempts = [
        _attempt(task, response, group_id)
        for group_id, task in enumerate(tasks)
        for response in (*_GARBAGE, task.solution or task.prompt)
    ]
    if isinstance(reward, CompositeReward):
        for term_name, (term, _) in reward.terms.items():
            applies = reward.applies_to.get(term_name)
            meant = [task for task in tasks if applies is None or applies(task)]
            expect(
                len(meant) > 0, f"tasks must hold one that the term {term_name!r} applies to; of {len(tasks)}, none is"
            )
            check_reward(term, meant)
        _check_breakdowns(called(f"{reward!r}", reward.score, attempts), reward, attempts)
        return
    expect(isinstance(reward, Reward), f"{reward!r} must have a name and score(attempts)")
    name = f"reward {reward.name!r}"
    expect(len(attempts) > 0, f"{name} must be given at least one task that it is meant for, got none")
    expect(reward.name.isidentifier(), f"{name}: the name must be an identifier, because it names a column")
    copied = pickled(name, reward)
    expect(called(name, reward.score, []) == [], f"{name}: an empty batch must give no scores")
    with leaves_alone(name, attempts):
        scores = called(name, reward.score, attempts)
        again = called(f"a pickled copy of {name}", copied.score, attempts[::-1])
    expect_rows(name, scores, len(attempts))
    expect_rows(f"a pickled copy of {name}", again, len(attempts))
    for attempt, score, other in zip(attempts, scores, again[::-1], strict=True):
        _check_score(
            score, other, reward, f"{name} of task {attempt.task.task_id!r}, response {attempt.response!r:.80}"
        )


def check_interaction(interaction: Turn | Interaction, attempts: Sequence[Attempt]) -> None:
    """Check that a turn answers each attempt by itself: in any batch, in any order, in a pickled copy.

    Args:
        interaction: of no running episode; or a function of the attempt.
        attempts: some that it is meant for, at least one, with their messages.

    Raises:
        AssertionError: which rule is broken, and by which attempt.
    """
    expect_instance(interaction)
    is_part = isinstance(interaction, Interaction) or callable(interaction)
    expect(is_part, f"{interaction!r} must have answer(attempts) and end(attempt), or be a function of the attempt")
    name = f"turn {interaction!r}"
    loaded = load_turn(interaction)
    assert loaded is not None, "only None loads as None"
    expect(len(attempts) > 0, f"{name} must be given at least one attempt that it is meant for, got none")
    expect(called(name, loaded.answer, []) == [], f"{name}: an empty batch must give no answers")
    copied = pickled(name, loaded)
    with leaves_alone(name, attempts):
        answers = called(name, loaded.answer, attempts)
        again = called(f"a pickled copy of {name}", copied.answer, attempts[::-1])
    expect_rows(name, answers, len(attempts))
    expect_rows(f"a pickled copy of {name}", again, len(attempts))
    for attempt, answer, other in zip(attempts, answers, again[::-1], strict=True):
        what = f"{name} at task {attempt.task.task_id!r}, response {attempt.response!r:.80}"
        expect(answer is None or isinstance(answer, str), f"{what}: must be a str or None, got {answer!r:.80}")
        expect(answer == other, f"{what}: a pickled copy answers {other!r:.80} in another order, not {answer!r:.80}")
        called(f"{what}: end", copied.end, attempt)
        alone = called(f"{what}, alone", copied.answer, [attempt])
        expect(alone == [answer], f"{what}: must answer alone as in a batch, got {alone!r:.80} and {[answer]!r:.80}")
        for _ in range(2):
            called(f"{what}: end", copied.end, attempt)
        called(f"{what}: end", loaded.end, attempt)


def _tasks_at(task_set: TaskSet, indices: Sequence[int], name: str) -> list[Task[Any]]:
    return [called(f"{name}: task {index}", task_set.__getitem__, index) for index in indices]


def _check_task(task: Task[Any], name: str) -> None:
    expect(isinstance(task, Task), f"{name} must be a Task, got {type(task).__name__}")
    for field, text in (("id", task.task_id), ("prompt", task.prompt)):
        expect(isinstance(text, str) and bool(text.strip()), f"{name} must have {field} as text, got {text!r:.80}")
    expect(isinstance(task.metadata, Mapping), f"{name}: metadata must be a mapping, got {task.metadata!r:.80}")
    metadata = dict(task.metadata)
    copied = called(f"{name}: json.dumps(metadata)", lambda: json.loads(json.dumps(metadata)))
    expect(copied == metadata, f"{name}: metadata must be JSON values, got {metadata!r}")


@runtime_checkable
class _Bounded(Protocol):
    """A reward that says between which values it lies."""

    @property
    def value_range(self) -> tuple[float, float]: ...


def _check_score(score: Score, other: Score, reward: Reward, what: str) -> None:
    """Check one score, and that of the same attempt in another order."""
    expect(isinstance(score, Score), f"{what}: must be a Score, got {type(score).__name__}")
    expect(_is_same(score, other), f"{what}: a pickled copy gives {other} in another order, not {score}")
    called(f"{what}: json.dumps of the details", json.dumps, dict(score.details))
    if isinstance(reward, _Bounded) and not math.isnan(score.value):
        low, high = reward.value_range
        is_within = low <= score.value <= high
        expect(is_within, f"{what}: must be within its value_range {reward.value_range}, got {score.value}")


def _check_breakdowns(
    breakdowns: Sequence[RewardBreakdown], reward: CompositeReward, attempts: Sequence[Attempt]
) -> None:
    expect(len(breakdowns) == len(attempts), f"{reward!r}: {len(attempts)} attempts gave {len(breakdowns)} totals")
    for breakdown in breakdowns:
        total = sum(reward.weights[name] * value for name, value in breakdown.components.items())
        has_failed = breakdown.status is ScoreStatus.GRADER_FAILED
        is_right = math.isnan(breakdown.total) if has_failed else math.isclose(breakdown.total, total, abs_tol=1e-12)
        expect(is_right, f"{reward!r}: the total must be the weighted sum, and NaN if a grader failed; got {breakdown}")


def _attempt(task: Task[Any], response: str, group_id: int) -> Attempt:
    return Attempt(
        task=task,
        response=response,
        messages=({"role": "user", "content": task.prompt}, {"role": "assistant", "content": response}),
        token_ids=tuple(map(ord, response)),
        group_id=group_id,
    )


def _is_same(score: Score, other: Score) -> bool:
    is_same_value = score.value == other.value or (math.isnan(score.value) and math.isnan(other.value))
    return is_same_value and score.status is other.status
