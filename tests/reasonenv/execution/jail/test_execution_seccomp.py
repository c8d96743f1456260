"""The filter, run instruction by instruction for both processors, decides as its rules say."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.execution.jail.kernel.call_numbers import ALLOWED, CONDITIONAL, numbers
from reasonenv.execution.jail.kernel.seccomp import (
    Check,
    Rule,
    assemble,
    assemble_difference,
    program_rules,
    template_rules,
)

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
REFUSED = ERRNO | errno.EPERM
OWN_PID = 0x7E575E1F
each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def decide(program: bytes, architecture: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What the kernel's interpreter of classic BPF would return."""
    words = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", number, architecture, 0, *(word % 2**64 for word in words))
    instructions = list(struct.iter_unpack("<HBBI", program))
    accumulator, position = 0, 0
    while True:
        code, if_true, if_false, value = instructions[position]
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x05:
            position += value
        elif code in (0x15, 0x35):
            holds = accumulator == value if code == 0x15 else accumulator >= value
            position += if_true if holds else if_false
        else:
            assert code == 0x06
            return value


def filter_of(architecture: str, *, has_host_files: bool = False, abi: int = 7) -> bytes:
    return assemble(program_rules(has_host_files, abi, architecture), architecture)


def call(architecture: str, name: str, *arguments: int, **options) -> int:
    number = (numbers(ALLOWED, architecture) | numbers(CONDITIONAL, architecture))[name]
    return decide(filter_of(architecture, **options), ARCHITECTURES[architecture], number, arguments)


@given(st.sets(st.integers(0, 600), max_size=60), st.integers(0, 700))
def test_search_finds_every_number_and_no_other(allowed: set[int], number: int) -> None:
    program = assemble(dict.fromkeys(allowed, Rule(((),))), "x86_64")
    assert decide(program, ARCHITECTURES["x86_64"], number) == (ALLOW if number in allowed else REFUSED)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.booleans())
def test_check_compares_the_masked_word(argument: int, value: int, mask: int, is_high: bool) -> None:
    program = assemble({5: Rule(((Check(2, value & mask, mask, is_high),),))}, "x86_64")
    word = argument >> 32 if is_high else argument & 0xFFFFFFFF
    expected = ALLOW if word & mask == value & mask else REFUSED
    assert decide(program, ARCHITECTURES["x86_64"], 5, (0, 0, argument)) == expected


def test_all_checks_of_one_alternative_have_to_hold() -> None:
    rule = Rule(((Check(0, 1), Check(1, 2)), (Check(0, 3),)), errno.ENOSYS)
    program = assemble({5: rule}, "x86_64")
    outcomes = [decide(program, ARCHITECTURES["x86_64"], 5, pair) for pair in ((1, 2), (1, 3), (3, 0), (0, 2))]
    assert outcomes == [ALLOW, ERRNO | errno.ENOSYS, ALLOW, ERRNO | errno.ENOSYS]


@each_architecture
def test_calls_by_another_abi_end_the_process(architecture: str) -> None:
    program = filter_of(architecture)
    assert decide(program, 0x40000003, 1) == KILL
    assert architecture != "x86_64" or decide(program, ARCHITECTURES["x86_64"], 0x40000000 + 1) == KILL


@each_architecture
def test_no_listed_number_stands_for_two_calls(architecture: str) -> None:
    listed = numbers(ALLOWED, architecture) | numbers(CONDITIONAL, architecture)
    assert len(listed) == len(set(listed.values()))
    assert not set(numbers(ALLOWED, architecture)) & set(numbers(CONDITIONAL, architecture))


