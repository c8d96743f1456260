"""The program of one grader process: compares a gold answer with an answer, line by line, until its input ends.

Lives here: everything that touches sympy. It is run by path in a fresh interpreter, never imported by the caller.
Does not: time limits (`pool` kills it), caching, budgets (`math`).

Covered: hangs (the pool kills), memory (RLIMIT_AS), a parent that vanishes (input ends and the process exits;
RLIMIT_CPU ends one whose reading thread never gets to run), text on standard output.
Not covered: isolation from files and network; answers are parsed, never evaluated as code.

The one decision: math-verify's own timeouts stay off, because they are signals and SIGALRM belongs to the application.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import queue
import resource
import signal
import sys
import threading
import time
from typing import Any

_FLOAT_DECIMALS = 12
"""Decimals that floats must share; math-verify's 6 call 1e-7 and 2e-7 equal."""


def serve() -> None:
    """Read the settings, load math-verify, then answer each request line with a reply line.

    Settings `{"sys_path": […], "memory_bytes": n}`; request
    `{"gold": …, "answer": …, "cpu_seconds": n}`, with the `comparer` of a `ComparisonBy`; reply
    `{"status": …, "reason": …}`, the first of which is `ready` or `unavailable`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    settings = json.loads(sys.stdin.readline())
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    _reply(replies, _prepare(**settings))
    while True:
        _reply(replies, _compare_safely(**json.loads(requests.get())))


def _read(requests: queue.SimpleQueue[str]) -> None:
    """Queue each line; when the parent is gone, end the process even in the middle of a comparison."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def _prepare(sys_path: list[str], memory_bytes: int) -> dict[str, str]:
    sys.path[:] = sys_path
    try:
        importlib.import_module("math_verify")
    except ImportError as error:
        return {"status": "unavailable", "reason": repr(error)}
    _limit(resource.RLIMIT_AS, memory_bytes)
    return {"status": "ready"}


def _limit(kind: int, amount: int) -> None:
    """Set a soft limit, within whatever hard limit the caller lives under."""
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))


def _reply(replies: Any, reply: dict[str, str]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _compare_safely(gold: str, answer: str, cpu_seconds: int, comparer: str = "") -> dict[str, str]:
    _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + cpu_seconds)
    try:
        module, _, function = comparer.partition(":")
        chosen = getattr(importlib.import_module(module), function) if comparer else compare
        return {"status": chosen(gold, answer)}
    except (MemoryError, RecursionError) as error:
        return {"status": "over_budget", "reason": repr(error)}
    except Exception as error:  # noqa: BLE001 the boundary where a failure becomes data
        return {"status": "grader_error", "reason": repr(error)[:500]}


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


if __name__ == "__main__":
    serve()
