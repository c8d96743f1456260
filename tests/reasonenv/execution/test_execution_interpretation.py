"""What a verdict makes of the bytes and endings that come back from a jail; no jail is started."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from reasonenv.execution import Limits, RunStatus
from reasonenv.execution.jobs import Preload, judging_job, preload_for, run_job, verdict_of
from reasonenv.execution.jobs import TestsOutcome as Outcome
from reasonenv.execution.results import describe_end
from reasonenv.execution.wire.endings import MEMORY_CODE, RAISED_CODE, Ending
from reasonenv.types import AssertTests, CallTests, ScoreStatus, StdinTests

CALLS = CallTests("f", (((), 1), ((), 2), ((), 3)))
INPUTS = StdinTests((("1", "1"), ("2", "2"), ("3", "3")))
ASSERTS = AssertTests("assert f(1) + 0 == 1\nassert f(2) + 0 == 2\nassert f(3) + 0 == 3", ("f",))
DONE = Ending(0, 0.25, None)
LEFT = Ending(3, 0.5, None)
KILLED = Ending(-9, 0.5, None)
OUT_OF_TIME = Ending(-9, 4.0, "time")


def interpreted(tests, result: bytes, *endings: Ending) -> Outcome:
    job = judging_job("def f(): ...", tests, Limits(output_bytes=20))
    return job.interpret(endings, result)


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(case.status.value, case.detail) for case in outcome.cases]


def lines(*rows: Sequence[str]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def record(stdout: bytes, ending: Ending = DONE, stderr: bytes = b"") -> bytes:
    return header(**ending._asdict(), stdout=len(stdout), stderr=len(stderr)) + stdout + stderr


def header(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


@pytest.mark.parametrize(
    ("ending", "described"),
    [
        (OUT_OF_TIME, ("time_limit", "")),
        (Ending(0, 0.0, "time"), ("time_limit", "")),
        (Ending(-9, 0.0, "holdings"), ("output_limit", "temporary files")),
        (Ending(MEMORY_CODE, 0.0, None), ("memory_limit", "MemoryError")),
        (Ending(RAISED_CODE, 0.0, None), ("raised", "")),
        (KILLED, ("exited", "signal SIGKILL")),
        (Ending(-60, 0.0, None), ("exited", "signal 60")),
        (LEFT, ("exited", "exit code 3")),
        (Ending(0, 0.0, None), ("exited", "exit code 0")),
    ],
)
def test_an_end_before_the_work_is_done_is_described(ending: Ending, described: tuple[str, str]) -> None:
    assert describe_end(ending) == described


RIGHT = [("passed", ""), ("passed", ""), ("passed", "")]
CALL_ROWS = [
    ([["loaded"], ["value", "1"], ["value", "2"], ["value", "3"]], LEFT, RIGHT),
    ([["loaded"], ["value", "1"], ["value", "2"], ["value", "3"], ["value", "4"]], LEFT, RIGHT),
    ([["failed", "raised", "bad syntax"]], LEFT, [("not_run", "bad syntax")] * 3),
    ([["failed"], ["value", "1"], ["value", "2"], ["value", "3"]], LEFT, [("not_run", "")] * 3),
    (
        [["loaded"], ["raised", "E: 5"], ["value", "2"]],
        OUT_OF_TIME,
        [("raised", "E: 5"), ("passed", ""), ("time_limit", "")],
    ),
    ([["loaded"], ["value", "1"]], LEFT, [("passed", ""), ("exited", "exit code 3"), ("not_run", "")]),
    ([], Ending(MEMORY_CODE, 0.0, None), [("memory_limit", "MemoryError"), ("not_run", ""), ("not_run", "")]),
    (
        [["loaded"], ["output_limit"], ["memory_limit", "M"], ["exited", "E"]],
        LEFT,
        [("output_limit", ""), ("memory_limit", "M"), ("exited", "E")],
    ),
    (
        [["loaded"], ["passed"], ["value", "2", "2"], ["time_limit"]],
        LEFT,
        [("raised", ""), ("wrong_answer", ""), ("time_limit", "")],
    ),
    (
        [["loaded"], ["value", r'["o",1,"Odd\ud800"]'], ["value", "{}"], ["value", "4"]],
        LEFT,
        [
            ("wrong_answer", r"a value of type Odd\ud800"),
            ("wrong_answer", "not a value: an object"),
            ("wrong_answer", ""),
        ],
    ),
]


@pytest.mark.parametrize(("rows", "ending", "expected"), CALL_ROWS)
def test_calls_are_what_their_lines_say_and_the_first_without_one_met_the_end(rows, ending, expected) -> None:
    outcome = interpreted(CALLS, lines(*rows), ending)
    assert told(outcome) == expected
    assert outcome.cpu_seconds == ending.cpu_seconds


STDIN_ROWS = [
    ([record(b"1\n"), record(b"2\n"), record(b"3\n")], LEFT, RIGHT, False),
    ([record(b"1\n"), record(b"2\n"), record(b"3\n")], KILLED, RIGHT, True),
    ([header(failed=["raised", "bad syntax"])], LEFT, [("not_run", "bad syntax")] * 3, False),
    ([record(b"1"), record(b"2", OUT_OF_TIME)], LEFT, [("passed", ""), ("time_limit", ""), ("not_run", "")], False),
    ([record(b"1", Ending(0, 4.0, "time"))], LEFT, [("time_limit", ""), ("not_run", ""), ("not_run", "")], False),
    ([record(b"1"), record(b"3")], LEFT, [("passed", ""), ("wrong_answer", ""), ("exited", "exit code 3")], False),
    ([record(b"1")], KILLED, [("passed", ""), ("exited", "signal SIGKILL"), ("not_run", "")], True),
    (
        [record(b"1", LEFT, b"so\nit is\n"), record(b"2", KILLED), record(b"3")],
        LEFT,
        [("exited", "it is"), ("exited", "signal SIGKILL"), ("passed", "")],
        True,
    ),
    (
        [record(b"1".ljust(20)), record(b"2".ljust(18), stderr=b"abc"), record(b"3".ljust(17), stderr=b"abc")],
        LEFT,
        [("passed", ""), ("output_limit", ""), ("passed", "")],
        False,
    ),
]


@pytest.mark.parametrize(("records", "ending", "expected", "was_killed"), STDIN_ROWS)
def test_runs_are_what_their_records_say_and_the_first_without_one_met_the_end(
    records, ending, expected, was_killed
) -> None:
    outcome = interpreted(INPUTS, b"".join(records), ending)
    assert told(outcome) == expected
    assert outcome.was_killed is was_killed


def test_the_detail_of_a_failure_is_no_longer_than_its_limit() -> None:
    job = judging_job("", StdinTests((("", ""),)), Limits())
    (case,) = job.interpret([LEFT], record(b"", LEFT, b"y" * 700)).cases
    assert case.detail == "y" * 500


def test_arguments_that_are_nested_too_deeply_to_be_sent_are_refused() -> None:
    nested: list[object] = []
    for _ in range(300):
        nested = [nested]
    job = judging_job("", CallTests("f", (((nested,), 1),)), Limits())
    assert "'f' is nested deeper than 200" in job.interpret([], b"").fault


def test_each_run_is_charged_for_its_own_time_whatever_became_of_it() -> None:
    endings = [DONE, Ending(3, 0.5, None), Ending(0, 1.0, None)]
    outputs = [b"1", b"2", b"3".ljust(21)]
    outcome = interpreted(INPUTS, b"".join(map(record, outputs, endings)), LEFT)
    assert [case.cpu_seconds for case in outcome.cases] == [0.25, 0.5, 1.0]
    assert [case.status.value for case in outcome.cases] == ["passed", "exited", "output_limit"]


PASSED = ["passed"]
ASSERT_ROWS = [
    ([["loaded"], PASSED, PASSED, PASSED, ["end"]], LEFT, KILLED, RIGHT, False),
    (
        [["loaded"], PASSED, ["end"]],
        LEFT,
        KILLED,
        [RIGHT[0], ("exited", "signal SIGKILL"), ("not_run", "")],
        False,
    ),
    ([["loaded"], PASSED, PASSED, PASSED], LEFT, KILLED, [*RIGHT[:2], ("exited", "signal SIGKILL")], True),
    (
        [["loaded"], PASSED, ["wrong_answer", "1"], ["end"]],
        LEFT,
        LEFT,
        [RIGHT[0], ("wrong_answer", "1"), ("exited", "exit code 3")],
        False,
    ),
    (
        [["loaded"], PASSED, ["stopped", "exited", "SystemExit: 2"]],
        LEFT,
        KILLED,
        [RIGHT[0], ("not_run", "SystemExit: 2"), ("not_run", "SystemExit: 2")],
        False,
    ),
    ([["loaded"], ["stopped", "exited"]], LEFT, KILLED, [("not_run", "")] * 3, False),
    ([["failed", "raised", "bad syntax"]], LEFT, LEFT, [("not_run", "bad syntax")] * 3, False),
    ([["loaded"], PASSED], OUT_OF_TIME, LEFT, [RIGHT[0], ("time_limit", ""), ("not_run", "")], False),
    ([["loaded"], PASSED], LEFT, OUT_OF_TIME, [RIGHT[0], ("time_limit", ""), ("not_run", "")], False),
    (
        [["loaded"], PASSED],
        OUT_OF_TIME,
        Ending(-9, 0.5, "holdings"),
        [RIGHT[0], ("output_limit", "temporary files"), ("not_run", "")],
        False,
    ),
]


@pytest.mark.parametrize(("rows", "judge", "candidate", "expected", "was_killed"), ASSERT_ROWS)
def test_asserts_are_what_their_lines_say_and_the_first_without_one_met_the_end(
    rows, judge, candidate, expected, was_killed
) -> None:
    outcome = interpreted(ASSERTS, lines(*rows), judge, candidate)
    assert told(outcome) == expected
    assert outcome.was_killed is was_killed


@pytest.mark.parametrize(
    ("result", "ending", "status", "stdout", "stderr", "was_killed"),
    [
        (record(b"out", stderr=b"no"), LEFT, "finished", "out", "no", False),
        (record(b"out", LEFT), LEFT, "exited", "out", "", False),
        (record(b"out", KILLED), LEFT, "exited", "out", "", True),
        (record(b"out", OUT_OF_TIME), LEFT, "time_limit", "out", "", False),
        (record(b"o" * 30, stderr=b"e" * 30), LEFT, "output_limit", "o" * 20, "e" * 20, False),
        (record(b"\xff", stderr=b"\xfe"), LEFT, "finished", "\ufffd", "\ufffd", False),
        (header(failed=["raised", "bad syntax"]), KILLED, "raised", "", "bad syntax", False),
        (b"", KILLED, "exited", "", "signal SIGKILL", True),
        (b"", Ending(MEMORY_CODE, 0.5, None), "memory_limit", "", "MemoryError", False),
    ],
)
def test_a_run_is_what_its_record_says(result, ending, status, stdout, stderr, was_killed) -> None:
    outcome = run_job("", "", Limits(output_bytes=20), "A").interpret([ending], result)
    assert (outcome.result.status, outcome.was_killed) == (RunStatus(status), was_killed)
    assert (outcome.result.stdout, outcome.result.stderr) == (stdout, stderr)
    assert outcome.result.cpu_seconds == ending.cpu_seconds


def test_a_verdict_counts_what_was_passed_and_without_an_outcome_there_is_none() -> None:
    outcome = interpreted(CALLS, lines(["loaded"], ["value", "1"], ["value", "0"], ["value", "3"]), LEFT)
    judged, missing = verdict_of(outcome, 3, "B"), verdict_of(None, 3, "B")
    assert (judged.num_passed, judged.num_tests, judged.cpu_seconds, judged.isolation) == (2, 3, 0.5, "B")
    assert (missing.num_passed, missing.num_tests, missing.cpu_seconds) == (0, 3, 0.0)
    assert (judged.status, missing.status) == (ScoreStatus.SCORED, ScoreStatus.GRADER_FAILED)


@pytest.mark.parametrize(
    ("sources", "preload"),
    [
        *[((f"import {name}",), Preload.NUMERIC) for name in ("numpy", "sympy", "scipy.stats as s", "pandas")],
        (("print(1)", "from numpy import array"), Preload.NUMERIC),
        (("print(1)", "import numpyro, mysympy"), Preload.BASICS),
        ((), Preload.BASICS),
    ],
)
def test_sources_that_name_a_numeric_library_get_the_process_that_has_it(sources, preload) -> None:
    assert preload_for(*sources) is preload


@pytest.mark.parametrize(
    ("program", "tests", "preload"),
    [
        ("import numpy", CALLS, Preload.NUMERIC),
        ("import numpy", INPUTS, Preload.NUMERIC),
        ("import numpy", ASSERTS, Preload.NUMERIC),
        ("", AssertTests("import numpy\nassert f(1) + 0 == numpy.ones(1)", ("f",)), Preload.NUMERIC),
        ("", ASSERTS, Preload.BASICS),
    ],
)
def test_a_job_asks_for_the_libraries_of_its_program_and_of_its_tests(program, tests, preload) -> None:
    job = judging_job(program, tests, Limits())
    assert (job.preload, job.num_tests) == (preload, 1 if "ones" in str(tests) else 3)


@pytest.mark.parametrize(("tests", "num_executions"), [(CALLS, 3), (INPUTS, 3), (ASSERTS, 2)])
def test_a_job_has_time_for_each_of_its_tests_or_processes(tests, num_executions) -> None:
    job = judging_job("", tests, Limits())
    assert job.num_executions == num_executions
