"""The equality of two scalars, by their values at random points.

Covered: expressions in variables are equal if they agree at points: rationals first, where a wrong agreement of
rational functions has a chance of degree / number of points at each (Schwartz-Zippel), else to 38 of 50 digits. A
difference that is small but not zero shows itself at a higher precision, where a zero shrinks.

The generator is not seeded, on purpose: each process draws its points from the system's entropy, so that no answer
can be made that agrees at the points alone. Two processes may therefore differ in a verdict, with the chance above.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import cycle
from typing import Any

from reasonenv.grading.math.evaluation import DIGITS, Value, context_of, evaluate, quotient, variables
from reasonenv.grading.math.nodes import Node, OverBudgetError, UndefinedError, walk

_MORE_DIGITS = 120
_AGREEMENT = 1e-38
_NUM_POINTS = 5
_NUM_ENOUGH = 4
_NUM_TRIALS = 24
_NUM_INTEGER_POINTS = 16
"""So many that numbers of every remainder are among them: (-1)^n is 1 at each second one."""
_MAX_SIGN_NAMES = 15
"""Signs are told apart among so many names and one; eight points do, and the rest is left to chance."""
_MAX_FAR_EXPONENT = 12
_WHOLE_NAMES = frozenset("klmnKLMN")
"""Names of whole numbers, by custom, where something is rounded."""
_random = random.Random()


def same_values(left: Value, right: Value) -> bool:
    """Return whether two values agree, exactly or to nearly all digits."""
    if isinstance(left, int | Fraction) and isinstance(right, int | Fraction):
        return left == right
    context = context_of(DIGITS)
    left, right = _plain(context, left), _plain(context, right)
    return bool(abs(left - right) <= _AGREEMENT * max(abs(left), abs(right)))


def _plain(context: Any, value: Value) -> Value:
    return context.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else context.convert(value)


@dataclass(frozen=True, eq=False)
class _Point:
    """Values of variables, told apart from other points by identity."""

    values: Mapping[str, Value]


def _value(node: Node, point: _Point, *, is_real: bool, digits: int = DIGITS) -> Value:
    outcome = _outcome(node, point, is_real, digits)
    if isinstance(outcome, UndefinedError | OverBudgetError):
        raise type(outcome)(*outcome.args)
    return outcome


@lru_cache(maxsize=16384)
def _outcome(node: Node, point: _Point, is_real: bool, digits: int) -> Value:
    """Evaluate, once for the elements of a set and for a gold answer that comes again with each answer of a group."""
    try:
        return evaluate(node, point.values, digits=digits, is_real=is_real)
    except (UndefinedError, OverBudgetError) as error:
        return error.with_traceback(None)


def _is_same_at(left: Node, right: Node, point: _Point, is_real: bool) -> bool:
    values = [_value(node, point, is_real=is_real) for node in (left, right)]
    if same_values(*values):
        return bool(point.values) or _is_exact(values) or _is_same_constant(left, right, point)
    if _is_exact(values) or not _difference(*values) < 1e-25:
        return False
    # Close, but not relative to their size: a true zero shrinks with the precision, a small number does not.
    more = [_value(node, point, digits=_MORE_DIGITS, is_real=is_real) for node in (left, right)]
    coarse, fine = _difference(*values), _difference(*more, digits=_MORE_DIGITS)
    return bool(fine <= coarse * context_of(_MORE_DIGITS).mpf(10) ** -40) and coarse < 1e-40


def _is_same_constant(left: Node, right: Node, point: _Point) -> bool:
    """Return whether constants agree to so many digits that none was made to agree to fewer, as 5 + e^{-200} was."""
    values = [_value(node, point, digits=_MORE_DIGITS, is_real=False) for node in (left, right)]
    size = max(abs(_plain(context_of(_MORE_DIGITS), value)) for value in values)
    return bool(_difference(*values, digits=_MORE_DIGITS) <= 1e-100 * size)


def _is_exact(values: Sequence[Value]) -> bool:
    return all(isinstance(value, int | Fraction) for value in values)


def _difference(left: Value, right: Value, *, digits: int = DIGITS) -> Value:
    context = context_of(digits)
    return abs(_plain(context, left) - _plain(context, right))


@lru_cache(maxsize=256)
def _points(names: frozenset[str], kind: str) -> Sequence[_Point]:
    if not names:
        return [_Point({})]
    if kind == "whole":
        return [
            _Point(
                {
                    name: (-1 if trial % 4 == 0 else 1) * _random.randint(1, 10 ** (1 + trial % 6))
                    for name in sorted(names)
                }
            )
            for trial in range(2 * _NUM_TRIALS)
        ]
    if kind == "real":
        return [_Point(values) for values in _real_points(sorted(names))]
    num_points = _NUM_INTEGER_POINTS if kind == "integer" else _NUM_POINTS
    return [_Point({name: _coordinate(kind) for name in sorted(names)}) for _ in range(num_points)]


def _real_points(names: Sequence[str]) -> list[dict[str, Value]]:
    """Draw points of every sign first, because |x| is x at positive points and ⌈x⌉ is 1 at small ones."""
    patterns = _sign_patterns(len(names))
    patterns += [[_random.random() < 0.6 for _ in names] for _ in range(_NUM_TRIALS - len(patterns))]
    return [
        {name: _size(scale) if is_positive else -_size(scale) for name, is_positive in zip(names, signs, strict=True)}
        for signs, scale in zip(patterns, cycle((9, 3, 1, 27)))
    ]


def _sign_patterns(num_names: int) -> list[list[bool]]:
    """Return signs in which each name, and each pair of names, is of both kinds, as the digits of an index are."""
    patterns = [[False] * num_names, [True] * num_names]
    for bit in range(min(num_names - 1, _MAX_SIGN_NAMES).bit_length()):
        digits = [bool(index >> bit & 1) for index in range(num_names)]
        patterns += [digits, [not digit for digit in digits]]
    return patterns


def _size(scale: int) -> Fraction:
    return Fraction(_random.randint(1 << 18, 1 << 20) * scale, 1 << 20)


def _coordinate(kind: str) -> Value:
    if kind == "integer":
        return _random.randint(3, 40)
    return complex(_random.uniform(0.2, 2), _random.uniform(0.2, 2))


def is_same_scalar(left: Node, right: Node) -> bool | None:
    """Return whether two scalars are equal wherever both are defined; None if they have a value at too few points.

    Raises:
        OverBudgetError: a magnitude is over budget.
        UnreadableError: one is no scalar.
    """
    if left == right:
        return True
    names = variables(left) | variables(right)
    try:
        return _is_same_function(left, right, names)
    except OverBudgetError:
        if (left.kind, left.name, len(left.args)) != (right.kind, right.name, len(right.args)) or not left.args:
            raise
        if all(is_same_scalar(part, other) for part, other in zip(left.args, right.args, strict=True)):
            return True
        raise


def _is_same_function(left: Node, right: Node, names: frozenset[str]) -> bool | None:
    if not names:
        return bool(_compare_at(left, right, _points(names, "complex"), is_real=False, num_needed=1))
    if names <= _WHOLE_NAMES and (_is_rounded(left) or _is_rounded(right)):
        return _compare_at(left, right, _points(names, "whole"), is_real=True, num_needed=_NUM_TRIALS)
    for kind in ("real", "integer", "complex"):
        verdict = _compare_at(
            left,
            right,
            _points(names, kind),
            is_real=kind != "complex",
            num_needed=_num_needed(kind, names),
        )
        if verdict and (_has_pieces(left) or _has_pieces(right)):
            return _is_same_far_away(left, right, names)
        if verdict is not None:
            return verdict
    points = _points(names, "complex")
    return None if _is_defined(left, points) == _is_defined(right, points) else False


def _num_needed(kind: str, names: frozenset[str]) -> int:
    if kind == "real":
        return max(_NUM_POINTS, len(_sign_patterns(len(names))))
    return _NUM_INTEGER_POINTS if kind == "integer" else _NUM_ENOUGH


def _is_rounded(node: Node) -> bool:
    return any(part.kind == "call" and part.name in ("floor", "ceil") for part in walk(node))


def _has_pieces(node: Node) -> bool:
    """Return whether a scalar may be one function here and another one there."""
    return any(part.kind == "call" and part.name in ("abs", "floor", "ceil", "max", "min") for part in walk(node))


def _is_same_far_away(left: Node, right: Node, names: frozenset[str]) -> bool:
    for exponent in range(2, _MAX_FAR_EXPONENT):
        for sign in (1, -1):
            point = _Point({name: sign * _size(10**exponent) for name in names})
            with contextlib.suppress(UndefinedError, OverBudgetError):
                if not _is_same_at(left, right, point, is_real=True):
                    return False
    return True


def _is_defined(node: Node, points: Sequence[_Point]) -> bool:
    """Return whether a scalar has a value at one of the points."""
    for point in points:
        with contextlib.suppress(UndefinedError, OverBudgetError):
            _value(node, point, is_real=False)
            return True
    return False


def _compare_at(left: Node, right: Node, points: Sequence[_Point], *, is_real: bool, num_needed: int) -> bool | None:
    num_agreeing, num_over_budget = 0, 0
    for point in points:
        try:
            if not _is_same_at(left, right, point, is_real):
                return False
        except UndefinedError:
            continue
        except OverBudgetError:
            num_over_budget += 1
            continue
        num_agreeing += 1
        if num_agreeing == num_needed:
            return True
    if num_agreeing >= _NUM_ENOUGH and isinstance(next(iter(points[0].values.values()), None), int):
        return True
    if num_over_budget == len(points):
        raise OverBudgetError("a magnitude that is too large at every point")
    return None


def is_proportional(left: Node, right: Node) -> int | None:
    """Return the sign of the constant that `right` is times `left`, 0 if there is none, None if undecided."""
    names = variables(left) | variables(right)
    ratios: list[Value] = []
    for kind in ("real", "complex"):
        for point in _points(names, kind):
            try:
                values = [_value(node, point, is_real=kind == "real") for node in (left, right)]
            except (UndefinedError, OverBudgetError):
                continue
            if not all(values):
                if any(values) or names:
                    return 0
                continue
            ratios.append(quotient(values[1], values[0]))
            if not same_values(ratios[0], ratios[-1]):
                return 0
            if len(ratios) == (max(_NUM_POINTS, len(_sign_patterns(len(names)))) if names else 1):
                return _sign_of(ratios[0])
    return None


def _sign_of(ratio: Value) -> int:
    return 1 if ratio.real > 0 else -1
