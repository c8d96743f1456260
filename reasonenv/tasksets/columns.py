"""Which column of a row holds what, and the problem that a row of a user's own data is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.questions.problems import lettered
from reasonenv.tasksets.references import GRADING_ROLES, KINDS, read_reference
from reasonenv.tasksets.rows import Row
from reasonenv.types import Message, QAReference

__all__ = ["Columns", "as_columns"]

_NAMES: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "question", "problem", "messages"),
    "task_id": ("task_id", "id"),
    "solution": ("solution",),
    "split": ("split",),
    "kind": ("kind",),
    **{role: (role,) for role in sorted(GRADING_ROLES)},
    "answer": ("answer", "reward_model.ground_truth"),
}
"""Role → the columns that play it where nothing else is said."""

_WRITTEN_MESSAGES = re.compile(r"""\s*\[\s*\{\s*["'](?:role|content)["']\s*:""")
"""How a list of messages begins that is written as text, as it is in a CSV file."""

_EXAMPLE = 'columns={"prompt": "…", "answer": "…"}, or a public data set such as data_set="gsm8k"'


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column holds what: `Columns(prompt="Question", answer="Gold")`, or the same as a dict.

    A role that is not named is played by the column of its own name, if there is one; `prompt` also by `question`,
    `problem` or `messages`, `task_id` by `id`, and `answer` by `reward_model.ground_truth`. "" says that no column
    plays it. A path such as "extra_info.level" names what an object holds. All other columns become metadata.
    """

    prompt: str | None = None
    """The question: text, or a list of messages, also as JSON text, that ends with the user's; those before it are the
    task's history."""
    answer: str | None = None
    """What is right: text, a number, or a list, as the kind of the row needs."""
    kind: str | None = None
    """The kind of the row, if `tests` and `choices` do not tell; or, instead of a column, the kind of every row."""
    choices: str | None = None
    """The options of a question."""
    constraints: str | None = None
    """What a constrained text must keep."""
    is_ordered: str | None = None
    """Whether the order of a list counts."""
    is_worked_out: str | None = None
    """Whether an expression that equals the answer of a mathematics row is wrong."""
    tests: str | None = None
    """The tests of a program."""
    public_tests: str | None = None
    """Tests that feedback may show."""
    function_name: str | None = None
    """What the tests call: one name, or a list."""
    reference_program: str | None = None
    """A program that passes."""
    solution: str | None = None
    """A worked solution; may be empty."""
    task_id: str | None = None
    """Without it, ids are "{name}/{split}/{row:05d}"."""
    split: str | None = None
    """Which split the row belongs to."""
    metadata: tuple[str, ...] | None = None
    """The columns that become metadata; by default all that play no role, where they are not empty."""

    def parse(self, row: Row) -> Problem:
        """Return the problem that a row holds; TaskDataError, with the place of the row, where it holds none."""
        places = self._places(row)
        prompt, history = _prompt(row, places)
        reference = read_reference(row, places)
        if isinstance(reference, QAReference) and reference.choices:
            prompt = lettered(prompt, reference.choices)
        has_id = "task_id" in places and not row.is_empty(places["task_id"])
        return Problem(
            prompt=prompt,
            reference=reference,
            history=history,
            solution=row.optional_text(places["solution"]) if "solution" in places else None,
            source_id=row.text_or_number(places["task_id"]) if has_id else None,
            metadata=self._metadata(row, places),
        )

    def split_of(self, row: Row) -> str | None:
        """Return the split that a row says it belongs to; None where no column says."""
        column = self._place(row, "split")
        return row.text(column) if column else None

    def _places(self, row: Row) -> dict[str, str]:
        """Return role → column for the columns of one row."""
        found = ((role, self._place(row, role)) for role in _NAMES)
        return {role: column for role, column in found if column}

    def _place(self, row: Row, role: str) -> str | None:
        """Return the column of a row that plays a role, if one does."""
        column = self._mapped[role]
        if column is None:
            return _only(row, [name for name in _NAMES[role] if row.has(name) and name not in self._mapped.values()])
        if column and not (role == "kind" and column in KINDS):
            row.cell(column)
        return column

    @cached_property
    def _mapped(self) -> dict[str, str | None]:
        return {role: vars(self)[role] for role in _NAMES}

    def _metadata(self, row: Row, places: Mapping[str, str]) -> dict[str, Any]:
        if self.metadata is not None:
            return {column: row.cell(column) for column in self.metadata}
        used = {column if column in row.cells else column.partition(".")[0] for column in places.values()}
        return {column: row.cells[column] for column in row.cells if column not in used and not row.is_empty(column)}


def as_columns(columns: Columns | Mapping[str, str] | None) -> Columns:
    """Return columns that are given as a dict, or not at all.

    Raises:
        UnknownNameError: there is no such role.
        TypeError: a column that is no name.
    """
    if isinstance(columns, Columns):
        return columns
    if columns is not None and not isinstance(columns, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] as below
        raise TypeError(f"columns must be Columns or a dict from roles to columns, got {columns!r:.80}.")
    for role, column in (columns or {}).items():
        if role not in _NAMES:
            raise UnknownNameError("role", role, _NAMES, of=f"columns={columns!r}")
        if not isinstance(column, str):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
            raise TypeError(f"columns={columns!r}: expected the name of a column for {role!r}, got {column!r}.")
    return Columns(**columns) if columns else Columns()  # pyright: ignore[reportArgumentType] every role but metadata


def _only(row: Row, names: list[str]) -> str | None:
    """Return the one of several columns that is filled, or the only one."""
    filled = names if len(names) < 2 else [name for name in names if not row.is_empty(name)] or names[:1]
    if len(filled) > 1:
        raise TaskDataError(
            f"{row.where}: expected exactly one column of {' and '.join(filled)}; the columns are {row.columns()}. "
            f"Say which column holds what: {_EXAMPLE}."
        )
    return filled[0] if filled else None


def _prompt(row: Row, places: Mapping[str, str]) -> tuple[str, tuple[Message, ...]]:
    """Return the question of a row, and what was said before it."""
    if "prompt" not in places:
        raise TaskDataError(
            f"{row.where}: expected a column named {' or '.join(_NAMES['prompt'])}; the columns are {row.columns()}. "
            f"Say which column holds what: {_EXAMPLE}."
        )
    column = places["prompt"]
    held = row.cell(column)
    is_written = isinstance(held, str) and _WRITTEN_MESSAGES.match(held)
    if not is_written and not isinstance(held, list | tuple | np.ndarray):
        return row.text(column), ()
    messages = [_message(row, column, part) for part in row.structure(column, "messages")]
    if not messages or messages[-1]["role"] != "user":
        raise row.wrong_cell(column, "messages of which the last is the user's")
    if any(message["role"] == "system" for message in messages[1:]):
        raise row.wrong_cell(column, "messages of which only the first is the system's")
    return messages[-1]["content"], tuple(messages[:-1])


def _message(row: Row, column: str, part: object) -> Message:
    held: Mapping[str, Any] = cast("Mapping[str, Any]", part) if isinstance(part, Mapping) else {}
    role, content = held.get("role"), held.get("content")
    if role not in ("system", "user", "assistant") or not isinstance(content, str) or not content.strip():
        raise row.wrong_cell(column, 'messages, each {"role": "system", "user" or "assistant", "content": text}')
    return {"role": role, "content": content}
