"""A pool of grader processes, and a batch call that shares work out among them.

Calls wait for workers in the order they came, and a call with more to compare hands each worker on after every
comparison. See `reasonenv.workers` for the processes.

Whose fault a failure is: a comparison whose process died is asked again, alone in a fresh process. If it fails once
more, or the comparison raised, the gold answer is compared with itself; where that works, the answer is to blame, and
wrong.

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
_FAILURES = (GradeStatus.WORKER_DIED, GradeStatus.GRADER_ERROR)


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

    def compare(self, comparisons: Sequence[Comparison], *, timeout_seconds: float, num_workers: int) -> list[Verdict]:
        """Return one verdict per comparison, in order; nothing that a worker does raises.

        Args:
            timeout_seconds: wall-clock limit of each comparison; waiting for a worker and its start do not count.
            num_workers: how many workers may exist, beside one for what is asked again alone.
        """
        batch = _Batch(comparisons, timeout_seconds, max_deaths=1)
        self._work_off(batch, num_workers)
        for index in sorted(batch.lost):
            batch.verdicts[index] = self._ask_alone(comparisons[index], timeout_seconds)
        suspects = [index for index in sorted(batch.suspects) if batch.verdicts[index].status in _FAILURES]
        if suspects:
            golds = {comparisons[index]._replace(answer=comparisons[index].gold) for index in suspects}
            is_sound = self._are_sound(sorted(golds), timeout_seconds, num_workers)
            for index in suspects:
                if is_sound[comparisons[index].gold, comparisons[index].comparer]:
                    batch.verdicts[index] = _blame_answer(batch.verdicts[index])
        return [batch.verdicts[index] for index in range(len(comparisons))]

    def _work_off(self, batch: _Batch, num_workers: int) -> None:
        held: list[_Worker] = []
        try:
            while not batch.is_done:
                self._acquire(held, min(num_workers, batch.num_undecided), num_workers)
                batch.advance(held)
                self._replace_dead(held)
                self._hand_on(held)
        finally:
            self._release(held)

    def _ask_alone(self, comparison: Comparison, timeout_seconds: float) -> Verdict:
        """Compare in a fresh process, which nothing was asked before and nothing is asked afterwards."""
        batch = _Batch([comparison], timeout_seconds, max_deaths=1)
        with self._changed:
            worker = self._start()
        try:
            while not batch.is_done:
                batch.advance([worker])
        finally:
            with self._changed:
                worker.process.close()
                self._workers.discard(worker)
        return batch.verdicts[0]

    def _are_sound(
        self, golds: Sequence[Comparison], timeout_seconds: float, num_workers: int
    ) -> dict[tuple[str, str], bool]:
        """Return whether each gold answer can be compared with itself, by gold answer and comparer."""
        batch = _Batch(golds, timeout_seconds, max_deaths=2)
        self._work_off(batch, num_workers)
        decided = (GradeStatus.CORRECT, GradeStatus.WRONG)
        return {(gold.gold, gold.comparer): batch.verdicts[row].status in decided for row, gold in enumerate(golds)}

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

    def _acquire(self, held: list[_Worker], wanted: int, limit: int) -> None:
        """Hold more workers, up to those wanted; wait only for the first one."""
        with self._changed:
            if not held:
                self._wait_for_turn(limit)
            while len(held) < wanted and (self._idle or len(self._workers) < limit):
                if held and self._waiting:
                    break
                held.append(self._idle.pop() if self._idle else self._start())

    def _wait_for_turn(self, limit: int) -> None:
        ticket = object()
        self._waiting.append(ticket)
        try:
            self._changed.wait_for(
                lambda: self._waiting[0] is ticket and (bool(self._idle) or len(self._workers) < limit)
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

    def __init__(self, comparisons: Sequence[Comparison], timeout_seconds: float, *, max_deaths: int) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self.lost: set[int] = set()
        """Comparisons that as many workers died of as may."""
        self.suspects: set[int] = set()
        """Those, and comparisons that raised: what answer or gold answer may have caused."""
        self._max_deaths = max_deaths
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
        seconds = min(worker.deadline for worker in busy) - time.monotonic()
        for descriptor, _ in poll.poll(max(0, math.ceil(seconds * 1000))):
            self._receive(waiting.pop(descriptor))
        for worker in waiting.values():
            if time.monotonic() >= worker.deadline:
                self._expire(worker)

    def _give_up(self, reason: str) -> None:
        """Decide what nobody works on: no process can be started for it."""
        self.verdicts.update((index, Verdict(GradeStatus.WORKER_DIED, reason)) for index in self._pending)
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
            self._give_up(reply["reason"])

    def _decide(self, worker: _Worker, verdict: Verdict) -> None:
        assert worker.assigned is not None, "a worker replies to what it was asked"
        self.verdicts[worker.assigned] = verdict
        if verdict.status in _FAILURES:
            self.suspects.add(worker.assigned)
        worker.assigned = None
        if verdict.status is GradeStatus.OVER_BUDGET:
            worker.process.kill()

    def _expire(self, worker: _Worker) -> None:
        worker.process.kill()
        if worker.is_ready:
            self._decide(worker, Verdict(GradeStatus.TIMEOUT, f"stopped after {self._timeout_seconds} s"))
        else:
            self._give_up(f"a grader process did not start within {_START_SECONDS} s")

    def _lose(self, worker: _Worker) -> None:
        """Ask again what a worker died of, as often as it may: it may have been killed from outside."""
        reason = f"a grader process ended with exit code {worker.process.exit_code}"
        if worker.assigned is None:
            self._give_up(reason)
            return
        self._deaths[worker.assigned] += 1
        if self._deaths[worker.assigned] >= self._max_deaths:
            self.lost.add(worker.assigned)
            self._decide(worker, Verdict(GradeStatus.WORKER_DIED, reason))
        else:
            self._pending.appendleft(worker.assigned)
            worker.assigned = None


def _blame_answer(failure: Verdict) -> Verdict:
    return Verdict(GradeStatus.WRONG, f"the answer, and not the gold answer, made the grader fail: {failure.reason}")


@cache
def shared_pool() -> WorkerPool:
    """Return this process's pool, which starts empty."""
    return WorkerPool()
