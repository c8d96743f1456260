"""Processes of the sandbox that die, callers that vanish, and machines that are busy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reasonenv.execution import Limits, RunStatus, Sandbox
from reasonenv.execution.jobs import Preload, judging_job
from reasonenv.execution.pool import Pool
from reasonenv.execution.processes import Zygote
from reasonenv.execution.shared import shared_sandbox
from reasonenv.execution.tiers import probe_with
from reasonenv.types import CallTests, Comparison, ScoreStatus, StdinTests

SLOW = "import time\ntime.sleep(0.05)\ndef f(): return {}"


def children_of(process_id: int) -> list[int]:
    path = Path(f"/proc/{process_id}/task/{process_id}/children")
    try:
        return [int(word) for word in path.read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants_of(process_id: int) -> list[int]:
    children = children_of(process_id)
    return children + [below for child in children for below in descendants_of(child)]


def judge_while(sandbox: Sandbox, disturb: Callable[[], object], *, num_programs: int = 40):
    """Judge a batch while another thread does something to the processes, once they are at work."""

    def later() -> None:
        time.sleep(0.3)
        disturb()

    thread = threading.Thread(target=later)
    thread.start()
    programs = [SLOW.format(number) for number in range(num_programs)]
    verdicts = sandbox.judge(programs, [CallTests("f", (((), number),)) for number in range(num_programs)])
    thread.join()
    return verdicts


@pytest.mark.parametrize("victim", ["zygote", "slot", "jail", "program"])
def test_a_batch_survives_a_kill_of(victim: str) -> None:
    with Sandbox(2) as sandbox:
        sandbox.run("1")

        def kill() -> None:
            zygote, *slots = sandbox.process_ids
            below = {
                "zygote": [zygote],
                "slot": slots[:1],
                "jail": children_of(slots[0]),
                "program": descendants_of(slots[0])[-1:],
            }
            for process_id in below[victim]:
                os.kill(process_id, signal.SIGKILL)

        verdicts = judge_while(sandbox, kill)
        assert [(verdict.num_passed, verdict.status) for verdict in verdicts] == [(1, ScoreStatus.SCORED)] * 40
        assert sandbox.run("print(1)").stdout == "1\n"


def test_a_program_whose_slot_is_lost_twice_has_no_verdict_and_the_others_have() -> None:
    with Sandbox(1) as sandbox:
        sandbox.run("1")
        stop = threading.Event()

        def kill_those_that_sleep() -> None:
            while not stop.is_set():
                for slot in sandbox.process_ids[1:]:
                    if any("sleeper" in name_of(below) for below in descendants_of(slot)):
                        os.kill(slot, signal.SIGKILL)
                stop.wait(0.02)

        thread = threading.Thread(target=kill_those_that_sleep)
        thread.start()
        name = "import ctypes\nctypes.CDLL(None).prctl(15, b'sleeper', 0, 0, 0)\nimport time\ntime.sleep(3)\n"
        programs = ["def f(): return 1", name + "def f(): return 1", "def f(): return 1"]
        verdicts = sandbox.judge(programs, [CallTests("f", (((), 1),))] * 3)
        stop.set()
        thread.join()
    assert [verdict.status for verdict in verdicts] == [
        ScoreStatus.SCORED,
        ScoreStatus.GRADER_FAILED,
        ScoreStatus.SCORED,
    ]
    assert (verdicts[1].num_passed, verdicts[1].num_tests) == (0, 1)


def name_of(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/comm").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_session_whose_slot_is_lost_says_so_and_goes_on() -> None:
    with Sandbox(1) as sandbox, sandbox.session() as session:
        session.run("x = 1")
        slot = sandbox.process_ids[-1]
        below = descendants_of(slot)
        os.kill(slot, signal.SIGKILL)
        while any(map(is_alive, below)):
            time.sleep(0.01)
        result = session.run("x")
        assert (result.status, result.has_restarted) == (RunStatus.GRADER_FAILED, True)
        assert session.run("2").value == "2"


@pytest.mark.parametrize("end", ["pass", "os._exit(0)", "os.kill(os.getpid(), 9)", "raise SystemExit"])
def test_nothing_outlives_the_caller(end: str) -> None:
    program = (
        "import os\nfrom reasonenv.execution import Sandbox\nsandbox = Sandbox(2)\n"
        "session = sandbox.session()\nsession.run('1')\nsandbox.run('1')\n"
        f"print(*sandbox.process_ids, flush=True)\n{end}"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    processes = [int(word) for word in completed.stdout.split()]
    assert len(processes) == 3
    deadline = time.monotonic() + 20
    while any(is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_alive(process) for process in processes)


def is_alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_on_a_busy_machine_is_charged_for_its_own_time_alone() -> None:
    num_hogs = 6 * len(os.sched_getaffinity(0))
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(num_hogs)]
    program = "import time\nend = time.process_time() + 0.9\ndef f():\n    while time.process_time() < end: pass"
    try:
        with Sandbox(1, limits=Limits(cpu_seconds=1.0, wall_seconds=3.0)) as sandbox:
            (verdict,) = sandbox.judge([program], [CallTests("f", (((), None),))])
            (sleeper,) = sandbox.judge(["import time\ndef f(): time.sleep(60)"], [CallTests("f", (((), None),))])
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert verdict.num_passed == 1
    assert 0.85 < verdict.cpu_seconds < 1.0
    assert sleeper.cases[0].status == "time_limit"


def test_descriptors_and_processes_do_not_grow() -> None:
    program = "import os\ndef f(): os._exit(3)"
    with Sandbox(2) as sandbox:

        def state() -> tuple[int, int]:
            zygote = sandbox.process_ids[0]
            return len(list(Path("/proc/self/fd").iterdir())), len(descendants_of(zygote))

        sandbox.judge([program] * 20, [CallTests("f", (((), 1),))] * 20)
        before = state()
        sandbox.judge([program] * 100, [CallTests("f", (((), 1),))] * 100)
        assert state() == before


def test_a_slot_that_works_is_not_given_up_before_all_its_runs_could_have_met_their_limits() -> None:
    zygote, limits, tests = Zygote(), Limits(wall_seconds=10.0), StdinTests((("", "1"),) * 100)
    found = probe_with(zygote)
    pool = Pool(zygote, found, found.tier or "none", limits, 1)
    try:
        process = pool.start_extra_process(Preload.BASICS)
        process.start(judging_job("print(1)", tests, limits), limits)
        assert process.deadline - time.monotonic() > 100 * limits.wall_seconds
    finally:
        pool.close()


def test_a_call_takes_no_more_slots_than_it_has_jobs() -> None:
    released = threading.Event()

    def wait(*_: object) -> bool:
        return released.wait(60)

    tests = CallTests("f", (((), 1),), Comparison(judge=wait))
    with Sandbox(2) as sandbox, ThreadPoolExecutor(1) as threads:
        held = threads.submit(sandbox.judge, ["def f(): return 1"], [tests])
        while len(sandbox.process_ids) < 2:
            time.sleep(0.01)
        assert sandbox.run("print(1)").stdout == "1\n"
        released.set()
        assert held.result()[0].num_passed == 1


def test_a_sandbox_has_a_slot_for_every_processor() -> None:
    num_slots = len(os.sched_getaffinity(0))
    with Sandbox() as sandbox:
        sandbox.judge(["def f(): return 1"] * 2 * num_slots, [CallTests("f", (((), 1),))] * 2 * num_slots)
        assert len(sandbox.process_ids) == 1 + num_slots


def test_those_who_bring_no_sandbox_share_one() -> None:
    assert shared_sandbox() is shared_sandbox()
