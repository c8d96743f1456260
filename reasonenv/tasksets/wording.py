"""How families write dates, decimals and enumerations, each in one way on every machine, whatever its locale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

__all__ = ["MONTHS", "WEEKDAYS", "decimal", "enumerated", "written_date"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def written_date(day: date) -> str:
    """Write a date with the name of its month, so that nobody has to guess the order of day and month.

    >>> written_date(date(2024, 2, 29))
    'February 29, 2024'
    """
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def decimal(value: Fraction) -> str:
    """Write a number ≥ 0 of at most 12 decimals.

    >>> decimal(Fraction(7, 2)), decimal(Fraction(1200)), decimal(Fraction(1, 1000))
    ('3.5', '1200', '0.001')
    """
    whole, rest = divmod(value * 10**12, 10**12)
    assert rest.denominator == 1, f"{value} has more than 12 decimals"
    return f"{whole}.{int(rest):012d}".rstrip("0").rstrip(".")


def enumerated(things: Sequence[str]) -> str:
    """Write `a, b and c`."""
    return f"{', '.join(things[:-1])} and {things[-1]}" if len(things) > 1 else "".join(things)
