r"""What can be said of two answers without reading them: whether they may be equal.

Algebra is asked only about texts of the same shape, because math-verify drops what it cannot read: for it, a tuple may
equal its first member, a quantity its number, and an equation one of its sides.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

_COMMAND = re.compile(r"\\[A-Za-z]+")
_SPACING = re.compile(r"\\(?:left|right|quad|qquad|text\w*|math\w+|operatorname)(?![A-Za-z])|\\[,;:! ]|\s+")
_NAME = re.compile(r"\s*[A-Za-z](?:_\{?\w+\}?)?(?:\([A-Za-z]\))?\s*(?:=|\\in(?![A-Za-z]))")
_RELATION = re.compile(r"[=<>]|\\(?:le|ge|lt|gt|ne|leq|geq|neq|approx|equiv)(?![A-Za-z])")
_BASED = re.compile(r"\d\s*_")
_WORD = re.compile(r"[A-Za-z]{2,}")
_MARKS = re.compile(r"\\?%|\\?\$|\\circ|[:!']")


_OPERATORS = (
    r"(?:club|spade|heart|diamond)suit|(?:big)?star|[bB]ox\w*|(?:big)?circ|[oO](?:plus|minus|times|dot|slash)|diamond|"
    r"bullet|dagger|ddagger|triangle\w*|bigtriangle\w*|wr|wedge|vee|land|lor|neg|lnot|uplus|sqc[au]p|ast"
)
_UNREPRESENTED = re.compile(
    rf"\\(?:{_OPERATORS}|partial|nabla|Delta|deriv|unread|gcd|lcm|max|min|operatorname|vec|overrightarrow|hat|mathbf|"
    r"boldsymbol|bm|bmod|pmod|ldots|cdots|dots|forall|exists|cong|sim|oint|otimes|begin(?!\s*\{[pb]?matrix)|where|bigcup|bigcap|big\w+)"
    r"(?![A-Za-z])|!\s*!|\b(?:gcd|lcm|max|min)\b|\\(?:sum|prod)(?![A-Za-z])(?=.*_\s*\{?\s*[a-z]\b(?!\s*=)).*|[♣♠♥♦★]",
    re.S,
)
"""What sympy has no notion of, or takes for products of numbers: operators, derivatives, vectors, indexed sums."""


class _Shape(NamedTuple):
    num_commas: int
    num_relations: int
    num_based: int
    bracket: str
    words: Counter[str]
    marks: Counter[str]


def have_same_shape(gold: str, answer: str) -> bool:
    """Return whether two canonical texts may be equal, as far as lists, relations, brackets, words and marks tell."""
    has_content = re.search(r"\w", _COMMAND.sub("", answer)) is not None
    return has_content and _shape(gold) == _shape(answer)


def is_beyond_algebra(text: str) -> bool:
    r"""Return whether a text has what algebra by others takes for something else, such as an unknown operator.

    >>> is_beyond_algebra(r"a \\star b"), is_beyond_algebra(r"\\sum_{k=1}^n a_k"), is_beyond_algebra(r"\\sum_{k=1}^n k")
    (True, True, False)
    """
    return _UNREPRESENTED.search(text) is not None


def _shape(text: str) -> _Shape:
    text = _NAME.sub("", text, count=1)
    bare = _SPACING.sub(" ", text).strip()
    return _Shape(
        num_commas=bare.count(",") + bare.count(";"),
        num_relations=len(_RELATION.findall(bare)),
        num_based=len(_BASED.findall(bare)),
        bracket=next((bracket for bracket in (r"\{", "[", "(") if bare.startswith(bracket) and "," in bare), ""),
        words=Counter(word.casefold() for word in _WORD.findall(_COMMAND.sub(" ", bare))),
        marks=Counter(_MARKS.findall(bare)),
    )
