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
from reasonenv.execution.results import printable, read_lines, text_of
from reasonenv.execution.types import CaseResult, CaseStatus, Limits
from reasonenv.execution.wire.codec import MAX_DEPTH, DecodeError, Opaque, decode, encode
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import CallTests, Comparison

__all__ = ["call_job"]

_MEMORY_OF_TEXT = 4
"""By which the arguments are larger in memory than as text."""


def call_job(program: str, tests: CallTests, limits: Limits) -> Job[TestsOutcome]:
    """Return the job that calls a function of the program with the arguments of each test, in one process."""
    check_not_empty(tests.cases)
    arguments = [_encoded(case[0], tests.function) for case in tests.cases]

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        lines = read_lines(result, len(tests.cases) + 1)
        started = lines.pop(0) if lines else None
        if started is not None and started[0] == "failed":
            cases = [CaseResult(CaseStatus.NOT_RUN, text_of(started))] * len(tests.cases)
        else:
            pairs = zip(tests.cases, lines, strict=False)
            cases = [_judge_value(tests.comparison, case, line) for case, line in pairs]
        return outcome_of(cases, len(tests.cases), endings[0])

    request = {"program": program, "function": tests.function, "cases": arguments}
    if sum(map(len, arguments)) > limits.memory_bytes / _MEMORY_OF_TEXT:
        raise BrokenTestsError("the arguments take more memory than Limits.memory_bytes gives the program")
    return Job(
        {"kind": "call"},
        (json.dumps(request).encode("ascii"),),
        2 * limits.output_bytes,
        interpret,
        num_tests=len(arguments),
        preload=preload_for(program),
    )


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
