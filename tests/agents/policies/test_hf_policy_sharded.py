"""Policies whose weights are sharded, adapted or tied compute what plain ones do, without looking at the head early."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from ranks import run_on_ranks
from token_batches import sampled_batch
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from transformers import Qwen3Config, Qwen3ForCausalLM

from agents.algorithms.grpo import GRPO
from agents.errors import PolicyError
from agents.policies.hf import HFPolicy
from agents.types import LossOutput, PolicyOutputs

VOCABULARY_SIZE = 90_001
"""Large enough that the logits of the batch are not kept."""


pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft's


def make_model(*, is_tied: bool) -> Any:
    config = Qwen3Config(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        tie_word_embeddings=is_tied,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Qwen3ForCausalLM(config).eval()


def loss_of(policy: HFPolicy) -> torch.Tensor:
    """Of GRPO on a batch of which every row counts."""
    algorithm = GRPO()
    batch = algorithm.annotate(sampled_batch([1.0, 0.0, 0.0, 1.0] * 4))

    def loss_of_rows(outputs: PolicyOutputs, rows: slice) -> LossOutput:
        tensors = {field.name: getattr(batch, field.name) for field in fields(batch)}
        own = {name: value[rows] for name, value in tensors.items() if isinstance(value, torch.Tensor)}
        return algorithm.loss(outputs, replace(batch, **own))

    output, _ = policy.loss(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT, loss_of_rows)
    return output.loss


def full_gradients(policy: HFPolicy) -> dict[str, torch.Tensor]:
    gradients = {}
    for name, parameter in policy.named_parameters():
        if parameter.grad is not None:
            gradient = parameter.grad
            gradients[name] = gradient.full_tensor() if hasattr(gradient, "full_tensor") else gradient
    return gradients


def compare_sharded_with_whole(rank: int, is_tied: bool) -> None:
    whole = HFPolicy(make_model(is_tied=is_tied))
    expected = loss_of(whole)
    expected.backward()
    sharded = HFPolicy(make_model(is_tied=is_tied))
    for layer in sharded.model.model.layers:
        fully_shard(layer)
    if not is_tied:
        fully_shard(sharded.head.module)
    fully_shard(sharded)
    register_fsdp_forward_method(sharded, "loss")
    got = loss_of(sharded)
    got.backward()
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(full_gradients(sharded), full_gradients(whole), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("is_tied", [False, True])
def test_a_policy_sharded_over_two_ranks_has_the_gradients_of_a_whole_one(tmp_path: Path, is_tied: bool):
    run_on_ranks(compare_sharded_with_whole, 2, tmp_path, is_tied)


def test_a_low_rank_policy_has_the_gradients_of_dense_logits():
    batch = sampled_batch([1.0, 0.0, 0.0, 1.0] * 4)
    model = get_peft_model(make_model(is_tied=True), LoraConfig(r=2, target_modules=["q_proj", "up_proj"]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(1))
    loss_of(HFPolicy(model)).backward()
    got = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad(set_to_none=True)
    logits_BTV = model(input_ids=batch.token_ids_BT).logits[:, :-1]
    targets_BT1 = batch.token_ids_BT[:, 1:, None]
    logprobs_BT = torch.log_softmax(logits_BTV, -1).gather(-1, targets_BT1).squeeze(-1)
    logprobs_BT = torch.nn.functional.pad(logprobs_BT, (1, 0)) * batch.loss_mask_BT
    algorithm = GRPO()
    algorithm.loss(PolicyOutputs(logprobs_BT=logprobs_BT), algorithm.annotate(batch)).loss.backward()
    expected = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert expected
    assert all("lora" in name for name in expected)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-7)


def test_a_low_rank_head_is_refused():
    model = get_peft_model(make_model(is_tied=False), LoraConfig(r=2, target_modules=["q_proj", "lm_head"]))
    with pytest.raises(PolicyError, match="lm_head"):
        HFPolicy(model)


def test_the_head_works_as_before_after_it_has_been_used():
    model = make_model(is_tied=True)
    token_ids_BT = sampled_batch([1.0]).token_ids_BT
    expected = model(input_ids=token_ids_BT).logits
    loss_of(HFPolicy(model))
    assert torch.equal(model(input_ids=token_ids_BT).logits, expected)
    assert "forward" not in vars(model.lm_head)
