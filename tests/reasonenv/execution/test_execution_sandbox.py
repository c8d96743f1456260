"""What callers get: verdicts on calls, standard input and asserts, output of runs, and errors of their own making."""

from __future__ import annotations

import json
import math
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from reasonenv.execution import (
    AssertTests,
    CallTests,
    CaseStatus,
    CodeVerdict,
    Comparison,
    Limits,
    RunStatus,
    Sandbox,
    StdinTests,
)
from reasonenv.execution.jobs import judging_job
from reasonenv.execution.results import read_lines
from reasonenv.execution.wire.endings import Ending
from reasonenv.types import ScoreStatus

ADD = CallTests("add", (((2, 3), 5), ((0, 0), 0)))
DOUBLE = StdinTests((("2\n", "4\n"), ("5\n", "10\n")))
PREFIXES = {path for prefix in (sys.prefix, sys.base_prefix) for path in (prefix, os.path.realpath(prefix))}
KEPT = {PurePosixPath(path).parts[2] for path in PREFIXES if path.startswith("/tmp/")}
"""What a jail shows in `/tmp` because this Python is installed there, or is reached by a link that lies there."""
DOUBLE_PROGRAM = "print(2 * int(input()))"
FORGED_LINES = b'["loaded"]\n["value"]\n["value", "0", "0"]\n'
"""As a jail writes them, but with too few and too many parts."""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=Limits(cpu_seconds=1.0, wall_seconds=3.0)) as sandbox:
        yield sandbox


def judge(sandbox: Sandbox, program: str, tests) -> CodeVerdict:
    (verdict,) = sandbox.judge([program], [tests])
    assert verdict.status is ScoreStatus.SCORED
    assert verdict.isolation == sandbox.isolation
    assert verdict.num_tests == len(verdict.cases)
    assert verdict.num_passed == sum(case.status is CaseStatus.PASSED for case in verdict.cases)
    return verdict


def statuses(verdict: CodeVerdict) -> list[str]:
    return [case.status.value for case in verdict.cases]


def test_lines_of_a_result_are_those_that_were_finished_and_no_more_than_asked_for() -> None:
    assert read_lines(b'["loaded"]\n["value", "5"]', 9) == [["loaded"]]
    assert read_lines(b'["loaded"]\n["end"]\n["end"]\n', 2) == [["loaded"], ["end"]]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("def add(a, b): return a + b", ["passed", "passed"]),
        ("add = lambda a, b: a + b", ["passed", "passed"]),
        ("class Solution:\n    def add(self, a, b): return a + b", ["passed", "passed"]),
        ("def add(a, b): return a - b", ["wrong_answer", "passed"]),
        ("def add(a, b): return (a + b) / b * b", ["passed", "raised"]),
        ("def add(a, b): raise SystemExit", ["exited", "exited"]),
        ("import os\ndef add(a, b): os._exit(0)", ["exited", "not_run"]),
        ("def add(a, b):\n    while a: pass\n    return 0", ["time_limit", "not_run"]),
        ("def add(a, b): return [0] * 10**10", ["memory_limit", "memory_limit"]),
        ("def add(a, b): return 'x' * 10**7 if a else 0", ["output_limit", "passed"]),
        ("def add(a, b): return object()", ["wrong_answer", "wrong_answer"]),
        ("import ctypes\ndef add(a, b): ctypes.string_at(0)", ["exited", "not_run"]),
        ("def subtract(a, b): return a - b", ["not_run", "not_run"]),
        ("def add(a, b) return a + b", ["not_run", "not_run"]),
        ("1 / 0\ndef add(a, b): return a + b", ["not_run", "not_run"]),
        ("raise SystemExit\ndef add(a, b): return a + b", ["not_run", "not_run"]),
        ("import os\nos._exit(0)", ["exited", "not_run"]),
        ("while True: pass", ["time_limit", "not_run"]),
        ("def add(a, b): return a + b\n\0", ["not_run", "not_run"]),
        ("def add(a, b): return a + b  # \ud800", ["not_run", "not_run"]),
        ("add = 5", ["raised", "raised"]),
        (f"import os\nos.write(4, {FORGED_LINES!r})\nos._exit(0)", ["wrong_answer", "wrong_answer"]),
        ("", ["not_run", "not_run"]),
    ],
)
def test_calls(sandbox: Sandbox, program: str, expected: list[str]) -> None:
    assert statuses(judge(sandbox, program, ADD)) == expected


