"""Running a grader on many responses without trusting it: in a process of its own that is killed when it hangs.

Every grader, ours too, is treated alike: first one response per call, under a wall-clock limit each, for outcomes and
latencies; then, in a fresh process, shuffled and in batches, for throughput and drift. The first pass is shared out
among processes, so that a grader that hangs on one response goes on with others meanwhile.
"""

from __future__ import annotations

import pickle
import random
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from reasonenv.evaluation.reward_benchmark.graders import GraderSpec
from reasonenv.evaluation.reward_benchmark.types import Gold, Outcome, OutcomeStatus, task_of, text_of
from reasonenv.workers import NoReplyError, WorkerProcess

_PROGRAM = Path(__file__).with_name("worker.py")
_START_SECONDS = 120.0
_MEMORY_BYTES = 8 * 2**30
_FIRST_RESPONSE = "So it is \\boxed{1}.\n```python\nprint(1)\n```"
_STOPPED = (OutcomeStatus.RAISED, OutcomeStatus.HUNG, OutcomeStatus.DIED)


class GraderLoadError(ValueError):
    """A grader under test that cannot be imported or made."""


class GraderProcess:
    """One grader in a fresh interpreter with its own session; after a hang or a death the next call starts another.

    Args:
        spec: what to load.
        first_gold: of the response that the process answers before it is measured.
        memory_bytes: address space of the process.

    Raises:
        GraderLoadError: the grader cannot be loaded.
    """

    def __init__(self, spec: GraderSpec, first_gold: Gold = "1", *, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._spec, self._memory_bytes = spec, memory_bytes
        self._warm_up = {"golds": [self._written(first_gold)], "responses": [_FIRST_RESPONSE]}
        self.import_seconds: list[float] = []
        """How long each start took to load the grader."""
        self._process: WorkerProcess | None = self._start()

    def __enter__(self) -> GraderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, golds: Sequence[Gold], responses: Sequence[str], *, timeout_seconds: float) -> list[Outcome]:
        """Score a batch in one call; the time of the call is shared out evenly."""
        process = self._process = self._process or self._start()
        begin = time.perf_counter()
        request = {"golds": [self._written(gold) for gold in golds], "responses": list(responses)}
        try:
            reply = process.ask(request, timeout_seconds=timeout_seconds)
        except NoReplyError as silence:
            self.close()
            share = (time.perf_counter() - begin) / len(golds)
            status = OutcomeStatus.HUNG if silence.is_hung else OutcomeStatus.DIED
            return [Outcome(status, None, share, str(silence)) for _ in golds]
        share = reply["seconds"] / len(golds)
        if "error" in reply:
            return [Outcome(OutcomeStatus.RAISED, None, share, reply["error"]) for _ in golds]
        return [_outcome(score, share) for score in reply["scores"]]

    def _written(self, gold: Gold) -> str:
        """Return a gold answer as the program reads it: a task for a reward, and text for anything else."""
        return b64encode(pickle.dumps(task_of(gold))).decode() if self._spec.kind == "reward" else text_of(gold)

    def close(self) -> None:
        """Kill the process and whatever it started."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _start(self) -> WorkerProcess:
        """Start a process and let it answer once: what it prepares on first use is not the first response's latency."""
        settings = {"kind": self._spec.kind, "target": self._spec.target}
        process = WorkerProcess(_PROGRAM, settings, memory_bytes=self._memory_bytes)
        complaint = "cannot be loaded"
        try:
            reply = process.wait(timeout_seconds=_START_SECONDS)
            if "error" in reply:
                raise NoReplyError(reply["error"], is_hung=False)
            complaint = "gave no score at all"
            process.ask(self._warm_up, timeout_seconds=_START_SECONDS)
        except NoReplyError as silence:
            process.close()
            raise GraderLoadError(f"The grader {self._spec.name!r} {complaint}: {silence}") from None
        self.import_seconds.append(reply["import_seconds"])
        return process


