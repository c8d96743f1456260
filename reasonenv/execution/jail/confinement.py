"""The last steps of a fresh child before it runs a stranger's code: limits, descriptors, and every layer at once.

The CPU limit set here is the kernel's backstop; the slot watches from outside.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .kernel import landlock, namespaces, seccomp, syscalls
from .kernel.syscalls import SIGNAL_SET_BYTES, Memory, Step, signal_set
from .scratch import Scratch

_NUM_DESCRIPTORS = 256
_NUM_THREADS = 128
# A program can unlink files and hold them open, where a watched folder does not show them: these bound their sum.
_NUM_DESCRIPTORS_IN_FOLDER, _FILES_IN_FOLDER = 64, 4
_STACK_BYTES = 64 << 20
_NO_LIMIT = 0xFFFFFFFFFFFFFFFF
_LAST_DESCRIPTOR = 0xFFFFFFFF


class RunLimits(NamedTuple):
    """The caller's limits as they cross the socket: `RunLimits(4.0, 16.0, 1 << 29, 1 << 20, 1 << 24)`."""

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    output_bytes: int
    tmp_bytes: int


class Entry(NamedTuple):
    """A child to be forked, and all that confines it."""

    steps: list[Step]
    filter: seccomp.Filter | None
    """What one of the steps enters."""
    folder: str | None
    """Where refusals to change modes and times are to be forgiven."""

    def fork(self, then: Sequence[Step] = ()) -> int:
        """Fork, and return 0 in the child when it is confined for good; where a step is refused the child ends instead.

        The kernel copies what the child touches, so it does all in this frame, with what the frame holds already. So
        does the parent with `then`, system calls that may be refused.
        """
        steps, filter, folder = self
        places, words = ([], []) if filter is None else (filter.own_places, filter.words)
        get_own, end = syscalls.step("getpid"), os._exit
        fork, system_call = syscalls.direct()
        process_id = fork()
        if process_id != 0:
            for step in then:
                system_call(*step)
            return process_id
        is_confined = False
        try:
            own = system_call(*get_own)
            for place in places:
                words[place] = own
            if folder is not None:
                _forgive_modes_and_times(folder)
            for step in steps:
                if system_call(*step) < 0:
                    end(1)
            is_confined = True
        finally:
            if not is_confined:
                end(1)
        return 0


