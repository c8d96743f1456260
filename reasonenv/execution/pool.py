"""The slots of a sandbox, who holds them, and the loop that keeps them busy.

Zygotes and slots are started when first needed, and again when lost. A job whose slot is lost, or whose jail was killed
by someone unknown, is done again, a few times and not for ever. If its slot is lost each time it has no result: nobody
can say whether the program or the executor is to blame. If its jail is killed each time, the program does that.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Generic, Protocol, TypeVar

from reasonenv.execution.jobs import Job, Preload
from reasonenv.execution.processes import JailLost, SlotProcess, Zygote, job_seconds
from reasonenv.execution.tiers import Probe
from reasonenv.execution.types import Isolation, Limits

__all__ = ["Pool"]

_MAX_ATTEMPTS = 4
"""Within the time of one: a job takes at most twice that in all."""


class _Outcome(Protocol):
    @property
    def was_killed(self) -> bool: ...


OutcomeT = TypeVar("OutcomeT", bound=_Outcome)


class _Slot:
    """A place for one job at a time, with a process forked from each zygote that its jobs asked for."""

    def __init__(self) -> None:
        self.processes: dict[Preload, SlotProcess] = {}
        self.index: int | None = None
        """Of the job that it works on."""
        self.preload = Preload.BASICS
        """What that job asked for."""

    @property
    def process(self) -> SlotProcess:
        return self.processes[self.preload]

    def drop(self) -> None:
        """End the process that is working, with its work."""
        self.processes.pop(self.preload).close()
        self.index = None


class Pool:
    """All processes of one sandbox; any thread may call `run`."""

    def __init__(self, zygote: Zygote, found: Probe, isolation: Isolation, limits: Limits, num_slots: int) -> None:
        self.limits = limits
        self._settings = {
            "tier": isolation,
            "limits": asdict(limits),
            "landlock_abi": found.landlock_abi,
            "spare_uid": found.spare_uids[isolation],
        }
        self._zygotes = {Preload.BASICS: zygote}
        self._free = [_Slot() for _ in range(num_slots)]
        self._slots = tuple(self._free)
        self._extra = weakref.WeakSet[SlotProcess]()
        self._owner = os.getpid()
        self._changed = threading.Condition()
        self._is_closed = False

    def run(self, num_jobs: int, job_of: Callable[[int], Job[OutcomeT]]) -> list[OutcomeT | None]:
        """Do all jobs on as many slots as are free, at least one; return None for a job that has no result.

        A job is made by its number whenever it is tried, and forgotten: all inputs at once may be too much to hold.
        """
        if not num_jobs:
            return []
        batch = _Batch(self, num_jobs, job_of)
        with self._held(num_jobs) as slots:
            while len(batch.outcomes) < num_jobs:
                batch.advance(slots)
        return [batch.outcomes[index] for index in range(num_jobs)]

    def start_process(self, preload: Preload) -> SlotProcess:
        """Start a slot, and its zygote if need be; raise `JailLost` if two zygotes in a row have ended."""
        zygote = self._zygote(preload)
        try:
            return SlotProcess(zygote, self._settings)
        except JailLost:
            self._forget_zygote(preload, zygote)
            return SlotProcess(self._zygote(preload), self._settings)

    def start_extra_process(self, preload: Preload) -> SlotProcess:
        """Start a slot that is not shared, as `start_process` does; it ends with the pool, or before."""
        process = self.start_process(preload)
        self._extra.add(process)
        return process

    def process_ids(self) -> list[int]:
        """Return the process ids of the zygotes and slots that exist now."""
        with self._changed:
            zygotes = [zygote.process.pid for zygote in self._zygotes.values()]
            return zygotes + [process.process_id for process in self._slot_processes()]

    def close(self) -> None:
        """End every process; nothing can be run any more."""
        if os.getpid() != self._owner:
            self._abandon()
            return
        with self._changed:
            self._is_closed = True
            for process in self._slot_processes():
                process.close()
            for zygote in self._zygotes.values():
                zygote.close()
            self._zygotes.clear()
            self._changed.notify_all()

    def _abandon(self) -> None:
        """Let go in a fork, without the lock: a thread that did not come along may hold it."""
        self._is_closed = True
        for process in self._slot_processes():
            process.abandon()
        for zygote in self._zygotes.values():
            zygote.abandon()

    def _slot_processes(self) -> list[SlotProcess]:
        return [*(process for slot in self._slots for process in slot.processes.values()), *self._extra]

    @contextmanager
    def _held(self, wanted: int) -> Generator[list[_Slot]]:
        """Take all the slots that are free, as many as wanted, at once; give them back, idle."""
        with self._changed:
            while not self._free and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                raise ValueError("The sandbox is closed.")
            slots = [self._free.pop() for _ in range(min(wanted, len(self._free)))]
        try:
            yield slots
        finally:
            for slot in slots:
                if slot.index is not None:
                    slot.drop()
            with self._changed:
                self._free += slots
                self._changed.notify_all()

    def _zygote(self, preload: Preload) -> Zygote:
        with self._changed:
            if self._is_closed:
                raise ValueError("The sandbox is closed.")
            if preload not in self._zygotes:
                self._zygotes[preload] = Zygote(preload)
            return self._zygotes[preload]

    def _forget_zygote(self, preload: Preload, zygote: Zygote) -> None:
        """Let go of a zygote that has ended, or is about to: its socket closes before it can be waited for."""
        with self._changed:
            if self._zygotes.get(preload) is not zygote:  # another thread did
                return
            del self._zygotes[preload]
        zygote.close()


class _Batch(Generic[OutcomeT]):
    """The state of one call: what is still to do, and what has come of the rest."""

    def __init__(self, pool: Pool, num_jobs: int, job_of: Callable[[int], Job[OutcomeT]]) -> None:
        self.outcomes: dict[int, OutcomeT | None] = {}
        self._pool = pool
        self._job_of = job_of
        self._pending = deque(range(num_jobs))
        self._attempts = Counter[int]()
        self._last_starts: dict[int, float] = {}
        """When the last attempt at a job may begin."""

    def advance(self, slots: Sequence[_Slot]) -> None:
        """Give work to idle slots, then wait for the next answer, loss or deadline."""
        for slot in slots:
            if self._pending and slot.index is None:
                self._assign(slot, self._pending.popleft())
        busy = {slot.process.fileno(): slot for slot in slots if slot.index is not None}
        if not busy:
            return
        poll = select.poll()
        for descriptor in busy:
            poll.register(descriptor, select.POLLIN)
        seconds = min(slot.process.deadline for slot in busy.values()) - time.monotonic()
        for descriptor, _ in poll.poll(max(0, math.ceil(1000 * seconds))):
            self._receive(busy.pop(descriptor))
        for slot in busy.values():
            if time.monotonic() >= slot.process.deadline:
                self._lose(slot)

    def _assign(self, slot: _Slot, index: int) -> None:
        job = self._job_of(index)
        slot.preload, slot.index = job.preload, index
        self._attempts[index] += 1
        seconds = job_seconds(job.num_executions, self._pool.limits)
        self._last_starts.setdefault(index, time.monotonic() + seconds)
        try:
            if slot.preload not in slot.processes:
                slot.processes[slot.preload] = self._pool.start_process(slot.preload)
            slot.process.start(job, self._pool.limits)
        except JailLost:
            self._lose(slot)

    def _receive(self, slot: _Slot) -> None:
        try:
            outcome: OutcomeT | None = slot.process.receive()
        except JailLost:
            self._lose(slot)
            return
        if outcome is None or slot.index is None:
            return
        index, slot.index = slot.index, None
        if not outcome.was_killed or not self._try_again(index):
            self.outcomes[index] = outcome

    def _lose(self, slot: _Slot) -> None:
        assert slot.index is not None, "a slot is lost while it works"
        index = slot.index
        slot.index = None
        if slot.preload in slot.processes:
            slot.drop()
        if not self._try_again(index):
            self.outcomes[index] = None

    def _try_again(self, index: int) -> bool:
        """Put a job that was lost behind 4, 16, then 64 others: what kills at random, kills several in a row."""
        if self._attempts[index] == _MAX_ATTEMPTS or time.monotonic() >= self._last_starts[index]:
            return False
        self._pending.insert(4 ** self._attempts[index], index)
        return True
