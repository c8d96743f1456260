r"""Numbers with the words behind them: money, percent, degrees, units, words of scale, and quantities of two parts.

`spelled` writes the many spellings of units before a text is cut into tokens; `with_unit` reads the words of a unit.
"""

from __future__ import annotations

import re
from fractions import Fraction

from reasonenv.grading.counting import is_unit, split_scale
from reasonenv.grading.math.nodes import Node, UnreadableError, number
from reasonenv.grading.units import CURRENCIES, is_known, read_unit

_SIGNS = {sign: name for sign, name in CURRENCIES.items() if sign in "€£¥₹₩₽"}
_CODES = {
    code.upper(): name for code, name in CURRENCIES.items() if code.isalpha() and code.isascii() and len(code) == 3
}
_AMOUNT = r"(-?\d[\d,]*(?:\.\d+)?)"
_SIGN_FIRST = re.compile(rf"(-?)\s*([€£¥₹₩₽])\s*{_AMOUNT}")
_CODE_FIRST = re.compile(rf"\s*\$?\s*(USD|EUR|GBP|CNY|RMB|JPY|INR|CHF)\s*\\?[ ,~]?\s*{_AMOUNT}(?![\w^])")
_CODE_INITIALS = frozenset("UEGCRJI")
_CHINESE_PERCENT = re.compile(rf"百分之\s*{_AMOUNT}")
_TEXT = r"\\(?:text|mathrm|rm|textrm|mbox)\s*\{\s*"
_DEGREE = r"\^\s*(?:\\circ|\{\s*\\circ\s*\})|\\degree(?![A-Za-z])"
_TEMPERATURE = re.compile(
    rf"(?:{_TEXT}(?:~|\\ )?\s*(?:{_DEGREE})\s*(?:{_TEXT})?([CF])\s*\}}\}}?"
    rf"|(?:{_DEGREE})\s*\\?[ ,~]?\s*(?:{_TEXT}([CF])\s*\}}|([CF])(?![A-Za-z])))"
)
_DEGREE_SIGN = re.compile(r"(?<=\d)\s*(?:°\s*([CF])(?![A-Za-z])|℃|℉)|(?<=\{)\s*(?:°\s*([CF])(?=\s*\})|℃|℉)")
_UNIT_IN_BRACES = rf"\{{\s*{_TEXT}([A-Za-z ]+)\}}\s*(\^\s*\{{?\d\}}?)?\s*\}}"
_FRACTION_OF_UNITS = re.compile(rf"\\[dt]?frac\s*{_UNIT_IN_BRACES}\s*{_UNIT_IN_BRACES}")
_ABBREVIATION = re.compile(r"\b(sq|cu|ft|in|lbs?|oz|hrs?|mins?|yds?|yrs?|gal|cm|km|kg)\.(?=\s|$|\})")
_FEET_AND_INCHES = re.compile(r"\A\s*(\d+)\s*'\s*(\d+(?:\.\d+)?)\s*(?:\"|'')\s*\Z")
_CHINESE_TOTAL = re.compile(r"\A\s*(?:一共|总共|總共|共)(?:有|计|計|是|为|為)?\s*(?=\d)")
_CHINESE_COUNTED = re.compile(r"(?<=\d)\s*[(（]\s*([\u3400-\u9fff]{1,4})\s*[)）]\s*\Z")
_DOLLARS = re.compile(r"US(?=\\?\$)")
_UPRIGHT_POWERS = re.compile(
    r"(?<=[\d\s~}])\\(?:mathrm|text|rm)\s*\{(?=[^{}]*\^)"
    r"((?:[A-Za-z]|\s|/|~|\\[,;:! ]|\\cdot(?![A-Za-z])|\^\s*(?:\{-?\d\}|-?\d))+)\}"
)
_SPACING = re.compile(r"\\cdot|\\[,;:! ]|[~\s]+")
_SECONDS = re.compile(r"(?<=\d)\s*secs?\.?(?=\s*$)")


