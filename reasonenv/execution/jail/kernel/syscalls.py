"""System calls that the standard library does not offer, by number, for x86-64 and aarch64.

What a process does between its fork and a stranger's code is prepared before the fork, as words, and then done in one
loop. Parent and child share their memory until one of them writes to a page, which the kernel then copies; any other
Python code would have dozens of pages copied by the counts of references alone.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from .call_numbers import ALLOWED, CONDITIONAL, numbers

_KNOWN = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
ARCHITECTURE = _KNOWN.get(os.uname().machine.lower(), "")

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
SIGNAL_SET_BYTES = 8

Step = tuple[int, int, int, int, int, int, int]
"""A system call that will be made: its number and six words."""


class Memory:
    """Bytes for prepared calls to point at; they stay where they are for as long as this object lives."""

    def __init__(self, content: bytes) -> None:
        self._buffer = ctypes.create_string_buffer(content, len(content))
        self.address = ctypes.addressof(self._buffer)


@cache
def _library() -> ctypes.PyDLL:
    """The C library, called without giving up the interpreter's lock: there is one thread."""
    library = ctypes.PyDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def fork() -> int:
    """Fork without Python's hooks, which would touch half of the memory that parent and child share.

    Only for a process that never had a second thread. The child's interpreter is as it was, `random` included.
    """
    return _checked(_library().fork(), "fork")


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call, or raise OSError; integers are passed as machine words, bytes and None as pointers."""
    words = [ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value) for value in arguments]
    result = _library().syscall(ctypes.c_long(NUMBERS[name]), *words)
    return _checked(result, name)


def step(name: str, *arguments: int) -> Step:
    """Prepare a system call of `NUMBERS`; pointers are given as the addresses of `Memory`."""
    first, second, third, fourth, fifth, sixth = (*arguments, *(0,) * (6 - len(arguments)))
    return NUMBERS[name], first, second, third, fourth, fifth, sixth


def take(steps: Iterable[Step]) -> None:
    """Make prepared system calls in order; raise OSError at the first that is refused."""
    system_call = direct().system_call
    for words in steps:
        if system_call(*words) < 0:
            raise OSError(f"system call {words[0]} was refused")


class Direct(NamedTuple):
    """Functions of the C library that return -1 for an error and keep no copy of `errno`, which would be written."""

    fork: Callable[[], int]
    system_call: Callable[[int, int, int, int, int, int, int], int]


@cache
def direct() -> Direct:
    """Return these functions."""
    library = ctypes.PyDLL(None)
    library.syscall.restype, library.syscall.argtypes = ctypes.c_long, [ctypes.c_long] * 7
    return Direct(library.fork, library.syscall)


def prctl(option: int, argument: int) -> None:
    """Call `prctl(2)` with an option of one argument, or raise OSError."""
    call("prctl", option, argument, 0, 0, 0)


def processor_clock(process_id: int) -> int:
    """Return the clock that counts the CPU time of all threads of a process, for `time.clock_gettime`."""
    return (~process_id << 3) | 2


def signal_set(*signals: int) -> bytes:
    """Return what system calls take for a set of signals."""
    return struct.pack("@Q", sum(1 << (number - 1) for number in signals))


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
