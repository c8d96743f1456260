"""What is measured of sampled trajectories; the names are explained in `docs/metrics.md`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agents.types import Trajectory
from reasonenv.types import ScoreStatus

__all__ = ["rollout_metrics", "rollout_rows"]


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
