"""From tests to what is sent into a jail, and from what comes back to a verdict: one function per kind of tests.

Expected values stay in the closures of this module. Programs and inputs are sent; the source of assert tests that are
not literal goes into a jail that the program is not in.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from reasonenv.execution.comparison import output_matches, value_matches
from reasonenv.execution.results import (
    MAX_DETAIL,
    Record,
    decoded,
    describe_end,
    printable,
    read_lines,
    read_records,
    text_of,
)
from reasonenv.execution.types import (
    CaseResult,
    CaseStatus,
    CodeVerdict,
    ExecutionResult,
    Isolation,
    Limits,
    RunStatus,
    Tests,
)
from reasonenv.execution.wire.asserts import find_tests
from reasonenv.execution.wire.codec import MAX_DEPTH, DecodeError, Opaque, decode, encode
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import AssertTests, CallTests, Comparison, ScoreStatus, StdinTests

__all__ = [
    "Job",
    "Preload",
    "RunOutcome",
    "TestsOutcome",
    "as_call_tests",
    "preload_for",
    "run_job",
    "tests_jobs",
    "verdict_of",
]

ResultT = TypeVar("ResultT")

_NUMERIC = re.compile(r"\b(?:numpy|sympy|scipy|pandas)\b")
_NOT_RUN = CaseResult(CaseStatus.NOT_RUN)


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


class RunOutcome(NamedTuple):
    """What became of a program that was run without tests."""

    result: ExecutionResult
    was_killed: bool


def preload_for(*sources: str) -> Preload:
    """Return the zygote for these sources: the numeric one where one of them seems to import NumPy or SymPy."""
    return Preload.NUMERIC if any(map(_NUMERIC.search, sources)) else Preload.BASICS


def tests_jobs(programs: Sequence[str], tests: Sequence[Tests], limits: Limits) -> list[Job[TestsOutcome]]:
    """Return one job per program, which decides which of its tests it passes.

    Raises:
        ValueError: not as many tests as programs, no test at all, or an argument that is not a plain value.
        TypeError: not a program, or not tests.
    """
    if len(programs) != len(tests):
        raise ValueError(f"There is one set of tests per program; got {len(programs)} and {len(tests)}.")
    return [_tests_job(program, suite, limits) for program, suite in zip(programs, tests, strict=True)]


def verdict_of(outcome: TestsOutcome | None, num_tests: int, isolation: Isolation) -> CodeVerdict:
    """Return the verdict on a program; without an outcome the executor broke, and there is none."""
    if outcome is None:
        cases, cpu_seconds, status = (_NOT_RUN,) * num_tests, 0.0, ScoreStatus.GRADER_FAILED
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


def _tests_job(program: str, tests: Tests, limits: Limits) -> Job[TestsOutcome]:
    if not isinstance(program, str):
        raise TypeError(f"A program is a str; got {type(program).__name__}.")
    if isinstance(tests, AssertTests):
        literal = as_call_tests(tests)
        return _assert_job(program, tests, limits) if literal is None else _call_job(program, literal, limits)
    if isinstance(tests, CallTests):
        return _call_job(program, tests, limits)
    if isinstance(tests, StdinTests):
        return _stdin_job(program, tests, limits)
    raise TypeError(f"Tests are CallTests, StdinTests or AssertTests; got {type(tests).__name__}.")


def as_call_tests(tests: AssertTests) -> CallTests | None:
    """Return the same tests as calls if all are `assert f(literals) == literal` of one function, imports aside.

    Raises:
        SyntaxError: the source is no Python.
    """
    statements = [node for node in ast.parse(tests.source).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    calls = [_literal_call(statement) for statement in statements]
    literal = [call for call in calls if call is not None]
    functions = {function for function, _, _ in literal}
    if len(literal) != len(calls) or len(functions) != 1 or not functions <= set(tests.names):
        return None
    return CallTests(functions.pop(), tuple((arguments, expected) for _, arguments, expected in literal))


def _literal_call(statement: ast.stmt) -> tuple[str, tuple[Any, ...], Any] | None:
    match statement:
        case ast.Assert(
            test=ast.Compare(
                left=ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]),
                ops=[ast.Eq()],
                comparators=[expected],
            )
        ):
            try:
                return function, tuple(map(ast.literal_eval, arguments)), ast.literal_eval(expected)
            except ValueError:
                return None
        case _:
            return None


def _call_job(program: str, tests: CallTests, limits: Limits) -> Job[TestsOutcome]:
    _check_not_empty(tests.cases)
    arguments = [_encoded(case[0], tests.function) for case in tests.cases]

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        lines = read_lines(result, len(tests.cases) + 1)
        started = lines.pop(0) if lines else None
        if started is not None and started[0] == "failed":
            cases = [CaseResult(CaseStatus.NOT_RUN, text_of(started))] * len(tests.cases)
        else:
            pairs = zip(tests.cases, lines, strict=False)
            cases = [_judge_value(tests.comparison, case, line) for case, line in pairs]
        return _outcome(cases, len(tests.cases), endings[0])

    request = {"program": program, "function": tests.function, "cases": arguments}
    return Job(
        {"kind": "call"},
        (json.dumps(request).encode("ascii"),),
        2 * limits.output_bytes,
        interpret,
        num_tests=len(arguments),
        preload=preload_for(program),
    )


def _stdin_job(program: str, tests: StdinTests, limits: Limits) -> Job[TestsOutcome]:
    _check_not_empty(tests.cases)

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        records = read_records(result)
        if records and records[0].failure is not None:
            return _outcome([CaseResult(CaseStatus.NOT_RUN, records[0].failure)] * len(tests.cases), 0, endings[0])
        pairs = zip(tests.cases, records, strict=False)
        cases = [_judge_output(tests.comparison, case, record, limits) for case, record in pairs]
        if records and records[-1].ending.limit is not None:
            cases += [_NOT_RUN] * (len(tests.cases) - len(cases))
        outcome = _outcome(cases, len(tests.cases), endings[0])
        every_ending = (*endings, *(record.ending for record in records))
        return outcome._replace(was_killed=any(ending.was_killed for ending in every_ending))

    return _script_job(program, [text for text, _ in tests.cases], limits, interpret)


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

    return _script_job(program, [stdin], limits, interpret)


def _script_job(
    program: str, inputs: Sequence[str], limits: Limits, interpret: Callable[[Sequence[Ending], bytes], ResultT]
) -> Job[ResultT]:
    source = program.encode("utf-8", "surrogatepass")
    texts = [text.encode("utf-8", "surrogatepass") for text in inputs]
    return Job(
        {"kind": "script", "program_size": len(source), "input_sizes": list(map(len, texts))},
        (source + b"".join(texts),),
        len(texts) * (2 * limits.output_bytes + 1024),
        interpret,
        num_executions=len(texts),
        num_tests=len(texts),
        preload=preload_for(program),
    )


def _assert_job(program: str, tests: AssertTests, limits: Limits) -> Job[TestsOutcome]:
    num_tests = len(find_tests(ast.parse(tests.source)))
    if num_tests == 0:
        raise ValueError("The source of AssertTests has no top-level statement that asserts anything.")

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        judge, candidate = endings
        lines = read_lines(result, num_tests + 2)
        started = lines.pop(0) if lines else None
        if started is not None and started[0] == "failed":
            return _outcome([CaseResult(CaseStatus.NOT_RUN, text_of(started))] * num_tests, 0, candidate)
        cases = [CaseResult(CaseStatus(line[0]), text_of(line)) for line in lines if line[0] not in ("stopped", "end")]
        if ["end"] in lines:
            return _outcome(cases, num_tests, candidate)._replace(was_killed=False)
        stopped = next((text_of(["", *line[2:]]) for line in lines if line[0] == "stopped"), None)
        ending = judge if candidate.limit is None and judge.limit is not None else candidate
        outcome = _outcome(cases[: num_tests - 1], num_tests, ending)
        if stopped is None:
            return outcome
        not_run = [CaseResult(CaseStatus.NOT_RUN, stopped)] * (num_tests - len(cases[: num_tests - 1]))
        return outcome._replace(cases=(*cases[: num_tests - 1], *not_run), was_killed=False)

    return Job(
        {"kind": "asserts", "names": list(tests.names)},
        (program.encode("utf-8", "surrogatepass"), tests.source.encode("utf-8", "surrogatepass")),
        limits.output_bytes + 1024 * num_tests,
        interpret,
        num_executions=2,
        num_tests=num_tests,
        preload=preload_for(program, tests.source),
    )


def _check_not_empty(cases: Sequence[object]) -> None:
    if not cases:
        raise ValueError("There is no test case: a program that is asked nothing has passed nothing.")


def _encoded(arguments: Sequence[object], function: str) -> str:
    try:
        return encode(tuple(arguments), _refuse_argument)
    except RecursionError as error:
        raise ValueError(f"An argument of {function!r} is nested deeper than {MAX_DEPTH}.") from error


def _refuse_argument(value: object) -> int:
    raise TypeError(f"Arguments of tests are plain Python values; got a {type(value).__name__}.")


def _judge_value(comparison: Comparison, case: tuple[tuple[Any, ...], Any], line: list[str]) -> CaseResult:
    if line[0] != "value":
        return CaseResult(_case_status(line[0]), text_of(line))
    try:
        actual = decode(line[1]) if len(line) == 2 else None
    except DecodeError as error:
        return CaseResult(CaseStatus.WRONG_ANSWER, str(error))
    return _judged(lambda: value_matches(comparison, case[0], case[1], actual), _name_of_opaque(actual))


def _judge_output(comparison: Comparison, case: tuple[str, str], record: Record, limits: Limits) -> CaseResult:
    ending = record.ending
    if len(record.stdout) + len(record.stderr) > limits.output_bytes:
        return CaseResult(CaseStatus.OUTPUT_LIMIT, "", ending.cpu_seconds)
    if ending.exit_code != 0 or ending.limit is not None:
        status, text = describe_end(ending)
        last_line = decoded(record.stderr[-MAX_DETAIL:]).rstrip().rpartition("\n")[2]
        return CaseResult(_case_status(status), last_line or text, ending.cpu_seconds)
    actual = decoded(record.stdout)
    result = _judged(lambda: output_matches(comparison, case[0], case[1], actual), "")
    return CaseResult(result.status, result.detail, ending.cpu_seconds)


def _judged(matches: Callable[[], bool], detail: str) -> CaseResult:
    """Return the result of a comparison. A special judge that raises did not understand the answer: it is wrong."""
    try:
        is_right = matches()
    except Exception as error:  # noqa: BLE001 - the boundary where a hostile value becomes data
        return CaseResult(CaseStatus.WRONG_ANSWER, f"the judge raised {type(error).__name__}")
    return CaseResult(CaseStatus.PASSED) if is_right else CaseResult(CaseStatus.WRONG_ANSWER, detail)


def _name_of_opaque(value: object) -> str:
    return f"a value of type {printable(value.type_name[:100])}" if isinstance(value, Opaque) else ""


def _outcome(cases: Sequence[CaseResult], num_tests: int, ending: Ending) -> TestsOutcome:
    """Return the outcome of `num_tests` tests; where some are missing, the process ended in the first of those."""
    missing = max(0, num_tests - len(cases))
    if missing:
        status, text = describe_end(ending)
        cases = [*cases, CaseResult(_case_status(status), text), *[_NOT_RUN] * (missing - 1)]
    return TestsOutcome(tuple(cases), ending.cpu_seconds, bool(missing) and ending.was_killed)


def _case_status(word: str) -> CaseStatus:
    """Return the status that a word names; a program may have made it up."""
    known = ("raised", "exited", "memory_limit", "output_limit", "time_limit")
    return CaseStatus(word) if word in known else CaseStatus.RAISED
