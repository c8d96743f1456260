"""Programs that read standard input and print: tests of what they print, and one run without tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from reasonenv.execution.comparison import output_matches
from reasonenv.execution.jobs.job import (
    NOT_RUN,
    BrokenTestsError,
    Job,
    RunOutcome,
    TestsOutcome,
    case_status,
    check_not_empty,
    judged,
    outcome_of,
    preload_for,
)
from reasonenv.execution.jobs.preludes import prelude_for
from reasonenv.execution.results import MAX_DETAIL, Record, decoded, describe_end, read_records
from reasonenv.execution.types import CaseResult, CaseStatus, ExecutionResult, Isolation, Limits, RunStatus
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import Comparison, StdinTests

__all__ = ["run_job", "stdin_job"]

ResultT = TypeVar("ResultT")

_FULL_OUTPUTS = 16
"""How many tests may print as much as a test may, beside what all tests are expected to print: more is a flood."""


def stdin_job(program: str, tests: StdinTests, limits: Limits) -> Job[TestsOutcome]:
    """Return the job that runs the program once for each test, with the test's text as its standard input."""
    check_not_empty(tests.cases)
    test_bytes, max_result_bytes = _output_limits(tests, limits)

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        records = read_records(result)
        if records and records[0].failure is not None:
            return outcome_of([CaseResult(CaseStatus.NOT_RUN, records[0].failure)] * len(tests.cases), 0, endings[0])
        pairs = zip(tests.cases, records, strict=False)
        cases = [_judge_output(tests.comparison, case, record, test_bytes) for case, record in pairs]
        if len(cases) < len(tests.cases) and len(result) > max_result_bytes:
            cases.append(CaseResult(CaseStatus.OUTPUT_LIMIT, "all tests together"))
        if cases and (records[-1].ending.limit is not None or cases[-1].status is CaseStatus.OUTPUT_LIMIT):
            cases += [NOT_RUN] * (len(tests.cases) - len(cases))
        outcome = outcome_of(cases, len(tests.cases), endings[0])
        every_ending = (*endings, *(record.ending for record in records))
        return outcome._replace(was_killed=any(ending.was_killed for ending in every_ending))

    prelude = prelude_for(program, tests.prelude)
    inputs = [text for text, _ in tests.cases]
    return _script_job((prelude, program), inputs, test_bytes, max_result_bytes, interpret)


def _output_limits(tests: StdinTests, limits: Limits) -> tuple[int, int]:
    """Return how many bytes one test may print, and all together: more where more is expected.

    They are multiples of the limit, because the program may see them, and exact ones would say how long answers are.

    Raises:
        BrokenTestsError: more is expected than can be printed into files.
    """
    sizes = [len(expected.encode("utf-8", "surrogatepass")) for _, expected in tests.cases]
    unit = limits.output_bytes
    test_bytes = min((1 + 2 * max(sizes) // unit) * unit, max(unit, limits.tmp_bytes - 1))
    if max(sizes) > test_bytes:
        raise BrokenTestsError("an expected output is longer than Limits.output_bytes and tmp_bytes let programs print")
    return test_bytes, (_FULL_OUTPUTS + 4 * sum(sizes) // unit) * unit


def run_job(program: str, stdin: str, limits: Limits, isolation: Isolation) -> Job[RunOutcome]:
    """Return the job that runs a program once and collects what it prints."""
    if not isinstance(program, str):
        raise TypeError(f"A program is a str; got {type(program).__name__}.")

    def interpret(endings: Sequence[Ending], result: bytes) -> RunOutcome:
        def outcome(status: str, stdout: str, stderr: str, was_killed: bool) -> RunOutcome:
            ended = ExecutionResult(
                status=RunStatus(status),
                isolation=isolation,
                stdout=stdout,
                stderr=stderr,
                cpu_seconds=endings[0].cpu_seconds,
            )
            return RunOutcome(ended, was_killed)

        records = read_records(result)
        if not records:
            status, text = describe_end(endings[0])
            return outcome(status, "", text, endings[0].was_killed)
        record = records[0]
        if record.failure is not None:
            return outcome("raised", "", record.failure, False)
        status = "finished" if record.ending.exit_code == 0 else describe_end(record.ending)[0]
        if len(record.stdout) + len(record.stderr) > limits.output_bytes:
            status = "output_limit"
        stdout, stderr = record.stdout[: limits.output_bytes], record.stderr[: limits.output_bytes]
        return outcome(status, decoded(stdout), decoded(stderr), record.ending.was_killed)

    return _script_job(("", program), [stdin], limits.output_bytes, 0, interpret)


def _script_job(
    parts: tuple[str, str],
    inputs: Sequence[str],
    test_bytes: int,
    max_result_bytes: int,
    interpret: Callable[[Sequence[Ending], bytes], ResultT],
) -> Job[ResultT]:
    prelude, program = (part.encode("utf-8", "surrogatepass") for part in parts)
    texts = [text.encode("utf-8", "surrogatepass") for text in inputs]
    sizes = {"prelude_size": len(prelude), "program_size": len(program), "input_sizes": list(map(len, texts))}
    return Job(
        {"kind": "script"} | sizes | {"test_bytes": test_bytes, "max_result_bytes": max_result_bytes},
        (prelude + program + b"".join(texts),),
        len(texts) * (2 * test_bytes + 1024),
        interpret,
        num_executions=len(texts),
        num_tests=len(texts),
        preload=preload_for(*parts),
    )


def _judge_output(comparison: Comparison, case: tuple[str, str], record: Record, max_bytes: int) -> CaseResult:
    ending = record.ending
    if len(record.stdout) + len(record.stderr) > max_bytes:
        return CaseResult(CaseStatus.OUTPUT_LIMIT, "", ending.cpu_seconds)
    if ending.exit_code != 0 or ending.limit is not None:
        status, text = describe_end(ending)
        last_line = decoded(record.stderr[-MAX_DETAIL:]).rstrip().rpartition("\n")[2]
        return CaseResult(case_status(status), last_line or text, ending.cpu_seconds)
    actual = decoded(record.stdout)
    result = judged(lambda text: output_matches(comparison, case[0], case[1], text), case[1], actual, "")
    return CaseResult(result.status, result.detail, ending.cpu_seconds)
