r"""What a response says: its thinking, its answer part, its boxes, its answer.

Lives here: reading text, in one linear pass each, of any Python string (NUL, lone surrogates, a megabyte of braces).
Does not: judge whether an answer is right (`reasonenv.grading`) or worth a reward (`reasonenv.rewards`).

The one decision: an answer must be announced after the thinking: in an `<answer>` block, else in a `\boxed{}`, else in
words ("The final answer is 5.") that end the response. The last number of a text is never taken for its answer, because
a policy that rambles would be paid for it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Reasoning", "boxed_answer", "extract_answer", "last_boxed", "prose_answer", "split_reasoning"]

_TOKEN = re.compile(r"\\(?:boxed|fbox)\s*\{|\\\\(?!boxed|fbox)|\\[{}]|[{}]")
_LIST_SEPARATOR = re.compile(
    r"(?:[\s,;$&]|\\[()\[\],;]|\\q?quad)*(?:(?:\\text\s*\{)?(?:[^{}.!?:\\]{0,30}\b)?(?:and|or)\s*\}?)?"
    r"(?:[\s,;$&]|\\[()\[\],;]|\\q?quad)*(?:[A-Za-z](?:_\{?\w\}?)?\s*=\s*)?"
)
_MAX_SEPARATOR_CHARS = 40
_MAX_ANNOUNCEMENT_CHARS = 2000
_MAX_SEARCHED_CHARS = 32_768
"""How far from its end a text is searched for boxes, so that a megabyte of braces costs milliseconds."""
_BOX = re.compile(r"\\(?:boxed|fbox)")
_ANNOUNCEMENT = re.compile(
    r"(?:\banswer[*_ \t]{0,4}(?:is(?![A-Za-z])|[:：])|答案(?:是|为|：|:)|^####(?!#))[:*_\s]{0,8}", re.I | re.M
)
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.S)
_PROSE = re.compile(r"[A-Za-z]{3,}")
_HEDGE = re.compile(r"\b(?:not|no|or|never|nor|isn't|cannot|neither|percent)\b", re.I)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?(?:/\d+)?")
_CLOSING_WORDS = re.compile(r"[.\s]*(?:I hope (?:it|this) is correct\.?)?(?:\s*<\|\w{1,20}\|>\w{0,10})?\s*", re.I)
_SENTENCE_END = re.compile(r"[.!?。][*_$\"')]{0,4}\s+(?=\S)")


class Reasoning(NamedTuple):
    """A response in two parts: `Reasoning(thinking="2+3 is 5", rest="<answer>5</answer>")`."""

    thinking: str
    rest: str | None
    """What follows the thinking; None when the thinking never ends, so that nothing has been answered yet."""


class _Box(NamedTuple):
    start: int
    content_start: int
    content_end: int
    end: int


def split_reasoning(response: str) -> Reasoning:
    """Split a response at its last `</think>`.

    A response without tags is all answer; one whose prompt already opened `<think>` needs only the closing tag.

    >>> split_reasoning("<think>2+3</think> 5")
    Reasoning(thinking='2+3', rest=' 5')
    >>> split_reasoning("<think>2+3 is").rest is None
    True
    """
    before, closing, rest = response.rpartition("</think>")
    if "<think>" in rest:
        return Reasoning(response.partition("<think>")[2], None)
    return Reasoning(before.removeprefix("<think>") if closing else "", rest)


def last_boxed(text: str) -> str | None:
    r"""Return the content of the last complete `\boxed{…}` or `\fbox{…}`, braces balanced and inner boxes opened.

    >>> last_boxed(r"try \boxed{5}, no: \boxed{\frac{1}{2}}")
    '\\frac{1}{2}'
    """
    boxes = _outermost_boxes(text)
    return _content(text, boxes[-1]) if boxes else None


def boxed_answer(text: str) -> str | None:
    r"""Return what the last box says; boxes that only commas, "and" or "or" separate from it form one list with it.

    >>> boxed_answer(r"so \boxed{1} and \boxed{2}")
    '1, 2'
    >>> boxed_answer(r"try \boxed{5}. No, \boxed{4}")
    '4'
    """
    boxes = _outermost_boxes(text)
    if not boxes:
        return None
    contents = [_content(text, boxes[-1])]
    for following, box in pairwise(reversed(boxes)):
        if not _is_list_separator(text, box.end, following.start):
            break
        contents.append(_content(text, box))
    return contents[0] if len(set(contents)) == 1 else ", ".join(reversed(contents))


def extract_answer(response: str) -> str | None:
    r"""Return the answer that a response announces after its thinking, or None.

    The only `<answer>` block counts (its last box, else all of it); without one, the last box of the answer part;
    without that, the announcement in words that ends it. None for unclosed thinking, for an empty
    answer, and for `<answer>` tags that contradict each other: several blocks, or a tag without its partner.

    >>> extract_answer("<think>It is 4. No.</think><answer> 5 </answer>")
    '5'
    >>> extract_answer(r"<think>\boxed{5}</think> I do not know.") is None
    True
    """
    rest = split_reasoning(response).rest
    if rest is None:
        return None
    if "<answer>" not in rest and "</answer>" not in rest:
        boxed = boxed_answer(rest)
        return (_announced_answer(rest) if boxed is None else boxed) or None
    if rest.count("<answer>") != 1 or rest.count("</answer>") != 1:
        return None
    block, closing, _ = rest.partition("<answer>")[2].partition("</answer>")
    if not closing:
        return None
    boxed = boxed_answer(block)
    return (_announced_answer(block) or block.strip() if boxed is None else boxed) or None


def prose_answer(text: str, *, allows_number: bool = False) -> str:
    r"""Return what a text without announcement speaks of: its only formula, else all of it.

    A text with more than one formula, or with a "not" or an "or" in it, is returned as it is.

    Args:
        allows_number: the last of several formulas, else the last number, is taken.

    >>> prose_answer("Therefore $x > 5$ is the solution.")
    'x > 5'
    """
    tail = text[-_MAX_ANNOUNCEMENT_CHARS:]
    formulas = [next(filter(None, groups)) for groups in _FORMULA.findall(tail)]
    prose = _FORMULA.sub(" ", tail)
    if formulas and (allows_number or (len(formulas) == 1 and not _HEDGE.search(prose))):
        return formulas[-1].strip() if _PROSE.search(prose) else text
    numbers = _NUMBER.findall(tail) if allows_number and _PROSE.search(tail) and "\\" not in tail else []
    return numbers[-1] if numbers else text


def _announced_answer(text: str) -> str | None:
    """Return what the last announcement in words says, if the response ends with it.

    A sentence after the answer may take it back, so only a polite formula and a control token may follow.
    """
    tail = text[-_MAX_ANNOUNCEMENT_CHARS:].rstrip()
    announcement = None
    for announcement in _ANNOUNCEMENT.finditer(tail):  # noqa: B007 only the last one counts
        continue
    if announcement is None:
        return None
    said = tail[announcement.end() :]
    end = _SENTENCE_END.search(said)
    if end and not _CLOSING_WORDS.fullmatch(said, end.start()):
        return None
    said = (said[: end.start()] if end else said).strip().rstrip("*_ .")
    if said[:1].isalpha() and " is " in said:
        said = said.rpartition(" is ")[2].strip()
    return None if "\n\n" in said else said or None


def _outermost_boxes(text: str) -> list[_Box]:
    """Find complete boxes in order; a box inside another complete box belongs to that one."""
    open_braces: list[tuple[int, int] | None] = []
    boxes: list[_Box] = []
    first = _BOX.search(text, max(0, len(text) - _MAX_SEARCHED_CHARS))
    if first is None:
        return boxes
    for token in _TOKEN.finditer(text, first.start()):
        symbol = token.group()
        if symbol == "{":
            open_braces.append(None)
        elif symbol == "}":
            opened = open_braces.pop() if open_braces else None
            if opened is not None:
                _close_box(text, boxes, *opened, token)
        elif len(symbol) > 2:
            open_braces.append(token.span())
    return boxes


def _close_box(text: str, boxes: list[_Box], start: int, content_start: int, closing: re.Match[str]) -> None:
    """Append a box to those before it, in place of those inside it; a box around nothing but a box has its content."""
    box = _Box(start, content_start, closing.start(), closing.end())
    while boxes and boxes[-1].start > start:
        inner = boxes.pop()
        if not text[content_start : inner.start].strip() and not text[inner.end : closing.start()].strip():
            box = box._replace(content_start=inner.content_start, content_end=inner.content_end)
    boxes.append(box)


def _content(text: str, box: _Box) -> str:
    return text[box.content_start : box.content_end].strip()


def _is_list_separator(text: str, start: int, end: int) -> bool:
    return end - start <= _MAX_SEPARATOR_CHARS and _LIST_SEPARATOR.fullmatch(text, start, end) is not None
