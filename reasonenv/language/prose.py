"""The prose of a response, as against code, LaTeX, URLs, tags and paths, and the words of it.

Whatever is cut out is kept beside the prose, because a policy that is paid for its prose alone hides the rest in `$…$`.
Every pattern is linear in the text: possessive, or closed by the end of the text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple
from urllib.parse import unquote

from reasonenv.language.scripts import CHARACTERS_PER_WORD, script_of

__all__ = ["MAX_ACRONYM_LETTERS", "Prose", "Span", "Word", "ascii_words", "read_prose", "sentences", "words_of"]

_CODE_OR_FORMULA = r"""
    (?<=[$\\]) (?:
        (?P<math>
            (?<=\$) (?:
                \$ [^$]++ \$\$
              | (?![\s$]) (?: [^$\\\n]++ | \\[\s\S] | \n(?![ \t]*\n) )++ (?<!\s) \$ (?!\d)
            )
          | (?<=\\) (?:
                \[ [\s\S]*? (?:\\\]|\Z)
              | \( [\s\S]*? (?:\\\)|\Z)
              | begin\{ (?!enumerate|itemize|center|proof|quote|document) (?P<environment>[A-Za-z]+\*?) \}
                [\s\S]*? (?:\\end\{(?P=environment)\}|\Z)
            )
        )
      | (?<=\\) (?: (?:begin|end)\{[A-Za-z]+\*?\} | [A-Za-z]++\*? | [^A-Za-z] )
    )
  | (?P<code>
        (?<=`) (?: `` [\s\S]*? (?:```|\Z) | [^`\n]++ ` )
      | (?<=\[) asy\] [\s\S]*? (?:\[/asy\]|\Z)
    )
  | (?<=<) [/!|]? [A-Za-z] [^<>\n]{0,200}+ >
"""
"""What follows the first character of code, a formula, a command of LaTeX or a tag."""
_ADDRESS = r"""
    (?<=\.) (?<![\w.]\.) \.? (?:/[\w.-]++)++
  | (?<=/) (?<![\w./~]/) [\w.-]++ (?:/[\w.-]*+)++
  | (?<=h) ttps?://[!-~]++
  | (?<=w) ww\.[!-~]++
  | (?<=~) (?:/[\w.-]++)++
