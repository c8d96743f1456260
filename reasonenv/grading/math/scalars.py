"""The equality of numbers, quantities and ratios: percent, units, ratios and decimals, by policy.

Units that measure different things make quantities differ, whatever their numbers.
"""

from __future__ import annotations

import re
from fractions import Fraction

from reasonenv.grading.decimals import DecimalDigits, decimal_digits
from reasonenv.grading.math.evaluation import evaluate, variables
from reasonenv.grading.math.nodes import Node, number, walk
from reasonenv.grading.math.numeric import is_same_scalar
from reasonenv.grading.math.policy import MathPolicy
from reasonenv.grading.units import MEASURES, Unit, read_unit

_FLOAT_DIGITS = 18
"""A float of 64 bits is never printed with more digits; a decimal with more was written on purpose."""
_PLAIN_NUMBER = re.compile(
    r"(-?)(?:([0-9]{1,40})(?:\.([0-9]{1,8})|/([1-9][0-9]{0,39}))?|\\[dt]?frac\{([0-9]{1,40})\}\{([1-9][0-9]{0,39})\})"
)


def equal_plain_numbers(gold: str, answer: str, policy: MathPolicy) -> bool | None:
    r"""Compare integers, fractions of integers and short decimals by their digits; None for all that needs reading.

    >>> equal_plain_numbers("1/2", r"\frac{3}{6}", MathPolicy()), equal_plain_numbers("0.5", "x", MathPolicy())
    (True, None)
    """
    left = _plain_ratio(gold, policy)
    right = _plain_ratio(answer, policy) if left else None
    return left[0] * right[1] == right[0] * left[1] if left and right else None


def _plain_ratio(text: str, policy: MathPolicy) -> tuple[int, int] | None:
    """Return numerator and denominator of a plain number; None for a decimal that might stand for one it rounds."""
    match = _PLAIN_NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals, denominator, numerator, denominator_below = match.groups()
    if decimals:
        if policy.rounds_to_gold or len(whole) + len(decimals) >= policy.min_decimal_digits:
            return None
        return int(sign + whole + decimals), 10 ** len(decimals)
    return int(sign + (whole or numerator)), int(denominator or denominator_below or 1)


def equal_scalars(left: Node, right: Node, policy: MathPolicy) -> bool | None:
    """Compare numbers, expressions, quantities and ratios; None where they could not be evaluated."""
    if _is_infinite(left) or _is_infinite(right):
        return False
    left, right = _hoisted(left), _hoisted(right)
    if left.kind == "ratio" or right.kind == "ratio":
        return _equal_ratios(left, right)
    left_unit, right_unit = _unit(left), _unit(right)
    if left_unit and right_unit:
        return _equal_quantities(left, left_unit, right, right_unit, policy)
    if left_unit or right_unit:
        if "degree" in (left_unit, right_unit) and _is_in_radians(left if right_unit else right):
            return is_same_scalar(left, right)
        if not policy.is_unit_optional or "percent" in (left.kind, right.kind):
            return False
        if "quantity" in {node.kind for node in (left, right) if not _unit(node)} and _is_measured(
            left_unit or right_unit
        ):
            return False
        numbers = [node.args[0] if _unit(node) else _bare(node) for node in (left, right)]
        return equal_scalars(numbers[0], numbers[1], policy)
    left, right = _bare(left), _bare(right)
    verdict = is_same_scalar(left, right)
    if verdict:
        return True
    if (left.kind == "percent") != (right.kind == "percent") and policy.is_percent_sign_optional:
        inner = [node.args[0] if node.kind == "percent" else node for node in (left, right)]
        is_single = all(node.kind != "percent" for node in inner)
        return is_single and is_same_scalar(*inner) and _is_more_than_one(inner[0])
    return True if _is_rounded(left, right, policy) else verdict


