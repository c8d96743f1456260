"""Units of measurement.

Lives here: what a unit's name means. Does not: comparing quantities (`compare`).

The one decision: a unit that no table knows, such as "apples", is a dimension of its own.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Unit", "is_unit_word", "read_unit"]


class Unit(NamedTuple):
    """A unit as a multiple of its dimension's base: `Unit((("length", 1),), Fraction(1, 100))` for cm."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction


_TABLE = {
    "length": "m meter metre=1; km kilometer kilometre=1000; cm centimeter centimetre=1/100; mm millimeter=1/1000; "
    "in inch inches=127/5000; ft foot feet=381/1250; yd yard=1143/1250; mi mile=201168/125",
    "time": "s sec second=1; min minute=60; h hr hour=3600; day=86400; week=604800; ms millisecond=1/1000",
    "mass": "g gram=1; kg kilogram=1000; mg milligram=1/1000; lb pound=45359237/100000; oz ounce=45359237/1600000; "
    "gm=1; ton=1000000",
    "volume": "l liter litre=1; ml milliliter=1/1000",
    "money": "dollar usd buck=1; cent=1/100",
    "us volume": "gallon gal=4; quart qt=1; pint=1/2; cup=1/4",
    "force": "n newton=1",
    "energy": "j joule=1",
    "power": "w watt=1",
    "voltage": "v volt=1",
    "speed": "mph=1",
    "angle": "degree deg=1; radian rad=rad",
    "month": "month=1; year yr=12",
}
_WORD = re.compile(r"([a-z$%°]+)(?:\^(-?\d))?")
_PREFIX_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_SUFFIX_POWERS = {"squared": 2, "cubed": 3}
_EMPTY = frozenset(["of", "the", "a", "in", "about", "approximately", "total", "each"])


def _table() -> dict[str, tuple[str, Fraction]]:
    units: dict[str, tuple[str, Fraction]] = {}
    for dimension, rows in _TABLE.items():
        for row in rows.split(";"):
            names, _, factor = row.partition("=")
            meaning = (factor, Fraction(1)) if factor.isalpha() else (dimension, Fraction(factor))
            units.update(dict.fromkeys(names.split(), meaning))
    return units


_UNITS = _table()


def is_unit_word(word: str) -> bool:
    """Is this the name of a measure rather than a product of letters?"""
    return word.lower() in _UNITS


@lru_cache(maxsize=1024)
def read_unit(phrase: str) -> Unit:
    """Return what a phrase measures in.

    >>> read_unit("km per hour") == read_unit("km/h")
    True
    """
    words = phrase.lower().replace(".", " ").replace("/", " per ").replace("mph", "mile per hour")
    powers: dict[str, int] = {}
    factor, sign, power = Fraction(1), 1, 1
    for word, exponent in _WORD.findall(words):
        if word == "per":
            sign = -1
            continue
        if word in _PREFIX_POWERS:
            power = _PREFIX_POWERS[word]
            continue
        name, scale = _meaning(word)
        if word in _SUFFIX_POWERS:
            factor, powers = (
                factor ** _SUFFIX_POWERS[word],
                {key: n * _SUFFIX_POWERS[word] for key, n in powers.items()},
            )
        elif name:
            total = sign * power * int(exponent or 1)
            factor *= scale**total
            powers[name] = powers.get(name, 0) + total
        power = 1
    if not powers and sign == 1:
        powers[words.strip()] = 1
    return Unit(tuple(sorted((name, count) for name, count in powers.items() if count)), factor)


def _meaning(word: str) -> tuple[str, Fraction]:
    for name in (word, word.removesuffix("s"), word.removesuffix("es")):
        if name in _UNITS:
            return _UNITS[name]
    singular = word.removesuffix("s")
    return ("", Fraction(1)) if singular in _EMPTY or word in _SUFFIX_POWERS else (singular, Fraction(1))
