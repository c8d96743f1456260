r"""The family of dates: days of the week, and days between dates.

Lives here: what these problems are. Does not: seeds, splits and ids, which are those of every family (`procedural`).

The one decision: a date carries its year, so that leap years are part of the problem and nothing is left open.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.draws import integer
from reasonenv.tasksets.procedural import family_of_kinds

__all__ = ["dates"]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _weekday_after(rng: np.random.Generator) -> Problem:
    today, days, is_later = integer(rng, 0, 6), integer(rng, 8, 300), bool(rng.integers(0, 2))
    answer = _weekday(today + days if is_later else today - days)
    return Problem(
        prompt=f"Today is {_WEEKDAYS[today]}. Which day of the week "
        f"{f'will it be in {days} days' if is_later else f'was it {days} days ago'}?",
        answer=answer,
        solution=f"{days} = {days // 7} \\cdot 7 + {days % 7}\n"
        f"Counting {days % 7} {'on' if is_later else 'back'} from {_WEEKDAYS[today]} gives {answer}",
    )


def _days_between(rng: np.random.Generator) -> Problem:
    start = _date(rng)
    end = start + timedelta(days=integer(rng, 20, 330))
    days, steps = _count_days(start, end)
    return Problem(
        prompt=f"How many days after {_written(start)} is {_written(end)}?",
        answer=str(days),
        solution="\n".join(steps),
    )


def _weekday_of_date(rng: np.random.Generator) -> Problem:
    start = _date(rng)
    end = start + timedelta(days=integer(rng, 20, 330))
    days, steps = _count_days(start, end)
    today, answer = start.weekday(), _weekday(start.weekday() + days)
    return Problem(
        prompt=f"{_written(start)} is a {_WEEKDAYS[today]}. Which day of the week is {_written(end)}?",
        answer=answer,
        solution="\n".join(
            [
                *steps,
                f"{days} = {days // 7} \\cdot 7 + {days % 7}",
                f"Counting {days % 7} on from {_WEEKDAYS[today]} gives {answer}",
            ]
        ),
    )


def _date(rng: np.random.Generator) -> date:
    """Draw a day of the years 1990 to 2039."""
    return date(1990, 1, 1) + timedelta(days=integer(rng, 0, 18_261))


def _written(day: date) -> str:
    """Write a date.

    >>> _written(date(2024, 2, 29))
    'February 29, 2024'
    """
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _weekday(number: int) -> str:
    return f"\\text{{{_WEEKDAYS[number % 7]}}}"


def _count_days(start: date, end: date) -> tuple[int, list[str]]:
    """Count the days to a later date month by month, from the same day of one to that of the next."""
    first, steps, days = start.replace(day=1), list[str](), list[int]()
    while first < end.replace(day=1):
        following = (first + timedelta(days=31)).replace(day=1)
        days.append((following - first).days)
        steps.append(f"{_MONTHS[first.month - 1]} {first.year} has {days[-1]} days.")
        first = following
    total = sum(days) + end.day - start.day
    months = " + ".join(map(str, days)) or "0"
    return total, [*steps, f"The difference is {months} + {end.day} - {start.day} = {total}"]


dates = family_of_kinds("dates", "word problems", _weekday_after, _days_between, _weekday_of_date)
