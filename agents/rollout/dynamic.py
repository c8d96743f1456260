"""Dynamic sampling (Sec. 3.2, arXiv 2503.14476): groups without a gradient are dropped, others collected for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agents.types import Trajectory
from reasonenv.types import ScoreStatus

__all__ = ["Collected", "collect_informative"]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The trajectories of a step."""

    sampled: list[Trajectory]
    """All of them; the groups of further collections are numbered on."""
    kept: list[Trajectory]
    """Those to train on."""
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    """`sampling/…` of `docs/metrics.md`."""


def collect_informative(
    collection: Callable[[int], Sequence[Trajectory]], *, num_groups: int, max_extra_collections: int
) -> Collected:
    """Collect until `num_groups` groups have different rewards, or the limit is reached; keep the first of them.

    Args:
        collection: returns the trajectories of collection 0, 1, …; its groups are numbered from 0.
        num_groups: how many groups to train on.
        max_extra_collections: the most collections after the first one. What is missing then is trained without.
    """
    groups: list[list[Trajectory]] = []
    informative: list[list[Trajectory]] = []
    num_collections = 0
    while len(informative) < num_groups and num_collections <= max_extra_collections:
        new = _groups(collection(num_collections), first_id=len(groups))
        groups += new
        informative += [group for group in new if _has_different_rewards(group)]
        num_collections += 1
    kept = informative[:num_groups]
    return Collected(
        sampled=[trajectory for group in groups for trajectory in group],
        kept=[trajectory for group in kept for trajectory in group],
        metrics={
            "sampling/collections": float(num_collections),
            "sampling/dropped_groups": float(len(groups) - len(informative)),
            "sampling/surplus_groups": float(len(informative) - len(kept)),
            "sampling/missing_groups": float(num_groups - len(kept)),
        },
    )


def _groups(trajectories: Sequence[Trajectory], *, first_id: int) -> list[list[Trajectory]]:
    groups: dict[int, list[Trajectory]] = {}
    for trajectory in trajectories:
        numbered = replace(trajectory, group_id=first_id + trajectory.group_id)
        groups.setdefault(trajectory.group_id, []).append(numbered)
    return list(groups.values())


def _has_different_rewards(group: Sequence[Trajectory]) -> bool:
    return len({trajectory.reward for trajectory in group if trajectory.reward_status is ScoreStatus.SCORED}) > 1
