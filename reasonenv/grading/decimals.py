"""The digits of decimals: one of many digits stands for the number that it rounds, in every grader."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

__all__ = ["MIN_DECIMAL_DIGITS", "DecimalDigits", "decimal_digits"]

MIN_DECIMAL_DIGITS = 10
"""A decimal stands for a number that it rounds, not equals, if it has at least this many significant digits."""


class DecimalDigits(NamedTuple):
    """How a number is written as a decimal: `DecimalDigits(3, 2, True)` for 1.25."""

    significant: int
    decimals: int
    is_exact: bool
    """Whether the number is a decimal; False for 1/3."""


def decimal_digits(value: Fraction) -> DecimalDigits:
    """Count the digits of a number, up to the last decimal that a factor 2 or 5 of its denominator takes."""
    twos, fives = _exponent(value.denominator, 2), _exponent(value.denominator, 5)
    decimals = max(twos, fives)
    significant = len(str(abs(value.numerator * 10**decimals // value.denominator)))
    return DecimalDigits(significant, decimals, value.denominator == 2**twos * 5**fives)


def _exponent(number: int, prime: int) -> int:
    count = 0
    while number % prime == 0:
        number, count = number // prime, count + 1
    return count
