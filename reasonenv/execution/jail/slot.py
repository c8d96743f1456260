"""One slot: a process that runs one job after another, each in children that are gone before it answers.

A slot neither reads what a program wrote nor runs anything of it, so it may keep the rights that confining takes.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple, NoReturn

from ..wire.channel import receive, send
from ..wire.endings import STILL_RUNNING, Ending
from . import programs, session
from .asserts import oracle
from .confinement import Confinement, RunLimits
from .kernel import namespaces, syscalls
from .scratch import Folder, Tmpfs
from .script import Template, Tests, max_tests
from .stream_files import show_stream_files
from .watch import Child, ConfinementMarks, FirstWait, HungUp, ProcessorQueue, Progress, Question, Unconfined, Watch

_MAX_CHILDREN = 2
_MAX_THREADS = 1024
"""Of a job together; each may have as many by its resource limit."""
_TEMPLATE_SECONDS = 5.0
"""What a template may take beside its tests."""
_ORACLE_CPU_SHARE = 4
"""The tests have as many times the CPU limit of the program: they are not on trial."""
_FRAMES_BELOW = 24
"""How many frames at most are below a program, which may call as deeply as if they were not there."""
_PATIENCE_SHARE = 0.5
"""Of their limits, after which tests that take so long by themselves are asked whose fault that is."""


class SlotSettings(NamedTuple):
    """What a slot is told when it starts."""

    tier: str
    limits: RunLimits
    landlock_abi: int
    base_bytes: int
    spare_uid: int | None
    folder: str
    """On the machine, for scratch folders outside tier A."""


def serve(connection: socket.socket, settings: SlotSettings) -> NoReturn:
    """Turn this fresh child of the zygote into a slot that serves `connection`."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    queue = ProcessorQueue()
    if settings.tier == "A":
        scratch = _move_into_namespaces(settings)
    else:
        scratch = Folder(settings.limits.tmp_bytes, settings.folder)
        if settings.spare_uid is not None:
            os.chown(scratch.path, settings.spare_uid, settings.spare_uid)
            namespaces.become(settings.spare_uid)
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    confinement = Confinement(settings.tier, scratch, settings.limits, settings.base_bytes, settings.landlock_abi)
    slot = _Slot(connection, confinement, queue)
    with contextlib.suppress(HungUp, Unconfined, ConnectionError):
        slot.run()
    os._exit(0)


def _move_into_namespaces(settings: SlotSettings) -> Tmpfs:
    """Enter the namespaces. This process stays as the parent that waits; its child goes on as the slot."""
    shown = namespaces.enter(settings.spare_uid)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    process_id = syscalls.fork()
    if process_id != 0:
        syscalls.call("close_range", 0, 0xFFFFFFFF, 0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]) & 0xFF)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    show_stream_files()
    return Tmpfs(settings.limits.tmp_bytes, shown)


class _Session(NamedTuple):
    """The process of a session, and the socket on which it gets cells and reports each as done."""

    child: Child
    connection: socket.socket


