"""What a public data set is, and how rows become a task set."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tasksets.base import Problem, TaskList, numbered_id
from reasonenv.tasksets.rows import Row, hub_rows
from reasonenv.types import Task

_MAX_NAMED = 10
"""How many rows a warning names."""


@dataclass(frozen=True)
class DataSet:
    """A public data set: where it is, and what its rows hold. Called with a split, it loads that split from the hub."""

    name: str
    repository: str
    parse: Callable[[Row], Problem]
    _: KW_ONLY
    licence: str
    splits: Mapping[str, str] = field(default_factory=lambda: {"train": "train", "test": "test"})
    """Our name of a split → the hub's; empty where the data set is only read from a user's path."""
    config: str | None = None
    data_dir: str | None = None
    revision: str | None = None
    domain: str = "math"
    skips_bad_rows: bool = False
    """Whether a row that cannot be read is left out with a warning, as among thousands of problems from many places."""

    @property
    def metadata(self) -> dict[str, Any]:
        """Return the metadata of every task of the data set."""
        return {"domain": self.domain, "source": self.repository, "licence": self.licence}

    def __call__(self, split: str) -> TaskList:
        """Load one split from the hub; UnknownNameError when the data set has no such split."""
        if split not in self.splits:
            raise UnknownNameError("split", split, self.splits, of=repr(self.name))
        place = {"config": self.config, "revision": self.revision, "data_dir": self.data_dir}
        rows = hub_rows(self.repository, split=self.splits[split], **place)
        return self.task_list(rows, self.name, split)

    def task_list(self, rows: Iterable[Row], name: str, split: str) -> TaskList:
        """Return the tasks of `rows`, all of one split.

        Raises:
            TaskDataError: a row that cannot be read; where bad rows are skipped, no row that can.
        """
        tasks: list[Task[Any]] = []
        errors: list[TaskDataError] = []
        places: dict[str, str] = {}
        for index, row in enumerate(rows):
            try:
                task = self.parse(row).as_task(numbered_id(name, split, index), self.metadata)
                if self.skips_bad_rows and places.setdefault(task.task_id, row.where) != row.where:
                    raise TaskDataError(f"{row.where}: the id {task.task_id!r} is that of {places[task.task_id]}.")
                tasks.append(task)
            except TaskDataError as error:
                if not self.skips_bad_rows:
                    raise
                errors.append(error)
        if errors and not tasks:
            raise errors[0]
        return TaskList(name, split, tuple(tasks), origin=_origin(len(tasks), errors))


def _origin(num_tasks: int, errors: list[TaskDataError]) -> str:
    """Return how many rows were skipped, and warn of them; nothing where none was."""
    if not errors:
        return ""
    reasons = "\n".join(f"  {error}" for error in errors[:_MAX_NAMED])
    more = f"\n  and {len(errors) - _MAX_NAMED:,} more" if len(errors) > _MAX_NAMED else ""
    skipped = f"skipped {len(errors):,} of {num_tasks + len(errors):,} rows, which cannot be read"
    warnings.warn(f"{skipped}:\n{reasons}{more}".replace("skipped", "Skipped", 1), stacklevel=4)
    return skipped
