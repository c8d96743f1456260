"""Task sets: where problems come from, the table of their names, and `load_tasks`.

A name, a path or an object decides where tasks come from; nothing is guessed from the content of a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from reasonenv.tables import resolve
from reasonenv.tasksets.base import Problem, TaskList, TaskSet
from reasonenv.tasksets.columns import Columns, as_columns
from reasonenv.tasksets.combine import Filtered, Mixture, difficulty_in, has_answer
from reasonenv.tasksets.datasets import DATA_SETS
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.tasksets.files import from_hub, from_path
from reasonenv.tasksets.given import ACCEPTED, TaskSource, from_object
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.tasksets.procedural import Family, ProceduralTaskSet
from reasonenv.tasksets.programs import CODE_FAMILIES
from reasonenv.tasksets.questions import OPEN_FAMILIES, QA_FAMILIES
from reasonenv.tasksets.rows import FILE_SUFFIXES
from reasonenv.tasksets.splits import describe, is_generated, is_hash_split, overlap, spread_indices
from reasonenv.tasksets.tiny_world import TINY_WORLD
from reasonenv.tasksets.validation import ValidationReport, gold_response, validate

__all__ = [
    "DATA_SETS",
    "TASK_SETS",
    "Columns",
    "DataSet",
    "Family",
    "Filtered",
    "Mixture",
    "Problem",
    "ProceduralTaskSet",
    "TaskList",
    "TaskSet",
    "TaskSource",
    "ValidationReport",
    "describe",
    "difficulty_in",
    "from_hub",
    "from_path",
    "gold_response",
    "has_answer",
    "is_generated",
    "is_hash_split",
    "load_tasks",
    "overlap",
    "path_of_tasks",
    "spread_indices",
    "validate",
]

TASK_SETS: dict[str, str] = {
    **FAMILIES,
    "procedural_math": "reasonenv.tasksets.combine:procedural_math",
    **CODE_FAMILIES,
    "procedural_code": "reasonenv.tasksets.combine:procedural_code",
    **QA_FAMILIES,
    "procedural_qa": "reasonenv.tasksets.combine:procedural_qa",
    **OPEN_FAMILIES,
    "procedural_mixed": "reasonenv.tasksets.combine:procedural_mixed",
    **TINY_WORLD,
    **DATA_SETS,
}
"""Name → "module:attribute" of a callable that takes a split and returns its `TaskSet`."""

_HUB = "hf://"


def load_tasks(
    tasks: str | Path | TaskSource,
    *,
    split: str = "train",
    columns: Columns | Mapping[str, str] | None = None,
    data_set: str | None = None,
) -> TaskSet:
    """Return the task set that `tasks` means.

    >>> load_tasks("chain_arithmetic")[0].prompt
    'Compute left to right, modulo 10: 8+6+5=?'
    >>> load_tasks([{"question": "2+3=?", "answer": 5}])[0].reference
    MathReference(answer='5', is_worked_out=False)

    Args:
        tasks: one of

            - a name of `TASK_SETS`;
            - the path of a file or folder, as for `from_path`;
            - "hf://owner/name" of a data set on the Hugging Face hub; ":config" and "@revision" may follow;
            - rows: a list of dicts, a `datasets.Dataset`, a data frame; or a mapping from splits to rows;
            - a list of tasks, or a task set: they are taken as they are, whatever `split` says;
            - a function of the split that returns a task set, tasks or rows;
            - "module:attribute" of any of these objects.
        split: which part of a named set or of your own data. A file or rows without splits are split by a hash of each
            problem into "train" and a tenth "test"; "all" is all of your own data.
        columns: which column of your own rows holds what, such as `{"prompt": "Question", "answer": "Gold"}`; see
            `Columns`.
        data_set: a name of `DATA_SETS`, for a file, folder or hub data set with the columns of this public data set.

    Raises:
        UnknownNameError: no such name, or no such split.
        PartImportError: "module:attribute" cannot be imported.
        TaskDataError: the file or the rows cannot be used.
        TypeError: an object that is none of these.
        ValueError: an empty name; `columns` or `data_set` for tasks that have no rows.
    """
    if (path := path_of_tasks(tasks)) is not None:
        return from_path(path, split=split, columns=columns, data_set=data_set)
    if isinstance(tasks, str) and tasks.startswith(_HUB):
        repository, place = _hub_place(tasks)
        return from_hub(repository, **place, split=split, columns=columns, data_set=data_set)
    if data_set is not None:
        raise ValueError(f"data_set={data_set!r} is for a file, a folder or a data set on the hub; got {tasks!r:.80}.")
    known = None if columns is None else as_columns(columns)
    assert not isinstance(tasks, Path), "a path has been read above"
    if not isinstance(tasks, str):
        return from_object(tasks, split=split, columns=known)
    if not tasks.strip():
        raise ValueError(f"tasks={tasks!r} is an empty name. Expected {ACCEPTED}.")
    part = resolve(TASK_SETS, tasks, kind="task set")
    if isinstance(part, str | Path):
        raise TypeError(f"tasks={tasks!r} leads to {part!r:.80}; expected an object, not another name or path.")
    return from_object(part, split=split, columns=known, name=tasks.rpartition(":")[2])


def path_of_tasks(tasks: object) -> Path | None:
    """Return the file or folder that `load_tasks` would read, whether it is there or not; None for all other tasks."""
    if isinstance(tasks, Path):
        return tasks.expanduser()
    if not isinstance(tasks, str) or tasks in TASK_SETS or tasks.startswith(_HUB) or not tasks.strip():
        return None
    path = Path(tasks).expanduser()
    is_path = tasks.endswith(FILE_SUFFIXES) or "/" in tasks or "\\" in tasks or path.exists()
    return path if is_path else None


def _hub_place(text: str) -> tuple[str, dict[str, str | None]]:
    """Read "hf://owner/name:config@revision", of which the last two may be absent."""
    place, _, revision = text.removeprefix(_HUB).partition("@")
    repository, _, config = place.partition(":")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", repository):
        raise ValueError(f'tasks={text!r}: expected "hf://owner/name", "hf://owner/name:config" or …"@revision".')
    return repository, {"config": config or None, "revision": revision or None}
