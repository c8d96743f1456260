"""What a child is when it is confined: its masks, its memory, and what becomes of one that could not be confined."""

from __future__ import annotations

import ctypes
import math
import os
import time

import pytest
from machine_without import run_without

from reasonenv.execution import Sandbox
from reasonenv.execution.jail.confinement import Entry
from reasonenv.execution.jail.kernel import syscalls
from reasonenv.execution.jail.watch import Child, ConfinementMarks, Unconfined, Watch
from reasonenv.types import AssertTests, CallTests, StdinTests

STATE = """
import os, signal, sys, tempfile
state = [
    signal.pthread_sigmask(signal.SIG_BLOCK, []) == set(),
    signal.getsignal(signal.SIGINT) == signal.SIG_DFL,
    signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
    os.getcwd() == os.environ["TMPDIR"] == os.environ["HOME"] == tempfile.gettempdir(),
    os.umask(0o77) == 0o22,
]
"""
WRITE_MARK = """
import ctypes, sys
frame = sys._getframe()
while "marks" not in dir(frame.f_locals.get("tests")) and "_marks" not in dir(frame.f_locals.get("self")):
    frame = frame.f_back
holder = frame.f_locals.get("tests") or frame.f_locals["self"]
marks = getattr(holder, "marks", None) or holder._marks
ctypes.memset(marks._address, 1, 1)
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1) as sandbox:
        yield sandbox


def test_a_child_has_the_masks_and_the_surroundings_of_a_fresh_process(sandbox: Sandbox) -> None:
    programs = [f"{STATE}print(*state)", f"{STATE}def f(): return state", f"{STATE}def f(): return state"]
    tests = [
        StdinTests((("", "True True True True True"),) * 2),
        CallTests("f", (((), [True] * 5),)),
        AssertTests("for _ in range(2):\n    assert f() == [True] * 5", ("f",)),
    ]
    assert [verdict.num_passed for verdict in sandbox.judge(programs, tests)] == [2, 1, 1]


def test_a_child_has_the_masks_and_the_surroundings_of_a_fresh_process_in_tier_b() -> None:
    source = f"{STATE}print(*state)"
    program = (
        f"from reasonenv.execution import Sandbox\nwith Sandbox(1) as sandbox: print(sandbox.run({source!r}).stdout)"
    )
    assert run_without(program, without=("namespaces",)).stdout.split() == ["True"] * 5


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        (
            f"def f():\n{''.join(f'    {line}{chr(10)}' for line in WRITE_MARK.splitlines())}",
            CallTests("f", (((), None),)),
        ),
        (WRITE_MARK, StdinTests((("", ""),))),
    ],
)
def test_a_program_cannot_see_the_marks_of_confinement(sandbox: Sandbox, program: str, tests) -> None:
    (verdict,) = sandbox.judge([program], [tests])
    assert [(case.status.value, case.detail) for case in verdict.cases] == [("exited", "signal SIGSEGV")]


def entry(*steps: syscalls.Step) -> Entry:
    return Entry(list(steps), None, None)


def test_a_child_that_takes_all_steps_leaves_its_mark() -> None:
    marks = ConfinementMarks(2)
    for place in (0, 1):
        process_id = entry(*marks.steps(place)).fork()
        if process_id == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]) == 7
    marks.check(range(2))
    with pytest.raises(Unconfined):
        marks.check(range(2))


def test_a_child_of_which_a_step_is_refused_leaves_no_mark() -> None:
    marks = ConfinementMarks(1)
    refused = syscalls.step("close_range", 5, 4, 0)
    process_id = entry(refused, *marks.steps(0)).fork()
    if process_id == 0:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]) == 1
    with pytest.raises(Unconfined):
        marks.check(range(1))


def test_a_refused_step_is_an_error_and_those_after_it_are_not_taken() -> None:
    start = (ctypes.c_long * 2)()
    look = syscalls.step("clock_gettime", time.CLOCK_MONOTONIC, ctypes.addressof(start))
    with pytest.raises(OSError, match="was refused"):
        syscalls.take([syscalls.step("close_range", 5, 4, 0), look])
    assert list(start) == [0, 0]
    syscalls.take([look])
    assert list(start) != [0, 0]


@pytest.mark.parametrize(("waited_seconds", "ending"), [(60.0, (7, None)), (0.0, (-9, "time"))])
def test_time_in_which_there_was_no_processor_does_not_count(waited_seconds: float, ending: tuple[int, str]) -> None:
    process_id = os.fork()
    if process_id == 0:
        time.sleep(0.5)
        os._exit(7)
    (found,) = Watch([Child(process_id, math.inf)], 0.1, lambda: waited_seconds).until_end()
    assert (found.exit_code, found.limit) == ending


@pytest.mark.parametrize(("cpu_limit", "limit"), [(0.02, "time"), (3600.0, None)])
def test_a_child_that_ends_well_beyond_its_time_has_met_its_limit(cpu_limit: float, limit: str | None) -> None:
    process_id = os.fork()
    if process_id == 0:
        while time.process_time() < 0.05:
            pass
        os._exit(0)
    ending = Child(process_id, cpu_limit).reap()
    assert (ending.exit_code, ending.limit) == (0, limit)
    assert ending.cpu_seconds >= 0.04
