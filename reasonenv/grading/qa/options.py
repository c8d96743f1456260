r"""Which option a text is: by its characters, its words, its value, or its mathematics.

The first of these by which it is exactly one option decides. A text of symbols is compared as mathematics before it is
compared as words, because words lose what (5 + 2) · 3 and 5 + (2 · 3) differ in.

Covered: options in LaTeX said as text and the other way round, negative numbers, formulas, pieces of code. Not covered:
an option in other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.nodes import OverBudgetError
from reasonenv.grading.qa.numbers import read_quantity, same_quantity
from reasonenv.grading.qa.reading import without_commands, without_markup
from reasonenv.grading.qa.text import text_forms

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_MAX_MATHEMATICS = 300
_PREFIX = re.compile(r"\(?([A-Z])[).:：]\s*")
_FOLDED_MARKS = str.maketrans(
    {**dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("‘’", "'"), **dict.fromkeys("“”", '"'), "$": None}
)
_MARKED = re.compile(r"[\\$*_`\"'(\[{]")
_DELIMITER = re.compile(r"\\[()\[\]]|\s+")
_FORMULA = re.compile(r"\\[A-Za-z]|\d|[=^√∛π∞±<>≤≥∪∩]|\A\W*[a-z]\W*\Z")
_WORD = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{4,}")
_LETTER = re.compile(r"\W*[A-Z]\W*")
_MATHEMATICAL_WORDS = frozenset(("sqrt", "frac", "infty", "infinity", "theta", "alpha", "beta", "sinh", "cosh", "tanh"))


@lru_cache(maxsize=8192)
def option_index(text: str, options: tuple[str, ...]) -> int | None:
    r"""Return which option a text is; None for none, and for a text that two of them are.

    >>> option_index("1/2", (r"$\frac{1}{3}$", r"$\frac{1}{2}$")), option_index("-3", ("3", "-3"))
    (1, 1)
    """
    text = text.strip()
    if not options or not text:
        return None
    found = exact_index(text, options)
    if found is None and is_formula(text):
        found = _only(_is_same_formula(option, text) for option in options)
    if found is None:
        found = _option_of_words(text, options)
    return found


def exact_index(text: str, options: tuple[str, ...]) -> int | None:
    """Return which option has the characters of a text, spaces and delimiters apart."""
    table = _options_by_characters(options)
    found = {index for characters in _characters(text.strip()) for index in table.get(characters, ())}
    return found.pop() if len(found) == 1 else None


def is_formula(text: str) -> bool:
    """Return whether a text is to be compared as mathematics: it has symbols or digits, and no words."""
    if len(text) > _MAX_MATHEMATICS or not _FORMULA.search(text) or _LETTER.fullmatch(text):
        return False
    return _MATHEMATICAL_WORDS.issuperset(_WORD.findall(text))


def _only(hits: Iterable[bool]) -> int | None:
    found = [index for index, is_hit in enumerate(hits) if is_hit]
    return found[0] if len(found) == 1 else None


def _characters(text: str) -> frozenset[str]:
    if text.isascii() and not _MARKED.search(text):
        squeezed = "".join(text.split())
        return frozenset((squeezed, squeezed.removesuffix(".") or squeezed)) if squeezed else frozenset()
    forms = (text, without_commands(text), without_markup(text))
    squeezed = (_DELIMITER.sub("", form.translate(_FOLDED_MARKS)) for form in forms)
    return frozenset(part for form in squeezed for part in (form, form.removesuffix(".")) if part)


@lru_cache(maxsize=4096)
def _options_by_characters(options: tuple[str, ...]) -> Mapping[str, list[int]]:
    table: dict[str, list[int]] = {}
    for index, option in enumerate(options):
        for characters in _characters(option):
            table.setdefault(characters, []).append(index)
    return table


@lru_cache(maxsize=8192)
def _is_same_formula(option: str, text: str) -> bool:
    if not is_formula(option):
        return False
    try:
        return equal_texts(option, text.strip().removesuffix(".")) is True
    except OverBudgetError:
        return False


def _option_of_words(text: str, options: tuple[str, ...]) -> int | None:
    text = without_markup(text)
    forms = set(text_forms(text))
    found = [index for index, other in enumerate(_option_forms(options)) if not forms.isdisjoint(other)]
    if is_formula(text):
        found = [index for index in found if not _is_other_formula(options[index], text)]
    if not found and (quantity := read_quantity(text)):
        others = (read_quantity(without_markup(option)) for option in options)
        return _only(other is not None and same_quantity(other, quantity) for other in others)
    return found[0] if len(found) == 1 else None


def _is_other_formula(option: str, text: str) -> bool:
    """Return whether mathematics reads both, and tells them apart."""
    try:
        return is_formula(option) and equal_texts(option, text) is False
    except OverBudgetError:
        return True


@lru_cache(maxsize=4096)
def _option_forms(options: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    prefixes = [_PREFIX.match(option) for option in options]
    is_lettered = all(found and found[1] == letter for found, letter in zip(prefixes, ALPHABET, strict=False))
    return tuple(
        frozenset(
            form
            for text in (option, option[found.end() :] if is_lettered and found else option)
            for form in text_forms(without_markup(text))
        )
        for option, found in zip(options, prefixes, strict=True)
    )
