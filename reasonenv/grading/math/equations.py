"""Equations that name a value: what counts as a name, and what a chain of equations says it is worth.

What stands alone on the left is a name if nothing in it is to be computed.
"""

from __future__ import annotations

from collections.abc import Sequence

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.nodes import APPLIED, Node, number, walk
from reasonenv.grading.math.numeric import is_same_scalar

_WORKINGS = frozenset(["add", "mul"])


def named_values(equations: Sequence[Node]) -> tuple[Node, ...] | None:
    """Return the values of equations such as `y=2, x=1` in the order of their names; None for other nodes."""
    by_name = {equation.args[0].name: equation.args[1] for equation in equations if _names_variable(equation)}
    return tuple(by_name[name] for name in sorted(by_name)) if len(by_name) == len(equations) > 1 else None


def _names_variable(node: Node) -> bool:
    return node.kind == "relation" and node.name == "=" and node.args[0].kind == "var"


def grouped_solutions(equations: Sequence[Node], separators: Sequence[str]) -> list[Node]:
    """Read `x=1, y=2; x=3, y=4` as (1, 2), (3, 4)."""
    groups = [[equations[0]]]
    for separator, equation in zip(separators, equations[1:], strict=True):
        if separator == ";":
            groups.append([])
        groups[-1].append(equation)
    values = [named_values(group) for group in groups]
    return [Node("tuple", value) for value in values if value] if None not in values else list(equations)


def value_of_named(relation: Node) -> Node | None:
    """Return what an equation says its name is worth, if its left side is a name and no other value is stated.

    The sums and products between are working, which may be wrong.
    """
    operators, sides = relation.name.split(), list(relation.args)
    if "~" in operators:
        cut = operators.index("~")
        if cut == 0 and is_name(sides[0]):
            operators[0] = "="
        else:
            operators, sides = operators[:cut], sides[: cut + 1]
    if not operators:
        return sides[0]
    if set(operators) != {"="}:
        return None
    if not (is_name(sides[0]) or _is_sum_of_names(sides[0])):
        return sides[0] if _is_one_number(sides) else None
    stated = [value for value in sides[1:-1] if value.kind not in _WORKINGS]
    return sides[-1] if all(is_same_scalar(sides[-1], value) for value in stated) else None


def _is_one_number(sides: Sequence[Node]) -> bool:
    """Return whether this is one number in several forms, as in 3/4 = 0.75."""
    is_number = len(set(sides)) == len(sides) and not any(variables(side) for side in sides)
    return is_number and all(is_same_scalar(sides[0], side) for side in sides[1:])


def without_working(relation: Node) -> Node:
    """Write `x = 1 + 1 = 2` as `x = 2`."""
    operators = relation.name.split()
    if len(operators) > 1 and set(operators) <= {"=", "~"}:
        value = value_of_named(relation)
        return Node("relation", (relation.args[0], value), "=") if value else relation
    return relation


def with_argument_of(equation: Node, other: Node) -> Node:
    """Write f(t) = t² as f(x) = x² where the other equation is about f(x)."""
    heads = equation.args[0], other.args[0]
    if (
        any(head.name != APPLIED or head.args[1].kind != "var" for head in heads)
        or heads[0].args[0] != heads[1].args[0]
    ):
        return equation
    old, new = (head.args[1].name for head in heads)
    return equation if new in variables(equation) else _renamed(equation, old, new)


def _renamed(node: Node, old: str, new: str) -> Node:
    if node.kind == "var" and node.name == old:
        return node._replace(name=new)
    return node._replace(args=tuple(_renamed(part, old, new) for part in node.args))


def is_name(node: Node) -> bool:
    r"""Return whether this is x, AB, f(x), f(2), |AB|, (x, y) or NO/BO, rather than something to compute."""
    parts = walk(node)
    if node.kind == "mul" and _is_inverse(node.args[0]):
        return is_name(node.args[1])
    if any(part.kind not in ("var", "mul", "div", "call", "tuple", "ratio", "num") for part in parts):
        return False
    if any(part.kind == "call" and part.name != "abs" for part in parts):
        return False
    if not any(part.kind == "num" for part in parts):
        return True
    first = node
    while first.kind == "mul":
        first = first.args[0]
    return node.kind == "mul" and first.kind == "var"


def _is_inverse(node: Node) -> bool:
    """Return whether this is f^{-1}."""
    return node.kind == "pow" and node.args[0].kind == "var" and node.args[1] == Node("neg", (number(1),))


def _is_sum_of_names(node: Node) -> bool:
    """Return whether this is a + b or m − n, which a question asks for."""
    names = [part.args[0] if part.kind == "neg" else part for part in node.args]
    return node.kind == "add" and all(name.kind == "var" for name in names) and len(set(names)) == len(names)


def difference(relation: Node) -> Node:
    """Return the left side minus the right side."""
    return Node("add", (relation.args[0], Node("neg", (relation.args[1],))))


def have_several_names(nodes: Sequence[Node]) -> bool:
    """Return whether equations name different things; x_1 and x_2 are both an x."""
    names = {node.args[0] for node in nodes if node.kind == "relation" and node.name == "="}
    return len({name._replace(name=name.name.partition("_")[0]) for name in names}) > 1
