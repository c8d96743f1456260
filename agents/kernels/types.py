"""The nouns that implementations of `token_logprobs` share.

Every implementation works on a part of the vocabulary at a time: `Statistics` of its logits on the way forward, and a
tile of the gradient of the logits, made from `RowState`, on the way back. The loss is known to neither.
N tokens, V vocabulary; everything per row is at least fp32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor

__all__ = ["EntropyMode", "LogitOptions", "RowState", "Statistics", "Tiles", "TokenLogprobs"]

EntropyMode: TypeAlias = Literal["none", "value", "grad"]


class TokenLogprobs(NamedTuple):
    """`logprobs` [N] and `entropy` [N] (None when not asked for), at least fp32."""

    logprobs: Tensor
    entropy: Tensor | None


@dataclass(frozen=True)
class LogitOptions:
    """How products become logits: z = softcap(logit_scale · (h Wᵀ + b)) / temperature, softcap(x) = c·tanh(x/c)."""

    temperature: float = 1.0
    softcap: float | None = None
    logit_scale: float = 1.0


class Statistics(NamedTuple):
    """Of each row's logits z over a part of the vocabulary, [N] each; the target's stands apart from the others.

    Where p of the target is near 1, 1 − p is made of the others: added to the target, they would be rounded off.
    """

    maximum_N: Tensor
    """Of the other tokens of the support; finite, and far below any logit, where there are none. 0 where the sum can do
    without it."""
    sum_N: Tensor
    """Σ e^{z − max} over the same tokens."""
    weighted_sum_N: Tensor
    """Σ (z − max)·e^{z − max} over the same tokens, for the entropy; may be 0 where that is not wanted."""
    target_N: Tensor
    """z of the target; −∞ where it lies in another part."""


class RowState(NamedTuple):
    """What the gradient of a row's logits is made of, [N] each.

    dL/dz = −p·(g + g_H·(log p + H)), with p = e^{z − normalizer} on the support and 0 elsewhere; at the target, where
    g − g·p would cancel, it is given.
    """

    normalizer_N: Tensor | None
    """log Σ e^z over the whole vocabulary's support; with a factor left out, any number near it, or None for 0."""
    gradient_N: Tensor | None
    """g = dL/dlogprob; None for −1, where a factor of the row is left to whoever uses its gradient."""
    target_gradient_N: Tensor
    """dL/dz of the target, without that factor."""
    entropy_N: Tensor | None = None
    entropy_gradient_N: Tensor | None = None
    """g_H = dL/dentropy; needs `entropy_N`; None where the entropy has no gradient."""
    threshold_N: Tensor | None = None
    """Tokens with z below it are outside the support, save the target; None where every token belongs to it."""
    factor_N: Tensor | None = None
    """What is left to multiply a row of gradients by, dz/d(h Wᵀ) included: it costs less afterwards."""

    def take(self, rows: slice | Tensor) -> RowState:
        """The state of some of the rows."""
        normalizer_N, gradient_N, target_gradient_N, *optional = self
        first, second, *others = [None if x is None else x[rows] for x in (normalizer_N, gradient_N, *optional)]
        return RowState(first, second, target_gradient_N[rows], *others)

    def rows_with_gradient(self) -> Tensor:
        """Indices of the rows that have any."""
        parts = [x != 0 for x in (self.gradient_N, self.entropy_gradient_N, self.factor_N) if x is not None]
        return torch.stack(parts).any(0).nonzero().squeeze(-1)


class Tiles(Protocol):
    """An implementation: a module with these functions. N rows, W columns of the vocabulary.

    Targets are counted from the first of the W columns; one outside [0, W) lies in another part of the vocabulary.
    """

    @property
    def works_in_passes(self) -> bool:
        """Whether each element-wise operation is a pass over a tile, so that what can be is left out of it."""
        ...

    def statistics(
        self,
        hidden_ND: Tensor,
        weight_WD: Tensor,
        bias_W: Tensor | None,
        targets_N: Tensor,
        options: LogitOptions,
        threshold_N: Tensor | None,
        *,
        has_entropy: bool,
    ) -> Statistics:
        """Of the logits of every row, which are not kept; without entropy, `weighted_sum_N` may be left 0."""
        ...

    def logit_gradients(
        self,
        hidden_ND: Tensor,
        weight_WD: Tensor,
        bias_W: Tensor | None,
        targets_N: Tensor,
        rows: RowState,
        options: LogitOptions,
    ) -> Tensor:
        """dL/d(h Wᵀ + b), [N, W] in the dtype of `hidden_ND`, from logits that are computed again."""
        ...

    def statistics_of_logits(
        self,
        products_NW: Tensor,
        bias_W: Tensor | None,
        targets_N: Tensor,
        options: LogitOptions,
        threshold_N: Tensor | None,
        *,
        has_entropy: bool,
    ) -> Statistics:
        """Of the logits that products h Wᵀ at hand become."""
        ...

    def gradients_of_logits(
        self,
        products_NW: Tensor,
        bias_W: Tensor | None,
        targets_N: Tensor,
        rows: RowState,
        options: LogitOptions,
        out: Tensor,
    ) -> None:
        """dL/d(h Wᵀ + b) from products at hand, into `out`, which may be `products_NW` itself."""
        ...
