"""Sums and gradients of e^z without subtracting a maximum, which takes fewer passes over a tile.

Where e^z neither overflows nor vanishes, it is p up to a factor of its row; that factor multiplies sums over the row
later. Powers of two carry the scale in their exponents: on a CPU torch computes 2^x in half the time of e^x.
N tokens, D hidden size, V vocabulary, W columns of a part of it.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from agents.kernels.products import blocks_of_rows, product, slices, takes_onednn
from agents.kernels.statistics import square_sums, target_logits
from agents.kernels.types import Head, Statistics

_LOG2_E = 1 / math.log(2)
_LARGEST_EXPONENT = 46.0
"""|log Σ e^z| up to which fp32 and bf16 hold e^z, its products and those with its reciprocal, and every p > 1e-17."""
_LARGEST_OF_SQUARES = _LARGEST_EXPONENT / 2
"""The same where Σ e^{2z} is wanted."""


def suffice(hidden_ND: Tensor, head: Head) -> bool:
    """Return whether logits are a constant times products that are kept in a dtype with the range of fp32."""
    has_range = hidden_ND.dtype in (torch.float32, torch.float64) or (
        hidden_ND.dtype == torch.bfloat16 and hidden_ND.device.type == "cpu"
    )
    return has_range and head.bias_V is None and head.method.options.softcap is None


def are_in_range(normalizers: Tensor, *, has_squares: bool = False) -> bool:
    """Return whether exponentials with these logarithms of sums can be used; False if one is NaN."""
    return bool((normalizers.abs() <= (_LARGEST_OF_SQUARES if has_squares else _LARGEST_EXPONENT)).all())


def exponentials(hidden_ND: Tensor, head: Head) -> Tensor:
    """Compute e^z [N, W] of z = h Wᵀ·scale/temperature."""
    options, weight_WD = head.method.options, head.weight_VD
    factor = options.logit_scale / options.temperature * _LOG2_E
    if takes_onednn(hidden_ND):
        return product(hidden_ND, weight_WD.T).mul_(factor).exp2_()
    out_NW = hidden_ND.new_empty(len(hidden_ND), len(weight_WD))
    return torch.addmm(out_NW, hidden_ND, weight_WD.T, beta=0, alpha=factor, out=out_NW).exp2_()


def statistics(hidden_ND: Tensor, head: Head, targets_N: Tensor, num_columns: int) -> Statistics | None:
    """Compute statistics without entropy, so many columns at a time; return None where e^z goes out of range."""
    target_N = _targets_in_range(hidden_ND, head, targets_N)
    if target_N is None:
        return None
    num_tokens = len(head.weight_VD)
    ordered_N, rows_N = targets_N.sort()
    edges = [*range(0, num_tokens, num_columns), num_tokens]
    bounds = torch.searchsorted(ordered_N, ordered_N.new_tensor(edges)).tolist()
    sum_N = torch.zeros_like(target_N)
    square_sum_N: Tensor | None = None
    for columns, (first, last) in zip(slices(num_tokens, num_columns), pairwise(bounds), strict=True):
        out_NW = exponentials(hidden_ND, head.part(columns))
        out_NW[rows_N[first:last], ordered_N[first:last] - columns.start] = 0.0
        part_N, squares_N = _sums(out_NW, target_N.dtype, has_squares=head.method.has_squares)
        sum_N = sum_N + part_N
        square_sum_N = squares_N if square_sum_N is None or squares_N is None else square_sum_N + squares_N
        del out_NW  # frees it before the next tile is allocated
    return _statistics(target_N, sum_N, square_sum_N)


def statistics_and_exponentials(hidden_ND: Tensor, head: Head, targets_N: Tensor) -> tuple[Statistics, Tensor] | None:
    """Compute statistics without entropy of the whole vocabulary, and e^z [N, V] with 0 at the targets."""
    target_N = _targets_in_range(hidden_ND, head, targets_N)
    if target_N is None:
        return None
    out_NV = exponentials(hidden_ND, head)
    out_NV[torch.arange(len(out_NV), device=out_NV.device), targets_N] = 0.0
    found = _statistics(target_N, *_sums(out_NV, target_N.dtype, has_squares=head.method.has_squares))
    return None if found is None else (found, out_NV)


def _targets_in_range(hidden_ND: Tensor, head: Head, targets_N: Tensor) -> Tensor | None:
    """Return the targets' logits, or None if one is too large: then other logits probably are as well."""
    target_N = target_logits(hidden_ND, head, targets_N)
    is_usable = not len(target_N) or are_in_range(target_N.amax(), has_squares=head.method.has_squares)
    return target_N if is_usable else None


def _statistics(target_N: Tensor, sum_N: Tensor, square_sum_N: Tensor | None) -> Statistics | None:
    if not are_in_range(sum_N.log(), has_squares=square_sum_N is not None):
        return None
    nothing_N = torch.zeros_like(sum_N)
    return Statistics(nothing_N, sum_N, nothing_N, target_N, square_sum_N)


def _sums(values_NW: Tensor, dtype: torch.dtype, *, has_squares: bool) -> tuple[Tensor, Tensor | None]:
    """Return Σ x and, where they are asked for, Σ x² of each row; in another dtype a block is copied at a time."""
    if values_NW.dtype == dtype:
        return values_NW.sum(-1), square_sums(values_NW) if has_squares else None
    blocks = [values_NW[rows] for rows in blocks_of_rows(values_NW)]
    if not has_squares:
        return torch.cat([block.sum(-1, dtype=dtype) for block in blocks]), None
    sums, squares = zip(
        *[(wide.sum(-1), square_sums(wide)) for wide in (block.to(dtype) for block in blocks)], strict=True
    )
    return torch.cat(sums), torch.cat(squares)
