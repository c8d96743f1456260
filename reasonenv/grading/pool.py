"""A pool of grader processes, and a batch call that shares work out among them.

Calls wait for workers in the order they came, and a call with more to compare hands each worker on after every
comparison. See `reasonenv.workers` for the processes.

Covered: a comparison that hangs or dies, callers in several threads, in asyncio, in daemonic processes and in a
`__main__` without a guard (each worker is a fresh interpreter, not a fork), a fork while workers run, the end of the
caller by exit or by SIGKILL. Not covered: Windows, which has neither fork nor RLIMIT_AS.
"""

from __future__ import annotations

import atexit
import math
import os
import select
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from reasonenv.grading.grade import GradeStatus
from reasonenv.workers import WorkerProcess

__all__ = ["Comparison", "Verdict", "WorkerPool", "shared_pool"]

_PROGRAM = Path(__file__).with_name("worker.py")
_START_SECONDS = 60.0
_MEMORY_BYTES = 2**30
"""A worker that has loaded math-verify takes a seventh of it."""
_MAX_DEATHS = 2


class Comparison(NamedTuple):
    """What a worker is asked: `Comparison(gold=r"\\frac{1}{2}", answer="0.5")`."""

    gold: str
    answer: str
    comparer: str = ""
    """`package.module:function`, which the worker imports, in place of its own comparison; takes (gold, answer) and
    returns `correct`, `wrong` or `gold_unparseable`."""


class Verdict(NamedTuple):
    """What became of a comparison: `Verdict(GradeStatus.CORRECT)`."""

    status: GradeStatus
    reason: str = ""


class WorkerPool:
    """Workers that are started when first needed and kept for the next call; any thread may call `compare`.

    A pool lives until the process ends, and closes itself then.

    Args:
        memory_bytes: address space of one worker.
    """

    def __init__(self, *, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._forget_workers()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._abandon_workers)

    def compare(
        self,
        comparisons: Sequence[Comparison],
        *,
        timeout_seconds: float,
        num_workers: int,
        patience_seconds: float = math.inf,
    ) -> list[Verdict]:
        """Return one verdict per comparison, in order; nothing that a worker does raises.

        Args:
            timeout_seconds: wall-clock limit of each comparison; waiting for a worker and its start do not count.
            num_workers: how many workers may exist.
            patience_seconds: wall-clock limit of the call; what is not decided by then is `workers_busy`.
        """
        batch = _Batch(comparisons, timeout_seconds, time.monotonic() + patience_seconds)
        held: list[_Worker] = []
        try:
            while not batch.is_done:
                if not self._acquire(held, min(num_workers, batch.num_undecided), num_workers, batch.deadline):
                    batch.give_up(GradeStatus.WORKERS_BUSY, f"no worker was free within {patience_seconds} s")
                    break
                batch.advance(held)
                self._replace_dead(held)
                self._hand_on(held)
        finally:
            self._release(held)
        return [batch.verdicts[index] for index in range(len(comparisons))]

    @property
    def process_ids(self) -> list[int]:
        """The process ids of the workers that exist now."""
        with self._changed:
            return [worker.process.process_id for worker in self._workers]

    def close(self) -> None:
        """Kill every worker and wait until they are gone; a later call starts new ones."""
        with self._changed:
            for worker in self._workers:
                worker.process.kill()
            for worker in self._idle:
                worker.process.close_pipes()
            self._workers.clear()
            self._idle.clear()
            self._changed.notify_all()

    def _forget_workers(self) -> None:
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._waiting = deque[object]()
        self._changed = threading.Condition()

    def _abandon_workers(self) -> None:
        """In a forked child: the workers are the parent's, and must still see its pipes close when it ends."""
        for worker in self._workers:
            worker.process.abandon()
        self._forget_workers()

    def _acquire(self, held: list[_Worker], wanted: int, limit: int, deadline: float) -> bool:
        """Hold more workers, up to those wanted; wait only for the first one. Return whether any is held."""
        with self._changed:
            if not held and not self._wait_for_turn(limit, deadline):
                return False
            while len(held) < wanted and (self._idle or len(self._workers) < limit):
                if held and self._waiting:
                    break
                held.append(self._idle.pop() if self._idle else self._start())
        return True

    def _wait_for_turn(self, limit: int, deadline: float) -> bool:
        ticket = object()
        self._waiting.append(ticket)
        try:
            return self._changed.wait_for(
                lambda: self._waiting[0] is ticket and (bool(self._idle) or len(self._workers) < limit),
                min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX),
            )
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()

    def _hand_on(self, held: list[_Worker]) -> None:
        """Give workers that have nothing to do to the calls that wait for one."""
        with self._changed:
            if not self._waiting:
                return
            self._idle += [worker for worker in held if worker.is_free]
            held[:] = [worker for worker in held if not worker.is_free]
            self._changed.notify_all()

    def _start(self) -> _Worker:
        worker = _Worker(self._memory_bytes)
        self._workers.add(worker)
        return worker

    def _replace_dead(self, held: list[_Worker]) -> None:
        with self._changed:
            for index, worker in enumerate(held):
                if worker.process.is_dead:
                    worker.process.close()
                    self._workers.discard(worker)
                    held[index] = self._start()

    def _release(self, held: list[_Worker]) -> None:
        """Give workers back; one that is still busy, because the call was interrupted, is killed."""
        with self._changed:
            for worker in held:
                if worker.assigned is None and not worker.process.is_dead:
                    self._idle.append(worker)
                    continue
                worker.process.close()
                self._workers.discard(worker)
            self._changed.notify_all()


