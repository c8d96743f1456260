"""Numerals as values: digits in every grouping, fractions, powers of ten, English number words, Chinese numerals.

A comma is a decimal comma only where it cannot group thousands: 3,5 and 0,125, but not 1,234.

Covered: 1,234.5 and 1.234,5, 1 234, 12,34,567, 1/2, 2 1/2, 1.5e6, 3 x 10^8, scales up to trillion, "twenty-one",
"two and a half", 三百二十一. Not covered: number words of other languages.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from reasonenv.grading.qa.vocabulary import CARDINALS

_MAX_DIGITS = 400
_MAX_EXPONENT = 400


class Numeral(NamedTuple):
    """A number and where the text goes on behind it: `Numeral(Fraction(5, 2), 3)` of "2.5 km"."""

    value: Fraction
    end: int


_DIGITS = re.compile(
    r"""
    (?P<english>[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?)(?![\d,])
    |(?P<indian>[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?)(?![\d,])
    |(?P<european>[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+|(?<=\.\d{3}\.\d{3})))(?![\d.,])
    |(?P<spaced>[1-9]\d{0,2}(?:[ '_]\d{3})+(?:[.,]\d+)?)(?![\d,])
    |(?P<comma>(?:0|[1-9]\d*),\d+)(?![\d,]|\.\d)
    |(?P<plain>\d+(?:\.\d+)?|\.\d+)
    """,
    re.X,
)
_OF_TEN = re.compile(r"\s*(?:[x×*]|\\times|\\cdot)\s*10\s*\^\s*\{?\(?([-+]?\d+)\)?\}?|e([-+]?\d+)(?![\w.])")
_POWER_OF_TEN = re.compile(r"10\s*\^\s*\{?\(?([-+]?\d+)\)?\}?")
_FRACTION = re.compile(r"\s*/\s*([1-9]\d*)(?![\d.,/]*\d)")
_MIXED = re.compile(r"\s+(?:and\s+)?(\d+)\s*/\s*([1-9]\d*)(?![\d/])")
_SCALE = re.compile(
    r"\s*(?:(hundred|thousand|million|billion|trillion|dozen|lakh|crore)s?\b|((?<=\d)k|mn|mln|bn|tn)\b|([十百千万萬亿億兆]+))"
)
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "lakh": 10**5, "crore": 10**7, "k": 1000, "mn": 10**6, "mln": 10**6, "bn": 10**9, "tn": 10**12,
    "十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12,
}  # fmt: skip

_ONES = {word: value for value, word in enumerate(CARDINALS[:20])}
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_WORD = re.compile(r"[\s-]*([a-z]+)")
_WORDS = frozenset((*_ONES, *_TENS, *_SCALES, "half", "a", "an", "and"))
NUMBER_WORDS = frozenset((*_ONES, *_TENS))
"""Words that start a number and are never a unit."""

NUMERAL_WORDS = NUMBER_WORDS | {"half", "dozen", "third", "quarter", "hundred", "thousand", "million", "billion"}
"""One of these is in every number that is written in words."""

_FIRST_WORDS = NUMERAL_WORDS - {"third", "quarter"} | {"a", "an"}

_CHINESE_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_CHINESE = re.compile(r"[零〇一二两兩三四五六七八九十百千万萬亿億]+(?:点[零〇一二三四五六七八九]+)?")


def read_numeral(text: str, start: int = 0) -> Numeral | None:
    """Read the number at a position of a folded text without its sign; None where none stands.

    >>> read_numeral("1,234.50 km")
    Numeral(value=Fraction(2469, 2), end=8)
    >>> read_numeral("two and a half years")
    Numeral(value=Fraction(5, 2), end=14)
    >>> read_numeral("007") is None
    True
    """
    found = _DIGITS.match(text, start)
    if found:
        return _of_digits(text, found)
    word = _WORD.match(text, start)
    if word and word[1] in _FIRST_WORDS:
        return _of_words(text, start)
    chinese = None if text.isascii() else _CHINESE.match(text, start)
    return Numeral(_chinese_value(chinese.group()), chinese.end()) if chinese else None


def _of_digits(text: str, found: re.Match[str]) -> Numeral | None:
    kind, digits, end = found.lastgroup, found.group(), found.end()
    if len(digits) > _MAX_DIGITS or (kind == "plain" and len(digits) > 1 and digits[0] == "0" and digits[1] != "."):
        return None
    power = _POWER_OF_TEN.match(text, found.start()) if digits == "10" else None
    if power and abs(int(power[1][:6])) <= _MAX_EXPONENT:
        return Numeral(Fraction(10) ** int(power[1]), power.end())
    if kind == "european":
        digits = digits.replace(".", "").replace(",", ".")
    elif kind == "comma":
        digits = digits.replace(",", ".")
    elif kind == "spaced":
        digits = re.sub(r"[ '_]", "", digits).replace(",", ".")
    return _continued(text, Fraction(digits.replace(",", "")), end, is_whole=digits.isdigit())


def _continued(text: str, value: Fraction, end: int, *, is_whole: bool) -> Numeral:
    """Read the fraction bar, power of ten or scale behind digits."""
    if end == len(text):
        return Numeral(value, end)
    mixed = _MIXED.match(text, end) if is_whole else None
    if mixed:
        return Numeral(value + Fraction(int(mixed[1]), int(mixed[2])), mixed.end())
    bar = _FRACTION.match(text, end) if is_whole else None
    if bar and len(bar[1]) <= _MAX_DIGITS:
        return Numeral(value / int(bar[1]), bar.end())
    if power := _OF_TEN.match(text, end):
        exponent = power[1] or power[2]
        if len(exponent) <= 5 and abs(int(exponent)) <= _MAX_EXPONENT:
            value, end = value * Fraction(10) ** int(exponent), power.end()
    return _scaled(text, value, end)


def _scaled(text: str, value: Fraction, end: int) -> Numeral:
    while scale := _SCALE.match(text, end):
        for name in (scale[1] or scale[2],) if scale[3] is None else scale[3]:
            value *= _SCALES[name]
        end = scale.end()
    return Numeral(value, end)


def _of_words(text: str, start: int) -> Numeral | None:
    """Read number words as long as they go on, an "and" or "a" only where a number follows."""
    words, ends = list[str](), list[int]()
    while (found := _WORD.match(text, ends[-1] if ends else start)) and (
        found[1] in _WORDS or found[1].removesuffix("s") in _PARTS or found[1].removesuffix("s") in _SCALES
    ):
        words.append(found[1])
        ends.append(found.end())
    for count in range(len(words), 0, -1):
        value = _words_value(words[:count])
        if value is not None:
            return Numeral(value, ends[count - 1])
    return None


def _words_value(words: list[str]) -> Fraction | None:
    if words[-1] in ("a", "an", "and") or words[0] == "and":
        return None
    part = _PARTS.get(words[-1].removesuffix("s"))
    if part is not None:
        return _with_part(words[:-1], part)
    total, current = 0, 0
    last_small = 1000
    for word in words:
        word = word if word in _WORDS else word.removesuffix("s")
        if word in _ONES or word in _TENS or word in ("a", "an"):
            small = _ONES[word] if word in _ONES else _TENS.get(word, 1)
            if (small >= 10 and last_small < 1000) or (small < 10 and last_small < 20):
                return None
            current, last_small = current + small, small
        elif word in ("hundred", "dozen"):
            current, last_small = (current or 1) * _SCALES[word], 1000
        elif word != "and":
            total, current, last_small = total + (current or 1) * _SCALES[word], 0, 1000
    return Fraction(total + current)


def _with_part(words: list[str], part: int) -> Fraction | None:
    """Read one third, two and a half, half."""
    if not words or words in (["a"], ["an"]):
        return Fraction(1, part)
    if "and" in words:
        split = len(words) - 1 - words[::-1].index("and")
        fraction = words[split + 1 :]
        whole, count = _words_value(words[:split]), _words_value(["one"] if fraction in ([], ["a"]) else fraction)
        return None if whole is None or count is None else whole + count / part
    count = _words_value(words)
    return None if count is None else count / part


def _chinese_value(text: str) -> Fraction:
    """Value of a Chinese numeral, positional ones such as 二〇二四 included."""
    whole, point, decimals = text.partition("点")
    if point:
        digits = "".join(str(_CHINESE_DIGITS[digit]) for digit in decimals)
        return _chinese_value(whole) + Fraction(int(digits), 10 ** len(digits))
    if len(whole) > 1 and all(digit in _CHINESE_DIGITS for digit in whole):
        return Fraction(int("".join(str(_CHINESE_DIGITS[digit]) for digit in whole)))
    total, section, digit = 0, 0, 0
    for character in whole:
        if character in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[character]
        elif character in _CHINESE_UNITS:
            section, digit = section + (digit or 1) * _CHINESE_UNITS[character], 0
        elif _CHINESE_LARGE[character] == 10**4:
            total, section, digit = total + ((section + digit) or 1) * 10**4, 0, 0
        else:
            total, section, digit = ((total + section + digit) or 1) * 10**8, 0, 0
    return Fraction(total + section + digit)