def test_details_are_the_programs_own_words(sandbox: Sandbox) -> None:
    missing = judge(sandbox, "def subtract(a, b): pass", ADD).cases[0].detail
    broken = judge(sandbox, "def add(a, b) return a", ADD).cases[0].detail
    raised = judge(sandbox, "def add(a, b): raise ValueError('so ' + str(a))", ADD).cases[0].detail
    assert missing == "Refusal: the program defines no 'add'"
    assert broken.startswith("SyntaxError: ")
    assert raised == "ValueError: so 2"


def test_arguments_of_each_call_are_fresh(sandbox: Sandbox) -> None:
    tests = CallTests("f", ((([1],), [1]), (([1],), [1])))
    program = "seen = []\ndef f(x):\n    y = list(x)\n    x.append(0)\n    return y"
    assert statuses(judge(sandbox, program, tests)) == ["passed", "passed"]


def test_a_program_keeps_its_variables_between_calls_and_none_between_programs(sandbox: Sandbox) -> None:
    tests = CallTests("f", (((), 1), ((), 2)))
    program = "n = 0\ndef f():\n    global n\n    n += 1\n    return n"
    assert [judge(sandbox, program, tests).num_passed for _ in range(3)] == [2, 2, 2]


def test_comparison_rules_apply(sandbox: Sandbox) -> None:
    program = "def f(x): return x / 3"
    case = ((1.0,), 0.3333)
    assert judge(sandbox, program, CallTests("f", (case,))).num_passed == 0
    assert judge(sandbox, program, CallTests("f", (case,), Comparison(absolute_tolerance=1e-3))).num_passed == 1


def test_a_special_judge_that_raises_accepts_nothing(sandbox: Sandbox) -> None:
    comparison = Comparison(judge=lambda given, expected, actual: actual[0] == 1)
    (case,) = judge(sandbox, "def f(): return None", CallTests("f", (((), [1]),), comparison)).cases
    assert (case.status, case.detail) == (CaseStatus.WRONG_ANSWER, "the judge raised TypeError")


def test_a_batch_that_is_interrupted_leaves_nothing_to_the_next() -> None:
    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    with Sandbox(1) as sandbox:
        with pytest.raises(KeyboardInterrupt):
            sandbox.judge(["def f(): return 1"] * 2, [CallTests("f", (((), 1),), Comparison(judge=interrupt))] * 2)
        verdicts = sandbox.judge(["def f(): return 2"] * 2, [CallTests("f", (((), 2),))] * 2)
    assert [verdict.num_passed for verdict in verdicts] == [1, 1]


def test_an_answer_that_an_interrupted_batch_never_read_is_no_answer_to_the_next() -> None:
    def interrupt(*_: object) -> bool:
        time.sleep(1)
        raise KeyboardInterrupt

    with Sandbox(2) as sandbox:
        with pytest.raises(KeyboardInterrupt):
            sandbox.judge(["def f(): return 1"] * 2, [CallTests("f", (((), 1),), Comparison(judge=interrupt))] * 2)
        verdicts = sandbox.judge(["def f(): return 2"] * 2, [CallTests("f", (((), 2),))] * 2)
    assert [verdict.num_passed for verdict in verdicts] == [1, 1]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (DOUBLE_PROGRAM, ["passed", "passed"]),
        ("import sys\nsys.stdout.write(str(2 * int(sys.stdin.read())))", ["passed", "passed"]),
        ("import os\nos.write(1, str(2 * int(os.read(0, 99))).encode())", ["passed", "passed"]),
        (f"if __name__ == '__main__':\n    {DOUBLE_PROGRAM}\n    exit()", ["passed", "passed"]),
        (f"{DOUBLE_PROGRAM}\nimport sys\nsys.exit(3)", ["exited", "exited"]),
        (f"{DOUBLE_PROGRAM}\nraise ValueError", ["raised", "raised"]),
        (f"{DOUBLE_PROGRAM}\nx = [0] * 10**10", ["memory_limit", "memory_limit"]),
        (f"import threading\nthreading.Thread(target=lambda: {DOUBLE_PROGRAM}).start()", ["passed", "passed"]),
        (f"import atexit\natexit.register(lambda: {DOUBLE_PROGRAM})", ["passed", "passed"]),
        ("out = open(1, 'w', closefd=False)\nout.write(str(2 * int(input())))", ["passed", "passed"]),
        ("print(4)", ["passed", "wrong_answer"]),
        ("while int(input()) == 5: pass\nprint(4)", ["passed", "raised"]),
        ("if int(input()) == 2:\n    while True: pass\nprint(10)", ["time_limit", "not_run"]),
        ("print('x' * 10**7)", ["output_limit", "not_run"]),
        (f"{DOUBLE_PROGRAM}\nimport sys\nsys.stderr.write('x' * 10**7)", ["output_limit", "not_run"]),
        ("import os\nos._exit(0)", ["wrong_answer", "wrong_answer"]),
        ("import os\nos.kill(os.getpid(), 9)", ["exited", "exited"]),
        ("print(", ["not_run", "not_run"]),
        ("print('" + "(" * 100 + "'", ["not_run", "not_run"]),
        ("(" * 100_000, ["not_run", "not_run"]),
    ],
)
def test_standard_input(sandbox: Sandbox, program: str, expected: list[str]) -> None:
    assert statuses(judge(sandbox, program, DOUBLE)) == expected


