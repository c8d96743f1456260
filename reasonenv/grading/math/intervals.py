"""Subsets of the real line: intervals, unions, conditions and finite sets, read as pieces of the line.

Pieces that touch are joined before they are compared, so that a union equals what it adds up to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reasonenv.grading.math.evaluation import Value, evaluate, inexact, variables
from reasonenv.grading.math.nodes import Node, UnreadableError, number
from reasonenv.grading.math.numeric import same_values

INEQUALITIES = frozenset(["<", "<=", ">", ">=", "!="])
_SUBSETS = frozenset(["interval", "tuple", "set", "reals", "relation", "union", "intersection", "minus"])
_INFINITY = Node("const", (), "inf")
_MINUS_INFINITY = Node("neg", (_INFINITY,))


class Piece(NamedTuple):
    """An interval: `Piece(number(0), number(1), True, False)` for [0, 1)."""

    low: Node
    high: Node
    has_low: bool
    has_high: bool


def pieces(node: Node) -> list[Piece] | None:
    """Read a subset of the line; None for what is none."""
    kind, args = node.kind, node.args
    if kind == "interval" or (kind == "tuple" and len(args) == 2):
        brackets = node.name or "()"
        return [Piece(args[0], args[1], brackets[0] == "[", brackets[1] == "]")]
    if kind == "set":
        return [Piece(point, point, True, True) for point in args]
    if kind == "reals":
        return [Piece(_MINUS_INFINITY, _INFINITY, False, False)]
    if kind == "relation":
        return _condition(node)
    if kind == "list" and len(frozenset[str]().union(*(variables(part) for part in args))) > 1:
        return None
    if kind in ("union", "list"):
        parts = [pieces(part) for part in args]
        found = [piece for part in parts if part is not None for piece in part]
        if None in parts:
            return None
        common = _common_conditions(node) if kind == "list" else None
        is_strict = node.name in ("and", "land") and all(part.kind == "relation" for part in args)
        return common if is_strict else common or found
    if kind == "intersection":
        return _common(*(pieces(part) for part in args))
    return _common(pieces(args[0]), _complement(_removed(args[1]))) if kind == "minus" else None


def _condition(node: Node) -> list[Piece] | None:
    operators = node.name.split()
    if operators == ["in"]:
        return pieces(node.args[1])
    sides = list(node.args)
    distance = next((side for side in sides if side.kind == "call" and side.name == "abs"), None)
    if distance is not None:
        return _mirrored(
            _condition(node._replace(args=tuple(distance.args[0] if side == distance else side for side in sides)))
        )
    if operators[0] in (">", ">=") or (len(sides) == 2 and sides[1].kind == "var" and operators[0] != "!="):
        sides.reverse()
        operators = [{">": "<", ">=": "<=", "<": ">", "<=": ">="}.get(sign, sign) for sign in reversed(operators)]
    if len(sides) == 2 and not variables(sides[1]) and sides[0].kind == "var":
        return _ray(operators[0], sides[1])
    if len(sides) == 2 and not variables(sides[0]) and sides[1].kind == "var":
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        return _ray(mirrored.get(operators[0], operators[0]), sides[0])
    is_between = len(sides) == 3 and sides[1].kind in ("var", "mul") and set(operators) <= {"<", "<="}
    if not is_between or variables(sides[0]) or variables(sides[2]) or not _is_name(sides[1]):
        return None
    return [Piece(sides[0], sides[2], operators[0] == "<=", operators[1] == "<=")]


def _is_name(node: Node) -> bool:
    """Return whether this is x, or f(x)."""
    return node.kind == "var" or (node.kind == "mul" and all(part.kind == "var" for part in node.args))


def _mirrored(parts: list[Piece] | None) -> list[Piece] | None:
    """Return where |x| is within a subset: its part from 0 on, and the mirror image of that."""
    positive = _common(parts, [Piece(number(0), _INFINITY, True, False)])
    if positive is None:
        return None
    mirror = [Piece(_negative(piece.high), _negative(piece.low), piece.has_high, piece.has_low) for piece in positive]
    return positive + mirror


def _negative(end: Node) -> Node:
    return end.args[0] if end.kind == "neg" else Node("neg", (end,))


def _common_conditions(conditions: Node) -> list[Piece]:
    """Return where all conditions hold; conditions without a common point, such as `x<1, x>3`, are alternatives."""
    if "or" in conditions.name or any(part.kind != "relation" for part in conditions.args):
        return []
    common = pieces(conditions.args[0])
    for part in conditions.args[1:]:
        common = _common(common, pieces(part))
    return [piece for piece in common or [] if not _is_empty(piece)]


def _is_empty(piece: Piece) -> bool:
    low, high = _end(piece.low), _end(piece.high)
    return low > high or (_same_end(low, high) and not (piece.has_low and piece.has_high))


def has_no_points(node: Node) -> bool:
    """Return whether an interval has its ends the wrong way round: (3, -5) is a point and not the empty set."""
    if node.kind == "tuple" and len(node.args) == 2:
        return _is_empty(Piece(*node.args, False, False))
    if node.kind == "interval":
        return _end(node.args[0]) > _end(node.args[1])
    return node.kind in ("list", "union", "intersection", "minus") and any(map(has_no_points, node.args))


def _ray(operator: str, bound: Node) -> list[Piece] | None:
    if operator in ("<", "<="):
        return [Piece(_MINUS_INFINITY, bound, False, operator == "<=")]
    if operator in (">", ">="):
        return [Piece(bound, _INFINITY, operator == ">=", False)]
    if operator == "!=":
        return [Piece(_MINUS_INFINITY, bound, False, False), Piece(bound, _INFINITY, False, False)]
    return None


def _common(lefts: list[Piece] | None, rights: list[Piece] | None) -> list[Piece] | None:
    if lefts is None or rights is None:
        return None
    common: list[Piece] = []
    for left in lefts:
        for right in rights:
            low = max(left, right, key=lambda piece: (_end(piece.low), not piece.has_low))
            high = min(left, right, key=lambda piece: (_end(piece.high), piece.has_high))
            if _end(low.low) <= _end(high.high):
                common.append(Piece(low.low, high.high, low.has_low, high.has_high))
    return common


def _removed(node: Node) -> list[Piece] | None:
    """Read what is taken away: a subset, or a bare point or points."""
    points = node.args if node.kind == "list" else (node,)
    is_bare = (
        node.kind not in _SUBSETS
        and not variables(node)
        and not any(point.kind in ("relation", "text") for point in points)
    )
    return pieces(Node("set", points) if is_bare else node)


def _complement(parts: list[Piece] | None) -> list[Piece] | None:
    """Return the rest of the line."""
    rest: list[Piece] | None = None if parts is None else [Piece(_MINUS_INFINITY, _INFINITY, False, False)]
    for part in parts or ():
        below = Piece(_MINUS_INFINITY, part.low, False, not part.has_low)
        rest = _common(rest, [below, Piece(part.high, _INFINITY, not part.has_high, False)])
    return rest


def same_pieces(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Return whether two subsets are equal.

    Raises:
        UnreadableError: an end is not a real number.
        UndefinedError: an end has no value.
    """
    lefts, rights = _joined(left), _joined(right)
    return len(lefts) == len(rights) and all(
        _same_end(one[0], other[0]) and _same_end(one[1], other[1]) and one[2:] == other[2:]
        for one, other in zip(lefts, rights, strict=True)
    )


