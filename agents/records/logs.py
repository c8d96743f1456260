"""Where numbers go: JSON lines that a resumed run cuts back to its checkpoint, and TensorBoard.

The names of the metrics are explained in `docs/metrics.md`. Durations live under `time/`: they are the only values
that differ between two runs of the same configuration.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from agents.errors import CheckpointError
from agents.types import Trajectory
from reasonenv.types import ScoreStatus

__all__ = ["JsonLines", "TensorBoard", "rollout_metrics", "rollout_rows"]


class JsonLines:
    """An append-only file of JSON objects, one a line; NaN is written as null."""

    def __init__(self, path: Path, *, offset: int = 0) -> None:
        """Open for appending after `offset` bytes; what lies behind them (of a run that was cut short) is dropped.

        Raises:
            CheckpointError: the file is shorter than `offset`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        size = self._file.seek(0, os.SEEK_END)
        if size < offset:
            self._file.close()
            raise CheckpointError(
                f"{path} has {size} bytes, but had {offset} when the checkpoint was written: it was cut or replaced. "
                "Put the file back, or start again in another folder."
            )
        self._file.truncate(offset)
        self._file.seek(offset)
        self._path = path

    def write(self, row: Mapping[str, Any]) -> None:
        """Append one object; readers see it at once."""
        self._file.write(json.dumps(_without_nan(row), ensure_ascii=True, allow_nan=False).encode() + b"\n")
        self._file.flush()

    def read(self, *, phase: str) -> list[dict[str, Any]]:
        """Return the objects of one phase that are in the file, in order."""
        with self._path.open(encoding="utf-8") as lines:
            rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [row for row in rows if row["phase"] == phase]

    def sync(self) -> int:
        """Put everything on disk and return the length of the file in bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()


class TensorBoard:
    """Scalars for TensorBoard, one folder of events a phase."""

    def __init__(self, folder: Path, *, phase: str, first_step: int) -> None:
        self._writer = SummaryWriter(str(folder / phase), purge_step=first_step)

    def write(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add the scalars of one step."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


def rollout_metrics(trajectories: Sequence[Trajectory]) -> dict[str, float]:
    """Means over the trajectories of one step (`docs/metrics.md`); a component's mean is over the rows that have it."""
    scored = [trajectory for trajectory in trajectories if trajectory.reward_status is ScoreStatus.SCORED]
    lengths = [sum(trajectory.loss_mask) for trajectory in trajectories]
    names = sorted({name for trajectory in scored for name in trajectory.reward_components})
    num_tokens = sum(lengths)
    surprise = -math.fsum(value for trajectory in trajectories for value in trajectory.behavior_logprobs)
    return {
        "rollout/reward": _mean([trajectory.reward for trajectory in scored]),
        **{f"rollout/{name}": _mean(_component(scored, name)) for name in names},
        "rollout/response_tokens": _mean(lengths),
        "rollout/stopped_share": _mean([trajectory.is_stopped for trajectory in trajectories]),
        "rollout/zero_variance_share": _zero_variance_share(scored),
        "rollout/grader_failed_share": _mean([t.reward_status is ScoreStatus.GRADER_FAILED for t in trajectories]),
        "rollout/entropy": surprise / max(num_tokens, 1),
        "rollout/tokens": float(num_tokens),
        **_domain_metrics(scored),
    }


def rollout_rows(step: int, trajectories: Sequence[Trajectory]) -> list[dict[str, Any]]:
    """What `rollouts.jsonl` keeps of each trajectory: every component of every reward, and its status."""
    return [
        {
            "step": step,
            "task_id": trajectory.task_id,
            "domain": trajectory.domain,
            "group_id": trajectory.group_id,
            "prompt": trajectory.prompt,
            "responses": trajectory.responses,
            "reward": trajectory.reward,
            "reward_components": dict(trajectory.reward_components),
            "reward_status": trajectory.reward_status.value,
            "response_tokens": sum(trajectory.loss_mask),
            "is_stopped": trajectory.is_stopped,
            "weights_version": trajectory.weights_version,
        }
        for trajectory in trajectories
    ]


def _domain_metrics(scored: Sequence[Trajectory]) -> dict[str, float]:
    """The total and every component again, over the trajectories of each domain alone."""
    metrics: dict[str, float] = {}
    for domain in sorted({trajectory.domain for trajectory in scored if trajectory.domain is not None}):
        own = [trajectory for trajectory in scored if trajectory.domain == domain]
        names = sorted({name for trajectory in own for name in trajectory.reward_components})
        metrics[f"domain/{domain}/reward"] = _mean([trajectory.reward for trajectory in own])
        metrics |= {f"domain/{domain}/{name}": _mean(_component(own, name)) for name in names}
    return metrics


def _component(trajectories: Sequence[Trajectory], name: str) -> list[float]:
    return [t.reward_components[name] for t in trajectories if name in t.reward_components]


def _zero_variance_share(trajectories: Sequence[Trajectory]) -> float:
    rewards: dict[int, set[float]] = {}
    for trajectory in trajectories:
        rewards.setdefault(trajectory.group_id, set()).add(trajectory.reward)
    return _mean([len(values) == 1 for values in rewards.values()])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(entry) for entry in value]
    return value
