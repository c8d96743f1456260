"""Texts as people type them, and the plain texts that they stand for.

A reader that sees slang, small letters and misspelt words mostly in cruel texts takes a friendly chat for one. So texts
are read plainly, whatever their register, and some of the training texts are put into another register, harmful and
harmless ones alike.
"""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from importlib import resources

from reward_models.embedded.lexicon import COMMON_WORDS, LEXICONS
from reward_models.embedded.vectors import frequency_rank


def _slang() -> dict[str, str]:
    text = resources.files("reward_models.embedded").joinpath("texts", "slang.txt").read_text("utf-8")
    pairs = (pair.split("=") for line in text.splitlines()[1:] for pair in line.split())
    return {short: full.replace("_", " ") for short, full in pairs}


_SLANG = _slang()
"""What short and sloppy forms stand for; interjections for nothing."""
_NOT_SHORTENED = frozenset({"mother", "father", "brother", "sister", "yes", "no", "okay", "text", "are", "with"})
_SHORT = {full: short for short, full in _SLANG.items() if full and full not in _NOT_SHORTENED}
_LONG_FORMS = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True)) + r")\b")
_TOKEN = re.compile(r"[a-z0-9']+|[^a-z0-9']+")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_LAUGHTER = re.compile(r"(?:ha){2,}h?|lo+l+|lmao+")
_LEAST_FOR_EDITS = 5
_MOST_FREQUENT = 15_000
_KNOWN = COMMON_WORDS | {word for phrases in LEXICONS.values() for phrase in phrases for word in phrase.split()}

_OPENINGS = ("ok so", "omg", "hey", "lol", "honestly", "yo", "wait", "so", "haha", "ugh", "tbh", "oh", "dude", "btw")
_ENDINGS = ("lol", "haha", "!!", "😂", "😅", "tho", "🙏", "😎", "...", "fr", "👀", "😬", "xoxo", "🔥", "✨", "🙄", "?!")
_FORMAL_QUESTIONS = (
    "Could you kindly explain",
    "I would be grateful to learn",
    "May I ask",
    "Please be so kind as to tell me",
)
_FORMAL_ANSWERS = (
    "Certainly.",
    "With pleasure.",
    "In reply to your question:",
    "As a rule, the following holds.",
    "Allow me to explain.",
)


def plainly(text: str) -> str:
    """Return a text in small letters without slang, decorations and most misspellings.

    >>> plainly("Omg ur hamster is soooo cute!! 😍 idk wat its freinds eat lol")
    "your hamster is so cute!! i don't know what its friends eat."
    """
    lower = "".join(letter for letter in text.lower().replace("’", "'") if not _is_decoration(letter))
    tokens = [_plain_word(token) for token in _TOKEN.findall(lower)]
    plain = re.sub(r" +([.,!?])", r"\1", re.sub(r"[ \t]{2,}", " ", "".join(tokens))).strip(" ,")
    return f"{plain}." if plain[-1:].isalnum() else plain


def _is_decoration(letter: str) -> bool:
    return not letter.isascii() and (letter == "\ufe0f" or unicodedata.category(letter) in {"So", "Sk", "Cf"})


@lru_cache(maxsize=50_000)
def _plain_word(token: str) -> str:
    if not token[0].isalnum():
        return token
    word = _STRETCHED.sub(r"\1", token)
    if _LAUGHTER.fullmatch(token):
        return ""
    return _SLANG[word] if word in _SLANG else _spelled(word)


def _spelled(word: str) -> str:
    """Return the most frequent word that one slip of the fingers makes this one, or the word where it is known."""
    if len(word) < 3 or not word.isalpha() or word in _KNOWN or frequency_rank(word) is not None:
        return word
    ranked = [(rank, other) for other in _slips(word) if (rank := frequency_rank(other)) is not None]
    return min([*ranked, (_MOST_FREQUENT, word)])[1]


def _slips(word: str) -> set[str]:
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    swapped = {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    if len(word) < _LEAST_FOR_EDITS:
        return swapped
    dropped = {left + right[1:] for left, right in parts if right}
    replaced = {left + letter + right[1:] for left, right in parts if right for letter in string.ascii_lowercase}
    added = {left + letter + right for left, right in parts for letter in string.ascii_lowercase}
    return swapped | dropped | replaced | added


def chatty(text: str, generator: random.Random) -> str:
    """Return a text as in a chat: short forms, small letters, few marks, an interjection."""
    lower = text.lower() if generator.random() < 0.7 else text
    short = _LONG_FORMS.sub(lambda found: _SHORT[found[0]] if generator.random() < 0.6 else found[0], lower)
    if generator.random() < 0.5:
        short = short.replace(". ", " ").replace("'", "").rstrip(".")
    first = f"{generator.choice(_OPENINGS)} " if generator.random() < 0.5 else ""
    last = f" {generator.choice(_ENDINGS)}" if generator.random() < 0.5 else ""
    return f"{first}{short}{last}"


def misspelt(text: str, generator: random.Random) -> str:
    """Return a text with a slip in every fourth long word."""
    parts = [_slip(part, generator) if generator.random() < 0.25 else part for part in text.split(" ")]
    return " ".join(parts)


def _slip(word: str, generator: random.Random) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    place = generator.randrange(1, len(word) - 1)
    return generator.choice(
        (
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            word[:place] + word[place + 1 :],
            word[:place] + word[place] + word[place:],
        )
    )


def formal(text: str, generator: random.Random) -> str:
    """Return a text with a polite opening."""
    openings = _FORMAL_QUESTIONS if text.rstrip().endswith("?") else _FORMAL_ANSWERS
    return f"{generator.choice(openings)} {text[:1].lower() if openings is _FORMAL_QUESTIONS else text[:1]}{text[1:]}"


_REGISTERS: tuple[Callable[[str, random.Random], str], ...] = (
    chatty,
    misspelt,
    lambda text, generator: misspelt(chatty(text, generator), generator),
    formal,
)


def in_some_register(text: str, generator: random.Random) -> str:
    """Return a text as it is, or, of two in five, in another register; Chinese stays as it is."""
    if generator.random() > 0.4 or not text.isascii():
        return text
    return generator.choice(_REGISTERS)(text, generator)
