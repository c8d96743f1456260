"""The program of a grader process: compares a gold answer with an answer by math-verify, the only user of sympy here.

`reasonenv.workers` runs it in an interpreter of its own. math-verify's time limits stay off, because they are signals.
Answers are parsed, never evaluated as code. RLIMIT_CPU ends an orphan whose reading thread never gets to run.
"""

from __future__ import annotations

import importlib
import math
import resource
import time
from collections.abc import Callable
from typing import Any

__all__ = ["compare", "prepare"]

_FLOAT_DECIMALS = 12
"""Decimals that floats must share; math-verify's 6 call 1e-7 and 2e-7 equal."""
_VERDICTS = ("correct", "wrong", "gold_unparseable")


def prepare() -> tuple[dict[str, str], Callable[..., dict[str, str]] | None]:
    """Load math-verify; the first reply is `{"status": "ready"}`, or `unavailable` with a `reason`."""
    try:
        importlib.import_module("math_verify")
    except ImportError as error:
        return {"status": "unavailable", "reason": repr(error)}, None
    return {"status": "ready"}, _compare_safely


def _compare_safely(gold: str, answer: str, cpu_seconds: int, comparer: str = "") -> dict[str, str]:
    """Return the `status` of a comparison, with a `reason` where it failed; see `Comparison.comparer`."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = math.ceil(time.process_time()) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    try:
        module, _, function = comparer.partition(":")
        status = (getattr(importlib.import_module(module), function) if comparer else compare)(gold, answer)
        if status not in _VERDICTS:
            raise ValueError(f"A comparer must return one of {', '.join(_VERDICTS)}; {comparer} returned {status!r}.")
    except (MemoryError, RecursionError) as error:
        return {"status": "over_budget", "reason": repr(error)}
    except Exception as error:  # noqa: BLE001 the boundary where a failure becomes data
        return {"status": "grader_error", "reason": repr(error)[:500]}
    return {"status": status}


def compare(gold: str, answer: str) -> str:
    """Return `correct`, `wrong` or `gold_unparseable`; both sides are LaTeX or plain text without a box."""
    from math_verify import verify

    gold_values = _parse(gold)
    if not gold_values:
        return "gold_unparseable"
    answer_values = _parse(answer)
    if not answer_values:
        return "wrong"
    is_equal = verify(
        [_with_real_symbols(value) for value in gold_values],
        [_with_real_symbols(value) for value in answer_values],
        float_rounding=_FLOAT_DECIMALS,
        allow_set_relation_comp=True,
        timeout_seconds=None,
    )
    return "correct" if is_equal else "wrong"


def _with_real_symbols(value: Any) -> Any:
    """Make symbols comparable: math-verify's are complex where a lone "i" stands in the text, so `7 i` is not `7i`."""
    from sympy import Symbol

    renamed = {symbol: Symbol(symbol.name, real=True) for symbol in value.atoms(Symbol) if not symbol.is_real}
    return value.xreplace(renamed) if renamed else value


def _parse(text: str) -> list[Any]:
    """Read the whole text as LaTeX: math-verify would else take the last number of what it cannot read, by `eval`."""
    from math_verify import LatexExtractionConfig, parse

    no_signals: Any = None
    return parse(
        rf"\boxed{{{text}}}",
        [LatexExtractionConfig(boxed_match_priority=0)],
        fallback_mode="no_fallback",
        extraction_mode="first_match",
        parsing_timeout=no_signals,
    )
