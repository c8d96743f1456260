"""Programs on dates: moving through the calendar, and what to tell of the day that is reached.

Dates are text in ISO form, so that reading and writing them is part of the program.
"""

from __future__ import annotations

from datetime import date, timedelta

from reasonenv.tasksets.program_families import Operation, ProgramProblem, pipeline_problem, program_family
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import WEEKDAYS

_NEXT_MONTH = "(day.replace(day=1) + timedelta(days=32)).replace(day=1)"
_ADD_MONTHS = (
    "months = day.year * 12 + day.month - 1 {sign} {k}\nlast = monthrange(months // 12, months % 12 + 1)[1]\n"
    "day = date(months // 12, months % 12 + 1, min(day.day, last))"
)


def _steps(rng: Rng) -> tuple[Operation, ...]:
    """Return one step of each kind."""
    k, m, n, weekday = integer(rng, 2, 90), integer(rng, 2, 30), integer(rng, 2, 7), integer(rng, 0, 6)
    name, other = WEEKDAYS[weekday], (weekday + 1) % 7
    months = integer(rng, 1, 20)
    return (
        Operation(f"Go {k} days forward.", f"day += timedelta(days={k})", f"day += timedelta(days={k - 1})"),
        Operation(f"Go {m} days back.", f"day -= timedelta(days={m})", f"day += timedelta(days={m})"),
        Operation(
            f"Go forward to the next {name}; from a {name}, go a whole week.",
            f"day += timedelta(days=({weekday} - day.weekday() - 1) % 7 + 1)",
            f"day += timedelta(days=({weekday} - day.weekday()) % 7)",
        ),
        Operation(
            f"Go back to the last {name}; a {name} stays as it is.",
            f"day -= timedelta(days=(day.weekday() - {weekday}) % 7)",
            f"day -= timedelta(days=(day.weekday() - {other}) % 7)",
        ),
        Operation("Go to the first day of the next month.", f"day = {_NEXT_MONTH}", "day = day.replace(day=1)"),
        Operation(
            "Go to the last day of the month.",
            f"day = {_NEXT_MONTH} - timedelta(days=1)",
            "day = day.replace(day=28)",
        ),
        Operation(
            f"Go {months} {'month' if months == 1 else 'months'} forward, to the day with the same number, or to the "
            "last of the month if it has no such day.",
            _ADD_MONTHS.format(sign="+", k=months),
            _ADD_MONTHS.format(sign="+", k=months + 1),
        ),
        Operation(
            f"Go {n} working days forward: Saturdays and Sundays do not count.",
            f"for _ in range({n}):\n    day += timedelta(days=1)\n    while day.weekday() > 4:\n"
            "        day += timedelta(days=1)",
            f"day += timedelta(days={n})",
        ),
        Operation(
            "If the day of the month is odd, go to the next day.",
            "day += timedelta(days=day.day % 2)",
            "day += timedelta(days=1 - day.day % 2)",
        ),
        Operation(
            "Go to the same day and month of the next leap year after this year, or from February 29 to that of it.",
            "year = day.year + 1\nwhile not isleap(year):\n    year += 1\nday = day.replace(year=year)",
            "year = day.year\nwhile not isleap(year):\n    year += 1\nday = day.replace(year=year)",
        ),
    )


_RESULTS = (
    Operation("Return the date in the same form.", "return day.isoformat()", returns="str"),
    Operation("Return the date in the same form.", "return day.isoformat()", returns="str"),
    Operation(
        "Return the date in the form day.month.year, without leading zeros.",
        "return f'{day.day}.{day.month}.{day.year}'",
        "return day.strftime('%d.%m.%Y')",
        returns="str",
    ),
    Operation(
        "Return the number of the day within its year (January 1 is 1).",
        "return day.timetuple().tm_yday",
        "return day.timetuple().tm_yday - 1",
    ),
    Operation(
        "Return the number of days from the given date to this one, negative if it lies before.",
        "return (day - date.fromisoformat(text)).days",
        "return abs((day - date.fromisoformat(text)).days)",
    ),
    Operation(
        "Return the number of days that are left of its year after it.",
        "return (date(day.year, 12, 31) - day).days",
        "return 365 - day.timetuple().tm_yday",
    ),
    Operation(
        "Return the English name of the weekday, followed by a space and the number of the day within its month.",
        f"return {WEEKDAYS}[day.weekday()] + ' ' + str(day.day)",
        f"return {WEEKDAYS}[day.weekday()] + ' ' + str(day.month)",
        returns="str",
    ),
)
_IMPORTS = "from calendar import isleap, monthrange\nfrom datetime import date, timedelta\n\n\n"


def _draw_input(rng: Rng) -> tuple[str]:
    """Draw a day of the years 1990 to 2039; one in three is near the end of a month, half of those in February."""
    day = date(1990, 1, 1) + timedelta(days=integer(rng, 0, 18_261))
    kind = integer(rng, 0, 5)
    if kind == 0:
        day = day.replace(day=28) + timedelta(days=integer(rng, 0, 4))
    elif kind == 1:
        day = date(1992 + 4 * integer(rng, 0, 10), 2, 26) + timedelta(days=integer(rng, 0, 5))
    return (day.isoformat(),)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    steps = several_of(rng, _steps(rng), difficulty + 1)
    result = one_of(rng, _RESULTS)
    return pipeline_problem(
        "move(text: str)",
        " that takes a date such as '2024-02-29' (year-month-day) and does the following, in this order:",
        steps,
        result,
        _draw_input,
        setup=(Operation("", "day = date.fromisoformat(text)"),),
        imports=_IMPORTS,
    )


code_dates = program_family("code_dates", "dates", _generate)
