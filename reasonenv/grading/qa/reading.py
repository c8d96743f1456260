r"""What a response to a question says is the answer, and how that text may be narrowed down.

Lives here: `read_response`, `refined`. Does not: comparing (`qa_text`, `qa_numbers`, …) or letters and yes or no
(`qa_choice`).

Covered: one `<answer>` block, boxes, announcements in a dozen languages, a short response that is nothing but its
answer. Not covered: an answer that has to be picked out of a longer text without any of these.

The one decision: there is one asserted text, and every narrowing is a part of the one before. So a response never gets
two guesses, and a text with "or" or "not" in it is not narrowed at all.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reasonenv.parsing import boxed_answer, split_reasoning

__all__ = [
    "MAX_ANSWER_CHARS",
    "Reading",
    "answer_part",
    "read_response",
    "refined",
    "without_commands",
    "without_markup",
]

MAX_ANSWER_CHARS = 1000
"""Longer answers are not compared."""

_MAX_BARE_CHARS = 300
_MAX_SEARCHED_CHARS = 4000


class Reading(NamedTuple):
    """What was read: `Reading("Paris", "block")`, or None and why."""

    text: str | None
    source: str
    """`block`, `box`, `announced`, `bare`; else `unfinished`, `tags`, `empty` or `long`."""


_ANNOUNCEMENT = re.compile(
    r"""
    \b(?:answers?|ans|respuesta|r[eé]ponse|antwort|risposta|resposta|antwoord|svar(?:et)?|odpowied[zź]|cevap|jawaban
        |ответ|correct\ (?:option|choice)|(?:final|my)\ (?:choice|pick))\b
      [*_"']{0,4}
      (?:\s+(?:to|of|for|here|choice|option|correcta|correcte|richtige|correta)\b[^.:：\n]{0,60}?)?
      [*_"'\s]{0,4}
      (?:(?:\bis\b|\bare\b|\bwas\b|\b(?:must|should|would|will|can\ only)\ be\b|\bes\b|\best\b|\bist\b|\blautet\b
         |\bsind\b|\bson\b|\bsont\b|\bé\b|\bè\b|\bär\b|\bto\b|\badalah\b)(?!\s*(?:not|nicht|pas)\b)|[:：=])
    |(?:答案|答え|正解|回答|解答|정답|답|答)(?:应该|應該)?(?:[是为為:：]|は|은|는)(?!不)
    |^\s{0,3}(?:[#*_]{1,6}\s?)(?:final\s)?answer[*_:\s]{0,6}\n
    |^\#\#\#\#(?!\#)
    """,
    re.I | re.M | re.X,
)
_MARKS = re.compile(r"^(?:[\s:：>]|\*\*|__|[*_](?=\s))+")
_RETRACTION = re.compile(
    r"\b(?:no|not|wait|actually|sorry|kidding|correction|instead|mistake|wrong|incorrect|however|rather|scratch|oops"
    r"|alternatively|or|could also|might|nein|perdón)\b|n't\b|不|错",
    re.I,
)
_SENTENCE_END = re.compile(
    r"(?<![\s.][A-Za-z])(?<!\b(?:Mr|Dr|St|Ms|vs))(?<!Mrs)[.!?][*_\"')\]]{0,3}\s+(?=[^\s\da-z])|[。！？]\s*(?=\S)"
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
    ("\\(", ""),
    ("\\)", ""),
    ("\\%", "%"),
    ("\\$", "$"),
    ("\\#", "#"),
    ("\\&", "&"),
    ("\\_", "_"),
    ("^\\circ", "°"),
    ("^{\\circ}", "°"),
)
_PAIRS = {
    '"': '"',
    "“": "”",
    "'": "'",
    "‘": "’",
    "(": ")",
    "[": "]",
    "「": "」",
    "『": "』",
    "*": "*",
    "_": "_",
    "«": "»",
    "【": "】",
}


def read_response(response: str) -> Reading:
    r"""Return what a response gives as its answer after its thinking.

    The only `<answer>` block counts, else the last box, else the last announcement ("The answer is …"), else the whole
    of a short response.

    >>> read_response("<think>Paris? No.</think> <answer>Lyon</answer>").text
    'Lyon'
    >>> read_response("<answer>Paris</answer> <answer>Lyon</answer>").text is None
    True
    """
    rest = split_reasoning(response).rest
    if rest is None:
        return Reading(None, "unfinished")
    if "<answer>" in rest or "</answer>" in rest:
        if rest.count("<answer>") != 1 or rest.count("</answer>") != 1:
            return Reading(None, "tags")
        block, closing, _ = rest.partition("<answer>")[2].partition("</answer>")
        return _checked(_inner(block.strip()), "block") if closing else Reading(None, "tags")
    boxed = boxed_answer(rest) if "\\" in rest else None
    if boxed is not None:
        return _checked(boxed, "box")
    announced = _announced(rest[-_MAX_SEARCHED_CHARS:])
    if announced is not None:
        return _checked(announced[:MAX_ANSWER_CHARS], "announced")
    bare = rest.strip()
    return _checked(bare, "bare") if len(bare) <= _MAX_BARE_CHARS else Reading(None, "long")


def answer_part(response: str) -> str | None:
    """Return all that a response says as its answer: its only `<answer>` block, else all that follows the thinking.

    >>> answer_part("<think>hm</think> It is old [1].")
    'It is old [1].'
    """
    rest = split_reasoning(response).rest
    if rest is None:
        return None
    if "<answer>" in rest or "</answer>" in rest:
        block, closing, _ = rest.partition("<answer>")[2].partition("</answer>")
        is_only = rest.count("<answer>") == rest.count("</answer>") == 1
        rest = block if is_only and closing else ""
    return rest.strip() or None


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
        end = _SENTENCE_END.search(line)
        head = line[: end.start() + 1] if end else line
        if not _RETRACTION.search(whole[len(head) :]):
            texts.append(head)
    last = texts[-1]
    if len(last) > _MAX_BARE_CHARS or "\n" in last.strip() or _SENTENCE_END.search(last):
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


def _inner(block: str) -> str:
    """Return what a block says beyond a box or an announcement in it."""
    boxed = boxed_answer(block) if "\\" in block else None
    if boxed is not None:
        return boxed
    announced = _announced(block) if len(block) <= MAX_ANSWER_CHARS else None
    return block if announced is None else announced


def _announced(text: str) -> str | None:
    end = -1
    for found in _ANNOUNCEMENT.finditer(text):
        end = found.end()
    if end < 0:
        return None
    return _MARKS.sub("", text[end:]).rstrip() or None


def _checked(text: str, source: str) -> Reading:
    text = text.strip()
    if not text:
        return Reading(None, "empty")
    return Reading(None, "long") if len(text) > MAX_ANSWER_CHARS else Reading(text, source)
