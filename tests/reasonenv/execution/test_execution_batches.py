"""Tests on standard input are prepared and written down in batches; no verdict may show where a batch ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from machine_without import run_without

from reasonenv.execution import CodeVerdict, Limits, Sandbox
from reasonenv.types import StdinTests

NUM_TESTS = 200
"""More than two batches in tier A, more than twelve in tier B."""
ECHO = "import sys\nprint('got', sys.stdin.read().strip())"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, limits=Limits(cpu_seconds=1.0, wall_seconds=2.0)) as sandbox:
        yield sandbox


def echo_tests(number: int, size: int = 1) -> StdinTests:
    return StdinTests(tuple((f"{index} {'x' * size}\n", f"got {index} {'x' * size}\n") for index in range(number)))


def statuses(verdict: CodeVerdict) -> list[str]:
    return [case.status.value for case in verdict.cases]


def test_all_tests_of_many_batches_are_judged_in_order(sandbox: Sandbox) -> None:
    wrong = StdinTests((*echo_tests(NUM_TESTS).cases[:-1], ("last", "got something else\n")))
    (verdict,) = sandbox.judge([ECHO], [wrong])
    assert statuses(verdict) == ["passed"] * (NUM_TESTS - 1) + ["wrong_answer"]


def test_all_tests_of_many_batches_are_judged_in_tier_b() -> None:
    program = f"""
from reasonenv.execution import Sandbox
from reasonenv.types import StdinTests
tests = StdinTests(tuple((str(index), f"got {{index}}") for index in range({NUM_TESTS})))
with Sandbox(1) as sandbox:
    print(sandbox.isolation, [sandbox.judge([{ECHO!r}], [tests])[0].num_passed for _ in range(2)])
