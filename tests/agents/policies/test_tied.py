"""A tied weight gets the gradient that autograd would add up from its two uses, without a second tensor of its size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from token_batches import sampled_batch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, Qwen3Config, Qwen3ForCausalLM

from agents.policies.hf import HFPolicy
from agents.policies.tied import shared_weight
from agents.types import LossOutput, PolicyOutputs, TokenBatch

VOCABULARY_SIZE, HIDDEN_SIZE = 90_001, 8
"""Large enough that the logits of the batch are not kept."""
SMALL = {
    "vocab_size": VOCABULARY_SIZE,
    "hidden_size": HIDDEN_SIZE,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "tie_word_embeddings": True,
}
MODELS: dict[str, tuple[Any, Any]] = {
    "Qwen3": (Qwen3ForCausalLM, Qwen3Config),
    "Gemma 3": (Gemma3ForCausalLM, Gemma3TextConfig),  # its lookup multiplies what it finds
}


def make_policy(name: str, **kwargs: Any) -> HFPolicy:
    model, config = MODELS[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return HFPolicy(model(config(**SMALL)).eval(), **kwargs)


def batch_of() -> TokenBatch:
    """Rows of a group begin with the same three tokens."""
    batch = sampled_batch([1.0, 0.0, 0.0, 1.0] * 4)
    token_ids_BT = batch.token_ids_BT.clone()
    token_ids_BT[:, :3] = token_ids_BT[4 * batch.group_ids_B, :3]
    return replace(batch, token_ids_BT=token_ids_BT)


def weighted_logprobs(outputs: PolicyOutputs, _rows: slice) -> LossOutput:
    return LossOutput(loss=(outputs.logprobs_BT * torch.linspace(0, 0.1, 12)).sum(), metrics={})


class Matrices(TorchDispatchMode):
    """Storages of all tensors [V, D] that are made."""

    def __init__(self) -> None:
        super().__init__()
        self.storages: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.shape == (VOCABULARY_SIZE, HIDDEN_SIZE):
            self.storages.add(result.untyped_storage().data_ptr())
        return result


@pytest.mark.parametrize("shares_prompts", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_a_tied_policy_has_the_gradients_of_dense_logits(name: str, shares_prompts: bool):
    policy, batch = make_policy(name), batch_of()
    group_ids_B = batch.group_ids_B if shares_prompts else None
    inputs = batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT
    policy.loss(*inputs, weighted_logprobs, group_ids_B=group_ids_B)[0].loss.backward()
    got = {name: parameter.grad for name, parameter in policy.named_parameters()}
    policy.zero_grad(set_to_none=True)
    logprobs_BTV = policy.model(input_ids=batch.token_ids_BT).logits[:, :-1].log_softmax(-1)
    logprobs_BT = logprobs_BTV.gather(-1, batch.token_ids_BT[:, 1:, None]).squeeze(-1) * batch.loss_mask_BT[:, 1:]
    outputs = PolicyOutputs(logprobs_BT=nn.functional.pad(logprobs_BT, (1, 0)))
    weighted_logprobs(outputs, slice(None)).loss.backward()
    expected = {name: parameter.grad for name, parameter in policy.named_parameters()}
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shares_prompts", [False, True])
def test_one_gradient_of_the_weights_size_exists(shares_prompts: bool):
    policy, batch = make_policy("Qwen3"), batch_of()
    inputs = batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT
    group_ids_B = batch.group_ids_B if shares_prompts else None
    with Matrices() as made:
        policy.loss(*inputs, weighted_logprobs, group_ids_B=group_ids_B)[0].loss.backward()
    weight_VD = policy.head.module.weight
    assert weight_VD.grad is not None
    assert made.storages - {weight_VD.untyped_storage().data_ptr()} == {weight_VD.grad.untyped_storage().data_ptr()}


def tied(dtype: torch.dtype = torch.float32, **kwargs: Any) -> tuple[nn.Embedding, nn.Linear]:
    lookup, head = nn.Embedding(11, 3, dtype=dtype, **kwargs), nn.Linear(3, 11, bias=False, dtype=dtype)
    head.weight = lookup.weight
    return lookup, head


TOKENS = torch.tensor([[4, 0, 4, 4], [10, 3, 0, 9]])


@pytest.mark.parametrize("padding_index", [None, 0])
@pytest.mark.parametrize("num_lookups", [1, 2])
def test_the_gradient_is_that_of_two_separate_uses(padding_index: int | None, num_lookups: int):
    lookup, head = tied(padding_idx=padding_index)

    def gradient(weight_of: Any) -> Tensor:
        found = sum(lookup(TOKENS[index:]).exp().sum() for index in range(num_lookups))
        used = (weight_of() * torch.arange(11.0)[:, None]).sin().sum()
        return torch.autograd.grad(found + used, lookup.weight)[0]

    expected = gradient(lambda: head.weight)
    with shared_weight(lookup, head) as shared:
        assert torch.equal(gradient(lambda: shared.weight_VD), expected)


def test_either_use_may_have_no_gradient():
    lookup, head = tied()
    with shared_weight(lookup, head) as shared:
        found = lookup(TOKENS)
        weight_VD = shared.weight_VD
    assert weight_VD is not None
    of_head = torch.autograd.grad(weight_VD.sum(), lookup.weight, retain_graph=True)[0]
    assert torch.equal(of_head, torch.ones(11, 3))
    of_lookup = torch.autograd.grad(found.sum(), lookup.weight)[0]
    assert torch.equal(of_lookup[:, 0], torch.bincount(TOKENS.flatten(), minlength=11).float())


def test_half_precision_is_rounded_once_per_use():
    lookup, head = tied(torch.bfloat16)
    tokens = torch.zeros(1000, dtype=torch.int64)
    with shared_weight(lookup, head) as shared:
        found = lookup(tokens)
        assert shared.weight_VD is not None
        gradient = torch.autograd.grad(found.sum() + 10 * shared.weight_VD.sum(), lookup.weight)[0]
    assert torch.equal(gradient[0].float(), torch.tensor([1008.0] * 3))  # 1010 has no bf16


def test_weights_are_shared_only_where_it_serves():
    lookup, head = tied()
    other = nn.Linear(3, 11, bias=False)
    with shared_weight(lookup, other) as shared:
        lookup(TOKENS)
    assert shared.weight_VD is None
    with shared_weight(lookup, head) as shared, torch.no_grad():
        lookup(TOKENS)
    assert shared.weight_VD is None
    lookup.weight.requires_grad_(False)
    with shared_weight(lookup, head) as shared:
        lookup(TOKENS)
    assert shared.weight_VD is None
    assert "forward" not in vars(lookup)


class Scaled(nn.Embedding):
    """Multiplies what it finds."""

    def forward(self, input: Tensor) -> Tensor:
        return 3 * super().forward(input)


def patched() -> nn.Embedding:
    lookup = nn.Embedding(11, 3)
    original = lookup.forward
    lookup.forward = lambda token_ids: 3 * original(token_ids)
    return lookup


@pytest.mark.parametrize(
    "make",
    [
        lambda: Scaled(11, 3),
        patched,
        lambda: nn.Embedding(11, 3, max_norm=0.5),
        lambda: nn.Embedding(11, 3, scale_grad_by_freq=True),
        lambda: nn.Embedding(11, 3, sparse=True),
    ],
    ids=["subclass", "patched", "max_norm", "scale_grad_by_freq", "sparse"],
)
def test_a_lookup_that_does_more_stays_as_it_is(make: Any):
    lookup, head = make(), nn.Linear(3, 11, bias=False)
    head.weight = lookup.weight
    before = vars(lookup).get("forward")
    expected = lookup(TOKENS)
    with shared_weight(lookup, head) as shared:
        assert torch.equal(lookup(TOKENS), expected)
        assert vars(lookup).get("forward") is before
    assert shared.weight_VD is None
