"""Tables: a cell, the largest, sums, differences, filters and counts.

The numbers of a column are all different, so that "the largest" is one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import places
from reasonenv.tasksets.questions.problems import list_question, number_question, short_question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_COLUMNS = ("markets", "schools", "bridges", "visitors", "farms", "libraries", "parks", "hotels")


class _Table(NamedTuple):
    rows: Sequence[str]
    columns: Sequence[str]
    cells: dict[tuple[str, str], int]
    text: str


def _table(rng: Rng) -> _Table:
    rows, columns = places(rng, integer(rng, 4, 7)), several_of(rng, _COLUMNS, 3)
    drawn = {column: several_of(rng, range(11, 980), len(rows)) for column in columns}
    cells = {(row, column): drawn[column][index] for index, row in enumerate(rows) for column in columns}
    lines = [f"| town | {' | '.join(columns)} |", "|---|---|---|---|"]
    lines += [f"| {row} | {' | '.join(str(cells[row, column]) for column in columns)} |" for row in rows]
    return _Table(rows, columns, cells, "\n".join(lines))


def _number(table: _Table, asked: str, value: int, solution: str) -> Problem:
    return number_question(f"{table.text}\n\n{asked}", value, solution)


def _cell(rng: Rng) -> Problem:
    table = _table(rng)
    row, column = one_of(rng, table.rows), one_of(rng, table.columns)
    value = table.cells[row, column]
    return _number(table, f"What is the number of {column} of {row}?", value, f"The table says {value}")


def _extreme(rng: Rng) -> Problem:
    table, is_largest = _table(rng), bool(rng.integers(0, 2))
    column = one_of(rng, table.columns)
    ordered = sorted(table.rows, key=lambda row: table.cells[row, column])
    answer = ordered[-1] if is_largest else ordered[0]
    asked = f"Which town has the {'largest' if is_largest else 'smallest'} number of {column}?"
    solution = f"It is {table.cells[answer, column]}, that of {answer}"
    return short_question(f"{table.text}\n\n{asked}", answer, solution)


def _difference(rng: Rng) -> Problem:
    table = _table(rng)
    column = one_of(rng, table.columns)
    first, second = several_of(rng, table.rows, 2)
    large, small = sorted((table.cells[first, column], table.cells[second, column]), reverse=True)
    asked = f"By how much do {first} and {second} differ in their number of {column}?"
    return _number(table, asked, large - small, f"{large} - {small} = {large - small}")


def _sum(rng: Rng) -> Problem:
    table = _table(rng)
    column = one_of(rng, table.columns)
    values = [table.cells[row, column] for row in table.rows]
    total = sum(values)
    return _number(table, f"What is the total number of {column}?", total, f"{' + '.join(map(str, values))} = {total}")


def _above(rng: Rng) -> Problem:
    table = _table(rng)
    column = one_of(rng, table.columns)
    values = sorted(table.cells[row, column] for row in table.rows)
    bound = values[integer(rng, 0, len(values) - 2)]
    found = tuple(row for row in table.rows if table.cells[row, column] > bound)
    if rng.integers(0, 2):
        asked = f"How many towns have more than {bound} {column}?"
        return _number(table, asked, len(found), f"There are {len(found)}: {', '.join(found)}")
    asked = f"Which towns have more than {bound} {column}? Give all of them, separated by commas."
    return list_question(f"{table.text}\n\n{asked}", found, f"These: {', '.join(found)}")


qa_tables = family_of_kinds("qa_tables", "question answering", _cell, _extreme, _difference, _sum, _above)
