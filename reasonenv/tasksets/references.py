"""What grades a row of a user's own data: one reader for each kind of row.

The kind is what column `kind` says; without it, a row with `tests` is a programming task, one with `choices` a question
with options, and any other mathematics. Nothing is concluded from what a cell says, and a column that the kind has no
use for is an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from reasonenv.errors import TaskDataError
from reasonenv.execution.comparison import value_matches
from reasonenv.tasksets.base import Reference
from reasonenv.tasksets.questions.problems import LETTERS
from reasonenv.tasksets.rows import Row
from reasonenv.types import (
    AssertTests,
    CallTests,
    CodeReference,
    Comparison,
    MathReference,
    QAReference,
    StdinTests,
)

__all__ = ["BY_LINES", "GRADING_ROLES", "KINDS", "read_reference", "same_value"]

Places = Mapping[str, str]
"""Role → the column of a row that plays it."""

BY_LINES = Comparison(whitespace="lines", relative_tolerance=1e-6, absolute_tolerance=1e-6)
"""Printed output line by line: blanks are free, and decimals may be nearly equal, but no whole numbers."""

_LETTER = re.compile(r"\(?([A-Z])[).]?")
_BOOLEANS = ("yes", "no", "true", "false")


def read_reference(row: Row, places: Places) -> Reference:
    """Return what grades a row.

    Args:
        row: the row.
        places: where the row holds what; a `kind` that is no column of the row is the kind of every row.

    Raises:
        TaskDataError: a cell that holds something else than its kind needs, or that its kind has no use for.
    """
    filled = {role for role in GRADING_ROLES if role in places and not row.is_empty(places[role])}
    kind = _kind(row, places, filled)
    roles, read = KINDS[kind]
    for role in sorted(filled - roles):
        raise TaskDataError(
            f"{row.where}: a row is of one kind, and {kind!r} has no use for column {places[role]!r}. Say the kind in "
            f'a column `kind`, or that no column holds it: columns={{"{role}": ""}}.'
        )
    return read(row, places)


def _kind(row: Row, places: Places, filled: set[str]) -> str:
    column = places.get("kind")
    if column is None or (row.has(column) and row.is_empty(column)):
        return "code" if "tests" in filled else "choice" if "choices" in filled else "math"
    kind = row.text(column) if row.has(column) else column
    if kind not in KINDS:
        raise row.wrong_cell(column, f"one of {', '.join(KINDS)}")
    return kind


def _place(row: Row, places: Places, role: str) -> str:
    """Return the column that plays a role; TaskDataError where none does."""
    if role not in places:
        raise TaskDataError(
            f"{row.where}: expected a column {role!r}; the columns are {row.columns()}. Say which column holds it: "
            f'columns={{"{role}": "…"}}.'
        )
    return places[role]


def _math(row: Row, places: Places) -> MathReference:
    column = _place(row, places, "answer")
    answer = row.text_or_number(column)
    _refuse_solution(row, column, answer)
    return MathReference(answer=answer, is_worked_out=_flag(row, places, "is_worked_out"))


def _refuse_solution(row: Row, column: str, answer: str) -> None:
    if "####" in answer:
        raise TaskDataError(
            f"{row.where}: column {column!r} holds a solution that ends in its answer, got {answer[-40:]!r}. "
            'Load the file with data_set="gsm8k", or leave in the column only the answer that follows "####".'
        )


def _choice(row: Row, places: Places) -> QAReference:
    column = _place(row, places, "answer")
    choices = _choices(row, places["choices"]) if "choices" in places else None
    answer = row.cell(column)
    wanted = row.structure(column, "options") if not isinstance(answer, str | int | float) else [answer]
    letters = sorted({_letter(row, column, option, choices) for option in wanted})
    if not letters:
        raise row.wrong_cell(column, "at least one option")
    return QAReference(kind="choice", answers=("".join(letters),), choices=choices)


def _choices(row: Row, column: str) -> tuple[str, ...]:
    """Read the options: a list, or an object from the letters A, B, C … to them."""
    held = row.structure(column, "a list of options")
    if isinstance(held, dict):
        held = {letter: option for letter, option in held.items() if option is not None}
        if sorted(held) != list(LETTERS[: len(held)]):
            raise row.wrong_cell(column, "a list of options, or an object with the keys A, B, C …")
        held = [held[letter] for letter in sorted(held)]
    options = _texts(row, column, held, "a list of options, each a text or a number")
    if not 2 <= len(options) <= len(LETTERS) or len(set(options)) < len(options):
        raise row.wrong_cell(column, f"2 to {len(LETTERS)} different options")
    return options


def _letter(row: Row, column: str, option: Any, choices: tuple[str, ...] | None) -> str:
    """Return the letter of an option that is given by its letter, by its text, or by its number from 0."""
    letters = LETTERS[: len(choices)] if choices else LETTERS
    if isinstance(option, float) and option.is_integer():
        option = int(option)  # a column of a data frame with numbers and gaps
    text = str(option).strip()
    named = _LETTER.fullmatch(text) if isinstance(option, str) else None
    readings = {letters[choices.index(text)]} if choices and text in choices else set[str]()
    if named and named[1] in letters:
        readings.add(named[1])
    if choices and isinstance(option, int) and not isinstance(option, bool) and 0 <= option < len(choices):
        readings.add(letters[option])
    if len(readings) == 1:
        return readings.pop()
    expected = "the letter of an option, its text, or its number from 0" if choices else "a letter"
    if readings:
        expected = f"one option (this is both {' and '.join(sorted(readings))}: give the letter)"
    raise row.wrong_cell(column, expected)


def _answers(kind: Literal["short", "number", "list", "citation"]) -> Callable[[Row, Places], QAReference]:
    """Return the reader of a kind whose answers are texts or numbers: one, or a list of them."""

    def read(row: Row, places: Places) -> QAReference:
        column = _place(row, places, "answer")
        expected = "a text, a number, or a list of them"
        is_one = isinstance(row.cell(column), str | int | float) and kind in ("short", "number")
        held = [row.text_or_number(column)] if is_one else row.structure(column, expected)
        answers = _texts(row, column, held, expected)
        if kind == "number":
            _refuse_solution(row, column, " ".join(answers))
        return QAReference(kind=kind, answers=answers, is_ordered=_flag(row, places, "is_ordered"))

    return read


def _boolean(row: Row, places: Places) -> QAReference:
    column = _place(row, places, "answer")
    answer = str(row.cell(column)).strip().casefold()
    if answer not in _BOOLEANS:
        raise row.wrong_cell(column, "yes, no, true or false")
    return QAReference(kind="boolean", answers=(answer,))


def _constrained(row: Row, places: Places) -> QAReference:
    from reasonenv.grading.qa.constraints import kept_constraints

    column = _place(row, places, "constraints")
    expected = 'a list of constraints such as "max_words 20"'
    constraints = _texts(row, column, row.structure(column, expected), expected)
    try:
        kept_constraints("", constraints)
    except ValueError as error:
        raise TaskDataError(f"{row.where}: column {column!r} holds no usable constraints: {error}") from error
    is_answered = "answer" in places and not row.is_empty(places["answer"])
    answers = (row.text(places["answer"]),) if is_answered else ()
    return QAReference(kind="constrained", answers=answers, constraints=constraints)


def _open(row: Row, places: Places) -> QAReference:
    del row, places
    return QAReference(kind="open")


def _code(row: Row, places: Places) -> CodeReference:
    names = _function_names(row, places)
    program = places.get("reference_program")
    public = places.get("public_tests")
    return CodeReference(
        tests=_tests(row, _place(row, places, "tests"), names),
        public_tests=None if public is None or row.is_empty(public) else _tests(row, public, names),
        reference_program=None if program is None else row.optional_text(program),
    )


def _function_names(row: Row, places: Places) -> tuple[str, ...]:
    column = places.get("function_name")
    if column is None or row.is_empty(column):
        return ()
    held = row.cell(column)
    expected = "the name of a function, or a list of names"
    names = (held,) if isinstance(held, str) else _texts(row, column, row.structure(column, expected), expected)
    if not all(name.isidentifier() for name in names):
        raise row.wrong_cell(column, expected)
    return names


def _tests(row: Row, column: str, names: tuple[str, ...]) -> CallTests | StdinTests | AssertTests:
    """Read tests: assert statements, or cases with `input` and `output`, of a function or of a program."""
    held = row.cell(column)
    expected = 'assert statements, or a list of {"input": …, "output": …}'
    if isinstance(held, str) and not held.lstrip().startswith("["):
        return _assert_tests(row, column, held, names)
    cases = row.structure(column, expected)
    if not isinstance(cases, list) or not cases:
        raise row.wrong_cell(column, expected)
    if all(isinstance(case, str) for case in cases):
        return _assert_tests(row, column, "\n".join(cases), names)
    if not all(isinstance(case, dict) and case.keys() == {"input", "output"} for case in cases):
        raise row.wrong_cell(column, expected)
    pairs = [(case["input"], case["output"]) for case in cases]
    return _call_tests(row, column, pairs, names) if names else _stdin_tests(row, column, pairs)


def _assert_tests(row: Row, column: str, source: str, names: tuple[str, ...]) -> AssertTests:
    if not names:
        raise TaskDataError(
            f"{row.where}: assert statements in column {column!r} need a column 'function_name': what the program must "
            "define, one name or a list of names."
        )
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise row.wrong_cell(column, f"assert statements in Python ({error})") from error
    if not any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        raise row.wrong_cell(column, "at least one assert statement")
    return AssertTests(source, names)


def _call_tests(row: Row, column: str, pairs: list[tuple[Any, Any]], names: tuple[str, ...]) -> CallTests:
    function, *others = names
    if others:
        raise TaskDataError(f"{row.where}: cases with input and output call one function, got the names {names}.")
    if not all(isinstance(arguments, list) for arguments, _ in pairs):
        raise row.wrong_cell(column, f'the list of the arguments of {function} in each "input"')
    cases = tuple((tuple(arguments), output) for arguments, output in pairs)
    return CallTests(function, cases, Comparison(judge=same_value))


def _stdin_tests(row: Row, column: str, pairs: list[tuple[Any, Any]]) -> StdinTests:
    if not all(isinstance(text, str) for pair in pairs for text in pair):
        raise row.wrong_cell(
            column, "what the program reads and prints, as text, or a column 'function_name' beside it"
        )
    return StdinTests(tuple(pairs), BY_LINES)


def same_value(_: object, expected: object, actual: object) -> bool:
    """Return whether values are equal, a tuple and a list of the same parts too: JSON has no tuples."""
    return value_matches(Comparison(), None, _listed(expected), _listed(actual))


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(part) for key, part in cast("dict[Any, Any]", value).items()}
    return [_listed(part) for part in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def _flag(row: Row, places: Places, role: str) -> bool:
    column = places.get(role)
    if column is None or row.is_empty(column):
        return False
    value = row.cell(column)
    if not isinstance(value, bool):
        raise row.wrong_cell(column, "true or false")
    return value


def _texts(row: Row, column: str, held: list[Any] | dict[str, Any], expected: str) -> tuple[str, ...]:
    """Return the members of a list, which must be texts or numbers, as texts."""
    is_good = isinstance(held, list) and all(
        (isinstance(part, str) and part.strip()) or (isinstance(part, int | float) and not isinstance(part, bool))
        for part in held
    )
    if not is_good or not held:
        raise row.wrong_cell(column, expected)
    return tuple(row.number_text(column, part).strip() for part in held)


KINDS: dict[str, tuple[frozenset[str], Callable[[Row, Places], Reference]]] = {
    "math": (frozenset({"answer", "is_worked_out"}), _math),
    "code": (frozenset({"tests", "public_tests", "function_name", "reference_program"}), _code),
    "choice": (frozenset({"answer", "choices"}), _choice),
    "short": (frozenset({"answer"}), _answers("short")),
    "number": (frozenset({"answer"}), _answers("number")),
    "boolean": (frozenset({"answer"}), _boolean),
    "list": (frozenset({"answer", "is_ordered"}), _answers("list")),
    "citation": (frozenset({"answer"}), _answers("citation")),
    "constrained": (frozenset({"answer", "constraints"}), _constrained),
    "open": (frozenset[str](), _open),
}
"""Kind of a row → the roles of the columns that it uses, and what reads its reference."""

GRADING_ROLES = frozenset[str]().union(*(roles for roles, _ in KINDS.values()))
