"""Task sets from objects: lists of dicts, data frames, tables, data sets with splits, tasks, functions of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, cast, runtime_checkable

from reasonenv.errors import ReasonEnvError, TaskDataError
from reasonenv.tasksets.base import TaskList, TaskSet
from reasonenv.tasksets.columns import Columns
from reasonenv.tasksets.files import own_tasks
from reasonenv.tasksets.rows import Part, record_rows, split_part
from reasonenv.tasksets.splits import check_split
from reasonenv.types import Task

__all__ = ["ACCEPTED", "DataFrame", "TaskSource", "from_object"]

ACCEPTED = (
    'a name of TASK_SETS, the path of a file or folder, "hf://owner/name", "module:attribute", a TaskSet, a function '
    "of the split that returns one, a list of tasks or of dicts, a datasets.Dataset or DatasetDict, or a data frame"
)


@runtime_checkable
class _PandasFrame(Protocol):
    """What pandas' data frames offer."""

    def itertuples(self) -> Iterable[Any]: ...

    def to_dict(self, orient: Any) -> Any: ...


@runtime_checkable
class _PolarsFrame(Protocol):
    """What polars' data frames offer."""

    def iter_rows(self, *, named: Any) -> Iterable[Any]: ...


@runtime_checkable
class _ArrowTable(Protocol):
    """What the tables of Arrow offer."""

    def to_pylist(self) -> list[Any]: ...


DataFrame = _PandasFrame | _PolarsFrame | _ArrowTable
Rows = Iterable[Mapping[str, Any]] | DataFrame
TaskSource = TaskSet | Callable[[str], Any] | Iterable[Task[Any]] | Mapping[str, Rows] | Rows
"""What tasks are made of, apart from names and paths."""


def from_object(tasks: TaskSource, *, split: str, columns: Columns | None, name: str = "tasks") -> TaskSet:
    """Return the task set that an object means.

    Args:
        tasks: a task set and tasks are taken as they are, whatever the split. A function is called with the split, and
            what it returns is the split. A mapping leads from splits to rows. Any other rows are one table, which is
            split as a file is.
        split: the wanted split.
        columns: which column of the rows holds what; None where nothing was said.
        name: of the task set.

    Raises:
        TypeError: the object is nothing that tasks are made of.
        ValueError: columns are given, but no rows.
        TaskDataError: a row that cannot be read, or no tasks.
        UnknownNameError: no such split.
    """
    check_split(split)
    if isinstance(tasks, TaskSet):
        return _without_columns(tasks, columns)
    if isinstance(tasks, Mapping):
        given = _splits(cast("Mapping[str, Rows]", tasks))
        parts = {key: record_rows(_records(rows), f"split {key!r}") for key, rows in given.items()}
        return _own(split_part(parts, split, "the mapping"), columns, name, split, "the mapping")
    if callable(tasks):
        return _from_function(tasks, split, columns, name)
    return _from_records(tasks, None, split, columns, name)


def _from_function(make: Callable[[str], Any], split: str, columns: Columns | None, name: str) -> TaskSet:
    try:
        made = make(split)
    except ReasonEnvError:
        raise
    except TypeError as error:
        raise TypeError(f"The tasks {name!r} must be a task set, rows, or a function of a split: {error}.") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too, as where a part is imported
        raise TaskDataError(
            f"The tasks {name!r} could not be made for split {split!r} ({type(error).__name__}: {error}). Expected a "
            "function of a split that returns a task set, tasks or rows."
        ) from error
    if isinstance(made, TaskSet):
        return _without_columns(made, columns)
    if callable(made) or isinstance(made, Mapping):
        raise TypeError(
            f"{make!r} must return a TaskSet, tasks or rows for split {split!r}, got {type(made).__name__}."
        )
    return _from_records(made, split, split, columns, name)


def _from_records(given: Any, given_split: str | None, split: str, columns: Columns | None, name: str) -> TaskSet:
    """Return tasks as they are, and rows as a table, or as the split that they are known to be."""
    records = list(_records(given))
    if not records:
        raise TaskDataError(f"The {type(given).__name__} is empty; tasks need at least one task.")
    if all(isinstance(record, Task) for record in records):
        return _without_columns(TaskList(name, split, tuple(records), f"the {len(records):,} tasks given"), columns)
    source = _called(given)
    return _own(Part(record_rows(records, source), given_split), columns, name, split, source)


def _own(part: Part, columns: Columns | None, name: str, split: str, source: str) -> TaskList:
    return own_tasks(part, columns or Columns(), name, split, source=source, metadata={})


def _records(rows: Any) -> Iterable[Any]:
    """Return the records of rows in any form."""
    if isinstance(rows, _PolarsFrame):
        return rows.iter_rows(named=True)
    if isinstance(rows, _ArrowTable):
        return rows.to_pylist()
    if isinstance(rows, _PandasFrame):
        return cast("list[Any]", rows.to_dict("records"))
    if isinstance(rows, Iterator):
        raise TypeError(f"A {type(rows).__name__} can be read only once; give list(…) of it as tasks.")
    if isinstance(rows, str | bytes) or not isinstance(rows, Iterable):
        raise TypeError(f"Expected {ACCEPTED}; got {type(rows).__name__}: {rows!r:.80}.")
    return cast("Iterable[Any]", rows)


def _splits(tasks: Mapping[str, Rows]) -> Mapping[str, Rows]:
    """Return a mapping from splits to rows; TypeError for any other, such as one row."""
    is_rows = [not isinstance(rows, str | bytes) and isinstance(rows, Iterable | DataFrame) for rows in tasks.values()]
    if not tasks or not all(is_rows):
        raise TypeError(
            f"A mapping as tasks leads from splits to rows, as a DatasetDict does; got {dict(tasks)!r:.80}. "
            f"One row needs a list around it. Tasks are {ACCEPTED}."
        )
    return tasks


def _called(rows: object) -> str:
    """Return how messages call an object that rows came from."""
    if isinstance(rows, DataFrame):
        return "the data frame"
    return "the list" if isinstance(rows, list | tuple) else f"the {type(rows).__name__}"


def _without_columns(tasks: TaskSet, columns: Columns | None) -> TaskSet:
    if columns is not None:
        raise ValueError(f"columns say what the rows of your own data hold, but task set {tasks.name!r} has none.")
    return tasks
