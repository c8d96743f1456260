"""The types that implementations of `token_logprobs` share.

Every implementation works on a part of the vocabulary at a time. Forward it computes `Statistics` of the logits,
backward a tile of their gradient from `RowState`. Neither knows the loss. N tokens, D hidden size, V vocabulary,
W columns of a part of it; numbers of a row are at least fp32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor

EntropyMode: TypeAlias = Literal["none", "value", "grad"]


class TokenLogprobs(NamedTuple):
    """[N] each, at least fp32; None is what was not asked for."""

    logprobs: Tensor
    entropy: Tensor | None
    other_squares: Tensor | None = None
    """Σ π(v)² over the tokens other than the target, without gradient. With π(target)² it is Σ π² of all, and with
    (1 − π(target))² it is ‖∂ log π(target)/∂z‖² = 1 − 2π(target) + Σ π²: so no digit is lost where π is near 1."""


class SampledTokens(NamedTuple):
    """The tokens whose log-probabilities are wanted, one per row."""

    ids_N: Tensor
    support_N: Tensor | None
    """At most 0: the lowest logit of the sampler's support minus the token's own. None for the whole vocabulary."""


@dataclass(frozen=True)
class LogitOptions:
    """How products become logits: z = softcap(logit_scale · (h Wᵀ + b)) / temperature, softcap(x) = c·tanh(x/c)."""

    temperature: float = 1.0
    softcap: float | None = None
    logit_scale: float = 1.0


@dataclass(frozen=True)
class Method:
    """What computes log-probabilities, and how: everything that is not a tensor."""

    kernels: LogitKernels
    options: LogitOptions
    entropy: EntropyMode = "none"
    has_squares: bool = False
    """Whether `TokenLogprobs.other_squares` is asked for."""


class Head(NamedTuple):
    """The weight that turns hidden states into logits, or some of its rows."""

    weight_VD: Tensor
    bias_V: Tensor | None
    method: Method

    def part(self, columns: slice) -> Head:
        """Return the head of some columns of the logits."""
        return Head(self.weight_VD[columns], None if self.bias_V is None else self.bias_V[columns], self.method)


class Statistics(NamedTuple):
    """Of each row's logits z over a part of the vocabulary, [N] each; the target is kept apart from the other tokens.

    Where p of the target is near 1, 1 − p is the sum over the others: adding the target to them would round it off.
    """

    maximum_N: Tensor
    """Of the other tokens of the support; finite, and far below any logit, where there are none. 0 where exponentials
    were formed without it."""
    sum_N: Tensor
    """Σ e^{z − max} over the same tokens."""
    weighted_sum_N: Tensor
    """Σ (z − max)·e^{z − max} over the same tokens, for the entropy; may be 0 where no entropy is wanted."""
    target_N: Tensor
    """z of the target; −∞ where it lies in another part."""
    square_sum_N: Tensor | None = None
    """Σ e^{2(z − max)} over the same tokens; None where it is not asked for."""


class RowState(NamedTuple):
    """What the gradient of a row's logits is made of, [N] each.

    dL/dz = −p·(g + g_H·(log p + H)), with p = e^{z − normalizer} on the support and 0 elsewhere. At the target g − g·p
    would cancel, so its gradient is given.
    """

    normalizer_N: Tensor | None
    """log Σ e^z over the support of the whole vocabulary. Under `factor_N`, any number near it; None for 0."""
    gradient_N: Tensor | None
    """g = dL/dlogprob; None for −1, under `factor_N`."""
    target_gradient_N: Tensor
    """dL/dz of the target, without `factor_N`."""
    entropy_N: Tensor | None = None
    entropy_gradient_N: Tensor | None = None
    """g_H = dL/dentropy; needs `entropy_N`; None where the entropy has no gradient."""
    threshold_N: Tensor | None = None
    """Tokens with z below it are outside the support, except the target; None where every token belongs to it."""
    factor_N: Tensor | None = None
    """What the gradients of a row still have to be multiplied by, dz/d(h Wᵀ) included: afterwards it costs less."""

    def take(self, rows: slice | Tensor) -> RowState:
        """Return the state of some of the rows."""
        normalizer_N, gradient_N, target_gradient_N, *optional = self
        first, second, *others = [None if x is None else x[rows] for x in (normalizer_N, gradient_N, *optional)]
        return RowState(first, second, target_gradient_N[rows], *others)

    def rows_with_gradient(self) -> Tensor:
        """Return the indices of the rows that have a gradient."""
        parts = [x != 0 for x in (self.gradient_N, self.entropy_gradient_N, self.factor_N) if x is not None]
        return torch.stack(parts).any(0).nonzero().squeeze(-1)


class LogitKernels(Protocol):
    """An implementation: a module with these functions. The head may be a part of W columns.

    Targets are counted from the first of the W columns; one outside [0, W) lies in another part of the vocabulary.
    """

    @property
    def works_in_passes(self) -> bool:
        """Whether each element-wise operation is a pass over a tile, so that leaving one out saves time."""
        ...

    def statistics(self, hidden_ND: Tensor, head: Head, targets_N: Tensor, threshold_N: Tensor | None) -> Statistics:
        """Compute statistics of the logits of every row, which are not kept."""
        ...

    def logit_gradients(self, hidden_ND: Tensor, head: Head, targets_N: Tensor, rows: RowState) -> Tensor:
        """Compute the logits again; return dL/d(h Wᵀ + b) [N, W] in the dtype of `hidden_ND`."""
        ...

    def statistics_of_logits(
        self, products_NW: Tensor, head: Head, targets_N: Tensor, threshold_N: Tensor | None
    ) -> Statistics:
        """Compute statistics of the logits that given products h Wᵀ become."""
        ...

    def gradients_of_logits(
        self, products_NW: Tensor, head: Head, targets_N: Tensor, rows: RowState, out: Tensor
    ) -> None:
        """Write dL/d(h Wᵀ + b) of given products into `out`, which may be `products_NW` itself."""
        ...
