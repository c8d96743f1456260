"""An answer rewritten the way the other side is written: logarithms, E for e, I for i, letters for vectors."""

from __future__ import annotations

import math

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.nodes import Node, number, walk


def with_decimal_logarithm(node: Node) -> Node:
    r"""Return a node whose `\log` without a base has base 10."""
    if not node.args:
        return node
    if node.kind == "call" and node.name == "log" and len(node.args) == 1:
        node = node._replace(name="lg")
    args = tuple(with_decimal_logarithm(part) for part in node.args)
    return node if args == node.args else node._replace(args=args)


def with_euler_number(node: Node, gold: Node) -> Node:
    """Return a node whose E is e where the gold answer has e and no E, as computer algebra prints it."""
    if not _has_constant(gold, "e") or "E" not in variables(node) or "E" in variables(gold) or _has_constant(node, "e"):
        return node
    return _with_constant(node, "E", Node("const", (), "e"))


def with_imaginary_unit(node: Node, gold: Node) -> Node:
    """Return a node whose I or j is i where the gold answer has i and neither, as programs print it."""
    if not _has_constant(gold, "i") or _has_constant(node, "i"):
        return node
    names = [name for name in ("I", "j") if name in variables(node)]
    if len(names) != 1 or names[0] in variables(gold):
        return node
    return _with_constant(node, names[0], Node("const", (), "i"))


def with_arrows(node: Node, other: Node) -> Node:
    r"""Return a node whose letters are vectors where the other side writes an arrow on them and this one on none."""
    arrows = {name.removeprefix("vec ") for name in variables(other) if name.startswith("vec ")}
    if not arrows or any(name.startswith("vec ") for name in variables(node)):
        return node
    for letters in arrows:
        node = _with_constant(node, letters, Node("var", (), f"vec {letters}"))
    return node


def _has_constant(node: Node, name: str) -> bool:
    return any(part.name == name for part in walk(node) if part.kind == "const")


def _with_constant(node: Node, name: str, constant: Node) -> Node:
    if node.kind in ("var", "const") and node.name == name:
        return constant
    return node._replace(args=tuple(_with_constant(part, name, constant) for part in node.args)) if node.args else node


def as_ratio(node: Node, other: Node) -> Node:
    """Read 7:32, which looks like a time of day, as a ratio: in lowest terms, or beside the same or another ratio."""
    hours, _, minutes = node.name.partition(":") if node.kind == "time" else ("", "", "")
    if not minutes.isdigit():
        return node
    parts = number(int(hours)), number(int(minutes))
    is_reduced = math.gcd(int(hours), int(minutes)) == 1
    is_beside_ratio = any(part.kind == "ratio" or (part.kind == "div" and part.args == parts) for part in walk(other))
    return Node("ratio", parts) if is_reduced or is_beside_ratio else node
