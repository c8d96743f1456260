"""Quantities as they compare: a value and the unit it is measured in.

A unit of the gold answer has to be said. One that only the answer has may be anything but a percent, because the
question has often named it. 50% is half, and not 50.

Covered: signs, currencies before and after, percent, compound quantities (2 hours 30 minutes), units in English and
the common ones in Chinese and Japanese. Not covered: offsets of scales (20 °C is not 68 °F), exchange rates.
"""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from reasonenv.grading.decimals import MIN_DECIMAL_DIGITS, decimal_digits
from reasonenv.grading.qa.numerals import NUMBER_WORDS, NUMERAL_WORDS, read_numeral
from reasonenv.grading.qa.text import fold
from reasonenv.grading.qa.vocabulary import CJK_COUNTERS
from reasonenv.grading.units import CURRENCIES, MEASURES, UNIT_NAMES, Unit, read_unit

_MAX_CHARS = 120

_APPROXIMATELY = re.compile(
    r"(?:(?:about|approximately|approx\.?|around|roughly|exactly|circa|ca\.|a total of|in total|equal to|equals)\s+"
    r"|[~≈=]\s*|约|大约|約|およそ)"
)
_CURRENCY = re.compile(r"(?:us|a|c|hk|nz)?\$|[€£¥₹₩₽]|(?:usd|eur|gbp|jpy|cny|rmb|inr|chf|rs)\b\.?")
_SIGN = re.compile(r"(?:(minus|negative)\s+|([-+]))\s*")
_PERCENT = re.compile(r"\s*(?:%|per\s?cent\b|pct\b)(?!\s*(?:point|age))")
_UNIT = re.compile(r"\s*-?\s*([^\W\d_][^\d^;:,!?()]*(?:\^-?\d[^\d;:,!?()]*)?|[°'\"$€£¥₹₩][a-z]?(?:\s*/\s*[a-z]+)?)?")
_NOT_A_UNIT = re.compile(
    r"\b(?:or|nor|not|to|but|and|maybe|perhaps|possibly|instead|rather|than|is|are|was|were|minus"
    r"|bce?|b\.c\.(?:e\.?)?|plus|times\s+\w|factorial|base|below|above|divided|multiplied|halves|thirds|quarters)\b|\A(?:squared|cubed)\b|\A[eixn]\Z|[-~=|]"
)
_PREFIXED = re.compile(r"(?<![A-Za-z])([Mm])(W|J|Hz|Pa|eV|V|g|m)(?![A-Za-z])")
_MILLIONS = re.compile(r"(?<=\d)\s?M(?![\w/^·*])")
_BITS = re.compile(r"(?<![A-Za-z])([kKMGT])b(?![A-Za-z])")
_PREFIXES = {"M": "mega", "m": "milli", "k": "kilo", "K": "kilo", "G": "giga", "T": "tera"}
_SYMBOLS = {
    "W": "watt", "J": "joule", "Hz": "hertz", "Pa": "pascal", "eV": "electronvolt", "V": "volt", "g": "gram",
    "m": "meter",
}  # fmt: skip
_DIMENSION_NOUNS = frozenset(("time", "length", "mass", "volume", "speed", "angle", "money"))
"""Nouns of counting that are also what a dimension is called: 5 times are not 5 seconds."""
_PER_SQUARED = re.compile(r"\bper\s+([a-z]+)\s+(squared|cubed)\b")
_NEGATIVE_POWER = re.compile(r"(?<=[a-z])[\s·*]+([a-z]+)\^-([123])(?!\d)")
_POWER = re.compile(r"(?<=[a-z])(?<!\de)([23])(?![\w^])")
_TAIL = re.compile(r"[\s.!?。]+$")
_COMPOUND_UNIT = re.compile(r"\s*([a-z]+|['\"])\.?")
_JOIN = re.compile(r"\s*(?:,?\s*and\s+|,\s*)?")
_METRE = re.compile(r"(met|lit)re")
_RESTATED = re.compile(r"([^()]+?)\s*\(([^()]+)\)")
_FILLER = re.compile(r"\s*\b(?:old|of age|in total|total|altogether|each|in all|tall|long|high|wide|deep)$")
_SIMPLE = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?")
_DIGIT = re.compile(r"[\d零〇一二两兩三四五六七八九十百千]")
_ANY_NUMBER = re.compile(
    r"(?:(?<![\w.√^])|(?<=[有是为為共得は])|(?<=全部で))(?:[-+]\s?)?(?:us)?[$€£¥]?[-+]?\d[\d.,/]*(?<![.,/])%?"
)
_COUNTING_WORDS = "|".join(sorted(NUMERAL_WORDS - {"one", "third", "quarter", "half"}))
_NUMBER_IN_WORDS = re.compile(rf"\b(?:(?:{_COUNTING_WORDS})\b(?:[\s-]+(?:and\s+)?|(?=\W|\Z)))+")
_SCALE_BEHIND = re.compile(r"(?:\s*(?:hundred|thousand|million|billion|dozen)s?\b)*")
_SAID = re.compile(r"(?:です|でした|だ|입니다)?[\s.!?。！]*\Z")
_JOINING_WORDS = frozenset(("per", "square", "cubic", "degrees", "degree", "us"))
_KNOWN_DIMENSIONS = frozenset(((name, 1),) for name in MEASURES)
_UNCERTAIN = re.compile(
    r"\b(?:or|nor|not|no|never|neither|either|between|maybe|perhaps|less|more|over|under|above|beyond|up to|than"
    r"|least|most|almost|nearly|minus|plus"
    r"|divided|multiplied|factorial|squared|cubed|base|below|dozens?|half|twice|double|triple|log|ln|sqrt|root|mod|assume|suppose)\b|n't\b|[<>≤≥±√]|\d(?:st|nd|rd|th)\b|\d\s?!|[不没沒非多余超第分]|至少|最多|大于|小于|以[上下内]"
    r"|未満|ない|ありません|ではあり"
)


