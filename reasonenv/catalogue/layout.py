"""How the catalogue is laid out: plain text that fits a width."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_INDENT = "  "
_ARROW = " -> "
_MIN_WIDTH = 40
_MAX_NAME_SHARE = 0.4


@dataclass(frozen=True)
class Entry:
    """A name and what stands behind it: `lines` are wrapped; of `example`, the question is cut, then the answer."""

    name: str
    lines: tuple[str, ...]
    example: tuple[str, str] | None = None


def entries_as_text(entries: Iterable[Entry], width: int) -> str:
    """Return one paragraph per entry: names on the left, or above where there is no room beside them."""
    listed = list(entries)
    width = max(width, _MIN_WIDTH)
    column = max((len(entry.name) for entry in listed), default=0) + 2
    is_beside = column <= width * _MAX_NAME_SHARE
    indent = " " * column if is_beside else _INDENT * 2
    return "\n".join(_entry_as_text(entry, indent, width, is_beside=is_beside) for entry in listed)


def _entry_as_text(entry: Entry, indent: str, width: int, *, is_beside: bool) -> str:
    lines = [line for text in entry.lines for line in textwrap.wrap(text, width - len(indent), break_on_hyphens=False)]
    if entry.example is not None:
        question, answer = entry.example
        answer = one_line(answer, (width - len(indent)) // 2)
        lines.append(f"{one_line(question, width - len(indent) - len(answer) - len(_ARROW))}{_ARROW}{answer}")
    text = textwrap.indent("\n".join(lines), indent)
    return entry.name + text[len(entry.name) :] if is_beside else f"{entry.name}\n{text}"


def one_line(text: str, width: int) -> str:
    """Return the text with its white space folded, cut to a width.

    >>> one_line("two words\\nand more", 12)
    'two words...'
    """
    folded = " ".join(text.split())
    return folded if len(folded) <= width else f"{folded[: width - 3].rstrip()}..."


def block(text: str, width: int) -> str:
    """Return text as it stands, indented; longer lines are wrapped and keep their own indent."""
    room = max(width, _MIN_WIDTH) - len(_INDENT)
    wrapped = ["\n".join(_wrapped(line, room)) for line in text.strip("\n").split("\n")]
    return textwrap.indent("\n".join(wrapped), _INDENT)


def _wrapped(line: str, room: int) -> list[str]:
    own_indent = line[: len(line) - len(line.lstrip(" "))]
    indent = own_indent if len(own_indent) < room // 2 else ""
    return textwrap.wrap(line, room, subsequent_indent=indent, break_on_hyphens=False, replace_whitespace=False)


def documentation(part: object, width: int) -> str:
    """Return the docstring of a part, its plain paragraphs filled anew."""
    paragraphs = (inspect.getdoc(part) or "").split("\n\n")
    return block("\n\n".join(_joined(paragraph) for paragraph in paragraphs), width)


def _joined(paragraph: str) -> str:
    lines = paragraph.split("\n")
    return paragraph if any(line.startswith((" ", "|")) for line in lines) else " ".join(lines)


def filled(text: str, width: int) -> str:
    """Return one paragraph, wrapped."""
    return textwrap.fill(text, max(width, _MIN_WIDTH), break_on_hyphens=False)


def facts_as_text(facts: Mapping[str, str], width: int) -> str:
    """Return a line for each fact behind its label, indented."""
    entries = [Entry(label, (fact,)) for label, fact in facts.items()]
    return textwrap.indent(entries_as_text(entries, width - len(_INDENT)), _INDENT)
