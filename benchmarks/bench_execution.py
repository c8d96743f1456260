"""What does judging a program in the sandbox cost, beside other ways to do it, and does it leak?

    python benchmarks/bench_execution.py --help

Throughput is measured on one processor that caller and sandbox share, each way in turn on the same ten-test problems:
ours; a fresh interpreter per test; and a fork of the caller per problem with the tests inside, as OpenAI's human-eval
does (arXiv 2107.03374, section 2.3). Wall-clock rates suffer from whatever else the machine does, so the processor time
of all processes together is given, too. The hostile programs run one after the other in one sandbox.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro
from machine import describe_machine

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, CallTests, StdinTests

RESULTS = Path(__file__).parent / "results" / "execution.json"
GOALS = {"call": 300, "call, numpy and sympy": 150, "stdin": 140, "stdin, a process per test": 70, "asserts": 140}
"""Problems per second of processor time."""

FUNCTION = "def f(x):\n    return sum(number * number for number in range(x))\n"
ANSWERS = [(number, sum(value * value for value in range(number))) for number in range(10)]
CHECK = "def check(candidate):\n" + "".join(f"    assert candidate({x}) == {y}\n" for x, y in ANSWERS)
NUMERIC = "import numpy as np\nimport sympy\n"
SCRIPT = FUNCTION + "print(f(int(input())))\n"
SCRIPT_ALONE = "import os\n" + SCRIPT
"""Could leave something behind, so that each of its tests gets a process."""

CALLS = CallTests("f", [((x,), y) for x, y in ANSWERS])
STDIN = StdinTests([(f"{x}\n", f"{y}\n") for x, y in ANSWERS])
ASSERTS = AssertTests(f"{CHECK}check(f)\n", ("f",))

HOSTILE = (
    "import os\ndef f(x): os._exit(0)",
    "import os\nos._exit(1)",
    "def f(x): raise SystemExit",
    "import ctypes\ndef f(x): ctypes.string_at(0)",
    "import ctypes\ndef f(x): return ctypes.CDLL(None).fork()",
    "import os\ndef f(x): os.kill(os.getppid(), 9)",
    "import os\ndef f(x): os.kill(-1, 9)",
    "def f(x): return [0] * 10**10",
    "def f(x):\n    kept = []\n    while True: kept.append(open('/dev/null'))",
    "import os\ndef f(x):\n    for number in range(200): open(str(number), 'w').write('x' * 9999)\n    os._exit(0)",
    "import os\ndef f(x):\n    for _ in range(200): os.mkdir('d'); os.chdir('d')\n    os._exit(0)",
    "import threading as t, time\nfor _ in range(20): t.Thread(target=time.sleep, args=(9,)).start()\ndef f(x): pass",
    "import os\ndef f(x):\n    for d in range(3, 64):\n        try: os.ftruncate(d, 0)\n        except OSError: pass",
    "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "def f(x): return 'x' * 3_000_000",
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)",
    "def f(x) return x",
    "import socket\ndef f(x): return [socket.socketpair() for _ in range(999)]",
    "import os\ndef f(x): return os.memfd_create('x')",
    "(" * 10_000,
)
HOSTILE_LIMITS = Limits(cpu_seconds=0.2, wall_seconds=0.8)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    num_problems: int = 300
    """For each of our rates."""
    num_peer_problems: int = 20
    """For each rate of the others, which are slower."""
    num_latencies: int = 500
    num_hostile: int = 10_000
    num_mixed: int = 500
    """Of hostile and of honest programs each, in one batch."""
    out: Path = RESULTS


def main(arguments: Arguments) -> None:
    """Measure, write the results and print them."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    rates = measure_rates(arguments)
    os.sched_setaffinity(0, processors)
    results = {
        "machine": describe_machine(),
        "goals": GOALS,
        "rates": rates,
        "latency_seconds": measure_latency(arguments.num_latencies),
        "hostile": measure_leaks(arguments.num_hostile),
        "mixed": measure_mixture(arguments.num_mixed),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: part for name, part in results.items() if name != "machine"}, indent=1))


def measure_rates(arguments: Arguments) -> dict[str, Any]:
    problems = {
        "call": (FUNCTION, CALLS),
        "call, numpy and sympy": (NUMERIC + FUNCTION, CALLS),
        "stdin": (SCRIPT, STDIN),
        "stdin, a process per test": (SCRIPT_ALONE, STDIN),
        "asserts": (FUNCTION, ASSERTS),
    }
    ours = {name: rate_of_ours(*problem, arguments.num_problems) for name, problem in problems.items()}
    peers: dict[str, Callable[[], bool]] = {
        "an interpreter per test": lambda: all(passes_in_interpreter(FUNCTION, *answer) for answer in ANSWERS),
        "an interpreter per test, numpy and sympy": lambda: all(
            passes_in_interpreter(NUMERIC + FUNCTION, *answer) for answer in ANSWERS
        ),
        "an interpreter per test, stdin": lambda: all(passes_on_stdin(SCRIPT, *answer) for answer in ANSWERS),
        "human-eval's way": lambda: passes_in_fork(f"{FUNCTION}{CHECK}check(f)\n"),
        "human-eval's way, numpy and sympy": lambda: passes_in_fork(f"{NUMERIC}{FUNCTION}{CHECK}check(f)\n"),
    }
    return {"ours": ours, "others": {name: rate(judge, arguments.num_peer_problems) for name, judge in peers.items()}}


