"""Task sets from files, folders and the Hugging Face hub.

Lives here: `from_path`, `from_hub`, the mapping of columns, and what a preset is. Does not: the presets (`presets`).

The one decision: columns are named by the caller, by a preset, or by the canonical names; a file that fits none of them
is an error that lists its columns, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tables import resolve
from reasonenv.tasksets.base import Problem, TaskList, numbered_id
from reasonenv.tasksets.rows import Row, file_rows, folder_rows, hub_rows

__all__ = ["PRESETS", "Columns", "Preset", "from_hub", "from_path"]

PRESETS: dict[str, str] = {
    **{
        name: f"reasonenv.tasksets.datasets.math:{name}"
        for name in ("gsm8k", "math500", "aime", "aime_2025", "numina_tir", "bespoke_stratos")
    },
    **{
        name: f"reasonenv.tasksets.datasets.code:{name}"
        for name in ("humaneval", "mbpp", "apps", "taco", "livecodebench")
    },
    **{
        name: f"reasonenv.tasksets.datasets.questions:{name}"
        for name in (
            *("squad", "squad_v2", "nq_open", "trivia_qa", "mmlu", "arc_challenge", "arc_easy", "truthful_qa", "gpqa"),
            *("hh_rlhf_helpful", "hh_rlhf_harmless", "xstest"),
        )
    },
}
"""Preset name → `Preset`, which is also its row in the table of task sets."""

_PROMPT_NAMES = ("prompt", "question", "problem")
_ID_NAMES = ("task_id", "id")
_EXAMPLE = 'columns=Columns(prompt="…", answer="…"), or a preset such as preset="gsm8k"'


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column holds what: `Columns(prompt="Question", answer="Gold", metadata=("Year",))`."""

    prompt: str
    answer: str
    """Text or a number."""
    solution: str | None = None
    """May be null or empty in some rows."""
    task_id: str | None = None
    """Without it, ids are "{name}/{split}/{row:05d}"."""
    metadata: tuple[str, ...] = ()

    def parse(self, row: Row) -> Problem:
        """Return the problem that a row holds."""
        return Problem(
            prompt=row.text(self.prompt),
            answer=row.text_or_number(self.answer),
            solution=row.optional_text(self.solution) if self.solution else None,
            source_id=row.text_or_number(self.task_id) if self.task_id else None,
            metadata={column: row.cell(column) for column in self.metadata},
        )


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A public data set: where it is, and what its rows hold. Called with a split, it loads that split from the hub."""

    name: str
    repository: str
    splits: Mapping[str, str]
    """Our name of a split → the hub's; none where the data set is only read from a user's path."""
    licence: str
    parse: Callable[[Row], Problem]
    config: str | None = None
    data_dir: str | None = None
    revision: str | None = None
    domain: str = "math"

    @property
    def metadata(self) -> dict[str, Any]:
        """What every task of the data set carries."""
        return {"domain": self.domain, "source": self.repository, "licence": self.licence}

    def __call__(self, split: str) -> TaskList:
        """Load one split from the hub; UnknownNameError when the data set has no such split."""
        if split not in self.splits:
            raise UnknownNameError("split", split, self.splits)
        rows = hub_rows(
            self.repository,
            config=self.config,
            split=self.splits[split],
            revision=self.revision,
            data_dir=self.data_dir,
        )
        return _task_list(rows, self.parse, self.name, split, self.metadata)


def from_path(
    path: str | Path,
    *,
    split: str = "train",
    preset: str | None = None,
    columns: Columns | None = None,
    name: str | None = None,
) -> TaskList:
    """Load tasks from a file, or from a folder with a Hugging Face data set.

    Files end in .jsonl, .json, .csv or .parquet, text also with .gz behind that.

    Args:
        split: which split of a folder; for a file, the label of all its tasks.
        preset: the file has the columns of this public data set, a name of `PRESETS`.
        columns: which column holds what. Without preset and columns, the file must have `answer` and one of `prompt`,
            `question` and `problem`; `solution` and `task_id` or `id` are used, and other columns become metadata.
        name: of the task set and the start of its ids; the preset's, or the file's, by default.

    Raises:
        TaskDataError: the file is missing, empty or malformed; the message says file, line and column.
        UnknownNameError: no such preset, or no such split in the folder.
        MissingExtraError: reading the format needs the extra "data".
    """
    path = Path(path).expanduser()
    rows = folder_rows(path, split) if path.is_dir() else file_rows(path)
    if preset is not None and columns is not None:
        raise ValueError(f"Give preset or columns, not both; got preset={preset!r} and columns={columns!r}.")
    if preset is None:
        parse = columns.parse if columns else _parse_canonical
        return _task_list(rows, parse, name or path.stem, split, {"source": path.name})
    known: Preset = resolve(PRESETS, preset, kind="preset")
    return _task_list(rows, known.parse, name or known.name, split, known.metadata)


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
    parse = columns.parse if columns else _parse_canonical
    return _task_list(rows, parse, name or repository, split, {"source": repository, "revision": revision})


def _parse_canonical(row: Row) -> Problem:
    prompt = _only_column(row, _PROMPT_NAMES)
    answer = row.text_or_number(_only_column(row, ("answer",)))
    if "\n#### " in answer:
        raise TaskDataError(f'{row.where}: column \'answer\' holds a "#### 18" answer; load it with preset="gsm8k".')
    task_id = next((column for column in _ID_NAMES if column in row.cells), None)
    used = {prompt, "answer", "solution", task_id}
    return Problem(
        prompt=row.text(prompt),
        answer=answer,
        solution=row.optional_text("solution") if "solution" in row.cells else None,
        source_id=row.text_or_number(task_id) if task_id else None,
        metadata={column: value for column, value in row.cells.items() if column not in used},
    )


def _only_column(row: Row, names: tuple[str, ...]) -> str:
    found = [name for name in names if name in row.cells]
    if len(found) != 1:
        raise TaskDataError(
            f"{row.where}: expected exactly one column named {' or '.join(names)}; the columns are {row.columns()}. "
            f"Say which column holds what: {_EXAMPLE}."
        )
    return found[0]


def _task_list(
    rows: Iterable[Row], parse: Callable[[Row], Problem], name: str, split: str, metadata: Mapping[str, Any]
) -> TaskList:
    tasks = (parse(row).as_task(numbered_id(name, split, index), metadata) for index, row in enumerate(rows))
    return TaskList(name, split, tuple(tasks))
