"""The last steps of a fresh child before it runs a stranger's code: limits, descriptors, and every layer at once.

Lives here: what holds for one run. Does not: what holds for a whole slot (`namespaces`), and how long a run may take
(`slot` watches from outside; the limit here is the kernel's backstop).
"""

from __future__ import annotations

import fcntl
import math
import os
import resource
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import landlock, namespaces, seccomp, syscalls
from .scratch import Scratch

__all__ = ["Confinement", "RunLimits", "interpreter_bytes"]

_NUM_DESCRIPTORS = 256
_NUM_THREADS = 128
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
        self.test_filter: seccomp.Filter | None = None
        """What takes a child of a template to where a program is."""
        self._program_filter: seccomp.Filter | None = None
        self._template_filter: seccomp.Filter | None = None
        self._paths = namespaces.readable_paths()
        if tier != "none":
            architecture = syscalls.ARCHITECTURE
            rules = seccomp.program_rules(tier == "B", landlock_abi, architecture)
            self._program_filter = seccomp.Filter(seccomp.assemble(rules, architecture))
            self.test_filter = seccomp.Filter(seccomp.assemble_difference(rules, architecture))
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
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._rulesets is None:
            syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
            return
        offset = 3 + len(kept)
        landlock.restrict(offset + (0 if can_write else 1))
        os.closerange(offset, offset + 2)
        syscalls.drop_capabilities()
        chosen = self._template_filter if is_template else self._program_filter
        assert chosen is not None, "a tier with rule sets has filters"
        chosen.enter()

    def _limit_resources(self, cpu_share: int, is_template: bool) -> None:
        limits = self.limits
        # One second is the margin between the watcher's measure and the kernel's.
        seconds = math.ceil(limits.cpu_seconds * cpu_share) + 1 if cpu_share else resource.RLIM_INFINITY
        # A template writes down the outputs of all its children, which have the limit.
        file_bytes = resource.RLIM_INFINITY if is_template else max(limits.output_bytes + 1, limits.tmp_bytes)
        wanted = {
            resource.RLIMIT_CPU: seconds,
            resource.RLIMIT_AS: self._base_bytes + limits.memory_bytes,
            resource.RLIMIT_STACK: _STACK_BYTES,
            resource.RLIMIT_FSIZE: file_bytes,
            resource.RLIMIT_NOFILE: _NUM_DESCRIPTORS,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
        if self.tier == "A":  # elsewhere the kernel would count all processes of the user
            wanted[resource.RLIMIT_NPROC] = _NUM_THREADS
        for kind, amount in wanted.items():
            hard = resource.getrlimit(kind)[1]
            bounded = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(kind, (bounded, bounded))

    def _make_rulesets(self) -> tuple[int, int]:
        """One with, one without the scratch folder."""
        rights = dict.fromkeys(self._paths, landlock.READ)
        rights |= dict.fromkeys(namespaces.DEVICES, landlock.READ_WRITE)
        writable = rights | {self.scratch.path: landlock.READ_WRITE}
        return landlock.create_ruleset(writable, self._abi), landlock.create_ruleset(rights, self._abi)


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