DANGEROUS = {
    "x86_64": {
        **{"socket": 41, "connect": 42, "accept": 43, "sendmsg": 46, "bind": 49, "fork": 57, "vfork": 58, "execve": 59},
        **{"shmget": 29, "ptrace": 101, "syslog": 103, "setuid": 105, "setpgid": 109, "capset": 126, "mknod": 133},
        **{"setpriority": 141, "sched_setscheduler": 144, "mount": 165, "tkill": 200, "sched_setaffinity": 203},
        **{"mq_open": 240, "keyctl": 250, "ioprio_set": 251, "inotify_add_watch": 254, "unshare": 272, "vmsplice": 278},
        **{"rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "perf_event_open": 298, "setns": 308, "kcmp": 312},
        **{"process_vm_readv": 310, "finit_module": 313, "seccomp": 317, "bpf": 321, "execveat": 322},
        **{"userfaultfd": 323, "pkey_alloc": 330, "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_getfd": 438},
        **{"setxattr": 188, "sendmmsg": 307, "signalfd": 282, "fanotify_init": 300, "name_to_handle_at": 303},
        **{"memfd_secret": 447, "process_madvise": 440, "landlock_restrict_self": 446, "wait4": 61, "pidfd_open": 434},
        **{"memfd_create": 319, "setsockopt": 54, "chown": 92, "modify_ldt": 154, "ioperm": 173, "clock_settime": 227},
    },
    "aarch64": {
        **{"socket": 198, "connect": 203, "accept": 202, "sendmsg": 211, "bind": 200, "execve": 221, "shmget": 194},
        **{"ptrace": 117, "setuid": 146, "capset": 91, "mknodat": 33, "setpriority": 140, "mount": 40, "tkill": 130},
        **{"sched_setscheduler": 119, "sched_setaffinity": 122, "keyctl": 219, "unshare": 97, "vmsplice": 75},
        **{"rt_sigqueueinfo": 138, "perf_event_open": 241, "setns": 268, "process_vm_readv": 270, "seccomp": 277},
        **{"bpf": 280, "execveat": 281, "userfaultfd": 282, "pidfd_send_signal": 424, "io_uring_setup": 425},
        **{"memfd_create": 279, "wait4": 260, "setsockopt": 208, "fchown": 55, "pidfd_getfd": 438, "inotify_init1": 26},
    },
}


@pytest.mark.parametrize(
    ("architecture", "name"), [(architecture, name) for architecture, calls in DANGEROUS.items() for name in calls]
)
def test_a_program_cannot_call(architecture: str, name: str) -> None:
    number = DANGEROUS[architecture][name]
    assert decide(filter_of(architecture), ARCHITECTURES[architecture], number) == REFUSED


@each_architecture
@pytest.mark.parametrize(
    ("name", "arguments", "outcome"),
    [
        ("read", (0, 1, 2), ALLOW),
        ("clone", (0x003D0F00,), ALLOW),  # what pthread_create passes
        ("clone", (0x01200011,), REFUSED),  # what fork passes
        ("clone", (0x10010000,), REFUSED),  # a thread in a new user namespace
        ("clone3", (), ERRNO | errno.ENOSYS),
        ("kill", (OWN_PID, 9), ALLOW),
        ("kill", (1234, 9), REFUSED),
        ("kill", (-1, 9), REFUSED),
        ("kill", (0, 9), REFUSED),
        ("tgkill", (OWN_PID, 5, 9), ALLOW),
        ("tgkill", (5, OWN_PID, 9), REFUSED),
        ("prlimit64", (0, 7), ALLOW),
        ("prlimit64", (1234, 7), ERRNO | errno.ESRCH),
        ("getpgid", (1234,), ERRNO | errno.ESRCH),
        ("getpgid", (OWN_PID,), ALLOW),
        ("sched_getaffinity", (0, 8), ALLOW),
        ("getpriority", (0, 1234), ERRNO | errno.ESRCH),
        ("clock_gettime", (2,), ALLOW),
        ("clock_gettime", (0xFFFFD96A,), ERRNO | errno.EINVAL),  # the clock of process 1234
        ("timer_create", (0xFFFFD96A,), ERRNO | errno.EINVAL),
        ("clock_nanosleep", (1,), ALLOW),
        ("futex", (0, 129), ALLOW),  # wakes in its own memory
        ("futex", (0, 0), ALLOW),  # waits for the end of a thread
        ("futex", (0, 1), REFUSED),  # wakes others
        ("preadv2", (3, 1, 1, 0, 0, 0), ALLOW),
        ("preadv2", (3, 1, 1, 0, 0, 8), ERRNO | errno.EOPNOTSUPP),  # RWF_NOWAIT
        *((name, (), ERRNO | 0) for name in ("fadvise64", "readahead", "flock")),
        ("socketpair", (1, 1), ALLOW),
        ("socketpair", (16, 3), REFUSED),
        ("sendto", (3, 1, 1, 0, 0, 0), ALLOW),
        ("sendto", (3, 1, 1, 0, 0x7FFF0000, 110), REFUSED),
        ("sendto", (3, 1, 1, 0, 1 << 32, 110), REFUSED),
        ("fcntl", (1, 2, 1), ALLOW),
        *(("fcntl", (1, lock), REFUSED) for lock in (5, 6, 7, 36, 37, 38)),
        ("fcntl", (1, 8, 1), REFUSED),  # F_SETOWN
        ("fcntl", (1, 10, 9), REFUSED),  # F_SETSIG
        ("fcntl", (1, 15, 0), REFUSED),  # F_SETOWN_EX
        ("fcntl", (1, 1033, 0), REFUSED),  # F_ADD_SEALS
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), REFUSED),  # TIOCSTI
        ("ioctl", (0, 0x8901), REFUSED),  # FIOSETOWN
        ("prctl", (15,), ALLOW),
        ("prctl", (1, 0), REFUSED),  # PR_SET_PDEATHSIG
        ("prctl", (22, 2), REFUSED),  # PR_SET_SECCOMP
        ("getxattr", (), ERRNO | errno.ENOTSUP),
        ("openat", (-100, 0, 0o20200002), ALLOW),
        ("utimensat", (), ALLOW),
        ("truncate", (), ALLOW),
    ],
)
def test_decision_on_arguments(architecture: str, name: str, arguments: tuple[int, ...], outcome: int) -> None:
    assert call(architecture, name, *arguments) == outcome


