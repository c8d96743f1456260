"""Answers with several members: lists of things, and the sources that a text cites.

Members are compared as a set, so repeating one gains nothing, and one that does not belong makes the answer wrong:
naming everything is never right.

Covered: members between commas, semicolons, bars, line breaks, bullets, numbers, "and" in several languages; citations
as [1], [1, 3], [1][3], [1-3], (doc 2), sources 1 and 3, 【1】, footnotes. Not covered: nested lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from reasonenv.grading.qa.reading import without_markup
from reasonenv.grading.qa.text import canonical, fold

_MAX_MEMBERS = 100
_MARK = "\ue000"
"""Stands for a member that was found whole; a private character, taken out of every text before."""

_BULLET = re.compile(r"^\s*(?:[-*•·–+]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+", re.M)
_HARD = re.compile(
    r"\s*[;；\n|]\s*|\s*[、，]\s*|(?<!\d),\s*|,(?!\d)\s*|,\s+|\s*(?:->|→|⇒|>|<)\s*|\s+(?=\(?\d{1,2}[.)]\s+[^\W\d])"
)
_TIGHT = re.compile(r"(?<=\d),(?=\d)(?!\d{3}(?!\d))")
_AND = re.compile(
    r"\s+(?:and|&|und|y|e|et|en|och|ja|i|dan|и|plus|as well as)\s+|\s*[和与及與&]\s*|と|,?\s+then\s+"
    r"|\s+/\s+|(?<=\w)/(?=[^\W\d])"
)
_JOINT = re.compile(r"[,;|\n&/<>+、，；和与及與と]|\s\w{1,4}\s")
_LEAD = re.compile(r"^(?:and|both|&|und|et|y|then|finally|lastly|also|和|及)\s+", re.I)
_INTRODUCTION = re.compile(
    r"^[^,;\n]{0,120}?(?::\s|：|\b(?:are|is|were|include|includes|sont|sind|son)\b\s*:?\s+)", re.S
)
_CONCLUSION = re.compile(
    r"^(?P<list>[^.:\n]{0,300}?(?:[,;、]|\band\b)[^.:\n]{0,120}?)\s+(?:are|were)\s+(?:the|all|both|its|his|her|their|my)\b[^,;\n]*$"
)

_BRACKET = re.compile(r"[\[【（(]\s*([^\[\]【】()（）]{1,60}?)\s*[\]】）)]|([¹²³⁴-⁹⁰]+)")
_SOURCE_WORD = (
    r"(?:docs?|documents?|sources?|passages?|refs?|references?|citations?|paragraphs?|no|文档|文献|来源|資料)"
)
_NAMED = re.compile(
    rf"\b{_SOURCE_WORD}\.?\s*[#:]?\s*(\d{{1,3}}(?:\s*(?:,|;|&|-|and|to|,\s*and)\s*\[?\d{{1,3}}\]?)*)(?![\d.]\d)"
)
_ID_LIST = re.compile(
    rf"\^?(?:{_SOURCE_WORD}\.?\s*[#:]?\s*)?\d{{1,3}}(?:(?:\s*[,;&-]\s*|\s+and\s+|\s+to\s+|,\s+and\s+)(?:{_SOURCE_WORD}\.?\s*)?\d{{1,3}})*"
)
_DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|neither|nor|never|no|except|excluding|without|rather than|instead of|other than)|n['’]t)\s+"
    r"(?:(?:be\s+)?(?:\w+(?:ed|en|id|wn|nd)\s+)?(?:by|in|from|with)\s+)?(?:the\s+)?[\[【（(#:\s]*\Z",
    re.I,
)
_JOINING = re.compile(r"\s*(?:,|and|or|nor|&)?\s*", re.I)
_MAX_DENIAL_CHARS = 40
_ID_OR_RANGE = re.compile(r"(\d{1,3})(?:\s*(?:-|to)\s*(\d{1,3}))?")
_MAX_RANGE = 20


def list_members(text: str) -> list[str]:
    """Return the members of a list as it is written.

    >>> list_members("red, green and blue")
    ['red', 'green', 'blue']
    >>> list_members("1. red\\n2. green")
    ['red', 'green']
    """
    text = _BULLET.sub("", without_markup(text)).strip()
    if len(text) > 1 and text[0] + text[-1] in ("[]", "{}", "()"):
        text = text[1:-1]
    if ";" not in text:
        text = _TIGHT.sub(", ", text)
    parts = (part for piece in _HARD.split(text) for part in _AND.split(_LEAD.sub("", piece)))
    members = (without_markup(_BULLET.sub("", part)).strip(" .。") for part in parts)
    return [member for member in members if member]


def matched_members(golds: tuple[str, ...], text: str, find: Callable[[str], int | None]) -> tuple[list[int], int]:
    """Return which gold members a written list names, in order, and how many others it names.

    Args:
        golds: the members; those that contain a comma or "and" are found in the text before it is split.
        text: the list as it was written.
        find: the index of the gold member that a written one is.
    """
    text = text.replace(_MARK, "")
    for index, pattern in _joined_members(golds):
        text = pattern.sub(f"{_MARK}{index}{_MARK}", text)
    found, num_other = list[int](), 0
    for member in list_members(text)[: _MAX_MEMBERS + 1]:
        if member[0] == member[-1] == _MARK:
            found.append(int(member[1:-1]))
            continue
        index = find(member)
        if index is None:
            num_other += 1
        else:
            found.append(index)
    return found, num_other


@lru_cache(maxsize=4096)
def _joined_members(golds: tuple[str, ...]) -> list[tuple[int, re.Pattern[str]]]:
    """Return index and pattern of each gold member that splitting a list would split."""
    return [
        (index, re.compile(rf"(?<!\w){re.escape(gold)}(?!\w)", re.I))
        for index, gold in enumerate(golds)
        if _JOINT.search(gold) and list_members(gold) != [gold]
    ]


def without_introduction(text: str) -> str | None:
    """Return a list without the words around it: "The colours are: ", " are the colours"; None where there are none."""
    if concluded := _CONCLUSION.match(text.strip()):
        return concluded["list"]
    found = _INTRODUCTION.match(text)
    return text[found.end() :].strip() if found and text[found.end() :].strip() else None


def cited_sources(text: str, *, is_list: bool = False) -> frozenset[str]:
    """Return the sources that a text cites.

    Args:
        is_list: the text is an answer that may be nothing but numbers: "1, 3".

    >>> sorted(cited_sources("It was built in 1889 [1, 3] (doc 2)."))
    ['1', '2', '3']
    """
    folded = fold(text).strip(" .")
    if is_list and _ID_LIST.fullmatch(folded.strip("[]() ")):
        return frozenset(_numbers(folded))
    cited = set[str]()
    denied_end = -1
    for found in _BRACKET.finditer(text):
        if _is_denied(text, found.start(), denied_end):
            denied_end = found.end()
            continue
        inner = fold(found[1] or found[2]).strip(" ^")
        is_round = found.group()[0] in "(（"
        if _ID_LIST.fullmatch(inner):
            is_plain = inner[0].isdigit()
            cited |= set(_numbers(inner)) if not (is_round and is_plain) or (is_list and folded[0] == "(") else set()
        elif not is_round and not re.search(r"\s\w+\s\w+\s", inner):
            cited.update(canonical(part) for part in re.split(r"[,;]", inner) if part.strip())
    for found in _NAMED.finditer(folded):
        if _is_denied(folded, found.start(), -1):
            continue
        cited |= set(_numbers(found[1]))
    return frozenset(cited)


def _is_denied(text: str, start: int, denied_end: int) -> bool:
    """Return whether a citation is taken back: by the words before it, or with the one that it is joined to."""
    if denied_end >= 0 and _JOINING.fullmatch(text, denied_end, start):
        return True
    return _DENIED_BEFORE.search(text[max(0, start - _MAX_DENIAL_CHARS) : start]) is not None


def _numbers(text: str) -> list[str]:
    numbers = list[str]()
    for first, last in _ID_OR_RANGE.findall(fold(text)):
        end = int(last) if last and int(first) < int(last) <= int(first) + _MAX_RANGE else int(first)
        numbers += map(str, range(int(first), end + 1))
        if last and end != int(last):
            numbers.append(str(int(last)))
    return numbers
