"""From statistics of logits to log-probabilities and entropies: what every implementation does alike.

N tokens, D hidden size, V vocabulary, W columns of a part of it, P parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from agents.kernels.reference import transformed
from agents.kernels.types import Head, LogitOptions, RowState, SampledTokens, Statistics

NO_TOKEN = -1e29
"""A maximum over no tokens: finite, so that nothing times 0 is NaN."""

_DOT_ELEMENTS = 1 << 22


def combine(parts: Sequence[Statistics]) -> Statistics:
    """Add up the statistics of consecutive parts of the vocabulary, in the order given."""
    if len(parts) == 1:
        return parts[0]
    return combined(_joined(parts, torch.stack))


def combined(parts: Statistics) -> Statistics:
    """Add up statistics [P, N] over all parts (Eq. 4, arXiv 1805.02867)."""
    maximum_PN, sum_PN, weighted_sum_PN, target_PN, square_sum_PN = parts
    maximum_N = maximum_PN.amax(0)
    sum_PN, weighted_sum_PN = _shifted(maximum_PN, sum_PN, weighted_sum_PN, maximum_N)
    square_sum_N = None if square_sum_PN is None else (square_sum_PN * (2 * (maximum_PN - maximum_N)).exp()).sum(0)
    return Statistics(maximum_N, sum_PN.sum(0), weighted_sum_PN.sum(0), target_PN.amax(0), square_sum_N)


def concatenate(blocks: Sequence[Statistics]) -> Statistics:
    """Join the statistics of consecutive blocks of rows."""
    return blocks[0] if len(blocks) == 1 else _joined(blocks, torch.cat)


def _joined(statistics: Sequence[Statistics], join: Callable[[list[Tensor]], Tensor]) -> Statistics:
    columns = [[value for value in column if value is not None] for column in zip(*statistics, strict=True)]
    return Statistics(*(join(column) for column in columns if column))


def target_logits(hidden_ND: Tensor, head: Head, targets_N: Tensor) -> Tensor:
    """Compute z of every target from a product of its own, at least in fp32, [N]."""
    rows_at_once = max(1, _DOT_ELEMENTS // max(hidden_ND.shape[1], 1))
    dtype = torch.promote_types(hidden_ND.dtype, torch.float32)
    products = [
        (hidden_nD.to(dtype) * head.weight_VD[targets_n].to(dtype)).sum(-1)
        for hidden_nD, targets_n in zip(hidden_ND.split(rows_at_once), targets_N.split(rows_at_once), strict=True)
    ]
    product_N = torch.cat(products) if head.bias_V is None else torch.cat(products) + head.bias_V[targets_N]
    return transformed(product_N, head.method.options)


def support_threshold(hidden_ND: Tensor, head: Head, tokens: SampledTokens) -> Tensor | None:
    """Return the lowest logit of each row's support; None where every token belongs to it."""
    if tokens.support_N is None:
        return None
    return tokens.support_N + target_logits(hidden_ND, head, tokens.ids_N)


def square_sums(values_NW: Tensor) -> Tensor:
    """Return Σ x² of each row, without a tile of squares."""
    return torch.linalg.vector_norm(values_NW, dim=-1).square()


def put_at_targets_(tile_NW: Tensor, targets_N: Tensor, values_N: Tensor) -> None:
    """Write a row's value where its target is, if that is one of the tile's columns."""
    rows_n = ((targets_N >= 0) & (targets_N < tile_NW.shape[1])).nonzero().squeeze(-1)
    tile_NW[rows_n, targets_N[rows_n]] = values_N[rows_n].to(tile_NW.dtype)


