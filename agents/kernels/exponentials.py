"""Exponentials of logits from which no maximum is subtracted: sums and gradients of them, in fewer passes.

Where e^z itself neither overflows nor vanishes, it is p up to a factor of its row, which products leave out until a row
is all that is left to multiply. Then nothing has to be known of a row before its exponentials are formed. They are
powers of two, whose exponents cost no pass of their own: on a CPU torch computes 2^x in half the time of e^x.
N tokens, D hidden size, W columns of a part of the vocabulary.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from agents.kernels.products import blocks_of_rows, product, slices, takes_onednn
from agents.kernels.statistics import target_logits
from agents.kernels.types import LogitOptions, Statistics

__all__ = ["are_in_range", "exponentials", "statistics", "statistics_and_exponentials", "suffice"]

_LOG2_E = 1 / math.log(2)
_LARGEST_EXPONENT = 46.0
"""|log Σ e^z| up to which fp32 and bf16 hold e^z, its products and those with its reciprocal, and every p > 1e-17."""


def suffice(hidden_ND: Tensor, bias_W: Tensor | None, options: LogitOptions) -> bool:
    """Whether these logits are a constant times products kept in the precision of `hidden_ND`, with fp32's range."""
    has_range = hidden_ND.dtype in (torch.float32, torch.float64) or (
        hidden_ND.dtype == torch.bfloat16 and hidden_ND.device.type == "cpu"
    )
    return has_range and bias_W is None and options.softcap is None


def are_in_range(normalizers: Tensor) -> bool:
    """Whether exponentials with these logarithms of sums can be used; never of a NaN."""
    return bool((normalizers.abs() <= _LARGEST_EXPONENT).all())


def exponentials(hidden_ND: Tensor, weight_WD: Tensor, options: LogitOptions) -> Tensor:
    """e^z [N, W] of z = h Wᵀ·scale/temperature."""
    factor = options.logit_scale / options.temperature * _LOG2_E
    if takes_onednn(hidden_ND):
        return product(hidden_ND, weight_WD.T).mul_(factor).exp2_()
    out_NW = hidden_ND.new_empty(len(hidden_ND), len(weight_WD))
    return torch.addmm(out_NW, hidden_ND, weight_WD.T, beta=0, alpha=factor, out=out_NW).exp2_()


def statistics(
    hidden_ND: Tensor, weight_WD: Tensor, targets_N: Tensor, options: LogitOptions, num_columns: int
) -> Statistics | None:
    """Statistics without entropy, so many columns at a time; None where e^z goes out of range."""
    target_N = _targets_in_range(hidden_ND, weight_WD, targets_N, options)
    if target_N is None:
        return None
    ordered_N, rows_N = targets_N.sort()
    edges = [*range(0, len(weight_WD), num_columns), len(weight_WD)]
    bounds = torch.searchsorted(ordered_N, ordered_N.new_tensor(edges)).tolist()
    sum_N = torch.zeros_like(target_N)
    for columns, (first, last) in zip(slices(len(weight_WD), num_columns), pairwise(bounds), strict=True):
        out_Nw = exponentials(hidden_ND, weight_WD[columns], options)
        out_Nw[rows_N[first:last], ordered_N[first:last] - columns.start] = 0.0
        sum_N = sum_N + _sums(out_Nw, target_N.dtype)
        del out_Nw  # it would lie beside the next one
    return _statistics(target_N, sum_N)


def statistics_and_exponentials(
    hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, options: LogitOptions
) -> tuple[Statistics, Tensor] | None:
    """Statistics without entropy of the whole vocabulary at once, and e^z [N, V] with 0 at the targets."""
    target_N = _targets_in_range(hidden_ND, weight_VD, targets_N, options)
    if target_N is None:
        return None
    out_NV = exponentials(hidden_ND, weight_VD, options)
    out_NV[torch.arange(len(out_NV), device=out_NV.device), targets_N] = 0.0
    found = _statistics(target_N, _sums(out_NV, target_N.dtype))
    return None if found is None else (found, out_NV)


def _targets_in_range(hidden_ND: Tensor, weight_WD: Tensor, targets_N: Tensor, options: LogitOptions) -> Tensor | None:
    """The targets' logits, or None if one is too large: then other logits probably are, too."""
    target_N = target_logits(hidden_ND, weight_WD, None, targets_N, options)
    return target_N if not len(target_N) or are_in_range(target_N.amax()) else None


def _statistics(target_N: Tensor, sum_N: Tensor) -> Statistics | None:
    nothing_N = torch.zeros_like(sum_N)
    return Statistics(nothing_N, sum_N, nothing_N, target_N) if are_in_range(sum_N.log()) else None


def _sums(values_NW: Tensor, dtype: torch.dtype) -> Tensor:
    if values_NW.dtype == dtype:
        return values_NW.sum(-1)
    return torch.cat([values_NW[rows].sum(-1, dtype=dtype) for rows in blocks_of_rows(values_NW)])  # copies a block
