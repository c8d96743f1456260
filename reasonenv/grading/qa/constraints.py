"""Constraints on a text that a program can check: "at most 20 words", "no commas", "three bullet points".

A constraint is one line, its name and its argument: `"max_words 20"`. Covered: length in words, sentences, lines and
bullets, words that must or must not occur, letter case, beginnings and endings, JSON (a subset of IFEval's,
arXiv 2311.07911). Not covered: whether the text is any good.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from reasonenv.errors import UnknownNameError

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE = re.compile(r"[^.!?。！？]*[^\W_][^.!?。！？]*[.!?。！？]+")
_BULLET = re.compile(r"^\s*[-*•]\s+\S", re.M)
_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.S)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _count(text: str, phrase: str) -> int:
    """Count a word or phrase between word boundaries, whatever its case."""
    return len(re.findall(rf"(?<!\w){re.escape(phrase.casefold())}(?!\w)", text.casefold()))


def _count_at_least(text: str, argument: str) -> bool:
    number, _, phrase = argument.partition(" ")
    return _count(text, phrase) >= int(number)


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
    "max_words": lambda text, argument: len(_words(text)) <= int(argument),
    "num_words": lambda text, argument: len(_words(text)) == int(argument),
    "num_sentences": lambda text, argument: len(_SENTENCE.findall(text)) == int(argument),
    "num_lines": lambda text, argument: len(_lines(text)) == int(argument),
    "num_bullets": lambda text, argument: len(_BULLET.findall(text)) == int(argument),
    "include": lambda text, argument: _count(text, argument) > 0,
    "include_times": _count_at_least,
    "exclude": lambda text, argument: _count(text, argument) == 0,
    "exclude_letter": lambda text, argument: argument.casefold() not in text.casefold(),
    "no_commas": lambda text, _: not set(text) & set(",，、"),
    "lower_case": lambda text, _: text == text.lower() and text != text.upper(),
    "upper_case": lambda text, _: text == text.upper() and text != text.lower(),
    "start_with": lambda text, argument: _words(text)[: len(_words(argument))] == _words(argument),
    "end_with": lambda text, argument: text.rstrip().endswith(argument),
    "json_keys": _has_keys,
}
"""Name → whether a text keeps the constraint, given its argument."""


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
