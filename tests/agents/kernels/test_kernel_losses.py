"""Losses through `fused_policy_loss`: the same numbers and gradients as from dense log-probabilities.

Sequences of different lengths lie one behind the other. B sequences, N tokens of all of them, D hidden size, V tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from kernel_inputs import random_inputs, upstream

from agents.advantages import group_relative_advantages
from agents.kernels import TokenLogprobs, fused_policy_loss
from agents.losses import grpo_loss, policy_loss, ppo_loss, reduction_for
from agents.losses.surrogates import gspo_surrogate
from agents.types import LossOutput, Totals

LENGTHS = (3, 1, 17, 2, 5, 7)
"""The third does not fit into a chunk of this vocabulary, so its logits are computed twice."""
N, D, V = sum(LENGTHS), 3, 700_001
STARTS = [sum(LENGTHS[:i]) for i in range(len(LENGTHS) + 1)]
TOTALS = Totals(num_sequences=len(LENGTHS), num_tokens=N)


@dataclass(frozen=True)
class Batch:
    """Per-token numbers [N] of a batch."""

    behavior_N: torch.Tensor
    advantages_N: torch.Tensor
    values_N: torch.Tensor
    returns_N: torch.Tensor


def make_batch(logprobs_N: torch.Tensor, advantages_N: torch.Tensor | None = None) -> Batch:
    noise_N, repeats = upstream(N, seed=5), torch.tensor(LENGTHS)
    if advantages_N is None:
        rewards_B = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 0.0], dtype=torch.float64)
        advantages_B = group_relative_advantages(rewards_B, torch.tensor([0, 0, 0, 1, 1, 1]))
        advantages_N = advantages_B.repeat_interleave(repeats)
    return Batch(logprobs_N.detach() + 0.3 * noise_N, advantages_N, upstream(N, seed=6), upstream(N, seed=7))


def lengths_within(rows: slice) -> list[int]:
    return [length for start, length in zip(STARTS, LENGTHS, strict=False) if rows.start <= start < rows.stop]


def padded(values_n: torch.Tensor, rows: slice) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(values_n.split(lengths_within(rows)), batch_first=True)


Loss = Callable[[TokenLogprobs, tuple[torch.Tensor, ...], slice, Batch], LossOutput]


def grpo(result: TokenLogprobs, inputs: tuple[torch.Tensor, ...], rows: slice, batch: Batch) -> LossOutput:
    columns = (result.logprobs, batch.behavior_N[rows], batch.advantages_N[rows], torch.ones_like(result.logprobs))
    return grpo_loss(
        *(padded(column, rows) for column in columns),
        clip_low=0.2,
        clip_high=0.28,
        reduction=reduction_for("sequence_mean"),
        reference_logprobs_BT=padded(batch.behavior_N[rows] - 0.1, rows),
        kl_coef=0.01,
        totals=TOTALS,
    )


def ppo(result: TokenLogprobs, inputs: tuple[torch.Tensor, ...], rows: slice, batch: Batch) -> LossOutput:
    """Every token has an advantage of its own, and the values have a gradient, too."""
    columns = (
        result.logprobs,
        batch.behavior_N[rows],
        batch.returns_N[rows] - batch.values_N[rows],
        torch.ones_like(result.logprobs),
        inputs[0],
        batch.values_N[rows],
        batch.returns_N[rows],
    )
    return ppo_loss(
        *(padded(column, rows) for column in columns),
        clip_low=0.2,
        clip_high=0.2,
        value_clip=0.2,
        value_coef=0.1,
        reduction=reduction_for("token_mean"),
        totals=TOTALS,
    )


def gspo(result: TokenLogprobs, inputs: tuple[torch.Tensor, ...], rows: slice, batch: Batch) -> LossOutput:
    """One ratio a sequence, which no token's loss can be taken from alone."""
    columns = (result.logprobs, batch.behavior_N[rows], batch.advantages_N[rows], torch.ones_like(result.logprobs))
    return policy_loss(
        partial(gspo_surrogate, clip_low=0.1, clip_high=0.1),
        *(padded(column, rows) for column in columns),
        reduction=reduction_for("sequence_mean"),
        totals=TOTALS,
    )


def entropy_bonus(result: TokenLogprobs, inputs: tuple[torch.Tensor, ...], rows: slice, batch: Batch) -> LossOutput:
    assert result.entropy is not None
    policy = grpo(result, inputs, rows, batch)
    return LossOutput(loss=policy.loss - 0.01 * result.entropy.sum() / N, metrics=policy.metrics)


def gdpo_advantages() -> torch.Tensor:
    """Every component of the reward is normalised within its group, weighted and added up, then normalised over the
    batch (arXiv 2601.05242)."""
    components_CB = torch.tensor([[1.0, 0, 1, 1, 0, 0], [0, 1, 1, 0, 0, 1]], dtype=torch.float64)
    groups_B = torch.tensor([0, 0, 0, 1, 1, 1])
    summed_B = sum(w * group_relative_advantages(r, groups_B) for w, r in zip((1.0, 0.5), components_CB, strict=True))
    assert isinstance(summed_B, torch.Tensor)
    normalised_B = (summed_B - summed_B.mean()) / (summed_B.std() + 1e-6)
    return normalised_B.repeat_interleave(torch.tensor(LENGTHS))