class _Slot:
    def __init__(self, connection: socket.socket, confinement: Confinement, queue: ProcessorQueue) -> None:
        self._connection = connection
        self._confinement = confinement
        self._limits = confinement.limits
        self._queue = queue
        self._session: _Session | None = None
        is_tier_a = confinement.tier == "A"
        self._first_wait = FirstWait(is_bounded_by_kernel=is_tier_a, cpu_limit=confinement.limits.cpu_seconds)
        num_tests = max_tests(confinement)
        self._marks = ConfinementMarks(_MAX_CHILDREN + num_tests)
        places = range(_MAX_CHILDREN, _MAX_CHILDREN + num_tests)
        self._tests = Tests(confinement, self._marks, places)
        limits = confinement.limits
        self._patience_seconds = (
            _PATIENCE_SHARE * _ORACLE_CPU_SHARE * limits.cpu_seconds,
            _PATIENCE_SHARE * limits.wall_seconds,
        )
        self._main = sys.modules["__main__"]
        """Kept alive: a child that replaces it would otherwise tear it down, and have the memory copied for that."""
        self._own = os.pidfd_open(os.getpid())
        sys.setrecursionlimit(sys.getrecursionlimit() + _FRAMES_BELOW)
        gc.collect()
        gc.freeze()

    def run(self) -> None:
        """Answer jobs until the caller is gone."""
        jobs = {"call": self._call, "script": self._script, "asserts": self._asserts, "cell": self._cell}
        send(self._connection, {"ready": True})
        while (received := receive(self._connection)) is not None:
            job, descriptors = received
            endings = jobs[job.pop("kind")](descriptors, **job)
            for descriptor in descriptors:
                os.close(descriptor)
            if self._session is None:
                self._confinement.renew()
            send(self._connection, {"endings": endings})

    def _call(self, descriptors: Sequence[int], call_bytes: int, all_bytes: int, num_calls: int) -> list[Ending]:
        """Run calls, each under the limits of time: the result grows when one is done."""
        result = descriptors[-1]
        child = self._fork(
            lambda: programs.run_calls(call_bytes, all_bytes),
            descriptors,
            cpu_share=num_calls + 1,
            result_bytes=2 * all_bytes,
            waits_for_it=True,
        )
        child.cpu_limit = self._limits.cpu_seconds
        progress = Progress(lambda: os.fstat(result).st_size, num_calls + 1, self._limits.cpu_seconds)
        return self._until_end(self._watch([child], progress=progress))

    def _script(
        self,
        descriptors: Sequence[int],
        prelude_size: int,
        program_size: int,
        input_sizes: list[int],
        test_bytes: int,
        max_result_bytes: int,
    ) -> list[Ending]:
        template = Template(prelude_size, program_size, input_sizes, test_bytes, max_result_bytes, self._tests)
        mine, theirs = socket.socketpair()
        with closing(mine), closing(theirs):
            kept = (*descriptors, theirs.fileno())
            child = self._fork(template.run, kept, is_template=True)
            # Each test has its own watch, so this bound is for a template that is stopped or hangs.
            seconds = len(input_sizes) * self._limits.wall_seconds + _TEMPLATE_SECONDS
            watch = self._watch([child], questions=(mine, self._answer), wall_seconds=seconds)
            endings = self._until_end(watch)
        if endings[0].exit_code > 0:  # a template either finishes or dies of a signal
            raise Unconfined
        return endings

    def _asserts(self, descriptors: Sequence[int], names: list[str]) -> list[Ending]:
        program, tests, result = descriptors
        mine, theirs = socket.socketpair()
        with closing(mine), closing(theirs):
            candidate = self._fork(programs.run_server, (program, theirs.fileno()))
            judge = self._fork(
                lambda: oracle.run_tests(names, self._limits.output_bytes, self._patience_seconds),
                (tests, result, mine.fileno()),
                can_write=False,
                cpu_share=_ORACLE_CPU_SHARE,
                index=1,
                waits_for_it=True,
            )
        return self._until_end(self._watch([judge, candidate]), 2)

    def _cell(self, descriptors: Sequence[int]) -> list[Ending]:
        """Give a cell to the process that ran those before it, which is stopped in between."""
        if self._session is None:
            mine, theirs = socket.socketpair()
            with theirs:
                self._session = _Session(self._fork(session.run_cells, (theirs.fileno(),), cpu_share=0), mine)
        child, connection = self._session
        cpu_before = child.cpu_seconds()
        child.cpu_limit = cpu_before + self._limits.cpu_seconds
        os.kill(child.process_id, signal.SIGCONT)
        watch = self._watch([child])
        with contextlib.suppress(OSError):
            socket.send_fds(connection, [b"!"], descriptors)
        if watch.until_readable(connection) and connection.recv(1):
            os.kill(child.process_id, signal.SIGSTOP)
            return [Ending(STILL_RUNNING, child.cpu_seconds() - cpu_before, None)]
        self._session = None
        connection.close()
        return [ending._replace(cpu_seconds=ending.cpu_seconds - cpu_before) for ending in self._until_end(watch)]

    def _fork(
        self,
        run: Callable[[], object],
        kept: Sequence[int],
        *,
        can_write: bool = True,
        is_template: bool = False,
        cpu_share: int = 1,
        result_bytes: int = 0,
        index: int = 0,
        waits_for_it: bool = False,
    ) -> Child:
        """Start a confined child, the `index`th of the job, that does `run` with the `kept` descriptors from 3 on.

        `waits_for_it` says whether this process has nothing to do now but to wait for that child.
        """
        if self._confinement.tier == "A":
            namespaces.renew_pid_namespace(self._own)
        # Opened for each child: what is set on a description stays for whoever has it next.
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        entry = self._confinement.prepare(
            (nothing,) * 3,
            kept,
            self._marks.steps(index, is_template=is_template),
            can_write=can_write,
            is_template=is_template,
            cpu_share=cpu_share,
            result_bytes=result_bytes,
        )
        self._first_wait.forget()
        start = time.monotonic()
        process_id = entry.fork([self._first_wait.step] if waits_for_it else [])
        if process_id == 0:
            try:
                run()
            finally:
                os._exit(1)
        os.close(nothing)
        cpu_limit = self._limits.cpu_seconds * cpu_share if cpu_share else math.inf
        return Child(process_id, cpu_limit, time.monotonic() - start)

    def _answer(self, question: bytes) -> float:
        if question == Question.EMPTY_SCRATCH:
            self._confinement.scratch.empty()
            return 0.0
        return self._queue.waited_seconds()

    def _is_over(self) -> bool:
        """Return whether, outside tier A, the scratch folder is too full, or there are more threads than may be: no
        limit of the kernel counts those of a job alone.
        """
        scratch = self._confinement.scratch
        return isinstance(scratch, Folder) and (scratch.is_over() or self._queue.num_threads() > _MAX_THREADS)

    def _until_end(self, watch: Watch, num_children: int = 1) -> list[Ending]:
        endings = watch.until_end()
        self._marks.check(range(num_children))
        return endings

    def _watch(
        self,
        children: Sequence[Child],
        *,
        questions: tuple[socket.socket, Callable[[bytes], float]] | None = None,
        wall_seconds: float | None = None,
        progress: Progress | None = None,
    ) -> Watch:
        return Watch(
            children,
            self._limits.wall_seconds if wall_seconds is None else wall_seconds,
            self._queue.waited_seconds,
            is_over=None if self._confinement.tier == "A" else self._is_over,
            hang_up=self._connection,
            questions=questions,
            progress=progress,
        )
