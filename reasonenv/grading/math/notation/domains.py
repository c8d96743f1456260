r"""What stands behind a formula to say where it holds, such as "for x > 0" or `(k \in \mathbb{Z})`.

It is marked by `\where`, which the grammar reads.
"""

from __future__ import annotations

import re

_WORD = r"where|for\s+all|for\s+every|for\s+any|for\s+each|for|with|when|whenever|if|provided(?:\s+that)?|such\s+that"
_TEXT = re.compile(rf"[,;]?\s*\\(?:text|textrm|mathrm|mbox)\s*\{{[\s,;(]*(?:{_WORD})\s*\}}(?=\s*\S)")
_RELATION = r"(?:[<>]|\\(?:in|ge|geq|geqslant|le|leq|leqslant|ne|neq|gt|lt)(?![A-Za-z]))"
_ANY_RELATION = re.compile(r"\\(?:in|[gl]|ne)")
_SUBJECT = r"(?:[A-Za-z]|\\[a-z]+)(?:_\{?\w+\}?)?"
_PLAIN = re.compile(
    rf"(?<=\S)(?:\s*[,;]\s*|\s+)(?:{_WORD})\s+(?=\$?(?:-?[\d.]+\s*{_RELATION}|{_SUBJECT}\s*(?:,\s*{_SUBJECT}\s*)?{_RELATION}))"
)
_SPACE = r"(?:\s|\\[,;: ]|\\q?quad|,|~)"
_BRACKETED = re.compile(
    rf"(?<=[\w)}}\]]){_SPACE}+(?:\\text\s*\{{\s*)?(?:\\left\s*)?\(\s*"
    rf"((?:-?[\d.]+\s*{_RELATION}\s*)?{_SUBJECT}\s*{_RELATION}[^()]*)(?:\\right\s*)?\)\s*\.?\s*$"
)
_SPACED = re.compile(rf"(?<=[\w)}}\]])(?:[\s,]*\\q?quad)+\s*(?={_SUBJECT}\s*{_RELATION})")
_EVERYWHERE = re.compile(
    r"(?:,|\\text\s*\{|\s)\s*(?:for\s+)?(?:all|every|any)\s*(?:real\s*)?\}?\s*\$?[A-Za-z]\$?\s*$|\\where\s+[A-Za-z]\s*$"
)
_WHOLE = re.compile(
    r"(?<![A-Za-z])([a-z])\s*(?:\\text\s*\{)?\s*(?:is|are|being)?\s+(?:an?\s+|any\s+)?integers?\s*\}?\s*\)?$"
)
_EXCEPTED = re.compile(
    r"^\s*(?:\\text\s*\{)?\s*(?:the\s+set\s+of\s+)?all\s+real(?:s|\s+numbers|\s+values)?(?:\s+of)?\s*(?:\$?[a-z]\$?\s+)?"
    r"(?:except|other\s+than)(?:\s+for)?\s*\}?\s*\$?(-?[\d./]+(?:\s*,\s*-?[\d./]+)*)\$?\s*\}?\s*$"
)
_EQUATIONS = re.compile(rf"(=[^=,;&\\]*?)\\q?quad\s*(?={_SUBJECT}\s*=)")


def plain_domain(text: str) -> str:
    r"""Mark the domain of a formula, and the next equation behind a wide space.

    >>> plain_domain(r"x^2 \text{ for } x>0"), plain_domain(r"k\pi\ (k\in\mathbb{Z})")
    ('x^2 \\where  x>0', 'k\\pi \\where k\\in\\mathbb{Z}')
    """
    if "except" in text or "other than" in text:
        text = _EXCEPTED.sub(r"\\mathbb{R} \\setminus \\{\1\\}", text)
    if "quad" in text:
        text = _SPACED.sub(" , ", _EQUATIONS.sub(r"\1, ", text))
    if "integer" in text:
        text = _WHOLE.sub(r"\1 \\in \\mathbb{Z}", text)
    if "\\text" in text or "\\m" in text:
        text = _TEXT.sub(r" \\where ", text)
    if "all" in text or "every" in text or "any" in text or "\\where" in text:
        text = _EVERYWHERE.sub("", text)
    if "<" not in text and ">" not in text and _ANY_RELATION.search(text) is None:
        return text
    if " " in text:
        text = _PLAIN.sub(r" \\where ", text)
    return _BRACKETED.sub(r" \\where \1", text) if text.endswith((")", ").")) and len(text) > 3 else text
