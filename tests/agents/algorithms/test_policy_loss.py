"""`HFPolicy.loss` gives what a loss of its outputs gives, a few rows at a time where the vocabulary is large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest
import torch
from token_batches import sampled_batch
from transformers import Qwen3Config, Qwen3ForCausalLM

from agents.algorithms import GRPO, PPO, Algorithm
from agents.losses import totals_of
from agents.policies.hf import HFPolicy
from agents.types import LossOutput, PolicyOutputs, TokenBatch

SMALL, LARGE = 300, 700_001
"""Vocabularies whose logits are kept, and of which a chunk of a few rows at a time fits."""


def make_policy(vocabulary_size: int) -> HFPolicy:
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4}
    config = Qwen3Config(vocab_size=vocabulary_size, hidden_size=4, intermediate_size=8, **sizes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        policy = HFPolicy(Qwen3ForCausalLM(config).eval(), has_value_head=True)
        assert policy.value_head is not None
        torch.nn.init.normal_(policy.value_head.weight)
    return policy


def rows_of(batch: TokenBatch, rows: slice) -> TokenBatch:
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return replace(batch, **{name: x[rows] for name, x in values.items() if isinstance(x, torch.Tensor)})


def annotated(algorithm: Algorithm) -> TokenBatch:
    batch = sampled_batch([1.0, 0.0, 0.0, 1.0] * 2)
    batch.loss_mask_BT[[2, -1]] = 0  # rows without a sampled token, one of them the last
    batch = replace(batch, values_BT=torch.zeros_like(batch.loss_mask_BT), totals=totals_of(batch.loss_mask_BT))
    return algorithm.annotate(batch)


def gradients(policy: HFPolicy, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    policy.zero_grad(set_to_none=True)
    loss.backward()
    return {name: x.grad.clone() for name, x in policy.named_parameters() if x.grad is not None}


def loss_by_rows(policy: HFPolicy, batch: TokenBatch, algorithm: Algorithm, seen: Callable[[slice], object]):
    def loss_of_rows(outputs: PolicyOutputs, rows: slice) -> LossOutput:
        seen(rows)
        return algorithm.loss(outputs, rows_of(batch, rows))

    return policy.loss(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT, loss_of_rows, temperature=0.8)


@pytest.mark.parametrize("vocabulary_size", [SMALL, LARGE])
@pytest.mark.parametrize("algorithm", [GRPO(), PPO()], ids=["grpo", "ppo"])
def test_loss_equals_the_loss_of_the_outputs(algorithm: Algorithm, vocabulary_size: int):
    policy, batch, seen = make_policy(vocabulary_size), annotated(algorithm), list[slice]()
    outputs = policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT, temperature=0.8)
    expected = algorithm.loss(outputs, batch)
    expected_gradients = gradients(policy, expected.loss)
    got, auxiliary_loss = loss_by_rows(policy, batch, algorithm, seen.append)
    assert auxiliary_loss is None
    assert (len(seen) > 1) == (vocabulary_size == LARGE)
    assert [rows.start for rows in seen] == [0, *(rows.stop for rows in seen[:-1])]
    assert seen[-1].stop == len(batch.rewards_B)
    torch.testing.assert_close(got.loss, expected.loss)
    torch.testing.assert_close(dict(got.metrics), dict(expected.metrics))
    torch.testing.assert_close(gradients(policy, got.loss), expected_gradients, rtol=1e-4, atol=1e-6)


def test_a_small_vocabulary_changes_no_bit():
    policy, algorithm = make_policy(SMALL), GRPO()
    batch = annotated(algorithm)
    outputs = policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT, temperature=0.8)
    expected = algorithm.loss(outputs, batch).loss
    got = loss_by_rows(policy, batch, algorithm, bool)[0].loss
    assert torch.equal(got, expected)
    expected_gradients, got_gradients = (gradients(policy, loss) for loss in (expected, got))
    assert all(torch.equal(got_gradients[name], x) for name, x in expected_gradients.items())
