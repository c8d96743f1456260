"""The optimal token baseline against plain float64 loops and numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from token_batches import sampled_batch

from agents.advantages import leave_one_out_advantages, optimal_token_advantages, terminal_rewards
from agents.algorithms import OTB, load_algorithm
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.testing import check_algorithm
from agents.types import TokenBatch


def by_definition(rewards: np.ndarray, norms: np.ndarray, mask: np.ndarray, groups: list[int]) -> np.ndarray:
    """One row and one token at a time."""
    places = [np.flatnonzero(row) for row in mask]
    to_come = [[rewards[i, t:].sum() for t in places[i]] for i in range(len(mask))]
    energy = [np.cumsum(norms[i, places[i]]) for i in range(len(mask))]
    advantages = np.zeros_like(rewards)
    for i, own in enumerate(places):
        members = [j for j in range(len(mask)) if groups[j] == groups[i]]
        others = [j for j in members if j != i and len(places[j])]
        if not others:
            mean = np.mean([rewards[j].sum() for j in members])
            advantages[i, own] = [returns - mean if len(members) > 1 else 0.0 for returns in to_come[i]]
            continue
        for k, t in enumerate(own):
            there = [(energy[j][k], to_come[j][k]) for j in members if len(places[j]) > k]
            if len(there) == 1:
                there = [(energy[j][-1], to_come[j][-1]) for j in others]
            weights, returns = np.array(there).T
            advantages[i, t] = to_come[i][k] - (weights * returns).sum() / weights.sum()
    return advantages


def random_case(seed: int, num_rows: int = 7, width: int = 9) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    generator = np.random.default_rng(seed)
    mask = (generator.random((num_rows, width)) < 0.6).astype(np.float64)
    rewards = generator.normal(size=mask.shape) * (generator.random(mask.shape) < 0.3) * mask
    return rewards, generator.random(mask.shape) + 1e-3, mask, generator.integers(0, 3, num_rows).tolist()


def computed(rewards: np.ndarray, norms: np.ndarray, mask: np.ndarray, groups: list[int]) -> np.ndarray:
    tensors = (torch.tensor(rewards), torch.tensor(norms), torch.tensor(mask), torch.tensor(groups))
    return optimal_token_advantages(*tensors).numpy()


@given(st.integers(0, 10_000))
def test_advantages_match_their_definition(seed: int):
    case = random_case(seed)
    np.testing.assert_allclose(computed(*case), by_definition(*case), atol=1e-12)


def test_golden_numbers_of_two_responses():
    # Energies are 1, 3, 4 and 2, 3; returns 1 and 0. Baselines are 1/(1 + 2) and 3/(3 + 3). At the third token of the
    # longer response the other one counts with its end, where it earned 0.
    rewards_BT = torch.tensor([[0.0, 0, 0, 1], [0, 0, 0, 0]], dtype=torch.float64)
    norms_BT = torch.tensor([[9.0, 1, 2, 1], [9, 2, 1, 9]], dtype=torch.float64)
    mask_BT = torch.tensor([[0.0, 1, 1, 1], [0, 1, 1, 0]])
    got_BT = optimal_token_advantages(rewards_BT, norms_BT, mask_BT, torch.tensor([5, 5]))
    np.testing.assert_allclose(got_BT, [[0, 2 / 3, 1 / 2, 1], [0, -1 / 3, -1 / 2, 0]], atol=1e-12)


def test_tokens_are_counted_from_the_first_sampled_one_past_environment_turns():
    rewards, norms, mask, groups = random_case(1)
    with_turn, wide_norms, wide_mask = (np.insert(x, 3, 0.0, axis=1) for x in (rewards, norms, mask))
    got = np.delete(computed(with_turn, wide_norms, wide_mask, groups), 3, axis=1)
    np.testing.assert_allclose(got, computed(rewards, norms, mask, groups), atol=1e-12)


@given(st.integers(0, 10_000))
def test_at_every_place_that_several_reach_weighted_advantages_add_up_to_zero(seed: int):
    # That is where Σ W·(G − b)², the variance that the baseline is to bring down, is least.
    rewards, norms, _, _ = random_case(seed)
    mask, groups = np.ones_like(rewards), [0] * len(rewards)
    advantages = computed(rewards, norms, mask, groups)
    np.testing.assert_allclose((np.cumsum(norms, 1) * advantages).sum(0), 0, atol=1e-10)


def test_under_equal_energies_the_baseline_is_the_mean_of_the_group():
    rewards_B, mask_BT = torch.tensor([1.0, 0.0, 0.0, 2.0]).double(), torch.ones(4, 5).double()
    groups_B = torch.zeros(4, dtype=torch.int64)
    got_BT = optimal_token_advantages(terminal_rewards(rewards_B, mask_BT), mask_BT, mask_BT, groups_B)
    expected_B = leave_one_out_advantages(rewards_B, groups_B) * 3 / 4
    torch.testing.assert_close(got_BT, expected_B[:, None].expand(4, 5))


@pytest.mark.parametrize("reward", [0.0, 0.1, 1 / 3, -2.0])
def test_equal_rewards_have_no_advantage_whatever_the_lengths(reward: float):
    batch = sampled_batch([reward] * 8)
    advantages_BT = annotated(batch).advantages_BT
    assert advantages_BT is not None
    assert not advantages_BT.any()
    assert not OTB().gradient_rows(annotated(batch)).any()


def test_a_response_without_others_has_no_advantage():
    batch = replace(sampled_batch([1, 0, 2]), group_ids_B=torch.tensor([0, 1, 2]))
    advantages_BT = annotated(batch).advantages_BT
    assert advantages_BT is not None
    assert not advantages_BT.any()


def test_tokens_without_uncertainty_are_compared_with_the_mean_of_the_group():
    batch = sampled_batch([1, 0, 0, 0])
    certain = replace(batch, old_logprobs_BT=torch.zeros(4, 12), old_other_squares_BT=torch.zeros(4, 12))
    advantages_BT = OTB().annotate(certain).advantages_BT
    assert advantages_BT is not None
    np.testing.assert_allclose(advantages_BT[:, 3], [0.75, -0.25, -0.25, -0.25], atol=1e-7)


def test_the_reward_of_a_response_that_is_left_out_stays_in_the_mean_of_its_group():
    batch = sampled_batch([1, 0, 0, 2])
    mask_BT = batch.loss_mask_BT * torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    zeros_BT = torch.zeros(4, 12)
    batch = replace(batch, loss_mask_BT=mask_BT, old_logprobs_BT=zeros_BT, old_other_squares_BT=zeros_BT)
    advantages_BT = OTB().annotate(batch).advantages_BT
    assert advantages_BT is not None
    np.testing.assert_allclose(advantages_BT[0, 3], 1 - 0.75, atol=1e-7)


def annotated(batch: TokenBatch) -> TokenBatch:
    squares_BT = 0.2 * torch.rand(batch.loss_mask_BT.shape, generator=torch.Generator().manual_seed(4))
    filled = replace(batch, old_logprobs_BT=batch.behavior_logprobs_BT, old_other_squares_BT=squares_BT)
    return OTB().annotate(filled)


def test_the_energy_is_the_squared_norm_of_the_gradient_by_the_logits():
    logits_TV = torch.randn(5, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    targets_T = torch.tensor([3, 0, 10, 3, 7])
    logprobs_T = logits_TV.log_softmax(-1).gather(1, targets_T[:, None])[:, 0]
    (score_TV,) = torch.autograd.grad(logprobs_T.sum(), logits_TV)
    batch = sampled_batch([1, 0])
    others_TV = logits_TV.detach().softmax(-1).scatter(1, targets_T[:, None], 0.0)
    mask_BT = torch.zeros(2, 12)
    mask_BT[:, :5] = 1
    squares_BT, old_BT = torch.zeros(2, 12).double(), torch.zeros(2, 12).double()
    squares_BT[0, :5], old_BT[0, :5] = others_TV.square().sum(-1), logprobs_T.detach()
    old_BT[1, :5] = -50.0  # a norm of 1 at each token
    batch = replace(batch, loss_mask_BT=mask_BT, old_logprobs_BT=old_BT, old_other_squares_BT=squares_BT)
    advantages_BT = OTB().annotate(batch).advantages_BT
    energy_T = score_TV.square().sum(-1).cumsum(0).numpy()
    assert advantages_BT is not None
    np.testing.assert_allclose(advantages_BT[0, :5], 1 - energy_T / (energy_T + np.arange(1, 6)), atol=1e-6)


@pytest.mark.parametrize("algorithm", [OTB(), OTB(kl_coef=0.1, reduction="sequence_mean")], ids=["plain", "options"])
def test_it_is_an_algorithm(algorithm: OTB):
    check_algorithm(algorithm)


def test_the_learner_fills_in_what_it_needs():
    assert load_algorithm("otb").needs == {"old_logprobs", "old_other_squares"}
    assert OTB(kl_coef=0.1).needs == {"old_logprobs", "old_other_squares", "reference_logprobs"}
    policy = HFPolicy(build_tiny_policy(seed=0)[0])
    learner = Learner(policy, OptimizerConfig(), num_optimizer_steps=1)
    batch = sampled_batch([1, 0, 0, 1])
    config = UpdateConfig(max_tokens_per_microbatch=24)
    filled = learner.fill_no_grad_fields(batch, OTB(), config, temperature=0.7)
    logits_BTV = policy.model(batch.token_ids_BT).logits.detach()[:, :-1] / 0.7
    probs_BTV = logits_BTV.softmax(-1).scatter(2, batch.token_ids_BT[:, 1:, None], 0.0)
    expected_BT = torch.nn.functional.pad(probs_BTV.square().sum(-1), (1, 0)) * batch.loss_mask_BT
    torch.testing.assert_close(filled.old_other_squares_BT, expected_BT, rtol=1e-4, atol=1e-7)


def test_what_was_not_filled_is_named():
    with pytest.raises(ValueError, match=r"batch\.old_other_squares_BT .*fill_no_grad_fields"):
        OTB().annotate(replace(sampled_batch([1, 0]), old_logprobs_BT=torch.zeros(2, 12)))
