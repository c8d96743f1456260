"""The one place that chooses how token log-probabilities are computed, and by which implementation, and says why.

N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor

from agents.kernels import chunked
from agents.kernels.arguments import HeadInputs
from agents.kernels.gradients import Computation
from agents.kernels.one_pass import ChunkLoss, FrozenHead, OnePass
from agents.kernels.products import chunk_rows, chunks_of_sequences, slices
from agents.kernels.reference import token_logprobs_reference
from agents.kernels.tensor_parallel import VocabularyShard
from agents.kernels.two_pass import TwoPass
from agents.kernels.types import EntropyMode, LogitOptions, Tiles, TokenLogprobs
from agents.types import LossOutput
from reasonenv.errors import UnknownNameError

__all__ = ["Backend", "Choice", "Locality", "Mode", "choose", "fused_policy_loss", "token_logprobs"]

Backend: TypeAlias = Literal["auto", "reference", "chunked", "triton"]
_BACKENDS = get_args(Backend)
Mode: TypeAlias = Literal["dense", "frozen_head", "one_pass", "two_pass"]
Locality: TypeAlias = Literal["token", "sequence", "batch"]

_DENSE_ELEMENTS = 1 << 22
"""Up to here [N, V] logits are cheap to keep, and plain autograd has the least overhead (16 MiB in fp32)."""


@dataclass(frozen=True)
class Choice:
    """How, by what, and why: `Choice("two_pass", "chunked", "the loss may need …")`."""

    mode: Mode
    backend: Backend
    reason: str


def choose(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    bias_V: Tensor | None = None,
    *,
    entropy: EntropyMode = "none",
    locality: Locality = "batch",
    sequence_lengths: Sequence[int] = (),
    is_sharded: bool = False,
    backend: Backend = "auto",
) -> Choice:
    """How log-probabilities of these would be computed; the first use of every choice is logged to `agents.kernels`.

    Args:
        hidden_ND, weight_VD, bias_V, entropy, backend: as in `token_logprobs`.
        locality, sequence_lengths: as in `fused_policy_loss`; "batch" for `token_logprobs`.
        is_sharded: whether the vocabulary is split over ranks.

    Raises:
        ValueError: a backend that cannot compute this here, or not at all.
    """
    _check_backend(backend, hidden_ND)
    num_elements = len(hidden_ND) * len(weight_VD)
    if backend == "reference" or (backend == "auto" and not is_sharded and num_elements <= _DENSE_ELEMENTS):
        why = "asked for" if backend == "reference" else "the logits are few enough to keep"
        return Choice("dense", "reference", why)
    has_triton = backend == "triton" or (backend == "auto" and _why_no_triton(hidden_ND) is None)
    chosen: Backend = "triton" if has_triton else "chunked"
    if is_sharded:
        return Choice("two_pass", chosen, "the vocabulary is split over ranks")
    is_frozen = not weight_VD.requires_grad and (bias_V is None or not bias_V.requires_grad)
    if is_frozen and entropy != "grad" and hidden_ND.requires_grad and torch.is_grad_enabled():
        return Choice("frozen_head", chosen, "the head is frozen, so its gradient needs no second look at the logits")
    size = chunk_rows(weight_VD)
    if locality == "sequence" and 2 * sum(length for length in sequence_lengths if length > size) > len(hidden_ND):
        return Choice("two_pass", chosen, "most tokens belong to sequences whose logits are too many to keep")
    if locality != "batch":
        return Choice("one_pass", chosen, f"the loss is a sum over each {locality}, so gradients are formed at once")
    return Choice("two_pass", chosen, "any loss may follow, so the logits are computed again on the way back")


def token_logprobs(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    targets_N: Tensor,
    *,
    bias: Tensor | None = None,
    temperature: float = 1.0,
    softcap: float | None = None,
    logit_scale: float = 1.0,
    entropy: EntropyMode = "none",
    mask_N: Tensor | None = None,
    support_margin_N: Tensor | None = None,
    vocabulary_size: int | None = None,
    saved_logits_bytes: int = 0,
    shard: VocabularyShard | None = None,
    backend: Backend = "auto",
) -> TokenLogprobs:
    """log π(target | hidden) and the entropy of each row, with z = softcap(logit_scale · (h Wᵀ + b)) / temperature.

    Args:
        hidden_ND: final hidden states [N, D], any float dtype.
        weight_VD: the language-model head [V, D], in the same dtype.
        targets_N: int64 in [0, V).
        bias: the head's bias [V], if it has one.
        temperature: > 0, that of the sampler.
        softcap: c in c·tanh(z/c) (Gemma 2), if any.
        logit_scale: factor on the raw logits (Cohere; 1/logits_scaling for Granite).
        entropy: "none", "value" (without gradient) or "grad".
        mask_N: bool [N]; the other rows cost nothing, are 0 and have no gradient, whatever their target.
        support_margin_N: δ ≤ 0 per row, for samplers that cut the distribution (top-k, top-p, min-p): tokens whose
            logit z lies below z_target + δ have no probability. The support itself has no gradient.
        vocabulary_size: how many of the V rows stand for tokens where the head is padded; None for all.
        saved_logits_bytes: how much may be spent on keeping logits that would be computed again.
        shard: which rows of the vocabulary `weight_VD` and `bias` hold, where they are split over ranks.
        backend: "auto" lets `choose` decide.

    Returns:
        `logprobs` ≤ 0 and `entropy` ≥ 0, both [N] and at least fp32.

    Raises:
        ValueError: shapes, precisions or values that do not fit, or a backend that is not to be had.
    """
    logits = LogitOptions(temperature, softcap, logit_scale)
    if mask_N is not None:
        rows_n = _rows_of(mask_N, hidden_ND)
        kept = HeadInputs(hidden_ND, weight_VD, targets_N, bias, support_margin_N, logits, shard).take(rows_n)
        result = _compute(kept.checked(vocabulary_size), entropy, saved_logits_bytes, backend)
        return TokenLogprobs(*(None if x is None else _spread(x, rows_n, len(mask_N)) for x in result))  # pyright: ignore[reportArgumentType] - logprobs are never None
    inputs = HeadInputs(hidden_ND, weight_VD, targets_N, bias, support_margin_N, logits, shard)
    return _compute(inputs.checked(vocabulary_size), entropy, saved_logits_bytes, backend)


def fused_policy_loss(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    targets_N: Tensor,
    loss_fn: ChunkLoss,
    *,
    locality: Locality,
    sequence_lengths: Sequence[int] = (),
    inputs: tuple[Tensor, ...] = (),
    bias: Tensor | None = None,
    temperature: float = 1.0,
    softcap: float | None = None,
    logit_scale: float = 1.0,
    entropy: EntropyMode = "none",
    support_margin_N: Tensor | None = None,
    vocabulary_size: int | None = None,
    backend: Backend = "auto",
) -> LossOutput:
    """A loss of log-probabilities; where it is a sum over tokens or sequences, without computing any logit twice.

    The loss of the whole is Σ loss_fn(rows) over pieces of the rows, so `loss_fn` must divide by counts of the whole.

    Args:
        loss_fn: (TokenLogprobs of some rows, the same rows of `inputs`, slice of these rows) → their share of the loss,
            and metrics that add up, too. Must depend on nothing else that has a gradient.
        locality: "token": rows may be cut anywhere; "sequence": only between sequences; "batch": not at all.
        sequence_lengths: rows of each sequence, one behind the other; with "sequence" only. Logits are computed twice
            after all where most tokens belong to sequences that are too long to keep them.
        inputs: other tensors [N, …] that `loss_fn` differentiates (values of a critic).
        The other arguments are those of `token_logprobs`.

    Returns:
        The loss, and the metrics added up. Where gradients were formed at once, they can be asked for once.

    Raises:
        ValueError: as `token_logprobs`, lengths that do not add up, or a loss that depends on a tensor with a gradient
            that is none of its arguments.
    """
    logits = LogitOptions(temperature, softcap, logit_scale)
    head = HeadInputs(hidden_ND, weight_VD, targets_N, bias, support_margin_N, logits).checked(vocabulary_size)
    _check_sequences(locality, sequence_lengths, len(hidden_ND))
    choice = choose(
        head.hidden_ND,
        head.weight_VD,
        head.bias_V,
        entropy=entropy,
        locality=locality,
        sequence_lengths=sequence_lengths,
        backend=backend,
    )
    if choice.mode != "one_pass":
        result = _compute(head, entropy, 0, backend)
        return loss_fn(result, inputs, slice(0, len(hidden_ND)))
    _log_once(choice)
    size = chunk_rows(head.weight_VD)
    by_rows = locality == "token"
    chunks = list(slices(len(hidden_ND), size) if by_rows else chunks_of_sequences(sequence_lengths, size))
    metrics: dict[str, Tensor] = {}
    how = Computation(_tiles(choice.backend), logits, entropy)
    return LossOutput(loss=_apply(OnePass, head, how, chunks, loss_fn, metrics, *inputs), metrics=metrics)


def _compute(inputs: HeadInputs, entropy: EntropyMode, saved_logits_bytes: int, backend: Backend) -> TokenLogprobs:
    is_sharded = inputs.shard is not None
    choice = choose(
        inputs.hidden_ND, inputs.weight_VD, inputs.bias_V, entropy=entropy, is_sharded=is_sharded, backend=backend
    )
    _log_once(choice)
    if choice.mode == "dense":
        hidden_ND, weight_VD, bias_V, targets_N, margin_N = inputs.tensors
        with _without_autocast(hidden_ND):
            return token_logprobs_reference(
                hidden_ND,
                weight_VD,
                targets_N,
                bias_V=bias_V,
                options=inputs.logits,
                entropy=entropy,
                support_margin_N=margin_N,
            )
    how = Computation(_tiles(choice.backend), inputs.logits, entropy, saved_logits_bytes, inputs.shard)
    logprobs_N, entropy_N = _apply(FrozenHead if choice.mode == "frozen_head" else TwoPass, inputs, how)
    if entropy == "none":
        return TokenLogprobs(logprobs_N, None)
    return TokenLogprobs(logprobs_N, entropy_N if entropy == "grad" else entropy_N.detach())


def _apply(function: type[torch.autograd.Function], inputs: HeadInputs, *arguments: object) -> Any:
    with _without_autocast(inputs.hidden_ND):
        return function.apply(*inputs.tensors, *arguments)


def _without_autocast(hidden_ND: Tensor) -> AbstractContextManager[object]:
    """The inputs have their precision by now; autocast must not change it again."""
    device = hidden_ND.device.type
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def _rows_of(mask_N: Tensor, hidden_ND: Tensor) -> Tensor:
    if mask_N.dtype != torch.bool or mask_N.shape != hidden_ND.shape[:1]:
        raise ValueError(f"Expected mask_N bool [{len(hidden_ND)}], got {mask_N.dtype} {tuple(mask_N.shape)}.")
    return mask_N.nonzero().squeeze(-1)


def _spread(values_n: Tensor, rows_n: Tensor, num_rows: int) -> Tensor:
    return values_n.new_zeros(num_rows).index_copy(0, rows_n, values_n)


def _check_sequences(locality: Locality, sequence_lengths: Sequence[int], num_rows: int) -> None:
    if locality == "sequence" and sum(sequence_lengths) != num_rows:
        raise ValueError(f"Expected sequence_lengths that add up to {num_rows} rows, got {sum(sequence_lengths)}.")


def _check_backend(backend: Backend, hidden_ND: Tensor) -> None:
    if backend not in _BACKENDS:
        raise UnknownNameError("backend", backend, _BACKENDS)
    reason = _why_no_triton(hidden_ND) if backend == "triton" else None
    if reason is not None:
        raise ValueError(f"The Triton kernels cannot be used: {reason}. Pass backend='auto' or 'chunked'.")


def _why_no_triton(hidden_ND: Tensor) -> str | None:
    if hidden_ND.device.type != "cuda":
        return f"the hidden states are on {hidden_ND.device.type!r}, not on an NVIDIA GPU"
    if find_spec("triton") is None:
        return "triton is not installed"
    if torch.version.cuda is None or torch.cuda.get_device_capability(hidden_ND.device) < (8, 0):
        return "they need an NVIDIA GPU of compute capability 8.0 or newer"
    return f"they compute in 16 and 32 bits, not in {hidden_ND.dtype}" if hidden_ND.dtype.itemsize > 4 else None


def _tiles(backend: Backend) -> Tiles:
    if backend == "triton":
        from agents.kernels import triton_logprobs

        return triton_logprobs
    return chunked


@cache
def _log_once(choice: Choice) -> None:
    logging.getLogger("agents.kernels").info("%s (%s): %s", choice.mode, choice.backend, choice.reason)
