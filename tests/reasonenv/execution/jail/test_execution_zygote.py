"""What a zygote does before it forks leaves nothing that a program could see."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reasonenv.execution import Sandbox
from reasonenv.execution.jail.kernel.call_numbers import ALLOWED, CONDITIONAL, numbers

WARM_UP = """
import atexit, os, sys
atexit._clear()
from reasonenv.execution.jail import programs
from reasonenv.execution.jail.warmup import warm_up
def state():
    files = sorted(os.listdir("/proc/self/fd"))
    return sys.stdin, sys.stdout, sys.stderr, sys.argv, sys.modules["__main__"], set(sys.modules), files
before = state()
warm_up()
print(state() == before)
"""
OF_THE_SLOT_ALONE = {"capset", "landlock_restrict_self"}
OF_ALL = """
chdir clock_gettime close_range dup3 fstat getpid madvise munmap prctl prlimit64 rt_sigprocmask rt_sigtimedwait umask
wait4
"""


def test_the_warm_up_changes_neither_streams_nor_modules_nor_files() -> None:
    completed = subprocess.run([sys.executable, "-c", WARM_UP], capture_output=True, text=True, check=True)
    assert completed.stdout == "True\n"


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_calls_that_are_prepared_have_numbers_on_both_processors(architecture: str) -> None:
    known = {*numbers(ALLOWED, architecture), *numbers(CONDITIONAL, architecture)}
    assert {*OF_ALL.split(), *OF_THE_SLOT_ALONE} - known == OF_THE_SLOT_ALONE


def test_memory_in_huge_pages_is_private_to_each_program() -> None:
    program = "import numpy, sympy\nprint(hasattr(numpy, 'seen'), hasattr(sympy, 'seen'))\nnumpy.seen = sympy.seen = 1"
    with Sandbox(1) as sandbox:
        assert [sandbox.run(program).stdout for _ in range(3)] == ["False False\n"] * 3
