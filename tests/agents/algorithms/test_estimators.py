"""Advantages of MaxRL, RLOO, REINFORCE++ and GDPO against plain float64 loops and numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from token_batches import sampled_batch

from agents.advantages import (
    decoupled_advantages,
    kl_penalties,
    leave_one_out_advantages,
    max_likelihood_advantages,
    returns_to_go,
    token_rewards,
    turn_advantages,
)
from agents.algorithms import GDPO, OTB, PPO, RLOO, Distillation, MaxRL, ReinforcePP
from agents.errors import ConfigError
from reasonenv.errors import UnknownNameError

rewards_and_groups = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=20)


def others(values: list[float], groups: list[int], row: int) -> list[float]:
    return [value for j, value in enumerate(values) if groups[j] == groups[row] and j != row]


@given(rewards_and_groups)
def test_leave_one_out_advantage_is_the_reward_less_the_mean_of_the_others(pairs):
    rewards, groups = [reward / 4 for reward, _ in pairs], [group for _, group in pairs]
    expected = [
        rewards[i] - np.mean(others(rewards, groups, i)) if others(rewards, groups, i) else 0.0
        for i in range(len(rewards))
    ]
    got_B = leave_one_out_advantages(torch.tensor(rewards, dtype=torch.float64), torch.tensor(groups))
    np.testing.assert_allclose(got_B, expected, atol=1e-12)


def test_leave_one_out_golden_numbers():
    got_B = leave_one_out_advantages(torch.tensor([1.0, 0.0, 0.5, 2.0]), torch.tensor([0, 0, 0, 1]))
    np.testing.assert_allclose(got_B, [0.75, -0.75, 0.0, 0.0], atol=1e-7)


@given(rewards_and_groups)
def test_max_likelihood_advantage_is_the_reward_over_the_mean_less_one(pairs):
    rewards, groups = [float(reward) for reward, _ in pairs], [group for _, group in pairs]
    means = [np.mean([*others(rewards, groups, i), rewards[i]]) for i in range(len(rewards))]
    expected = [reward / mean - 1 if mean > 0 else 0.0 for reward, mean in zip(rewards, means, strict=True)]
    got_B = max_likelihood_advantages(torch.tensor(rewards, dtype=torch.float64), torch.tensor(groups))
    np.testing.assert_allclose(got_B, expected, atol=1e-12)


def test_one_success_in_eight_weighs_seven_and_the_failures_one():
    got_B = max_likelihood_advantages(torch.tensor([1.0] + [0.0] * 7), torch.zeros(8, dtype=torch.int64))
    assert got_B.tolist() == [7.0] + [-1.0] * 7


def test_a_reward_below_zero_has_no_maximum_likelihood_advantage():
    with pytest.raises(ConfigError, match=r"at least 0, .* got -0\.5: leave out the terms"):
        MaxRL().annotate(sampled_batch([1, 0, -0.5, 0]))


def decoupled_by_definition(components: dict[str, list[float]], weights: dict[str, float], groups: list[int]):
    total = np.zeros(len(groups))
    for name, values in components.items():
        for i, value in enumerate(values):
            if math.isnan(value):
                continue
            members = [v for v, group in zip(values, groups, strict=True) if group == groups[i] and not math.isnan(v)]
            deviation = np.std(members, ddof=1) if len(members) > 1 else 0.0
            total[i] += weights[name] * (value - np.mean(members)) / (deviation + 1e-4)
    return (total - total.mean()) / (total.std(ddof=1) + 1e-4)


COMPONENTS = {
    "accuracy": [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    "length": [0.125, 0.5, 0.25, 0.0, 0.75, 0.5, 0.25, 1.0],
    "style": [math.nan] * 4 + [2.0, 4.0, 4.0, 2.0],
}
WEIGHTS = {"accuracy": 1.0, "length": 0.25, "style": -0.5}
GROUPS = [0, 0, 0, 0, 1, 1, 1, 1]


def as_columns(values: dict[str, list[float]], dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(column, dtype=dtype) for name, column in values.items()}


def test_each_component_is_normalised_by_itself_then_weighed_then_the_batch():
    weights = {name: [weight] * 8 for name, weight in WEIGHTS.items()}
    got_B = decoupled_advantages(as_columns(COMPONENTS), as_columns(weights), torch.tensor(GROUPS))
    np.testing.assert_allclose(got_B, decoupled_by_definition(COMPONENTS, WEIGHTS, GROUPS), atol=1e-12)


def test_components_of_one_total_are_told_apart():
    # Totals are 1 in all rows, so that GRPO learns nothing. Deviations are 1/√3 in both components: half of each is
    # ∓ 0.5/0.57735 · (1 − 0.5), and the batch's deviation brings that to ±1/√(4/3).
    batch = replace(
        sampled_batch([1, 1, 1, 1]),
        reward_components=as_columns({"a": [1, 0, 1, 0], "b": [0, 1, 0, 1]}, torch.float32),
        reward_weights=as_columns({"a": [1.0] * 4, "b": [0.5] * 4}, torch.float32),
    )
    advantages_BT = GDPO().annotate(batch).advantages_BT
    assert advantages_BT is not None
    expected = np.array([1, -1, 1, -1]) * math.sqrt(3 / 4)
    np.testing.assert_allclose(advantages_BT[:, 3], expected, rtol=1e-3)
    assert not advantages_BT[batch.loss_mask_BT == 0].any()


def test_a_group_without_variance_in_any_component_gets_no_gradient_from_gdpo():
    batch = replace(
        sampled_batch([1, 1, 1, 1, 1, 0, 1, 0]),
        reward_components=as_columns({"a": [0.1] * 4 + [1, 0, 1, 0]}, torch.float32),
        reward_weights=as_columns({"a": [1.0] * 8}, torch.float32),
    )
    assert GDPO().gradient_rows(GDPO().annotate(batch)).tolist() == [False] * 4 + [True] * 4


def test_gdpo_needs_the_components_and_their_weights():
    with pytest.raises(ConfigError, match=r"components \[\] and weights \[\]"):
        GDPO().annotate(sampled_batch([1, 0]))


def test_reinforce_pp_gives_each_token_what_is_to_come_normalised_over_the_batch():
    batch = sampled_batch([1, 0, 2, -1])
    mask = batch.loss_mask_BT.numpy().astype(np.float64)
    noise = np.random.default_rng(0).normal(size=mask.shape) * mask
    behavior = batch.behavior_logprobs_BT.numpy().astype(np.float64)
    batch = replace(batch, reference_logprobs_BT=torch.tensor(behavior - noise, dtype=torch.float32))
    to_come = np.zeros_like(mask)
    for i, reward in enumerate([1, 0, 2, -1]):
        for t in range(mask.shape[1]):
            to_come[i, t] = reward - 0.1 * noise[i, t:].sum()
    selected = to_come[mask > 0]
    expected = (to_come - selected.mean()) / selected.std(ddof=1) * mask
    np.testing.assert_allclose(ReinforcePP(kl_coef=0.1).annotate(batch).advantages_BT, expected, atol=2e-6)


def test_reinforce_pp_with_the_groups_baseline_tells_apart_easy_and_hard_tasks():
    batch = sampled_batch([9, 9, 9, 8, 1, 0, 0, 0])
    plain, grouped = ReinforcePP().annotate(batch), ReinforcePP(baseline="group").annotate(batch)
    assert plain.advantages_BT is not None
    assert grouped.advantages_BT is not None
    assert plain.advantages_BT[3, 3] > 0
    assert grouped.advantages_BT[3, 3] < 0


def test_the_penalty_in_the_reward_is_charged_at_sampled_tokens_only():
    mask_BT = torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    got_BT = kl_penalties(
        torch.tensor([[9.0, -1.0, -2.0, 9.0]]), torch.tensor([[0.0, -1.5, -1.0, 0.0]]), mask_BT, kl_coef=2
    )
    assert got_BT.tolist() == [[0.0, -1.0, 2.0, 0.0]]


def test_rloo_takes_the_kl_of_the_whole_episode_off_its_reward():
    # Row 0 is 0.5 nats likelier than the reference at each of its tokens, so it pays 0.1 · 0.5 · n.
    batch = sampled_batch([1, 0, 0, 0])
    gap_BT = 0.5 * batch.loss_mask_BT * torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    batch = replace(batch, reference_logprobs_BT=batch.behavior_logprobs_BT - gap_BT)
    advantages_BT = RLOO(kl_coef=0.1).annotate(batch).advantages_BT
    earned = 1 - 0.05 * batch.loss_mask_BT[0].sum().item()
    assert advantages_BT is not None
    np.testing.assert_allclose(advantages_BT[:, 3], [earned, *[-earned / 3] * 3], rtol=1e-5)


def test_returns_to_go_sum_what_is_still_to_come():
    assert returns_to_go(torch.tensor([[0.0, 1.0, 0.0, 3.0]])).tolist() == [[4.0, 4.0, 3.0, 3.0]]


def test_the_rest_of_the_reward_comes_with_the_last_token():
    mask_BT, earned_BT = torch.tensor([[0.0, 1.0, 1.0, 1.0]]), torch.tensor([[0.0, 0.5, 0.0, 0.0]])
    assert token_rewards(torch.tensor([2.0]), mask_BT, earned_BT).tolist() == [[0.0, 0.5, 0.0, 1.5]]
    assert token_rewards(torch.tensor([2.0]), mask_BT, None).tolist() == [[0.0, 0.0, 0.0, 2.0]]


TURNS_BT = torch.tensor([[-1, 0, -1, 1, 1], [-1, 0, 0, -1, 1], [-1, 0, 0, 0, -1], [-1, 0, -1, 1, -1]])
REWARDS_BT = torch.tensor([[0, 1, 0, 0, 2], [0, 0, 0, 0, 1], [0, 0, 0, 4, 0], [0, 3, 0, 5, 0]], dtype=torch.float32)


def test_a_turn_is_compared_with_what_the_others_earned_from_there_on():
    # Rows 0 to 2 are a group. From turn 0 they earn 3, 1, 4; from turn 1 the first two earn 2 and 1, and row 2, which
    # ended with turn 0, counts with what its last turn earned. Row 3 is alone.
    got_BT = turn_advantages(REWARDS_BT, TURNS_BT, torch.tensor([0, 0, 0, 1]))
    expected = [
        [0, 3 - 2.5, 0, 2 - 2.5, 2 - 2.5],
        [0, 1 - 3.5, 1 - 3.5, 0, 1 - 3.0],
        [0, 4 - 2.0, 4 - 2.0, 4 - 2.0, 0],
        [0, 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(got_BT, expected, atol=1e-6)


@given(st.integers(-5, 5), st.sampled_from([1, 3, 4]))
def test_the_baseline_of_a_turn_does_not_depend_on_what_the_row_itself_earned(change: int, position: int):
    changed_BT = REWARDS_BT.clone()
    changed_BT[0, position] += change
    groups_B = torch.tensor([0, 0, 0, 1])
    before_BT, after_BT = (turn_advantages(rewards, TURNS_BT, groups_B) for rewards in (REWARDS_BT, changed_BT))
    is_first = position == 1
    expected = [0, change, 0, *[0 if is_first else change] * 2]
    np.testing.assert_allclose((after_BT - before_BT)[0], expected, atol=1e-5)


def test_turn_credit_is_that_of_the_episode_where_only_the_last_turn_is_rewarded():
    turns_BT = torch.where(sampled_batch([0] * 4).loss_mask_BT.bool(), torch.arange(12) // 6, -1)
    batch = replace(sampled_batch([1, 0, 0.5, 1]), turns_BT=turns_BT)
    by_turn, by_episode = RLOO(credit="turn").annotate(batch), RLOO().annotate(batch)
    torch.testing.assert_close(by_turn.advantages_BT, by_episode.advantages_BT)


def test_a_row_whose_tokens_are_masked_stays_in_the_baseline_of_its_group():
    batch = sampled_batch([1, 0, 0, 2])
    mask_BT = batch.loss_mask_BT.clone()
    mask_BT[3] = 0
    batch = replace(batch, loss_mask_BT=mask_BT, turns_BT=torch.where(mask_BT.bool(), 0, -1))
    by_turn, by_episode = RLOO(credit="turn").annotate(batch), RLOO().annotate(batch)
    torch.testing.assert_close(by_turn.advantages_BT, by_episode.advantages_BT)


def test_a_turn_gets_no_credit_for_what_earlier_turns_earned():
    turns_BT = torch.where(sampled_batch([0] * 4).loss_mask_BT.bool(), torch.arange(12) // 6, -1)
    earned_BT = torch.zeros(4, 12)
    earned_BT[0, 4] = 1.0
    batch = replace(sampled_batch([1, 0, 0, 0]), turns_BT=turns_BT, turn_rewards_BT=earned_BT)
    advantages_BT = RLOO(credit="turn").annotate(batch).advantages_BT
    assert advantages_BT is not None
    assert advantages_BT[0, 3:5].tolist() == [1.0, 1.0]
    assert not advantages_BT[:, 6:].any()


def test_distillation_pays_each_token_what_the_teacher_finds_it_likelier():
    batch = sampled_batch([1, 0, 0, 0])
    batch = replace(batch, teacher_logprobs_BT=batch.behavior_logprobs_BT + 0.25)
    annotated = Distillation().annotate(batch)
    torch.testing.assert_close(annotated.advantages_BT, 0.25 * batch.loss_mask_BT)


@pytest.mark.parametrize(
    "algorithm", [GDPO(), OTB(), RLOO(), MaxRL(), ReinforcePP(), Distillation()], ids=lambda a: type(a).__name__
)
def test_a_field_that_was_not_filled_is_named_with_what_fills_it(algorithm):
    with pytest.raises(ValueError, match=rf"batch\.advantages_BT .*{type(algorithm).__name__}\.annotate"):
        algorithm.gradient_rows(sampled_batch([1, 0]))


@pytest.mark.parametrize("algorithm", [GDPO, OTB, RLOO, MaxRL, ReinforcePP, Distillation])
def test_constant_length_without_its_constant_is_refused_when_the_algorithm_is_built(algorithm):
    with pytest.raises(ValueError, match="max_tokens"):
        algorithm(reduction="constant_length_mean")


@pytest.mark.parametrize(
    ("algorithm", "field", "meant"),
    [(PPO, "kl_in", "reward"), (RLOO, "credit", "turn"), (ReinforcePP, "baseline", "group")],
)
def test_a_choice_that_does_not_exist_is_refused(algorithm: Any, field: str, meant: str):
    with pytest.raises(UnknownNameError, match=rf"Unknown {field} '{meant}s'\. Did you mean '{meant}'"):
        algorithm(**{field: f"{meant}s"})


@pytest.mark.parametrize("algorithm", [GDPO, RLOO, MaxRL, ReinforcePP])
def test_a_penalty_needs_the_reference(algorithm):
    assert algorithm().needs == set()
    assert algorithm(kl_coef=0.1).needs == {"reference_logprobs"}
