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

from agents.kernels.products import blocks_of_rows, slices
from agents.kernels.statistics import target_logits
from agents.kernels.types import LogitOptions, Statistics

__all__ = ["are_in_range", "exponentials_", "statistics", "suffice"]

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


def exponentials_(hidden_ND: Tensor, weight_WD: Tensor, options: LogitOptions, out_NW: Tensor) -> Tensor:
    """e^z, in `out_NW`."""
    factor = options.logit_scale / options.temperature * _LOG2_E
    return torch.addmm(out_NW, hidden_ND, weight_WD.T, beta=0, alpha=factor, out=out_NW).exp2_()


def statistics(
    hidden_ND: Tensor,
    weight_WD: Tensor,
    targets_N: Tensor,
    options: LogitOptions,
    num_columns: int,
    out_NW: Tensor | None = None,
) -> Statistics | None:
    """Statistics without entropy, so many columns at a time; None where e^z goes out of range.

    `out_NW` keeps the exponentials, with 0 at a target.
    """
    target_N = target_logits(hidden_ND, weight_WD, None, targets_N, options)
    if len(target_N) and not are_in_range(target_N.amax()):  # then the others are probably not, either
        return None
    ordered_N, rows_N = targets_N.sort()
    edges = [*range(0, len(weight_WD), num_columns), len(weight_WD)]
    bounds = torch.searchsorted(ordered_N, ordered_N.new_tensor(edges)).tolist()
    sum_N = nothing_N = torch.zeros_like(target_N)
    tile_NW = hidden_ND.new_empty(len(hidden_ND), num_columns) if out_NW is None else out_NW
    for columns, (first, last) in zip(slices(len(weight_WD), num_columns), pairwise(bounds), strict=True):
        weight_wD = weight_WD[columns]
        out_Nw = tile_NW[:, : len(weight_wD)] if out_NW is None else out_NW[:, columns]
        exponentials_(hidden_ND, weight_wD, options, out_Nw)
        out_Nw[rows_N[first:last], ordered_N[first:last] - columns.start] = 0.0
        sum_N = sum_N + _sums(out_Nw, target_N.dtype)
    return Statistics(nothing_N, sum_N, nothing_N, target_N) if are_in_range(sum_N.log()) else None


def _sums(values_NW: Tensor, dtype: torch.dtype) -> Tensor:
    if values_NW.dtype == dtype:
        return values_NW.sum(-1)
    return torch.cat([values_NW[rows].sum(-1, dtype=dtype) for rows in blocks_of_rows(values_NW)])  # copies a block
