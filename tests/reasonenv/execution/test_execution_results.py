"""What a jail left is read as written by a stranger: forged lines, full outputs and late ends decide nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reasonenv.execution import CaseStatus, CodeVerdict, Limits, RunStatus, Sandbox
from reasonenv.execution.jobs import RunOutcome, judging_job, run_job
from reasonenv.execution.results import read_lines
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import AssertTests, CallTests, ScoreStatus, StdinTests

KILLED = Ending(-9, 0.1, None)
OUTPUT_BYTES = 1000


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, limits=Limits(cpu_seconds=4.0, wall_seconds=60.0, output_bytes=OUTPUT_BYTES)) as sandbox:
        yield sandbox


def judge(sandbox: Sandbox, program: str, tests) -> CodeVerdict:
    (verdict,) = sandbox.judge([program], [tests])
    return verdict


def statuses(verdict: CodeVerdict) -> list[str]:
    return [case.status.value for case in verdict.cases]


@pytest.mark.parametrize("forged", ["[]", "[5]", '["value", 5]', '"text"', "null", '{"a": 1}', "[" * 9999, "x", ""])
def test_a_line_that_is_no_list_of_texts_ends_what_is_read(forged: str) -> None:
    assert read_lines(b'["loaded"]\n' + forged.encode() + b'\n["value", "5"]\n', 9) == [["loaded"]]


@pytest.mark.parametrize("forged", ["[]", "[5]", '["raised", 5]', "[" * 9999])
def test_a_forged_line_fails_its_program_and_no_other(sandbox: Sandbox, forged: str) -> None:
    forger = f"import os\ndef f():\n    os.write(4, {forged!r}.encode() + b'\\n')\n    os._exit(0)"
    programs = [forger, "def f(): return 1"]
    verdicts = sandbox.judge(programs, [CallTests("f", (((), 1), ((), 1)))] * 2)
    assert list(map(statuses, verdicts)) == [["exited", "not_run"], ["passed", "passed"]]


def test_a_forged_detail_is_cut(sandbox: Sandbox) -> None:
    forger = "import os\nos.write(4, b'[\"failed\", \"raised\", \"' + b'x' * 700 + b'\"]\\n')\nos._exit(0)"
    (case,) = judge(sandbox, forger, CallTests("f", (((), 1),))).cases
    assert (case.status, case.detail) == (CaseStatus.NOT_RUN, "x" * 500)


def test_a_test_that_is_passed_has_no_detail(sandbox: Sandbox) -> None:
    verdict = judge(sandbox, "def f(x): return x", AssertTests("assert f(1) + 0 == 1", ("f",)))
    assert [(case.status, case.detail) for case in verdict.cases] == [(CaseStatus.PASSED, "")]


def test_a_run_may_print_as_much_as_its_limit_and_no_more(sandbox: Sandbox) -> None:
    program = "import sys\nsys.stdout.write('x' * int(input()))\nsys.stderr.write('y' * 400)"
    tests = StdinTests((("600", ""), ("601", "")))
    assert statuses(judge(sandbox, program, tests)) == ["wrong_answer", "output_limit"]
    results = [sandbox.run(program, number) for number in ("600", "601")]
    assert [result.status for result in results] == [RunStatus.FINISHED, RunStatus.OUTPUT_LIMIT]
    assert (results[0].stdout, results[0].stderr) == ("x" * 600, "y" * 400)


def test_a_run_may_print_twice_what_is_expected(sandbox: Sandbox) -> None:
    tests = StdinTests((("9000", "x" * 9000), ("500", "x" * 500), ("20001", "")))
    for end in ("", "\nimport os"):
        verdict = judge(sandbox, f"print('x' * int(input()), end=''){end}", tests)
        assert statuses(verdict) == ["passed", "passed", "output_limit"]


def test_limits_of_output_do_not_tell_how_long_answers_are() -> None:
    def sizes(expected: str) -> tuple[object, ...]:
        stdin = judging_job("", StdinTests((("", expected),)), Limits()).message
        call = judging_job("", CallTests("f", (((), expected),)), Limits()).message
        return stdin["test_bytes"], stdin["max_result_bytes"], call["call_bytes"], call["all_bytes"]

    assert sizes("No") == sizes("Yes") == sizes("x" * 1000)


def test_each_call_may_return_as_much_as_the_limit_and_all_twice_that(sandbox: Sandbox) -> None:
    cases = [((size,), "") for size in (900, 1100, 0, 900, 900, 900, 900)]
    verdict = judge(sandbox, "def f(size): return 'x' * size", CallTests("f", tuple(cases)))
    wrong, over = "wrong_answer", "output_limit"
    assert statuses(verdict) == [wrong, over, "passed", wrong, over, over, over]


def test_calls_may_return_twice_what_is_expected(sandbox: Sandbox) -> None:
    cases = tuple(((size,), "x" * size) for size in (9000, 8000, 0, 10))
    tests = CallTests("f", cases)
    assert statuses(judge(sandbox, "def f(size): return 'x' * size", tests)) == ["passed"] * 4
    assert statuses(judge(sandbox, "def f(size): return 'x' * 20_000", tests)) == ["output_limit"] * 4


def test_what_a_program_wrote_last_is_the_detail_of_its_failure(sandbox: Sandbox) -> None:
    tests = StdinTests((("", ""),))
    left = judge(sandbox, "import sys\nsys.stderr.write('so it is\\nand no other\\n')\nsys.exit(3)", tests)
    raised = judge(sandbox, f"import sys\nsys.stderr.write('x' * 700 + '\\n')\n{'raise ValueError(5)'}", tests)
    silent = judge(sandbox, "import sys\nsys.exit(3)", tests)
    told = judge(sandbox, "import sys\nsys.exit('no such file')", tests)
    assert [verdict.cases[0].detail for verdict in (left, raised, silent, told)] == [
        "and no other",
        "ValueError: 5",
        "exit code 3",
        "no such file",
    ]
    assert statuses(told) == ["exited"]


def test_a_process_that_is_killed_behind_its_last_answer_has_answered() -> None:
    job = judging_job("def f(): return 1", CallTests("f", (((), 1),)), Limits())
    whole = job.interpret([KILLED], b'["loaded"]\n["value", "1"]\n')
    assert ([case.status for case in whole.cases], whole.was_killed) == ([CaseStatus.PASSED], False)
    assert job.interpret([KILLED], b'["loaded"]\n').was_killed


def test_a_process_that_the_jail_ends_at_a_limit_was_killed_by_nobody_else() -> None:
    job = judging_job("def f(): return 1", CallTests("f", (((), 1),)), Limits())
    outcome = job.interpret([Ending(-9, 4.0, "time")], b'["loaded"]\n')
    assert ([case.status for case in outcome.cases], outcome.was_killed) == ([CaseStatus.TIME_LIMIT], False)


def test_tests_and_program_that_run_out_of_time_together_are_charged_for_the_program() -> None:
    job = judging_job("def f(x): return x", AssertTests("assert f(1) + 0 == 1", ("f",)), Limits())
    outcome = job.interpret([Ending(-9, 3.0, "time"), Ending(-9, 1.0, "time")], b'["loaded"]\n')
    assert ([case.status for case in outcome.cases], outcome.cpu_seconds) == ([CaseStatus.TIME_LIMIT], 1.0)


def test_a_job_whose_jail_is_killed_every_time_is_not_done_for_ever(sandbox: Sandbox) -> None:
    job = run_job("print(1)", "", Limits(), sandbox.isolation)
    seen: list[RunOutcome] = []

    def interpret(endings: list[Ending], result: bytes) -> RunOutcome:
        seen.append(job.interpret(endings, result)._replace(was_killed=True))
        return seen[-1]

    (outcome,) = sandbox.do([replace(job, interpret=interpret)])
    assert outcome is seen[-1]
    assert [attempt.result.stdout for attempt in seen] == ["1\n"] * 4


def test_where_no_child_can_be_confined_no_test_has_a_verdict() -> None:
    tests = CallTests("add", (((2, 3), 5), ((0, 0), 0)))
    with Sandbox(1, limits=Limits(memory_bytes=1 << 80)) as sandbox:
        verdict = judge(sandbox, "def add(a, b): return a + b", tests)
        assert sandbox.run("print(1)").status is RunStatus.GRADER_FAILED
    assert (verdict.status, verdict.num_passed, verdict.num_tests) == (ScoreStatus.GRADER_FAILED, 0, 2)
    assert statuses(verdict) == ["not_run"] * 2


def test_a_record_says_how_its_own_run_ended() -> None:
    job = run_job("", "", Limits(output_bytes=8), "A")
    header = {"exit_code": -9, "cpu_seconds": 0.5, "limit": None, "stdout": 3, "stderr": 2}
    outcome = job.interpret([Ending(0, 1.0, None)], json.dumps(header).encode() + b"\noutno")
    assert (outcome.result.status, outcome.result.stdout, outcome.result.stderr) == (RunStatus.EXITED, "out", "no")
    assert outcome.was_killed
