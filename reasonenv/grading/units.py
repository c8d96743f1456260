"""Units of measurement: what their names mean, and the names that only answers to questions are read by.

A unit that no table knows, such as "apples", is a dimension of its own. Symbols are told apart by their case: mW is no
MW.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "CURRENCIES",
    "MEASURES",
    "UNIT_NAMES",
    "Unit",
    "is_glued_unit",
    "is_known",
    "is_unit_word",
    "read_chinese",
    "read_unit",
]


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
    _Row("length", "1/1000", "mm millimeter millimetre", "毫米"),
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
    _Row("power", "1000", "kilowatt", "kw"),
    _Row("hertz", "1", "", "hz"),
    _Row("km per hour", "1", "", "kph, kmh, kmph"),
)
_UNITS = {name: (row.dimension, Fraction(row.factor)) for row in _TABLE for name in row.names.split()}

_PREFIXES = {
    "G": ("giga", Fraction(10**9)), "M": ("mega", Fraction(10**6)), "k": ("kilo", Fraction(1000)),
    "m": ("milli", Fraction(1, 1000)), "μ": ("micro", Fraction(1, 10**6)), "µ": ("micro", Fraction(1, 10**6)),
    "n": ("nano", Fraction(1, 10**9)),
}  # fmt: skip
_PREFIXED = {
    "m": ("length", "meter", "kmμµn"), "g": ("mass", "gram", "kmμµ"), "s": ("time", "second", "mμµn"),
    "L": ("volume", "liter", "mμµ"), "N": ("force", "newton", "MkmG"), "J": ("energy", "joule", "GMkm"),
    "W": ("power", "watt", "GMkmμ"), "V": ("voltage", "volt", "Mkmμ"), "A": ("ampere", "ampere", "kmμµ"),
    "Pa": ("pascal", "pascal", "GMk"), "Hz": ("hertz", "hertz", "GMk"), "T": ("tesla", "tesla", "mμ"),
    "C": ("coulomb", "coulomb", "mμn"), "F": ("farad", "farad", "mμn"), "Ω": ("ohm", "ohm", "Mkm"),
    "eV": ("electronvolt", "electronvolt", "GMk"), "mol": ("mole", "mole", "km"), "K": ("kelvin", "kelvin", "m"),
    "cal": ("calorie", "calorie", "k"), "bit": ("bit", "bit", "kMG"), "byte": ("byte", "byte", "kMG"),
}  # fmt: skip
"""Symbol → dimension, name, and the prefixes that it is used with."""
_SYMBOLS = {
    prefix + symbol: (dimension, _PREFIXES[prefix][1] if prefix else Fraction(1))
    for symbol, (dimension, _, prefixes) in _PREFIXED.items()
    for prefix in ("", *prefixes)
}
_SYMBOLS |= {"cm": _UNITS["cm"], "dm": ("length", Fraction(1, 10)), "cL": ("volume", Fraction(1, 100))}
_SYMBOLS |= {"kWh": ("energy", Fraction(3_600_000)), "Omega": ("ohm", Fraction(1)), "rpm": ("rpm", Fraction(1))}
_PREFIXED_NAMES = {
    _PREFIXES[prefix][0] + name: (dimension, _PREFIXES[prefix][1])
    for dimension, name, prefixes in _PREFIXED.values()
    for prefix in prefixes
    if name not in ("byte", "bit")
}
_UNITS = _PREFIXED_NAMES | {name: (dimension, Fraction(1)) for dimension, name, _ in _PREFIXED.values()} | _UNITS
_DIMENSIONS = frozenset(row.dimension for row in _TABLE if row.names and row.dimension not in row.names.split())
"""Names that stand for a dimension, and so for no unit: 5 times is no time."""
_UNITS |= {"amp": ("ampere", Fraction(1)), "decimeter": ("length", Fraction(1, 10)), "decade": ("month", Fraction(120))}
_UNITS |= {"century": ("month", Fraction(1200)), "mole": ("mole", Fraction(1)), "gram": ("mass", Fraction(1))}

UNIT_NAMES = {
    name: (row.names.split() or [row.dimension])[0]
    for row in _TABLE
    for name in row.names_in_questions.split(", ")
    if name
}
"""Name of a unit in an answer to a question → a name that `read_unit` knows, or tells from others."""

_MEASURE_WORDS = """
length time mass volume money angle month centigrade fahrenheit kelvin euro gbp yen yuan rupee won ruble aud cad hkd nzd
chf gigabyte megabyte kilobyte terabyte power hertz speed acre hectare pascal calorie kilocalorie ampere ohm decibel
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