class RowSums(NamedTuple):
    """What the statistics of a whole vocabulary say of each row, [N] each."""

    normalizer_N: Tensor
    """log Σ e^z."""
    logprob_N: Tensor
    """Of the target, at most 0."""
    entropy_N: Tensor
    """At least 0; meaningless where no weighted sum was formed."""
    shift_N: Tensor
    """A number near the largest logit, exactly as it was subtracted: a row's other terms must be rounded alike."""
    others_N: Tensor
    """Σ e^{z − shift} of the other tokens."""
    own_N: Tensor
    """e^{z − shift} of the target."""
    other_squares_N: Tensor | None = None
    """Σ p² of the other tokens; None where it is not asked for."""

    @classmethod
    def of(cls, statistics: Statistics) -> RowSums:
        """With m the largest logit of all, log p = (z − m) − log(Σ_others e^{z − m} + e^{z_target − m}).

        Where the target is the likeliest token, that is −log(1 + Σ_others …): no digit of 1 − p is lost. The entropy
        log Σ e^{z − m} − Σ p·(z − m) is a sum of two parts that are both at least 0. Where 0 stands for the maximum,
        the target counts as likeliest if it has at least half of the probability.
        """
        maximum_N, sum_N, weighted_sum_N, target_N, square_sum_N = statistics
        is_likeliest_N = target_N >= maximum_N + sum_N.log().clamp(max=0)
        largest_N = torch.where(is_likeliest_N, target_N, maximum_N)
        sum_N, weighted_sum_N = _shifted(maximum_N, sum_N, weighted_sum_N, largest_N)
        below_N = target_N - largest_N
        share_N = below_N.exp()
        log_sum_N = torch.where(below_N == 0, sum_N.log1p(), (sum_N + share_N).log())
        entropy_N = log_sum_N - (weighted_sum_N + below_N * share_N) * (-log_sum_N).exp()
        logprob_N = (below_N - log_sum_N).clamp(max=0)
        squares_N = None
        if square_sum_N is not None:
            squares_N = square_sum_N * (2 * (maximum_N - largest_N - log_sum_N)).exp()
        entropy_N = entropy_N.clamp(min=0)
        return cls(largest_N + log_sum_N, logprob_N, entropy_N, largest_N, sum_N, share_N, squares_N)

    def had_no_shift(self) -> bool:
        """Return whether no maximum was subtracted, or a target is the likeliest token in every row."""
        return bool(((self.shift_N == 0) | (self.own_N == 1)).all())

    def state(
        self, gradient_N: Tensor, entropy_gradient_N: Tensor | None = None, threshold_N: Tensor | None = None
    ) -> RowState:
        """Return what the backward pass needs, given dL/dlogprob and dL/dentropy (None without a gradient)."""
        target_gradient_N = -gradient_N * self.logprob_N.expm1()
        if entropy_gradient_N is None:
            return RowState(self.normalizer_N, gradient_N, target_gradient_N, threshold_N=threshold_N)
        surprise_N = self.logprob_N + self.entropy_N
        target_gradient_N = target_gradient_N - self.logprob_N.exp() * entropy_gradient_N * surprise_N
        return RowState(
            self.normalizer_N, gradient_N, target_gradient_N, self.entropy_N, entropy_gradient_N, threshold_N
        )

    def factored_state(
        self, gradient_N: Tensor, options: LogitOptions, threshold_N: Tensor | None = None, *, has_shift: bool = True
    ) -> RowState:
        """Return the same without an entropy gradient, and with the common factor of a row left out of its gradients.

        That factor is −g·dz/d(h Wᵀ)/Σ e^{z − shift}; without a shift also e^−shift.
        """
        sum_N = (self.others_N + self.own_N).masked_fill(gradient_N == 0, 1.0)  # such rows are left out, NaN or not
        factor_N = -gradient_N * (options.logit_scale / options.temperature) / sum_N
        if has_shift:
            return RowState(self.shift_N, None, -self.others_N, threshold_N=threshold_N, factor_N=factor_N)
        scale_N = self.shift_N.exp()
        return RowState(None, None, -self.others_N * scale_N, factor_N=factor_N / scale_N)


def _shifted(maximum: Tensor, total: Tensor, weighted: Tensor, to: Tensor) -> tuple[Tensor, Tensor]:
    """Turn sums formed with the maximum into Σ e^{z − to} and Σ (z − to)·e^{z − to}."""
    shift = maximum - to
    factor = shift.exp()
    return total * factor, (weighted + shift * total) * factor
