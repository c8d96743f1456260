"""Tests that call a function: the arguments go into the jail, the returned values come out as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from reasonenv.execution.comparison import value_matches
from reasonenv.execution.jobs.job import (
    BrokenTestsError,
    Job,
    TestsOutcome,
    case_status,
    check_not_empty,
    judged,
    outcome_of,
    preload_for,
)
from reasonenv.execution.jobs.preludes import prelude_for
from reasonenv.execution.jobs.signatures import conversion_of
from reasonenv.execution.results import printable, read_lines, text_of
from reasonenv.execution.types import CaseResult, CaseStatus, Limits
from reasonenv.execution.wire.codec import MAX_DEPTH, DecodeError, Opaque, decode, encode
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import CallTests, Comparison

__all__ = ["call_job"]

_MEMORY_OF_TEXT = 4
"""By which the arguments are larger in memory than as text."""


_FULL_OUTPUTS = 2
"""How many calls may return as much as one may, beside twice what all are expected to return: more is a flood."""
_LINE_BYTES = 1024
"""What a line has beside a value."""


def call_job(program: str, tests: CallTests, limits: Limits) -> Job[TestsOutcome]:
    """Return the job that calls the function of the program once for each test."""
    check_not_empty(tests.cases)
    arguments = [_encoded(case[0], tests.function) for case in tests.cases]
    conversions = [conversion_of(tests.signature, len(case[0])) for case in tests.cases]
    call_bytes, all_bytes = _output_limits(tests, limits)
    prelude = prelude_for(program, tests.prelude)

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        lines = read_lines(result, len(tests.cases) + 1)
        started = lines.pop(0) if lines else None
        if started is not None and started[0] == "failed":
            cases = [CaseResult(CaseStatus.NOT_RUN, text_of(started))] * len(tests.cases)
        else:
            pairs = zip(tests.cases, lines, strict=False)
            cases = [_judge_value(tests.comparison, case, line) for case, line in pairs]
        return outcome_of(cases, len(tests.cases), endings[0])

    request = {"program": program, "function": tests.function, "cases": arguments, "prelude": prelude}
    if sum(map(len, arguments)) > limits.memory_bytes / _MEMORY_OF_TEXT:
        raise BrokenTestsError("the arguments take more memory than Limits.memory_bytes gives the program")
    return Job(
        {"kind": "call", "call_bytes": call_bytes, "all_bytes": all_bytes, "num_calls": len(arguments)},
        (json.dumps(request | {"conversions": conversions if any(conversions) else None}).encode("ascii"),),
        all_bytes + _LINE_BYTES * len(arguments),
        interpret,
        num_executions=len(arguments),
        num_tests=len(arguments),
        preload=preload_for(program, prelude),
    )


def _output_limits(tests: CallTests, limits: Limits) -> tuple[int, int]:
    """Return how many bytes one call may return, and all together: more where more is expected.

    They are multiples of the limit, because the program may see them, and exact ones would say how long answers are.
    """
    sizes = [_size(expected) for _, expected in tests.cases]
    unit = limits.output_bytes
    return (1 + 2 * max(sizes) // unit) * unit, (_FULL_OUTPUTS + 2 * sum(sizes) // unit) * unit


def _size(value: object) -> int:
    """Return how long the text of an expected value is; what only a special judge understands is short."""
    try:
        return len(encode(value, lambda _: 0))
    except RecursionError:
        return 0


def _encoded(arguments: Sequence[object], function: str) -> str:
    try:
        return encode(tuple(arguments), _refuse_argument)
    except RecursionError as error:
        raise BrokenTestsError(f"an argument of {function!r} is nested deeper than {MAX_DEPTH}") from error


def _refuse_argument(value: object) -> int:
    raise BrokenTestsError(f"arguments of tests are plain Python values; got a {type(value).__name__}")


def _judge_value(comparison: Comparison, case: tuple[tuple[Any, ...], Any], line: list[str]) -> CaseResult:
    if line[0] != "value":
        return CaseResult(case_status(line[0]), text_of(line))
    try:
        actual = decode(line[1]) if len(line) == 2 else None
    except DecodeError as error:
        return CaseResult(CaseStatus.WRONG_ANSWER, str(error))
    return judged(lambda value: value_matches(comparison, *case, value), case[1], actual, _name_of_opaque(actual))


def _name_of_opaque(value: object) -> str:
    return f"a value of type {printable(value.type_name[:100])}" if isinstance(value, Opaque) else ""
