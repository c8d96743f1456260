"""A critic of its own, what it says of rows that were cut off, and training it alone."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from token_batches import sampled_batch

from agents.algorithms import PPO
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.types import TokenBatch

REWARDS = [1, 0, 0, 1, 1, 1, 0, 1]
Weights = dict[str, torch.Tensor]


def make_learner(*, has_own_critic: bool, dtype: torch.dtype = torch.float64) -> Learner:
    policy = HFPolicy(build_tiny_policy(seed=0)[0].to(dtype), has_value_head=True)
    if has_own_critic:
        policy.give_critic(build_tiny_policy(seed=1)[0].to(dtype))
    assert policy.value_head is not None
    torch.nn.init.normal_(policy.value_head.weight, std=0.02, generator=torch.Generator().manual_seed(2))
    return Learner(policy, OptimizerConfig(learning_rate=1e-3, weight_decay=0.1), num_optimizer_steps=4)


def cut_batch() -> TokenBatch:
    """Rows 1 and 6 were cut by the token budget."""
    batch = sampled_batch(REWARDS)
    return replace(batch, is_stopped_B=torch.tensor([True, False, True, True, True, True, False, True]))


def weights(policy: HFPolicy) -> Weights:
    return {name: parameter.detach().clone() for name, parameter in policy.named_parameters()}


def has_moved(before: Weights, after: Weights, prefix: str) -> set[bool]:
    return {not torch.equal(before[name], after[name]) for name in before if name.startswith(prefix)}


def update(learner: Learner, batch: TokenBatch, algorithm: Any = None, **config: Any) -> dict[str, float]:
    return learner.update(batch, algorithm or PPO(), UpdateConfig(**config), temperature=1.0, seed=0)


def test_values_are_those_of_a_linear_layer_on_the_critics_own_states():
    policy, batch = make_learner(has_own_critic=True).policy, cut_batch()
    values_BT = policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT).values_BT
    other, head = build_tiny_policy(seed=1)[0].double(), policy.value_head
    assert head is not None
    hidden_BTD = other.get_decoder()(input_ids=batch.token_ids_BT).last_hidden_state
    expected_BT = (hidden_BTD[:, :-1] @ head.weight[0].double() + head.bias) * batch.loss_mask_BT[:, 1:]
    torch.testing.assert_close(values_BT[:, 1:].double(), expected_BT, rtol=1e-5, atol=1e-5)


def test_a_critic_of_its_own_sends_no_gradient_into_the_policy_and_gets_all_of_the_value_loss():
    policy, batch = make_learner(has_own_critic=True).policy, cut_batch()
    values_BT = policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT).values_BT
    values_BT.square().sum().backward()
    assert all(parameter.grad is None for parameter in policy.model.parameters())
    assert policy.critic is not None
    assert all(parameter.grad is not None for parameter in policy.critic.parameters())


@pytest.mark.parametrize("config", [{}, {"max_tokens_per_microbatch": 26}, {"share_prompts": True}], ids=str)
def test_an_update_moves_the_policy_and_its_own_critic(config: dict[str, Any]):
    learner = make_learner(has_own_critic=True)
    batch = cut_batch()
    batch = replace(batch, token_ids_BT=torch.where(torch.arange(12) < 3, 7, batch.token_ids_BT))
    before = weights(learner.policy)
    update(learner, batch, **config)
    after = weights(learner.policy)
    assert has_moved(before, after, "model.") == has_moved(before, after, "critic.") == {True}


def test_microbatches_and_shared_prompts_give_the_update_of_the_whole_batch():
    batch = cut_batch()
    batch = replace(batch, token_ids_BT=torch.where(torch.arange(12) < 3, 7, batch.token_ids_BT))
    results: list[Weights] = []
    for config in ({}, {"max_tokens_per_microbatch": 26}, {"share_prompts": True}):
        learner = make_learner(has_own_critic=True)
        update(learner, batch, PPO(bootstraps_truncated=True), **config)
        results.append(weights(learner.policy))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=2e-5)
    torch.testing.assert_close(results[2], results[0], rtol=0, atol=2e-5)


@pytest.mark.parametrize("has_own_critic", [False, True])
def test_the_policy_does_not_move_while_the_critic_is_trained_alone(has_own_critic: bool):
    learner = make_learner(has_own_critic=has_own_critic)
    before = weights(learner.policy)
    with learner.policy.training_critic_alone():
        first = update(learner, cut_batch(), PPO(value_clip=10.0), num_minibatches=2)
        second = update(learner, cut_batch(), PPO(value_clip=10.0))
    after = weights(learner.policy)
    assert has_moved(before, after, "model.") == {False}
    assert has_moved(before, after, "value_head.") == {True}
    assert not has_own_critic or has_moved(before, after, "critic.") == {True}
    assert second["value_loss"] < first["value_loss"]
    update(learner, cut_batch())
    assert has_moved(after, weights(learner.policy), "model.") == {True}


def test_what_was_frozen_before_is_frozen_behind_training_the_critic_alone():
    learner = make_learner(has_own_critic=False)
    frozen = learner.policy.model.get_input_embeddings().weight.requires_grad_(requires_grad=False)
    with pytest.raises(ZeroDivisionError), learner.policy.training_critic_alone():
        raise ZeroDivisionError
    assert not frozen.requires_grad
    assert learner.policy.model.get_decoder().norm.weight.requires_grad


@pytest.mark.parametrize("has_own_critic", [False, True])
def test_the_value_of_what_was_cut_off_is_that_of_the_state_behind_the_last_token(has_own_critic: bool):
    learner, batch = make_learner(has_own_critic=has_own_critic), cut_batch()
    filled = learner.fill_no_grad_fields(batch, PPO(bootstraps_truncated=True), UpdateConfig(), temperature=1.0)
    policy = learner.policy
    assert policy.value_head is not None
    assert filled.final_values_B is not None
    trunk: Any = policy.decoder if policy.critic is None else policy.critic
    for row, is_stopped in enumerate(batch.is_stopped_B.tolist() if batch.is_stopped_B is not None else []):
        length = int(batch.attention_mask_BT[row].sum())
        state_D = trunk(input_ids=batch.token_ids_BT[row : row + 1, :length]).last_hidden_state[0, -1]
        expected = 0.0 if is_stopped else policy.value_head(state_D.float()).item()
        assert filled.final_values_B[row].item() == pytest.approx(expected, abs=1e-5)


def test_a_budget_that_just_holds_the_longest_row_holds_its_end_too():
    longest = int(cut_batch().attention_mask_BT.sum(1).max())
    learner = make_learner(has_own_critic=False)
    batch = replace(cut_batch(), is_stopped_B=torch.zeros(8, dtype=torch.bool))
    metrics = update(learner, batch, PPO(bootstraps_truncated=True), max_tokens_per_microbatch=longest)
    assert metrics["grad_norm"] > 0


def test_bootstrapping_needs_to_know_what_was_cut_off():
    learner = make_learner(has_own_critic=False)
    with pytest.raises(ValueError, match=r"Expected batch\.is_stopped_B to be a tensor"):
        update(learner, sampled_batch(REWARDS), PPO(bootstraps_truncated=True))


def test_the_reference_has_no_critic():
    learner = make_learner(has_own_critic=True)
    learner.freeze_reference()
    assert learner.reference is not None
    assert learner.reference.critic is None
    assert learner.reference.value_head is None
    assert learner.policy.critic is not None


def test_a_restored_learner_has_its_critic_back_bit_for_bit():
    first, second = (make_learner(has_own_critic=True, dtype=torch.float32) for _ in range(2))
    update(first, cut_batch())
    second.policy.model.load_state_dict(first.policy.model.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()), None)
    assert update(first, cut_batch()) == update(second, cut_batch())
    torch.testing.assert_close(weights(second.policy), weights(first.policy), rtol=0, atol=0)
