"""When an output counts as right in the public sets of programming problems: the rules of their own graders.

Each rule is at most as lenient as its source, and says where it is stricter: what a grader lets pass by accident
(integers that are nearly equal, another order, one line for two) is no right answer. Rules are judges of `Comparison`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, cast

from reasonenv.execution.comparison import value_matches
from reasonenv.types import Comparison

_EXACT = Comparison()
_LONGEST_LINE = 10_000
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


def same_lines(_: object, expected: str, actual: str) -> bool:
    """Return whether printed lines are the same, or the same decimals exactly, as LiveCodeBench compares them.

    Source: grade_stdio of lcb_runner/evaluation/testing_util.py (LiveCodeBench, commit 8610ffb). Stricter: it takes
    `0012` for `12`, too, since it reads every line as decimals where it can.
    """
    wanted, got = ([line.strip() for line in text.strip().split("\n")] for text in (expected, actual))
    return len(wanted) == len(got) and all(
        line == other or (len(line) < _LONGEST_LINE > len(other) and _same_decimals(line.split(), other.split()))
        for line, other in zip(wanted, got, strict=True)
    )


def _same_decimals(wanted: list[str], got: list[str]) -> bool:
    return len(wanted) == len(got) and all(
        token == other or (_NUMBER.fullmatch(token) and _NUMBER.fullmatch(other) and Decimal(token) == Decimal(other))
        for token, other in zip(wanted, got, strict=True)
    )


def livecodebench_value(_: object, expected: object, actual: object) -> bool:
    """Return whether a returned value is the expected one, a tuple being the list of its parts.

    Source: grade_call_based of the same file.
    """
    return value_matches(_EXACT, None, expected, _as_list(actual))


def apps_value(_: object, expected: object, actual: object) -> bool:
    """Compare a returned value as APPS and TACO do: equal, a tuple being a list, as are tuples in one.

    Whole numbers that are keys count as their texts, too: JSON has no other keys, so the data do not tell.

    Source: run_test of eval/testing_util.py (APPS, commit 5dcfdf2) and execute_cb_code of metrics/testing_util.py
    (TACO, commit 2ba6235).
    """
    found = _as_list(actual)
    parts = [_as_list(part) for part in found] if isinstance(found, list) else found
    return any(value_matches(_EXACT, None, wanted, parts) for wanted in (expected, with_integer_keys(expected)))


def apps_wrapped_value(_: object, expected: object, actual: object) -> bool:
    """Compare as `apps_value`; `expected` stood in a list of one, which may be part of the value or not."""
    return apps_value(None, expected, actual) or apps_value(None, [expected], actual)


def with_integer_keys(value: object) -> object:
    """Return a dictionary with the integers that its keys are the text of; any other value as it is."""
    if not isinstance(value, dict):
        return value
    held = cast("dict[Any, Any]", value)
    is_text_of_integers = all(isinstance(key, str) and _INTEGER.fullmatch(key) and len(key) < 1000 for key in held)
    return {int(key): part for key, part in held.items()} if is_text_of_integers else held


def _as_list(value: object) -> object:
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
