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

__all__ = [
    "Reasoning",
    "boxed_answer",
    "code_block",
    "extract_answer",
    "last_boxed",
    "split_reasoning",
    "stated_answer",
]

_TOKEN = re.compile(r"\\(?:boxed|fbox)\s*\{|\\\\(?!boxed|fbox)|\\[{}]|[{}]")
_SEPARATORS = r"(?:[\s,;.?!$&/|~*•–—-]|\\[()\[\],;:! \\]|\\q?quad)*"
_LIST_SEPARATOR = re.compile(
    rf"{_SEPARATORS}(?:(?:\\text\s*\{{)?(?:[^{{}}.!?:\\]{{0,30}}\b)?(?:and|or)\s*\}}?)?"
    rf"{_SEPARATORS}(?:\(?(?:\d{{1,2}}|[A-Za-z])[).:]{_SEPARATORS}|[A-Za-z](?:_\{{?\w\}}?)?\s*=\s*)?"
)
_MAX_SEPARATOR_CHARS = 40
_MAX_ANNOUNCEMENT_CHARS = 2000
_MAX_DENIAL_CHARS = 100
_MAX_SEARCHED_CHARS = 16_384
"""How far from its end a text is searched for boxes, so that a megabyte of braces costs milliseconds."""
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_ANNOUNCEMENT = re.compile(
    r"(?:\banswer[*_ \t]{0,4}(?:is(?![A-Za-z])|[:：])|答案(?:是|为|：|:)|^####(?!#))[:*_\s]{0,8}", re.I | re.M
)
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.S)
_PROSE = re.compile(r"\b(?!and\b)[A-Za-z]{3,}")
_HEDGED = re.compile(r"\b(?:not|no|or|never|nor|isn't|neither|than)\W{0,4}$", re.I)
_MAX_HEDGE_CHARS = 12
_DENIAL = re.compile(r"(?:\b(?:not|never|false|wrong|incorrect)|n't)\b(?!.*\bbut\b)[^,;.!?\n]*$", re.I)
_BARE_ANSWER = re.compile(r"[$(]*-?(?:\d\S{0,20}|[A-J])[$).]*")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?(?:/\d+)?")
_FENCE = re.compile(r"(?P<ticks>`{3,})(?P<info>[^`]*)")
_PYTHON = ("python", "py", "python3")
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
    if not _has_answer_tag(rest):
        return _boxed_or_announced(rest)
    block = _answer_block(rest)
    if block is None:
        return None
    return _boxed_or_announced(block) or (None if _outermost_boxes(block) else block.strip() or None)


def code_block(response: str) -> str | None:
    r"""Return the program that a response ends with: its last fenced python block after the thinking, or None.

    A fence is a line that begins with three or more backticks. It opens a block, with the language behind the
    backticks; a line of at least as many backticks alone closes it. The language is `python`, `py` or `python3` in any
    case; blocks of another language or of none are passed over, whatever stands in them. Of several blocks the last
    counts. A block that is never closed was cut off: there is no program then, whatever came before. Where `<answer>`
    tags occur, exactly one block of them must, and only what stands in it counts, as for `extract_answer`.

    >>> code_block("<think>easy</think> Here it is:\n```python\nprint(5)\n```\nIt prints 5.")
    'print(5)\n'
    >>> code_block("```python\nprint(5)") is None
    True
    """
    rest = split_reasoning(response).rest
    text = _answer_block(rest) if rest is not None and _has_answer_tag(rest) else rest
    program, fence, language, lines = None, "", "", list[str]()
    for line in (text or "").strip().split("\n"):
        mark = _FENCE.fullmatch(line.rstrip())
        if mark is not None and not fence:
            fence, language, lines = mark["ticks"], mark["info"].strip().lower(), list[str]()
        elif mark is not None and len(mark["ticks"]) >= len(fence) and not mark["info"]:
            program = "".join(f"{line}\n" for line in lines) if language in _PYTHON else program
            fence = ""
        else:
            lines.append(line)
    return None if fence else program


def _has_answer_tag(text: str) -> bool:
    return "answer>" in text and ("<answer>" in text or "</answer>" in text)


def _answer_block(text: str) -> str | None:
    """Return what stands in the only `<answer>` block; None if there is not exactly one."""
    if text.count("<answer>") != 1 or text.count("</answer>") != 1:
        return None
    block, closing, _ = text.partition("<answer>")[2].partition("</answer>")
    return block if closing else None


