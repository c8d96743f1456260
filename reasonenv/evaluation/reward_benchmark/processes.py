"""Running a grader on many responses without trusting it: in a process of its own that is killed when it hangs.

Lives here: one grader process, and the two passes of the benchmark over the responses. Does not: call conventions
(`worker`) or counting (`results`).

The one decision: every grader, ours too, is treated alike: first one response per call, under a wall-clock limit each,
for outcomes and latencies; then, in a fresh process, shuffled and in batches, for throughput and drift. The first pass
is shared out among processes, so that a grader that hangs on one response goes on with others meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, cast

from reasonenv.evaluation.reward_benchmark.graders import GraderSpec
from reasonenv.evaluation.reward_benchmark.types import Outcome, OutcomeStatus

__all__ = ["GraderLoadError", "GraderProcess", "GraderRun", "RunSettings", "run_grader"]

_WORKER_PATH = Path(__file__).with_name("worker.py")
_START_SECONDS = 120.0
_MEMORY_BYTES = 8 * 2**30
_WARM_UP = {"golds": ["1"], "responses": [r"So it is \boxed{1}."]}
_STOPPED = (OutcomeStatus.RAISED, OutcomeStatus.HUNG, OutcomeStatus.DIED)


class GraderLoadError(ValueError):
    """A grader under test that cannot be imported or made."""


class _NoReplyError(Exception):
    """The process gave no reply: it hung or it died."""

    def __init__(self, status: OutcomeStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class GraderProcess:
    """One grader in a fresh interpreter with its own session; after a hang or a death the next call starts another.

    Args:
        spec: what to load.
        memory_bytes: address space of the process.

    Raises:
        GraderLoadError: the grader cannot be loaded.
    """

    def __init__(self, spec: GraderSpec, *, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._spec, self._memory_bytes = spec, memory_bytes
        self.import_seconds: list[float] = []
        """How long each start took to load the grader."""
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def __enter__(self) -> GraderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, golds: Sequence[str], responses: Sequence[str], *, timeout_seconds: float) -> list[Outcome]:
        """Score a batch in one call; the time of the call is shared out evenly."""
        if self._process is None:
            self._start()
        begin = time.perf_counter()
        try:
            reply = self._ask({"golds": list(golds), "responses": list(responses)}, timeout_seconds)
        except _NoReplyError as silence:
            self.close()
            share = (time.perf_counter() - begin) / len(golds)
            return [Outcome(silence.status, None, share, silence.reason) for _ in golds]
        share = reply["seconds"] / len(golds)
        if "error" in reply:
            return [Outcome(OutcomeStatus.RAISED, None, share, reply["error"]) for _ in golds]
        return [_outcome(score, share) for score in reply["scores"]]

    def close(self) -> None:
        """Kill the process and whatever it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._requests.close()
            self._replies.close()
            self._process = None

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_WORKER_PATH)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        paths = [str(Path.cwd()) if path == "" else path for path in sys.path]
        settings = {"sys_path": paths, "memory_bytes": self._memory_bytes}
        try:
            reply: dict[str, Any] = self._ask(
                {**settings, "kind": self._spec.kind, "target": self._spec.target}, _START_SECONDS
            )
        except _NoReplyError as silence:
            reply = {"error": silence.reason}
        if "error" in reply:
            self.close()
            raise GraderLoadError(f"The grader {self._spec.name!r} cannot be loaded: {reply['error']}")
        self.import_seconds.append(reply["import_seconds"])
        self._warm_up()

    def _warm_up(self) -> None:
        """Let the grader answer once, so that what it prepares on first use is not the first response's latency."""
        try:
            self._ask(_WARM_UP, _START_SECONDS)
        except _NoReplyError as silence:
            self.close()
            raise GraderLoadError(f"The grader {self._spec.name!r} gave no score at all: {silence.reason}") from None

    def _ask(self, message: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_seconds
        with contextlib.suppress(BrokenPipeError):
            self._write((json.dumps(message) + "\n").encode("ascii"), deadline)
        received = b""
        while not received.endswith(b"\n"):
            self._wait(self._replies, select.POLLIN, deadline)
            chunk = os.read(self._replies.fileno(), 1 << 16)
            if not chunk:
                raise _NoReplyError(OutcomeStatus.DIED, "the process ended")
            received += chunk
        return json.loads(received)

    def _write(self, message: bytes, deadline: float) -> None:
        """Write no more than the pipe takes, so that a grader that does not read cannot hold us."""
        descriptor = self._requests.fileno()
        os.set_blocking(descriptor, False)
        view = memoryview(message)
        while view:
            self._wait(self._requests, select.POLLOUT, deadline)
            view = view[os.write(descriptor, view) :]

    def _wait(self, pipe: IO[bytes], event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _NoReplyError(OutcomeStatus.HUNG, "stopped at the time limit")


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
    spec: GraderSpec, golds: Sequence[str], responses: Sequence[str], settings: RunSettings | None = None
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
    outcomes, import_seconds = _one_by_one(spec, pairs, settings)
    order = [index for index, outcome in enumerate(outcomes) if outcome.status not in _STOPPED]
    random.Random(settings.seed).shuffle(order)
    shuffled: list[Outcome | None] = [None] * len(outcomes)
    with GraderProcess(spec) as process:
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
    spec: GraderSpec, pairs: Sequence[tuple[str, str]], settings: RunSettings
) -> tuple[list[Outcome], list[float]]:
    """Return the outcomes of gold answers and responses in calls of their own, and how long each start took."""
    is_over = threading.Event()

    def share(first: int) -> tuple[list[Outcome], list[float]]:
        outcomes: list[Outcome] = []
        with GraderProcess(spec) as process:
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