@each_architecture
@pytest.mark.parametrize(
    ("name", "arguments", "abi", "outcome"),
    [
        ("fchmod", (), 7, REFUSED),
        ("fchmodat", (), 7, REFUSED),
        ("utimensat", (), 7, REFUSED),
        ("openat", (-100, 0, 0o20200002), 7, ERRNO | errno.EOPNOTSUPP),
        ("openat", (-100, 0, 0o1101), 7, ALLOW),
        ("openat", (-100, 0, 0o1000), 7, ALLOW),
        ("truncate", (), 7, ALLOW),
        ("truncate", (), 2, REFUSED),
        ("openat", (-100, 0, 0o1101), 2, ALLOW),
        ("openat", (-100, 0, 0o0), 2, ALLOW),
        ("openat", (-100, 0, 0o1000), 2, ERRNO | errno.EOPNOTSUPP),  # truncates what may only be read
        ("openat", (-100, 0, 0o20200002), 2, ERRNO | errno.EOPNOTSUPP),
    ],
)
def test_decision_where_the_files_are_the_machines(architecture, name, arguments, abi, outcome) -> None:
    assert call(architecture, name, *arguments, has_host_files=True, abi=abi) == outcome


@each_architecture
def test_a_template_may_fork_but_make_no_namespace(architecture: str) -> None:
    number_of = numbers(CONDITIONAL, architecture)
    program = assemble(program_rules(False, 7, architecture) | template_rules(architecture), architecture)
    flags = {0x01200011: ALLOW, 0x11200011: REFUSED, 0x00020011: REFUSED, 0x02000011: REFUSED, 0x91: REFUSED}
    decisions = {flag: decide(program, ARCHITECTURES[architecture], number_of["clone"], (flag,)) for flag in flags}
    assert decisions == flags


@given(
    st.sampled_from(sorted(ARCHITECTURES)),
    st.booleans(),
    st.integers(0, 460),
    st.lists(st.sampled_from([0, 1, 8, 9, 15, 22, 16, OWN_PID, 0x003D0F00, 0x01200011, 2**32]), max_size=6),
)
def test_a_child_of_a_template_ends_up_where_a_program_is(architecture, has_host_files, number, arguments) -> None:
    rules = program_rules(has_host_files, 7, architecture)
    template = assemble(rules | template_rules(architecture), architecture)
    difference = assemble_difference(rules, architecture)
    both = [
        decide(program, ARCHITECTURES[architecture], number, tuple(arguments)) for program in (template, difference)
    ]
    alone = decide(assemble(rules, architecture), ARCHITECTURES[architecture], number, tuple(arguments))
    assert (ALLOW == both[0] == both[1]) == (alone == ALLOW)
