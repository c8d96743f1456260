r"""Reading which options a response chooses: by letter, by letter and text, or by text.

A letter counts where the answer starts with it and a boundary ends it. "Answer: Alice" is not A, a bare "a" is an
article, a bare "I" a pronoun, and two options joined by "or" are none.

Covered: **B**, (B), \boxed{B}, Ｂ, "Option B: Paris", "B is correct", the text of an option, several letters where the
gold answer has several. Not covered: options by number or position ("the second one").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from reasonenv.grading.qa.numbers import read_quantity, same_quantity
from reasonenv.grading.qa.reading import Reading, refined, without_commands
from reasonenv.grading.qa.text import text_forms
from reasonenv.parsing import Response

_DEFAULT_LETTERS = "ABCDEFGHIJ"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAX_SEARCHED_CHARS = 2000

_END = r"(?![A-Za-z0-9_'’+#À-ÿ]|[-.&][^\W_])"
_START = re.compile(
    r"[\s*_\"'“‘>]*(?:(?:the\s+)?(?:correct\s+|right\s+|best\s+)?(?:option|choice|answer|letter)s?\s*[:：]?\s*|选项?\s*|選項?\s*)?"
    rf"(?P<open>[(\[{{<【「*_\"'\s]*)(?P<letter>[A-Za-z]){_END}(?P<close>[)\]}}>】」*_\"']*)",
    re.I,
)
_JOINED = re.compile(r"[A-J]{2,10}")
_CONNECTED = re.compile(
    r"\s*(?P<by>(?:[,/&+;、，|]|\b(?:and|or|und|oder|y|o|ou|et)\b|[和或及与跟])(?:\s*(?:and|or|option|both))?)\s*"
    rf"(?:options?\s+)?[(\[*]*(?P<letter>[A-Z]){_END}[)\]*]*"
)
_SPACED = re.compile(r"\s*[A-Z](?:\s+[A-Z])+\s*")
_HEDGED = re.compile(
    rf"\b(?:or|maybe|perhaps|possibly|alternatively|either|could be|otherwise)\b[^.\n]{{0,25}}?[\s(\[*][A-J]{_END}"
)
_FOLLOWED = re.compile(
    r"\s*(?:$|[.:：,，;。、)\]!?(–—=\n-]|[\u3040-\u9fff]"
    r"|(?:(?:and|but) not|because|since|as|which|for|due|being)\b"
    r"|(?:is|was)\s+(?:the\s+)?(?:correct|right|best|answer)\b)"
)
_OPTION_PREFIX = re.compile(r"\(?([A-Z])[).:：]\s*")
_STATED = (
    re.compile(
        rf"(?<![\w'’])[(\[*]*([A-HJ-Z]){_END}[)\]*]*\s+(?:is|was)\s+(?!not)(?:the\s+)?(?:\w+\s+)?(?:correct|right|best|answer)\b"
    ),
    re.compile(
        rf"\b(?i:choose|chose|pick|select|selected|go(?:ing)? with)\s+(?i:option|choice|answer)?\s*"
        rf"[(\[*\"']*([A-HJ-Z]){_END}(?!\s+[a-z])"
    ),
    re.compile(rf"(?:我?[选選]择?擇?|所以|因此)[项項]?[是为：:\s]*[(（*]*([A-HJ-Z]){_END}"),
    re.compile(
        r"(?:\b(?i:therefore|thus|so|hence|it's|it is)[,:]?\s+(?:(?i:it is|it's)\s+)?)[(\[*]*([A-HJ-Z])[)\]*.!\s]*\Z"
    ),
    re.compile(r"(?:\A|\n)[ \t]*[(\[*_]*([A-HJ-Z])[)\]*_.:]*[ \t]*\Z"),
)
_NEGATED = re.compile(r"\b(?:not|n't|isn't|never|neither|rather than|instead of)\s*[(\[*]*\Z", re.I)


def gold_letters(answer: str, choices: Sequence[str] | None) -> frozenset[str] | None:
    """Return the letters that a gold answer means; None where it is a text that no option has.

    >>> gold_letters("Paris", ("Lyon", "Paris")), gold_letters("(a)", None)
    (frozenset({'B'}), frozenset({'A'}))
    """
    letters = _letters(choices)
    bare = answer.strip().strip("()[]. ").upper()
    parts = re.fullmatch(r"([A-Z])(?:[\s,;&/]+(?:AND\s+)?([A-Z]))*", bare)
    names = re.findall(r"\b[A-Z]\b", bare) if parts else list(bare) if _JOINED.fullmatch(answer.strip()) else []
    if names and all(name in letters for name in names):
        return frozenset(names)
    index = _option(answer, tuple(choices or ()))
    return None if index is None else frozenset(letters[index])


def chosen(response: Response, reading: Reading, choices: Sequence[str] | None) -> frozenset[str] | None:
    """Return the letters that a response chooses; None where it names none, or leaves open which.

    >>> from reasonenv.grading.qa.reading import read_answer
    >>> from reasonenv.parsing import read_response
    >>> def letters(text):
    ...     return sorted(chosen(read_response(text), read_answer(read_response(text)), ("Lyon", "Paris")) or ())
    >>> letters("Answer: **(B)** Paris"), letters("The answer is Paris."), letters("Answer: Alice"), letters("A or B")
    (['B'], ['B'], [], [])
    """
    options = tuple(choices or ())
    if reading.text is not None:
        for text in refined(reading):
            index = _option(text, options)
            if index is not None:
                return frozenset(_letters(choices)[index])
        is_whole = reading.source in ("block", "box")
        found = _leading_letters(reading.text, _letters(choices), options, is_whole=is_whole)
        if found or is_whole or reading.source == "announced":
            return found
    if reading.source not in ("bare", "long"):
        return None
    return _stated(response.rest or "", _letters(choices))


def _letters(choices: Sequence[str] | None) -> str:
    return _ALPHABET[: len(choices)] if choices else _DEFAULT_LETTERS


def _leading_letters(text: str, letters: str, options: tuple[str, ...], *, is_whole: bool) -> frozenset[str] | None:
    text = without_commands(unicodedata.normalize("NFKC", text))
    if _JOINED.fullmatch(text) and list(text) == sorted(set(text)) and text[-1] in letters:
        return frozenset(text)
    if _SPACED.fullmatch(text):
        names = text.split()
        return frozenset(names) if set(names) <= set(letters) else None
    found = _START.match(text)
    if found is None or found["letter"].upper() not in letters:
        return None
    letter, rest = found["letter"], text[found.end() :]
    is_enclosed = ")" in found["close"] or "]" in found["close"] or "}" in found["close"]
    if letter in "ai" and not is_enclosed:
        return None
    if letter == "I" and not (is_enclosed or rest.strip() == "." or (is_whole and not rest.strip())):
        return None
    if letter.islower() and not (is_enclosed or not rest.strip(" .") or rest[0] in ".:"):
        return None
    has_boundary = is_enclosed or _FOLLOWED.match(rest) or _CONNECTED.match(rest)
    if not has_boundary and _option(rest, options) != letters.index(letter.upper()):
        return None
    return _with_others(letter.upper(), rest, letters, options)


def _with_others(letter: str, rest: str, letters: str, options: tuple[str, ...]) -> frozenset[str] | None:
    """Add the letters that "and" or a comma joins to the first; none where "or" does, or the text is another's."""
    names, named = {letter}, _option(rest.strip(" .,:：)]-–—("), options)
    if named is not None:
        return frozenset(letter) if letters[named] == letter else None
    while found := _CONNECTED.match(rest):
        if found["letter"] not in letters or re.search(r"\b(?:or|oder|o|ou)\b|[/|或]", found["by"]):
            return None
        names.add(found["letter"])
        rest = rest[found.end() :]
    first_line = rest.split("\n", 1)[0]
    if _HEDGED.search(first_line):
        return None
    named = _option(first_line.strip(" .,:：)]-–—("), options)
    return None if named is not None and letters[named] not in names else frozenset(names)


