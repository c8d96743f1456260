"""Constraints on a text that a program can check: "at most 20 words", "no commas", "three bullet points".

A constraint is one line, its name and its argument: `"max_words 20"`. What must not occur is looked for as a reader
sees it, so a disguise breaks the constraint; what must occur has to be written plainly.

Covered: length in words, sentences, lines and bullets, words that must or must not occur, letter case, beginnings and
endings, JSON (a subset of IFEval's, arXiv 2311.07911), text that is nothing but repetition. Not covered: whether the
text is any good, and whether it answers the prompt.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from reasonenv.errors import UnknownNameError

_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(
    rf"[{_CJK}]|(?:[^\W\d_{_CJK}]\.){{2,}}|\d+(?:[.,:/]\d+)*[^\W_{_CJK}]*(?:['’-][^\W_{_CJK}]+)*"
    rf"|[^\W_{_CJK}]+(?:['’-][^\W_{_CJK}]+)*"
)
"""A word: U.S.A., 1,000.5 and well-known are one each, and so is each character of Chinese and Japanese."""

_STOP = re.compile(r"(?P<latin>(?<![.!?…])[.!?…]++)[\"'”’)\]*_»]*(?=\s|\Z)|[。！？]+|\n[ \t]*(?=\n|[-*•+]\s)")
_BEFORE_STOP = re.compile(r"(?:^|[\s(\[\"'“‘])((?:[^\W\d_]\.)*[^\W\d_]+)\Z")
_ABBREVIATIONS = "mr mrs ms dr prof st mt ft gen col capt lt sgt rev hon vs no nos fig eq e.g i.e cf ca al"
_CLOSING_ABBREVIATIONS = "etc jr sr inc ltd co corp approx dept est a.m p.m u.s u.k u.s.a d.c b.c a.d"
_NEVER_LAST = frozenset(_ABBREVIATIONS.split())
_SELDOM_LAST = frozenset(_CLOSING_ABBREVIATIONS.split())
"""Shortened words that end a sentence only where a capital letter follows."""
_NAME_BEFORE_INITIAL = re.compile(r"(?:^|[.\s])[A-Z](?:[a-z]+|\.)?\s\Z|(?:^|[.!?]\s)\Z")
_INITIAL_AND_NAME = re.compile(r"\s*[A-Z]\.\s?[A-Z][a-z]")

_BULLET = re.compile(r"^[^\S\n]*[-*•+‣]\s+(?=.*[^\W_])", re.M)
_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.S | re.I)
_COMMAS = frozenset(",，、،﹐﹑‚⸲⸴՝߸፣᠂︐︑､")
_INVISIBLE_SPACE = re.compile("[\u200b\u2060\ufeff]")
_EMPHASIS = re.compile(r"(?<=\w)[*_`~]+(?=\w)")
_MAX_JOINED_LETTERS = 40

_APART = r"[\W_]{1,3}"
_LOOKALIKES = {
    ord(other): latin
    for latin, others in {
        "a": "аα", "b": "вβƅь", "c": "сϲ", "d": "ԁ", "e": "еєε", "g": "ɡ", "h": "һн", "i": "іιıɩї", "j": "ј", "k": "кκ",
        "l": "ӏ", "m": "м", "n": "пη", "o": "оοσ", "p": "рρ", "q": "ԛ", "s": "ѕ", "t": "тτ", "u": "υ", "v": "νѵ",
        "w": "ԝω", "x": "хχ", "y": "уγ", "z": "ζ",
    }.items()
    for other in others
}  # fmt: skip
"""Letters of other scripts that look like a Latin one → that one."""
_DIGITS_FOR_LETTERS = str.maketrans("01345@$", "oieasas")
_CHUNK = re.compile(r"\S+")
_LETTER = re.compile(r"[a-z]")


def _plain(text: str) -> str:
    """Return a text in its compatible form without the characters that nobody sees."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(character for character in text if character in "\n\t" or unicodedata.category(character) != "Cf")


def _as_seen(text: str) -> str:
    """Return a text in small Latin letters as far as its characters look like them, without marks inside of words."""
    text = _EMPHASIS.sub("", _plain(text).casefold()).translate(_LOOKALIKES)
    return _CHUNK.sub(lambda found: _in_letters(found.group()), text)


def _in_letters(chunk: str) -> str:
    """Return what stands between two spaces with letters for digits, if there are letters in it."""
    return chunk.translate(_DIGITS_FOR_LETTERS) if _LETTER.search(chunk) else chunk