def _outcome(score: float | None, seconds: float) -> Outcome:
    status = OutcomeStatus.ABSTAINED if score is None else OutcomeStatus.SCORED
    return Outcome(status, score, seconds)


@dataclass(frozen=True, slots=True)
class GraderRun:
    """What a grader did in both passes."""

    outcomes: Sequence[Outcome]
    """One per response, in order, each from a call of its own."""
    shuffled: Sequence[Outcome | None]
    """The same responses in another order and in batches; None for those that had stopped the grader before."""
    import_seconds: float
    """Median over the starts of the process."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a grader is asked.

    Raises:
        ValueError: one of the first three is not positive.
    """

    timeout_seconds: float = 2.5
    """Wall-clock limit per response."""
    batch_size: int = 64
    """Responses per call of the second pass."""
    num_processes: int = 2
    """Of the first pass; 1 gives latencies that nothing disturbs."""
    seed: int = 0
    """Of the shuffling."""

    def __post_init__(self) -> None:
        if self.timeout_seconds <= 0 or self.batch_size < 1 or self.num_processes < 1:
            raise ValueError(f"Time limit, batch size and number of processes must be positive, got {self}.")


def run_grader(
    spec: GraderSpec, golds: Sequence[Gold], responses: Sequence[str], settings: RunSettings | None = None
) -> GraderRun:
    """Put every response to a grader, one by one and then shuffled in batches.

    Args:
        spec: the grader.
        golds: gold answers.
        responses: one per gold answer.
        settings: limits; None for the defaults.

    Raises:
        GraderLoadError: the grader cannot be loaded.
    """
    settings = settings or RunSettings()
    pairs = list(zip(golds, responses, strict=True))
    first_gold: Gold = next((gold for gold in golds if not isinstance(gold, str)), "1")
    outcomes, import_seconds = _one_by_one(spec, pairs, settings, first_gold)
    order = [index for index, outcome in enumerate(outcomes) if outcome.status not in _STOPPED]
    random.Random(settings.seed).shuffle(order)
    shuffled: list[Outcome | None] = [None] * len(outcomes)
    with GraderProcess(spec, first_gold) as process:
        for start in range(0, len(order), settings.batch_size):
            batch = order[start : start + settings.batch_size]
            limit = 4 * settings.timeout_seconds + 2 * sum(outcomes[index].seconds for index in batch)
            again = process.call(
                [golds[index] for index in batch], [responses[index] for index in batch], timeout_seconds=limit
            )
            for index, outcome in zip(batch, again, strict=True):
                shuffled[index] = outcome
        import_seconds += process.import_seconds
    return GraderRun(outcomes, shuffled, sorted(import_seconds)[len(import_seconds) // 2])


def _one_by_one(
    spec: GraderSpec, pairs: Sequence[tuple[Gold, str]], settings: RunSettings, first_gold: Gold
) -> tuple[list[Outcome], list[float]]:
    """Return the outcomes of gold answers and responses in calls of their own, and how long each start took."""
    is_over = threading.Event()

    def share(first: int) -> tuple[list[Outcome], list[float]]:
        outcomes: list[Outcome] = []
        with GraderProcess(spec, first_gold) as process:
            for gold, response in pairs[first :: settings.num_processes]:
                if is_over.is_set():
                    break
                outcomes += process.call([gold], [response], timeout_seconds=settings.timeout_seconds)
            return outcomes, process.import_seconds

    with ThreadPoolExecutor(settings.num_processes) as threads:
        try:
            shares = list(threads.map(share, range(settings.num_processes)))
        except BaseException:
            is_over.set()
            raise
    rounds = zip_longest(*(outcomes for outcomes, _ in shares))
    in_order = [outcome for one_round in rounds for outcome in one_round if outcome is not None]
    return in_order, [seconds for _, starts in shares for seconds in starts]
