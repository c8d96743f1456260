"""Processes of the sandbox that are killed at random: no verdict is wrong, lost or taken twice, and nothing is left."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from test_execution_faults import descendants_of, is_alive

from reasonenv.execution import Limits, Sandbox
from reasonenv.execution.jobs import TestsOutcome as Outcome
from reasonenv.execution.jobs import judging_job
from reasonenv.types import AssertTests, CallTests, StdinTests

NUM_KILLS, NUM_JOBS = 50, 900
TESTS = (
    CallTests("f", (((3,), 6), ((4,), 8))),
    StdinTests((("3\n", "6\n"), ("4\n", "8\n"))),
    AssertTests("x = f(3)\nassert x == 6\nassert f(x) - 12 == 0", ("f",)),
)
RIGHT = "def f(x):\n    return 2 * x\nif __name__ == '__main__':\n    print(f(int(input())))"
WRONG = RIGHT.replace("2 * x", "3 * x")


def processes_of(sandbox: Sandbox) -> list[int]:
    return [process for root in sandbox.process_ids for process in (root, *descendants_of(root))]


def kill_at_random(sandbox: Sandbox, chance: random.Random, is_over: threading.Event) -> None:
    """Kill 50 times some process of the sandbox."""
    for _ in range(NUM_KILLS):
        if is_over.wait(chance.uniform(0.01, 0.1)):
            break
        with contextlib.suppress(IndexError, ProcessLookupError):
            os.kill(chance.choice(processes_of(sandbox)), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_kills_at_random_make_no_verdict_wrong(seed: int) -> None:
    taken = Counter[int]()
    programs = [(RIGHT, WRONG)[index // 3 % 2] for index in range(NUM_JOBS)]

    def counted(index: int) -> Any:
        job = judging_job(programs[index], TESTS[index % 3], Limits())

        def interpret(endings: Sequence[Any], result: bytes) -> Outcome:
            outcome = job.interpret(endings, result)
            taken[index] += not outcome.was_killed
            return outcome

        return replace(job, interpret=interpret)

    is_over = threading.Event()
    with Sandbox(2) as sandbox:
        thread = threading.Thread(target=kill_at_random, args=(sandbox, random.Random(seed), is_over))
        thread.start()
        outcomes = sandbox.do([counted(index) for index in range(NUM_JOBS)])
        is_over.set()
        thread.join()
        left = processes_of(sandbox)
    wrong = [
        (index, outcome)
        for index, outcome in enumerate(outcomes)
        if outcome is not None and all(case.status == "passed" for case in outcome.cases) != (programs[index] == RIGHT)
    ]
    assert wrong == []
    assert outcomes.count(None) == 0
    assert all(taken[index] == (outcome is not None) for index, outcome in enumerate(outcomes))
    end = time.monotonic() + 10
    while any(map(is_alive, left)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_alive, left))
