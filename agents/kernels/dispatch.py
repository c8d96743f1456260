"""Token log-probabilities and losses of them; only `choose` decides how they are computed and by which backend.

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
from agents.kernels.one_pass import ChunkLoss, FrozenHead, OnePass
from agents.kernels.products import chunk_rows, chunks_of_sequences
from agents.kernels.reference import token_logprobs_reference
from agents.kernels.two_pass import TwoPass
from agents.kernels.types import EntropyMode, LogitKernels, LogitOptions, Method, SampledTokens, TokenLogprobs
from agents.types import LossOutput
from reasonenv.errors import UnknownNameError

Backend: TypeAlias = Literal["auto", "reference", "chunked", "triton"]
_BACKENDS = get_args(Backend)
Mode: TypeAlias = Literal["dense", "frozen_head", "one_pass", "two_pass"]

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
    sequence_lengths: Sequence[int] | None = None,
    backend: Backend = "auto",
) -> Choice:
    """Return how log-probabilities of these would be computed.

    Args:
        hidden_ND, weight_VD, bias_V, entropy, backend: as in `token_logprobs`.
        sequence_lengths: as in `fused_policy_loss`; None for `token_logprobs`, which any loss may follow.

    Raises:
        ValueError: a backend that does not exist or cannot compute this here.
    """
    _check_backend(backend, hidden_ND)
    if backend == "reference":
        return Choice("dense", "reference", "asked for")
    if backend == "auto" and len(hidden_ND) * len(weight_VD) <= _DENSE_ELEMENTS:
        return Choice("dense", "reference", "the logits are few enough to keep")
    has_triton = backend == "triton" or (backend == "auto" and _why_no_triton(hidden_ND) is None)
    chosen: Backend = "triton" if has_triton else "chunked"
    is_frozen = not weight_VD.requires_grad and (bias_V is None or not bias_V.requires_grad)
    if is_frozen and entropy != "grad" and hidden_ND.requires_grad and torch.is_grad_enabled():
        return Choice("frozen_head", chosen, "the head is frozen, so its gradient needs no second look at the logits")
    if sequence_lengths is None:
        return Choice("two_pass", chosen, "any loss may follow, so the logits are computed again on the way back")
    size = chunk_rows(weight_VD)
    if 2 * sum(length for length in sequence_lengths if length > size) > len(hidden_ND):
        return Choice("two_pass", chosen, "most tokens belong to sequences whose logits are too many to keep")
    return Choice("one_pass", chosen, "the loss is a sum over sequences, so gradients are formed at once")


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
    support: Tensor | None = None,
    squares: bool = False,
    backend: Backend = "auto",
) -> TokenLogprobs:
    """Compute log π(target | hidden) and the entropy of each row; z = softcap(logit_scale · (h Wᵀ + b)) / temperature.

    Args:
        hidden_ND: final hidden states [N, D], any float dtype.
        weight_VD: the language-model head [V, D], in the same dtype.
        targets_N: int64 in [0, V).
        bias: the head's bias [V], if it has one.
        temperature: > 0, that of the sampler.
        softcap: c in c·tanh(z/c) (Gemma 2), if any.
        logit_scale: factor on the raw logits (Cohere; 1/logits_scaling for Granite).
        entropy: "none", "value" (without gradient) or "grad".
        support: δ ≤ 0 [N] of a sampler that cut the distribution (top-k, top-p, min-p): tokens with z < z_target + δ
            have no probability. The support itself has no gradient.
        squares: whether to return `TokenLogprobs.other_squares`, of the probabilities of the other tokens.
        backend: "auto" lets `choose` decide.

    Returns:
        `logprobs` ≤ 0, `entropy` ≥ 0 and `other_squares` ≥ 0, each [N] and at least fp32.

    Raises:
        ValueError: shapes, precisions or values that do not fit, or a backend that cannot be used.
    """
    options, tokens = LogitOptions(temperature, softcap, logit_scale), SampledTokens(targets_N, support)
    inputs = HeadInputs(hidden_ND, weight_VD, bias, tokens, options).checked()
    choice = choose(inputs.hidden_ND, inputs.weight_VD, inputs.bias_V, entropy=entropy, backend=backend)
    return _compute(inputs, entropy, choice, squares=squares)


def fused_policy_loss(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    targets_N: Tensor,
    loss_fn: ChunkLoss,
    *,
    sequence_lengths: Sequence[int],
    inputs: tuple[Tensor, ...] = (),
    bias: Tensor | None = None,
    temperature: float = 1.0,
    softcap: float | None = None,
    logit_scale: float = 1.0,
    entropy: EntropyMode = "none",
    support: Tensor | None = None,
    squares: bool = False,
    backend: Backend = "auto",
) -> LossOutput:
    """Compute a loss of log-probabilities that is a sum over sequences, without computing any logit twice.

    Args:
        loss_fn: (TokenLogprobs of some rows, the same rows of `inputs`, slice of these rows) → their share of the loss
            and of metrics that add up. It must divide by counts of the whole, and depend on nothing else that has a
            gradient.
        sequence_lengths: rows of each sequence, one after the other; all 1 for a loss that is a sum over tokens. Logits
            are computed twice where most tokens belong to sequences that are too long to keep their logits.
        inputs: other tensors [N, …] that `loss_fn` differentiates (values of a critic).
        The other arguments are those of `token_logprobs`.

    Returns:
        The loss, and the metrics added up. Gradients that were formed at once can be asked for once.

    Raises:
        ValueError: as `token_logprobs`; lengths that do not add up; a loss that depends on a tensor with a gradient
            that is not among its arguments.
    """
    options, tokens = LogitOptions(temperature, softcap, logit_scale), SampledTokens(targets_N, support)
    head = HeadInputs(hidden_ND, weight_VD, bias, tokens, options).checked()
    if sum(sequence_lengths) != len(hidden_ND):
        num_rows, total = len(hidden_ND), sum(sequence_lengths)
        raise ValueError(f"Expected sequence_lengths that add up to {num_rows} rows, got {total}.")
    tensors = (head.hidden_ND, head.weight_VD, head.bias_V)
    choice = choose(*tensors, entropy=entropy, sequence_lengths=sequence_lengths, backend=backend)
    if choice.mode != "one_pass":
        return loss_fn(_compute(head, entropy, choice, squares=squares), inputs, slice(0, len(hidden_ND)))
    chunks, metrics = list(chunks_of_sequences(sequence_lengths, chunk_rows(head.weight_VD))), dict[str, Tensor]()
    method = Method(_kernels(choice.backend), head.options, entropy, squares)
    loss = _apply(OnePass, head, method, choice, chunks, loss_fn, metrics, *inputs)
    return LossOutput(loss=loss, metrics=metrics)


def _compute(inputs: HeadInputs, entropy: EntropyMode, choice: Choice, *, squares: bool) -> TokenLogprobs:
    if choice.mode == "dense":
        _log_once(choice)
        with _without_autocast(inputs.hidden_ND):
            tensors = (inputs.hidden_ND, inputs.weight_VD, inputs.bias_V)
            return token_logprobs_reference(*tensors, inputs.tokens, inputs.options, entropy, has_squares=squares)
    function = FrozenHead if choice.mode == "frozen_head" else TwoPass
    method = Method(_kernels(choice.backend), inputs.options, entropy, squares)
    logprobs_N, entropy_N, squares_N = _apply(function, inputs, method, choice)
    if entropy == "none":
        return TokenLogprobs(logprobs_N, None, squares_N)
    return TokenLogprobs(logprobs_N, entropy_N if entropy == "grad" else entropy_N.detach(), squares_N)


def _apply(
    function: type[torch.autograd.Function], inputs: HeadInputs, method: Method, choice: Choice, *rest: object
) -> Any:
    _log_once(choice)
    with _without_autocast(inputs.hidden_ND):
        return function.apply(inputs.hidden_ND, inputs.weight_VD, inputs.bias_V, inputs.tokens, method, *rest)


def _without_autocast(hidden_ND: Tensor) -> AbstractContextManager[object]:
    """Keep autocast from changing the precision of the inputs a second time."""
    device = hidden_ND.device.type
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


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


def _kernels(backend: Backend) -> LogitKernels:
    if backend == "triton":
        from agents.kernels import triton_logprobs

        return triton_logprobs
    return chunked


@cache
def _log_once(choice: Choice) -> None:
    logging.getLogger("agents.kernels").info("%s (%s): %s", choice.mode, choice.backend, choice.reason)