"""
    completed = run_without(program, without=("namespaces",))
    assert completed.stdout.strip() == f"B [{NUM_TESTS}, {NUM_TESTS}]", completed.stderr


@pytest.mark.parametrize(("num_tests", "size"), [(12, 900_000), (3, 3_000_000), (1, 9_000_000)])
def test_inputs_that_do_not_fit_into_one_batch_arrive_whole(sandbox: Sandbox, num_tests: int, size: int) -> None:
    tests = StdinTests(
        tuple((f"{index}" + "x" * size, f"{size + len(str(index))} {index}") for index in range(num_tests))
    )
    program = "text = open(0).read()\nprint(len(text), text.rstrip('x'))"
    assert sandbox.judge([program], [tests])[0].num_passed == num_tests


def test_outputs_that_do_not_fit_into_memory_together_are_judged(sandbox: Sandbox) -> None:
    tests = StdinTests(tuple((f"{index}", f"{index} {'y' * 900_000}") for index in range(12)))
    program = "import sys\nprint(input(), 'y' * 900_000)\nsys.stderr.write('z' * 100_000)"
    assert sandbox.judge([program], [tests])[0].num_passed == 12


@pytest.mark.parametrize(("num_tests", "sleep"), [(60, 0.0), (40, 0.06)])
def test_files_that_tests_fill_beyond_their_size_do_not_take_memory_together(
    sandbox: Sandbox, num_tests: int, sleep: float
) -> None:
    program = (
        f"import ctypes, time\ntime.sleep({sleep})\nprint(1)\n"
        "for number in (0, 1, 2): ctypes.CDLL(None).fallocate(number, 1, 0, ctypes.c_long(15 << 20))"
    )
    most = [0]
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            most[0] = max(most[0], shared_memory_bytes())
            stop.wait(0.002)

    thread = threading.Thread(target=look)
    before = shared_memory_bytes()
    thread.start()
    verdict = sandbox.judge([program], [StdinTests((("", "1"),) * num_tests)])[0]
    stop.set()
    thread.join()
    assert verdict.num_passed == num_tests
    assert most[0] - before < 8 * (45 << 20)


def shared_memory_bytes() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Shmem:"))


def test_a_test_that_outlasts_the_first_nap_is_judged_as_any_other(sandbox: Sandbox) -> None:
    program = "import time\nseconds = float(input())\ntime.sleep(seconds)\nprint(seconds)"
    seconds = (0.0, 0.2, 0.0, 0.06, 0.0, 0.0)
    (verdict,) = sandbox.judge([program], [StdinTests(tuple((f"{number}", f"{number}") for number in seconds))])
    assert verdict.num_passed == len(seconds)
    assert all(case.cpu_seconds < 0.15 for case in verdict.cases)


@pytest.mark.parametrize("spend", ["while True: pass", "import time\ntime.sleep(60)", "os.kill(os.getpid(), 19)"])
def test_nothing_runs_after_the_test_that_meets_a_time_limit(sandbox: Sandbox, spend: str) -> None:
    program = f"import os\nif input() == '3':\n    {spend.replace(chr(10), chr(10) + '    ')}\nprint(1)"
    (verdict,) = sandbox.judge([program], [StdinTests(tuple((f"{index}", "1") for index in range(6)))])
    assert statuses(verdict) == ["passed"] * 3 + ["time_limit"] + ["not_run"] * 2


def test_a_test_whose_process_is_ended_leaves_those_of_its_batch_alone(sandbox: Sandbox) -> None:
    program = "import os\nnumber = int(input())\nif number == 2: os.kill(os.getpid(), 9)\nprint(number)"
    (verdict,) = sandbox.judge([program], [StdinTests(tuple((f"{index}", f"{index}") for index in range(5)))])
    assert statuses(verdict) == ["passed", "passed", "exited", "passed", "passed"]
    assert verdict.cases[2].detail == "signal SIGKILL"


@pytest.mark.parametrize("modules", ["time", "time, os"], ids=["one process for many tests", "a process per test"])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_kill_from_outside_in_the_middle_of_a_batch_has_the_problem_done_again(depth: int, modules: str) -> None:
    program = f"import {modules}\ntime.sleep(0.1)\nprint(input())"
    with Sandbox(1) as sandbox:
        sandbox.run("1")
        slot = sandbox.process_ids[-1]

        def kill() -> None:
            time.sleep(0.45)
            os.kill(below(slot)[-1 - depth], signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        (verdict,) = sandbox.judge([program], [StdinTests(tuple((f"{index}", f"{index}") for index in range(10)))])
        thread.join()
    assert verdict.num_passed == 10


def below(process_id: int) -> list[int]:
    """The only child, its only child, and so on: the template of a slot, and the test that it runs."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii").split()
    return [int(children[0]), *below(int(children[0]))] if children else []


@pytest.mark.parametrize("module", ["fractions", "statistics", "hashlib", "tempfile"])
def test_modules_that_a_program_names_are_those_of_python(sandbox: Sandbox, module: str) -> None:
    program = f"import sys\nimport {module}\nprint({module}.__name__, {module}.__file__.startswith(sys.base_prefix))"
    assert sandbox.judge([program], [StdinTests((("", f"{module} True"),) * 2)])[0].num_passed == 2


def test_names_of_modules_are_free_for_variables(sandbox: Sandbox) -> None:
    program = "queue = [int(input())]\nstatistics = sum(queue)\nprint(statistics)"
    assert sandbox.judge([program], [StdinTests((("5", "5"),))])[0].num_passed == 1


def test_a_flood_over_many_tests_ends_at_what_all_of_them_may_print(sandbox: Sandbox) -> None:
    flood = "print('x' * 1_000_000)"
    (verdict,) = sandbox.judge([flood], [StdinTests((("", "1"),) * 60)])
    found = statuses(verdict)
    assert found == ["wrong_answer"] * (end := found.index("output_limit")) + ["output_limit"] + ["not_run"] * (
        59 - end
    )
    expected = StdinTests((("", "x" * 1_000_000),) * 60)
    assert sandbox.judge([flood], [expected])[0].num_passed == 60