LOSSES: dict[str, tuple[Loss, str, torch.Tensor | None]] = {
    "grpo": (grpo, "none", None),
    "ppo": (ppo, "none", None),
    "gspo": (gspo, "none", None),
    "entropy bonus": (entropy_bonus, "grad", None),
    "gdpo": (grpo, "none", gdpo_advantages()),
}


@pytest.mark.parametrize("backend", ["chunked", "reference"])
@pytest.mark.parametrize("name", LOSSES)
def test_any_loss_has_the_value_and_the_gradients_of_dense_log_probabilities(name: str, backend):
    loss, entropy, advantages_N = LOSSES[name]
    inputs, values_N = random_inputs(N, D, V), upstream(N, seed=8).requires_grad_()
    trained = [inputs.hidden_ND, inputs.weight_VD, inputs.bias_V] + ([values_N] if name == "ppo" else [])
    logits_NV = (inputs.hidden_ND @ inputs.weight_VD.T + inputs.bias_V) / 1.3
    logprobs_NV = torch.log_softmax(logits_NV, -1)
    logprobs_N = logprobs_NV.gather(-1, inputs.targets_N[:, None]).squeeze(-1)
    dense = TokenLogprobs(logprobs_N, -(logprobs_NV.exp() * logprobs_NV).sum(-1))
    batch = make_batch(logprobs_N, advantages_N)
    expected = loss(dense, (values_N,), slice(0, N), batch)
    expected_gradients = torch.autograd.grad(expected.loss, trained)
    got = fused_policy_loss(
        inputs.hidden_ND,
        inputs.weight_VD,
        inputs.targets_N,
        lambda result, rest, rows: loss(result, rest, rows, batch),
        sequence_lengths=LENGTHS,
        inputs=(values_N,),
        bias=inputs.bias_V,
        temperature=1.3,
        entropy=entropy,
        backend=backend,
    )
    torch.testing.assert_close(got.loss, expected.loss, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(dict(got.metrics), dict(expected.metrics), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(torch.autograd.grad(got.loss, trained), expected_gradients, rtol=1e-9, atol=1e-12)


def token_loss(result: TokenLogprobs, inputs: tuple[torch.Tensor, ...], rows: slice) -> LossOutput:
    return LossOutput(loss=(result.logprobs * upstream(N, seed=1)[rows]).sum(), metrics={})


@pytest.mark.parametrize("weight_is_trained", [True, False])
def test_a_loss_of_single_tokens_may_be_cut_anywhere(weight_is_trained: bool):
    inputs = random_inputs(N, D, V)
    weight_VD = inputs.weight_VD if weight_is_trained else inputs.weight_VD.detach()
    trained = [inputs.hidden_ND] + [inputs.weight_VD] * weight_is_trained
    results = []
    for backend in ("chunked", "reference"):
        output = fused_policy_loss(
            inputs.hidden_ND, weight_VD, inputs.targets_N, token_loss, sequence_lengths=[1] * N, backend=backend
        )
        results.append((output.loss, *torch.autograd.grad(2 * output.loss, trained)))
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-12)


def test_sequences_are_never_cut():
    seen: list[slice] = []

    def loss(result: TokenLogprobs, inputs: tuple[torch.Tensor, ...], rows: slice) -> LossOutput:
        seen.append(rows)
        return LossOutput(loss=result.logprobs.sum(), metrics={})

    inputs = random_inputs(N, D, V)
    fused_policy_loss(*inputs[:3], loss, sequence_lengths=LENGTHS, backend="chunked")
    assert [rows.start for rows in seen] + [seen[-1].stop] == sorted({rows.start for rows in seen} | {N})
    assert {rows.start for rows in seen} <= set(STARTS)
    assert len(seen) > 2


def test_a_chunk_whose_loss_is_constant_gives_no_gradient():
    inputs = random_inputs(N, D, V)

    def loss(result: TokenLogprobs, rest: tuple[torch.Tensor, ...], rows: slice) -> LossOutput:
        return LossOutput(loss=result.logprobs.sum() if rows.start == 0 else torch.zeros(()).double(), metrics={})

    output = fused_policy_loss(*inputs[:3], loss, sequence_lengths=[1] * N, backend="chunked")
    (gradient_ND,) = torch.autograd.grad(output.loss, inputs.hidden_ND)
    assert gradient_ND[0].any()
    assert not gradient_ND[-1].any()


def test_a_tensor_that_would_silently_get_no_gradient_is_refused():
    inputs, scale = random_inputs(N, D, V), torch.ones((), dtype=torch.float64, requires_grad=True)

    def loss(result: TokenLogprobs, rest: tuple[torch.Tensor, ...], rows: slice) -> LossOutput:
        return LossOutput(loss=(result.logprobs * scale).sum(), metrics={})

    with pytest.raises(ValueError, match=r"not among its arguments: pass it .* `inputs`, detach it, or apply the loss"):
        fused_policy_loss(*inputs[:3], loss, sequence_lengths=[1] * N, backend="chunked")


def test_gradients_formed_at_once_are_not_handed_out_twice():
    output = fused_policy_loss(*random_inputs(N, D, V)[:3], token_loss, sequence_lengths=[1] * N, backend="chunked")
    output.loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match=r"have been handed out.*token_logprobs"):
        output.loss.backward()


def test_lengths_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match=rf"add up to {N} rows, got 3"):
        fused_policy_loss(*random_inputs(N, D, V)[:3], token_loss, sequence_lengths=(1, 2))
