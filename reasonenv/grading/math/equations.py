"""Equations that name values: what a chain of equations says that its name is worth, and solutions by name."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from reasonenv.grading.decimals import decimal_digits
from reasonenv.grading.math.evaluation import Value, evaluate, inexact, variables
from reasonenv.grading.math.names import head_of, is_expression_of_several, is_function, is_name
from reasonenv.grading.math.nodes import Node
from reasonenv.grading.math.numeric import is_same_scalar

_MEASURED = frozenset(["quantity", "degrees"])


def named_values(equations: Sequence[Node]) -> tuple[Node, ...] | None:
    """Return the values of equations such as `y=2, x=1` in the order of their names; None for other nodes."""
    by_name = {equation.args[0].name: equation.args[1] for equation in equations if _names_variable(equation)}
    return tuple(by_name[name] for name in sorted(by_name)) if len(by_name) == len(equations) > 1 else None


def _names_variable(node: Node) -> bool:
    return node.kind == "relation" and node.name == "=" and node.args[0].kind == "var"


def grouped_solutions(equations: Sequence[Node], separators: Sequence[str]) -> list[Node]:
    """Read `x=1, y=2; x=3, y=4`, also with "or", as (1, 2), (3, 4); leave all else."""
    has_groups = {";", ","} <= set(separators) or {"or", ","} == set(separators)
    if not has_groups or not all(equation.name == "=" for equation in equations):
        return list(equations)
    groups = [[equations[0]]]
    for separator, equation in zip(separators, equations[1:], strict=True):
        if separator in (";", "or"):
            groups.append([])
        groups[-1].append(equation)
    values = [named_values(group) for group in groups]
    return [Node("tuple", value) for value in values if value] if None not in values else list(equations)


def value_of_named(relation: Node, *, is_gold: bool) -> Node | None:
    """Return what an equation says its name is worth, if its left side is a name and no other value is stated.

    Args:
        is_gold: this is a gold answer, which is not doubted and may be the equation of a curve.
    """
    operators, sides = relation.name.split(), list(relation.args)
    if "~" in operators:
        cut = operators.index("~")
        if cut == 0 and is_name(sides[0]):
            operators[0], cut = "=", 1
        if set(operators[cut:]) - {"~"} or not (is_gold or _are_approximations(sides[cut], sides[cut + 1 :])):
            return None
        operators, sides = operators[:cut], sides[: cut + 1]
    if not operators:
        return sides[0]
    if set(operators) != {"="}:
        return None
    if len(sides) == 2 and not variables(sides[0]) and _is_plain(sides[1]):
        sides.reverse()
    if not (is_name(sides[0]) or is_expression_of_several(relation, is_gold=is_gold)):
        return sides[0] if _is_one_number(sides) else None
    names = variables(sides[-1])
    stated = [value for value in sides[1:-1] if variables(value) <= names]
    return sides[-1] if all(is_same_scalar(sides[-1], value) for value in stated) else None


def _is_plain(node: Node) -> bool:
    head = head_of(node)
    return node.kind == "var" and head is not None and not head.marks


def _are_approximations(value: Node, others: Sequence[Node]) -> bool:
    """Return whether numbers round a value, to what digits they show or to half a percent."""
    exact, *rounded = (node.args[0] if node.kind in _MEASURED else node for node in (value, *others))
    if any(variables(node) for node in (exact, *rounded)):
        return False
    return all(_is_close(inexact(evaluate(exact, {})), node) for node in rounded)


def _is_close(exact: Value, rounded: Node) -> bool:
    digits = decimal_digits(Fraction(rounded.value)) if rounded.kind == "num" else None
    allowed = 10.0**-digits.decimals if digits and digits.decimals else 0.5
    return bool(abs(exact - inexact(evaluate(rounded, {}))) <= max(1.001 * allowed, abs(exact) / 200))


def _is_one_number(sides: Sequence[Node]) -> bool:
    """Return whether this is one number in several forms, as in 3/4 = 0.75."""
    is_number = len(set(sides)) == len(sides) and not any(variables(side) for side in sides)
    return is_number and all(is_same_scalar(sides[0], side) for side in sides[1:])


def without_working(relation: Node, *, is_gold: bool) -> Node:
    """Write `x = 1 + 1 = 2` as `x = 2`."""
    operators = relation.name.split()
    if len(operators) > 1 and set(operators) <= {"=", "~"} and is_name(relation.args[0]):
        value = value_of_named(relation, is_gold=is_gold)
        return Node("relation", (relation.args[0], value), "=") if value else relation
    return relation


def with_function_first(equation: Node) -> Node:
    """Write z = f(z) as f(z) = z."""
    is_turned = is_function(equation.args[1]) and not is_function(equation.args[0])
    return equation._replace(args=equation.args[::-1]) if is_turned else equation


def with_ratio_of(equation: Node, other: Node) -> Node:
    """Write y : x = 4 : 3 as x : y = 3 : 4 where the other equation is written so."""
    names, wanted = equation.args[0].args, other.args[0].args
    is_ratio = all(side.kind == "ratio" for side in (*equation.args, other.args[0]))
    if not is_ratio or len(set(names)) < len(equation.args[1].args) or set(names) != set(wanted):
        return equation
    values = dict(zip(names, equation.args[1].args, strict=True))
    ordered = Node("ratio", tuple(values[name] for name in wanted))
    return equation._replace(args=(other.args[0], ordered))


def with_argument_of(equation: Node, other: Node) -> Node:
    """Write f(t) = t² as f(x) = x² where the other equation is about f(x)."""
    heads = equation.args[0], other.args[0]
    if any(head.kind != "mul" or not is_function(head) or head.args[1].kind != "var" for head in heads):
        return equation
    if heads[0].args[0] != heads[1].args[0]:
        return equation
    old, new = (head.args[1].name for head in heads)
    if new in variables(equation) or old not in variables(equation.args[1]):
        return equation
    return _renamed(equation, old, new)


def _renamed(node: Node, old: str, new: str) -> Node:
    if node.kind == "var" and node.name == old:
        return node._replace(name=new)
    return node._replace(args=tuple(_renamed(part, old, new) for part in node.args))


def difference(relation: Node) -> Node:
    """Return the left side minus the right side."""
    return Node("add", (relation.args[0], Node("neg", (relation.args[1],))))
