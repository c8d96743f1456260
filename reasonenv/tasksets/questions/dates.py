"""Questions about dates, weekdays, ages and leap years."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import people
from reasonenv.tasksets.questions.problems import choice_of, number_question, short_question, yes_no_question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import MONTHS, WEEKDAYS, written_date


def _day(rng: Rng) -> date:
    return date(1900, 3, 1) + timedelta(days=integer(rng, 0, 54_000))


def _shifted_date(rng: Rng) -> Problem:
    start, days = _day(rng), integer(rng, 3, 120)
    is_later = bool(rng.integers(0, 2))
    end = start + timedelta(days=days if is_later else -days)
    side = "after" if is_later else "before"
    prompt = f"Which date is {days} days {side} {written_date(start)}? Give day, month and year."
    month_days = calendar.monthrange(start.year, start.month)[1]
    solution = f"{MONTHS[start.month - 1]} {start.year} has {month_days} days.\nCounting on gives {written_date(end)}"
    return short_question(prompt, written_date(end), solution)


def _weekday(rng: Rng) -> Problem:
    start, days = _day(rng), integer(rng, 10, 400)
    end = start + timedelta(days=days)
    answer = WEEKDAYS[end.weekday()]
    wrong = several_of(rng, [name for name in WEEKDAYS if name != answer], 3)
    prompt = f"{written_date(start)} was a {WEEKDAYS[start.weekday()]}. Which day of the week was it {days} days later?"
    return choice_of(rng, prompt, answer, wrong, f"{days} = {days // 7} * 7 + {days % 7}, so it was a {answer}")


def _age(rng: Rng) -> Problem:
    born, name = _day(rng), people(rng, 1)[0]
    then = born + timedelta(days=integer(rng, 2_000, 30_000))
    had_birthday = (then.month, then.day) >= (born.month, born.day)
    age = then.year - born.year - (not had_birthday)
    prompt = f"{name} was born on {written_date(born)}. How old was {name} on {written_date(then)}, in whole years?"
    solution = f"The birthday had {'' if had_birthday else 'not '}come yet that year, so the age was {age}"
    return number_question(prompt, age, solution)


def _leap_year(rng: Rng) -> Problem:
    year = one_of(rng, (integer(rng, 16, 99) * 100, integer(rng, 396, 1500) * 4, integer(rng, 1583, 6000)))
    is_leap = calendar.isleap(year)
    prompt = f"Is {year} a leap year of the Gregorian calendar? Answer yes or no."
    return yes_no_question(prompt, is_leap, f"February {year} has {28 + is_leap} days")


def _iso_date(rng: Rng) -> Problem:
    day = _day(rng)
    prompt = f"Write the date {written_date(day)} in the form year-month-day, with two digits for month and day."
    return short_question(prompt, day.isoformat(), f"The month is {day.month:02d}")


qa_dates = family_of_kinds("qa_dates", "question answering", _shifted_date, _weekday, _age, _leap_year, _iso_date)
