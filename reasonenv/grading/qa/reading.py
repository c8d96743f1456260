r"""What a response to a question says is the answer, and how that text may be narrowed down.

There is one asserted text, and every narrowing is a part of the one before, so a response never gets two guesses. A
text with "or" or "not" in it is not narrowed at all.

Covered: one `<answer>` block, boxes, announcements in a dozen languages, a short response that is nothing but its
answer. Not covered: an answer that has to be picked out of a longer text without any of these.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reasonenv.grading.grade import MAX_ANSWER_CHARS
from reasonenv.parsing.announcements import QUESTIONS, SENTENCE_END_AFTER_WORDS
from reasonenv.parsing.response import Response

_MAX_BARE_CHARS = 300


class Reading(NamedTuple):
    """What was read: `Reading("Paris", "block")`, or None and why."""

    text: str | None
    source: str
    """`block`, `box`, `announced`, `bare`; else `unfinished`, `tags`, `empty` or `long`."""


_MARKS = re.compile(r"^(?:[\s:：>]|\*\*|__|[*_](?=\s))+")
_RETRACTION = re.compile(
    r"\b(?:no|not|wait|actually|sorry|kidding|correction|instead|mistake|wrong|incorrect|however|rather|scratch|oops"
    r"|alternatively|or|could also|might|nein|perdón)\b|n't\b|不|错",
    re.I,
)
_HEDGE = re.compile(
    r"\b(?:or|nor|not|no|never|neither|either|maybe|perhaps|possibly|probably|might|could|cannot|oder|nicht|ni|nunca|pas"
    r"|nie|не|или)\b|n't\b|[不没沒非]|或|아니|ない|\?",
    re.I,
)
_REASON = re.compile(
    r"\s*(?:[,;(—–]\s*)?\b(?:because|since|as it|which|given that|due to|thanks to|weil|porque|parce que)\b|[,，]?因为"
)
_COPULA = re.compile(
    r"^.{1,200}?\b(?:is|are|was|were)\s+(?:\w+ly\s+)?\w+(?:ed|en|wn|lt|nt|de|ne|ng|ught|orn)\s+(?:by|in|on|at)\s+(?=\S)"
    r"|^(?:it|that|this|he|she)['’]s\s+(?=\S)"
    r"|^.{1,200}?\b(?:is|are|was|were|equals|es|son|est|sont|ist|sind|war|è|é|=|called|named|known as)\s+(?=\S)"
    r"|^.{1,200}?(?:\s[éè]\s+|(?<=[\u3400-\u9fff])[是为為]|は(?=[^\s、]))",
    re.I | re.S,
)
_NAMING = re.compile(r"^(?:called|named|known as|titled|about|approximately)\s+", re.I)
_MARKUP = re.compile(r"\*\*|__|`|\\(?:text|textbf|mathrm|mathbf|textit|emph|mbox|operatorname)\s*\{")
_LATEX = re.compile(r"\\(?:[dt]?frac)\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
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
    whole = without_markup(reading.text or "")
    texts = [whole]
    if reading.source in ("announced", "bare"):
        line = whole.split("\n", 1)[0]
        end = SENTENCE_END_AFTER_WORDS.search(line)
        head = line[: end.start() + 1] if end else line
        if not _RETRACTION.search(whole[len(head) :]):
            texts.append(head)
    last = texts[-1]
    if len(last) > _MAX_BARE_CHARS or "\n" in last.strip() or SENTENCE_END_AFTER_WORDS.search(last):
        return texts
    if reason := _REASON.search(last):
        last = last[: reason.start()]
        texts.append(last)
    if not _HEDGE.search(last):
        while found := _COPULA.match(last):
            last = last[found.end() :]
        texts.append(without_markup(_NAMING.sub("", last)))
    return list(dict.fromkeys(filter(None, map(str.strip, texts))))


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
    if _MARKUP.search(text):
        is_command = "\\" in text
        text = _MARKUP.sub("", text)
        text = text.replace("}", "") if is_command else text
    if len(text) > 2 and text[0] == text[-1] == "$" and "$" not in text[1:-1]:
        text = text[1:-1]
    return text.strip()


def _announced(text: str) -> str | None:
    announcement = QUESTIONS.last(text)
    if announcement is None:
        return None
    return _MARKS.sub("", announcement.string[announcement.end() :]).rstrip() or None


def _checked(text: str, source: str) -> Reading:
    text = text.strip()
    if not text:
        return Reading(None, "empty")
    return Reading(None, "long") if len(text) > MAX_ANSWER_CHARS else Reading(text, source)
