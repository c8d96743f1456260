"""Values of Python's library beside the plain ones, as the codec writes and reads them: numbers, dates, ranges, views.

    ["q", 1, 2]   Fraction(1, 2)         ["m", "1.50"]   Decimal("1.50")         ["r", 0, 10, 2]   range(0, 10, 2)
    ["e", "date", "2024-02-29"]   date, datetime or time in ISO format      ["e", "timedelta", days, seconds, micro]

Views of dictionaries are written as sets, numbers of SymPy as those of Python. Covered: values that take long to read,
compare or go through: numbers have at most `MAX_DIGITS` digits, exponents are as small, ranges are bounded; larger ones
stay where they are. Fractions and decimals are keys of no table.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

MAX_DIGITS = 4000
_MAX_LENGTH = 100_000
_MAX_BITS = 13_000
_VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.items()))
_DATES = ("date", "datetime", "time")


def plain_equal(value: Any) -> Any:
    """Return a plain value, or one of those above, that the value equals by its own rule; NotImplemented for others."""
    kind = type(value)
    if kind in _VIEWS:
        return _plain_of_view(value)
    if kind.__module__ == "numpy":
        return _plain_of_numpy(value)
    if kind.__module__.startswith("sympy."):
        return _plain_of_sympy(value)
    return NotImplemented


def _plain_of_view(value: Any) -> Any:
    try:
        return set(value)
    except TypeError:  # items with values that cannot be hashed
        return NotImplemented


def _plain_of_numpy(value: Any) -> Any:
    if getattr(value, "shape", None) != () or not hasattr(value, "item"):
        return NotImplemented
    item = value.item()
    if type(item).__module__ != "numpy":
        return item
    return float(item) if item == float(item) else NotImplemented  # a long double has no counterpart


def _plain_of_sympy(value: Any) -> Any:
    if getattr(value, "is_Boolean", False):
        return bool(value)
    if getattr(value, "is_Integer", False):
        return int(value)
    if getattr(value, "is_Rational", False):
        return sys.modules["fractions"].Fraction(int(value.p), int(value.q))
    if getattr(value, "is_Float", False):
        return float(value) if value == float(value) else NotImplemented
    return NotImplemented


def tagged(value: Any) -> list[Any] | None:
    """Return the tag and the parts of a value of the library; None for any other, or one that is too large."""
    kind = type(value)
    if kind is range:
        return ["r", value.start, value.stop, value.step] if _is_short(value) else None
    if kind.__module__ == "fractions" and kind.__name__ == "Fraction":
        parts = [value.numerator, value.denominator]
        return ["q", *parts] if all(abs(part).bit_length() <= _MAX_BITS for part in parts) else None
    if kind.__module__ == "decimal" and kind.__name__ == "Decimal":
        return ["m", str(value)] if _is_small(value) else None
    if kind.__module__ == "datetime" and kind.__name__ in _DATES:
        return ["e", kind.__name__, value.isoformat()]
    if kind.__module__ == "datetime" and kind.__name__ == "timedelta":
        return ["e", "timedelta", value.days, value.seconds, value.microseconds]
    return None


def read(tag: str, parts: list[Any]) -> Any:
    """Return the value of a tag and its parts, which nobody has checked.

    Raises:
        ValueError: no such value, or one that is too large; so do TypeError and OverflowError.
    """
    if tag == "r":
        return _checked(range(*_integers(parts, 3)), _is_short)
    if tag == "q":
        from fractions import Fraction

        numerator, denominator = _integers(parts, 2)
        if denominator <= 0 or max(numerator.bit_length(), denominator.bit_length()) > _MAX_BITS:
            raise ValueError("a fraction that is none, or too large")
        return Fraction(numerator, denominator)
    if tag == "m":
        return _read_decimal(*parts)
    return _read_date(*parts)


_PLAIN_KEYS = {int, float, str, bool, type(None), bytes}


def check_keys(keys: Sequence[Any]) -> None:
    """Refuse fractions and decimals as keys: where hashes are equal, comparing them, with huge integers too, is slow.

    Raises:
        ValueError: there is one among the keys, or within them.
    """
    for key in keys:
        kind = type(key)
        if kind in _PLAIN_KEYS:
            continue
        if kind is tuple or kind is frozenset:
            check_keys(tuple(key))
        elif kind.__name__ in ("Fraction", "Decimal"):
            raise ValueError("a fraction or a decimal as a key")


def _read_decimal(text: Any) -> Any:
    from decimal import Decimal, InvalidOperation

    if type(text) is not str or len(text) > 2 * MAX_DIGITS:
        raise ValueError("a decimal that is none, or too large")
    try:
        return _checked(Decimal(text), _is_small)
    except InvalidOperation as error:
        raise ValueError("a decimal that is none") from error


def _read_date(name: Any, *parts: Any) -> Any:
    import datetime

    if name == "timedelta":
        days, seconds, microseconds = _integers(list(parts), 3)
        return datetime.timedelta(days, seconds, microseconds)
    (text,) = parts
    if name not in _DATES or type(text) is not str or len(text) > 100:
        raise ValueError("a date that is none")
    return getattr(datetime, name).fromisoformat(text)


def _integers(parts: list[Any], number: int) -> list[int]:
    if len(parts) != number or any(type(part) is not int for part in parts):
        raise ValueError(f"{number} integers expected")
    return parts


def _checked(value: Any, is_good: Any) -> Any:
    if not is_good(value):
        raise ValueError("a value that is too large")
    return value


def _is_short(value: Any) -> bool:
    return not value[_MAX_LENGTH:]


def _is_small(value: Any) -> bool:
    """Return whether a decimal, which is no signalling NaN, has few digits and a small exponent."""
    _, digits, exponent = value.as_tuple()
    is_finite = isinstance(exponent, int)
    return (is_finite and len(digits) <= MAX_DIGITS and abs(exponent) <= MAX_DIGITS) or (
        not is_finite and exponent in ("F", "n") and len(digits) <= 1
    )
