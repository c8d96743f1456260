"""What a task set is, and the one that holds its tasks in memory.

A task set is indexed, not iterated: task `i` never depends on which tasks were asked for before it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, SupportsIndex, runtime_checkable

from reasonenv.errors import TaskDataError
from reasonenv.types import CodeReference, MathReference, Message, QAReference, Task

Reference = MathReference | CodeReference | QAReference
"""What can grade a task of this package."""

__all__ = ["Problem", "Reference", "TaskList", "TaskSet", "checked_index", "numbered_id", "unknown_task_id"]


@runtime_checkable
class TaskSet(Protocol):
    """A named, split, finite and indexable collection of tasks; picklable, and safe to share."""

    @property
    def name(self) -> str:
        """Return what it is called in ids and logs."""
        ...

    @property
    def split(self) -> str:
        """Return which part of the data it is: "train", "test", …"""
        ...

    def __len__(self) -> int:
        """Return the number of tasks."""
        ...

    def __getitem__(self, index: int) -> Task[Any]:
        """Return task `index`, 0 ≤ index < len; IndexError outside."""
        ...

    def index_of(self, task_id: str) -> int:
        """Return the index of the task with this id; ValueError when there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A task before it has an id: `Problem(prompt="2+3=?", reference=MathReference(answer="5"))`."""

    prompt: str
    reference: Reference | None
    """What grades the answer; None where the source has no answer, as for a proof."""
    history: tuple[Message, ...] = ()
    """What was said before the prompt."""
    solution: str | None = None
    split_key: str | None = None
    """What makes two problems the same, where that is not the prompt: a problem asked in two languages has one key."""
    source_id: str | None = None
    """The id that the source gives it, which becomes the id of the task."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    finish: Callable[[], Problem | None] | None = None
    """Makes what is costly, such as tests, once the problem is known to be wanted; None from it means: draw another."""

    def finished(self) -> Problem | None:
        """Return the whole problem, or None where none can be made of this one."""
        return self if self.finish is None else self.finish()

    def as_task(self, default_id: str, metadata: Mapping[str, Any]) -> Task[Reference | None]:
        """Return the problem as a task, with `metadata` of its source added to its own."""
        return Task(
            task_id=self.source_id or default_id,
            prompt=self.prompt,
            reference=self.reference,
            history=self.history,
            solution=self.solution,
            metadata={**metadata, **self.metadata},
        )


@dataclass(frozen=True)
class TaskList:
    """A task set in memory.

    Raises:
        TaskDataError: no task at all, or two tasks with one id.
    """

    name: str
    split: str
    tasks: tuple[Task[Any], ...]
    origin: str = ""
    """Where the tasks come from and which part of it they are, for `describe`."""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise TaskDataError(f"Task set {self.name!r} (split {self.split!r}) is empty; it needs at least one task.")
        for index, task in enumerate(self.tasks):
            last = self._index_by_id[task.task_id]
            if last != index:
                raise TaskDataError(
                    f"Task set {self.name!r} (split {self.split!r}) holds the id {task.task_id!r} twice, "
                    f"at {index} and {last}; every task needs an id of its own."
                )

    @cached_property
    def _index_by_id(self) -> dict[str, int]:
        return {task.task_id: index for index, task in enumerate(self.tasks)}

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, index: int) -> Task[Any]:
        return self.tasks[checked_index(self, index)]

    def index_of(self, task_id: str) -> int:
        """Return the index of the task with this id; ValueError when there is none."""
        if task_id not in self._index_by_id:
            raise unknown_task_id(self, task_id)
        return self._index_by_id[task_id]


def numbered_id(name: str, split: str, index: int) -> str:
    """Return the id of task `index` where the source has none.

    >>> numbered_id("gcd_lcm", "train", 17)
    'gcd_lcm/train/00017'
    """
    return f"{name}/{split}/{index:05d}"


def checked_index(task_set: TaskSet, index: SupportsIndex) -> int:
    """Return `index` as an int (NumPy integers count too); IndexError unless 0 ≤ index < len(task_set)."""
    position = operator.index(index)
    if not 0 <= position < len(task_set):
        raise IndexError(
            f"Task index {position} is outside {task_set.name!r} (split {task_set.split!r}), "
            f"which has tasks 0 to {len(task_set) - 1}."
        )
    return position


def unknown_task_id(task_set: TaskSet, task_id: str) -> ValueError:
    """Return the error for an id that a task set does not hold; it shows what ids look like there."""
    return ValueError(
        f"No task {task_id!r} in {task_set.name!r} (split {task_set.split!r}); "
        f"its {len(task_set)} ids look like {task_set[0].task_id!r}."
    )
