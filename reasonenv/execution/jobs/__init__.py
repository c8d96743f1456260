"""From tests to what is sent into a jail, and from what comes back to a verdict: one file per kind of tests.

Expected values stay in the closures of these modules. Programs and inputs are sent; the source of assert tests that are
not literal goes into a jail that the program is not in.
"""

from __future__ import annotations

from collections.abc import Sequence

from reasonenv.execution.jobs.asserts import as_call_tests, assert_job
from reasonenv.execution.jobs.calls import call_job
from reasonenv.execution.jobs.job import NOT_RUN, Job, Preload, RunOutcome, TestsOutcome, preload_for
from reasonenv.execution.jobs.scripts import run_job, stdin_job
from reasonenv.execution.types import CaseStatus, CodeVerdict, Isolation, Limits, Tests
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
    """Return the job that decides which tests a program passes.

    Raises:
        ValueError: no test at all, or an argument that is not a plain value.
        TypeError: not a program, or not tests.
    """
    if not isinstance(program, str):
        raise TypeError(f"A program is a str; got {type(program).__name__}.")
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
    if outcome is None:
        cases, cpu_seconds, status = (NOT_RUN,) * num_tests, 0.0, ScoreStatus.GRADER_FAILED
    else:
        cases, cpu_seconds, status = outcome.cases, outcome.cpu_seconds, ScoreStatus.SCORED
    return CodeVerdict(
        num_passed=sum(case.status is CaseStatus.PASSED for case in cases),
        num_tests=len(cases),
        cases=cases,
        isolation=isolation,
        cpu_seconds=cpu_seconds,
        status=status,
    )