def test_each_run_on_standard_input_starts_afresh(sandbox: Sandbox) -> None:
    program = "import os, pathlib\nprint(os.path.exists('seen'))\npathlib.Path('seen').write_text('x')\nos.mkdir('d')"
    tests = StdinTests((("", "False\n"),) * 3)
    assert [judge(sandbox, program, tests).num_passed for _ in range(2)] == [3, 3]


def test_a_run_that_ends_well_behind_its_time_limit_has_passed_nothing() -> None:
    job = judging_job("print(5)", StdinTests((("", "5\n"), ("", "5\n"))), Limits())
    records = [
        {"exit_code": 0, "cpu_seconds": 1.0, "limit": limit, "stdout": 2, "stderr": 0} for limit in (None, "time")
    ]
    result = b"".join(json.dumps(record).encode() + b"\n5\n" for record in records)
    outcome = job.interpret([Ending(0, 2.0, None)], result)
    assert [case.status.value for case in outcome.cases] == ["passed", "time_limit"]


def test_time_of_each_run_counts_for_itself(sandbox: Sandbox) -> None:
    program = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    verdict = judge(sandbox, program, StdinTests((("", ""),) * 4))
    assert verdict.num_passed == 4
    assert verdict.cpu_seconds > 1.5
    assert all(0.3 < case.cpu_seconds < 0.9 for case in verdict.cases)


@pytest.mark.parametrize(
    ("program", "status", "stdout"),
    [
        ("print(input())", RunStatus.FINISHED, "there\n"),
        ("import sys\nprint(1)\nsys.exit()", RunStatus.FINISHED, "1\n"),
        ("print(1)\n1/0", RunStatus.RAISED, "1\n"),
        ("print(1)\nimport os\nos.close(1)", RunStatus.RAISED, ""),
        ("exit(2)", RunStatus.EXITED, ""),
        ("print(", RunStatus.RAISED, ""),
        ("while True: pass", RunStatus.TIME_LIMIT, ""),
        ("import time\ntime.sleep(60)", RunStatus.TIME_LIMIT, ""),
        ("x = [0] * 10**10", RunStatus.MEMORY_LIMIT, ""),
        ("while True: print('x' * 1000)", RunStatus.OUTPUT_LIMIT, "x" * 1000),
    ],
)
def test_run(sandbox: Sandbox, program: str, status: RunStatus, stdout: str) -> None:
    result = sandbox.run(program, "there")
    assert result.status is status
    assert result.stdout.startswith(stdout)
    assert len(result.stdout) <= 1 << 20
    assert result.isolation == sandbox.isolation


def test_run_returns_the_traceback_without_our_frames(sandbox: Sandbox) -> None:
    lines = sandbox.run("def f():\n    1 / 0\nf()").stderr.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert sum(line.startswith("  File ") for line in lines) == 2


def test_a_batch_keeps_its_order(sandbox: Sandbox) -> None:
    programs = [f"def f(): return {number}" for number in range(40)]
    programs[7] = "def f():\n    while True: pass"
    tests = [CallTests("f", (((), number),)) for number in range(40)]
    verdicts = sandbox.judge(programs, tests)
    assert [verdict.num_passed for verdict in verdicts] == [number != 7 for number in range(40)]


