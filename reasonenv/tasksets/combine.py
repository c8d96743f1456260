"""Task sets made of task sets: mixtures and filters.

Nothing is repeated: a mixture ends where its first component does, so ids stay unique in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reasonenv.errors import TaskDataError
from reasonenv.tables import resolve
from reasonenv.tasksets.base import TaskSet, checked_index, unknown_task_id
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.tasksets.programs import CODE_FAMILIES
from reasonenv.tasksets.questions import OPEN_FAMILIES, QA_FAMILIES
from reasonenv.types import Task

__all__ = [
    "Filtered",
    "Mixture",
    "difficulty_in",
    "has_answer",
    "procedural_code",
    "procedural_math",
    "procedural_mixed",
    "procedural_qa",
]


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Task sets dealt in proportion to their weights, each in its own order and evenly spread.

    Task k of a component with share w lies at (k + ½) / w on a line, and the mixture walks along the line, so that
    every prefix holds the components nearly in proportion. It ends before the first component would have to repeat.

    `Mixture(name="both", components=(gsm8k, algebra), weights=(3.0, 1.0))` deals three of the one to one of the other.
    """

    name: str
    components: tuple[TaskSet, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.components or len(self.components) != len(self.weights):
            raise ValueError(
                f"Mixture {self.name!r} needs one weight for each of at least one component; "
                f"got {len(self.components)} components and {len(self.weights)} weights."
            )
        if not all(0 < weight < float("inf") for weight in self.weights):
            raise ValueError(f"The weights of mixture {self.name!r} must be positive and finite, got {self.weights}.")
        splits = {component.split for component in self.components}
        if len(splits) > 1:
            raise ValueError(f"The components of mixture {self.name!r} must share one split, got {sorted(splits)}.")
        identities = [component.name for component in self.components]
        if len(set(identities)) < len(identities):
            raise ValueError(f"The components of mixture {self.name!r} need different names, got {identities}.")

    @property
    def split(self) -> str:
        """Return the split that all components share."""
        return self.components[0].split

    @cached_property
    def _deal(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for each index of the mixture which component, and which of its tasks."""
        sizes = np.array([len(component) for component in self.components])
        shares = np.array(self.weights) / sum(self.weights)
        which = np.repeat(np.arange(len(sizes)), sizes)
        task_indices = np.concatenate([np.arange(size) for size in sizes])
        positions = (task_indices + 0.5) / shares[which]
        end = ((sizes + 0.5) / shares).min()
        order = np.argsort(positions, kind="stable")[: int((positions < end).sum())]
        return which[order], task_indices[order]

    def __len__(self) -> int:
        return len(self._deal[0])

    def __getitem__(self, index: int) -> Task[Any]:
        position = checked_index(self, index)
        which, task_indices = self._deal
        return self.components[which[position]][int(task_indices[position])]

    def index_of(self, task_id: str) -> int:
        """Return the index of the task with this id; ValueError when the mixture does not reach it."""
        which, task_indices = self._deal
        for number, component in enumerate(self.components):
            try:
                wanted = component.index_of(task_id)
            except ValueError:
                continue
            found = np.flatnonzero((which == number) & (task_indices == wanted))
            if len(found):
                return int(found[0])
        raise unknown_task_id(self, task_id)


@dataclass(frozen=True)
class Filtered:
    """The tasks of a set that a predicate accepts, in order; picklable where the predicate is.

    The whole set is read once, on first use.

    Raises:
        TaskDataError: on first use, when no task is left.
    """

    task_set: TaskSet
    predicate: Callable[[Task[Any]], bool]

    @property
    def name(self) -> str:
        """Return the name of the set that is filtered: its tasks keep their ids."""
        return self.task_set.name

    @property
    def split(self) -> str:
        """Return the split of the set that is filtered."""
        return self.task_set.split

    @cached_property
    def _kept(self) -> tuple[int, ...]:
        kept = tuple(index for index in range(len(self.task_set)) if self.predicate(self.task_set[index]))
        if not kept:
            raise TaskDataError(
                f"The filter {self.predicate!r} leaves none of the {len(self.task_set)} tasks of {self.name!r} "
                f"(split {self.split!r})."
            )
        return kept

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Task[Any]:
        return self.task_set[self._kept[checked_index(self, index)]]

    def index_of(self, task_id: str) -> int:
        """Return the index of the task with this id; ValueError when the filter drops it or there is none."""
        index = self.task_set.index_of(task_id)
        position = int(np.searchsorted(self._kept, index))
        if position == len(self._kept) or self._kept[position] != index:
            raise unknown_task_id(self, task_id)
        return position


def difficulty_in(*levels: object) -> Callable[[Task[Any]], bool]:
    """Return a picklable predicate: the task's `metadata["difficulty"]` is one of `levels`."""
    return partial(_difficulty_in, levels)


def has_answer(task: Task[Any]) -> bool:
    """Return whether the task has a reference; sources with proofs or code hold tasks without one."""
    return task.reference is not None


def _difficulty_in(levels: tuple[object, ...], task: Task[Any]) -> bool:
    return task.metadata.get("difficulty") in levels


def _equal_parts(name: str, families: Mapping[str, str], split: str) -> Mixture:
    """Return the mixture of all families of a table in equal parts."""
    components = tuple(resolve(families, family, kind="family")(split) for family in families)
    return Mixture(name=name, components=components, weights=(1.0,) * len(components))


procedural_math = partial(_equal_parts, "procedural_math", FAMILIES)
procedural_code = partial(_equal_parts, "procedural_code", CODE_FAMILIES)
procedural_qa = partial(_equal_parts, "procedural_qa", QA_FAMILIES)
"""Open requests are not among them."""


def procedural_mixed(split: str) -> Mixture:
    """Return mathematics, programs, questions and open requests in the proportions of DeepSeek-R1's prompts.

    26,000 mathematics, 17,000 code, 22,000 STEM and 15,000 logic, 66,000 helpfulness and 12,000 harmlessness
    (arXiv 2501.12948, supplement); STEM and logic are questions here, and open requests come of both preference sets.
    """
    open_requests: TaskSet = resolve(OPEN_FAMILIES, "open_requests", kind="family")(split)
    components = (procedural_math(split), procedural_code(split), procedural_qa(split), open_requests)
    return Mixture(name="procedural_mixed", components=components, weights=(26.0, 17.0, 37.0, 78.0))
