"""Task sets: where problems come from, the table of their names, and `load_tasks`.

A name or a path decides everything; nothing is guessed from the content of a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reasonenv.errors import UnknownNameError
from reasonenv.tables import resolve
from reasonenv.tasksets.base import Problem, TaskList, TaskSet
from reasonenv.tasksets.combine import Filtered, Mixture, difficulty_in, has_answer
from reasonenv.tasksets.datasets import DATA_SETS
from reasonenv.tasksets.datasets.data_set import Columns, DataSet
from reasonenv.tasksets.files import from_hub, from_path
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.tasksets.procedural import Family, ProceduralTaskSet
from reasonenv.tasksets.programs import CODE_FAMILIES
from reasonenv.tasksets.questions import OPEN_FAMILIES, QA_FAMILIES
from reasonenv.tasksets.rows import FILE_SUFFIXES
from reasonenv.tasksets.validation import ValidationReport, gold_response, validate
from reasonenv.types import Task

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
    "ValidationReport",
    "difficulty_in",
    "from_hub",
    "from_path",
    "gold_response",
    "has_answer",
    "load_tasks",
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
    **DATA_SETS,
}
"""Name → "module:attribute" of a callable that takes a split and returns its `TaskSet`."""


def load_tasks(tasks: str | Path | TaskSet | Sequence[Task[Any]], *, split: str = "train") -> TaskSet:
    """Return the task set that `tasks` means.

    >>> load_tasks("chain_arithmetic")[0].prompt
    'Compute left to right, modulo 10: 8+6+5=?'

    Args:
        tasks: a name of `TASK_SETS`; the path of a file or folder, as for `from_path`; tasks; or a task set, which is
            returned as it is, whatever `split` says.
        split: which part of a named set or folder; for a file or for tasks, the label of what they hold.

    Raises:
        UnknownNameError: no such name, or no such split.
        TaskDataError: the file or the tasks cannot be used.
    """
    if isinstance(tasks, str):
        if tasks in TASK_SETS:
            return resolve(TASK_SETS, tasks, kind="task set")(split)
        if not _is_path(tasks):
            raise UnknownNameError("task set", tasks, TASK_SETS)
    if isinstance(tasks, str | Path):
        return from_path(tasks, split=split)
    return tasks if isinstance(tasks, TaskSet) else TaskList("tasks", split, tuple(tasks))


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.endswith(FILE_SUFFIXES) or Path(text).exists()