_ABSTRACT = frozenset("length time mass volume money speed power centigrade".split())
_OWN_NAMES = (MEASURES - _ABSTRACT) | frozenset(
    "euro pound penny pence peso franc unit celsius fahrenheit centigrade mile °c °f".split()
)
"""Names that are units of a dimension of their own."""
_GLUED = frozenset("cm mm km dm kg ml mL ft in yd lb lbs oz min sec hr hrs mph kph Hz kHz MHz".split())
"""Symbols that are read as units also directly behind a number, where other letters are a product: 12cm, but 2mg."""

_CHINESE = {
    name: UNIT_NAMES[name] for name in UNIT_NAMES if not name.isascii() and name not in ("天", "°c", "°f", "°")
} | {name: unit for name, unit in CURRENCIES.items() if len(name) > 0 and name[0] > "\u2e80"}
_CHINESE |= {
    "平方": "square", "立方": "cubic", "每": "per", "分米": "decimeter", "吨": "ton", "噸": "ton", "毫升": "ml", "年": "year",
    "英里": "mile", "英尺": "foot", "英寸": "inch", "磅": "pound", "月": "month", "个月": "month", "周": "week", "星期": "week",
    "天": "day", "日": "day", "日間": "day", "時": "hour", "时": "hour", "分鐘": "minute", "分間": "minute", "秒間": "second",
    "秒钟": "second", "美分": "cent", "块": "yuan", "块钱": "yuan", "角": "jiao", "分钱": "fen", "度": "degree", "欧元": "euro",
    "원": "won", "센티미터": "cm", "세제곱": "cubic", "제곱": "square", "㎡": "square m", "牛": "newton", "焦": "joule",
    "瓦": "watt", "千瓦": "kilowatt", "伏": "volt", "安": "ampere", "欧": "ohm", "単位": "unit", "单位": "unit", "/": "per",
}  # fmt: skip
_CHINESE_WORD = re.compile("|".join(sorted(map(re.escape, _CHINESE), key=len, reverse=True)))
_UNCOUNTED = "个個名位只隻本册冊匹つ명개通り"
"""Counters that say nothing but that something is counted."""

_CYRILLIC = dict(
    zip(
        "см мм км м кг г л с мин ч час часа часов минут минуты секунд рублей руб рубля градусов".split(),
        "cm mm km m kg g l s minute hour hour hour hour minute minute second ruble ruble ruble degree".split(),
        strict=True,
    )
)
_WORD = re.compile(r"([^\W\d_]+|[$%°])(?:\^(-?\d))?")
_KNOWN_WORD = re.compile(r"([^\W\d_]+|°[CFcf])(?:\^(-?[1-4]))?")
_TEMPERATURE = re.compile(r"(?:\bdeg(?:rees?)?\s+|°\s?)(celsius|centigrade|c|fahrenheit|f)\b", re.I)
_PREFIX_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_SUFFIX_POWERS = {"squared": 2, "cubed": 3}
_EMPTY = frozenset(
    "of the a an in about approximately total each all altogether left remaining more such old tall long wide high deep".split()
)
_TAILS = frozenset("each old tall long wide high deep left remaining altogether".split())


def is_unit_word(word: str) -> bool:
    """Return whether a word is the name of a measure rather than a product of letters."""
    return word in _SYMBOLS or word.lower() in _UNITS


def is_glued_unit(word: str) -> bool:
    """Return whether letters directly behind a number are a unit rather than a product: 12cm, but 2mg."""
    return word in _GLUED


def read_chinese(phrase: str) -> str | None:
    """Return the English names of units in Chinese, Japanese or Korean; None where a part of the phrase is none.

    >>> read_chinese("平方厘米"), read_chinese("元"), read_chinese("苹果")
    ('square cm', 'yuan', None)
    """
    phrase = phrase.lstrip(_UNCOUNTED) if phrase not in _CHINESE else phrase
    found = _CHINESE_WORD.findall(phrase)
    return " ".join(_CHINESE[part] for part in found) if sum(map(len, found)) == len(phrase) else None


