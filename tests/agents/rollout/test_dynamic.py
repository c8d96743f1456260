"""Which groups dynamic sampling keeps, and what it says of the others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agents.rollout.dynamic import Collected, collect_informative
from agents.types import Span, Trajectory
from reasonenv.types import ScoreStatus

MIXED, EQUAL, FAILED = (0.0, 1.0), (1.0, 1.0), (None, None)
Rewards = Sequence[float | None]


def group(group_id: int, rewards: Rewards, task: str) -> list[Trajectory]:
    return [
        Trajectory(
            task_id=task,
            group_id=group_id,
            prompt="",
            messages=(),
            reference=None,
            responses=("",),
            token_ids=(1, 2),
            loss_mask=(0, 1),
            behavior_logprobs=(0.0, -1.0),
            reward=float("nan") if reward is None else reward,
            reward_components={},
            reward_details={},
            reward_status=ScoreStatus.GRADER_FAILED if reward is None else ScoreStatus.SCORED,
            is_stopped=True,
            spans=(Span(1, 2, 0, 0),),
        )
        for reward in rewards
    ]


def collected(
    collections: Sequence[Sequence[Rewards]], *, max_extra_collections: int = 5, num_groups: int = 2
) -> Collected:
    """Play the collections one after the other; asking for one more fails."""

    def collection(number: int) -> list[Trajectory]:
        groups = enumerate(collections[number])
        return [row for index, rewards in groups for row in group(index, rewards, f"{number}.{index}")]

    return collect_informative(collection, num_groups=num_groups, max_extra_collections=max_extra_collections)


def tasks(rows: Sequence[Trajectory]) -> list[str]:
    return list(dict.fromkeys(row.task_id for row in rows))


def report(result: Collected) -> tuple[float, ...]:
    names = ("collections", "dropped_groups", "surplus_groups", "missing_groups")
    return tuple(result.metrics[f"sampling/{name}"] for name in names)


def test_a_collection_without_equal_rewards_is_all_that_is_made() -> None:
    result = collected([[MIXED, MIXED]])
    assert tasks(result.kept) == ["0.0", "0.1"]
    assert report(result) == (1, 0, 0, 0)


def test_groups_of_equal_rewards_are_replaced_by_those_of_further_collections() -> None:
    result = collected([[EQUAL, MIXED], [EQUAL, EQUAL], [MIXED, MIXED]])
    assert tasks(result.kept) == ["0.1", "2.0"]
    assert report(result) == (3, 3, 1, 0)


def test_groups_are_numbered_on_and_every_one_is_reported() -> None:
    result = collected([[EQUAL, MIXED], [EQUAL, MIXED]])
    assert [row.group_id for row in result.sampled] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert tasks(result.sampled) == ["0.0", "0.1", "1.0", "1.1"]
    assert sorted({row.group_id for row in result.kept}) == [1, 3]


@pytest.mark.parametrize("limit", [1, 2])
def test_what_is_missing_at_the_limit_is_trained_without(limit: int) -> None:
    result = collected([[EQUAL, MIXED], *[[EQUAL, EQUAL]] * limit], max_extra_collections=limit)
    assert tasks(result.kept) == ["0.1"]
    assert report(result) == (1 + limit, 1 + 2 * limit, 0, 1)


def test_rows_whose_grader_failed_make_no_difference_of_rewards() -> None:
    result = collected([[FAILED, (None, 1.0)], [(None, 0.0, 1.0), EQUAL]], max_extra_collections=1)
    assert tasks(result.kept) == ["1.0"]
    assert len(result.kept) == 3
