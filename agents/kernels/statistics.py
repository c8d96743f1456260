"""From statistics of logits to log-probabilities and entropies: what every implementation does alike.

N tokens, P parts of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from agents.kernels.reference import transformed
from agents.kernels.types import LogitOptions, Statistics

__all__ = ["combine", "concatenate", "entropy_of", "row_sums", "target_logits"]

_DOT_ELEMENTS = 1 << 22


def combine(parts: Sequence[Statistics]) -> Statistics:
    """The statistics of a vocabulary from those of its parts, added up in the order given; a part may be empty."""
    if len(parts) == 1:
        return parts[0]
    maximum_PN, others_PN, weighted_sum_PN, target_PN = (torch.stack(field) for field in zip(*parts, strict=True))
    maximum_N = maximum_PN.amax(0)
    shift_PN = torch.where(maximum_PN > -torch.inf, maximum_PN - maximum_N, 0.0)
    factor_PN = shift_PN.exp()
    sum_PN = others_PN + _share(target_PN, maximum_PN)
    return Statistics(
        maximum_N,
        (others_PN * factor_PN).sum(0),
        ((weighted_sum_PN + shift_PN * sum_PN) * factor_PN).sum(0),
        target_PN.amax(0),
    )


def concatenate(blocks: Sequence[Statistics]) -> Statistics:
    """The statistics of all rows from those of consecutive blocks of rows."""
    return blocks[0] if len(blocks) == 1 else Statistics(*(torch.cat(field) for field in zip(*blocks, strict=True)))


def target_logits(
    hidden_ND: Tensor, weight_WD: Tensor, bias_W: Tensor | None, targets_N: Tensor, options: LogitOptions
) -> Tensor:
    """z of every target, −∞ where it lies in another part of the vocabulary; at least fp32, [N]."""
    if len(weight_WD) == 0:
        return torch.full_like(targets_N, -torch.inf, dtype=torch.promote_types(hidden_ND.dtype, torch.float32))
    inside_N = targets_N.clamp(0, len(weight_WD) - 1)
    rows_at_once = max(1, _DOT_ELEMENTS // max(hidden_ND.shape[1], 1))
    at_least_single = torch.promote_types(hidden_ND.dtype, torch.float32)
    products = [
        (hidden_nD.to(at_least_single) * weight_WD[inside_n].to(at_least_single)).sum(-1)
        for hidden_nD, inside_n in zip(hidden_ND.split(rows_at_once), inside_N.split(rows_at_once), strict=True)
    ]
    product_N = torch.cat(products) if bias_W is None else torch.cat(products) + bias_W[inside_N]
    return transformed(product_N, options).masked_fill(targets_N != inside_N, -torch.inf)


def row_sums(statistics: Statistics) -> tuple[Tensor, Tensor]:
    """log Σ e^{z − max}, and the log-probability of the target, which is at most 0.

    Where the target is the likeliest token, log p = −log(1 + Σ_others): no digit of 1 − p is lost, however small it is.
    """
    below_N = statistics.target_N - statistics.maximum_N
    is_likeliest_N = below_N >= 0
    log_sum_N = torch.where(is_likeliest_N, statistics.others_N.log1p(), (statistics.others_N + below_N.exp()).log())
    return log_sum_N, torch.where(is_likeliest_N, -log_sum_N, (below_N - log_sum_N).clamp(max=0))


def entropy_of(statistics: Statistics, log_sum_N: Tensor) -> Tensor:
    """−Σ p log p = log Σ e^{z − max} − Σ p (z − max), at least 0: both parts are, so nothing cancels."""
    return (log_sum_N - statistics.weighted_sum_N * (-log_sum_N).exp()).clamp(min=0)


def _share(target_N: Tensor, maximum_N: Tensor) -> Tensor:
    """e^{z − max} of the target; 0 where it lies in another part."""
    return torch.where(target_N > -torch.inf, (target_N - maximum_N).exp(), 0.0)
