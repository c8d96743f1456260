"""The sandbox that callers hold."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from dataclasses import asdict
from typing import NoReturn, Self

from reasonenv.counts import check_counts
from reasonenv.execution.jobs import Job, TestsOutcome, check_paired, judging_job, run_job, verdict_of
from reasonenv.execution.pool import OutcomeT, Pool
from reasonenv.execution.processes import Zygote
from reasonenv.execution.session import Session
from reasonenv.execution.tiers import choose_isolation, probe_with
from reasonenv.execution.types import CodeVerdict, ExecutionResult, Isolation, Limits, RunStatus, Tests, Tier

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
        ValueError: a number that is not positive.
        SandboxUnavailable: the machine lacks a layer; says which and how to get it.
    """

    def __init__(
        self, num_slots: int | None = None, *, min_tier: Tier = "B", unsafe: bool = False, limits: Limits | None = None
    ) -> None:
        if num_slots is not None:
            check_counts(num_slots=num_slots)
        for name, amount in asdict(limits or Limits()).items():
            if not amount > 0:
                raise ValueError(f"Limits.{name} must be positive; got {amount}.")
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

    def judge(self, programs: Sequence[str], tests: Sequence[Tests]) -> list[CodeVerdict]:
        """Return which tests each program passes, in order; nothing that a program does raises.

        Tests that can judge nobody (no test, no Python, arguments that are no plain values, exceptions of their own, a
        judge that raises for the expected output) give `GRADER_FAILED` and a `reason`, each for itself.

        Raises:
            ValueError: not as many tests as programs.
            TypeError: something else than programs and tests.
        """
        check_paired(programs, tests)

        def job_of(index: int) -> Job[TestsOutcome]:
            return judging_job(programs[index], tests[index], self._limits)

        outcomes = self._current_pool().run(len(programs), job_of)
        return [
            verdict_of(outcome, job_of(index).num_tests if outcome is None else 0, self._isolation)
            for index, outcome in enumerate(outcomes)
        ]

    def run(self, code: str, stdin: str = "") -> ExecutionResult:
        """Run a program once, as `python main.py < stdin` would, and return what it printed."""
        (outcome,) = self.do([run_job(code, stdin, self._limits, self._isolation)])
        if outcome is None:
            return ExecutionResult(status=RunStatus.GRADER_FAILED, isolation=self._isolation)
        return outcome.result

    def do(self, jobs: Sequence[Job[OutcomeT]]) -> list[OutcomeT | None]:
        """Do jobs that were made elsewhere, where the expected values are; return None for one that broke."""
        return self._current_pool().run(len(jobs), jobs.__getitem__)

    def session(self) -> Session:
        """Return a new Python session, on a slot of its own besides those of `judge` and `run`."""
        return Session(self._current_pool().start_extra_process, self._limits, self._isolation)

    def close(self) -> None:
        """End all processes; the sandbox cannot be used any more."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Sandbox holds processes of this machine and cannot be pickled. Make one in each process.")

    def _start(self) -> None:
        zygote = Zygote()
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
