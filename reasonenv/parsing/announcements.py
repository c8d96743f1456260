"""How responses announce an answer in words: "The answer is 5.", one row of words per language.

Mathematics and questions read the same words. Mathematics also reads a "result", an "A:" that opens a line and the
Chinese 选 before a letter; these, and how much of the end of a text is searched, are all that they differ in here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
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
    adverbs: str = ""
    """What may stand behind the verb, or between commas before it: "the answer, then, is therefore"."""
    headings: str = ""
    """What may stand before the noun in a heading: "Final Answer"."""


_WORDS = {
    "en": _Words(
        "answer, answers, ans, correct option, correct choice, final choice, final pick, my choice, my pick",
        "is, are, was, must be, should be, would be, will be, can only be, equals",
        "to, of, for, here, choice, option, in",
        "not",
        "therefore, thus, hence, then, simply, just, exactly, indeed, clearly, of course, equal to, finally",
        "final, the final, correct, the, your",
    ),
    "es": _Words("respuesta", "es, son", "correcta, final, a, al", "", "por lo tanto, entonces", "final"),
    "fr": _Words("réponse, reponse", "est, sont", "correcte, finale, à", "pas", "donc, alors"),
    "de": _Words("antwort", "ist, sind, lautet", "richtige, auf", "nicht", "also, daher, somit"),
    "it": _Words("risposta", "è", "corretta, finale, alla", "non", "quindi, dunque"),
    "pt": _Words("resposta", "é", "correta, final, para, à", "não", "portanto, então"),
    "nl": _Words("antwoord", "is", "op", "niet", "dus"),
    "sv": _Words("svar, svaret", "är, er", "på", "inte, ikke", "alltså"),
    "fi": _Words("vastaus", "on", "", "ei", "siis"),
    "pl": _Words("odpowiedź, odpowiedz", "to, brzmi", "na", "nie", "więc"),
    "cs": _Words("odpověď", "je", "na", "není", "tedy"),
    "ro": _Words("răspuns, răspunsul, raspuns, raspunsul", "este", "final, corect, la", "nu", "deci"),
    "hu": _Words("válasz, végeredmény"),
    "el": _Words("απάντηση", "είναι", "", "δεν", "λοιπόν"),
    "tr": _Words("cevap, yanıt, cevabı"),
    "id": _Words("jawaban, jawabannya, jawaban akhir, jawapan", "adalah, ialah", "untuk", "bukan", "jadi"),
    "vi": _Words("đáp án, đáp số, câu trả lời", "là", "đúng, cuối cùng, cho", "không", "vậy"),
    "ru": _Words("ответ, відповідь", "это, равен, —, –", "на, к", "не"),
    "ar": _Words("الجواب, الإجابة, جواب, إجابة", "هو, هي", "النهائي, النهائية, الصحيح, الصحيحة", "ليس, ليست", "إذن"),
    "fa": _Words("پاسخ", "برابر است با, است"),
    "he": _Words("התשובה, תשובה", "היא", "הסופית", "לא"),
    "hi": _Words("उत्तर, जवाब"),
    "bn": _Words("উত্তর"),
}
"""Languages with spaces between words. Any noun goes with any verb."""

_UNSPACED_WORDS = {
    "zh": _Words(
        "答案, 正解, 回答, 解答, 答",
        "就是, 等于, 是, 为, 為",
        "应该, 應該, 应, 應",
        "不, 非",
        "",
        "最终, 最終, 正确, 参考, 标准",
    ),
    "ja": _Words("答え, 正解, 回答, 解答", "は", "", "ない", "", "最終"),
    "ko": _Words("정답, 답", "은, 는", "", "아니", "", "최종, 최종 "),
    "th": _Words("คำตอบ", "คือ"),
}
"""Languages in which noun and verb touch."""


def _any_of(column: Iterable[str]) -> str:
    """Return a group of the words of a column; a look at the first letter spares trying each of them everywhere."""
    words = dict.fromkeys(word for cell in column for word in cell.split(", ") if word)
    first_letters = "".join(dict.fromkeys(re.escape(word[0]) for word in words))
    return f"(?:(?=[{first_letters}])(?:{'|'.join(map(re.escape, words))}))"


def _in_ascii(column: Iterable[str]) -> list[str]:
    """Return the cells of a column with only the words that match ASCII; where case is ignored, ı matches i."""
    words = (word.replace("ı", "i") for cell in column for word in cell.split(", "))
    return [word for word in words if word.isascii()]


def _columns(table: Mapping[str, _Words]) -> _Words:
    """Return the words of all languages of a table, column by column, as groups of a pattern."""
    return _Words(*(_any_of(column) for column in zip(*table.values(), strict=True)))


_SPACED, _UNSPACED = _columns(_WORDS), _columns(_UNSPACED_WORDS)
_ASCII = _Words(*(_any_of(_in_ascii(column)) for column in zip(*_WORDS.values(), strict=True)))
_HEADING = rf"(?:{_SPACED.headings}\s)?{_SPACED.nouns}(?:\s{_SPACED.qualifiers})?"
_ASCII_HEADING = rf"(?:{_ASCII.headings}\s)?{_ASCII.nouns}(?:\s{_ASCII.qualifiers})?"
_UNSPACED_HEADING = rf"|(?:{_UNSPACED.headings})?{_UNSPACED.nouns}"
_LETTER_A = r"|A:(?=\s)"
_RESULT = r"|(?:final\s)?result"
_CHOSEN = r"|(?:^|(?<=[故应應可此以题，,。.：:\s]))选择?\s*[:：]?(?=\s*(?:\$|\\text\{)?[(（]?[A-J]\b)"


_VERB_LAST = (
    "(?:"
    + "|".join(f"(?<={noun})" for noun in ("cevap", "yanıt", "válasz", "उत्तर", "जवाब"))
    + r")(?=\s+[*$]{0,3}[-−]?\d)"
)
"""Nouns that a number follows without a verb between them: "उत्तर 9 है"."""


def _in_sentence(words: _Words, noun: str) -> str:
    """Return the pattern of an announcement in a language with spaces."""
    return rf"""
    (?<![^\W_])(?:{words.nouns}{noun})(?![^\W_])
      [*_"']{{0,4}}
      (?:,\s{words.adverbs},)?
      (?:\s+{words.qualifiers}\b[^.:：\n]{{0,60}}?)?
      [*_"'\s]{{0,4}}
      (?:(?<![^\W_]){words.verbs}(?![^\W\d_])(?!\s*{words.negations}\b)(?:\s+{words.adverbs}\b)?|[:：=]|{_VERB_LAST})
    """


def _without_spaces(chosen: str) -> str:
    """Return the pattern of an announcement in a language without spaces."""
    return rf"""
    (?=[【\u0e00-\uffff])(?:
      {_UNSPACED.nouns}[*_"'\]】」]{{0,4}}(?:{_UNSPACED.qualifiers})?(?:{_UNSPACED.verbs}\s?[:：]?|[:：])
        (?!{_UNSPACED.negations})
      |【{_UNSPACED.nouns}】
      {chosen})
    """


def _at_line_start(headings: str, more: str) -> str:
    """Return the pattern of an announcement that opens a line."""
    return rf"""
    ^(?:
      \s{{0,3}}[\#*_]{{1,6}}\s?(?:{headings})[*_:：\s]{{0,6}}\n
      |\#\#\#\#(?!\#)
      {more})
    """


def _stems(nouns: Iterable[str]) -> tuple[str, ...]:
    """Return what a text in lower case must contain to have an announcement by one of these nouns."""
    words = dict.fromkeys(nouns)
    shortest = [word for word in words if not any(other in word for other in words if len(other) > 3 and other != word)]
    marked = (f"{mark}{word}" for word in shortest if len(word) <= 3 and word.isascii() for mark in "\n *#_")
    return (*(word for word in shortest if len(word) > 3 or not word.isascii()), *marked)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source, re.I | re.M | re.X)


_NOUNS = [noun for words in (*_WORDS.values(), *_UNSPACED_WORDS.values()) for noun in words.nouns.split(", ")]
_MAX_ANNOUNCEMENT_CHARS = 200


class Announcements(NamedTuple):
    """Where and how one kind of answer is announced."""

    source: str
    """The pattern of every language; it is compiled when the first text needs it."""
    ascii_pattern: re.Pattern[str]
    """The pattern of what can be said in ASCII, which is several times as fast."""
    stems: tuple[str, ...]
    """What every announcement contains one of, in lower case; looking for these first is much faster."""
    ascii_stems: tuple[str, ...]
    """The stems that a text in ASCII may contain."""
    max_chars: int
    """How much of the end of a text is searched."""

    def pattern(self, text: str) -> re.Pattern[str]:
        """Return the pattern of the announcements that a text may contain."""
        return self.ascii_pattern if text.isascii() else _compiled(self.source)

    def last(self, text: str) -> re.Match[str] | None:
        """Return the last announcement at the end of a text; what it announces begins where the match ends."""
        tail = text[-self.max_chars :]
        pattern, position = self.pattern(tail), tail.rfind("answer")
        if len(tail) - position < _MAX_ANNOUNCEMENT_CHARS:  # the usual one, near the end
            start = max(0, position - _MAX_LEAD_CHARS)
            match = last_match(pattern, tail, start)
            if match or len(tail) < _MAX_ANNOUNCEMENT_CHARS:
                return match or (last_match(pattern, tail) if start else None)
        lowered = f"\n{tail.lower()}"
        if len(lowered) != len(tail) + 1:
            return last_match(pattern, tail)
        position, is_ascii = len(lowered), lowered.isascii()
        while position >= 0:
            position = max(lowered.rfind(stem, 0, position) for stem in (self.ascii_stems if is_ascii else self.stems))
            start = max(0, position - _MAX_LEAD_CHARS)
            match = position >= 0 and last_match(pattern, tail, start, position + _MAX_ANNOUNCEMENT_CHARS)
            if match:
                return match
        return None


_MAX_LEAD_CHARS = 24


def _announcements(
    nouns: Iterable[str], max_chars: int, *, noun: str = "", chosen: str = "", letter: str = "", behind: str = ""
) -> Announcements:
    stems = _stems(nouns)
    line_start = _at_line_start(_HEADING + _UNSPACED_HEADING, letter)
    source = f"(?:{_in_sentence(_SPACED, noun)}|{_without_spaces(chosen)}|{line_start}){behind}"
    in_ascii = f"(?:{_in_sentence(_ASCII, noun)}|{_at_line_start(_ASCII_HEADING, letter)}){behind}"
    ascii_pattern = re.compile(in_ascii, re.I | re.M | re.X | re.A)
    return Announcements(source, ascii_pattern, stems, tuple(filter(str.isascii, stems)), max_chars)


MATHEMATICS = _announcements(
    [*_NOUNS, "result", "####", "a:", "选"],
    2000,
    noun=_RESULT,
    chosen=_CHOSEN,
    letter=_LETTER_A,
    behind=r"[:：*_\s]{0,8}",
)
QUESTIONS = _announcements([*_NOUNS, "####"], 4000)

SENTENCE_END = re.compile(r"[.!?][*_$\"')]{0,4}\s+(?=\S)|[。！？][*_$\"')]{0,4}\s*(?=\S)")
"""Ends a sentence that announces mathematics."""
SENTENCE_END_AFTER_WORDS = re.compile(
    r"(?<![\s.][A-Za-z])(?<!\b(?:Mr|Dr|St|Ms|Mt|Ft|Jr|Sr|vs))(?<!\b(?:Mrs|Gen|Col|Sen|Gov))(?<!\bProf)[.!?][*_\"')\]]{0,3}\s+(?=[^\s\da-z])|[。！？]\s*(?=\S)"
)
"""Ends a sentence of words, in which a point may also end an abbreviation or an initial."""


def last_match(pattern: re.Pattern[str], text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
    """Return the last match of a pattern in a text."""
    match = None
    for match in pattern.finditer(text, start, end):  # noqa: B007 only the last one counts
        continue
    return match
