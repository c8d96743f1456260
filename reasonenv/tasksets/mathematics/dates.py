"""Days of the week, and days between dates. Every date has its year, so that leap years are part of the problem."""

from __future__ import annotations

from datetime import date, timedelta

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer
from reasonenv.tasksets.wording import MONTHS, WEEKDAYS, written_date


def _weekday_after(rng: Rng) -> Problem:
    today, days, is_later = integer(rng, 0, 6), integer(rng, 8, 300), bool(rng.integers(0, 2))
    answer = _weekday(today + days if is_later else today - days)
    return computed(
        f"Today is {WEEKDAYS[today]}. Which day of the week "
        f"{f'will it be in {days} days' if is_later else f'was it {days} days ago'}?",
        answer,
        f"{days} = {days // 7} \\cdot 7 + {days % 7}",
        f"Counting {days % 7} {'on' if is_later else 'back'} from {WEEKDAYS[today]} gives {answer}",
    )


def _days_between(rng: Rng) -> Problem:
    start = _date(rng)
    end = start + timedelta(days=integer(rng, 20, 330))
    days, steps = _count_days(start, end)
    return computed(f"How many days after {written_date(start)} is {written_date(end)}?", str(days), *steps)


def _weekday_of_date(rng: Rng) -> Problem:
    start = _date(rng)
    end = start + timedelta(days=integer(rng, 20, 330))
    days, steps = _count_days(start, end)
    today, answer = start.weekday(), _weekday(start.weekday() + days)
    return computed(
        f"{written_date(start)} is a {WEEKDAYS[today]}. Which day of the week is {written_date(end)}?",
        answer,
        *steps,
        f"{days} = {days // 7} \\cdot 7 + {days % 7}",
        f"Counting {days % 7} on from {WEEKDAYS[today]} gives {answer}",
    )


def _date(rng: Rng) -> date:
    """Draw a day of the years 1990 to 2039."""
    return date(1990, 1, 1) + timedelta(days=integer(rng, 0, 18_261))


def _weekday(number: int) -> str:
    return f"\\text{{{WEEKDAYS[number % 7]}}}"


def _count_days(start: date, end: date) -> tuple[int, list[str]]:
    """Count the days to a later date month by month, from the same day of one to that of the next."""
    first, steps, days = start.replace(day=1), list[str](), list[int]()
    while first < end.replace(day=1):
        following = (first + timedelta(days=31)).replace(day=1)
        days.append((following - first).days)
        steps.append(f"{MONTHS[first.month - 1]} {first.year} has {days[-1]} days.")
        first = following
    total = sum(days) + end.day - start.day
    months = " + ".join(map(str, days)) or "0"
    return total, [*steps, f"The difference is {months} + {end.day} - {start.day} = {total}"]


dates = family_of_kinds("dates", "word problems", _weekday_after, _days_between, _weekday_of_date)
