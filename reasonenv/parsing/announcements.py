"""How responses announce an answer in words: "The answer is 5.", one row of words per language.

Mathematics and questions read different parts of the table, because a wrong reading of a formula costs more there.
`_MATHEMATICS_WORDS`, the two patterns and the two numbers of characters are all that they differ in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = [
    "MATHEMATICS",
    "QUESTIONS",
    "SENTENCE_END",
    "SENTENCE_END_AFTER_WORDS",
    "Announcements",
    "last_match",
]


class _Words(NamedTuple):
    """The words of one language, each separated from the next by a comma and a space."""

    nouns: str
    """What an answer is called."""
    verbs: str = ""
    """What says that the answer follows; a colon does in every language."""
    qualifiers: str = ""
    """What may stand between noun and verb: "the answer to the question is"."""
    negations: str = ""
    """What takes the verb back when it follows: "the answer is not"."""


_WORDS = {
    "en": _Words(
        "answer, answers, ans, correct option, correct choice, final choice, final pick, my choice, my pick",
        "is, are, was, must be, should be, would be, will be, can only be",
        "to, of, for, here, choice, option",
        "not",
    ),
    "es": _Words("respuesta", "es, son", "correcta"),
    "fr": _Words("réponse, reponse", "est, sont", "correcte", "pas"),
    "de": _Words("antwort", "ist, sind, lautet", "richtige", "nicht"),
    "it": _Words("risposta", "è", "corretta"),
    "pt": _Words("resposta", "é", "correta"),
    "nl": _Words("antwoord", "is"),
    "sv": _Words("svar, svaret", "är"),
    "pl": _Words("odpowiedź, odpowiedz", "to"),
    "tr": _Words("cevap"),
    "id": _Words("jawaban", "adalah"),
    "ru": _Words("ответ"),
}
"""Languages with spaces between words. Any noun goes with any verb."""

_UNSPACED_WORDS = {
    "zh": _Words("答案, 正解, 回答, 解答, 答", "是, 为, 為", "应该, 應該", "不"),
    "ja": _Words("答え, 正解, 回答, 解答", "は"),
    "ko": _Words("정답, 답", "은, 는"),
}
"""Languages in which noun and verb touch."""

_MATHEMATICS_WORDS = _Words("answer", "is")
_MATHEMATICS_UNSPACED_WORDS = _Words("答案", "是, 为")
"""The words that mathematics reads."""


def _any_of(column: Iterable[str]) -> str:
    """Return a group of the words of a column; a look at the first letter spares trying each of them everywhere."""
    words = dict.fromkeys(word for cell in column for word in cell.split(", ") if word)
    if len(words) == 1:
        return re.escape(*words)
    first_letters = "".join(dict.fromkeys(word[0] for word in words))
    return f"(?:(?=[{first_letters}])(?:{'|'.join(map(re.escape, words))}))"


def _columns(table: Mapping[str, _Words]) -> _Words:
    """Return the words of all languages of a table, column by column, as groups of a pattern."""
    return _Words(*(_any_of(column) for column in zip(*table.values(), strict=True)))


_SPACED, _UNSPACED = _columns(_WORDS), _columns(_UNSPACED_WORDS)
_MATHEMATICS = re.compile(
    rf"(?:\b{_any_of([_MATHEMATICS_WORDS.nouns])}[*_ \t]{{0,4}}"
    rf"(?:{_any_of([_MATHEMATICS_WORDS.verbs])}(?![A-Za-z])|[:：])"
    rf"|{_any_of([_MATHEMATICS_UNSPACED_WORDS.nouns])}(?:{_any_of([_MATHEMATICS_UNSPACED_WORDS.verbs])}|[:：])"
    r"|^####(?!#))[:*_\s]{0,8}",
    re.I | re.M,
)
_QUESTIONS = re.compile(
    rf"""
    \b{_SPACED.nouns}\b
      [*_"']{{0,4}}
      (?:\s+{_SPACED.qualifiers}\b[^.:：\n]{{0,60}}?)?
      [*_"'\s]{{0,4}}
      (?:\b{_SPACED.verbs}\b(?!\s*{_SPACED.negations}\b)|[:：=])
    |{_UNSPACED.nouns}(?:{_UNSPACED.qualifiers})?(?:{_UNSPACED.verbs}|[:：])(?!{_UNSPACED.negations})
    |^\s{{0,3}}(?:[#*_]{{1,6}}\s?)(?:final\s)?answer[*_:\s]{{0,6}}\n
    |^\#\#\#\#(?!\#)
    """,
    re.I | re.M | re.X,
)


class Announcements(NamedTuple):
    """Where and how one kind of answer is announced."""

    pattern: re.Pattern[str]
    max_chars: int
    """How much of the end of a text is searched."""

    def last(self, text: str) -> re.Match[str] | None:
        """Return the last announcement at the end of a text; what it announces begins where the match ends."""
        return last_match(self.pattern, text[-self.max_chars :])


MATHEMATICS = Announcements(_MATHEMATICS, 2000)
QUESTIONS = Announcements(_QUESTIONS, 4000)

SENTENCE_END = re.compile(r"[.!?。][*_$\"')]{0,4}\s+(?=\S)")
"""Ends a sentence that announces mathematics."""
SENTENCE_END_AFTER_WORDS = re.compile(
    r"(?<![\s.][A-Za-z])(?<!\b(?:Mr|Dr|St|Ms|Mt|Ft|Jr|Sr|vs))(?<!\b(?:Mrs|Gen|Col|Sen|Gov))(?<!\bProf)[.!?][*_\"')\]]{0,3}\s+(?=[^\s\da-z])|[。！？]\s*(?=\S)"
)
"""Ends a sentence of words, in which a point may also end an abbreviation or an initial."""


def last_match(pattern: re.Pattern[str], text: str, start: int = 0) -> re.Match[str] | None:
    """Return the last match of a pattern in a text."""
    match = None
    for match in pattern.finditer(text, start):  # noqa: B007 only the last one counts
        continue
    return match
