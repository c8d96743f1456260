"""The tree that an answer is read into, its budgets, and the errors of reading and evaluating one.

Numbers, sets, relations and matrices are nodes of one type, told apart by `kind`: each may stand inside another.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

APPLIED = "applied"
"""The name of a product that is written like the application of a function, f(x)."""
MAX_TOKENS = 600
MAX_DEPTH = 24


class UnreadableError(Exception):
    """The text is not in the language that is read here."""


class UnreadableGoldError(Exception):
    """The gold answer is not in the language that is read here, nor in that of algebra by others."""


class OverBudgetError(Exception):
    """Reading or evaluating would take more than an answer is worth."""


class UndefinedError(Exception):
    """An expression has no value at a point, such as 1/0."""


_Scalar = Literal[
    "num", "var", "const", "add", "mul", "div", "pow", "neg", "pm", "mp", "call", "degrees", "percent", "quantity"
]
_LineSubset = Literal["interval", "union", "minus", "intersection", "reals"]
_Other = Literal[
    "list",
    "set",
    "tuple",
    "relation",
    "matrix",
    "row",
    "ratio",
    "time",
    "based",
    "text",
    "dots",
    "sequence",
    "congruence",
    "domain",
]
Kind = _Scalar | _LineSubset | _Other


class Node(NamedTuple):
    r"""A part of an answer: `Node("div", (number(1), number(2)))` for `\frac{1}{2}`."""

    kind: Kind
    args: tuple[Node, ...] = ()
    name: str = ""
    """The name of a variable, function or unit; the brackets of an interval; the operators of a relation; how a
    list is joined: "or", or the signs of a proposition, such as "land"."""
    value: Fraction | int = 0


def number(value: Fraction | int) -> Node:
    """Return the node of a rational number."""
    return Node("num", (), "", value)


def walk(node: Node) -> list[Node]:
    """Return a node and everything inside it."""
    found = [node]
    for part in found:
        found.extend(part.args)
    return found