"""
"""What follows the first character of a URL or path."""
_SPAN_WITHOUT_ADDRESS = re.compile(rf"[`\[$\\<](?:{_CODE_OR_FORMULA})", re.VERBOSE)
_SPAN = re.compile(rf"[`\[$\\<hw/~.](?:{_CODE_OR_FORMULA}|{_ADDRESS})", re.VERBOSE)
"""Both begin with the characters that a span may begin with: the search is several times as fast for it."""
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]|(?<=[A-Za-z])[\u200c\u200d]+")
_ENCLOSED = {
    first + index: letter
    for first, letters in (
        *((first, ascii_lowercase) for first in (0x249C, 0x24D0)),
        *((first, ascii_uppercase) for first in (0x24B6, 0x1F110, 0x1F130, 0x1F150, 0x1F170)),
    )
    for index, letter in enumerate(letters)
}
"""Letters in circles, squares and brackets → the letters."""
_MAYBE_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u249c-\u24e9\U0001f110-\U0001f189]")
_EMPHASIZED = re.compile(r"_(?<!\w_)([^\W_]++)_(?!\w)")
_PERCENT_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})++")
_ESCAPED = re.compile(r"\\u(?!d[89a-f])([0-9a-f]{4})", re.I)
_WITH_NOTATION = frozenset({"Latin", "Greek"})
_SENTENCE_END = re.compile(r"[.!?…。！？｡؟۔।॥;；:：\n]+")
MAX_ACRONYM_LETTERS = 5
"""Capitals in a row that are no word."""
_ASCII_WORD = re.compile(rf"[A-Za-z](?<!\w.)(?:[a-z]++|(?<=[A-Z])[A-Z]{{{MAX_ACRONYM_LETTERS},}}+)\b")
_MAX_REMEMBERED_CHARS = 40
_OF_LETTER_BEFORE = "of the letter before"


class Span(NamedTuple):
    """Something that is no prose: `Span(r"$\text{Hallo}$", "math")`."""

    text: str
    kind: str
    """ "code", "math" (formulas with their delimiters) or "other" (LaTeX commands, tags, URLs, paths)."""


class Prose(NamedTuple):
    """A text in two parts: `Prose("Let   be even.", (Span("$n$", "math"),))`."""

    text: str
    spans: tuple[Span, ...]


class Word(NamedTuple):
    """A word that counts, or several characters of a script without spaces: `Word("Han", 1.25, "證明")`."""

    script: str
    weight: float
    text: str


def read_prose(text: str) -> Prose:
    """Split a text into its prose and what is none, which leaves a space where it stood."""
    spans: list[Span] = []

    def cut(match: re.Match[str]) -> str:
        spans.append(Span(match.group(), match.lastgroup or "other"))
        return " "

    text = _as_shown(text)
    pattern = _SPAN if "/" in text or "www." in text else _SPAN_WITHOUT_ADDRESS
    return Prose(pattern.sub(cut, text), tuple(spans))


def _as_shown(text: str) -> str:
    """Return a text as a page or terminal shows it: without invisible characters, letters in place of their codes."""
    if "&#" in text:
        text = html.unescape(text)
    if "%" in text:
        text = _PERCENT_ENCODED.sub(lambda found: unquote(found.group()), text)
    if "\\u" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if "_" in text:
        text = _EMPHASIZED.sub(r"\1", text)
    if text.isascii() or not _MAYBE_UNSEEN.search(text):
        return text
    return _INVISIBLE.sub("", text).translate(_ENCLOSED)


def sentences(prose: str) -> Iterator[str]:
    """Yield the sentences of a prose; line ends, colons and semicolons end one too."""
    return (sentence for sentence in _SENTENCE_END.split(prose) if sentence and not sentence.isspace())


def words_of(text: str) -> list[Word]:
    """Return the words that count: no single letters; of Latin and Greek also no acronyms, nor what looks like a name
    of a variable: camelCase, or what touches a digit or underscore.
    """
    words: list[Word] = []
    for token in _token_pattern().findall(text):
        words += _short_token(token) if len(token) <= _MAX_REMEMBERED_CHARS else _split(token)
    return words


def ascii_words(text: str) -> list[str]:
    """Return the words that `words_of` finds in ASCII text, all of them Latin, in one pass.

    >>> ascii_words("Let n2 be the sum of A and maxValue, e.g. QED")
    ['Let', 'be', 'the', 'sum', 'of', 'and']
    """
    return _ASCII_WORD.findall(text)


@cache
def _token_pattern() -> re.Pattern[str]:
    """Letters, digits, underscores and marks; the last are not in `\\w`, and Indic words are full of them."""
    marks = [code for code in range(0x300, 0x20000) if unicodedata.category(chr(code)).startswith("M")]
    runs = groupby(enumerate(marks), lambda pair: pair[1] - pair[0])
    ranges = ((run[0][1], run[-1][1]) for run in (list(group) for _, group in runs))
    mark = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
    return re.compile(rf"\w++(?:[{mark}]++\w*+)*+")


@lru_cache(maxsize=2**16)
def _short_token(token: str) -> tuple[Word, ...]:
    return tuple(_split(token))


def _split(token: str) -> list[Word]:
    """Split a token where its script changes."""
    words: list[Word] = []
    for script, start, end, num_letters in _runs_by_script(token):
        part = token[start:end]
        if script in CHARACTERS_PER_WORD:
            words.append(Word(script, num_letters / CHARACTERS_PER_WORD[script], part))
        elif not (_says_nothing(token, start, end) if script in _WITH_NOTATION else len(part) == 1):
            words.append(Word(script, 1.0, part))
    return words


def _says_nothing(token: str, start: int, end: int) -> bool:
    """Return whether a part of a token may be notation: one of its ends touches a digit, or it is no word by itself."""
    return (
        _is_neutral(token[start:end]) or _is_separator(token[start - 1 : start]) or _is_separator(token[end : end + 1])
    )


def _runs_by_script(token: str) -> Sequence[tuple[str, int, int, int]]:
    """Return script, start, end and number of letters of each run; a mark or modifier belongs to the letter before."""
    if token.isascii() and token.isalpha():
        return (("Latin", 0, len(token), len(token)),)
    scripts = list(map(_scripts_within_token.__getitem__, token))
    first = scripts[0]
    if first is not None and first is not _OF_LETTER_BEFORE:
        num_letters = scripts.count(first)
        if num_letters + scripts.count(_OF_LETTER_BEFORE) == len(token):
            return ((first, 0, len(token), num_letters),)
    runs: list[tuple[str, int, int, int]] = []
    start, num_marks, current = 0, 0, None
    for position, script in enumerate([*scripts, None]):
        if script == _OF_LETTER_BEFORE:
            num_marks += 1
        elif script != current:
            if current:
                runs.append((current, start, position, position - start - num_marks))
            start, num_marks, current = position, 0, script
    return runs


class _Scripts(dict[str, str | None]):
    """Character → its script, "of the letter before", or None for what parts words; each is found out once."""

    def __missing__(self, char: str) -> str | None:
        self[char] = None if _is_separator(char) else script_of(char) or _OF_LETTER_BEFORE
        return self[char]


_scripts_within_token = _Scripts()


def _is_separator(char: str) -> bool:
    return char == "_" or char.isdecimal()


def _is_neutral(word: str) -> bool:
    """Return whether a word says nothing of its language: a single letter, an acronym or an identifier."""
    if word.islower():
        return len(word) == 1
    if word.isupper():
        return len(word) <= MAX_ACRONYM_LETTERS
    return len(word) == 1 or any(char.isupper() for char in word[1:])
