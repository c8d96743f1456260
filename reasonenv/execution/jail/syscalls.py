"""System calls that the standard library does not offer, by number, for x86-64 and aarch64.

Lives here: the numbers, and calls that raise `OSError`. Does not: which of them a program may use (`seccomp`).
"""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache

__all__ = ["ARCHITECTURE", "NUMBERS", "call", "drop_capabilities", "fork", "prctl", "processor_clock"]

ARCHITECTURE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(
    platform.machine().lower(), ""
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
NUMBERS: dict[str, int] = _LANDLOCK_AND_MOUNT | {
    "x86_64": {"pivot_root": 155, "mount": 165, "umount2": 166, "unshare": 272, "setns": 308, "capset": 126},
    "aarch64": {"pivot_root": 41, "mount": 40, "umount2": 39, "unshare": 97, "setns": 268, "capset": 91},
}.get(ARCHITECTURE, {})

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_CAPABILITY_VERSION_3 = 0x20080522


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


def prctl(option: int, *arguments: int) -> int:
    """`prctl(2)`; raises OSError when refused."""
    padding = (0,) * (4 - len(arguments))
    return _checked(_library().prctl(option, *arguments, *padding), f"prctl({option})")


def drop_capabilities() -> None:
    """Give up every capability of this thread, for good once `no_new_privs` is set."""
    header = _CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4)
    call("capset", header, bytes(24))


def processor_clock(process_id: int) -> int:
    """The id of the clock that counts the CPU time of all threads of a process, for `time.clock_gettime`."""
    return (~process_id << 3) | 2


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