class Confinement:
    """The layers of one slot, ready to be entered by each of its children."""

    def __init__(self, tier: str, scratch: Scratch, limits: RunLimits, base_bytes: int, landlock_abi: int) -> None:
        self.tier = tier
        self.scratch = scratch
        self.limits = limits
        self._base_bytes = base_bytes
        self._abi = landlock_abi
        self._rulesets: tuple[int, int] | None = None
        self._test_filter: seccomp.Filter | None = None
        """Makes a child of a template a program."""
        self._program_filter: seccomp.Filter | None = None
        self._template_filter: seccomp.Filter | None = None
        self._paths = namespaces.readable_paths()
        self.num_descriptors = _NUM_DESCRIPTORS if tier == "A" else _NUM_DESCRIPTORS_IN_FOLDER
        """How many each child may have."""
        self._limits: dict[tuple[int, int], Memory] = {}
        self._signals: dict[tuple[int, ...], Memory] = {}
        end_with_parent = syscalls.step("prctl", syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        self._end_with_parent = [] if tier == "A" else [end_with_parent]
        self._path = Memory(os.fsencode(scratch.path) + b"\0")
        self._header, self._no_capabilities = Memory(syscalls.CAPABILITY_HEADER), Memory(syscalls.NO_CAPABILITIES)
        self._drop_capabilities = syscalls.step("capset", self._header.address, self._no_capabilities.address)
        self._begin = [syscalls.step("umask", 0o022), syscalls.step("chdir", self._path.address)]
        # What is the same for all children is done here once.
        os.environ["TMPDIR"] = os.environ["HOME"] = scratch.path
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGCHLD})
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if tier != "none":
            architecture = syscalls.ARCHITECTURE
            rules = seccomp.program_rules(tier == "B", landlock_abi, architecture)
            self._program_filter = seccomp.Filter(seccomp.assemble(rules, architecture))
            self._test_filter = seccomp.Filter(seccomp.assemble_difference(rules, architecture))
            template_rules = rules | seccomp.template_rules(architecture)
            self._template_filter = seccomp.Filter(seccomp.assemble(template_rules, architecture))
            self._rulesets = self._make_rulesets()

    def renew(self) -> None:
        """Give the next run an empty scratch folder."""
        if self.scratch.renew() and self._rulesets is not None:
            for ruleset in self._rulesets:
                os.close(ruleset)
            self._rulesets = self._make_rulesets()

    def prepare(
        self,
        stdio: Sequence[int],
        kept: Sequence[int],
        mark: Sequence[Step],
        *,
        can_write: bool,
        is_template: bool,
        cpu_share: int,
        result_bytes: int = 0,
    ) -> Entry:
        """Return what confines a child; then `stdio` are its descriptors 0 to 2 and `kept` those from 3 on.

        Args:
            mark: the steps that are taken last.
            can_write: whether the scratch folder is open to it.
            is_template: whether it may start processes of its own, and end them.
            cpu_share: how many times the CPU limit of a program it has; 0 for no limit.
            result_bytes: how large a file it must be able to write, whatever the limits.
        """
        chosen = self._template_filter if is_template else self._program_filter
        enter = [] if chosen is None else [self._drop_capabilities, chosen.step]
        steps = [
            *self._end_with_parent,
            syscalls.step("prctl", syscalls.PR_SET_NO_NEW_PRIVS, 1),
            *self._restrict_files(can_write),
            *_arrange_descriptors((*stdio, *kept)),
            *self._limit_resources(cpu_share, is_template, result_bytes),
            *self._begin,
            self._unblock(signal.SIGINT) if is_template else self._unblock(signal.SIGINT, signal.SIGCHLD),
            *enter,
            *mark,
        ]
        return Entry(steps, chosen, self.scratch.path if self.tier == "B" else None)

    def prepare_test(self, stdio: Sequence[int], mark: Sequence[Step], kept: Sequence[int] = ()) -> Entry:
        """Return what makes the child of a template, which is confined already, a program.

        Args:
            stdio: become descriptors 0 to 2.
            mark: the steps that are taken last.
            kept: what it has beside them, under the same numbers. With these no file may be larger than its output.
        """
        limits = self.limits
        file_bytes = limits.output_bytes + 1 if kept else max(limits.output_bytes + 1, limits.tmp_bytes)
        streams = [syscalls.step("dup3", descriptor, target) for target, descriptor in enumerate(stdio)]
        enter = [] if self._test_filter is None else [self._test_filter.step]
        steps = [
            *streams,
            *_close_all_but((*range(len(stdio)), *kept)),
            self._limit(resource.RLIMIT_FSIZE, file_bytes),
            self._unblock(signal.SIGCHLD),
            *self._end_with_parent,
            *enter,
            *mark,
        ]
        return Entry(steps, self._test_filter, None)

    def _restrict_files(self, can_write: bool) -> list[Step]:
        if self._rulesets is None:
            return []
        return [syscalls.step("landlock_restrict_self", self._rulesets[0 if can_write else 1], 0)]

    def _limit_resources(self, cpu_share: int, is_template: bool, result_bytes: int) -> list[Step]:
        limits = self.limits
        # One second is the margin between the watcher's measure and the kernel's.
        seconds = math.ceil(limits.cpu_seconds * cpu_share) + 1 if cpu_share else resource.RLIM_INFINITY
        # A template writes down the outputs of all its children, which have the limit.
        largest_file = limits.tmp_bytes // (1 if self.tier == "A" else _FILES_IN_FOLDER)
        file_bytes = resource.RLIM_INFINITY if is_template else max(limits.output_bytes + 1, largest_file, result_bytes)
        wanted = {
            resource.RLIMIT_CPU: seconds,
            resource.RLIMIT_AS: self._base_bytes + limits.memory_bytes,
            resource.RLIMIT_STACK: _STACK_BYTES,
            resource.RLIMIT_FSIZE: file_bytes,
            resource.RLIMIT_NOFILE: self.num_descriptors,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
        if self.tier == "A":  # elsewhere the kernel would count the threads of the whole user: the slot does, by job
            wanted[resource.RLIMIT_NPROC] = _NUM_THREADS
        return [self._limit(kind, amount) for kind, amount in wanted.items()]

    def _limit(self, kind: int, amount: int) -> Step:
        if (kind, amount) not in self._limits:
            hard = resource.getrlimit(kind)[1]
            bounded = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            # A program may ask for a larger stack, as some do: the address space bounds it.
            soft, most = (
                _NO_LIMIT if limit == resource.RLIM_INFINITY else limit
                for limit in (bounded, hard if kind == resource.RLIMIT_STACK else bounded)
            )
            self._limits[kind, amount] = Memory(struct.pack("@2Q", soft, most))
        return syscalls.step("prlimit64", 0, kind, self._limits[kind, amount].address)

    def _unblock(self, *signals: int) -> Step:
        if signals not in self._signals:
            self._signals[signals] = Memory(signal_set(*signals))
        address = self._signals[signals].address
        return syscalls.step("rt_sigprocmask", signal.SIG_UNBLOCK, address, 0, SIGNAL_SET_BYTES)

    def _make_rulesets(self) -> tuple[int, int]:
        """Return a rule set with the scratch folder and one without."""
        rights: dict[str, int] = {}
        for path in self._paths:
            rights |= dict.fromkeys([path], landlock.READ) if self.tier == "A" else rights_around_package(path)
        rights |= dict.fromkeys(namespaces.DEVICES, landlock.READ_WRITE)
        writable = rights | {self.scratch.path: landlock.READ_WRITE}
        return landlock.create_ruleset(writable, self._abi), landlock.create_ruleset(rights, self._abi)


def rights_around_package(path: str) -> dict[str, int]:
    """Return the rights to read all below `path` but this package, which an empty file system hides in tier A.

    Landlock can only grant, so what stands beside the package is granted, and beside each folder above it.
    """
    package = namespaces.own_package()
    if not namespaces.is_below(package, path):
        return {path: landlock.READ}
    rights, folder = {path: landlock.READ_FOLDER}, path
    for name in os.path.relpath(package, path).split("/"):
        beside = [entry.path for entry in os.scandir(folder) if entry.name != name and not entry.is_symlink()]
        rights |= dict.fromkeys(beside, landlock.READ)
        folder = os.path.join(folder, name)
    return rights


def _forgive_modes_and_times(folder: str) -> None:
    """Make `os.chmod` and `os.utime`, which the filter refuses, do nothing to files in `folder`: copying needs them."""

    def forgiving(change: Callable[..., None]) -> Callable[..., None]:
        def changed(path: str | bytes | int, *arguments: Any, **keywords: Any) -> None:
            try:
                change(path, *arguments, **keywords)
            except PermissionError:
                if isinstance(path, int) or not os.path.abspath(os.fsdecode(path)).startswith(f"{folder}/"):
                    raise

        return changed

    os.chmod, os.utime = forgiving(os.chmod), forgiving(os.utime)


def interpreter_bytes() -> int:
    """Return the address space that the interpreter takes before any program runs."""
    with open("/proc/self/statm", encoding="ascii") as counts:
        return int(counts.read().split()[0]) * resource.getpagesize()


def _arrange_descriptors(wanted: Sequence[int]) -> list[Step]:
    """Renumber the wanted descriptors from 0 on, and close all others."""
    # Copies above every number that is wanted, so that no target is overwritten before it is copied.
    first = max(*wanted, len(wanted)) + 1
    copies = [syscalls.step("dup3", source, first + target, os.O_CLOEXEC) for target, source in enumerate(wanted)]
    moves = [syscalls.step("dup3", first + target, target, os.O_CLOEXEC) for target in range(len(wanted))]
    return [*copies, *moves, *_close_all_but(range(len(wanted)))]


def _close_all_but(kept: Sequence[int]) -> list[Step]:
    """Return the steps that close all descriptors but `kept`, which are in rising order."""
    gaps = zip((-1, *kept), (*kept, _LAST_DESCRIPTOR + 1), strict=True)
    return [syscalls.step("close_range", below + 1, above - 1) for below, above in gaps if below + 1 < above]
