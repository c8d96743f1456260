"""What is measured of sampled trajectories; the names are explained in `docs/metrics.md`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agents.types import Trajectory
from reasonenv.types import ScoreStatus

__all__ = ["rollout_metrics", "rollout_rows"]


def rollout_metrics(trajectories: Sequence[Trajectory]) -> dict[str, float]:
    """Return means over the trajectories of one step; a component's mean is over the rows that have it."""
    scored = [trajectory for trajectory in trajectories if trajectory.reward_status is ScoreStatus.SCORED]
    lengths = [sum(trajectory.loss_mask) for trajectory in trajectories]
    num_tokens = sum(lengths)
    surprise = -math.fsum(value for trajectory in trajectories for value in trajectory.behavior_logprobs)
    metrics = {
        **_reward_means("rollout", scored),
        "rollout/response_tokens": _mean(lengths),
        "rollout/stopped_share": _mean([trajectory.is_stopped for trajectory in trajectories]),
        "rollout/zero_variance_share": _zero_variance_share(scored),
        "rollout/grader_failed_share": _mean([t.reward_status is ScoreStatus.GRADER_FAILED for t in trajectories]),
        "rollout/entropy": surprise / max(num_tokens, 1),
        "rollout/tokens": float(num_tokens),
    }
    for domain in sorted({trajectory.domain for trajectory in scored if trajectory.domain is not None}):
        own = [trajectory for trajectory in scored if trajectory.domain == domain]
        metrics |= _reward_means(f"domain/{domain}", own)
    return metrics


def rollout_rows(step: int, trajectories: Sequence[Trajectory]) -> list[dict[str, Any]]:
    """Return what `rollouts.jsonl` keeps of each trajectory: every component of every reward, and its status."""
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
            "is_right": trajectory.is_right,
            "response_tokens": sum(trajectory.loss_mask),
            "is_stopped": trajectory.is_stopped,
            "weights_version": trajectory.weights_version,
        }
        for trajectory in trajectories
    ]


def _reward_means(prefix: str, scored: Sequence[Trajectory]) -> dict[str, float]:
    means = {f"{prefix}/reward": _mean([trajectory.reward for trajectory in scored])}
    if verdicts := [trajectory.is_right for trajectory in scored if trajectory.is_right is not None]:
        means[f"{prefix}/right_share"] = _mean(verdicts)
    for name in sorted({name for trajectory in scored for name in trajectory.reward_components}):
        values = [t.reward_components[name] for t in scored if name in t.reward_components]
        means[f"{prefix}/{name}"] = _mean(values)
    return means


def _zero_variance_share(trajectories: Sequence[Trajectory]) -> float:
    rewards: dict[int, set[float]] = {}
    for trajectory in trajectories:
        rewards.setdefault(trajectory.group_id, set()).add(trajectory.reward)
    return _mean([len(values) == 1 for values in rewards.values()])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
