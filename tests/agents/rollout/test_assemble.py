from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from trajectories import make_trajectory, make_ungraded

from agents.algorithms.ppo import PPO
from agents.rollout.assemble import assemble, pad_rows
from agents.types import Span, Totals

SHORT = {"token_ids": (7, 8, 1), "loss_mask": (0, 0, 1), "behavior_logprobs": (0.0, 0.0, -2.0)}


def test_rows_are_padded_on_the_right_and_masked():
    batch = assemble([make_trajectory(), make_trajectory(**SHORT)], pad_token_id=99)
    assert batch.token_ids_BT.tolist() == [[7, 8, 9, 10, 11, 1], [7, 8, 1, 99, 99, 99]]
    assert batch.attention_mask_BT.tolist() == [[1] * 6, [1, 1, 1, 0, 0, 0]]
    assert batch.loss_mask_BT.tolist() == [[0, 0, 1, 1, 0, 1], [0, 0, 1, 0, 0, 0]]
    assert batch.behavior_logprobs_BT.tolist() == [[0, 0, -0.5, -1, 0, -0.25], [0, 0, -2, 0, 0, 0]]


def test_rewards_groups_and_totals_follow_the_rows():
    rows = [make_trajectory(group_id=4, reward=0.5), make_trajectory(group_id=2, reward=-1.0, **SHORT)]
    batch = assemble(rows, pad_token_id=0)
    assert batch.rewards_B.tolist() == [0.5, -1.0]
    assert batch.group_ids_B.tolist() == [4, 2]
    assert batch.totals == Totals(num_sequences=2, num_tokens=4)


def test_tensors_have_the_dtypes_that_the_learner_expects():
    batch = assemble([make_trajectory()], pad_token_id=0)
    integers = {batch.token_ids_BT.dtype, batch.attention_mask_BT.dtype, batch.group_ids_B.dtype}
    floats = {batch.loss_mask_BT.dtype, batch.behavior_logprobs_BT.dtype, batch.rewards_B.dtype}
    assert (integers, floats) == ({torch.int64}, {torch.float32})


def test_optional_fields_wait_for_the_learner():
    batch = assemble([make_trajectory()], pad_token_id=0)
    fields = (batch.reference_logprobs_BT, batch.values_BT, batch.advantages_BT, batch.returns_BT)
    assert fields == (None, None, None, None)


def test_a_trajectory_whose_grader_failed_is_left_out_entirely():
    ungraded = make_ungraded(token_ids=(5,) * 50, loss_mask=(1,) * 50, behavior_logprobs=(-1.0,) * 50)
    batch = assemble([ungraded, make_trajectory(group_id=3), ungraded], pad_token_id=0)
    assert batch.token_ids_BT.shape == (1, 6)
    assert batch.group_ids_B.tolist() == [3]
    assert batch.totals.num_sequences == 1


@pytest.mark.parametrize("trajectories", [[], [make_ungraded()]], ids=["none", "all failed"])
def test_nothing_scored_gives_a_batch_without_rows(trajectories: list):
    batch = assemble(trajectories, pad_token_id=0)
    assert (len(batch.rewards_B), batch.token_ids_BT.shape[0]) == (0, 0)
    assert batch.totals == Totals(num_sequences=0, num_tokens=0)


def test_a_batch_without_rows_can_be_annotated():
    batch = assemble([], pad_token_id=0)
    annotated = PPO().annotate(replace(batch, values_BT=torch.zeros_like(batch.loss_mask_BT)))
    assert annotated.advantages_BT is not None
    assert annotated.advantages_BT.shape == batch.token_ids_BT.shape


def test_a_batch_moves_to_another_device_with_its_empty_fields():
    batch = assemble([make_trajectory()], pad_token_id=0, device="meta")
    assert batch.token_ids_BT.device.type == batch.rewards_B.device.type == "meta"
    assert batch.values_BT is None


@given(st.lists(st.lists(st.integers(0, 2**40), max_size=7), max_size=6))
def test_padded_integers_can_be_cut_back_to_the_rows(rows: list[list[int]]):
    padded_BT = pad_rows(rows, -1)
    assert padded_BT.dtype == torch.int64
    assert [padded[: len(row)].tolist() for padded, row in zip(padded_BT, rows, strict=True)] == rows
    assert (padded_BT == -1).sum() == padded_BT.numel() - sum(map(len, rows))


@given(st.lists(st.lists(st.floats(-5, 0, width=32), max_size=7), max_size=6))
def test_padded_floats_can_be_cut_back_to_the_rows(rows: list[list[float]]):
    padded_BT = pad_rows(rows, 0.0)
    assert padded_BT.dtype == torch.float32
    assert [padded[: len(row)].tolist() for padded, row in zip(padded_BT, rows, strict=True)] == rows


def test_components_and_their_weights_are_columns_with_nan_where_a_row_has_none():
    rows = [
        make_trajectory(reward_components={"a": 1.0, "b": 0.5}, reward_weights={"a": 1.0, "b": 2.0}),
        make_trajectory(reward_components={"a": 0.0}, reward_weights={"a": 1.0}),
    ]
    batch = assemble(rows, pad_token_id=0)
    assert batch.reward_components["a"].tolist() == [1, 0]
    assert batch.reward_weights["a"].tolist() == [1, 1]
    assert batch.reward_components["b"].isnan().tolist() == batch.reward_weights["b"].isnan().tolist() == [False, True]


def test_what_a_turn_earned_stands_at_its_last_token():
    batch = assemble([make_trajectory(reward=1.5, turn_rewards=(0.5,)), make_trajectory(**SHORT)], pad_token_id=0)
    assert batch.turn_rewards_BT is not None
    assert batch.turn_rewards_BT.tolist() == [[0, 0, 0, 0.5, 0, 0], [0] * 6]


def test_a_turn_without_tokens_earned_with_those_before_it_or_with_the_last_one():
    empty_second = (Span(2, 4, 0, 3), Span(5, 5, 1, 3), Span(5, 6, 2, 3))
    empty_first = (Span(2, 2, 0, 3), Span(2, 4, 1, 3), Span(5, 6, 2, 3))
    rows = [make_trajectory(spans=spans, turn_rewards=(1.0, 0.5)) for spans in (empty_second, empty_first)]
    batch = assemble(rows, pad_token_id=0)
    assert batch.turn_rewards_BT is not None
    assert batch.turn_rewards_BT.tolist() == [[0, 0, 0, 1.5, 0, 0], [0, 0, 0, 0.5, 0, 0]]


def test_rewards_of_turns_are_left_out_where_the_last_turn_earned_all():
    assert assemble([make_trajectory()], pad_token_id=0).turn_rewards_BT is None
