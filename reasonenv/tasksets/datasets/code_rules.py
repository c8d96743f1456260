"""When an output counts as right in the public sets of programming problems: the rules of their own graders.

Each rule is at most as lenient as its source, and says where it is stricter: what a grader lets pass by accident
(integers that are nearly equal, another order, one line for two) is no right answer. Rules are judges of `Comparison`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from reasonenv.tasksets.references import same_value

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,9})?", re.ASCII)
_ZEROS_IN_FRONT = re.compile(r"[+-]?0\d", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_TOLERANCE = 1e-6


def livecodebench_output(_: object, expected: str, actual: str) -> bool:
    """Compare printed lines as LiveCodeBench does: equal, or numbers of exactly equal value, without outer blanks.

    Source: `grade_stdio` of lcb_runner/evaluation/testing_util.py (LiveCodeBench, commit 8610ffb). Stricter: 012 is no
    12, and digits are ASCII without underscores.
    """
    wanted, got = ([line.strip() for line in text.strip().split("\n")] for text in (expected, actual))
    return len(wanted) == len(got) and all(
        first == second or _same_numbers(first, second) for first, second in zip(wanted, got, strict=True)
    )


def apps_output(_: object, expected: str, actual: str) -> bool:
    """Compare printed lines as APPS and TACO do: the same words, whatever the blanks and empty lines between them.

    Words are equal, or numbers of exactly equal value; what is expected with a fraction may differ by 1e-6, absolute or
    relative.

    Source: `run_test` of eval/testing_util.py (APPS, commit 5dcfdf2) and `compare_std_results` of
    metrics/testing_util.py (TACO, commit 2ba6235). Stricter: they compare lines, and words of a line, as sets without
    order, and any number up to 1e-5 of its size or three digits.
    """
    wanted, got = ([line.split() for line in text.splitlines() if line.strip()] for text in (expected, actual))
    return [len(line) for line in wanted] == [len(line) for line in got] and all(
        first == second or _same_number(first, second) or _is_close(first, second)
        for line, other in zip(wanted, got, strict=True)
        for first, second in zip(line, other, strict=True)
    )


def apps_value(_: object, expected: object, actual: object) -> bool:
    """Compare a returned value as APPS and TACO do: equal, tuples being lists, and whole numbers as keys being texts.

    JSON has neither tuples nor numbers as keys, so the data do not tell which was meant.

    Source: as for `apps_output`. The same, but that tuples are lists at any depth.
    """
    return same_value(None, expected, actual) or same_value(None, with_integer_keys(expected), actual)


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


def _same_numbers(expected: str, actual: str) -> bool:
    wanted, got = expected.split(), actual.split()
    return len(wanted) == len(got) and all(
        _NUMBER.fullmatch(first) and (first == second or _same_number(first, second))
        for first, second in zip(wanted, got, strict=True)
    )


def _same_number(expected: str, actual: str) -> bool:
    if not (_NUMBER.fullmatch(expected) and _NUMBER.fullmatch(actual)):
        return False
    if _ZEROS_IN_FRONT.match(expected) or _ZEROS_IN_FRONT.match(actual):
        return False
    try:
        return Decimal(expected) == Decimal(actual)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        return False


def _is_close(expected: str, actual: str) -> bool:
    if _INTEGER.fullmatch(expected) or not (_NUMBER.fullmatch(expected) and _NUMBER.fullmatch(actual)):
        return False
    wanted, got = float(expected), float(actual)
    return abs(got - wanted) <= _TOLERANCE * max(1.0, abs(wanted)) < float("inf")
