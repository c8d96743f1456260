"""Task sets from files, folders and the Hugging Face hub, and what all rows of a user's own have in common.

Columns are named by the caller, by a public data set, or by the canonical names. A row that fits none of them is an
error that lists its columns, never a guess. A table without splits is split here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tables import resolve
from reasonenv.tasksets.base import Problem, TaskList, numbered_id
from reasonenv.tasksets.columns import Columns, as_columns
from reasonenv.tasksets.contradictions import warn_of_contradictions
from reasonenv.tasksets.datasets import DATA_SETS
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.tasksets.rows import ALL, Part, Row, file_rows, folder_part, hub_rows
from reasonenv.tasksets.splits import HASH_SPLIT, check_split, hash_sides

__all__ = ["from_hub", "from_path", "own_tasks"]


def from_path(
    path: str | Path,
    *,
    split: str = "train",
    data_set: str | None = None,
    columns: Columns | Mapping[str, str] | None = None,
    name: str | None = None,
) -> TaskList:
    """Load tasks from a file, or from a folder with a file for each split or a Hugging Face data set.

    Files end in .jsonl, .json, .csv or .parquet; text files may be compressed and end in .gz after that. What a row may
    hold is in `docs/data.md`.

    Args:
        split: which split of a folder. A single file is split by its column `split`, or else by a hash of each problem:
            a tenth is "test", the rest "train". "all" is everything.
        data_set: a name of `DATA_SETS`: the file has the columns of this public data set and is one of its splits,
            of which `split` is the label.
        columns: which column holds what; see `Columns`.
        name: of the task set and the start of its ids; by default that of the data set, or of the file.

    Raises:
        TaskDataError: the file is missing, empty or malformed; the message says file, line and column.
        UnknownNameError: no such data set, or no such split.
        MissingExtraError: reading the format needs the extra "data".
    """
    check_split(split)
    path = Path(path).expanduser()
    part = folder_part(path, split) if path.is_dir() else Part(file_rows(path), None)
    if data_set is not None:
        return _public(part.rows, data_set, columns, name, split)
    source = {"source": path.name}
    return own_tasks(part, as_columns(columns), name or path.stem, split, source=path.name, metadata=source)


def from_hub(
    repository: str,
    *,
    split: str = "train",
    config: str | None = None,
    revision: str | None = None,
    data_set: str | None = None,
    columns: Columns | Mapping[str, str] | None = None,
    name: str | None = None,
) -> TaskList:
    """Load one split of a data set on the Hugging Face hub, such as `from_hub("openai/gsm8k", config="main")`.

    Give a `revision` (a commit) where runs must stay comparable: a data set on the hub can change.

    Raises:
        TaskDataError: it cannot be loaded, or its rows are not what `columns` say.
        MissingExtraError: the extra "data" is not installed.
    """
    check_split(split)
    rows = hub_rows(repository, config=config, split=split, revision=revision)
    if data_set is not None:
        return _public(rows, data_set, columns, name, split)
    metadata = {"source": repository, "revision": revision}
    known = as_columns(columns)
    return own_tasks(Part(rows, split), known, name or repository, split, source=repository, metadata=metadata)


def own_tasks(
    part: Part, columns: Columns, name: str, split: str, *, source: str, metadata: Mapping[str, Any]
) -> TaskList:
    """Return the tasks of a user's own rows that belong to a split.

    Every row is read, also those of other splits, so that no mistake waits for the evaluation. One problem with gold
    answers that contradict each other is warned of.

    Args:
        part: the rows, and the split that their place gives them, if it does.
        columns: which column holds what.
        name: of the task set.
        split: the wanted split.
        source: what the rows came from, for messages.
        metadata: of every task.

    Raises:
        TaskDataError: a row that cannot be read.
        UnknownNameError: the rows are not of such a split.
    """
    rows = list(part.rows)
    problems = [columns.parse(row) for row in rows]
    _check_ids(rows, problems)
    warn_of_contradictions(rows, problems)
    if part.split is not None:
        sides, how = [part.split] * len(rows), f"split {split!r}"
    else:
        sides, how = _sides(rows, problems, columns)
    if problems and split not in {*sides, ALL}:
        _refuse_split(split, sides, source)
    kept = [index for index, side in enumerate(sides) if split in (side, ALL)]
    tasks = tuple(problems[index].as_task(numbered_id(name, split, index), metadata) for index in kept)
    how = "all" if split == ALL else how
    return TaskList(name, split, tasks, origin=f"{how} of {source}: {len(tasks):,} of {len(rows):,} problems")


def _check_ids(rows: list[Row], problems: list[Problem]) -> None:
    places = dict[str, str]()
    for row, problem in zip(rows, problems, strict=True):
        if problem.source_id is not None and problem.source_id in places:
            raise TaskDataError(
                f"{row.where}: the id {problem.source_id!r} is that of {places[problem.source_id]} as well; every task "
                "needs an id of its own."
            )
        if problem.source_id is not None:
            places[problem.source_id] = row.where


def _sides(rows: list[Row], problems: list[Problem], columns: Columns) -> tuple[list[str], str]:
    """Return the split of each row of a table, and what decided it."""
    stated = [columns.split_of(row) for row in rows]
    sides = [side for side in stated if side is not None]
    if not sides:
        return hash_sides([problem.as_task("", {}).dialogue for problem in problems]), HASH_SPLIT
    for row, side in zip(rows, stated, strict=True):
        if side is None:
            raise TaskDataError(
                f"{row.where}: no column 'split', which other rows have; its columns are {row.columns()}."
            )
    return sides, "column split"


def _refuse_split(split: str, sides: list[str], source: str) -> None:
    if split == "test" and set(sides) == {"train"}:
        raise TaskDataError(
            f"{source} has no split 'test': all {len(sides)} rows are of 'train', so there is nothing to hold out. "
            'Give other tasks to evaluate on, or split="all".'
        )
    raise UnknownNameError("split", split, {*sides, ALL}, of=source)


def _public(
    rows: Iterable[Row], data_set: str, columns: Columns | Mapping[str, str] | None, name: str | None, split: str
) -> TaskList:
    """Return rows in the columns of a public data set as tasks, all of one split."""
    if columns is not None:
        raise ValueError(f"Give data_set or columns, not both; got data_set={data_set!r} and columns={columns!r}.")
    known: DataSet = resolve(DATA_SETS, data_set, kind="data set")
    return known.task_list(rows, name or known.name, split)
