"""Waiting for children, and ending those that use more than they may.

CPU time is what counts. Wall time is the backstop against sleepers; the time in which a child was ready to run but the
machine had no processor for it is not counted.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Literal, NamedTuple

from ..wire.endings import Ending
from .kernel import syscalls
from .kernel.syscalls import SIGNAL_SET_BYTES, signal_set

_LONGEST_WAIT_SECONDS = 0.05
_HOLDINGS_WAIT_SECONDS = 0.003
_MAX_THREADS_READ = 64
_TIME_BYTES = 16  # of a timespec: seconds and nanoseconds
_RUSAGE_WORDS = 18  # seconds and microseconds of the program, the same of the kernel, and much else
_NO_STATUS = -1


class HungUp(Exception):  # noqa: N818 - an event, not an error
    """The caller is gone."""


class Question(bytes, Enum):
    """What a template may ask its slot: how long its child waited for a processor, or to empty the scratch folder."""

    WAITED = b"w"
    EMPTY_SCRATCH = b"e"


class Unconfined(Exception):  # noqa: N818 - says what happened
    """A child ended before all layers were in force: nothing of the program has run."""


class ConfinementMarks:
    """Memory shared with all children, in which each has a place. When all layers are in force, the kernel writes the
    time to the child's place, and a child that is to run a program loses sight of this memory.
    """

    def __init__(self, number: int) -> None:
        self._page = mmap.mmap(-1, number * _TIME_BYTES)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))

    def steps(self, index: int, *, is_template: bool = False) -> list[syscalls.Step]:
        """Return what a child does last; a template keeps the places, for its own children."""
        write = syscalls.step("clock_gettime", time.CLOCK_MONOTONIC, self._address + index * _TIME_BYTES)
        return [write] if is_template else [write, syscalls.step("munmap", self._address, len(self._page))]

    def check(self, places: Iterable[int]) -> None:
        """Clear the places of children that have ended; raise `Unconfined` if nothing was written to one of them."""
        for index in places:
            place = slice(index * _TIME_BYTES, (index + 1) * _TIME_BYTES)
            mark = self._page[place]
            self._page[place] = bytes(_TIME_BYTES)
            if not any(mark):
                raise Unconfined


class Child:
    """A process forked by this one; `unwatched_seconds` is for how long it ran before anybody watched it."""

    def __init__(self, process_id: int, cpu_limit: float, unwatched_seconds: float = 0.0) -> None:
        self.process_id = process_id
        self.cpu_limit = cpu_limit
        self.unwatched_seconds = unwatched_seconds
        self.ending: Ending | None = None
        self.limit: Literal["time", "holdings"] | None = None
        self.descriptor = os.pidfd_open(process_id)

    def cpu_seconds(self) -> float:
        """Return the CPU time of its threads so far."""
        try:
            return time.clock_gettime(syscalls.processor_clock(self.process_id))
        except OSError:  # it has just ended
            return 0.0

    def kill(self, limit: Literal["time", "holdings"] | None = None) -> None:
        self.limit = self.limit or limit
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process_id, signal.SIGKILL)

    def reap(self) -> Ending:
        """Wait until it has ended."""
        if self.ending is None:
            _, status, usage = os.wait4(self.process_id, 0)
            os.close(self.descriptor)
            seconds = usage.ru_utime + usage.ru_stime
            limit = "time" if seconds >= self.cpu_limit else self.limit
            self.ending = Ending(os.waitstatus_to_exitcode(status), seconds, limit)
        return self.ending


class FirstWait:
    """Waits for a fresh child for as long as a `Watch` would before it first looks; most children end meanwhile.

    It is one system call, made right after the fork, because as long as the child lives all memory that this process
    touches is copied. SIGCHLD has to be blocked.
    """

    def __init__(self, *, is_bounded_by_kernel: bool, cpu_limit: float) -> None:
        self._cpu_limit = cpu_limit
        longest = _LONGEST_WAIT_SECONDS if is_bounded_by_kernel else _HOLDINGS_WAIT_SECONDS
        self._signals = syscalls.Memory(signal_set(signal.SIGCHLD))
        self._seconds = syscalls.Memory(_timespec(max(0.001, min(longest, cpu_limit))))
        self._no_seconds = syscalls.Memory(_timespec(0.0))
        self._usage = (ctypes.c_long * _RUSAGE_WORDS)()
        self._status = ctypes.c_int(_NO_STATUS)
        status, usage = ctypes.addressof(self._status), ctypes.addressof(self._usage)
        self._forget = self._wait_for_signal(self._no_seconds)
        self.step = self._wait_for_signal(self._seconds)
        self.reap = syscalls.step("wait4", -1, status, os.WNOHANG, usage)
        """Reaps the only child of this process, if it has ended."""

    def forget(self) -> None:
        """Before a fork, forget the end of an earlier child, or it would be taken for that of the next."""
        syscalls.direct().system_call(*self._forget)

    def take_ending(self) -> Ending | None:
        """Return how the child ended that `reap` has reaped; None if it had not ended."""
        status = self._status.value
        if status == _NO_STATUS:
            return None
        self._status.value = _NO_STATUS
        words = self._usage
        seconds = words[0] + words[2] + (words[1] + words[3]) / 1e6
        limit = "time" if seconds >= self._cpu_limit else None
        return Ending(os.waitstatus_to_exitcode(status), seconds, limit)

    def _wait_for_signal(self, seconds: syscalls.Memory) -> syscalls.Step:
        return syscalls.step("rt_sigtimedwait", self._signals.address, 0, seconds.address, SIGNAL_SET_BYTES)


def _timespec(seconds: float) -> bytes:
    return struct.pack("@2q", *divmod(int(1e9 * seconds), 10**9))


class ProcessorQueue:
    """For how long the descendants of this process have been ready to run without running.

    Reads the machine's `/proc`, opened before that is out of sight; where it cannot be read the answer is 0.
    """

    def __init__(self) -> None:
        self.descriptor = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def waited_seconds(self) -> float:
        """Return the longest wait of any thread of any descendant."""
        longest = 0.0
        with contextlib.suppress(OSError, ValueError):
            for process_id in self._descendants():
                longest = max(longest, *map(self._waited, self._threads(process_id)), 0.0)
        return longest

    def num_threads(self) -> int:
        """Return how many threads the descendants have together."""
        number = 0
        with contextlib.suppress(OSError, ValueError):
            for process_id in self._descendants():
                number += os.stat(f"{process_id}/task", dir_fd=self.descriptor).st_nlink - 2
        return number

    def _descendants(self) -> Iterator[str]:
        pending = self._children(os.readlink("self", dir_fd=self.descriptor))
        while pending:
            process_id = pending.pop()
            yield process_id
            pending += self._children(process_id)

    def _children(self, process_id: str) -> list[str]:
        return self._read(f"{process_id}/task/{process_id}/children").split()

    def _threads(self, process_id: str) -> list[str]:
        folder = os.open(f"{process_id}/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.descriptor)
        try:
            return [f"{process_id}/task/{name}" for name in os.listdir(folder)[:_MAX_THREADS_READ]]
        finally:
            os.close(folder)

    def _waited(self, thread: str) -> float:
        return int(self._read(f"{thread}/schedstat").split()[1]) / 1e9

    def _read(self, path: str) -> str:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.descriptor)
        try:
            return os.read(descriptor, 1 << 16).decode("ascii")
        finally:
            os.close(descriptor)


class Progress(NamedTuple):
    """What shows that a child has done a part of its work, and may take as long for the next part."""

    look: Callable[[], int]
    """Returns another number than before when a part is done; the child itself makes it."""
    num_parts: int
    cpu_seconds: float
    """How much CPU time each part may take."""


class Watch:
    """Children and the bounds they are under.

    Args:
        wall_seconds: how long they may take, the time before the watch included, less `waited_seconds()`; may be inf.
        is_over: whether files or threads are too many; asked every few milliseconds where the kernel sets no limit.
        hang_up: a socket; when its other side closes, nobody needs the result.
        questions: a socket on which the first child may ask, and the function that answers.
        progress: that of the first child; all limits of time are for each part then.
    """

    def __init__(
        self,
        children: Sequence[Child],
        wall_seconds: float,
        waited_seconds: Callable[[], float],
        *,
        is_over: Callable[[], bool] | None = None,
        hang_up: socket.socket | None = None,
        questions: tuple[socket.socket, Callable[[bytes], float]] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._progress = progress
        self._num_parts_left = progress.num_parts if progress else 0
        self._seen = 0
        self._start = time.monotonic()
        self._children = children
        self._wall_seconds = wall_seconds - max(child.unwatched_seconds for child in children)
        self._waited_seconds = waited_seconds
        self._is_over = is_over
        self._hang_up = hang_up
        self._questions = questions

    def until_end(self) -> list[Ending]:
        """Wait until the first child has ended, then end the others; return the endings in order.

        If the caller goes away, all children are ended and `HungUp` is raised; so it is by `until_readable`.
        """
        self._wait(None)
        self._kill(None)
        return [child.reap() for child in self._children]

    def until_readable(self, connection: socket.socket) -> bool:
        """Wait until there is something to read; return False if the first child ended before."""
        return self._wait(connection)

    def _wait(self, connection: socket.socket | None) -> bool:
        poll = select.poll()
        poll.register(self._children[0].descriptor, select.POLLIN)
        for other, events in (
            (connection, select.POLLIN),
            (self._questions and self._questions[0], select.POLLIN),
            (self._hang_up, select.POLLRDHUP),
        ):
            if other is not None:
                poll.register(other, events)
        self._start = time.monotonic()
        longest = _LONGEST_WAIT_SECONDS if self._is_over is None else _HOLDINGS_WAIT_SECONDS
        while True:
            spare = min(child.cpu_limit - child.cpu_seconds() for child in self._children)
            ready = {descriptor for descriptor, _ in poll.poll(max(1.0, 1000 * min(longest, spare)))}
            if self._hang_up is not None and self._hang_up.fileno() in ready:
                self._kill(None)
                raise HungUp
            if self._children[0].descriptor in ready:
                return False
            if connection is not None and connection.fileno() in ready:
                return True
            if self._questions is not None and self._questions[0].fileno() in ready:
                asking, answer = self._questions
                asking.send(struct.pack("d", answer(asking.recv(1))))
            self._renew()
            self._end_overdue(self._wall_seconds - (time.monotonic() - self._start))

    def _renew(self) -> None:
        """Begin to count anew when a part is done."""
        if self._progress is None or self._num_parts_left == 0 or self._progress.look() == self._seen:
            return
        self._seen = self._progress.look()
        self._num_parts_left -= 1
        self._start = time.monotonic()
        child = self._children[0]
        child.cpu_limit = child.cpu_seconds() + self._progress.cpu_seconds

    def _end_overdue(self, wall_seconds_left: float) -> None:
        if wall_seconds_left <= 0 and wall_seconds_left + self._waited_seconds() <= 0:
            self._kill("time")
        if self._is_over is not None and self._is_over():
            self._kill("holdings")
        for child in self._children:
            if child.cpu_seconds() >= child.cpu_limit:
                child.kill("time")

    def _kill(self, limit: Literal["time", "holdings"] | None) -> None:
        for child in self._children:
            child.kill(limit)