def _joined(parts: Sequence[Piece]) -> list[tuple[Value, Value, bool, bool]]:
    spans = sorted(
        ((_end(part.low), _end(part.high), part.has_low, part.has_high) for part in parts),
        key=lambda span: (span[0], not span[2]),
    )
    spans = [span for span in spans if span[0] < span[1] or (span[0] == span[1] and span[2] and span[3])]
    joined = spans[:1]
    for span in spans[1:]:
        low, high, has_low, has_high = joined[-1]
        if span[0] < high or (_same_end(span[0], high) and (span[2] or has_high)):
            if span[1] > high:
                high, has_high = span[1], span[3]
            elif _same_end(span[1], high):
                has_high = has_high or span[3]
            joined[-1] = (low, high, has_low, has_high)
        else:
            joined.append(span)
    return joined


def _end(node: Node) -> Value:
    if node == _INFINITY:
        return float("inf")
    if node == _MINUS_INFINITY:
        return float("-inf")
    if variables(node):
        raise UnreadableError("an interval with a variable end")
    value = evaluate(node, {}, is_real=True)
    if value.imag:
        raise UnreadableError("an interval with a complex end")
    return value if isinstance(value, int) else inexact(value.real)  # a Fraction and an mpf have no order


def _same_end(left: Value, right: Value) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return left == right
    return same_values(left, right)
