"""The last steps of a fresh child before it runs a stranger's code: limits, descriptors, and every layer at once.

Lives here: what holds for one run. Does not: what holds for a whole slot (`namespaces`), and how long a run may take
(`slot` watches from outside; the limit here is the kernel's backstop).
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import resource
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import landlock, namespaces, seccomp, syscalls
from .scratch import Scratch

__all__ = ["Confinement", "RunLimits", "interpreter_bytes", "rights_around_package"]

_NUM_DESCRIPTORS = 256
_NUM_THREADS = 128
# A program can unlink files and hold them open, where a watched folder does not show them: these bound their sum.
_NUM_DESCRIPTORS_IN_FOLDER, _FILES_IN_FOLDER = 64, 4
_SPARE_THREADS = 1024
_STACK_BYTES = 64 << 20
_LAST_DESCRIPTOR = 0xFFFFFFFF


@dataclass(frozen=True)
class RunLimits:
    """The caller's limits as they cross the socket: `RunLimits(4.0, 16.0, 1 << 29, 1 << 20, 1 << 24)`."""

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    output_bytes: int
    tmp_bytes: int


class Confinement:
    """The layers of one slot, ready to be entered by each of its children."""

    def __init__(self, tier: str, scratch: Scratch, limits: RunLimits, base_bytes: int, landlock_abi: int) -> None:
        self.tier = tier
        self.scratch = scratch
        self.limits = limits
        self._base_bytes = base_bytes
        self._abi = landlock_abi
        self._rulesets: tuple[int, int] | None = None
        self.program_filter: seccomp.Filter | None = None
        self._template_filter: seccomp.Filter | None = None
        self._paths = namespaces.readable_paths()
        self._num_other_threads = 0 if tier == "A" else _num_threads_of_user()
        if tier != "none":
            architecture = syscalls.ARCHITECTURE
            rules = seccomp.program_rules(tier == "B", landlock_abi, architecture)
            self.program_filter = seccomp.Filter(seccomp.assemble(rules, architecture))
            template_rules = rules | seccomp.template_rules(architecture)
            self._template_filter = seccomp.Filter(seccomp.assemble(template_rules, architecture))
            self._rulesets = self._make_rulesets()

    def renew(self) -> None:
        """Give the next run an empty scratch folder."""
        if self.scratch.renew() and self._rulesets is not None:
            for ruleset in self._rulesets:
                os.close(ruleset)
            self._rulesets = self._make_rulesets()

    def enter(
        self, stdio: Sequence[int], kept: Sequence[int], *, can_write: bool, is_template: bool, cpu_share: int
    ) -> None:
        """Confine this process, for good. Afterwards `stdio` are descriptors 0 to 2 and `kept` those from 3 on.

        Args:
            can_write: whether the scratch folder is open to it.
            is_template: whether it may start processes of its own, and end them.
            cpu_share: how many times the CPU limit of a program it has; 0 for no limit.
        """
        _arrange_descriptors((*stdio, *kept), self._rulesets or ())
        if self.tier != "A":
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        self._limit_resources(cpu_share, is_template)
        os.umask(0o022)
        os.chdir(self.scratch.path)
        os.environ["TMPDIR"] = os.environ["HOME"] = tempfile.tempdir = self.scratch.path
        if self.tier == "B":
            _forgive_modes_and_times(self.scratch.path)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._rulesets is None:
            syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
            return
        offset = 3 + len(kept)
        landlock.restrict(offset + (0 if can_write else 1))
        os.closerange(offset, offset + 2)
        syscalls.drop_capabilities()
        chosen = self._template_filter if is_template else self.program_filter
        assert chosen is not None, "a tier with rule sets has filters"
        chosen.enter()

    def _limit_resources(self, cpu_share: int, is_template: bool) -> None:
        limits = self.limits
        # One second is the margin between the watcher's measure and the kernel's.
        seconds = math.ceil(limits.cpu_seconds * cpu_share) + 1 if cpu_share else resource.RLIM_INFINITY
        # A template writes down the outputs of all its children, which have the limit.
        largest_file = limits.tmp_bytes // (1 if self.tier == "A" else _FILES_IN_FOLDER)
        file_bytes = resource.RLIM_INFINITY if is_template else max(limits.output_bytes + 1, largest_file)
        wanted = {
            resource.RLIMIT_CPU: seconds,
            resource.RLIMIT_AS: self._base_bytes + limits.memory_bytes,
            resource.RLIMIT_STACK: _STACK_BYTES,
            resource.RLIMIT_FSIZE: file_bytes,
            resource.RLIMIT_NOFILE: _NUM_DESCRIPTORS if self.tier == "A" else _NUM_DESCRIPTORS_IN_FOLDER,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
            # Outside tier A the kernel counts all threads of the user, which vary.
            resource.RLIMIT_NPROC: _NUM_THREADS if self.tier == "A" else self._num_other_threads + _SPARE_THREADS,
        }
        for kind, amount in wanted.items():
            hard = resource.getrlimit(kind)[1]
            bounded = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(kind, (bounded, bounded))

    def _make_rulesets(self) -> tuple[int, int]:
        """One with, one without the scratch folder."""
        rights: dict[str, int] = {}
        for path in self._paths:
            rights |= dict.fromkeys([path], landlock.READ) if self.tier == "A" else rights_around_package(path)
        rights |= dict.fromkeys(namespaces.DEVICES, landlock.READ_WRITE)
        writable = rights | {self.scratch.path: landlock.READ_WRITE}
        return landlock.create_ruleset(writable, self._abi), landlock.create_ruleset(rights, self._abi)


def rights_around_package(path: str) -> dict[str, int]:
    """Let all be read below `path` except this package, which a file system of its own hides in tier A.

    Landlock can only grant, so that is to grant what stands beside the package, and beside each folder above it.
    """
    package = Path(namespaces.own_package())
    if Path(path) not in package.parents:
        return {path: landlock.READ}
    rights, folder = {path: landlock.READ_FOLDER}, Path(path)
    for name in package.relative_to(path).parts:
        beside = [entry.path for entry in os.scandir(folder) if entry.name != name and not entry.is_symlink()]
        rights |= dict.fromkeys(beside, landlock.READ)
        folder /= name
    return rights


def _forgive_modes_and_times(folder: str) -> None:
    """Let `os.chmod` and `os.utime`, which the filter refuses, do nothing to files in `folder`: copying needs them."""

    def forgiving(change: Callable[..., None]) -> Callable[..., None]:
        def changed(path: str | bytes | int, *arguments: Any, **keywords: Any) -> None:
            try:
                change(path, *arguments, **keywords)
            except PermissionError:
                if isinstance(path, int) or not os.path.abspath(os.fsdecode(path)).startswith(f"{folder}/"):
                    raise

        return changed

    os.chmod, os.utime = forgiving(os.chmod), forgiving(os.utime)


def _num_threads_of_user() -> int:
    """Return how many threads this user has on the machine now."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            total += len(os.listdir(process / "task")) if process.stat().st_uid == os.getuid() else 0
    return total


def interpreter_bytes() -> int:
    """Return the address space that the interpreter takes before any program runs."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _arrange_descriptors(wanted: Sequence[int], rulesets: Sequence[int]) -> None:
    """Renumber the wanted descriptors and then the rule sets from 0 on, and close all others."""
    sources = (*wanted, *rulesets)
    # Copies above every number in use, so that no target is overwritten before it is copied.
    copies = [fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, 64) for source in sources]
    for target, copy in enumerate(copies):
        os.dup2(copy, target, inheritable=False)
    syscalls.call("close_range", len(sources), _LAST_DESCRIPTOR, 0)
