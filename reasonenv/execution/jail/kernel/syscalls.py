"""System calls that the standard library does not offer, by number, for x86-64 and aarch64.

Lives here: calls that raise `OSError`, made at once or prepared. Does not: which of them a program may use (`seccomp`).

The one decision: what a process does between its fork and a stranger's code is prepared before the fork, as words, and
then done in one loop. Parent and child share their memory until one of them writes to a page, which the kernel then
copies; any other Python code would have dozens of pages copied by the counts of references alone.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from .call_numbers import ALLOWED, CONDITIONAL, numbers

__all__ = [
    "ARCHITECTURE",
    "NUMBERS",
    "Direct",
    "Memory",
    "Step",
    "call",
    "direct",
    "fork",
    "prctl",
    "processor_clock",
    "step",
    "take",
]

ARCHITECTURE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(
    os.uname().machine.lower(), ""
)

_LANDLOCK_AND_MOUNT = {
    "open_tree": 428,
    "move_mount": 429,
    "close_range": 436,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}
_ALSO_FOR_PROGRAMS = numbers(ALLOWED, ARCHITECTURE) | numbers(CONDITIONAL, ARCHITECTURE) if ARCHITECTURE else {}
NUMBERS: dict[str, int] = (
    _ALSO_FOR_PROGRAMS
    | _LANDLOCK_AND_MOUNT
    | {
        "x86_64": {"pivot_root": 155, "mount": 165, "umount2": 166, "unshare": 272, "setns": 308, "capset": 126},
        "aarch64": {"pivot_root": 41, "mount": 40, "umount2": 39, "unshare": 97, "setns": 268, "capset": 91},
    }.get(ARCHITECTURE, {})
)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CAPABILITY_HEADER = (0x20080522).to_bytes(4, "little") + bytes(4)
"""Version 3, this thread."""
NO_CAPABILITIES = bytes(24)

Step = tuple[int, int, int, int, int, int, int]
"""A system call that will be made: its number and six words."""


class Memory:
    """Bytes for prepared calls to point at, which stay where they are for as long as this object lives."""

    def __init__(self, content: bytes) -> None:
        self._buffer = ctypes.create_string_buffer(content, len(content))
        self.address = ctypes.addressof(self._buffer)


@cache
def _library() -> ctypes.PyDLL:
    """The C library, called without giving up the interpreter's lock: there is one thread."""
    library = ctypes.PyDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    library.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return library


def fork() -> int:
    """`fork(2)` without Python's hooks, which would touch half of the memory that parent and child share.

    Only for a process that never had a second thread. State of the interpreter is as before, that of `random` included.
    """
    return _checked(_library().fork(), "fork")


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call of `NUMBERS`; integers are passed as machine words, bytes and None as pointers.

    Raises:
        OSError: the kernel refused.
    """
    words = [ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value) for value in arguments]
    result = _library().syscall(ctypes.c_long(NUMBERS[name]), *words)
    return _checked(result, name)


def step(name: str, *arguments: int) -> Step:
    """Prepare a system call of `NUMBERS`; pointers are given as the addresses of `Memory`."""
    first, second, third, fourth, fifth, sixth = (*arguments, *(0,) * (6 - len(arguments)))
    return NUMBERS[name], first, second, third, fourth, fifth, sixth


def take(steps: Iterable[Step]) -> None:
    """Make prepared system calls in order, up to the first that is refused.

    Raises:
        OSError: the kernel refused one.
    """
    system_call = direct().system_call
    for words in steps:
        if system_call(*words) < 0:
            raise OSError(f"system call {words[0]} was refused")


class Direct(NamedTuple):
    """Functions of the C library as they are, without a copy of `errno`, which the interpreter would have to write."""

    fork: Callable[[], int]
    system_call: Callable[[int, int, int, int, int, int, int], int]


@cache
def direct() -> Direct:
    """Return them; both give -1 for an error."""
    library = ctypes.PyDLL(None)
    library.syscall.restype, library.syscall.argtypes = ctypes.c_long, [ctypes.c_long] * 7
    return Direct(library.fork, library.syscall)


def prctl(option: int, *arguments: int) -> int:
    """`prctl(2)`; raises OSError when refused."""
    padding = (0,) * (4 - len(arguments))
    return _checked(_library().prctl(option, *arguments, *padding), f"prctl({option})")


def processor_clock(process_id: int) -> int:
    """The id of the clock that counts the CPU time of all threads of a process, for `time.clock_gettime`."""
    return (~process_id << 3) | 2


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
