"""Gold answers to questions that are numbers and quantities, with right and almost right ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

from reasonenv.evaluation.reward_benchmark.cases.variants import Family, Variants
from reasonenv.types import QAReference

_ONES = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_THINGS = ("apples", "people", "bridges", "goals", "chapters")


def _integer(rng: Random) -> Variants[QAReference]:
    tens, ones = rng.randint(2, 9), rng.randint(1, 9)
    number, thing = 10 * tens + ones, rng.choice(_THINGS)
    return Variants(
        _number(str(number)),
        equal=(
            ("same", str(number)),
            ("words", f"{_TENS[tens]}-{_ONES[ones]}"),
            ("words with a blank", f"{_TENS[tens].title()} {_ONES[ones]}"),
            ("decimal point", f"{number}.0"),
            ("thing", f"{number} {thing}"),
            ("sentence", f"There are {number} {thing} in all."),
            ("about", f"approximately {number}"),
            ("full-width", "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))),
            ("bold", f"**{number}**"),
        ),
        different=(
            ("off by one", str(number + 1)),
            ("sign", f"-{number}"),
            ("digits swapped", f"{ones}{tens}" if ones != tens else f"{number}0"),
            ("percent", f"{number}%"),
            ("negated", f"not {number}"),
            ("either", f"{number} or {number + 1}"),
            ("range", f"{number - 1}-{number + 1}"),
            ("listing", f"{number - 1}, {number}, {number + 1}"),
            ("other words", f"{_TENS[tens]}-{_ONES[ones % 9 + 1]}"),
        ),
    )


def _large_number(rng: Random) -> Variants[QAReference]:
    number = rng.randint(1_001, 9_999) * 1000 + rng.randint(101, 998)
    grouped = f"{number:,}"
    return Variants(
        _number(str(number)),
        equal=(
            ("same", str(number)),
            ("commas", grouped),
            ("blanks", grouped.replace(",", " ")),
            ("points", grouped.replace(",", ".")),
            ("narrow blanks", grouped.replace(",", "\u202f")),
            ("Swiss", grouped.replace(",", "’")),
        ),
        different=(
            ("off by one", f"{number + 1:,}"),
            ("thousands lost", str(number // 1000)),
            ("decimal", grouped.replace(",", "", 1).replace(",", ".")),
            ("rounded", f"{round(number, -6):,}"),
        ),
    )


def _decimal(rng: Random) -> Variants[QAReference]:
    hundredths = rng.randint(101, 9_899) * 10 // 10
    hundredths += hundredths % 10 == 0
    text = f"{hundredths // 100}.{hundredths % 100:02d}"
    return Variants(
        _number(text),
        equal=(
            ("same", text),
            ("trailing zero", f"{text}0"),
            ("decimal comma", text.replace(".", ",")),
            ("bold", f"**{text}**"),
        ),
        different=(
            ("point lost", text.replace(".", "")),
            ("integer part", str(hundredths // 100)),
            ("last digit", f"{hundredths // 100}.{hundredths % 100 + 1:02d}" if hundredths % 100 < 99 else "0.01"),
            ("sign", f"-{text}"),
            ("point shifted", f"{hundredths / 10:.1f}"),
        ),
    )


def _fraction(rng: Random) -> Variants[QAReference]:
    """Draw a fraction that is an exact decimal."""
    bottom = rng.choice((2, 4, 5, 8))
    top = rng.choice([number for number in range(1, 40) if math.gcd(number, bottom) == 1])
    return Variants(
        _number(f"{top}/{bottom}"),
        equal=(("same", f"{top}/{bottom}"), ("decimal", f"{top / bottom}"), ("unreduced", f"{3 * top}/{3 * bottom}")),
        different=(
            ("bar lost", f"{top}{bottom}"),
            ("inverted", f"{bottom}/{top}" if top > 1 else f"{bottom}"),
            ("top alone", str(top)),
        ),
    )


def _negative(rng: Random) -> Variants[QAReference]:
    number = rng.randint(2, 9)
    return Variants(
        _number(f"-{number}"),
        equal=(
            ("same", f"-{number}"),
            ("minus sign", f"\u2212{number}"),
            ("minus in words", f"minus {_ONES[number]}"),
            ("negative in words", f"negative {number}"),
        ),
        different=(
            ("sign lost", str(number)),
            ("plus", f"+{number}"),
            ("words", _ONES[number]),
            ("dash before", f"\u2014 {number + 1}"),
        ),
    )


def _percent(rng: Random) -> Variants[QAReference]:
    number = rng.randint(2, 97)
    return Variants(
        _number(f"{number}%"),
        equal=(
            ("same", f"{number}%"),
            ("blank", f"{number} %"),
            ("word", f"{number} percent"),
            ("two words", f"{number} per cent"),
            ("full-width", f"{number}％"),
            ("trailing zero", f"{number}.0%"),
        ),
        different=(
            ("sign lost", str(number)),
            ("off by one", f"{number + 1}%"),
            ("ten times", f"{number}0%"),
            ("hundredth", f"0.{number:02d}%"),
        ),
    )


def _money(rng: Random) -> Variants[QAReference]:
    number = rng.randint(1_001, 9_998)
    return Variants(
        _number(f"${number}"),
        equal=(
            ("same", f"${number}"),
            ("commas", f"${number:,}"),
            ("cents", f"${number:,}.00"),
            ("word", f"{number} dollars"),
            ("code", f"{number} USD"),
            ("code first", f"USD {number:,}"),
        ),
        different=(
            ("euros", f"€{number}"),
            ("pounds", f"£{number:,}"),
            ("cent more", f"${number}.01"),
            ("off by one", f"${number + 1}"),
            ("debt", f"-${number}"),
        ),
    )


def _measure(rng: Random) -> Variants[QAReference]:
    unit, word, other, factor, wrong = rng.choice(
        (
            ("km", "kilometres", "m", 1000, "miles"),
            ("m", "meters", "cm", 100, "km"),
            ("kg", "kilograms", "g", 1000, "pounds"),
            ("l", "liters", "ml", 1000, "gallons"),
        )
    )
    number = rng.randint(2, 90)
    return Variants(
        _number(f"{number} {unit}"),
        equal=(
            ("same", f"{number} {unit}"),
            ("tight", f"{number}{unit}"),
            ("word", f"{number} {word}"),
            ("converted", f"{number * factor} {other}"),
            ("sentence", f"It is {number} {word} in total."),
        ),
        different=(
            ("another unit", f"{number} {wrong}"),
            ("unit converted, number kept", f"{number} {other}"),
            ("off by one", f"{number + 1} {unit}"),
            ("squared", f"{number} {unit}²"),
        ),
    )


def _duration(rng: Random) -> Variants[QAReference]:
    hours, minutes = rng.randint(2, 9), rng.choice((15, 30, 45))
    return Variants(
        _number(f"{hours} hours {minutes} minutes"),
        equal=(
            ("and", f"{hours} hours and {minutes} minutes"),
            ("short", f"{hours} h {minutes} min"),
            ("in minutes", f"{60 * hours + minutes} minutes"),
            ("in hours", f"{hours + minutes / 60} hours"),
        ),
        different=(
            ("hours alone", f"{hours} hours"),
            ("units swapped", f"{minutes} hours {hours} minutes"),
            ("as a decimal", f"{hours}.{minutes} hours"),
            ("minute more", f"{hours} hours {minutes + 1} minutes"),
        ),
    )


def _power_of_ten(rng: Random) -> Variants[QAReference]:
    """Draw millions, in words, digits and powers."""
    tenths = rng.choice([number for number in range(11, 99) if number % 10])
    text, number = f"{tenths / 10}", tenths * 100_000
    return Variants(
        _number(f"{text} million"),
        equal=(
            ("digits", str(number)),
            ("commas", f"{number:,}"),
            ("power", f"{text} × 10^6"),
            ("superscript", f"{text}×10⁶"),
            ("e-notation", f"{text}e6"),
            ("thousands", f"{tenths * 100} thousand"),
        ),
        different=(
            ("scale lost", text),
            ("billion", f"{text} billion"),
            ("another power", f"{text} × 10^5"),
            ("superscript as digits", f"{text}×106"),
        ),
    )


def _number(answer: str) -> QAReference:
    return QAReference(kind="number", answers=(answer,))


QA_QUANTITIES: Mapping[str, Family[QAReference]] = {
    "integer": _integer,
    "large number": _large_number,
    "decimal": _decimal,
    "fraction": _fraction,
    "negative": _negative,
    "percent": _percent,
    "money": _money,
    "measure": _measure,
    "duration": _duration,
    "power of ten": _power_of_ten,
}
"""Answer type → function that draws a gold answer with its variants."""