@lru_cache(maxsize=16)
def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters; remembered because several constraints ask for those of one."""
    if text.isascii():
        return tuple(_WORD.findall(text.lower()))
    return tuple(word.casefold() for word in _WORD.findall(_plain(text)))


def _most_words(text: str) -> int:
    """Count words, those that only an invisible space keeps apart included."""
    return len(_words(_INVISIBLE_SPACE.sub(" ", text)))


def _num_sentences(text: str) -> int:
    """Count what ends with a mark, or with the text, and has a word in it."""
    text = _plain(text)
    ends = [stop.end() for stop in _STOP.finditer(text) if _ends_sentence(text, stop)]
    starts = [0, *ends]
    return sum(_WORD.search(text[start:end]) is not None for start, end in zip(starts, [*ends, len(text)], strict=True))


def _ends_sentence(text: str, stop: re.Match[str]) -> bool:
    """Return whether a mark ends a sentence: not that of Dr., e.g. or J. K. Rowling."""
    if stop["latin"] != ".":
        is_speech = stop["latin"] is not None and stop.end() > stop.end("latin")
        return not (is_speech and text[stop.end() :].lstrip()[:1].islower())
    before = _BEFORE_STOP.search(text[: stop.start()][-_MAX_JOINED_LETTERS:])
    word = before[1] if before else ""
    following = text[stop.end() :].lstrip()[:1]
    if not following or not word:
        return True
    if word.casefold() in _NEVER_LAST:
        return False
    if word.casefold() in _SELDOM_LAST:
        return following.isupper()
    if len(word) > 1 or not word.isupper() or word == "I":
        return True
    head = text[: stop.start() - 1][-_MAX_JOINED_LETTERS:]
    is_initial = _NAME_BEFORE_INITIAL.search(head) or _INITIAL_AND_NAME.match(text, stop.end())
    return not (following.isupper() and is_initial)


def _count(text: str, phrase: str) -> int:
    """Count a word or phrase between word boundaries, whatever its case."""
    return len(re.findall(rf"(?<!\w){re.escape(_plain(phrase).casefold())}(?!\w)", _plain(text).casefold()))


def _count_at_least(text: str, argument: str) -> bool:
    number, _, phrase = argument.partition(" ")
    return _count(text, phrase) >= int(number)


def _is_absent(text: str, phrase: str) -> bool:
    """Return whether a phrase occurs neither as it is nor disguised: by other letters, spaces or marks between them."""
    seen, wanted = _as_seen(text), _as_seen(phrase)
    if _count(text, phrase) or re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", seen):
        return False
    letters = wanted.replace(" ", "")
    if not 3 <= len(letters) <= _MAX_JOINED_LETTERS:
        return True
    apart = _APART.join(map(re.escape, letters))
    return re.search(rf"(?<!\w){apart}(?!\w)", seen) is None


def _has_no_letter(text: str, letter: str) -> bool:
    """Return whether a letter is nowhere, with an accent or as a lookalike included."""
    bases = "".join(character[0] for character in map(_decomposed, _plain(text).casefold()))
    return _plain(letter).casefold() not in bases and _as_seen(letter) not in bases.translate(_LOOKALIKES)


def _decomposed(character: str) -> str:
    return unicodedata.normalize("NFD", character)


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _has_keys(text: str, argument: str) -> bool:
    fence = _FENCE.match(text.strip())
    try:
        value = json.loads(fence[1] if fence else text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and set(value) == set(argument.split())


CONSTRAINTS: Mapping[str, Callable[[str, str], bool]] = {
    "min_words": lambda text, argument: len(_words(text)) >= int(argument),
    "max_words": lambda text, argument: _most_words(text) <= int(argument),
    "num_words": lambda text, argument: len(_words(text)) == _most_words(text) == int(argument),
    "num_sentences": lambda text, argument: _num_sentences(text) == int(argument),
    "num_lines": lambda text, argument: len(_lines(text)) == int(argument),
    "num_bullets": lambda text, argument: len(_BULLET.findall(text)) == int(argument),
    "include": lambda text, argument: _count(text, argument) > 0,
    "include_times": _count_at_least,
    "exclude": _is_absent,
    "exclude_letter": _has_no_letter,
    "no_commas": lambda text, _: not set(text) & _COMMAS,
    "lower_case": lambda text, _: text == text.lower() and text != text.upper(),
    "upper_case": lambda text, _: text == text.upper() and text != text.lower(),
    "start_with": lambda text, argument: _words(text)[: len(_words(argument))] == _words(argument),
    "end_with": lambda text, argument: _plain(text).rstrip().endswith(_plain(argument)),
    "json_keys": _has_keys,
}
"""Name → whether a text keeps the constraint, given its argument."""

_MIN_FILLER_WORDS = 4


def kept_constraints(text: str, constraints: Sequence[str]) -> list[bool]:
    """Return for each constraint whether a text keeps it.

    >>> kept_constraints("The river is wide.", ("max_words 5", "include river", "no_commas", "num_sentences 2"))
    [True, True, True, False]

    Raises:
        UnknownNameError: no such constraint.
    """
    kept: list[bool] = []
    for constraint in constraints:
        name, _, argument = constraint.partition(" ")
        if name not in CONSTRAINTS:
            raise UnknownNameError("constraint", name, CONSTRAINTS)
        kept.append(CONSTRAINTS[name](text, argument))
    return kept


def is_filler(text: str, constraints: Sequence[str] = ()) -> bool:
    """Return whether a text of four words or more is half one word, or mostly single letters.

    No prose is so, whatever it is about. The phrases that a constraint asks for do not count.

    >>> is_filler("a a a bicycle."), is_filler("x y z bicycle w"), is_filler("The river is wide."), is_filler("yes")
    (True, True, False, False)
    """
    if any(constraint.startswith("json_keys") for constraint in constraints):
        return False
    asked = _asked_words(tuple(constraint for constraint in constraints if constraint.startswith("include")))
    words = [word for word in _words(text) if not word[0].isdigit()]
    counts = Counter(words)
    for word in asked:
        counts.pop(word, None)
    if len(words) < _MIN_FILLER_WORDS or not counts:
        return len(words) >= _MIN_FILLER_WORDS
    most_common = max(counts.values())
    num_letters = sum(number for word, number in counts.items() if len(word) == 1 and word.isascii())
    return (most_common > 1 and 2 * most_common >= len(words)) or 2 * num_letters > len(words)


@lru_cache(maxsize=1024)
def _asked_words(constraints: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for constraint in constraints for word in _words(constraint))
