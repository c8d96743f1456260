"""Rewards for programs that work.

No program, or one that fails, scores 0; an executor that broke gives no score at all. What the hidden tests hold stays
out of the details, which a training log may show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from reasonenv.execution.shared import shared_sandbox
from reasonenv.execution.types import CodeVerdict, Judge
from reasonenv.parsing import code_block
from reasonenv.types import Attempt, CodeReference, Score, ScoreStatus

__all__ = ["CodeAllPassed", "CodeEfficiency", "CodePassRate"]

_NOISE_SECONDS = 0.02
"""By which the processor time of one program differs from run to run."""


@dataclass(frozen=True)
class CodePassRate:
    """The share of the hidden tests that the program of the response passes.

        value = passed / number of tests

    Range [0, 1], or GRADER_FAILED. Partial credit pays programs that are right in easy cases only; `CodeAllPassed` does
    not. `details` hold `has_program`, `num_passed`, `num_tests`, `statuses` (status of a test → how often),
    `cpu_seconds` and `isolation`.

    Args:
        sandbox: where programs run, also a `RaySandbox`; None is the sandbox of this process.
    """

    sandbox: Judge | None = field(default=None, repr=False, compare=False)
    name: str = "code_pass_rate"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = CodeReference
    is_correctness: ClassVar[bool] = True

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Judge the batch at once.

        Raises:
            TypeError: a task has no `CodeReference`.
            SandboxUnavailable: the machine lacks a layer of the sandbox.
        """
        verdicts = _judge_responses(attempts, self.sandbox, self.name)
        return [_score(verdict, _pass_rate(verdict)) for verdict in verdicts]


@dataclass(frozen=True)
class CodeAllPassed:
    """1 if the program of the response passes every hidden test, else 0 (arXiv 2501.12948, section 2.2.2).

        value = 1[passed = number of tests]

    Range {0, 1}, or GRADER_FAILED. `details` as for `CodePassRate`.

    Args:
        sandbox: as for `CodePassRate`.
    """

    sandbox: Judge | None = field(default=None, repr=False, compare=False)
    name: str = "code_all_passed"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = CodeReference
    is_correctness: ClassVar[bool] = True

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Judge the batch at once; raises as `CodePassRate.score`."""
        verdicts = _judge_responses(attempts, self.sandbox, self.name)
        return [_score(verdict, float(_pass_rate(verdict) == 1.0)) for verdict in verdicts]


@dataclass(frozen=True)
class CodeEfficiency:
    """How fast a right program is beside the reference program, in processor time of the same sandbox and batch.

        value = 1[all passed] · min(1, (t_reference + δ) / (t + δ)),    δ = 0.02 s

    Range [0, 1], or GRADER_FAILED. The inverse of EffiBench's normalised execution time (arXiv 2402.02037), at most 1:
    nothing is gained by being faster than the reference. δ keeps noise from deciding between programs that take no
    time. `details` as for `CodePassRate`, and `reference_cpu_seconds`.

    Args:
        sandbox: as for `CodePassRate`.
    """

    sandbox: Judge | None = field(default=None, repr=False, compare=False)
    name: str = "code_efficiency"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = CodeReference

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Judge the batch at once, then the reference programs of the tasks that were solved.

        Raises as `CodePassRate.score`, and ValueError where a task has no reference program.
        """
        references = [_reference(attempt, self.name) for attempt in attempts]
        for attempt, reference in zip(attempts, references, strict=True):
            if reference.reference_program is None:
                raise ValueError(
                    f"The reward {self.name!r} needs a reference program, but task {attempt.task.task_id!r} has none. "
                    "Choose code_all_passed or code_pass_rate, or give its CodeReference a reference_program."
                )
        verdicts = _judge_responses(attempts, self.sandbox, self.name)
        programs = [
            reference.reference_program if _pass_rate(verdict) == 1.0 else None
            for reference, verdict in zip(references, verdicts, strict=True)
        ]
        judged = _judge(programs, references, self.sandbox)
        return [_efficiency(verdict, reference) for verdict, reference in zip(verdicts, judged, strict=True)]


