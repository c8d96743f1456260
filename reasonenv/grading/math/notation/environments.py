r"""Rows of cells between `\begin` and `\end`: matrices, systems, and functions in pieces."""

from __future__ import annotations

from collections.abc import Callable

from reasonenv.grading.math.nodes import Node, UnreadableError
from reasonenv.grading.math.notation import vocabulary
from reasonenv.grading.math.notation.constructions import OTHERWISE, system
from reasonenv.grading.math.notation.cursor import END, Cursor

_MATRICES = frozenset(["array", "pmatrix", "bmatrix", "matrix", "smallmatrix", "Bmatrix"])
_PIECES = frozenset(["cases", "dcases", "rcases", "numcases"])
_LINES = frozenset(["aligned", "align", "align*", "gathered", "gather", "gather*", "split", "equation", "equation*"])


def environment(at: Cursor, relation: Callable[[], Node], side: Callable[[], Node]) -> Node:
    r"""Read what follows `\begin`.

    Raises:
        UnreadableError: an environment that no rule is for, such as a determinant.
    """
    kind = at.group_name()
    if kind == "array":
        at.group_name()
    if kind in _MATRICES:
        return Node("matrix", tuple(Node("row", tuple(cells)) for cells in _rows(at, relation)))
    if kind in _PIECES:
        return system(_rows(at, lambda: _cell(at, relation, side), has_pieces=True))
    if kind in _LINES:
        return system([[_joined(cells)] for cells in _rows(at, lambda: _cell(at, relation, side), has_pieces=True)])
    raise UnreadableError(f"no rule for {kind}")


def _rows(at: Cursor, cell: Callable[[], Node], *, has_pieces: bool = False) -> list[list[Node]]:
    rows, cells = list[list[Node]](), list[Node]()
    while at.symbol() != "end":
        if not (has_pieces and at.symbol() == "&" and _skip(at)):
            cells.append(cell())
        if at.symbol() == "&":
            at.take()
            continue
        rows.append(cells)
        cells = []
        if at.symbol() == "\\\\":
            at.take()
        elif at.symbol() != "end":
            raise UnreadableError("an environment without end")
    at.take()
    at.group_name()
    if not rows:
        raise UnreadableError("an environment without rows")
    return rows


def _skip(at: Cursor) -> bool:
    at.take()
    return False


def _joined(cells: list[Node]) -> Node:
    if len(cells) != 1:
        raise UnreadableError("several formulas in a line")
    return cells[0]


def _cell(at: Cursor, relation: Callable[[], Node], side: Callable[[], Node]) -> Node:
    """Read a formula or its condition; an equation may be aligned at its sign."""
    while at.symbol() == "where" or (
        at.next.kind in ("text", "word") and at.next.text.lower() in vocabulary.DOMAIN_WORDS
    ):
        at.take()
    if at.next.kind in ("text", "word") and at.next.text.lower() in OTHERWISE:
        at.take()
        return Node("text", (), "otherwise")
    items = [relation()]
    while True:
        if at.symbol() == "&" and at.second.text in vocabulary.RELATIONS:
            at.take()
            sign = vocabulary.RELATIONS[at.take().text]
            if at.symbol() == "&":
                at.take()
            items[-1] = Node("relation", (items[-1], side()), sign)
        elif at.symbol() in vocabulary.SEPARATORS:
            at.take()
            if at.symbol() in ("&", "\\\\", "end") or at.next is END:
                continue
            items.append(relation())
        else:
            return items[0] if len(items) == 1 else Node("list", tuple(items))