def spelled(text: str) -> str:
    r"""Write currencies behind their number, and temperatures, quotients and abbreviations of units in one way.

    >>> spelled("€12"), spelled(r"20^\circ C"), spelled(r"60\frac{\text{km}}{\text{h}}")
    ('12 \\text{euro} ', '20 \\text{celsius} ', '60 \\text{km/h} ')
    """
    if not text.isascii():
        text = _SIGN_FIRST.sub(lambda found: f"{found[1]}{found[3]} \\text{{{_SIGNS[found[2]]}}} ", text)
        text = _CHINESE_PERCENT.sub(r"\1\%", text).replace("或", " or ")
        text = _DEGREE_SIGN.sub(_degree_word, text)
        text = _CHINESE_COUNTED.sub(r"\1", _CHINESE_TOTAL.sub("", text))
    if "'" in text:
        text = _FEET_AND_INCHES.sub(r"\1 feet \2 inches", text)
    if "circ" in text or "degree" in text:
        text = _TEMPERATURE.sub(lambda found: _temperature(found[1] or found[2] or found[3]), text)
    if "frac" in text and "{\\" in text:
        text = _FRACTION_OF_UNITS.sub(_quotient, text)
    if "$" in text and text.startswith("US"):
        text = _DOLLARS.sub("", text)
    if "^" in text and "\\" in text:
        text = _UPRIGHT_POWERS.sub(lambda found: f" \\text{{{_unit_words(found[1])}}} ", text)
    initial = text[:1]
    if initial == "$" or not initial.strip():
        initial = text.lstrip().lstrip("$").lstrip()[:1]
    code = _CODE_FIRST.match(text) if initial in _CODE_INITIALS else None
    if code:
        text = f"{code[2]} \\text{{{_CODES[code[1]]}}} {text[code.end() :].lstrip('$')}"
    if "." in text:
        text = _ABBREVIATION.sub(r"\1", text)
    return _SECONDS.sub(" seconds", text) if "sec" in text else text


def _unit_words(names: str) -> str:
    return " ".join(_SPACING.sub(" ", names.replace("{", "").replace("}", "")).split())


def _temperature(letter: str) -> str:
    return f" \\text{{{'celsius' if letter == 'C' else 'fahrenheit'}}} "


def _degree_word(found: re.Match[str]) -> str:
    is_celsius = "C" in (found[1], found[2]) or "℃" in found[0]
    return " celsius " if is_celsius else " fahrenheit "


def _quotient(found: re.Match[str]) -> str:
    powers = ((power or "").replace("{", "").replace("}", "").replace(" ", "") for power in (found[2], found[4]))
    over, under = (f"{unit.strip()}{power}" for unit, power in zip((found[1], found[3]), powers, strict=True))
    return f" \\text{{{over}/{under}}} "


def with_unit(node: Node, phrase: str) -> Node:
    """Return a node with the words behind it.

    Raises:
        UnreadableError: the words are neither a unit nor a scale, or contradict the currency before the number.
    """
    currency = node.name if node.kind == "quantity" else ""
    value = node.args[0] if currency else node
    first, _, rest = phrase.partition(" ")
    if first in CURRENCIES.values() and split_scale(rest)[0] != 1:
        currency, phrase = currency or first, rest
    scale, unit = split_scale(phrase)
    if scale != 1:
        value = number(value.value * scale) if value.kind == "num" else Node("mul", (value, number(scale)))
    name = unit.lower()
    if not currency and name in ("percent", "per cent", "percentage", "%"):
        return Node("percent", (value,))
    if not currency and name in ("degree", "degrees", "deg"):
        return Node("degrees", (value,))
    if unit and not (is_unit(unit) or (name.startswith(("per ", "a ", "an ", "each")) and _is_rate(name))):
        raise UnreadableError("words that are no unit")
    if currency and unit:
        if name.startswith(("per ", "a ", "an ")):
            unit = f"{currency} {unit}"
        elif name != "each" and read_unit(unit).dimensions[:1] != read_unit(currency).dimensions:
            raise UnreadableError("another currency")
    unit = unit or currency
    return Node("quantity", (value,), unit) if unit else value


def _is_rate(name: str) -> bool:
    """Return whether these are words such as "per day" or "a box"."""
    rest = name.split()[1:]
    return name == "each" or (len(rest) in (1, 2) and (is_known(" ".join(rest)) or is_unit(f"{rest[-1]}s")))


def joined(first: Node, second: Node) -> Node:
    """Return 5 feet 10 inches as one quantity.

    Raises:
        UnreadableError: the second is not of a smaller unit of the same dimension.
    """
    if {first.kind, second.kind} != {"quantity"}:
        raise UnreadableError("two numbers")
    large, small = read_unit(first.name), read_unit(second.name)
    if large.dimensions != small.dimensions or large.factor <= small.factor or not is_known(first.name):
        raise UnreadableError("two quantities")
    ratio = number(Fraction(large.factor, small.factor))
    return Node("quantity", (Node("add", (Node("mul", (first.args[0], ratio)), second.args[0])),), second.name)