class Quantity(NamedTuple):
    """A number as an answer gives it: `Quantity(Fraction(5), Unit((("length", 1),), Fraction(1000)), False)`."""

    value: Fraction
    unit: Unit
    is_percent: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether it has neither unit nor percent sign."""
        return not self.unit.dimensions and not self.is_percent

    @property
    def is_measured(self) -> bool:
        """Whether its unit is one of measure, and not the name of the things that are counted."""
        return any(name in MEASURES for name, _ in self.unit.dimensions)


_NO_UNIT = Unit((), Fraction(1))


@lru_cache(maxsize=8192)
def read_quantity(text: str) -> Quantity | None:
    """Read a text that is one quantity and nothing else; None for any other.

    >>> read_quantity("$1.5 million").value, read_quantity("50 %").is_percent, read_quantity("5 or 6")
    (Fraction(1500000, 1), True, None)
    """
    if len(text) > _MAX_CHARS:
        return None
    if _SIMPLE.fullmatch(text):
        return Quantity(Fraction(text), _NO_UNIT)
    text = _TAIL.sub("", _folded(text)).strip(" \"'*" if "'" in text[:1] else " *")
    if not _DIGIT.search(text) and NUMERAL_WORDS.isdisjoint(text.replace("-", " ").split()):
        return None
    if restated := _RESTATED.fullmatch(text):
        first, second = read_quantity(restated[1]), read_quantity(restated[2])
        return first if first is not None and second is not None and first.value == second.value else None
    return _read(_POWER.sub(r"^\1", _APPROXIMATELY.sub("", text, count=1) if _APPROXIMATELY.match(text) else text))


def same_quantity(gold: Quantity, answer: Quantity) -> bool:
    """Return whether two quantities are equal; see the module for units that only one of them has.

    >>> [same_quantity(read_quantity("5 km"), read_quantity(text)) for text in ("5000 m", "5", "5 miles")]
    [True, False, False]
    """
    if gold.is_percent or answer.is_percent:
        is_comparable = not gold.unit.dimensions and not answer.unit.dimensions
        return is_comparable and _equal(_share(gold), _share(answer))
    if not gold.unit.dimensions:
        return _equal(gold.value, answer.value)
    if not answer.unit.dimensions:
        return not gold.is_measured and _equal(gold.value, answer.value)
    if gold.unit == _unit("gbp") and answer.unit == _unit("pound"):
        return _equal(gold.value, answer.value)
    if gold.unit == answer.unit:
        return _equal(gold.value, answer.value)
    has_same_unit = gold.unit.dimensions == answer.unit.dimensions
    return has_same_unit and _equal(gold.value * gold.unit.factor, answer.value * answer.unit.factor)


def _folded(text: str) -> str:
    """Fold a text, after the units are written out that their case alone tells apart: mW and MW, Mb and MB.

    >>> _folded("5 MW"), _folded("5 mg"), _folded("8 Mb")
    ('5 megawatt', '5 milligram', '8 megabit')
    """
    if "M" in text:
        text = _MILLIONS.sub(" million", text)
    if "M" in text or "b" in text or "m" in text:
        text = _PREFIXED.sub(lambda found: _PREFIXES[found[1]] + _SYMBOLS[found[2]], text)
        text = _BITS.sub(lambda found: f"{_PREFIXES[found[1]]}bit", text)
    return fold(text)


@lru_cache(maxsize=8192)
def only_quantity(text: str) -> Quantity | None:
    """Return the quantity that a sentence states, if there is only one in it and nothing takes it back.

    >>> only_quantity("There are 42 apples in the basket.").value
    Fraction(42, 1)
    >>> only_quantity("It is not 42.") is None, only_quantity("Between 40 and 42.") is None
    (True, True)
    """
    folded = _folded(text[:400])
    if _UNCERTAIN.search(folded):
        return None
    numbers = list(_ANY_NUMBER.finditer(folded)) or list(_NUMBER_IN_WORDS.finditer(folded))
    if len(numbers) != 1 or (numbers[0].re is _ANY_NUMBER and _has_words_for_another(folded, numbers[0].end())):
        return None
    start = numbers[0].start()
    if not numbers[0].group()[-1:].isdigit() and numbers[0].group()[:1].isalpha():
        numeral = read_numeral(folded, start)
        number, words = (
            (folded[start : numeral.end], folded[numeral.end :].rstrip(" .!?").split()) if numeral else ("", [])
        )
    else:
        number, *words = _SAID.sub("", folded[start:]).split() or [""]
    unit = list(itertools.takewhile(_is_unit_word, words))
    return _read(" ".join((number, *(unit or words[:1])))) or _read(number)


def _has_words_for_another(text: str, end: int) -> bool:
    """Return whether a sentence has a number in words beside the scale of its number in digits."""
    numeral_end = next((found.end() for found in (_SCALE_BEHIND.match(text, end),) if found), end)
    return any(found.start() >= numeral_end or found.end() <= end for found in _NUMBER_IN_WORDS.finditer(text))


def _is_unit_word(word: str) -> bool:
    return word in _JOINING_WORDS or (word != "in" and _unit(word.strip(",;:")).dimensions in _KNOWN_DIMENSIONS)


def _read(text: str) -> Quantity | None:
    sign, position = 1, 0
    if found := _SIGN.match(text):
        sign, position = -1 if found[1] or found[2] == "-" else 1, found.end()
    currency = _CURRENCY.match(text, position)
    if currency:
        position = currency.end()
        position += len(text[position:]) - len(text[position:].lstrip())
        if text.startswith("-", position):
            sign, position = -sign, position + 1
    numeral = read_numeral(text, position)
    if numeral is None:
        return None
    if currency:
        return _money(text, sign, numeral.value, numeral.end, currency.group().rstrip("."))
    if percent := _PERCENT.match(text, numeral.end):
        return Quantity(sign * numeral.value, _NO_UNIT, True) if percent.end() == len(text) else None
    quantity = _with_unit(text, numeral.value, numeral.end)
    return quantity._replace(value=-quantity.value) if quantity and sign < 0 else quantity


def _money(text: str, sign: int, value: Fraction, end: int, currency: str) -> Quantity | None:
    rest = text[end:].strip()
    if rest in ("m", "b"):
        value, rest = value * (10**6 if rest == "m" else 10**9), ""
    unit = _unit(CURRENCIES[currency])
    is_repeated = not rest or _unit(rest) == unit or rest in ("usd", "us", "aud", "cad")
    return Quantity(sign * value, unit) if is_repeated else None


def _with_unit(text: str, value: Fraction, end: int) -> Quantity | None:
    """Read the unit behind a number, and further numbers of the same dimension: 5 feet 10 inches."""
    found = _UNIT.match(text, end)
    phrase = (found[1] or "").strip() if found else ""
    phrase = _NEGATIVE_POWER.sub(r"/\1^\2", phrase) if "^-" in phrase else phrase
    stop = found.end() if found else end
    if stop < len(text) or " and " in phrase or not NUMBER_WORDS.isdisjoint(phrase.split()):
        return _compound(text, value, end)
    if not phrase:
        return Quantity(value, _NO_UNIT)
    if len(phrase.split()) > 4 or _NOT_A_UNIT.search(phrase) or (not phrase.isascii() and not _is_cjk_unit(phrase)):
        return None
    return Quantity(value, _unit(phrase))


def _compound(text: str, value: Fraction, end: int) -> Quantity | None:
    parts = list[tuple[Fraction, Unit]]()
    while True:
        found = _COMPOUND_UNIT.match(text, end)
        if not found:
            return None
        parts.append((value, _unit(found[1])))
        if found.end() == len(text):
            break
        joint = _JOIN.match(text, found.end())
        numeral = read_numeral(text, joint.end() if joint else found.end())
        if numeral is None:
            return None
        value, end = numeral
    dimensions = {unit.dimensions for _, unit in parts}
    if len(dimensions) > 1 or not parts[0][1].dimensions:
        return None
    total = sum((value * unit.factor for value, unit in parts), Fraction(0))
    unit = parts[0][1]
    quantity = Quantity(total / unit.factor, unit)
    return quantity if quantity.is_measured else None


@lru_cache(maxsize=4096)
def _unit(phrase: str) -> Unit:
    phrase = _FILLER.sub("", phrase.strip(" ."))
    if phrase in CJK_COUNTERS:
        return _NO_UNIT
    if phrase.removesuffix("s") in _DIMENSION_NOUNS:
        return Unit(((f"counted {phrase.removesuffix('s')}", 1),), Fraction(1))
    if "ed" in phrase:
        phrase = _PER_SQUARED.sub(lambda found: f"per {found[1]}^{2 if found[2] == 'squared' else 3}", phrase)
    phrase = CURRENCIES.get(phrase) or UNIT_NAMES.get(phrase) or phrase
    return read_unit(_METRE.sub(r"\1er", phrase))


def _is_cjk_unit(phrase: str) -> bool:
    return phrase in CJK_COUNTERS or phrase in UNIT_NAMES or phrase in CURRENCIES or "°" in phrase or "^" in phrase


def _share(quantity: Quantity) -> Fraction:
    return quantity.value / 100 if quantity.is_percent else quantity.value


def _equal(gold: Fraction, answer: Fraction) -> bool:
    """Return whether two values are equal, or one is a decimal of many digits that rounds the other."""
    if gold == answer:
        return True
    for decimal, other in ((gold, answer), (answer, gold)):
        decimals = _rounding_decimals(decimal)
        if decimals and _rounding_decimals(other) is None and abs(decimal - other) * 10**decimals < 1:
            return True
    return False


def _rounding_decimals(value: Fraction) -> int | None:
    """Return the decimals of a decimal that has enough digits to stand for what it rounds, 0 for one with fewer."""
    digits = decimal_digits(value)
    if not digits.is_exact:
        return None
    return digits.decimals if digits.significant >= MIN_DECIMAL_DIGITS else 0
