"""When an output counts as the expected one: the rules of `reasonenv.types.Comparison`, on the caller's side.

Values are compared with `==`, as the tests of HumanEval and MBPP do: `1 == 1.0 == True`, a list is no tuple; but a NaN
that is expected equals a NaN, for no answer could be right otherwise. Values that are not plain equal nothing. Under a
tolerance, too, a truth value equals only what `==` says, an infinity only the same infinity, and an integer that is
expected no other integer.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reasonenv.types import Comparison

__all__ = ["output_matches", "value_matches"]

_LONGEST_NUMBER = 400
_DECIMAL = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,14})")


def value_matches(comparison: Comparison, case_input: object, expected: object, actual: object) -> bool:
    """Return whether a returned value is right; `actual` is untrusted, but made of exact built-in types."""
    if comparison.judge is not None:
        return _said(comparison.judge(case_input, expected, actual))
    if actual == expected:
        return True
    return _is_close(comparison, expected, actual)


def output_matches(comparison: Comparison, case_input: str, expected: str, actual: str) -> bool:
    """Return whether printed text is right."""
    if comparison.judge is not None:
        return _said(comparison.judge(case_input, expected, actual))
    if comparison.whitespace == "exact" and not _has_tolerance(comparison):
        return actual == expected
    wanted, got = _lines(comparison, expected), _lines(comparison, actual)
    if wanted == got:
        return True
    if not _has_tolerance(comparison) or len(wanted) != len(got):
        return False
    return all(_tokens_match(comparison, *lines) for lines in zip(wanted, got, strict=True))


def _said(answer: object) -> bool:
    if answer is None:
        raise TypeError("a special judge returns True or False, but this one returned None")
    return bool(answer)


def _has_tolerance(comparison: Comparison) -> bool:
    return comparison.absolute_tolerance > 0 or comparison.relative_tolerance > 0


def _lines(comparison: Comparison, text: str) -> list[str]:
    if comparison.whitespace == "exact":
        return text.split("\n")
    if comparison.whitespace == "tokens":
        return [" ".join(text.split())]
    if comparison.whitespace == "lines":
        return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _tokens_match(comparison: Comparison, expected: str, actual: str) -> bool:
    if expected == actual:
        return True
    wanted, got = expected.split(), actual.split()
    return len(wanted) == len(got) and all(
        first == second or _numbers_match(comparison, first, second) for first, second in zip(wanted, got, strict=True)
    )


def _numbers_match(comparison: Comparison, expected: str, actual: str) -> bool:
    """Return whether numbers are close; one written without a point is the other only if that says the same."""
    if max(len(expected), len(actual)) > _LONGEST_NUMBER:
        return False
    if _DECIMAL.fullmatch(expected):
        is_number = _DECIMAL.fullmatch(actual) or _WHOLE.fullmatch(actual)
        return is_number is not None and _is_close(comparison, float(expected), float(actual))
    has_point = _WHOLE.fullmatch(expected) and _DECIMAL.fullmatch(actual)
    return has_point is not None and float(actual) == int(expected)


def _is_close(comparison: Comparison, expected: Any, actual: Any) -> bool:
    if isinstance(expected, list | tuple):
        return (
            type(expected) is type(actual)
            and len(expected) == len(actual)
            and all(_is_close(comparison, first, second) for first, second in zip(expected, actual, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and expected.keys() == actual.keys()
            and all(_is_close(comparison, value, actual[key]) for key, value in expected.items())
        )
    if actual == expected:
        return True
    are_integers = isinstance(expected, int) and isinstance(actual, int)
    return not are_integers and _is_number(expected) and _is_number(actual) and _is_near(comparison, expected, actual)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | complex | Fraction | Decimal) and not isinstance(value, bool)


def _is_near(comparison: Comparison, expected: Any, actual: Any) -> bool:
    try:
        wanted, got = complex(expected), complex(actual)
        if wanted != wanted:
            return got != got
        distance, size = abs(got - wanted), abs(wanted)
        bound = max(comparison.absolute_tolerance, comparison.relative_tolerance * size)
        return distance <= bound and 0.0 < bound != float("inf")
    except OverflowError:  # integers beyond the range of floats
        return False
