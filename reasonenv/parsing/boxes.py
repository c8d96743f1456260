"""The boxes of a text, read in one linear pass even in a megabyte of braces."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

__all__ = ["BOX", "boxed_answer", "last_boxed"]

_UNBRACED = re.compile(
    r"\\(?:boxed|fbox)(?![A-Za-z])\s*(?=[^\s{])"
    r"([+-]?(?:\d+(?:[.,]\d+)*(?:/\d+)?|\\[dt]?frac\s*\{[^{}]{1,40}\}\s*\{[^{}]{1,40}\}|\\pi(?![A-Za-z])|[A-Za-z](?![A-Za-z])))"
    r"(?=[.,;:!?]?(?:\s|\$|\*|\\[)\]]|</|$))(?!\s*[-+*/^=(<>]|\s*\\(?:frac|sqrt|pi|cdot|times))"
)
"""A box around one number, fraction or letter without braces, where nothing behind it may belong to it."""
_TOKEN = re.compile(r"\\(?:boxed|fbox)\s*\{|\\\\(?!boxed|fbox)|\\[{}]|[{}]")
_SEPARATORS = r"(?:[\s,;.?!$&/|~*•–—-]|\\[()\[\],;:! \\]|\\q?quad)*"
_LIST_SEPARATOR = re.compile(
    rf"{_SEPARATORS}(?:(?:\\text\s*\{{)?(?:[^{{}}.!?:\\]{{0,30}}\b)?(?:and|or)\s*\}}?)?"
    rf"{_SEPARATORS}(?:\(?(?:\d{{1,2}}|[A-Za-z])[).:]{_SEPARATORS}|[A-Za-z](?:_\{{?\w\}}?)?\s*=\s*)?"
)
_MAX_SEPARATOR_CHARS = 40
_MAX_SEARCHED_CHARS = 16_384
"""How far from its end a text is searched for boxes, so that a megabyte of braces costs milliseconds."""
BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")


class _Box(NamedTuple):
    start: int
    content_start: int
    content_end: int
    end: int


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


def _outermost_boxes(text: str) -> list[_Box]:
    """Find complete boxes in order; a box inside another complete box belongs to that one."""
    boxes: list[_Box] = []
    start = max(0, len(text) - _MAX_SEARCHED_CHARS)
    starts = text.find("\\boxed", start), text.find("\\fbox", start)
    if max(starts) < 0:
        return boxes
    opening = BOX.search(text, max(starts) if min(starts) < 0 else min(starts))
    while opening:
        opening = BOX.search(text, _read_box(text, opening, boxes))
    last = text.rfind("\\boxed") if starts[1] < 0 else max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    if boxes and boxes[-1].start == last and (len(boxes) > 1 or last == max(starts) or not _is_near(text, last)):
        return boxes
    return _with_unbraced(text, boxes, start)


def _is_near(text: str, last: int) -> bool:
    """Return whether another box, not read yet, may stand so near before the last one that both form a list."""
    start = max(0, last - 2 * _MAX_SEPARATOR_CHARS)
    return text.find("\\boxed", start, last) >= 0 or text.find("\\fbox", start, last) >= 0


def _with_unbraced(text: str, boxes: list[_Box], start: int) -> list[_Box]:
    """Add the boxes without braces that stand outside those with braces."""
    found = [_Box(box.start(), box.start(1), box.end(1), box.end(1)) for box in _UNBRACED.finditer(text, start)]
    apart = [box for box in found if not any(other.start < box.start < other.end for other in boxes)]
    return sorted([*boxes, *apart])


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