def _judge_responses(attempts: Sequence[Attempt], sandbox: Judge | None, reward: str) -> list[CodeVerdict | None]:
    """Judge the programs of responses; one that breaks the executor, where the task's own does not, has failed."""
    references = [_reference(attempt, reward) for attempt in attempts]
    programs = [code_block(attempt.response) for attempt in attempts]
    verdicts = _judge(programs, references, sandbox)
    for row, verdict in enumerate(verdicts):
        if verdict is not None and verdict.status is ScoreStatus.SCORED and not verdict.num_tests:
            raise ValueError(
                f"Task {attempts[row].task.task_id!r} has no hidden tests, so nothing can be right. Give its "
                "CodeReference at least one."
            )
        if verdict is not None and verdict.status is ScoreStatus.GRADER_FAILED and not verdict.reason:
            verdicts[row] = _judge_alone(programs[row], references[row], sandbox)
    return verdicts


def _judge_alone(program: str | None, reference: CodeReference, sandbox: Judge | None) -> CodeVerdict | None:
    """Judge once more, alone; then the reference program, or one that does nothing, to see whose fault it is."""
    (again,) = _judge([program], [reference], sandbox)
    if again is None or again.status is ScoreStatus.SCORED:
        return again
    (harmless,) = _judge([reference.reference_program or "pass"], [reference], sandbox)
    if harmless is None or harmless.status is ScoreStatus.GRADER_FAILED:
        return again
    return replace(harmless, num_passed=0, cases=(), status=ScoreStatus.SCORED, cpu_seconds=0.0)


def _judge(
    programs: Sequence[str | None], references: Sequence[CodeReference], sandbox: Judge | None
) -> list[CodeVerdict | None]:
    """Judge programs by the hidden tests, None by None; equal programs for one task run once.

    No sandbox is made where there is nothing to run.
    """
    questions = [(program, id(reference)) for program, reference in zip(programs, references, strict=True)]
    asked = {
        question: (program, reference.tests)
        for question, program, reference in zip(questions, programs, references, strict=True)
        if program is not None
    }
    if not asked:
        return [None] * len(questions)
    programs_asked, tests = zip(*asked.values(), strict=True)
    verdicts = (sandbox or shared_sandbox()).judge(programs_asked, tests)
    by_question = dict(zip(asked, verdicts, strict=True))
    return [by_question.get(question) for question in questions]


def _reference(attempt: Attempt, reward: str) -> CodeReference:
    reference = attempt.task.reference
    if not isinstance(reference, CodeReference):
        raise TypeError(
            f"The reward {reward!r} needs a CodeReference, but task {attempt.task.task_id!r} has a "
            f"{type(reference).__name__}. Give the task a CodeReference (a row of a "
            "file gets one by its column 'tests') or choose another reward."
        )
    return reference


def _pass_rate(verdict: CodeVerdict | None) -> float:
    return verdict.num_passed / verdict.num_tests if verdict is not None else 0.0


def _score(verdict: CodeVerdict | None, value: float, **details: float) -> Score:
    if verdict is None:
        return Score(0.0, details={"has_program": False})
    if verdict.status is ScoreStatus.GRADER_FAILED:
        return Score.failed(f"the program has no verdict: {verdict.reason or 'the executor broke'}")
    statuses = Counter(case.status.value for case in verdict.cases)
    found: dict[str, Any] = {
        "has_program": True,
        "num_passed": verdict.num_passed,
        "num_tests": verdict.num_tests,
        "statuses": dict(statuses),
        "cpu_seconds": verdict.cpu_seconds,
        "isolation": verdict.isolation,
    }
    return Score(value, details={**found, **details})


def _efficiency(verdict: CodeVerdict | None, reference: CodeVerdict | None) -> Score:
    if verdict is None or reference is None or _pass_rate(verdict) < 1.0:
        return _score(verdict, 0.0)
    if reference.status is ScoreStatus.GRADER_FAILED or reference.num_passed < reference.num_tests:
        return Score.failed("the reference program does not pass the tests in this sandbox")
    ratio = (reference.cpu_seconds + _NOISE_SECONDS) / (verdict.cpu_seconds + _NOISE_SECONDS)
    return _score(verdict, min(1.0, ratio), reference_cpu_seconds=reference.cpu_seconds)
