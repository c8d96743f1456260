"""The nouns of code execution: limits, verdicts, results and who gives them. They cross process and machine borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from reasonenv.types import AssertTests, CallTests, ScoreStatus, StdinTests

__all__ = [
    "CaseResult",
    "CaseStatus",
    "CodeVerdict",
    "ExecutionResult",
    "Isolation",
    "Judge",
    "Limits",
    "RunStatus",
    "Tier",
]

Tests = CallTests | StdinTests | AssertTests
Tier = Literal["A", "B"]
Isolation = Literal["A", "B", "none"]
"""Which layers held while a program ran; `none` only ever after an explicit `unsafe=True`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one execution may use: an assert problem, a case on standard input, or the calls of a call problem, of which
    each has the limits of time and output for itself.
    """

    cpu_seconds: float = 4.0
    """CPU time, so that a busy machine fails no good program."""
    wall_seconds: float = 16.0
    """The backstop for programs that sleep; 3 to 5 times `cpu_seconds`."""
    memory_bytes: int = 512 << 20
    """Address space of the process: memory that is reserved counts, too, such as the stacks of threads."""
    output_bytes: int = 1 << 20
    """Standard output and standard error together, or the encoded value that a call returns; where more is expected,
    twice what is expected. All calls of a problem may return twice that.
    """
    tmp_bytes: int = 16 << 20
    """Files in the private temporary folder."""


class RunStatus(StrEnum):
    """How an execution ended. All but `GRADER_FAILED` are the program's own doing."""

    FINISHED = "finished"
    RAISED = "raised"
    EXITED = "exited"
    """It left before its work was done: `sys.exit`, `os._exit`, a signal to itself."""
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    GRADER_FAILED = "grader_failed"


class CaseStatus(StrEnum):
    """What became of one test."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong_answer"
    RAISED = "raised"
    EXITED = "exited"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    NOT_RUN = "not_run"
    """An earlier failure of the program (a syntax error, an exit) left nothing to run."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test: `CaseResult(CaseStatus.RAISED, "ZeroDivisionError: division by zero")`."""

    status: CaseStatus
    detail: str = ""
    """The program's own words (exception, output): untrusted text, never the expected value."""
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeVerdict:
    """What the tests say of one program. `status` is `GRADER_FAILED` where the executor broke: no verdict then."""

    num_passed: int
    num_tests: int
    cases: tuple[CaseResult, ...]
    isolation: Isolation
    cpu_seconds: float
    status: ScoreStatus = ScoreStatus.SCORED
    reason: str = ""
    """What is wrong with the tests, where they are why there is no verdict; the executor broke where this is empty."""


class Judge(Protocol):
    """Says which tests programs pass: a `Sandbox` on this machine, or a `RaySandbox` on a cluster."""

    def judge(self, programs: Sequence[str], tests: Sequence[Tests], /) -> list[CodeVerdict]:
        """Return which tests each program passes, in order; nothing that a program does raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """What a program or a cell did: its output, untrusted, and how it ended."""

    status: RunStatus
    isolation: Isolation
    stdout: str = ""
    stderr: str = ""
    cpu_seconds: float = 0.0
    value: str | None = None
    """In a session, the `repr` of the cell's last expression."""
    has_restarted: bool = False
    """In a session, the process was killed and its variables are gone."""
