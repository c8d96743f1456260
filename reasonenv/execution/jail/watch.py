"""Waiting for children, and ending those that use more than they may.

Lives here: CPU time, wall time and their fair measure, killing and reaping. Does not: what a child's end means.

The one decision: CPU time is what counts. Wall time is the backstop against sleepers, and the time in which a child was
ready to run but the machine had no processor for it is not counted.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from . import syscalls

__all__ = ["Child", "Ending", "HungUp", "ProcessorQueue", "watch"]

_LONGEST_NAP_SECONDS = 0.05
_SCRATCH_NAP_SECONDS = 0.003
_MAX_THREADS_READ = 64


class HungUp(Exception):  # noqa: N818 - an event, not an error
    """The caller is gone."""


class Ending(NamedTuple):
    """How a child ended: `Ending(exit_code=0, cpu_seconds=0.01, limit=None)`; a signal is a negative exit code."""

    exit_code: int
    cpu_seconds: float
    limit: Literal["time", "scratch"] | None


@dataclass
class Child:
    """A process forked by this one."""

    process_id: int
    cpu_limit: float
    ending: Ending | None = None
    limit: Literal["time", "scratch"] | None = None
    descriptor: int = field(init=False)

    def __post_init__(self) -> None:
        self.descriptor = os.pidfd_open(self.process_id)

    def cpu_seconds(self) -> float:
        """CPU time of its threads so far."""
        try:
            return time.clock_gettime(syscalls.processor_clock(self.process_id))
        except OSError:  # it has just ended
            return 0.0

    def kill(self, limit: Literal["time", "scratch"] | None = None) -> None:
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


class ProcessorQueue:
    """How long the descendants of this process have been ready to run without running, from the machine's `/proc`.

    Opened before that is out of sight; where it cannot be read the answer is 0.
    """

    def __init__(self) -> None:
        self.descriptor = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def waited_seconds(self) -> float:
        """The longest wait of any thread of any descendant."""
        longest = 0.0
        with contextlib.suppress(OSError, ValueError):
            pending = self._children(os.readlink("self", dir_fd=self.descriptor))
            while pending:
                process_id = pending.pop()
                longest = max(longest, *map(self._waited, self._threads(process_id)), 0.0)
                pending += self._children(process_id)
        return longest

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


def watch(
    children: Sequence[Child],
    wall_seconds: float,
    waited_seconds: Callable[[], float],
    *,
    is_scratch_over: Callable[[], bool] | None = None,
    hang_up: int | None = None,
    questions: socket.socket | None = None,
) -> list[Ending]:
    """Wait until the first child has ended, then end the others; return the endings in order.

    Args:
        wall_seconds: from now on, less what `waited_seconds` says; math.inf for none.
        is_scratch_over: asked every few milliseconds, where the kernel does not hold that limit.
        hang_up: a socket; when its other side closes, nobody needs the result.
        questions: a socket on which a child may ask, with any byte, for `waited_seconds`.

    Raises:
        HungUp: all children have been ended.
    """
    start = time.monotonic()
    poll = select.poll()
    poll.register(children[0].descriptor, select.POLLIN)
    if hang_up is not None:
        poll.register(hang_up, select.POLLRDHUP)
    if questions is not None:
        poll.register(questions, select.POLLIN)
    nap = _SCRATCH_NAP_SECONDS if is_scratch_over else _LONGEST_NAP_SECONDS
    ready: list[tuple[int, int]] = []
    while not ready:
        spare = min(child.cpu_limit - child.cpu_seconds() for child in children)
        ready = poll.poll(max(1.0, 1000 * min(nap, spare)))
        if questions is not None and (questions.fileno(), select.POLLIN) in ready:
            ready.remove((questions.fileno(), select.POLLIN))
            questions.recv(1)
            questions.send(struct.pack("d", waited_seconds()))
        _end_overdue(children, wall_seconds - (time.monotonic() - start), waited_seconds)
        if is_scratch_over is not None and is_scratch_over():
            _kill(children, "scratch")
    _kill(children, None)
    endings = [child.reap() for child in children]
    if any(descriptor == hang_up for descriptor, _ in ready):
        raise HungUp
    return endings


def _end_overdue(children: Sequence[Child], wall_seconds_left: float, waited_seconds: Callable[[], float]) -> None:
    if wall_seconds_left <= 0 and wall_seconds_left + waited_seconds() <= 0:
        _kill(children, "time")
    for child in children:
        if child.ending is None and child.cpu_seconds() >= child.cpu_limit:
            child.kill("time")


def _kill(children: Sequence[Child], limit: Literal["time", "scratch"] | None) -> None:
    for child in children:
        child.kill(limit)
