"""What a public data set is, and how rows become a task set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from reasonenv.errors import UnknownNameError
from reasonenv.tasksets.base import Problem, TaskList, numbered_id
from reasonenv.tasksets.rows import Row, hub_rows


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
        return task_list(rows, self.parse, self.name, split, self.metadata)


def task_list(
    rows: Iterable[Row], parse: Callable[[Row], Problem], name: str, split: str, metadata: Mapping[str, Any]
) -> TaskList:
    """Return the tasks of `rows`, all of one split; `metadata` is added to that of each."""
    tasks = (parse(row).as_task(numbered_id(name, split, index), metadata) for index, row in enumerate(rows))
    return TaskList(name, split, tuple(tasks))