class _Worker:
    """One process, what it is working on, and until when."""

    def __init__(self, memory_bytes: int) -> None:
        self.process = WorkerProcess(_PROGRAM, {}, memory_bytes=memory_bytes)
        self.is_ready = False
        self.assigned: int | None = None
        self.deadline = time.monotonic() + _START_SECONDS

    @property
    def is_free(self) -> bool:
        return self.is_ready and not self.process.is_dead and self.assigned is None

    def ask(self, index: int, comparison: Comparison, timeout_seconds: float) -> None:
        self.assigned = index
        self.deadline = time.monotonic() + timeout_seconds
        request = {**comparison._asdict(), "cpu_seconds": math.ceil(timeout_seconds) + 1}
        self.process.send(request, timeout_seconds=timeout_seconds)


class _Batch:
    """The state of one call: what is still to ask, and what has been decided."""

    def __init__(self, comparisons: Sequence[Comparison], timeout_seconds: float, deadline: float) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self.deadline = deadline
        self._comparisons = comparisons
        self._timeout_seconds = timeout_seconds
        self._pending = deque(range(len(comparisons)))
        self._deaths = Counter[int]()

    @property
    def is_done(self) -> bool:
        return not self.num_undecided

    @property
    def num_undecided(self) -> int:
        return len(self._comparisons) - len(self.verdicts)

    def advance(self, held: Sequence[_Worker]) -> None:
        """Give work to free workers, then wait for the next reply, death or deadline."""
        for worker in held:
            if self._pending and worker.is_free:
                index = self._pending.popleft()
                worker.ask(index, self._comparisons[index], self._timeout_seconds)
        busy = [worker for worker in held if worker.assigned is not None or not worker.is_ready]
        waiting = {worker.process.fileno(): worker for worker in busy}
        poll = select.poll()
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        seconds = min(self.deadline, *(worker.deadline for worker in busy)) - time.monotonic()
        for descriptor, _ in poll.poll(max(0, math.ceil(seconds * 1000))):
            self._receive(waiting.pop(descriptor))
        for worker in waiting.values():
            if time.monotonic() >= worker.deadline:
                self._expire(worker)
        if time.monotonic() >= self.deadline:
            self._run_out_of_patience(held)

    def give_up(self, status: GradeStatus, reason: str) -> None:
        """Decide what nobody works on."""
        self.verdicts.update((index, Verdict(status, reason)) for index in self._pending)
        self._pending.clear()

    def _receive(self, worker: _Worker) -> None:
        reply = worker.process.receive()
        if worker.process.is_dead:
            self._lose(worker)
        elif reply and worker.is_ready:
            self._decide(worker, Verdict(GradeStatus(reply["status"]), reply.get("reason", "")))
        elif reply and reply["status"] == "ready":
            worker.is_ready = True
        elif reply:
            worker.process.kill()
            self.give_up(GradeStatus.WORKER_DIED, reply["reason"])

    def _decide(self, worker: _Worker, verdict: Verdict) -> None:
        assert worker.assigned is not None, "a worker replies to what it was asked"
        self.verdicts[worker.assigned] = verdict
        worker.assigned = None
        if verdict.status is GradeStatus.OVER_BUDGET:
            worker.process.kill()

    def _expire(self, worker: _Worker) -> None:
        worker.process.kill()
        if worker.is_ready:
            self._decide(worker, Verdict(GradeStatus.TIMEOUT, f"stopped after {self._timeout_seconds} s"))
        else:
            self.give_up(GradeStatus.WORKER_DIED, f"a grader process did not start within {_START_SECONDS} s")

    def _run_out_of_patience(self, held: Sequence[_Worker]) -> None:
        """Stop everything but workers that are still starting, which the next call will need."""
        reason = "the workers were too busy to decide it in time"
        for worker in held:
            if worker.assigned is not None:
                worker.process.kill()
                self._decide(worker, Verdict(GradeStatus.WORKERS_BUSY, reason))
        self.give_up(GradeStatus.WORKERS_BUSY, reason)

    def _lose(self, worker: _Worker) -> None:
        """Ask once more what a worker died of: it may have been killed from outside."""
        reason = f"a grader process ended with exit code {worker.process.exit_code}"
        if worker.assigned is None:
            self.give_up(GradeStatus.WORKER_DIED, reason)
            return
        self._deaths[worker.assigned] += 1
        if self._deaths[worker.assigned] >= _MAX_DEATHS:
            self._decide(worker, Verdict(GradeStatus.WORKER_DIED, reason))
        else:
            self._pending.appendleft(worker.assigned)
            worker.assigned = None


@cache
def shared_pool() -> WorkerPool:
    """Return this process's pool, which starts empty."""
    return WorkerPool()
