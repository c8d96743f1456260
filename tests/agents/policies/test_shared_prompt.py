"""Prompts that are computed once per group give the numbers of whole rows."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, combinations, pairwise
from typing import Any, cast

import pytest
import torch
from test_head import model_of as other_model_of
from test_hf_policy import ARCHITECTURES, MIXTURES, SIZES, SPECIAL_TOKENS, VOCABULARY_SIZE, model_of
from token_batches import sampled_batch
from transformers import AutoModelForCausalLM, MistralConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from agents.algorithms.grpo import GRPO
from agents.algorithms.ppo import PPO
from agents.errors import PolicyError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.hf import HFPolicy
from agents.policies.shared_prompt import bucket_sizes, shared_prompt_hidden
from agents.policies.tiny import build_tiny_policy
from agents.types import TokenBatch


def grouped_rows() -> dict[str, torch.Tensor]:
    """Seven rows of three groups (prompts of 4, 6 and 2 tokens), in mixed order, one with an environment turn."""
    generator = torch.Generator().manual_seed(3)
    group_ids_B = torch.tensor([5, 2, 5, 9, 2, 5, 2])
    prompts = {2: 4, 5: 6, 9: 2}
    token_ids_BT = torch.randint(3, VOCABULARY_SIZE, (7, 12), generator=generator)
    lengths = [12, 9, 8, 11, 12, 7, 5]
    loss_mask_BT = torch.zeros(7, 12)
    for row, (group, length) in enumerate(zip(group_ids_B.tolist(), lengths, strict=True)):
        token_ids_BT[row, : prompts[group]] = group
        loss_mask_BT[row, prompts[group] : length] = 1
    loss_mask_BT[3, 5:8] = 0
    attention_mask_BT = (torch.arange(12) < torch.tensor(lengths)[:, None]).long()
    return {
        "token_ids_BT": token_ids_BT * attention_mask_BT,
        "attention_mask_BT": attention_mask_BT,
        "loss_mask_BT": loss_mask_BT,
        "group_ids_B": group_ids_B,
    }


def logprobs_and_gradients(model: Any, rows: dict[str, torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    policy = HFPolicy(model, auxiliary_coef=0.0)
    logprobs_BT = policy(**rows).logprobs_BT
    parameters = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    weights_BT = torch.linspace(-1, 1, logprobs_BT.numel()).reshape(logprobs_BT.shape)
    loss = (logprobs_BT * weights_BT).sum()
    return logprobs_BT, list(torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True))


def check_sharing_changes_nothing(model: Any) -> None:
    rows = grouped_rows()
    shared, shared_gradients = logprobs_and_gradients(model, rows)
    whole, whole_gradients = logprobs_and_gradients(model, {**rows, "group_ids_B": None})
    torch.testing.assert_close(shared, whole, rtol=1e-5, atol=1e-5)
    for one, other in zip(shared_gradients, whole_gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("name", ARCHITECTURES | MIXTURES)
def test_shared_prompts_give_the_logprobs_and_gradients_of_whole_rows(name: str) -> None:
    check_sharing_changes_nothing(model_of(name))


@pytest.mark.parametrize("pass_cost", [0, 3, 10**6])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_passes_over_responses_change_no_state(name: str, pass_cost: int) -> None:
    decoder: Any = cast(Any, model_of(name)).get_decoder()
    rows = grouped_rows()
    whole_BTD = decoder(input_ids=rows["token_ids_BT"], use_cache=False).last_hidden_state
    states_ND = shared_prompt_hidden(decoder, **rows, pass_cost=pass_cost)
    torch.testing.assert_close(states_ND, whole_BTD[:, :-1][rows["loss_mask_BT"][:, 1:].bool()], rtol=1e-4, atol=1e-4)


def test_responses_of_one_token_need_no_pass() -> None:
    rows = grouped_rows()
    is_first_BT = rows["loss_mask_BT"].cumsum(1) * rows["loss_mask_BT"] == 1
    places_BT = torch.arange(12) <= is_first_BT.int().argmax(1, keepdim=True)
    rows |= {"loss_mask_BT": is_first_BT.float(), "attention_mask_BT": rows["attention_mask_BT"] * places_BT}
    policy = HFPolicy(model_of("qwen2"))
    torch.testing.assert_close(policy(**rows).logprobs_BT, policy(**{**rows, "group_ids_B": None}).logprobs_BT)


@pytest.mark.parametrize("pass_cost", [0, 1, 4, 9, 1000])
@pytest.mark.parametrize("lengths", [[1], [2, 2, 2], [1, 2, 3, 4], [1, 1, 7, 7, 8], [3, 3, 4, 9, 9, 10, 30]], ids=str)
def test_no_other_buckets_cost_less(lengths: list[int], pass_cost: int) -> None:
    def cost(sizes: Sequence[int]) -> int:
        ends = list(accumulate(sizes))
        return sum(size * lengths[end - 1] + pass_cost for size, end in zip(sizes, ends, strict=True))

    cuts = [cut for number in range(len(lengths)) for cut in combinations(range(1, len(lengths)), number)]
    every = [[end - start for start, end in pairwise([0, *cut, len(lengths)])] for cut in cuts]
    found = bucket_sizes(lengths, pass_cost)
    assert sum(found) == len(lengths)
    assert cost(found) == min(map(cost, every))


@pytest.mark.parametrize("window", [3, 5, 8])
def test_a_sliding_window_reaches_into_the_shared_prompt(window: int) -> None:
    config = MistralConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        sliding_window=window,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).eval()
    check_sharing_changes_nothing(model)


RECURRENT: dict[str, dict[str, Any]] = {
    "mamba": SIZES | {"state_size": 4},
    "lfm2": SIZES | {"layer_types": ["conv", "full_attention"]},
    "qwen3_next": SIZES
    | {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16}
    | {"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8},
}


def recurrent_model_of(name: str) -> Any:
    if name not in RECURRENT:
        return other_model_of(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = CONFIG_MAPPING[name](vocab_size=VOCABULARY_SIZE, **SPECIAL_TOKENS, **RECURRENT[name])
        return AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("name", [*RECURRENT, "falcon_h1", "recurrent_gemma", "doge"])
def test_an_architecture_that_cannot_share_prompts_computes_whole_rows(name: str) -> None:
    model, rows = recurrent_model_of(name), grouped_rows()
    policy = HFPolicy(model, auxiliary_coef=0.0)
    assert policy.unshared
    torch.testing.assert_close(policy(**rows).logprobs_BT, policy(**{**rows, "group_ids_B": None}).logprobs_BT)


@pytest.mark.parametrize("shares", ["the policy", "the critic"])
def test_a_policy_and_its_critic_share_prompts_each_by_itself(shares: str) -> None:
    able, unable = model_of("llama"), recurrent_model_of("lfm2")
    model, critic = (able, unable) if shares == "the policy" else (unable, able)
    policy, rows = HFPolicy(model), grouped_rows()
    policy.give_critic(critic)
    assert policy.value_head is not None
    assert policy.critic is not None
    torch.nn.init.normal_(policy.value_head.weight)
    whole = policy(**{**rows, "group_ids_B": None})
    passes: list[str] = []
    for name, decoder in (("the policy", policy.decoder), ("the critic", policy.critic)):
        decoder.register_forward_hook(lambda *_, name=name: passes.append(name))
    shared = policy(**rows)
    assert [name for name in ("the policy", "the critic") if passes.count(name) == 2] == [shares]
    torch.testing.assert_close(shared.logprobs_BT, whole.logprobs_BT, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(shared.values_BT, whole.values_BT, rtol=1e-5, atol=1e-5)


def test_prompts_cannot_be_shared_under_a_load_balancing_loss() -> None:
    with pytest.raises(PolicyError, match="auxiliary_coef=0"):
        HFPolicy(model_of("mixtral"), auxiliary_coef=0.1)(**grouped_rows())


def same_prompt_batch(rewards: list[float]) -> TokenBatch:
    batch = sampled_batch(rewards)
    token_ids_BT = batch.token_ids_BT % VOCABULARY_SIZE
    token_ids_BT[:, :3] = token_ids_BT[batch.group_ids_B * 4, :3]
    return replace(batch, token_ids_BT=token_ids_BT)


@pytest.mark.parametrize("algorithm", [GRPO(), PPO(kl_coef=0.1)], ids=["grpo", "ppo"])
@pytest.mark.parametrize("max_tokens", [None, 36, 48])
def test_an_update_is_the_same_with_and_without_shared_prompts(algorithm: Any, max_tokens: int | None) -> None:
    weights: list[torch.Tensor] = []
    for share_prompts in (False, True):
        policy = HFPolicy(build_tiny_policy(seed=0)[0].double(), has_value_head="values" in algorithm.needs)
        optimizer = OptimizerConfig(learning_rate=1e-3)
        learner = Learner(policy, optimizer, num_optimizer_steps=2)
        learner.freeze_reference()
        config = UpdateConfig(max_tokens_per_microbatch=max_tokens, share_prompts=share_prompts)
        learner.update(same_prompt_batch([1, 0, 0, 1, 1, 1, 0, 1]), algorithm, config, temperature=1.0, seed=0)
        weights.append(torch.cat([parameter.detach().flatten() for parameter in policy.parameters()]))
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=1e-6)


def tokens_computed(policy: HFPolicy, *, share_prompts: bool) -> list[int]:
    """The tokens of every pass of the trunk in one update with a critic, of two groups of four rows."""
    num_tokens: list[int] = []
    learner = Learner(policy, OptimizerConfig(), num_optimizer_steps=1)
    policy.decoder.register_forward_pre_hook(
        lambda _, __, inputs: num_tokens.append(inputs["input_ids"].numel()), with_kwargs=True
    )
    config = UpdateConfig(share_prompts=share_prompts)
    learner.update(same_prompt_batch([1, 0, 0, 1, 1, 1, 0, 1]), PPO(), config, temperature=1.0, seed=0)
    return num_tokens


def test_a_learner_shares_prompts_exactly_where_the_update_asks_for_it() -> None:
    whole = 8 * 12
    shared = [2 * 3, 8 * (11 - 3)]  # two prompts of three tokens, then rows of at most eleven without them
    tiny = build_tiny_policy(seed=0)[0]
    assert tokens_computed(HFPolicy(tiny, has_value_head=True), share_prompts=False) == [whole, whole]
    assert tokens_computed(HFPolicy(copy.deepcopy(tiny), has_value_head=True), share_prompts=True) == [*shared, *shared]


def test_a_learner_shares_nothing_under_a_load_balancing_loss() -> None:
    policy = HFPolicy(model_of("mixtral"), has_value_head=True, auxiliary_coef=0.1)
    assert tokens_computed(policy, share_prompts=True) == [8 * 12, 8 * 12]


@pytest.mark.parametrize("masked", [[3, 7], [0, 4], [0, 1, 2, 3], list(range(8))])
def test_rows_without_a_sampled_token_leave_the_prompts_of_their_groups_alone(masked: list[int]) -> None:
    policy = HFPolicy(build_tiny_policy(seed=0)[0].double())
    batch = same_prompt_batch([1.0] * 8)
    loss_mask_BT = batch.loss_mask_BT.clone()
    loss_mask_BT[masked] = 0
    rows = batch.token_ids_BT, batch.attention_mask_BT, loss_mask_BT
    with torch.no_grad():
        expected, got = policy(*rows).logprobs_BT, policy(*rows, group_ids_B=batch.group_ids_B).logprobs_BT
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-6)
