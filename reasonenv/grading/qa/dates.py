"""Dates and times of day as they compare: "July 20, 1969", "20/7/1969" and "1969-07-20" are one date.

What two orders of day and month read differently, 05/06/1999, is no date but a text. Between points the day is first.

Covered: day, month and year in the orders in use, month names of eight languages, Chinese, Japanese and Korean dates,
24- and 12-hour times. Not covered: years of two digits, eras, time zones.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from reasonenv.grading.qa.text import fold
from reasonenv.grading.qa.vocabulary import MONTHS, ORDINALS

_MAX_CHARS = 60
_DIGIT = re.compile(r"\d")


class CalendarDate(NamedTuple):
    """A date, or as much of one as was said: `CalendarDate(None, 7, 20)` for July 20."""

    year: int | None
    month: int | None
    day: int | None


_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?"
_YEAR = r"(?P<year>[12]\d{3})"
_OF = r"(?:\s+(?:of|de|del|di))?\s+"
_TENS_ORDINALS = {
    f"{tens}{mark}{word}": f"{first}{value}"
    for tens, first in (("twenty", 2), ("thirty", 3))
    for mark in "- "
    for value, word in enumerate(ORDINALS[:10])
}
_ORDINALS = {**{word: str(value) for value, word in enumerate(ORDINALS)}, **_TENS_ORDINALS, "thirtieth": "30"}
_ORDINAL = re.compile(r"\b(?:" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + r")\b")
_ISO = re.compile(r"(?P<year>[12]\d{3})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})")
_CJK = re.compile(r"(?P<year>\d{4})\s*[年년]\s*(?P<month>\d{1,2})\s*[月월](?:\s*(?P<day>\d{1,2})\s*[日号일])?")
_WORDS = (
    re.compile(rf"{_MONTH}\s*(?:the\s+)?{_DAY}(?:\s*,\s*|\s+(?:of\s+)?){_YEAR}"),
    re.compile(rf"(?:the\s+)?{_DAY}(?:{_OF}|-|/){_MONTH}(?:(?:\s+of|\s+de|\s+del)?\s*,?\s*|-|/){_YEAR}"),
    re.compile(rf"{_YEAR}\s*,?\s+{_MONTH}\s+{_DAY}"),
    re.compile(rf"{_MONTH}(?:(?:\s+of|\s+de)?\s*,?\s*){_YEAR}"),
    re.compile(rf"{_MONTH}\s*(?:the\s+)?{_DAY}"),
    re.compile(rf"(?:the\s+)?{_DAY}{_OF}{_MONTH}"),
)
_DIGITS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(?P<year>[12]\d{3})")
_AROUND = re.compile(r"^(?:on|in|the)\s+|^(?:am|le|el|il|em|op)\s+(?=\d)|[\s.,!。]+$|\s+(?:г|года|ad|ce)\.?$")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?\s*,?\s+(?=\S)")
_TIME = re.compile(
    r"(?:at\s+)?(\d{1,2})(?:[:.h]([0-5]\d)(?::([0-5]\d))?)?\s*(?:(a|p)\.?\s?m\.?|o'?clock|uhr|hrs?)?[\s.]*"
)
_MIDDAY = {"noon": 12 * 3600, "midday": 12 * 3600, "midnight": 0, "12 noon": 12 * 3600, "12 midnight": 0}


@lru_cache(maxsize=8192)
def read_date(text: str) -> CalendarDate | None:
    """Read a text that is one date and nothing else; None for any other, and for one that can be read two ways.

    >>> read_date("Sunday, 20th of July 1969") == read_date("1969年7月20日") == CalendarDate(1969, 7, 20)
    True
    >>> read_date("05/06/1999") is None
    True
    """
    if len(text) > _MAX_CHARS:
        return None
    has_ordinal = not _ORDINALS.keys().isdisjoint(text.casefold().split())
    if not has_ordinal and not _DIGIT.search(text):
        return None
    text = _AROUND.sub("", _AROUND.sub("", fold(text).strip()))
    if has_ordinal:
        text = _ORDINAL.sub(lambda found: _ORDINALS[found.group()], text)
    weekday = _WEEKDAY.match(text)
    if weekday:
        text = text[weekday.end() :]
    found = _read(text)
    if found is None or weekday is None:
        return found
    return found if _falls_on(found, weekday[1]) else None


@lru_cache(maxsize=8192)
def read_time(text: str) -> int | None:
    """Read a text that is one time of day; return its seconds since midnight.

    >>> read_time("3:30 p.m.") == read_time("15:30") == 55800
    True
    """
    if len(text) > _MAX_CHARS:
        return None
    text = fold(text).strip(" .")
    if text in _MIDDAY:
        return _MIDDAY[text]
    found = _TIME.fullmatch(text)
    if not found or not (found[2] or found[4] or "clock" in text or "uhr" in text):
        return None
    hour = int(found[1])
    if "." in text.partition(" ")[0] and not found[4] and "uhr" not in text:
        return None
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    is_past_midnight = hour > 24 or (hour == 24 and (int(found[2] or 0) or int(found[3] or 0)))
    return None if is_past_midnight else hour * 3600 + 60 * int(found[2] or 0) + int(found[3] or 0)


def _read(text: str) -> CalendarDate | None:
    for pattern in (_ISO, _CJK):
        if found := pattern.fullmatch(text):
            day = found["day"]
            return _valid(int(found["year"]), int(found["month"]), int(day) if day else None)
    if found := _DIGITS.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found["year"])
        return _valid(year, second, first) if found[2] == "." else _of_digits(first, second, year)
    if not text.islower():
        return None
    for pattern in _WORDS:
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            year, day = parts.get("year"), parts.get("day")
            return _valid(int(year) if year else None, MONTHS[found["month"]], int(day) if day else None)
    return None


def _of_digits(first: int, second: int, year: int) -> CalendarDate | None:
    """Read day and month in the only order in which they make a date, or where both are the same."""
    readings = {_valid(year, first, second), _valid(year, second, first)} - {None}
    return readings.pop() if len(readings) == 1 else None


def _valid(year: int | None, month: int, day: int | None) -> CalendarDate | None:
    try:
        date(2000 if year is None else year, month, 1 if day is None else day)
    except ValueError:
        return None
    return CalendarDate(year, month, day)


def _falls_on(found: CalendarDate, weekday: str) -> bool:
    if found.year is None or found.month is None or found.day is None:
        return False
    return _WEEKDAYS[date(found.year, found.month, found.day).weekday()] == weekday