def test_kinds_of_tests_can_be_mixed(sandbox: Sandbox) -> None:
    asserts = AssertTests("x = add(1, 2)\nassert x == 3", ("add",))
    programs = ["def add(a, b): return a + b", DOUBLE_PROGRAM, "import numpy\ndef add(a, b): return a + b"]
    assert [verdict.num_passed for verdict in sandbox.judge(programs, [ADD, DOUBLE, asserts])] == [2, 2, 1]


def test_threads_share_a_sandbox(sandbox: Sandbox) -> None:
    def one(number: int) -> int:
        return judge(sandbox, f"def f(): return {number}", CallTests("f", (((), number),))).num_passed

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(one, range(30))) == [1] * 30


def test_numpy_and_sympy_are_there_where_they_are_installed(sandbox: Sandbox) -> None:
    result = sandbox.run("import numpy, sympy\nprint(numpy.arange(3).sum(), sympy.Integer(7))")
    assert result.stdout == "3 7\n"


def test_nothing_to_judge_is_nothing(sandbox: Sandbox) -> None:
    assert sandbox.judge([], []) == []


@pytest.mark.parametrize(
    ("programs", "tests", "error"),
    [
        (["x"], [], ValueError),
        ([5], [ADD], TypeError),
        (["x"], [[((1,), 2)]], TypeError),
    ],
)
def test_callers_mistakes_are_errors(sandbox: Sandbox, programs, tests, error: type[Exception]) -> None:
    with pytest.raises(error):
        sandbox.judge(programs, tests)


def test_a_sandbox_cannot_be_pickled(sandbox: Sandbox) -> None:
    with pytest.raises(TypeError, match="Make one in each process"):
        pickle.dumps(sandbox)


def test_no_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="num_slots must be at least 1, got 0"):
        Sandbox(0)


@pytest.mark.parametrize("amount", [-1, 0, math.nan])
def test_limits_that_limit_nothing_are_refused(amount) -> None:
    with pytest.raises(ValueError, match=rf"Limits\.memory_bytes must be positive; got {amount}"):
        Sandbox(1, limits=Limits(memory_bytes=amount))


def test_a_closed_sandbox_says_so_and_leaves_no_process() -> None:
    sandbox = Sandbox(1)
    sandbox.run("import numpy")
    processes = sandbox.process_ids
    assert len(processes) == 3
    sandbox.close()
    sandbox.close()
    assert not any(Path("/proc", str(process)).exists() for process in processes)
    with pytest.raises(ValueError, match="closed"):
        sandbox.run("1")


def test_a_fork_gets_processes_of_its_own() -> None:
    program = """if True:
        import os
        from reasonenv.execution import Sandbox
        sandbox = Sandbox(1)
        mine = sandbox.process_ids
        child = os.fork()
        assert sandbox.run("print(1)").stdout == "1\\n"
        if child == 0:
            assert not set(sandbox.process_ids) & set(mine)
            sandbox.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert sandbox.run("print(2)").stdout == "2\\n"
        sandbox.close()
    """
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize(
    "leave",
    [
        "pathlib.Path('x').write_text('x')",
        "os.makedirs('d' + '/d' * 500)",
        "os.mkdir('d', 0)",
        "os.chmod('.', 0)",
        "os.symlink('/', 'root')",
        "[os.mkdir(str(number)) for number in range(300)]",
    ],
)
def test_what_a_run_leaves_in_the_scratch_folder_is_gone_in_the_next(sandbox: Sandbox, leave: str) -> None:
    look = f"print(sorted(set(os.listdir('.')) - {KEPT or set()}))"
    program = f"import os, pathlib\n{look}\nprint(bool(os.mkdir('m')))\n{leave}"
    tests = StdinTests((("", "[]\nFalse\n"),) * 3)
    assert [judge(sandbox, program, tests).num_passed for _ in range(2)] == [3, 3]


def test_a_child_that_cannot_be_confined_is_the_executors_failure() -> None:
    with Sandbox(1, limits=Limits(memory_bytes=1 << 80)) as sandbox:
        (verdict,) = sandbox.judge(["def add(a, b): return a + b"], [ADD])
    assert verdict.status is ScoreStatus.GRADER_FAILED
    assert verdict.num_passed == 0
