"""From statistics of logits to log-probabilities and entropies: what every implementation does alike.

N tokens, P parts of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from agents.kernels.reference import transformed
from agents.kernels.types import LogitOptions, Statistics

__all__ = ["combine", "concatenate", "entropy_of", "logprobs_of", "normalizer_of", "target_logits"]

_DOT_ELEMENTS = 1 << 22


def combine(parts: Sequence[Statistics]) -> Statistics:
    """The statistics of a vocabulary from those of its parts, added up in the order given; a part may be empty."""
    if len(parts) == 1:
        return parts[0]
    maximum_PN, sum_PN, weighted_sum_PN, target_PN = (torch.stack(field) for field in zip(*parts, strict=True))
    maximum_N = maximum_PN.amax(0)
    shift_PN = torch.where(sum_PN > 0, maximum_PN - maximum_N, 0.0)
    factor_PN = shift_PN.exp()
    return Statistics(
        maximum_N,
        (sum_PN * factor_PN).sum(0),
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


def normalizer_of(statistics: Statistics) -> Tensor:
    """log Σ e^z."""
    return statistics.maximum_N + statistics.sum_N.log()


def logprobs_of(statistics: Statistics) -> Tensor:
    """z_target − log Σ e^z, at most 0: rounding must not make a token likelier than certain."""
    return (statistics.target_N - statistics.maximum_N - statistics.sum_N.log()).clamp(max=0)


def entropy_of(statistics: Statistics) -> Tensor:
    """−Σ p log p = log Σ e^{z − max} − Σ p (z − max), at least 0; no large numbers cancel."""
    return (statistics.sum_N.log() - statistics.weighted_sum_N / statistics.sum_N).clamp(min=0)