def _is_rounded(left: Node, right: Node, policy: MathPolicy) -> bool:
    """Return whether one is a decimal of many digits that rounds the other, or the gold answer rounds the other."""
    for decimal, other in ((left, right), (right, left)):
        digits = _decimal_digits(decimal)
        if digits is None or variables(other) or _decimal_digits(other):
            continue
        rounds_to_gold = policy.rounds_to_gold and decimal is left
        if rounds_to_gold or digits.significant >= policy.min_decimal_digits:
            unit = Fraction(1, 10**digits.decimals)
            margin = abs(evaluate(Node("add", (decimal, Node("neg", (other,)))), {}))
            is_float = digits.significant <= _FLOAT_DIGITS
            allowed = max(unit, abs(_float_error(decimal))) if is_float else unit
            return bool(margin < unit / 2 if rounds_to_gold else margin < 0.999 * float(allowed))
    return False


def _float_error(decimal: Node) -> Fraction:
    """Return how much of a number a float of 64 bits may be wrong by: such decimals have more digits than they know."""
    return Fraction(evaluate(decimal, {})) / 10**15


def _is_more_than_one(node: Node) -> bool:
    """Return whether this may be a percentage without its sign; up to 1, it is rather the share itself."""
    return not variables(node) and bool(abs(evaluate(node, {})) > 1)


def _is_in_radians(node: Node) -> bool:
    return any(part.name == "pi" for part in walk(node))


def _is_infinite(node: Node) -> bool:
    return node.name == "inf" or (node.kind == "neg" and node.args[0].name == "inf")


def _hoisted(node: Node) -> Node:
    """Write −(5%) as (−5)%."""
    if node.kind == "neg" and node.args[0].kind in ("percent", "degrees", "quantity"):
        inner = node.args[0]
        return inner._replace(args=(Node("neg", inner.args),))
    return node


def _unit(node: Node) -> str:
    if node.kind == "degrees":
        return "degree"
    unit = read_unit(node.name) if node.kind == "quantity" else None
    return node.name if unit and (unit.dimensions or unit.factor != 1) else ""


def _is_measured(unit: str) -> bool:
    """Return whether this is a unit of measurement, so that nobody counts in it, as `个` does."""
    return any(dimension in MEASURES for dimension, _ in read_unit(unit).dimensions)


def _bare(node: Node) -> Node:
    return node.args[0] if node.kind == "quantity" else node


def _equal_quantities(left: Node, left_unit: str, right: Node, right_unit: str, policy: MathPolicy) -> bool | None:
    if {left_unit.removesuffix("s"), right_unit.removesuffix("s")} == {"gbp", "pound"}:
        return equal_scalars(left.args[0], right.args[0], policy)
    units = read_unit(left_unit), read_unit(right_unit)
    if units[0].dimensions != units[1].dimensions:
        return False
    return equal_scalars(_scaled(left, units[0]), _scaled(right, units[1]), policy)


def _scaled(node: Node, unit: Unit) -> Node:
    return node.args[0] if unit.factor == 1 else Node("mul", (node.args[0], number(unit.factor)))


def _equal_ratios(left: Node, right: Node) -> bool | None:
    parts = [node.args if node.kind == "ratio" else (node, number(1)) for node in (left, right)]
    if len(parts[0]) != len(parts[1]):
        return False
    quotients = [[Node("div", (part, ratio[-1])) for part in ratio[:-1]] for ratio in parts]
    verdicts = [is_same_scalar(one, other) for one, other in zip(*quotients, strict=True)]
    return False if False in verdicts else None if None in verdicts else True


def _decimal_digits(node: Node) -> DecimalDigits | None:
    """Return the digits of a number that is not whole; None for other nodes."""
    while node.kind in ("neg", "percent"):
        node = node.args[0]
    value = node.value
    is_decimal = node.kind == "num" and isinstance(value, Fraction) and value.denominator != 1
    return decimal_digits(Fraction(value)) if is_decimal else None
