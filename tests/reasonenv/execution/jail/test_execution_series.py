"""One process may run several tests of a script: no verdict may show that it did."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

from reasonenv.execution import CodeVerdict, Limits, Sandbox
from reasonenv.execution.jail import series
from reasonenv.execution.jail.stateless import is_stateless
from reasonenv.types import CallTests, StdinTests

FORKS = "import os\n"
"""What makes a program one whose tests get a process each."""
REACH_MODULES = """
from operator import attrgetter
subclasses = attrgetter("__class__.__base__.__subclasses__")(())()
exits = next(kind for kind in subclasses if kind.__name__ == "_wrap_close")
posix = attrgetter("modules")(attrgetter("__init__.__globals__")(exits)["sys"])["posix"]
"""
"""Gets past the check, which is no defence."""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, limits=Limits(cpu_seconds=1.0, wall_seconds=3.0)) as sandbox:
        yield sandbox


STATELESS = [
    "print(int(input()) + 1)",
    "import sys\nfor line in sys.stdin: print(line)",
    "from collections import defaultdict, Counter\nimport heapq, math\nprint(math.gcd(*map(int, input().split())))",
    "from __future__ import annotations\nfrom typing import List\ndef f(x: List[int]) -> int: return x[0]",
    "import sys\ninput = sys.stdin.readline\nsys.setrecursionlimit(10**6)\nsys.stdout.write(input())\nsys.exit()",
    "class Tree:\n    def __init__(self): self.left = None\n    def __lt__(self, other): return True\nTree().left = 1",
    "from functools import lru_cache\n@lru_cache(None)\ndef f(n): return n and f(n - 1) + 1\nprint(f(3))",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nif __name__ == '__main__': print(P(1))",
    "from math import *\nprint(pi)",
    "import math\nclass Node:\n    def __init__(self): self.best = math.inf; self.best += 1\nNode().digits = math.inf",
    "names = " + repr([f"name{index}" for index in range(300)]),
    "\n".join(f"name{index} = {index}" for index in range(300)) + "\nimport math\nprint(math.pi)",
]
STATEFUL = [
    "import os\nprint(os.getpid())",
    "from os import path",
    "import os.path",
    "def f():\n    import random",
    "import numpy",
    "from . import x",
    "print(open(0).read())",
    "exec(input())",
    "print([*map(eval, input().split())])",
    "__import__('os')",
    "import sys\nsys.stdin = None",
    "import sys\ndel sys.stdout",
    "import math\nmath.pi = 3",
    "import string\nstring.digits = 'x'",
    "import string\ndef f(): string.digits += 'x'",
    "import collections\ncollections.zzz = 1",
    "import collections\ndel collections.deque",
    "import sys\nsys.path.append('.')",
    "from dataclasses import inspect",
    "from collections.abc import Sequence\nSequence.register(complex)",
    "import time\nwhile time.process_time() < 0.02: pass",
    "import sys\nsys.modules['math'] = None",
    "import sys\nf = sys._getframe()",
    "import sys\nsys.settrace(None)",
    "print((1).__class__)",
    "__builtins__.print = None",
    "def f(): (lambda: globals())()",
    "class A:\n    def f(self): self.__dict__ = {}",
    "import io\nprint(io.FileIO(0).read())",
    "from collections import Counter\nCounter.__init__ = None",
    "x = 1\n" + "\n".join(f"name{index} = {index}" for index in range(300)) + "\nimport subprocess",
]


@pytest.mark.parametrize("program", STATELESS)
def test_programs_that_leave_nothing_behind_are_known(program: str) -> None:
    assert is_stateless(compile(program, "main.py", "exec"))


@pytest.mark.parametrize("program", STATEFUL)
def test_programs_that_may_leave_something_behind_are_known(program: str) -> None:
    assert not is_stateless(compile(program, "main.py", "exec"))


MAX_SECONDS = series._MAX_SECONDS


def run_here(
    program: str, inputs: list[bytes], *, cpu_limit: float = 3600.0, max_seconds: float = 60.0
) -> tuple[int, int, list[bytes]]:
    """Returns the exit code, how many tests began, and what they printed.

    The limits on computing time are so large that a machine under load does not reach them.
    """
    files = [(memory_file(text), memory_file(b""), memory_file(b"")) for text in inputs]
    progress = memory_file(b"")
    process_id = os.fork()
    if process_id == 0:
        try:
            series._MAX_SECONDS = max_seconds
            gc.freeze()  # as a slot does: there is much in this process
            for descriptor, file in enumerate(files[0]):
                os.dup2(file, descriptor)
            sys.stdin, sys.stdout, sys.stderr = (
                os.fdopen(number, mode, closefd=False) for number, mode in enumerate("rww")
            )
            series.run_series([compile(program, "main.py", "exec")], files, progress, cpu_limit, 1 << 20)
        finally:
            os._exit(99)
    status = os.waitpid(process_id, 0)[1]
    outputs = [os.pread(stdout, 1 << 20, 0) for _, stdout, _ in files]
    num_begun = os.fstat(progress).st_size
    for file in (progress, *(file for streams in files for file in streams)):
        os.close(file)
    return os.waitstatus_to_exitcode(status), num_begun, outputs


def memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("test")
    os.pwrite(descriptor, content, 0)
    return descriptor


def test_one_process_runs_one_test_after_the_other() -> None:
    exit_code, num_begun, outputs = run_here("import os\nprint(input(), os.getppid())", [b"1", b"2", b"3"])
    assert (exit_code, num_begun) == (0, 3)
    assert outputs == [f"{number} {os.getpid()}\n".encode() for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("end", "exit_code"), [("raise SystemExit(3)", 3), ("1 / 0", 120), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_a_process_begins_no_test_behind_one_that_does_not_end_well(end: str, exit_code: int) -> None:
    program = f"import sys\nif sys.stdin.read() == 'x': {end}"
    assert run_here(program, [b"1", b"x", b"1"])[:2] == (exit_code, 2)


@pytest.mark.parametrize("cpu_limit", [0.5, 60.0])
def test_a_process_that_has_computed_for_a_while_begins_no_other_test(cpu_limit: float) -> None:
    program = "import time\nwhile time.process_time() < 0.05: pass"
    assert run_here(program, [b""] * 3, cpu_limit=cpu_limit, max_seconds=MAX_SECONDS)[:2] == (0, 1)


def test_a_process_that_has_printed_much_begins_no_other_test() -> None:
    assert run_here("import sys\nsys.stderr.write('x' * (1 << 20) + 'x')", [b""] * 3)[1] == 1


HONEST = {
    "reads a line of many": "print(input())",
    "reads the rest": "import sys\nprint(input())\nprint(repr(sys.stdin.read()))",
    "reads bytes": "import sys\nprint(sys.stdin.buffer.readline(), sys.stdin.buffer.read())",
    "reads too much": "while True: print(input())",
    "prints nothing": "x = 1",
    "prints to both": "import sys\nprint(input())\nprint('note', file=sys.stderr)",
    "keeps a total": "class Total:\n    sum = 0\ndef f(seen=[]):\n    seen.append(1)\n    return len(seen)\n"
    "Total.sum += int(input().split()[0])\nprint(Total.sum, f())",
    "fails at times": "x = int(input().split()[0])\nprint(12 // x)",
    "exits at times": "import sys\nx = int(input().split()[0])\nprint(x)\nif x % 2: sys.exit(f'odd {x}')",
    "quits": "print(input())\nquit()",
    "loops at times": "x = int(input().split()[0])\nwhile x == 3: pass\nprint(x)",
    "overflows at times": "import sys\nsys.setrecursionlimit(10**9)\nx = int(input().split()[0])\n"
    "def f(n): return f(n + 1) + 1\nif x == 2: f(0)\nprint(x)",
    "wants memory at times": "x = int(input().split()[0])\nprint(len(bytearray(10**10 if x == 1 else 1)))",
    "sets limits": "import sys\nprint(sys.getrecursionlimit())\nsys.setrecursionlimit(5000)",
    "closes": "import sys\nprint(input())\nsys.stdout.close()\nsys.stdin.close()",
    "leaves a cycle": "import sys\nclass Node: pass\na, b = Node(), Node()\na.next, b.next = b, a\na.out = sys.stdout\n"
    "print(input())\nsys.stdout.write('no newline')",
    "looks around": "import sys\nprint(sys.argv, __name__, *(\n"
    "    (s.name, s.mode, s.encoding, s.errors, s.newlines, s.line_buffering, s.isatty(), s.fileno(), s.buffer.raw)\n"
    "    for s in (sys.stdin, sys.stdout, sys.stderr)))",
    "leaves a generator": "def f():\n    try:\n        yield input()\n    finally:\n        print('bye')\n"
    "it = f()\nprint(next(it))",
    "leaves a ring": "class Node:\n    def __init__(self):\n        self.run = self.go()\n        next(self.run)\n"
    "    def go(self):\n        try:\n            yield self\n        finally:\n            print('gone')\n"
    "Node()\nprint(input())\nrings = [[] for _ in range(3000)]",
    "holds much": "try:\n    class Store: room = bytes(200 << 20)\n    print(input())\n"
    "except MemoryError: print('no room')",
    "calls deeply": "def f(n): return n and f(n - 1)\nprint(f(int(input().split()[0]) % 2 + 996))",
    "looks at its input": "import sys\nprint(len(sys.stdin.buffer.peek()), sys.stdin.seekable())\nsys.stdin.seek(0)\n"
    "print(input())",
    "finds its names": "print('left_over' in dir())\nleft_over = 1",
}
INPUTS = ["1 2\nx\n", "2 4\r\ny", "3\n", "0\n\n", "", "4 \udcff\n", "1\n", "6\n"]


@pytest.mark.parametrize("program", HONEST.values(), ids=HONEST)
def test_sharing_a_process_changes_no_verdict(sandbox: Sandbox, program: str) -> None:
    assert is_stateless(compile(program, "main.py", "exec"))
    tests = StdinTests(tuple((text, sandbox.run(program, text).stdout) for text in INPUTS))
    ours, forked = sandbox.judge([program, FORKS + program], [tests] * 2)
    assert described(ours) == described(forked)


def described(verdict: CodeVerdict) -> list[tuple[str, str]]:
    return [(case.status.value, case.detail) for case in verdict.cases]


def test_a_test_may_use_almost_all_its_time_behind_others(sandbox: Sandbox) -> None:
    program = "import time\nx = int(input())\nwhile time.process_time() < 0.9 * x: pass\nprint(x)"
    tests = StdinTests(tuple((text, text) for text in "00101"))
    verdict = sandbox.judge([program], [tests])[0]
    assert verdict.num_passed == 5
    assert verdict.cpu_seconds >= sum(case.cpu_seconds for case in verdict.cases) > 1.7


@pytest.mark.parametrize("end", ["", "posix._exit(0)", f"posix.kill(posix.getpid(), {int(signal.SIGKILL)})"])
def test_a_test_that_claims_the_others_passes_none_of_them(sandbox: Sandbox, end: str) -> None:
    program = f"{REACH_MODULES}print(input(), flush=True)\nposix.write(6, b'.' * 50)\n{end}"
    assert is_stateless(compile(program, "main.py", "exec"))
    tests = StdinTests((("1", "1"), *((str(number), f"{number} and more") for number in range(2, 15))))
    assert sandbox.judge([program], [tests])[0].num_passed <= 1
    assert sandbox.run("print(1)").stdout == "1\n"


def test_a_process_has_the_files_of_its_own_tests_only(sandbox: Sandbox) -> None:
    program = f"""{REACH_MODULES}
