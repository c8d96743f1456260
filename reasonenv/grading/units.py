"""Units of measurement: what their names mean, and the names that only answers to questions are read by.

A unit that no table knows, such as "apples", is a dimension of its own.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

__all__ = ["CURRENCIES", "MEASURES", "UNIT_NAMES", "Unit", "is_unit_word", "read_unit"]


class Unit(NamedTuple):
    """A unit as a multiple of its dimension's base: `Unit((("length", 1),), Fraction(1, 100))` for cm."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction


class _Row(NamedTuple):
    dimension: str
    factor: str
    """How many of the dimension's base the unit is."""
    names: str
    """Names by which every grader knows it; none where the dimension's name is the unit's only one."""
    names_in_questions: str = ""
    """Names that are too ambiguous in a formula, each after a comma: "t", "°", "分"."""


_TABLE = (
    _Row("length", "1", "m meter metre", "米, メートル, 미터"),
    _Row("length", "1000", "km kilometer kilometre", "公里, 千米, キロメートル, キロ, 킬로미터"),
    _Row("length", "1/100", "cm centimeter centimetre", "厘米, センチメートル"),
    _Row("length", "1/1000", "mm millimeter", "毫米"),
    _Row("length", "127/5000", "in inch inches", '"'),
    _Row("length", "381/1250", "ft foot feet", "'"),
    _Row("length", "1143/1250", "yd yard"),
    _Row("length", "201168/125", "mi mile"),
    _Row("time", "1", "s sec second", "秒, 초"),
    _Row("time", "60", "min minute", "分钟, 分, 분"),
    _Row("time", "3600", "h hr hour", "小时, 時間, 시간"),
    _Row("time", "86400", "day", "天, 日"),
    _Row("time", "604800", "week"),
    _Row("time", "1/1000", "ms millisecond"),
    _Row("mass", "1", "g gram gm", "克, グラム"),
    _Row("mass", "1000", "kg kilogram", "公斤, 千克, キログラム, 킬로그램"),
    _Row("mass", "1/1000", "mg milligram"),
    _Row("mass", "45359237/100000", "lb pound"),
    _Row("mass", "45359237/1600000", "oz ounce"),
    _Row("mass", "1000000", "ton", "t, tonne, tonnes, metric ton, metric tons"),
    _Row("volume", "1", "l liter litre", "升"),
    _Row("volume", "1/1000", "ml milliliter"),
    _Row("us volume", "4", "gallon gal"),
    _Row("us volume", "1", "quart qt"),
    _Row("us volume", "1/2", "pint"),
    _Row("us volume", "1/4", "cup"),
    _Row("money", "1", "dollar usd buck"),
    _Row("money", "1/100", "cent"),
    _Row("force", "1", "n newton"),
    _Row("energy", "1", "j joule"),
    _Row("power", "1", "w watt"),
    _Row("voltage", "1", "v volt"),
    _Row("speed", "1", "mph"),
    _Row("angle", "1", "degree deg", "°, 度"),
    _Row("rad", "1", "radian rad"),
    _Row("month", "1", "month"),
    _Row("month", "12", "year yr", "yo, 年"),
    _Row("centigrade", "1", "", "°c, c, degrees celsius, degree celsius, degrees centigrade, degrees c, 摄氏度"),
    _Row("fahrenheit", "1", "", "°f, f, degrees fahrenheit, degree fahrenheit, degrees f"),
    _Row("kelvin", "1", "", "k"),
    _Row("terabyte", "1", "", "tb"),
    _Row("gigabyte", "1", "", "gb"),
    _Row("megabyte", "1", "", "mb"),
    _Row("kilobyte", "1", "", "kb"),
    _Row("kilowatt", "1", "", "kw"),
    _Row("hertz", "1", "", "hz"),
    _Row("km per hour", "1", "", "kph, kmh, kmph"),
)
_UNITS = {name: (row.dimension, Fraction(row.factor)) for row in _TABLE for name in row.names.split()}

UNIT_NAMES = {
    name: (row.names.split() or [row.dimension])[0]
    for row in _TABLE
    for name in row.names_in_questions.split(", ")
    if name
}
"""Name of a unit in an answer to a question → a name that `read_unit` knows, or tells from others."""

_MEASURE_WORDS = """
length time mass volume money angle month centigrade fahrenheit kelvin euro gbp yen yuan rupee won ruble aud cad hkd nzd
chf gigabyte megabyte kilobyte terabyte kilowatt hertz speed acre hectare pascal calorie kilocalorie ampere ohm decibel
byte bit knot
"""
MEASURES = frozenset(_MEASURE_WORDS.split())
"""Dimensions that a question must have answered in, as against names of what is counted."""

CURRENCIES = {
    sign: name
    for name, signs in {
        "dollar": "$, us$, usd, us dollar, us dollars, 美元",
        "aud": "a$",
        "cad": "c$",
        "hkd": "hk$",
        "nzd": "nz$",
        "euro": "€, eur, euro, euros, 欧元",
        "gbp": "£, gbp, pounds sterling",
        "yen": "¥, jpy, 円, 日元",
        "yuan": "cny, rmb, 元, 人民币",
        "rupee": "₹, rs, inr",
        "won": "₩",
        "ruble": "₽",
        "chf": "chf",
    }.items()
    for sign in signs.split(", ")
}
"""Sign, code or name of a currency in an answer to a question → the name that stands for it."""

_WORD = re.compile(r"([a-z$%°]+)(?:\^(-?\d))?")
_PREFIX_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_SUFFIX_POWERS = {"squared": 2, "cubed": 3}
_EMPTY = frozenset(["of", "the", "a", "in", "about", "approximately", "total", "each"])


def is_unit_word(word: str) -> bool:
    """Return whether a word is the name of a measure rather than a product of letters."""
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
