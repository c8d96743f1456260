r"""Answers that words stand in: a value behind a name in words, and a subset of the line with exceptions.

What the grammar reads is left to it. `\text{Area} = 5`, `\det A = 5` and "all real numbers except 2" are read here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reasonenv.grading.math.nodes import Node
from reasonenv.grading.math.notation.reader import is_unevaluated, plain_words, read
from reasonenv.grading.math.notation.tokens import canonical_text

_TEXT = re.compile(r"\\(?:text\w*|mathrm|mbox|mathbf|mathbb|operatorname)\s*\{([^{}]*)\}")
_LETTER = re.compile(r"\\(?:text\w*|mathrm|mbox)\s*\{\s*([A-Za-z])\s*\}")
_WORDS = re.compile(r"[A-Za-z][A-Za-z' -]*")
_OPERATOR = re.compile(
    r"\\?(?:(?:det|gcd|lcm|max|min|deg|dim|arg|Pr|Re|Im|ker|rank|tr)(?![A-Za-z])[^-+*/<>]*(?:[(\[{][^<>]*)?"
    r"|(?:i*int|oint|sum|prod|lim)(?![A-Za-z]).*)"
)
_APPLIED = re.compile(
    r"(?:[A-Z][a-z]{0,3}|[a-z]|\(\s*\w\s*\\circ\s*\w\s*\))\s*[(\[]\s*[^()\[\]<>]+[)\]]\s*(?:_\s*\S+)?"
    r"|[A-Za-z](?:_\w)?\s*\^\s*\{?\s*(?:\*|\\(?:ast|star)\s*)\}?"
    r"|\\\|[^|=]+\\\|"
)
_NEGATION = re.compile(r"(?<![A-Za-z\\])(?:not|nor|no)(?![A-Za-z])")
_MAX_HEAD_CHARS = 80
_MAX_HEAD_WORDS = 8
_DENIAL = re.compile(
    r"\b(?:not|no|never|isn'?t|aren'?t|nor|neither|wrong|false|incorrect|except|unless|if|or|and|but|maybe|perhaps"
    r"|than|less|more|greater|other|ne|neq|times|half|twice|double|minus|plus|question|guess|where|such|that|let|suppose|assume|given|when|with|is|are|was|be|equals)\b",
    re.I,
)
_EXCEPTION = re.compile(r"^(.*?),?\s*\b(?:except(?:\s+for)?|excluding|other than|apart from|but not)\b\s*(.*)$", re.S)
_EXCEPTING = (("except", ""), ("excluding", ""), ("other", "than"), ("apart", "from"), ("but", "not"))
_SUBSETS = frozenset(["reals", "interval", "tuple", "union", "relation", "set"])
_OPENING, _CLOSING = "{([", "})]"


@lru_cache(maxsize=8192)
def read_answer(text: str) -> Node | None:
    r"""Read an answer, with a name in words before its value or with exceptions behind it.

    Raises:
        OverBudgetError: too long or nested too deeply.

    >>> read_answer(r"\text{Area} = 5").args[1].value
    5
    """
    node = (_named(text) if is_unevaluated(text) else None) or read(text)
    if node is not None and node.kind != "text":
        is_denied = node.kind != "set" and "no" in text and _NEGATION.search(text)
        return Node("text", (), plain_words(text)) if is_denied else node
    return _named(text) or _with_exceptions(text) or node


@lru_cache(maxsize=8192)
def is_left_open(text: str) -> bool:
    r"""Return whether an answer is left to be evaluated, and no value is stated behind it."""
    is_open = is_unevaluated(text) or ("operatorname" in text and is_unevaluated(canonical_text(text)))
    return is_open and _named(text) is None


@lru_cache(maxsize=8192)
def _named(text: str) -> Node | None:
    text = canonical_text(text)
    place = _place_of_equals(text) if "=" in text else -1
    name = _name(text[:place]) if place > 0 else ""
    if not name or is_unevaluated(text[place + 1 :]):
        return None
    value = read(text[place + 1 :])
    if value is None or value.kind in ("text", "list"):
        return None
    head = Node("var", (), name)
    if value.kind == "relation":
        is_chain = set(value.name.split()) <= {"=", "~"}
        return Node("relation", (head, *value.args), f"= {value.name}") if is_chain else None
    return Node("relation", (head, value), "=")


def _place_of_equals(text: str) -> int:
    """Return where the first equals sign stands that is in no bracket."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if sign == "=" and depth == 0:
            is_other = text[place - 1 : place] in ("<", ">", "!") or text[place + 1 : place + 2] == "="
            return -1 if is_other else place
    return -1


def _name(text: str) -> str:
    """Return the name that a text is, with its words in lower case; nothing if it says something else."""
    text = " ".join(text.split())
    letter = _LETTER.fullmatch(text)
    if letter:
        return letter[1]
    if len(text) > _MAX_HEAD_CHARS or _DENIAL.search(_TEXT.sub(r" \1 ", text)):
        return ""
    if _OPERATOR.fullmatch(text) or _APPLIED.fullmatch(_TEXT.sub(r"\1", text)):
        return text.replace(" ", "")
    words = plain_words(text)
    is_words = len(words.split()) <= _MAX_HEAD_WORDS and _WORDS.fullmatch(words)
    return f"the {words}" if is_words else ""


def _with_exceptions(text: str) -> Node | None:
    """Read "all real numbers except 2" as a difference of sets."""
    if len(text) > 2 * _MAX_HEAD_CHARS or not any(first in text and last in text for first, last in _EXCEPTING):
        return None
    match = _EXCEPTION.match(_TEXT.sub(r" \1 ", text))
    if match is None:
        return None
    base, removed = (read(part.strip(" ~,")) for part in match.groups())
    base = Node("reals") if base == Node("var", (), "R") else base
    if base is None or removed is None or base.kind not in _SUBSETS or removed.kind == "text":
        return None
    points = removed.args if removed.kind in ("list", "set") else (removed,)
    values = [point.args[1] if point.kind == "relation" and point.name == "=" else point for point in points]
    is_range = removed.kind in ("interval", "union")
    return Node("minus", (base, removed if is_range else Node("set", tuple(values))))
