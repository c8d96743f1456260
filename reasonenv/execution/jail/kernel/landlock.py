"""Landlock: the kernel's own list of the folders that a process may use, which it can never lengthen.

Not covered: modes, times and names of files.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping

from . import syscalls

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FIRST_ABI = (1 << 13) - 1
_TCP, _SCOPES = 0b11, 0b11
_ONLY_FOLDERS = _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER

READ_FOLDER = _READ_DIR
READ = _READ_FILE | _READ_DIR
READ_WRITE = READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER

_VERSION_FLAG = 1
_PATH_BENEATH = 1


def abi_version() -> int:
    """Return the version of the kernel's Landlock; raise OSError where it has none, or a filter hides it."""
    return syscalls.call("landlock_create_ruleset", None, 0, _VERSION_FLAG)


def create_ruleset(rights: Mapping[str, int], abi: int) -> int:
    """Return the descriptor of a rule set that grants `rights` below each path and nothing elsewhere.

    TCP is refused from ABI 4 on, signals and abstract sockets that leave the rule set from ABI 6 on.
    """
    handled = _OF_FIRST_ABI
    for version, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        handled |= right if abi >= version else 0
    words = [handled] + [_TCP] * (abi >= 4) + [_SCOPES] * (abi >= 6)
    attributes = struct.pack(f"<{len(words)}Q", *words)
    ruleset = syscalls.call("landlock_create_ruleset", attributes, len(attributes), 0)
    for path, granted in rights.items():
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            usable = granted & handled if os.path.isdir(path) else granted & handled & ~_ONLY_FOLDERS
            rule = struct.pack("<Qi", usable, descriptor)
            syscalls.call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)
    return ruleset


def restrict(ruleset: int) -> None:
    """Enter the rule set for good; `PR_SET_NO_NEW_PRIVS` is set on the way."""
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.call("landlock_restrict_self", ruleset, 0)
