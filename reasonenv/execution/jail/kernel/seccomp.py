"""The system calls that a program may make, and the filter of classic BPF that refuses all others.

Covered: new processes and programs (clone without CLONE_THREAD, fork, exec), signals and limits of other processes,
the owner, signal and locks of fcntl, flock, what tells or asks for the state of the page cache, waking on memory
that others may map, sockets other than AF_UNIX pairs, addresses in sendto, the other ABIs of a processor
(i386, x32), namespaces, mounts, ptrace, bpf, io_uring, userfaultfd, keys, memfds. Not covered: flaws of allowed calls,
and files and addresses, which hide behind pointers that a filter cannot follow (`landlock` and `namespaces` do those).

What is not listed fails with EPERM and the program lives on, because honest programs try things.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from . import syscalls
from .call_numbers import ALLOWED, CONDITIONAL, numbers

_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_LOAD, _AND, _JUMP, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_LONGEST_BRANCH = 255

_FULL = 0xFFFFFFFF
_OWN_PID = 0x7E575E1F
"""Stands in a filter for the process id of whoever installs it."""

_PR_SET_NAME, _PR_GET_NAME = 15, 16
_AF_UNIX = 1
_CLONE_THREAD, _CLONE_NAMESPACES = 0x00010000, 0x7E020080
_O_ACCMODE, _O_TRUNC, _O_TMPFILE_BIT = 0o3, 0o1000, 0o20000000
_TCGETS, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX = 0x5401, 0x541B, 0x5421, 0x5450, 0x5451
_FCNTL = (0, 1, 2, 3, 4, 1030, 1032)
"""Duplicating, flags and the size of a pipe: no locks, owners, signals, leases, notifications or seals."""
_FUTEX_COMMAND, _FUTEX_PRIVATE, _FUTEX_WAIT, _FUTEX_WAIT_BITSET = 0x7F, 0x80, 0, 9
_XATTR = ("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr")
_OF_A_PROCESS = ("prlimit64", "getpgid", "getsid", "sched_getscheduler", "sched_getaffinity")
"""Calls that name a process first."""
_OF_TEMPLATES = ("kill", "tgkill", "wait4", "pidfd_open", "memfd_create", "prctl", *_OF_A_PROCESS, "getpriority")
"""Calls that a template makes, or that its children may make on themselves."""
_CLOCKS = ("clock_gettime", "clock_getres", "clock_nanosleep", "timer_create")
_CLOCK_OF_A_PROCESS = 0x80000000
"""Set in clocks that are named by the complement of a process id."""
_HINTS = ("fadvise64", "readahead", "flock")
"""Succeed without doing anything: advice may be ignored, and no process that a program could lock out exists."""
_MODES = ("chmod", "fchmod", "fchmodat", "fchmodat2")
_TIMES = ("utime", "utimes", "futimesat", "utimensat")


class Check(NamedTuple):
    """A condition on one argument: `Check(0, 1)` means that the low word of the first argument equals 1."""

    argument: int
    value: int
    mask: int = _FULL
    is_high: bool = False


class Rule(NamedTuple):
    """What a call gets: allowed if all checks of one alternative hold, else `error`; `Rule(((),))` allows always."""

    alternatives: tuple[tuple[Check, ...], ...] = ()
    error: int = errno.EPERM


class _Instruction(NamedTuple):
    code: int
    if_true: int
    if_false: int
    value: int


_ALWAYS = Rule(((),))


def program_rules(has_host_files: bool, landlock_abi: int, architecture: str) -> dict[int, Rule]:
    """Return the rules that a program runs under, by system call number.

    Where the files are the machine's (tier B), these are refused as well: modes and times, which Landlock does not
    govern; unnamed files, which no one could count; below ABI 3, what truncates files.
    """
    number_of = numbers(CONDITIONAL, architecture)
    rules = dict.fromkeys(numbers(ALLOWED, architecture).values(), _ALWAYS)
    named = _rules_for_all() | (_rules_for_host_files(landlock_abi) if has_host_files else {})
    rules.update((number_of[name], rule) for name, rule in named.items() if name in number_of)
    return rules


def template_rules(architecture: str) -> dict[int, Rule]:
    """Return what a template, which runs nothing of the program itself, may do beyond a program."""
    number_of = numbers(CONDITIONAL, architecture)
    fork = Rule(((Check(0, 0, _CLONE_NAMESPACES),),))
    allowed = dict.fromkeys(_OF_TEMPLATES, _ALWAYS)
    return {number_of[name]: rule for name, rule in (allowed | {"clone": fork}).items()}


def assemble_difference(rules: Mapping[int, Rule], architecture: str) -> bytes:
    """Translate what a template gives up to become a program: little, so that every test can afford it."""
    given_up = {number: rules.get(number, Rule()) for number in template_rules(architecture)}
    return assemble(given_up, architecture, _ALWAYS)


def assemble(rules: Mapping[int, Rule], architecture: str, default: Rule | None = None) -> bytes:
    """Translate rules to a BPF program; calls without a rule get `default`, or are refused with EPERM."""
    head = [
        _Instruction(_LOAD, 0, 0, 4),
        _Instruction(_EQUAL, 1, 0, _AUDIT_ARCHITECTURE[architecture]),
        _Instruction(_RETURN, 0, 0, _KILL),
        _Instruction(_LOAD, 0, 0, 0),
    ]
    by_number = dict(rules)
    if architecture == "x86_64":
        head += [_Instruction(_AT_LEAST, 0, 1, _X32_BIT), _Instruction(_RETURN, 0, 0, _KILL)]
    body = _search(_ranges(by_number, default or Rule()))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in head + body)


class Filter:
    """An assembled filter in memory; made before a fork, because the child has no time to lose."""

    def __init__(self, program: bytes) -> None:
        words = struct.unpack(f"@{len(program) // 4}I", program)
        self.words = (ctypes.c_uint32 * len(words))(*words)
        self._header = syscalls.Memory(struct.pack("@HP", len(program) // 8, ctypes.addressof(self.words)))
        self.own_places = [place for place in range(1, len(words), 2) if words[place] == _OWN_PID]
        """Which words have to be the process id of whoever enters it."""
        self.step = syscalls.step("prctl", syscalls.PR_SET_SECCOMP, 2, self._header.address)
        """Enters the filter, once they are."""

    def enter(self) -> None:
        """Put this thread and all that it starts under the filter for good; `PR_SET_NO_NEW_PRIVS` has to be set."""
        for place in self.own_places:
            self.words[place] = os.getpid()
        syscalls.take([self.step])


def _rules_for_all() -> dict[str, Rule]:
    own = (Check(0, _OWN_PID),)
    pointer_is_null = (Check(4, 0), Check(4, 0, is_high=True))
    # Joining a thread waits on what the kernel wakes; only processes that share memory wake each other otherwise.
    futex = [(Check(1, _FUTEX_PRIVATE, _FUTEX_PRIVATE),)]
    futex += [(Check(1, command, _FUTEX_COMMAND),) for command in (_FUTEX_WAIT, _FUTEX_WAIT_BITSET)]
    return {
        **dict.fromkeys((*_MODES, *_TIMES, "open", "openat", "creat", "truncate"), _ALWAYS),
        **dict.fromkeys(_XATTR, Rule(error=errno.ENOTSUP)),
        **dict.fromkeys(_HINTS, Rule(error=0)),
        "clone": Rule(((Check(0, _CLONE_THREAD, _CLONE_THREAD | _CLONE_NAMESPACES),),)),
        "clone3": Rule(error=errno.ENOSYS),
        "openat2": Rule(error=errno.ENOSYS),
        "kill": Rule((own,)),
        "tgkill": Rule((own,)),
        "futex": Rule(tuple(futex)),
        **dict.fromkeys(("preadv2", "pwritev2"), Rule(((Check(5, 0),),), errno.EOPNOTSUPP)),
        **dict.fromkeys(_OF_A_PROCESS, Rule(((Check(0, 0),), own), errno.ESRCH)),
        "getpriority": Rule(((Check(1, 0),), (Check(1, _OWN_PID),)), errno.ESRCH),
        **dict.fromkeys(_CLOCKS, Rule(((Check(0, 0, _CLOCK_OF_A_PROCESS),),), errno.EINVAL)),
        "socketpair": Rule(((Check(0, _AF_UNIX),),)),
        "sendto": Rule((pointer_is_null,)),
        "fcntl": Rule(tuple((Check(1, command),) for command in _FCNTL)),
        "ioctl": Rule(tuple((Check(1, request),) for request in (_TCGETS, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX))),
        "prctl": Rule(((Check(0, _PR_SET_NAME),), (Check(0, _PR_GET_NAME),))),
    }


def _rules_for_host_files(landlock_abi: int) -> dict[str, Rule]:
    def opening(flags_argument: int) -> Rule:
        named = Check(flags_argument, 0, _O_TMPFILE_BIT)
        if landlock_abi >= 3:
            return Rule(((named,),), errno.EOPNOTSUPP)
        modes = (Check(flags_argument, 0, _O_TRUNC), Check(flags_argument, 1, _O_ACCMODE))
        modes += (Check(flags_argument, 2, _O_ACCMODE),)
        return Rule(tuple((named, mode) for mode in modes), errno.EOPNOTSUPP)

    rules = dict.fromkeys(_MODES + _TIMES, Rule()) | {"open": opening(1), "openat": opening(2)}
    return rules if landlock_abi >= 3 else rules | {"truncate": Rule()}


def _ranges(rules: Mapping[int, Rule], default: Rule) -> list[tuple[int, Rule]]:
    """Return (first number, rule) of every range of equal treatment, in order, from 0 on."""
    ranges = [(0, default)]
    for number in sorted(rules):
        for first, rule in ((number, rules[number]), (number + 1, default)):
            if ranges[-1][0] == first:
                ranges.pop()
            if not ranges or ranges[-1][1] != rule:
                ranges.append((first, rule))
    return ranges


def _search(ranges: Sequence[tuple[int, Rule]]) -> list[_Instruction]:
    """Translate to a binary search for the number, which the accumulator holds."""
    if len(ranges) == 1:
        return _decide(ranges[0][1])
    middle = len(ranges) // 2
    lower, upper = _search(ranges[:middle]), _search(ranges[middle:])
    first = ranges[middle][0]
    if len(lower) <= _LONGEST_BRANCH:
        return [_Instruction(_AT_LEAST, len(lower), 0, first), *lower, *upper]
    return [_Instruction(_AT_LEAST, 0, 1, first), _Instruction(_JUMP, 0, 0, len(lower)), *lower, *upper]


def _decide(rule: Rule) -> list[_Instruction]:
    instructions: list[_Instruction] = []
    for checks in rule.alternatives:
        block = [_Instruction(_RETURN, 0, 0, _ALLOW)]
        for check in reversed(checks):
            block = _test(check, len(block)) + block
        instructions += block
    if () not in rule.alternatives:
        instructions.append(_Instruction(_RETURN, 0, 0, _ERRNO | rule.error))
    return instructions


def _test(check: Check, num_to_skip: int) -> list[_Instruction]:
    """Translate to: go on if the check holds, else skip the rest of its alternative."""
    word = 16 + 8 * check.argument + (4 if check.is_high else 0)
    load = [_Instruction(_LOAD, 0, 0, word)]
    if check.mask != _FULL:
        load.append(_Instruction(_AND, 0, 0, check.mask))
    return [*load, _Instruction(_EQUAL, 0, num_to_skip, check.value)]