def is_open(number):
    try:
        return bool(posix.fstat(number))
    except OSError:
        return False
print(2 <= sum(is_open(number) for number in range(3, 1000)) <= 31)"""
    verdict = sandbox.judge([program], [StdinTests((("", "True"),) * 20)])[0]
    assert described(verdict)[:-1] == [("passed", "")] * 19  # the last may have its process to itself


def test_many_tests_with_little_output_leave_room_for_the_next() -> None:
    with Sandbox(1, limits=Limits(output_bytes=16)) as sandbox:
        verdict = sandbox.judge(["print(input())"], [StdinTests((("1", "1"),) * 60)])[0]
    assert verdict.num_passed == 60


@pytest.mark.parametrize("judged", ["script", "function"])
def test_programs_inherit_no_future_from_the_sandbox(sandbox: Sandbox, judged: str) -> None:
    program = "def f() -> Unknown: return 1\nprint(f())"
    tests = StdinTests((("", "1"),) * 2) if judged == "script" else CallTests("f", (((), 1),))
    assert sandbox.judge([program], [tests])[0].num_passed == 0


def test_files_of_tests_in_one_process_take_little_memory_together(sandbox: Sandbox) -> None:
    program = f"{REACH_MODULES}\nfor number in range(7, 37): posix.posix_fallocate(number, 0, 15 << 20)\nprint(1)"
    before = shared_memory_bytes()
    verdict = sandbox.judge([program], [StdinTests((("", "1"),) * 10)])[0]
    assert verdict.num_passed == 0
    assert shared_memory_bytes() - before < 64 << 20


def shared_memory_bytes() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Shmem:"))


@pytest.mark.parametrize(
    "end",
    [
        "import sys, io\nprint(input())\nsys.stdout = io.StringIO()",
        "import sys\nprint(input())\nsys.stdout.close()",
        "import sys\nprint(input())\nsys.stdout.flush()\nsys.stdout = None",
        "import sys\nprint(input())\nsys.stderr.close()",
    ],
)
def test_streams_that_a_program_closed_or_replaced_lose_nothing(sandbox: Sandbox, end: str) -> None:
    (verdict,) = sandbox.judge([end], [StdinTests((("1", "1"), ("2", "2")))])
    assert [case.status.value for case in verdict.cases] == ["passed"] * 2


def test_a_test_finds_the_recursion_limit_of_a_fresh_process() -> None:
    program = "import sys\nprint(sys.getrecursionlimit())\nsys.setrecursionlimit(5000)"
    limit = b"%d\n" % sys.getrecursionlimit()
    assert run_here(program, [b"", b"", b""]) == (0, 3, [limit] * 3)
