"""The alarm for attempts without a score: what learns from the others of their group learns from a chosen few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from reasonenv.types import Attempt, RewardBreakdown, ScoreStatus

__all__ = ["MAX_UNSCORED_SHARE", "MIN_ATTEMPTS", "UnscoredWarning", "unscored_alarm"]

MAX_UNSCORED_SHARE = 0.25
"""Share of the attempts of a group, or of a batch, above which there is a warning."""
MIN_ATTEMPTS = 4
"""Groups and batches of fewer attempts have no share to speak of."""


class UnscoredWarning(UserWarning):
    """Graders failed for a large share of a group or of a batch."""


def unscored_alarm(attempts: Sequence[Attempt], breakdowns: Sequence[RewardBreakdown]) -> str | None:
    """Say for which group, or batch, more than `MAX_UNSCORED_SHARE` of the attempts have no score; None for none.

    Args:
        attempts: of one call; those with the same task and `group_id` are a group.
        breakdowns: one per attempt.
    """
    failed = [breakdown.status is ScoreStatus.GRADER_FAILED for breakdown in breakdowns]
    if not any(failed):
        return None
    members: defaultdict[str, list[int]] = defaultdict(list)
    for row, attempt in enumerate(attempts):
        members["the batch"].append(row)
        if attempt.group_id is not None:
            members[f"group {attempt.group_id} (task {attempt.task.task_id!r})"].append(row)
    name, rows = max(members.items(), key=lambda item: _share(failed, item[1]))
    if _share(failed, rows) <= MAX_UNSCORED_SHARE:
        return None
    first = next(row for row in rows if failed[row])
    return (
        f"{sum(failed[row] for row in rows)} of the {len(rows)} attempts of {name} have no score. What is learnt from "
        f"the others is biased. The first one's failure: {_reason(breakdowns[first])}. docs/failures.md says what "
        "causes each kind; this is said once for each reward."
    )


def _share(failed: Sequence[bool], rows: Sequence[int]) -> float:
    return sum(failed[row] for row in rows) / len(rows) if len(rows) >= MIN_ATTEMPTS else 0.0


def _reason(breakdown: RewardBreakdown) -> str:
    name = next(name for name, value in breakdown.components.items() if value != value)
    details: Mapping[str, object] = breakdown.details[name]
    return f"{name}: {details.get('status', 'grader_failed')} ({details.get('reason', 'no reason given')})"
