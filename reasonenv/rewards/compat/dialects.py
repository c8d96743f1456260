"""How each origin asks math-verify whether a response is right. Imported by grader processes, never by the caller.

The whole response is parsed, thinking included, because that is what the origins do.
"""

from __future__ import annotations

import re
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify

__all__ = ["open_r1_accuracy", "open_r1_length", "train_deepseek_r1", "trl"]

_NO_SIGNALS: Any = None
_NESTED_BRACES = re.compile(r"(?:\{\s*){16}")
"""Braces around nothing but braces: the parser's time grows exponentially in them. At sixteen it is beyond the limit of
five seconds after which the origins read nothing."""
_STRICT: dict[str, Any] = {
    "basic_latex": True,
    "units": True,
    "malformed_operators": False,
    "nits": False,
    "equations": True,
}


def open_r1_accuracy(gold: str, response: str) -> str:
    """Compare as open-r1's accuracy: the gold answer in LaTeX or plain, the response in LaTeX, boxes first."""
    parsed_gold = parse(gold, extraction_mode="first_match", parsing_timeout=_NO_SIGNALS)
    return _compare(parsed_gold, _parse_response(response, **_STRICT, boxed="all"))


def open_r1_length(gold: str, response: str) -> str:
    """Compare as open-r1's cosine and length: both in LaTeX, the response in the place of the gold answer."""
    return _compare(_parse_latex(gold), _parse_response(response, **_STRICT, boxed=True), is_swapped=True)


def train_deepseek_r1(gold: str, response: str) -> str:
    """Compare as train-deepseek-r1: both in LaTeX, the response in the place of the gold answer."""
    return _compare(_parse_latex(gold), _parse_response(response, **_STRICT, boxed="all"), is_swapped=True)


def trl(gold: str, response: str) -> str:
    """Compare as TRL: the gold answer in LaTeX or plain, any match of it; the response in LaTeX, boxes first."""
    return _compare(parse(gold, parsing_timeout=_NO_SIGNALS), _parse_response(response, units=True))


def _compare(gold: list[Any], answer: list[Any], *, is_swapped: bool = False) -> str:
    if not gold:
        return "gold_unparseable"
    first, second = (answer, gold) if is_swapped else (gold, answer)
    return "correct" if verify(first, second, timeout_seconds=None) else "wrong"


def _parse_latex(text: str, **settings: Any) -> list[Any]:
    latex = LatexExtractionConfig(**settings)
    return parse(text, extraction_config=[latex], extraction_mode="first_match", parsing_timeout=_NO_SIGNALS)


def _parse_response(response: str, **normalization: Any) -> list[Any]:
    if _NESTED_BRACES.search(response):
        return []
    config = NormalizationConfig(**normalization)
    return _parse_latex(response, normalization_config=config, boxed_match_priority=0, try_extract_without_anchor=False)
