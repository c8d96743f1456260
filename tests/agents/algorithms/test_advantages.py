from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.advantages import gae, group_relative_advantages, whiten
from agents.types import Groups

finite = st.floats(-10, 10, width=32)
grouped_rewards = st.lists(st.tuples(finite, st.integers(0, 4)), min_size=1, max_size=24)


def group_relative_by_definition(
    rewards: list[float], groups: list[int], *, scale_by_std: bool = True, epsilon: float = 1e-4
) -> np.ndarray:
    advantages = np.zeros(len(rewards))
    for i, group in enumerate(groups):
        members = np.array([r for r, other in zip(rewards, groups, strict=True) if other == group], dtype=np.float64)
        centered = rewards[i] - members.mean()
        deviation = np.sqrt(((members - members.mean()) ** 2).sum() / max(len(members) - 1, 1))
        advantages[i] = centered / (deviation + epsilon) if scale_by_std else centered
    return advantages


def as_tensors(pairs: list[tuple[float, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    rewards, groups = zip(*pairs, strict=True)
    return torch.tensor(rewards, dtype=torch.float64), torch.tensor(groups)


def test_two_right_of_four_gives_plus_and_minus_root_three_quarters():
    advantages_B = group_relative_advantages(torch.tensor([1.0, 0.0, 0.0, 1.0]), torch.zeros(4, dtype=torch.long))
    expected = 0.5 / (np.sqrt(1 / 3) + 1e-4)
    np.testing.assert_allclose(advantages_B, [expected, -expected, -expected, expected], rtol=1e-6)


@pytest.mark.parametrize("scale_by_std", [True, False])
def test_uneven_interleaved_groups_match_the_definition(scale_by_std: bool):
    rewards, groups = [1.0, 0.25, -3.0, 2.0, 0.5, 7.0], [9, 2, 9, 2, 9, 4]
    advantages_B = group_relative_advantages(
        torch.tensor(rewards, dtype=torch.float64), torch.tensor(groups), scale_by_std=scale_by_std
    )
    expected = group_relative_by_definition(rewards, groups, scale_by_std=scale_by_std)
    np.testing.assert_allclose(advantages_B, expected, rtol=1e-12)


@given(grouped_rewards, st.booleans())
def test_any_grouping_matches_the_definition(pairs: list[tuple[float, int]], scale_by_std: bool):
    rewards_B, groups_B = as_tensors(pairs)
    expected = group_relative_by_definition(rewards_B.tolist(), groups_B.tolist(), scale_by_std=scale_by_std)
    advantages_B = group_relative_advantages(rewards_B, groups_B, scale_by_std=scale_by_std)
    np.testing.assert_allclose(advantages_B, expected, rtol=1e-9, atol=1e-10)


@given(grouped_rewards, st.randoms(use_true_random=False))
def test_permuting_the_rows_permutes_the_advantages(pairs: list[tuple[float, int]], random):
    rewards_B, groups_B = as_tensors(pairs)
    order = random.sample(range(len(pairs)), len(pairs))
    permuted_B = group_relative_advantages(rewards_B[order], groups_B[order])
    torch.testing.assert_close(permuted_B, group_relative_advantages(rewards_B, groups_B)[order], rtol=1e-9, atol=1e-9)


@given(grouped_rewards)
def test_renaming_the_groups_changes_nothing(pairs: list[tuple[float, int]]):
    rewards_B, groups_B = as_tensors(pairs)
    renamed_B = group_relative_advantages(rewards_B, 100 - 7 * groups_B)
    torch.testing.assert_close(renamed_B, group_relative_advantages(rewards_B, groups_B))


@given(grouped_rewards, st.integers(-8, 8))
def test_adding_a_constant_to_the_rewards_changes_nothing(pairs: list[tuple[float, int]], shift: int):
    rewards_B, groups_B = as_tensors(pairs)
    shifted_B = group_relative_advantages(rewards_B + shift, groups_B)
    torch.testing.assert_close(shifted_B, group_relative_advantages(rewards_B, groups_B), rtol=1e-9, atol=1e-9)


@given(grouped_rewards)
def test_advantages_of_a_group_sum_to_zero(pairs: list[tuple[float, int]]):
    rewards_B, groups_B = as_tensors(pairs)
    advantages_B = group_relative_advantages(rewards_B, groups_B)
    for group in groups_B.unique():
        assert abs(advantages_B[groups_B == group].sum().item()) < 1e-9


@given(st.floats(-100, 100, width=32), st.integers(1, 40), st.booleans())
def test_equal_rewards_give_exactly_zero_in_single_precision(reward: float, size: int, scale_by_std: bool):
    rewards_B, groups_B = torch.full((size,), reward), torch.zeros(size, dtype=torch.long)
    advantages_B = group_relative_advantages(rewards_B, groups_B, scale_by_std=scale_by_std)
    assert advantages_B.tolist() == [0.0] * size


def test_a_group_of_one_gets_exactly_zero_beside_other_groups():
    advantages_B = group_relative_advantages(torch.tensor([0.0, 0.7, 1.0]), torch.tensor([0, 1, 0]))
    assert advantages_B[1] == 0
    assert advantages_B[0] < 0 < advantages_B[2]


def test_no_rows_give_no_advantages():
    assert group_relative_advantages(torch.zeros(0), torch.zeros(0, dtype=torch.long)).shape == (0,)


def test_half_precision_rewards_are_computed_in_single_precision():
    advantages_B = group_relative_advantages(torch.tensor([1.0, 0.0]).bfloat16(), torch.tensor([0, 0]))
    assert advantages_B.dtype == torch.float32


def gae_by_definition(rewards, values, mask, *, gamma: float, gae_lambda: float) -> tuple[np.ndarray, np.ndarray]:
    """The sum of Eq. 16 written out, over the sampled positions of each row."""
    advantages, returns = np.zeros_like(values), np.zeros_like(values)
    for b in range(len(values)):
        steps = np.flatnonzero(mask[b])
        for i, t in enumerate(steps):
            for distance, j in enumerate(range(i, len(steps))):
                next_value = values[b, steps[j + 1]] if j + 1 < len(steps) else 0.0
                delta = rewards[b, steps[j]] + gamma * next_value - values[b, steps[j]]
                advantages[b, t] += (gamma * gae_lambda) ** distance * delta
            returns[b, t] = advantages[b, t] + values[b, t]
    return advantages, returns


def random_episodes(seed: int, shape: tuple[int, int] = (4, 9)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rewards and values are garbage outside the mask, which has gaps, as after environment turns."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=shape), (rng.random(shape) < 0.6).astype(float)


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_gae_matches_the_double_sum_over_sampled_tokens(seed: int, gamma: float, gae_lambda: float):
    rewards, values, mask = random_episodes(seed)
    got = gae(*map(torch.from_numpy, (rewards, values, mask)), gamma=gamma, gae_lambda=gae_lambda)
    for tensor_BT, expected in zip(
        got, gae_by_definition(rewards, values, mask, gamma=gamma, gae_lambda=gae_lambda), strict=True
    ):
        np.testing.assert_allclose(tensor_BT, expected, atol=1e-12)


def test_gae_golden_numbers_across_an_environment_turn():
    # Sampled at 1, 2 and 5 with V = 0.5, 0.4, 0.2 and reward 1 at the end; γ = 0.9, λ = 0.5.
    # δ = 0 + 0.9·0.4 − 0.5 = −0.14;  0 + 0.9·0.2 − 0.4 = −0.22;  1 − 0.2 = 0.8
    # A₅ = 0.8;  A₂ = −0.22 + 0.45·0.8 = 0.14;  A₁ = −0.14 + 0.45·0.14 = −0.077
    values_BT = torch.tensor([[9.0, 0.5, 0.4, 9.0, 9.0, 0.2, 9.0]], dtype=torch.float64)
    rewards_BT = torch.tensor([[9.0, 0.0, 0.0, 9.0, 9.0, 1.0, 9.0]], dtype=torch.float64)
    mask_BT = torch.tensor([[0, 1, 1, 0, 0, 1, 0]])
    advantages_BT, returns_BT = gae(rewards_BT, values_BT, mask_BT, gamma=0.9, gae_lambda=0.5)
    np.testing.assert_allclose(advantages_BT, [[0, -0.077, 0.14, 0, 0, 0.8, 0]], atol=1e-15)
    np.testing.assert_allclose(returns_BT, [[0, 0.423, 0.54, 0, 0, 1.0, 0]], atol=1e-15)


@given(st.integers(0, 1000))
def test_without_discounts_gae_is_reward_to_go_minus_value(seed: int):
    rewards, values, mask = random_episodes(seed)
    advantages_BT, returns_BT = gae(*map(torch.from_numpy, (rewards, values, mask)), gamma=1.0, gae_lambda=1.0)
    reward_to_go = np.cumsum((rewards * mask)[:, ::-1], axis=1)[:, ::-1]
    np.testing.assert_allclose(advantages_BT, (reward_to_go - values) * mask, atol=1e-12)
    np.testing.assert_allclose(returns_BT, reward_to_go * mask, atol=1e-12)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_lambda_zero_gives_the_one_step_error(seed: int, gamma: float):
    rewards, values, mask = random_episodes(seed)
    advantages_BT, _ = gae(*map(torch.from_numpy, (rewards, values, mask)), gamma=gamma, gae_lambda=0.0)
    for b in range(len(values)):
        steps = np.flatnonzero(mask[b])
        following = np.append(values[b, steps][1:], 0.0)[: len(steps)]
        np.testing.assert_allclose(advantages_BT[b, steps], rewards[b, steps] + gamma * following - values[b, steps])


@given(st.integers(0, 1000))
def test_padding_changes_no_advantage(seed: int):
    rewards, values, mask = random_episodes(seed)
    garbage = np.full((len(values), 3), 123.0)
    padded = [np.hstack([rewards, garbage]), np.hstack([values, garbage]), np.hstack([mask, 0 * garbage])]
    short = gae(*map(torch.from_numpy, (rewards, values, mask)), gamma=0.9, gae_lambda=0.8)
    long = gae(*map(torch.from_numpy, padded), gamma=0.9, gae_lambda=0.8)
    for short_BT, long_BT in zip(short, long, strict=True):
        assert torch.equal(long_BT, torch.nn.functional.pad(short_BT, (0, 3)))


@given(st.integers(0, 1000))
def test_whitened_entries_have_mean_zero_and_variance_one(seed: int):
    _, values, mask = random_episodes(seed)
    mask[0, :2] = 1
    whitened = whiten(torch.from_numpy(values), torch.from_numpy(mask)).numpy()
    selected = values[mask > 0]
    expected = (values - selected.mean()) / np.sqrt(selected.var(ddof=1) + 1e-8) * mask
    np.testing.assert_allclose(whitened, expected, rtol=1e-9, atol=1e-9)
    assert abs(whitened[mask > 0].mean()) < 1e-9


@given(st.floats(-100, 100, width=32), st.integers(1, 60))
def test_whitening_equal_entries_gives_exactly_zero(value: float, size: int):
    values_BT = torch.full((2, size), value)
    values_BT[1] = torch.nan
    mask_BT = torch.tensor([[1.0], [0.0]]).expand(2, size)
    assert whiten(values_BT, mask_BT).tolist() == [[0.0] * size] * 2


def test_whitening_nothing_gives_zeros():
    assert whiten(torch.ones(2, 3), torch.zeros(2, 3)).tolist() == [[0.0] * 3] * 2


def test_groups_are_numbered_in_the_order_of_their_ids():
    index_B, num_groups = Groups.of(torch.tensor([7, -1, 7, 40, -1]))
    assert (index_B.tolist(), num_groups) == ([1, 0, 1, 2, 0], 3)
    assert Groups.of(torch.zeros(0, dtype=torch.long)).num_groups == 0


@pytest.mark.parametrize(
    "compute",
    [
        lambda row_BT, column_BT: group_relative_advantages(row_BT[0], column_BT.long()),
        lambda row_BT, column_BT: gae(column_BT, row_BT, row_BT, gamma=1.0, gae_lambda=1.0),
        lambda row_BT, column_BT: gae(row_BT, column_BT, row_BT, gamma=1.0, gae_lambda=1.0),
        lambda row_BT, column_BT: gae(row_BT, row_BT, column_BT, gamma=1.0, gae_lambda=1.0),
        whiten,
    ],
    ids=["groups", "rewards", "values", "mask", "whiten"],
)
def test_a_transposed_tensor_is_refused_instead_of_being_broadcast(compute):
    with pytest.raises(ValueError, match=r"tensors of one shape, got .* \(3, 1\)"):
        compute(torch.ones(1, 3), torch.ones(3, 1))


def test_an_episode_that_was_cut_off_goes_on_being_worth_what_the_critic_says():
    # γ = 0.9, λ = 0.5, V = (0.5, 0.2), no reward, V = 1 behind the last token in row 0: δ = (0.9·0.2 − 0.5, 0.9 − 0.2)
    # = (−0.32, 0.7), A = (−0.32 + 0.45·0.7, 0.7). Row 1 came to its end: δ = (−0.32, −0.2), A = (−0.32 − 0.09, −0.2).
    values_BT = torch.tensor([[0.0, 0.5, 0.2, 0.0]] * 2, dtype=torch.float64)
    mask_BT = torch.tensor([[0.0, 1.0, 1.0, 0.0]] * 2)
    final_values_B = torch.tensor([1.0, 0.0], dtype=torch.float64)
    advantages_BT, returns_BT = gae(
        0 * values_BT, values_BT, mask_BT, gamma=0.9, gae_lambda=0.5, final_values_B=final_values_B
    )
    np.testing.assert_allclose(advantages_BT, [[0, -0.005, 0.7, 0], [0, -0.41, -0.2, 0]], atol=1e-12)
    np.testing.assert_allclose(returns_BT, [[0, 0.495, 0.9, 0], [0, 0.09, 0, 0]], atol=1e-12)
