"""How per-token losses become one number; nothing else divides by token counts.

Every reduction divides by the `Totals` of a whole minibatch, so the losses of its microbatches add up exactly.
B rows, T token positions.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, Protocol, TypeAlias, get_args

from torch import Tensor

from agents.types import Totals
from reasonenv.errors import UnknownNameError

__all__ = [
    "Reduction",
    "ReductionName",
    "constant_length_mean",
    "reduction_for",
    "sequence_mean",
    "token_mean",
    "totals_of",
]

ReductionName: TypeAlias = Literal["sequence_mean", "token_mean", "constant_length_mean"]


class Reduction(Protocol):
    """A function that reduces values [B, T] under a mask [B, T] to a scalar."""

    def __call__(self, values_BT: Tensor, mask_BT: Tensor, totals: Totals) -> Tensor: ...


def totals_of(loss_mask_BT: Tensor) -> Totals:
    """Return the totals of a batch that is a whole minibatch."""
    return Totals(num_sequences=loss_mask_BT.shape[0], num_tokens=int(loss_mask_BT.sum()))


def sequence_mean(values_BT: Tensor, mask_BT: Tensor, totals: Totals) -> Tensor:
    """Return 1/B Σ_i 1/|o_i| Σ_t values (GRPO's objective, Eq. 3, arXiv 2402.03300)."""
    lengths_B = mask_BT.sum(1).clamp(min=1)
    return ((values_BT * mask_BT).sum(1) / lengths_B).sum() / max(totals.num_sequences, 1)


def token_mean(values_BT: Tensor, mask_BT: Tensor, totals: Totals) -> Tensor:
    """Return 1/Σ|o_i| Σ_i Σ_t values: every token weighs the same (DAPO, arXiv 2503.14476)."""
    return (values_BT * mask_BT).sum() / max(totals.num_tokens, 1)


def constant_length_mean(values_BT: Tensor, mask_BT: Tensor, totals: Totals, *, max_tokens: int) -> Tensor:
    """Return 1/(B·L) Σ_i Σ_t values with a constant L, free of length bias (Dr. GRPO, arXiv 2503.20783)."""
    return (values_BT * mask_BT).sum() / (max(totals.num_sequences, 1) * max_tokens)


def reduction_for(name: ReductionName, *, max_tokens: int | None = None) -> Reduction:
    """Return the named reduction.

    Raises:
        UnknownNameError: no such reduction.
        ValueError: `constant_length_mean` without a positive `max_tokens`.
    """
    if name not in get_args(ReductionName):
        raise UnknownNameError("reduction", name, get_args(ReductionName))
    if name == "sequence_mean":
        return sequence_mean
    if name == "token_mean":
        return token_mean
    if max_tokens is None or max_tokens < 1:
        raise ValueError(f"constant_length_mean divides by a constant length: set max_tokens >= 1, got {max_tokens}.")
    return partial(constant_length_mean, max_tokens=max_tokens)
