"""Judging programs on all nodes of a Ray cluster, one sandbox per node.

Only programs and inputs travel. The expected values, and the closures that compare with them, stay with the caller; a
node returns what its jails left, as bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from reasonenv.errors import MissingExtraError
from reasonenv.execution.jobs import Job, TestsOutcome, check_paired, judging_job, verdict_of
from reasonenv.execution.sandbox import Sandbox
from reasonenv.execution.types import CodeVerdict, Isolation, Limits, Tests, Tier
from reasonenv.execution.wire.endings import Ending

__all__ = ["RaySandbox"]

_CHUNK_SIZE = 16
_MAX_ATTEMPTS = 3


class _Raw(NamedTuple):
    """What the jails of one job left, before anyone has judged it."""

    endings: Sequence[Ending]
    outputs: tuple[bytes, ...]

    @property
    def was_killed(self) -> bool:
        """Whether the node has to do it again: a jail was killed, and not for a limit."""
        return any(ending.was_killed for ending in self.endings)


def _raw(endings: Sequence[Ending], *outputs: bytes) -> _Raw:
    return _Raw(endings, outputs)


class _Node:
    """The actor of one node."""

    def __init__(self, num_slots: int | None, min_tier: Tier, limits: Limits) -> None:
        self.sandbox = Sandbox(num_slots, min_tier=min_tier, limits=limits)

    def do(self, jobs: Sequence[Job[_Raw]]) -> tuple[Isolation, list[_Raw | None]]:
        return self.sandbox.isolation, self.sandbox.do(jobs)


@dataclass
class _Chunk:
    """Jobs that travel together: `_Chunk([0, 1, 2])` before it is sent."""

    indices: list[int]
    jobs: list[Job[TestsOutcome]] = field(default_factory=list[Job[TestsOutcome]])
    """While the chunk is under way: all inputs at once may be too much to hold."""
    num_attempts: int = 0


@dataclass
class _Batch:
    """The state of one call: chunks that wait, chunks that are under way, and the verdicts."""

    waiting: deque[_Chunk]
    under_way: dict[Any, tuple[str, _Chunk]] = field(default_factory=dict[Any, tuple[str, _Chunk]])
    found: dict[int, CodeVerdict] = field(default_factory=dict[int, CodeVerdict])


class RaySandbox:
    """A `Sandbox.judge` whose slots are those of every node of a Ray cluster.

    Call `ray.init` before. Nodes that join are used, too. Jobs of a node that is lost go to the others; each job's
    result is taken once. A job that has been lost three times has no verdict (`GRADER_FAILED`).

    Args:
        num_slots: slots of each node; None for one per usable processor.
        min_tier: refuse nodes with less isolation than this.
        limits: what each execution may use.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, num_slots: int | None = None, *, min_tier: Tier = "B", limits: Limits | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError("ray", "reasonenv[ray]") from error
        self._ray: Any = ray
        self._settings = (num_slots, min_tier, limits or Limits())
        self._nodes: dict[str, Any] = {}

    def judge(self, programs: Sequence[str], tests: Sequence[Tests]) -> list[CodeVerdict]:
        """Return which tests each program passes, in order; as `Sandbox.judge`.

        Raises:
            ValueError: not as many tests as programs.
            RuntimeError: no node of the cluster is alive.
            SandboxUnavailable: a node lacks a layer.
        """
        check_paired(programs, tests)
        starts = range(0, len(programs), _CHUNK_SIZE)
        indices = [list(range(start, min(start + _CHUNK_SIZE, len(programs)))) for start in starts]
        batch = _Batch(deque(map(_Chunk, indices)))
        while batch.waiting or batch.under_way:
            self._send(batch, lambda index: judging_job(programs[index], tests[index], self._settings[2]))
            self._receive(batch)
        return [batch.found[index] for index in range(len(programs))]

    def close(self) -> None:
        """End the sandboxes of all nodes."""
        while self._nodes:
            self._ray.kill(self._nodes.popitem()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, batch: _Batch, job_of: Callable[[int], Job[TestsOutcome]]) -> None:
        """Give every node that has fewer than two chunks another one."""
        nodes = self._living_nodes()
        busy = [node for node, _ in batch.under_way.values()]
        for node in sorted(nodes, key=busy.count):
            for _ in range(2 - busy.count(node)):
                if not batch.waiting:
                    return
                chunk = batch.waiting.popleft()
                chunk.num_attempts += 1
                chunk.jobs = chunk.jobs or list(map(job_of, chunk.indices))
                stripped = [replace(job, interpret=_raw) for job in chunk.jobs]
                batch.under_way[nodes[node].do.remote(stripped)] = (node, chunk)

    def _receive(self, batch: _Batch) -> None:
        """Take the results of one chunk, or put it back if its node was lost."""
        (done,), _ = self._ray.wait(list(batch.under_way), num_returns=1)
        node, chunk = batch.under_way.pop(done)
        try:
            isolation, results = self._ray.get(done)
        except self._ray.exceptions.RayActorError:
            self._nodes.pop(node, None)
            if chunk.num_attempts < _MAX_ATTEMPTS:
                batch.waiting.appendleft(chunk)
                return
            isolation, results = self._settings[1], [None] * len(chunk.indices)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        for index, job, raw in zip(chunk.indices, chunk.jobs, results, strict=True):
            batch.found[index] = _verdict(job, isolation, raw)

    def _living_nodes(self) -> dict[str, Any]:
        """Return the actor of every node that is alive, by the node's id; one is started where there is none."""
        living = [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]
        if not living:
            raise RuntimeError("No node of the Ray cluster is alive. Call ray.init, or start the cluster again.")
        self._nodes = {node: actor for node, actor in self._nodes.items() if node in living}
        for node in living:
            if node not in self._nodes:
                affinity = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
                actor_class = self._ray.remote(num_cpus=0, max_restarts=0)(_Node)
                self._nodes[node] = actor_class.options(scheduling_strategy=affinity).remote(*self._settings)
        return self._nodes


def _verdict(job: Job[TestsOutcome], isolation: Isolation, raw: _Raw | None) -> CodeVerdict:
    outcome = None if raw is None else job.interpret(raw.endings, *raw.outputs)
    return verdict_of(outcome, job.num_tests, isolation)
