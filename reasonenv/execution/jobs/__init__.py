"""From tests to what is sent into a jail, and from what comes back to a verdict: one file per kind of tests.

Expected values stay in the closures of these modules. Programs and inputs are sent; the source of assert tests that are
not literal goes into a jail that the program is not in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from reasonenv.execution.jobs.asserts import as_call_tests, assert_job
from reasonenv.execution.jobs.calls import call_job
from reasonenv.execution.jobs.job import (
    BrokenTestsError,
    Job,
    Preload,
    RunOutcome,
    TestsOutcome,
    broken_outcome,
    preload_for,
)
from reasonenv.execution.jobs.scripts import run_job, stdin_job
from reasonenv.execution.types import CaseStatus, CodeVerdict, Isolation, Limits, Tests
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import AssertTests, CallTests, ScoreStatus, StdinTests

__all__ = [
    "Job",
    "Preload",
    "RunOutcome",
    "TestsOutcome",
    "as_call_tests",
    "check_paired",
    "judging_job",
    "preload_for",
    "run_job",
    "verdict_of",
]


def check_paired(programs: Sequence[str], tests: Sequence[Tests]) -> None:
    """Raise a ValueError unless there are as many tests as programs."""
    if len(programs) != len(tests):
        raise ValueError(f"There is one set of tests per program; got {len(programs)} and {len(tests)}.")


def judging_job(program: str, tests: Tests, limits: Limits) -> Job[TestsOutcome]:
    """Return the job that decides which tests a program passes. Where the tests are broken, its outcome says so.

    Raises:
        TypeError: not a program, or not tests.
    """
    if not isinstance(program, str):
        raise TypeError(f"A program is a str; got {type(program).__name__}.")
    try:
        job = _job(program, tests, limits)
    except BrokenTestsError as error:
        return _job_without_verdict(str(error))
    return replace(job, interpret=_interpreting(job))


def _interpreting(job: Job[TestsOutcome]) -> Callable[..., TestsOutcome]:
    """Let a judge that does not know its own answers be a fault of the tests."""

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        try:
            return job.interpret(endings, result)
        except BrokenTestsError as error:
            return broken_outcome(job.num_tests, str(error))

    return interpret


def _job_without_verdict(fault: str) -> Job[TestsOutcome]:
    """Return a job that asks nothing of nobody, since a batch has one for every program."""
    nothing = call_job("def f(): pass", CallTests("f", (((), None),)), Limits())
    return replace(nothing, interpret=partial(_without_verdict, fault), num_tests=0)


def _without_verdict(fault: str, *_: object) -> TestsOutcome:
    return broken_outcome(0, fault)


def _job(program: str, tests: Tests, limits: Limits) -> Job[TestsOutcome]:
    if isinstance(tests, AssertTests):
        literal = as_call_tests(tests)
        return assert_job(program, tests, limits) if literal is None else call_job(program, literal, limits)
    if isinstance(tests, CallTests):
        return call_job(program, tests, limits)
    if isinstance(tests, StdinTests):
        return stdin_job(program, tests, limits)
    raise TypeError(f"Tests are CallTests, StdinTests or AssertTests; got {type(tests).__name__}.")


def verdict_of(outcome: TestsOutcome | None, num_tests: int, isolation: Isolation) -> CodeVerdict:
    """Return the verdict on a program; without an outcome the executor broke, and there is none."""
    has_verdict = outcome is not None and not outcome.fault
    outcome = outcome or broken_outcome(num_tests, "")
    cases = outcome.cases
    return CodeVerdict(
        num_passed=sum(case.status is CaseStatus.PASSED for case in cases),
        num_tests=len(cases),
        cases=cases,
        isolation=isolation,
        cpu_seconds=outcome.cpu_seconds,
        status=ScoreStatus.SCORED if has_verdict else ScoreStatus.GRADER_FAILED,
        reason=outcome.fault,
    )
