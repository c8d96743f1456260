"""The sandbox that callers hold.

Lives here: the public object. Does not: processes (`pool`, `processes`), verdicts (`jobs`), layers (`tiers`, `jail`).
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import NoReturn, Self

from reasonenv.execution.jobs import Job, TestsOutcome, run_job, tests_job
from reasonenv.execution.pool import OutcomeT, Pool
from reasonenv.execution.processes import Zygote
from reasonenv.execution.session import Session
from reasonenv.execution.tiers import choose_isolation, probe_with
from reasonenv.execution.types import (
    CaseResult,
    CaseStatus,
    CodeVerdict,
    ExecutionResult,
    Isolation,
    Limits,
    RunStatus,
    Tier,
)
from reasonenv.types import AssertTests, CallTests, ScoreStatus, StdinTests

__all__ = ["Sandbox"]


class Sandbox:
    """Runs untrusted programs in jails and says which tests they pass.

        with Sandbox() as sandbox:
            verdict, = sandbox.judge([program], [CallTests("add", (((2, 3), 5),))])

    Any thread may call it. Its processes start when needed, are kept, and end with `close`, with the `with` block, when
    the sandbox is collected, and at the latest with this process. It cannot be pickled: make one in each process. In a
    fork it starts processes of its own.

    Args:
        num_slots: how many programs run at once; None for one per usable processor.
        min_tier: refuse to run with less isolation than this.
        unsafe: go on without isolation where the machine gives less, with a warning and a mark on every result.
        limits: what each execution may use.

    Raises:
        SandboxUnavailable: the machine lacks a layer; says which and how to get it.
    """

    def __init__(
        self,
        num_slots: int | None = None,
        *,
        min_tier: Tier = "B",
        unsafe: bool = False,
        limits: Limits | None = None,
    ) -> None:
        if num_slots is not None and num_slots < 1:
            raise ValueError(f"num_slots must be at least 1; got {num_slots}.")
        self._num_slots = num_slots or len(os.sched_getaffinity(0))
        self._limits = limits or Limits()
        self._min_tier: Tier = min_tier
        self._unsafe = unsafe
        self._start()

    @property
    def isolation(self) -> Isolation:
        """The tier in force."""
        return self._isolation

    @property
    def process_ids(self) -> list[int]:
        """The process ids of the zygotes and slots that exist now."""
        return self._pool.process_ids()

    def judge(
        self, programs: Sequence[str], tests: Sequence[CallTests | StdinTests | AssertTests]
    ) -> list[CodeVerdict]:
        """Return which tests each program passes, in order; nothing that a program does raises.

        Raises:
            ValueError: not as many tests as programs, no test at all, or an argument that is not a plain value.
        """
        if len(programs) != len(tests):
            raise ValueError(f"There is one set of tests per program; got {len(programs)} and {len(tests)}.")
        jobs = [tests_job(program, suite, self._limits) for program, suite in zip(programs, tests, strict=True)]
        outcomes = self._current_pool().run(jobs)
        return [
            self._failed_verdict(job.num_tests) if outcome is None else self._verdict(outcome)
            for job, outcome in zip(jobs, outcomes, strict=True)
        ]

    def run(self, code: str, stdin: str = "") -> ExecutionResult:
        """Run a program once, as `python main.py < stdin` would, and return what it printed."""
        (outcome,) = self._current_pool().run([run_job(code, stdin, self._limits)])
        if outcome is None:
            return ExecutionResult(
                status=RunStatus.GRADER_FAILED, stdout="", stderr="", cpu_seconds=0.0, isolation=self._isolation
            )
        return ExecutionResult(
            status=outcome.status,
            stdout=outcome.stdout,
            stderr=outcome.stderr,
            cpu_seconds=outcome.cpu_seconds,
            isolation=self._isolation,
        )

    def do(self, jobs: Sequence[Job[OutcomeT]]) -> list[OutcomeT | None]:
        """Do jobs that were made elsewhere, such as where the expected values are; None for one that broke."""
        return self._current_pool().run(jobs)

    def session(self) -> Session:
        """Return a new Python session, on a slot of its own besides those of `judge` and `run`."""
        return Session(self._current_pool().start_extra_process, self._limits, self._isolation)

    def close(self) -> None:
        """End all processes; the sandbox cannot be used any more."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Sandbox holds processes of this machine and cannot be pickled. Make one in each process.")

    def _start(self) -> None:
        zygote = Zygote(is_numeric=False)
        try:
            found = probe_with(zygote)
            self._isolation: Isolation = choose_isolation(found, min_tier=self._min_tier, unsafe=self._unsafe)
        except BaseException:
            zygote.close()
            raise
        self._pool = Pool(zygote, found, self._isolation, self._limits, self._num_slots)
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, self._pool.close)

    def _current_pool(self) -> Pool:
        if os.getpid() != self._owner:
            self._finalizer()
            self._start()
        return self._pool

    def _verdict(self, outcome: TestsOutcome) -> CodeVerdict:
        return CodeVerdict(
            num_passed=sum(case.status is CaseStatus.PASSED for case in outcome.cases),
            num_tests=len(outcome.cases),
            cases=outcome.cases,
            isolation=self._isolation,
            cpu_seconds=outcome.cpu_seconds,
        )

    def _failed_verdict(self, num_tests: int) -> CodeVerdict:
        return CodeVerdict(
            num_passed=0,
            num_tests=num_tests,
            cases=(CaseResult(CaseStatus.NOT_RUN),) * num_tests,
            isolation=self._isolation,
            cpu_seconds=0.0,
            status=ScoreStatus.GRADER_FAILED,
        )