def rate_of_ours(program: str, tests: CallTests | StdinTests | AssertTests, num_problems: int) -> dict[str, float]:
    """Problems per second once the processes are there; processor time is the difference to doing next to nothing."""
    num_few = max(1, num_problems // 10)
    totals, walls = [], []
    for number in (num_few, num_problems + num_few):
        before = processor_seconds()
        with Sandbox(2) as sandbox:
            sandbox.judge([program] * 2, [tests] * 2)
            start = time.perf_counter()
            verdicts = sandbox.judge([program] * number, [tests] * number)
            walls.append(time.perf_counter() - start)
        assert all(verdict.num_passed == verdict.num_tests for verdict in verdicts)
        totals.append(processor_seconds() - before)
    return summary(num_problems, walls[1] - walls[0], totals[1] - totals[0])


def rate(judge: Callable[[], bool], num_problems: int) -> dict[str, float]:
    before, start = processor_seconds(), time.perf_counter()
    assert all(judge() for _ in range(num_problems))
    return summary(num_problems, time.perf_counter() - start, processor_seconds() - before)


def summary(num_problems: int, wall_seconds: float, cpu_seconds: float) -> dict[str, float]:
    return {
        "problems_per_second": round(num_problems / wall_seconds, 1),
        "problems_per_processor_second": round(num_problems / cpu_seconds, 1),
    }


def processor_seconds() -> float:
    """Of this process and of all that have ended below it."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def passes_in_interpreter(program: str, x: int, y: int) -> bool:
    source = f"{program}\nassert f({x}) == {y}\n"
    return subprocess.run([sys.executable, "-c", source], timeout=30, check=False).returncode == 0


def passes_on_stdin(program: str, x: int, y: int) -> bool:
    completed = subprocess.run(
        [sys.executable, "-c", program], input=f"{x}\n", capture_output=True, text=True, timeout=30, check=False
    )
    return completed.stdout == f"{y}\n"


def passes_in_fork(source: str) -> bool:
    """The process, the shared list, the alarm and the captured streams of human-eval's `check_correctness`."""
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        outcome = manager.list()
        process = context.Process(target=run_under_alarm, args=(source, outcome))
        process.start()
        process.join(timeout=4.0)
        if process.is_alive():
            process.kill()
        return list(outcome) == ["passed"]


def run_under_alarm(source: str, outcome: Any) -> None:
    signal.setitimer(signal.ITIMER_REAL, 3.0)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(source, {})
        outcome.append("passed")
    except BaseException as error:  # noqa: BLE001 - as the original does
        outcome.append(f"failed: {error}")


def measure_latency(num_calls: int) -> dict[str, float]:
    """From the call of `judge` to its verdict, for one problem whose program takes next to no time."""
    seconds = []
    with Sandbox(1) as sandbox:
        for _ in range(num_calls + 20):
            start = time.perf_counter()
            sandbox.judge([FUNCTION], [CALLS])
            seconds.append(time.perf_counter() - start)
    percentiles = statistics.quantiles(seconds[20:], n=100)
    return {name: round(percentiles[rank - 1], 5) for name, rank in (("p50", 50), ("p90", 90), ("p99", 99))}


def measure_leaks(num_programs: int) -> dict[str, Any]:
    """What the sandbox holds after a tenth of the programs and after all of them."""
    held: list[dict[str, int]] = []
    passed = failed = 0
    with Sandbox(2, limits=HOSTILE_LIMITS) as sandbox:
        for share in (1, 9):
            programs = [HOSTILE[index % len(HOSTILE)] for index in range(num_programs * share // 10)]
            for first in range(0, len(programs), 100):
                batch = programs[first : first + 100]
                verdicts = sandbox.judge(batch, [CALLS] * len(batch))
                passed += sum(verdict.num_passed == verdict.num_tests for verdict in verdicts)
                failed += sum(verdict.status == "grader_failed" for verdict in verdicts)
            held.append(holdings(sandbox))
        processes = processes_of(sandbox)
    return {
        "num_programs": num_programs,
        "num_passed": passed,
        "num_grader_failures": failed,
        "limits": asdict(HOSTILE_LIMITS),
        "after_a_tenth": held[0],
        "after_all": held[1],
        "processes_left_after_close": num_alive(processes),
    }


def measure_mixture(num_each: int) -> dict[str, int]:
    """Judge hostile and honest programs in turns, in one batch."""
    programs = [program for k in range(num_each) for program in (HOSTILE[k % len(HOSTILE)], FUNCTION)]
    with Sandbox(2, limits=HOSTILE_LIMITS) as sandbox:
        verdicts = sandbox.judge(programs, [CALLS] * len(programs))
        processes = processes_of(sandbox)
    passed = [verdict.num_passed == verdict.num_tests for verdict in verdicts]
    return {
        "num_of_each": num_each,
        "num_hostile_passed": sum(passed[::2]),
        "num_honest_passed": sum(passed[1::2]),
        "processes_left_after_close": num_alive(processes),
    }


def processes_of(sandbox: Sandbox) -> list[int]:
    return [process for root in sandbox.process_ids for process in (root, *descendants(root))]


def num_alive(processes: Sequence[int]) -> int:
    return sum(Path("/proc", str(process)).exists() for process in processes)


def holdings(sandbox: Sandbox) -> dict[str, int]:
    zygote = sandbox.process_ids[0]
    below = [zygote, *descendants(zygote)]
    return {
        "caller_kib": resident_kib(os.getpid()),
        "caller_descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "sandbox_kib": sum(map(resident_kib, below)),
        "sandbox_descriptors": sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in below),
        "sandbox_processes": len(below),
    }


def resident_kib(process_id: int) -> int:
    lines = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def descendants(process_id: int) -> list[int]:
    children: Sequence[str] = Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii").split()
    return [below for child in map(int, children) for below in (child, *descendants(child))]


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