@lru_cache(maxsize=8192)
def _option(text: str, options: tuple[str, ...]) -> int | None:
    """Return the only option that has this text."""
    if not options or not text.strip():
        return None
    forms = set(text_forms(text.strip()))
    found = [index for index, other in enumerate(_option_forms(options)) if not forms.isdisjoint(other)]
    if not found and (quantity := read_quantity(text.strip())):
        found = [
            index
            for index, option in enumerate(options)
            if (other := read_quantity(option)) is not None and same_quantity(other, quantity)
        ]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=4096)
def _option_forms(options: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    prefixes = [_OPTION_PREFIX.match(option) for option in options]
    is_lettered = all(found and found[1] == letter for found, letter in zip(prefixes, _ALPHABET, strict=False))
    return tuple(
        frozenset((*text_forms(option), *(text_forms(option[found.end() :]) if is_lettered and found else ())))
        for option, found in zip(options, prefixes, strict=True)
    )


def _stated(text: str, letters: str) -> frozenset[str] | None:
    """Return the letter of the last statement such as "B is correct", or of a last line that is a letter alone."""
    text = text[-_MAX_SEARCHED_CHARS:].rstrip()
    last_end, letter = -1, ""
    for pattern in _STATED:
        for found in pattern.finditer(text):
            if found.end(1) > last_end and not _NEGATED.search(text[: found.start(1)]):
                last_end, letter = found.end(1), found[1]
    if letter not in letters or not letter or _CONNECTED.match(text[last_end:].lstrip(")*]")):
        return None
    return frozenset(letter)
