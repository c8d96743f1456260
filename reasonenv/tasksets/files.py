"""Task sets from files, folders and the Hugging Face hub.

Columns are named by the caller, by a public data set, or by the canonical names. A file that fits none of them is an
error that lists its columns, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reasonenv.errors import TaskDataError
from reasonenv.tables import resolve
from reasonenv.tasksets.base import Problem, TaskList
from reasonenv.tasksets.datasets import DATA_SETS
from reasonenv.tasksets.datasets.data_set import Columns, DataSet, task_list
from reasonenv.tasksets.rows import Row, file_rows, folder_rows, hub_rows

__all__ = ["from_hub", "from_path"]

_PROMPT_NAMES = ("prompt", "question", "problem")
_ID_NAMES = ("task_id", "id")
_EXAMPLE = 'columns=Columns(prompt="…", answer="…"), or a public data set such as data_set="gsm8k"'


def from_path(
    path: str | Path,
    *,
    split: str = "train",
    data_set: str | None = None,
    columns: Columns | None = None,
    name: str | None = None,
) -> TaskList:
    """Load tasks from a file, or from a folder with a Hugging Face data set.

    Files end in .jsonl, .json, .csv or .parquet; text files may be compressed and end in .gz after that.

    Args:
        split: which split of a folder; for a file, the label of all its tasks.
        data_set: a name of `DATA_SETS`: the file has the columns of this public data set.
        columns: which column holds what. Without `data_set` and `columns`, the file must have `answer` and one of
            `prompt`, `question` and `problem`; `solution` and `task_id` or `id` are used, and other columns become
            metadata.
        name: of the task set and the start of its ids; by default that of the data set, or of the file.

    Raises:
        TaskDataError: the file is missing, empty or malformed; the message says file, line and column.
        UnknownNameError: no such data set, or no such split in the folder.
        MissingExtraError: reading the format needs the extra "data".
    """
    path = Path(path).expanduser()
    rows = folder_rows(path, split) if path.is_dir() else file_rows(path)
    if data_set is not None and columns is not None:
        raise ValueError(f"Give data_set or columns, not both; got data_set={data_set!r} and columns={columns!r}.")
    if data_set is None:
        return task_list(rows, _parse_with(columns), name or path.stem, split, {"source": path.name})
    known: DataSet = resolve(DATA_SETS, data_set, kind="data set")
    return task_list(rows, known.parse, name or known.name, split, known.metadata)


def from_hub(
    repository: str,
    *,
    split: str = "train",
    config: str | None = None,
    revision: str | None = None,
    columns: Columns | None = None,
    name: str | None = None,
) -> TaskList:
    """Load one split of a data set on the Hugging Face hub, such as `from_hub("openai/gsm8k", config="main")`.

    Give a `revision` (a commit) where runs must stay comparable: a data set on the hub can change.

    Raises:
        TaskDataError: it cannot be loaded, or its rows are not what `columns` say.
        MissingExtraError: the extra "data" is not installed.
    """
    rows = hub_rows(repository, config=config, split=split, revision=revision)
    metadata = {"source": repository, "revision": revision}
    return task_list(rows, _parse_with(columns), name or repository, split, metadata)


def _parse_with(columns: Columns | None) -> Callable[[Row], Problem]:
    return columns.parse if columns else _parse_canonical


def _parse_canonical(row: Row) -> Problem:
    prompt = _only_column(row, _PROMPT_NAMES)
    answer = row.text_or_number(_only_column(row, ("answer",)))
    if "\n#### " in answer:
        raise TaskDataError(f'{row.where}: column \'answer\' holds a "#### 18" answer; load it with data_set="gsm8k".')
    task_id = next((column for column in _ID_NAMES if column in row.cells), None)
    used = {prompt, "answer", "solution", task_id}
    columns = Columns(
        prompt=prompt,
        answer="answer",
        solution="solution" if "solution" in row.cells else None,
        task_id=task_id,
        metadata=tuple(column for column in row.cells if column not in used),
    )
    return columns.parse(row)


def _only_column(row: Row, names: tuple[str, ...]) -> str:
    found = [name for name in names if name in row.cells]
    if len(found) != 1:
        raise TaskDataError(
            f"{row.where}: expected exactly one column named {' or '.join(names)}; the columns are {row.columns()}. "
            f"Say which column holds what: {_EXAMPLE}."
        )
    return found[0]
