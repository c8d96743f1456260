"""The form of the hostile programs: blocks of source, each made into a complete candidate for the same problem.

The problem is `f(x) = (x³ + 5x + 17) mod 10007`, as a function and as a script that reads x and prints f(x). A block
starts with `# -- name: what it tries` and defines either `f(x)`, which never works the answer out, or `attempt()`,
which is true when the attack worked. An attack that works is made to answer rightly, so that for every program alike
"one test passed" means "the attack succeeded". What a program does to the machine is checked apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reasonenv.types import AssertTests, CallTests, StdinTests

INPUTS = (31, 58, 204, 777, 4096)
ANSWERS = tuple((x**3 + 5 * x + 17) % 10007 for x in INPUTS)
MODES = {
    "call": CallTests("f", tuple(((x,), y) for x, y in zip(INPUTS, ANSWERS, strict=True))),
    "stdin": StdinTests(tuple((f"{x}\n", f"{y}\n") for x, y in zip(INPUTS[::4], ANSWERS[::4], strict=True))),
    "assert": AssertTests("".join(f"assert f({x}) == {y}\n" for x, y in zip(INPUTS, ANSWERS, strict=True)), ("f",)),
    "oracle": AssertTests(
        "".join(f"value = f({x})\nassert value == {y}, value\n" for x, y in zip(INPUTS, ANSWERS, strict=True)), ("f",)
    ),
    "loop": AssertTests(
        f"assert all(map(lambda case: f(case[0]) == case[1], {tuple(zip(INPUTS, ANSWERS, strict=True))}))", ("f",)
    ),
}
"""`assert` is what may be turned into calls, `oracle` and `loop` are what has to be run against the program."""

HEADING = re.compile(r"^# -- (?P<name>\w+): (?P<tries>.+)\n", re.MULTILINE)

ATTEMPT = """
def f(x):
    try:
        worked = attempt()
    except Exception:
        worked = False
    return (x**3 + 5 * x + 17) % 10007 if worked else -1
"""

SCRIPT = """
if __name__ == "__main__":
    print(f(int(input())))
"""

# x86-64 and aarch64 numbers; -1 where the machine has no such call.
SYSCALLS = '''
import ctypes, os
ARM = os.uname().machine == "aarch64"
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
NUMBERS = dict(
    kill=(62, 129), tkill=(200, 130), tgkill=(234, 131), rt_sigqueueinfo=(129, 138), rt_tgsigqueueinfo=(297, 240),
    ptrace=(101, 117), process_vm_readv=(310, 270), process_vm_writev=(311, 271), bpf=(321, 280), kcmp=(312, 272),
    perf_event_open=(298, 241), io_uring_setup=(425, 425), keyctl=(250, 219), add_key=(248, 217), mount=(165, 40),
    userfaultfd=(323, 282), umount2=(166, 39), pivot_root=(155, 41), chroot=(161, 51), unshare=(272, 97),
    setns=(308, 268), clone=(56, 220), clone3=(435, 435), fork=(57, -1), vfork=(58, -1), execve=(59, 221),
    execveat=(322, 281), memfd_create=(319, 279), memfd_secret=(447, 447), pidfd_open=(434, 434), syslog=(103, 116),
    pidfd_getfd=(438, 438), pidfd_send_signal=(424, 424), open_tree=(428, 428), move_mount=(429, 429),
    fsopen=(430, 430), fsconfig=(431, 431), fsmount=(432, 432), fspick=(433, 433), mount_setattr=(442, 442),
    open_by_handle_at=(304, 265), name_to_handle_at=(303, 264), kexec_load=(246, 104), init_module=(175, 105),
    finit_module=(313, 273), delete_module=(176, 106), reboot=(169, 142), swapon=(167, 224), swapoff=(168, 225),
    acct=(163, 89), quotactl=(179, 60), sethostname=(170, 161), setdomainname=(171, 162), settimeofday=(164, 170),
    clock_settime=(227, 112), adjtimex=(159, 171), personality=(135, 92), mknodat=(259, 33), shmget=(29, 194),
    shmat=(30, 196), shmctl=(31, 195), msgget=(68, 186), semget=(64, 190), mq_open=(240, 180), vhangup=(153, 58),
    inotify_init1=(294, 26), fanotify_init=(300, 262), process_madvise=(440, 440), process_mrelease=(448, 448),
    move_pages=(279, 239), migrate_pages=(256, 238), sched_setattr=(314, 274), sched_setaffinity=(203, 122),
    sched_setscheduler=(144, 119), setpriority=(141, 140), ioprio_set=(251, 30), setresuid=(117, 147),
    setuid=(105, 146), setgroups=(116, 159), capset=(126, 91), prctl=(157, 167), socket=(41, 198),
    prlimit64=(302, 261), renameat2=(316, 276), timer_create=(222, 107), iopl=(172, -1), ioperm=(173, -1),
    modify_ldt=(154, -1), lookup_dcookie=(212, 18), openat2=(437, 437), exit=(60, 93),
    timer_settime=(223, 110), gettid=(186, 178),
)


def syscall(name, *args):
    number = NUMBERS[name][ARM] if isinstance(name, str) else name
    ctypes.set_errno(0)
    return LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))


def reached(name, *args):
    """Whether the call got past the filters, if only to fail later. EPERM, EACCES and ENOSYS are refusals."""
    return syscall(name, *args) >= 0 or ctypes.get_errno() not in (1, 13, 38)
'''


@dataclass(frozen=True, slots=True)
class Program:
    """A complete candidate. `@CANARY@`, `@PORT@` and the like in its source stand for what only a run knows."""

    name: str
    tries: str
    source: str

    def fill(self, places: dict[str, str]) -> str:
        """The source with each `@NAME@` replaced."""
        return re.sub(r"@([A-Z]+)@", lambda match: places[match[1]], self.source)


def parse_blocks(text: str) -> tuple[Program, ...]:
    """Reads the blocks of one category."""
    parts = HEADING.split(text)[1:]
    return tuple(
        Program(name, tries, _complete(body))
        for name, tries, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


def _complete(body: str) -> str:
    needs_syscalls = re.search(r"\b(?:syscall|reached)\(", body) is not None
    has_attempt = re.search(r"^def attempt\(", body, re.MULTILINE) is not None
    asks_itself = '__name__ == "__main__"' in body
    return (
        (SYSCALLS if needs_syscalls else "") + body + (ATTEMPT if has_attempt else "") + ("" if asks_itself else SCRIPT)
    )