@lru_cache(maxsize=2048)
def is_known(phrase: str) -> bool:
    """Return whether a phrase is made of units that the tables know, and says something by itself.

    >>> [is_known(phrase) for phrase in ("km/h", "square feet", "5", "squared", "apples")]
    [True, True, False, False, False]
    """
    words = [] if phrase.lower() == "per cent" else _english(phrase).split()
    while words and words[-1].lower() in _TAILS:
        words.pop()
    has_unit = is_behind_power = is_behind_per = False
    for word in words:
        lowered = word.lower().rstrip(".")
        if lowered in ("per", "a", "an") and not is_behind_per:
            is_behind_per = True
        elif lowered in _PREFIX_POWERS and not is_behind_power:
            is_behind_power = True
        elif lowered in _SUFFIX_POWERS and has_unit and not is_behind_per:
            continue
        elif _is_known_word(word.rstrip("."), is_alone=len(words) == 1):
            has_unit, is_behind_power, is_behind_per = True, False, False
        else:
            return False
    return has_unit and not is_behind_power and not is_behind_per


def _is_known_word(word: str, *, is_alone: bool) -> bool:
    found = _KNOWN_WORD.fullmatch(word)
    if found is None:
        return False
    word = found[1]
    names = {word.lower(), word.lower().removesuffix("s"), word.lower().removesuffix("es")}
    if word not in _SYMBOLS and names.isdisjoint(_OWN_NAMES) and names.isdisjoint(_UNITS):
        return False
    return not (is_alone and found[2]) or _meaning(word)[0] in ("length", "unit")


@lru_cache(maxsize=1024)
def read_unit(phrase: str) -> Unit:
    """Return what a phrase measures in.

    >>> read_unit("km per hour") == read_unit("km/h")
    True
    """
    english = _english(phrase)
    words = _WORD.findall(english)
    powers: dict[str, int] = {}
    factor, sign, power = Fraction(1), 1, 1
    for index, (word, exponent) in enumerate(words):
        lowered = word.lower()
        following = words[index + 1][0] if index + 1 < len(words) else ""
        is_rate = lowered in ("a", "an") and word == lowered and bool(powers) and is_unit_word(following)
        if lowered == "per" or is_rate:
            sign = -1
            continue
        if lowered in _PREFIX_POWERS:
            power = _PREFIX_POWERS[lowered]
            continue
        is_preposition = lowered == "in" and index > 0 and following not in ("", "per")
        name, scale = ("", Fraction(1)) if is_preposition and power == 1 else _meaning(word)
        if lowered in _SUFFIX_POWERS:
            factor, powers = (
                factor ** _SUFFIX_POWERS[lowered],
                {key: n * _SUFFIX_POWERS[lowered] for key, n in powers.items()},
            )
        elif name:
            total = sign * power * int(exponent or 1)
            factor *= scale**total
            powers[name] = powers.get(name, 0) + total
        power = 1
    if not powers and sign == 1 and english.strip():
        powers[english.lower().strip()] = 1
    return Unit(tuple(sorted((name, count) for name, count in powers.items() if count)), factor)


def _english(phrase: str) -> str:
    """Write a phrase with English names and "per"."""
    if not phrase.isascii():
        phrase = " ".join(_translated(word) for word in phrase.split())
    phrase = phrase.replace(".", " ").replace("/", " per ").replace("·", " ")
    if "mph" in phrase.lower():
        phrase = re.sub("mph", "mile per hour", phrase, flags=re.I)
    return _TEMPERATURE.sub(lambda found: "centigrade" if found[1][0] in "cC" else "fahrenheit", phrase)


def _translated(word: str) -> str:
    if word in _UNCOUNTED:
        return ""
    return "/".join(_CYRILLIC.get(part) or read_chinese(part) or part for part in word.split("/"))


def _meaning(word: str) -> tuple[str, Fraction]:
    if word in _SYMBOLS:
        return _SYMBOLS[word]
    word = word.lower()
    for name in (word, word.removesuffix("s"), word.removesuffix("es")):
        if name in _UNITS:
            return _UNITS[name]
    if word in ("celsius", "°c"):
        return "centigrade", Fraction(1)
    singular = f"{word[:-3]}y" if word.endswith("ies") and len(word) > 4 else word.removesuffix("s")
    if singular in _DIMENSIONS:
        return f"{singular} counted", Fraction(1)
    return ("", Fraction(1)) if singular in _EMPTY or word in _SUFFIX_POWERS else (singular, Fraction(1))
