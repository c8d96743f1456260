r"""What a response to a question says is the answer, and how that text may be narrowed down.

There is one asserted text, and every narrowing is a part of the one before, so a response never gets two guesses. A
text with "or" or "not" in it is not narrowed at all.

Covered: one `<answer>` block, boxes, announcements in a dozen languages, a short response that is nothing but its
answer. Not covered: an answer that has to be picked out of a longer text without any of these.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from reasonenv.grading.grade import MAX_ANSWER_CHARS
from reasonenv.grading.qa.claims import narrowed
from reasonenv.parsing.announcements import QUESTIONS, SENTENCE_END_AFTER_WORDS
from reasonenv.parsing.response import CONTROL_TOKEN, Response

_MAX_BARE_CHARS = 300
_MAX_PREFIX_CHARS = 40


class Reading(NamedTuple):
    """What was read: `Reading("Paris", "block")`, or None and why."""

    text: str | None
    source: str
    """`block`, `box`, `announced`, `bare`; else `unfinished`, `tags`, `empty` or `long`."""


_MARKS = re.compile(r"^(?:[\s:：>]|\*\*|__|[*_](?=\s))+")
_CLOSING = re.compile(
    rf"(?:\s*(?:{CONTROL_TOKEN}|[✓✔✅☑🎉]\ufe0f?"
    r"|(?:\n\s*|(?<=[.!]\s))(?:i )?hope (?:this|that|it) (?:helps|is correct)[.!]?))+\s*\Z",
    re.I,
)
"""What says nothing behind an answer: control tokens, ticks, courtesies."""
_TICKS = frozenset("✓✔✅☑")
_CLOSING_MARKS = _TICKS | frozenset(">🎉\ufe0f")
_OPENING = re.compile(r"\A\s*[✓✔✅☑]\ufe0f?\s*")
_WRONG = re.compile(r"\b(?:wrong|incorrect|false|worst|bad|least likely)\s*\Z|[错錯][误誤]?的?\Z|不正确的?\Z", re.I)
_RETRACTION = re.compile(
    r"\b(?:no|not|wait|actually|sorry|kidding|correction|instead|mistake|wrong|incorrect|however|rather|scratch|oops"
    r"|alternatively|or|could also|might|nein|perdón)\b|n't\b|不|错",
    re.I,
)
_MORE_ANSWERS = re.compile(r"(?:\s*\n\s*[^\s.!?。:：]+(?: [^\s.!?。:：]+){0,2})+\s*\Z")
"""Short lines behind the first: answers of their own."""
_MARKUP = re.compile(r"\*\*|__|`")
_COMMAND = re.compile(r"\\(?:text|textbf|mathrm|mathbf|textit|emph|mbox|operatorname)\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_LATEX = re.compile(r"\\(?:[dt]?frac)\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SHORT_FRACTION = re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)(?!\d)")
_NUMBER_IN_DOLLARS = re.compile(r"\$(-?\d(?:[\d.,/]*\d)?)\$(?!\d)")
_SUBSCRIPT = re.compile(r"(?<=[A-Za-z)])_(?:(\d)|\{(\d{1,3})\})(?![\d_])")
_LATEX_SPACE = re.compile(r"\\[,;:! ]|\\quad|~(?=\\|\})|\{,\}")
_LATEX_SYMBOLS = (
    ("\\(", ""), ("\\)", ""), ("\\%", "%"), ("\\$", "$"), ("\\#", "#"), ("\\&", "&"), ("\\_", "_"),
    ("^\\circ", "°"), ("^{\\circ}", "°"),
)  # fmt: skip
_PAIRS = dict(zip("\"“'‘([「『*_«【", "\"”'’)]」』*_»】", strict=True))
"""Opening → closing mark of what may enclose a whole answer."""


def read_answer(response: Response) -> Reading:
    r"""Return what a response gives as its answer after its thinking.

    The only `<answer>` block counts, else the last box, else the last announcement ("The answer is …"), else the whole
    of a short response.

    >>> from reasonenv.parsing import read_response
    >>> read_answer(read_response("<think>Paris? No.</think> <answer>Lyon</answer>")).text
    'Lyon'
    >>> read_answer(read_response("<answer>Paris</answer> <answer>Lyon</answer>")).text is None
    True
    """
    if response.part is None:
        return Reading(None, "unfinished" if response.rest is None else "tags")
    box = response.box
    if box is not None:
        return _checked(box, "box" if response.block is None else "block")
    if response.block is not None:
        block = response.block.strip()
        announced = _announced(block) if len(block) <= MAX_ANSWER_CHARS else None
        return _checked(block if announced is None else announced, "block")
    announced = _announced(response.part)
    if announced is not None:
        return _checked(announced[:MAX_ANSWER_CHARS], "announced")
    bare = response.part.strip()
    return _checked(bare, "bare") if len(bare) <= _MAX_BARE_CHARS else Reading(None, "long")


def refined(reading: Reading) -> list[str]:
    """Return the text of a reading, then what is left of it without explanation and without the words before "is".

    >>> refined(Reading("The capital of France is **Paris**.", "block"))[-1]
    'Paris.'
    >>> refined(Reading("It is either Lyon or Paris.", "block"))
    ['It is either Lyon or Paris.']
    """
    return list(_refined(reading))


def as_said(reading: Reading) -> tuple[str, ...]:
    """Return the first of what `refined` returns: the text of a reading, and its sentence where more follows."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, _as_said(reading)))))


