"""Assert tests: their source goes into a jail that the program is not in, unless all of it is literal."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from typing import Any

from reasonenv.execution.jobs.job import BrokenTestsError, Job, TestsOutcome, broken_outcome, outcome_of, preload_for
from reasonenv.execution.jobs.preludes import prelude_for
from reasonenv.execution.results import read_lines, text_of
from reasonenv.execution.types import CaseResult, CaseStatus, Limits
from reasonenv.execution.wire.asserts import complete, find_tests
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import AssertTests, CallTests

__all__ = ["as_call_tests", "assert_job", "parsed"]


def as_call_tests(tests: AssertTests) -> CallTests | None:
    """Return the same tests as calls if all are `assert f(literals) == literal` of one function, imports aside.

    Raises:
        BrokenTestsError: the source is no Python.
    """
    statements = [node for node in parsed(tests).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    calls = [_literal_call(statement) for statement in statements]
    literal = [call for call in calls if call is not None]
    functions = {function for function, _, _ in literal}
    if len(literal) != len(calls) or len(functions) != 1 or not functions <= set(tests.names):
        return None
    return CallTests(
        functions.pop(), tuple((arguments, expected) for _, arguments, expected in literal), prelude=tests.prelude
    )


def parsed(tests: AssertTests) -> ast.Module:
    """Return the tree of the tests' source; raise BrokenTestsError where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as \w, which are for the author of the tests
            return ast.parse(tests.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BrokenTestsError(f"the source of AssertTests is no Python: {error}") from error


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
            except (ValueError, TypeError):  # of an unhashable key
                return None
        case _:
            return None


def assert_job(program: str, tests: AssertTests, limits: Limits) -> Job[TestsOutcome]:
    """Return the job that runs the tests in one jail and the program in another.

    Raises:
        BrokenTestsError: no Python, or no test.
    """
    num_tests = len(find_tests(complete(parsed(tests))))
    prelude = prelude_for(program, tests.prelude)
    if num_tests == 0:
        raise BrokenTestsError("the source of AssertTests has no top-level statement that asserts anything")

    def interpret(endings: Sequence[Ending], result: bytes) -> TestsOutcome:
        judge, candidate = endings
        lines = read_lines(result, num_tests + 3)
        started = lines.pop(0) if lines else None
        fault = next((line[1] for line in lines if line[0] == "fault"), "the tests were killed" * judge.was_killed)
        if fault or (judge.exit_code < 0 and judge.limit is None):
            return broken_outcome(num_tests, fault or "the tests ended their process", was_killed=judge.was_killed)
        if started is not None and started[0] == "failed":
            return outcome_of([CaseResult(CaseStatus.NOT_RUN, text_of(started))] * num_tests, 0, candidate)
        cases = [CaseResult(CaseStatus(line[0]), text_of(line)) for line in lines if line[0] not in ("stopped", "end")]
        if ["end"] in lines:
            return outcome_of(cases, num_tests, candidate)._replace(was_killed=False)
        stopped = next((text_of(["", *line[2:]]) for line in lines if line[0] == "stopped"), None)
        ending = judge if candidate.limit is None and judge.limit is not None else candidate
        outcome = outcome_of(cases[: num_tests - 1], num_tests, ending)
        if stopped is None:
            return outcome
        not_run = [CaseResult(CaseStatus.NOT_RUN, stopped)] * (num_tests - len(cases[: num_tests - 1]))
        return outcome._replace(cases=(*cases[: num_tests - 1], *not_run), was_killed=False)

    return Job(
        {"kind": "asserts", "names": list(tests.names)},
        (f"{prelude}\0{program}".encode("utf-8", "surrogatepass"), tests.source.encode("utf-8", "surrogatepass")),
        limits.output_bytes + 1024 * num_tests,
        interpret,
        num_executions=2,
        num_tests=num_tests,
        preload=preload_for(prelude, program, tests.source),
    )