def stated_answer(text: str) -> str | None:
    r"""Return what a text says last, read leniently: its announcement, box, formula or number; None if it has none.

    An announcement behind the last box counts, whatever follows it. For comparing texts that nobody is rewarded for.

    >>> stated_answer("Therefore $x > 5$ is the solution.")
    'x > 5'
    >>> stated_answer("It is not $5$.") is None
    True
    """
    announcement = _last(_ANNOUNCEMENT, text)
    if announcement and not _BOX.search(text, announcement.end()):
        said = text[announcement.end() :][:_MAX_ANNOUNCEMENT_CHARS].partition("\n\n")[0]
        end = _SENTENCE_END.search(said)
        said = _complement((said[: end.start()] if end else said).strip().rstrip("*_ ."))
        is_sentence = _PROSE.search(_FORMULA.sub(" ", said)) is not None
        return (_last_value(said) if is_sentence else said) or None
    unclosed_box = text.rpartition(r"\boxed{")[2] if r"\boxed{" in text else ""
    return boxed_answer(text) or unclosed_box or _last_value(text[-_MAX_ANNOUNCEMENT_CHARS:])


def _last(pattern: re.Pattern[str], text: str, start: int = 0) -> re.Match[str] | None:
    match = None
    for match in pattern.finditer(text, start):  # noqa: B007 only the last one counts
        continue
    return match


def _last_value(text: str) -> str | None:
    """Return the last formula, or a number behind it, unless a word such as "not" stands before it."""
    found = _last(_FORMULA, text)
    number = _last(_NUMBER, text, found.end() if found else 0)
    found = number or found
    if found is None or _HEDGED.search(text[max(0, found.start() - _MAX_HEDGE_CHARS) : found.start()]):
        return None
    return next(filter(None, found.groups()), found[0]).strip()


def _complement(said: str) -> str:
    """Return what follows the last "is" of a sentence."""
    return said.rpartition(" is ")[2].strip() if said[:1].isalpha() and " is " in said else said


def _boxed_or_announced(text: str) -> str | None:
    """Return what the last box says, else what is announced in words, also if a box before that says something else."""
    boxed = boxed_answer(text) if "box" in text else None
    if boxed is None:
        return _announced_answer(text)
    end = text.rindex("box")
    said = _announced_answer(text[end:]) if "nswer" in text[end:] else None
    return (said if said and _BARE_ANSWER.fullmatch(said) else boxed) or None


def _announced_answer(text: str) -> str | None:
    """Return what the last announcement in words says, if the response ends with it.

    A sentence after the answer may take it back, so only a polite formula and a control token may follow.
    """
    tail = text[-_MAX_ANNOUNCEMENT_CHARS:].rstrip()
    announcement = _last(_ANNOUNCEMENT, tail)
    if announcement is None:
        return None
    if _DENIAL.search(tail, max(0, announcement.start() - _MAX_DENIAL_CHARS), announcement.start()):
        return None
    said = tail[announcement.end() :]
    end = _SENTENCE_END.search(said)
    if end and not _CLOSING_WORDS.fullmatch(said, end.start()):
        return None
    said = (said[: end.start()] if end else said).strip().rstrip("*_ .")
    said = _complement(said)
    return None if "\n\n" in said else said or None


def _outermost_boxes(text: str) -> list[_Box]:
    """Find complete boxes in order; a box inside another complete box belongs to that one."""
    boxes: list[_Box] = []
    start = max(0, len(text) - _MAX_SEARCHED_CHARS)
    starts = text.find("\\boxed", start), text.find("\\fbox", start)
    if max(starts) < 0:
        return boxes
    opening = _BOX.search(text, max(starts) if min(starts) < 0 else min(starts))
    while opening:
        opening = _BOX.search(text, _read_box(text, opening, boxes))
    return boxes


def _read_box(text: str, opening: re.Match[str], boxes: list[_Box]) -> int:
    """Append a box, or what is complete inside it if it never ends; return where it ends."""
    open_braces: list[tuple[int, int] | None] = [opening.span()]
    for token in _TOKEN.finditer(text, opening.end()):
        symbol = token.group()
        if symbol == "{":
            open_braces.append(None)
        elif symbol == "}":
            opened = open_braces.pop()
            if opened is not None:
                _close_box(text, boxes, *opened, token)
            if not open_braces:
                return token.end()
        elif len(symbol) > 2:
            open_braces.append(token.span())
    return len(text)


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
