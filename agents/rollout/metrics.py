"""What is measured of sampled trajectories; the names are explained in `docs/metrics.md`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agents.types import Trajectory
from reasonenv.types import (
    AssertTests,
    CallTests,
    CodeReference,
    MathReference,
    QAReference,
    ScoreStatus,
    StdinTests,
)

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
        "rollout/grader_failed_group_share": _largest_failed_share(trajectories),
        "rollout/entropy": surprise / max(num_tokens, 1),
        "rollout/tokens": float(num_tokens),
    }
    for domain in sorted({trajectory.domain for trajectory in scored if trajectory.domain is not None}):
        own = [trajectory for trajectory in scored if trajectory.domain == domain]
        metrics |= _reward_means(f"domain/{domain}", own)
    return metrics


def rollout_rows(step: int, trajectories: Sequence[Trajectory]) -> list[dict[str, Any]]:
    """Return what `rollouts.jsonl` keeps of each trajectory, under the names that `docs/metrics.md` explains."""
    return [
        {
            "step": step,
            "task_id": trajectory.task_id,
            "domain": trajectory.domain,
            "group_id": trajectory.group_id,
            "prompt": trajectory.prompt,
            "responses": trajectory.responses,
            "messages": trajectory.messages if len(trajectory.responses) > 1 else None,
            "reference": _shown_reference(trajectory.reference),
            "reward": trajectory.reward,
            "reward_components": dict(trajectory.reward_components),
            "reward_details": _shown_details(trajectory.reward_details),
            "reward_status": trajectory.reward_status.value,
            "is_right": trajectory.is_right,
            "prompt_tokens": next((at for at, mask in enumerate(trajectory.loss_mask) if mask), 0),
            "response_tokens": sum(trajectory.loss_mask),
            "finish_reason": "stop" if trajectory.is_stopped else "length",
            "weights_version": trajectory.weights_version,
        }
        for trajectory in trajectories
    ]


def _shown_reference(reference: object) -> dict[str, Any] | None:
    """Return the gold answer as JSON: of tests only their number, for they would be most of the file."""
    if isinstance(reference, MathReference):
        return {"answer": reference.answer}
    if isinstance(reference, QAReference):
        fields = ("kind", "answers", "choices", "constraints")
        return {name: value for name in fields if (value := getattr(reference, name))}
    if isinstance(reference, CodeReference):
        return {"tests": _num_tests(reference.tests)}
    return None if reference is None else {type(reference).__name__: _plain(reference)}


def _shown_details(details: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the components say as JSON, without measured times: the rows of two equal runs are equal."""
    timeless = {
        component: {name: _plain(value) for name, value in said.items() if not name.endswith("_seconds")}
        for component, said in details.items()
    }
    return {component: said for component, said in timeless.items() if said}


def _num_tests(tests: CallTests | StdinTests | AssertTests) -> int:
    return 1 if isinstance(tests, AssertTests) else len(tests.cases)


def _plain(value: Any) -> Any:
    """Return JSON values: what JSON cannot hold is shown as Python writes it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value if value is None or isinstance(value, (str, int, float)) else repr(value)


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


def _largest_failed_share(trajectories: Sequence[Trajectory]) -> float:
    """Return the largest share of one group whose grader failed."""
    failed: dict[int, list[bool]] = {}
    for trajectory in trajectories:
        failed.setdefault(trajectory.group_id, []).append(trajectory.reward_status is ScoreStatus.GRADER_FAILED)
    return max(map(_mean, failed.values()), default=math.nan)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
