"""The family of calendar questions: dates, weekdays, ages and leap years.

Lives here: what these problems are, and how a date is written. Does not: seeds, splits and ids
(`reasonenv.tasksets.procedural`), or days between dates, which is arithmetic (`reasonenv.tasksets.mathematics.dates`).

The one decision: a date is written with the name of its month, so that no order of day and month has to be guessed.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.draws import integer, one_of, several_of
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.worlds import choice_of, people, question
from reasonenv.types import QAReference

__all__ = ["qa_dates", "written"]


def written(day: date) -> str:
    """Write a date.

    >>> written(date(2024, 2, 29))
    'February 29, 2024'
    """
    return f"{calendar.month_name[day.month]} {day.day}, {day.year}"


def _day(rng: np.random.Generator) -> date:
    return date(1900, 3, 1) + timedelta(days=integer(rng, 0, 54_000))


def _shifted_date(rng: np.random.Generator) -> Problem:
    start, days = _day(rng), integer(rng, 3, 120)
    is_later = bool(rng.integers(0, 2))
    end = start + timedelta(days=days if is_later else -days)
    prompt = (
        f"Which date is {days} days {'after' if is_later else 'before'} {written(start)}? Give day, month and year."
    )
    month_days = calendar.monthrange(start.year, start.month)[1]
    solution = (
        f"{calendar.month_name[start.month]} {start.year} has {month_days} days.\nCounting on gives {written(end)}"
    )
    return question(prompt, QAReference(kind="short", answers=(written(end),)), solution)


def _weekday(rng: np.random.Generator) -> Problem:
    start, days = _day(rng), integer(rng, 10, 400)
    end = start + timedelta(days=days)
    names = list(calendar.day_name)
    answer = names[end.weekday()]
    wrong = several_of(rng, [name for name in names if name != answer], 3)
    prompt = f"{written(start)} was a {names[start.weekday()]}. Which day of the week was it {days} days later?"
    return choice_of(rng, prompt, answer, wrong, f"{days} = {days // 7} * 7 + {days % 7}, so it was a {answer}")


def _age(rng: np.random.Generator) -> Problem:
    born, name = _day(rng), people(rng, 1)[0]
    then = born + timedelta(days=integer(rng, 2_000, 30_000))
    had_birthday = (then.month, then.day) >= (born.month, born.day)
    age = then.year - born.year - (not had_birthday)
    prompt = f"{name} was born on {written(born)}. How old was {name} on {written(then)}, in whole years?"
    solution = f"The birthday had {'' if had_birthday else 'not '}come yet that year, so the age was {age}"
    return question(prompt, QAReference(kind="number", answers=(str(age),)), solution)


def _leap_year(rng: np.random.Generator) -> Problem:
    year = one_of(rng, (integer(rng, 16, 99) * 100, integer(rng, 396, 1500) * 4, integer(rng, 1583, 6000)))
    is_leap = calendar.isleap(year)
    prompt = f"Is {year} a leap year of the Gregorian calendar? Answer yes or no."
    return question(
        prompt,
        QAReference(kind="boolean", answers=("yes" if is_leap else "no",)),
        f"February {year} has {28 + is_leap} days",
    )


def _iso_date(rng: np.random.Generator) -> Problem:
    day = _day(rng)
    prompt = f"Write the date {written(day)} in the form year-month-day, with two digits for month and day."
    return question(prompt, QAReference(kind="short", answers=(day.isoformat(),)), f"The month is {day.month:02d}")


qa_dates = family_of_kinds("qa_dates", "question answering", _shifted_date, _weekday, _age, _leap_year, _iso_date)
