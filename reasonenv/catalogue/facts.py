"""What parts say of themselves, put into words: ranges, references, what an environment pays at most."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from reasonenv.errors import MissingExtraError
from reasonenv.rewards import REWARDS, CompositeReward, DescribedReward, Reward
from reasonenv.tables import resolve
from reasonenv.tasksets import Mixture, ProceduralTaskSet, TaskSet, gold_response
from reasonenv.tasksets.procedural import SPLITS
from reasonenv.types import CodeReference, Task

_NUM_TASKS_READ = 50
_NOT_STATED = "not stated"
_END_OF_SENTENCE = re.compile(r"(?<=\.)(?<!Eq\.) ")


def summary(part: object) -> str:
    """Return the first sentence of a part's docstring, without the imperative "Return"."""
    text = inspect.getdoc(part) or ""
    first = " ".join(text.split("\n\n")[0].split()).removeprefix("Return ")
    sentence = _END_OF_SENTENCE.split(first)[0]
    return sentence[:1].upper() + sentence[1:]


def range_as_text(reward: Reward | CompositeReward) -> str:
    """Return "0 to 1", or that the range is not stated; of a combination, over all terms that can meet."""
    if isinstance(reward, CompositeReward):
        return _sum_as_text(reward)
    if not isinstance(reward, DescribedReward):
        return _NOT_STATED
    low, high = reward.value_range
    return f"{low:g} to {high:g}"


def _sum_as_text(reward: CompositeReward) -> str:
    if reward.applies_to:
        return "as its terms"
    bounds = [_bounds(term, weight) for term, weight in reward.terms.values()]
    if None in bounds:
        return _NOT_STATED
    known = [bound for bound in bounds if bound is not None]
    return f"{sum(low for low, _ in known):g} to {sum(high for _, high in known):g}"


def _bounds(reward: Reward, weight: float) -> tuple[float, float] | None:
    if not isinstance(reward, DescribedReward):
        return None
    low, high = sorted(weight * value for value in reward.value_range)
    return low, high


def reference_name(task: Task[Any]) -> str:
    """Return the type of a task's reference: "MathReference", or "none"."""
    return "none" if task.reference is None else type(task.reference).__name__


def answer_as_text(task: Task[Any]) -> str:
    """Return the gold answer; of a programming task, what stands for it."""
    if gold_response(task) is None:
        return "none: no rule can tell what is right"
    return "a program that passes the tests" if isinstance(task.reference, CodeReference) else task.reference.answer


def reference_names(tasks: TaskSet) -> list[str]:
    """Return the types of the references in a task set, one for each part of a mixture."""
    if isinstance(tasks, Mixture):
        return sorted({name for part in tasks.components for name in reference_names(part)})
    return [reference_name(tasks[0])]


def difficulties(tasks: TaskSet) -> str:
    """Return "difficulty 1 to 5" for tasks that are generated, else nothing."""
    levels = sorted(_levels(tasks))
    return f"difficulty {levels[0]} to {levels[-1]}" if levels else ""


def splits(tasks: TaskSet) -> tuple[str, ...]:
    """Return the splits of generated tasks; of others, the one at hand."""
    if isinstance(tasks, Mixture):
        return splits(tasks.components[0])
    return SPLITS if isinstance(tasks, ProceduralTaskSet) else (tasks.split,)


def _levels(tasks: TaskSet) -> set[int]:
    if isinstance(tasks, Mixture):
        return {level for part in tasks.components for level in _levels(part)}
    return set(tasks.levels) if isinstance(tasks, ProceduralTaskSet) else set()


def reference_as_text(reward: Reward | CompositeReward) -> str:
    """Return which reference the reward needs; a combination with conditions looks at the task."""
    if isinstance(reward, CompositeReward):
        if reward.applies_to:
            return "as its terms"
        needed = {reference_as_text(term): None for term, _ in reward.terms.values()}
        return ", ".join([text for text in needed if text != "any"] or ["any"])
    if not isinstance(reward, DescribedReward):
        return _NOT_STATED
    return "any" if reward.reference_type is None else reward.reference_type.__name__


def terms_as_text(reward: CompositeReward) -> str:
    """Return "accuracy + 0.5 format"."""
    return " + ".join(name if weight == 1 else f"{weight:g} {name}" for name, weight in reward.weights.items())


def highest(reward: CompositeReward, task: Task[Any]) -> Mapping[str, float] | None:
    """Return the most that each term that applies to a task can add; None where a term does not say."""
    found = dict[str, float]()
    for name, (term, weight) in reward.terms.items():
        condition = reward.applies_to.get(name)
        if condition is not None and not condition(task):
            continue
        bounds = _bounds(term, weight)
        if bounds is None:
            return None
        found[name] = bounds[1]
    return found


def maximum_as_text(reward: CompositeReward, tasks: TaskSet) -> str:
    """Return the largest total, "2", or the span of those of different kinds of task, "3 to 5"."""
    num_read = min(len(tasks), _NUM_TASKS_READ) if reward.applies_to else 1
    found = [highest(reward, tasks[index]) for index in range(num_read)]
    if None in found:
        return _NOT_STATED
    totals = sorted({sum(terms.values()) for terms in found if terms is not None})
    return f"{totals[0]:g}" if len(totals) == 1 else f"{totals[0]:g} to {totals[-1]:g} by kind of task"


def examples(tasks: TaskSet) -> list[Task[Any]]:
    """Return the first task with each kind of reference, among the first; one with a gold answer where there is one."""
    found = dict[str, Task[Any]]()
    for index in range(min(len(tasks), _NUM_TASKS_READ)):
        task = tasks[index]
        kind = f"{reference_name(task)} {gold_response(task) is None}"
        found.setdefault(kind, task)
    return list(found.values())


@cache
def rewards_for(kind: type) -> tuple[str, ...]:
    """Return the rewards of the table that need this type of reference, those of other libraries apart."""
    names = [name for name, path in REWARDS.items() if ".compat." not in path]
    return tuple(name for name in names if _reference_type(name) is kind)


def _reference_type(name: str) -> type | None:
    try:
        return resolve(REWARDS, name, kind="reward")().reference_type
    except MissingExtraError:  # a model's: it needs no reference
        return None