def _as_said(reading: Reading) -> list[str]:
    whole = without_markup(reading.text or "")
    texts = [whole]
    if reading.source in ("announced", "bare"):
        line = whole.split("\n", 1)[0]
        end = SENTENCE_END_AFTER_WORDS.search(line)
        head = line[: end.start() + 1] if end else line
        rest = whole[len(head) :]
        if not _RETRACTION.search(rest) and not _MORE_ANSWERS.match(rest):
            texts.append(head)
    return texts


@lru_cache(maxsize=8192)
def _refined(reading: Reading) -> tuple[str, ...]:
    texts = _as_said(reading)
    last = texts[-1]
    if len(last) <= _MAX_BARE_CHARS and "\n" not in last.strip() and not SENTENCE_END_AFTER_WORDS.search(last):
        texts += map(without_markup, narrowed(last))
    return tuple(dict.fromkeys(filter(None, map(str.strip, texts))))


def without_markup(text: str) -> str:
    r"""Return a text without emphasis, LaTeX commands around text, and quotes or brackets around all of it.

    >>> without_markup(r"**\text{Paris}**"), without_markup(r"50\%"), without_markup("“Hamlet”")
    ('Paris', '50%', 'Hamlet')
    """
    text = without_commands(text)
    if len(text) > 3 and text[-1] in ".," and text[-2] in '*_"”’»」』':
        text = text[:-1]
    while (
        len(text) > 2 and _PAIRS.get(text[0]) == text[-1] and text[0] not in text[1:-1] and text[-1] not in text[1:-1]
    ):
        text = text[1:-1].strip()
    return text


def without_commands(text: str) -> str:
    """Return a text without emphasis and LaTeX commands around text."""
    text = text.strip()
    if "\\" in text:
        for latex, plain in _LATEX_SYMBOLS:
            text = text.replace(latex, plain)
        text = _LATEX.sub(r"\1/\2", _LATEX_SPACE.sub(lambda found: "" if found.group() == "{,}" else " ", text))
        text = _SHORT_FRACTION.sub(r"\1/\2", text)
        while _COMMAND.search(text):
            text = _COMMAND.sub(r"\1", text)
    if "*" in text or "_" in text or "`" in text:
        text = _MARKUP.sub("", text)
    if len(text) > 2 and text[0] == text[-1] == "$" and "$" not in text[1:-1]:
        text = text[1:-1]
    if "_" in text and len(text) <= MAX_ANSWER_CHARS:
        text = _SUBSCRIPT.sub(r"\1\2", text)
    if text.count("$") == 2:
        text = _NUMBER_IN_DOLLARS.sub(r"\1", text)
    return text.strip()


def _announced(text: str) -> str | None:
    announcement = QUESTIONS.last(text)
    if announcement is None:
        return None
    start = announcement.start()
    if _WRONG.search(announcement.string, max(0, start - _MAX_PREFIX_CHARS), start):
        return None
    said = announcement.string[announcement.end() :].rstrip()
    unmarked = _MARKS.sub("", said)
    return (unmarked if unmarked.strip(".") else said.strip()) or None


def _checked(text: str, source: str) -> Reading:
    text = text.strip()
    if text[-1:] in _CLOSING_MARKS or "ope " in text[-40:]:
        text = _CLOSING.sub("", text).rstrip()
    if text[:1] in _TICKS:
        text = _OPENING.sub("", text)
    if not text:
        return Reading(None, "empty")
    return Reading(None, "long") if len(text) > MAX_ANSWER_CHARS else Reading(text, source)
