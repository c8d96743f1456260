"""What a slot does, and what comes of it: the nouns of jobs, and what all kinds of tests share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from reasonenv.execution.results import describe_end
from reasonenv.execution.types import CaseResult, CaseStatus, ExecutionResult
from reasonenv.execution.wire.endings import Ending

__all__ = [
    "NOT_RUN",
    "BrokenTestsError",
    "Job",
    "Preload",
    "RunOutcome",
    "TestsOutcome",
    "broken_outcome",
    "case_status",
    "check_not_empty",
    "judged",
    "outcome_of",
    "preload_for",
]

ResultT = TypeVar("ResultT")

_NUMERIC = re.compile(r"\b(?:numpy|sympy|scipy|pandas)\b")
NOT_RUN = CaseResult(CaseStatus.NOT_RUN)


class Preload(Enum):
    """What a zygote imports before it forks."""

    BASICS = "basics"
    NUMERIC = "numeric"
    """NumPy and SymPy too, which take longer to load than most programs take to run."""


@dataclass(frozen=True)
class Job(Generic[ResultT]):
    """One thing for a slot to do."""

    message: dict[str, Any]
    inputs: tuple[bytes, ...]
    """Contents of the files that go with the message; empty files for the outputs follow them."""
    max_output_bytes: int
    interpret: Callable[..., ResultT]
    """Called with the endings of the processes and the contents of the outputs."""
    num_outputs: int = 1
    num_executions: int = 1
    num_tests: int = 1
    preload: Preload = Preload.BASICS


class TestsOutcome(NamedTuple):
    """What became of the tests."""

    cases: tuple[CaseResult, ...]
    cpu_seconds: float
    was_killed: bool
    """Whether the jail was killed, and not by us: by the program itself, or from outside."""
    fault: str = ""
    """What is wrong with the tests, or with the machine: there is no verdict on the program then."""


class BrokenTestsError(Exception):
    """The tests cannot judge any program."""


class RunOutcome(NamedTuple):
    """What became of a program that was run without tests."""

    result: ExecutionResult
    was_killed: bool


def preload_for(*sources: str) -> Preload:
    """Return the zygote for these sources: the numeric one where one of them seems to import NumPy or SymPy."""
    return Preload.NUMERIC if any(map(_NUMERIC.search, sources)) else Preload.BASICS


def check_not_empty(cases: Sequence[object]) -> None:
    """Raise BrokenTestsError where there is no test."""
    if not cases:
        raise BrokenTestsError("there is no test case: a program that is asked nothing has passed nothing")


def judged(matches: Callable[[Any], bool], expected: object, actual: object, detail: str) -> CaseResult:
    """Return the result of a comparison with what is expected, where a special judge may decide.

    One that raises, or says nothing, did not understand the answer, which is wrong then, unless it does not understand
    the expected one either.

    Raises:
        BrokenTestsError: it does not.
    """
    try:
        is_right = matches(actual)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary where a hostile value becomes data
        _check_that_judge_can(matches, expected)
        return CaseResult(CaseStatus.WRONG_ANSWER, f"the judge raised {type(error).__name__}")
    return CaseResult(CaseStatus.PASSED) if is_right else CaseResult(CaseStatus.WRONG_ANSWER, detail)


def _check_that_judge_can(matches: Callable[[Any], bool], expected: object) -> None:
    try:
        matches(expected)
    except (Exception, SystemExit) as error:
        raise BrokenTestsError("the judge raises, or returns None, for the expected output itself") from error


def outcome_of(cases: Sequence[CaseResult], num_tests: int, ending: Ending) -> TestsOutcome:
    """Return the outcome of `num_tests` tests; where some are missing, the process ended in the first of those."""
    missing = max(0, num_tests - len(cases))
    if missing:
        status, text = describe_end(ending)
        cases = [*cases, CaseResult(case_status(status), text), *[NOT_RUN] * (missing - 1)]
    return TestsOutcome(tuple(cases), ending.cpu_seconds, bool(missing) and ending.was_killed)


def broken_outcome(num_tests: int, fault: str, *, was_killed: bool = False) -> TestsOutcome:
    """Return the outcome of tests that judge nothing."""
    return TestsOutcome((NOT_RUN,) * num_tests, 0.0, was_killed, fault)


def case_status(word: str) -> CaseStatus:
    """Return the status that a word names; a program may have made it up."""
    known = ("raised", "exited", "memory_limit", "output_limit", "time_limit")
    return CaseStatus(word) if word in known else CaseStatus.RAISED
