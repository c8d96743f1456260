"""Statistics and gradients of logits in plain torch, on any device, a tile of products at a time.

Element-wise passes over a tile run block by block, so that on a CPU a block stays in the cache from its first operation
to its last. N tokens, D hidden size, W columns of a part of the vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.kernels import exponentials
from agents.kernels.products import blocks_of_rows, product, slices, tile_shape
from agents.kernels.reference import transformed
from agents.kernels.statistics import NO_TOKEN, combine, concatenate, put_at_targets_, square_sums
from agents.kernels.types import Head, LogitOptions, Method, RowState, Statistics

works_in_passes = True

_MASKED = 10 * NO_TOKEN
"""In place of a logit that is to have no weight: far below any maximum, and finite."""


def statistics(hidden_ND: Tensor, head: Head, targets_N: Tensor, threshold_N: Tensor | None) -> Statistics:
    """Compute statistics of all logits of every row, as `agents.kernels.types.LogitKernels` says."""
    num_rows, num_columns = tile_shape(len(hidden_ND), head.weight_VD)
    has_entropy = head.method.entropy != "none"
    needs_no_shift = not has_entropy and threshold_N is None and exponentials.suffice(hidden_ND, head)
    blocks: list[Statistics] = []
    for rows in slices(len(hidden_ND), num_rows):
        hidden_nD, targets_n = hidden_ND[rows], targets_N[rows]
        if needs_no_shift:
            block = exponentials.statistics(hidden_nD, head, targets_n, num_columns)
            if block is not None:
                blocks.append(block)
                continue
            needs_no_shift = False  # nor try again
        threshold_n = None if threshold_N is None else threshold_N[rows]
        tiles: list[Statistics] = []
        for columns in slices(len(head.weight_VD), num_columns):
            part = head.part(columns)
            products_nW, places_n = product(hidden_nD, part.weight_VD.T), targets_n - columns.start
            tiles.append(statistics_of_logits(products_nW, part, places_n, threshold_n, is_scratch=True))
            del products_nW  # frees it before the next tile is allocated
        blocks.append(combine(tiles))
    return concatenate(blocks)


def statistics_of_logits(
    products_NW: Tensor, head: Head, targets_N: Tensor, threshold_N: Tensor | None, *, is_scratch: bool = False
) -> Statistics:
    """Compute statistics of the logits that products h Wᵀ become; scratch may be overwritten."""
    parts: list[Statistics] = []
    for rows in blocks_of_rows(products_NW):
        block_NW = products_NW[rows]
        logits_NW = _logits(block_NW, head)
        is_own = is_scratch or logits_NW is not block_NW
        threshold_n = None if threshold_N is None else threshold_N[rows]
        parts.append(_statistics_of_block(logits_NW, targets_N[rows], threshold_n, head.method, is_scratch=is_own))
    return concatenate(parts)


def logit_gradients(hidden_ND: Tensor, head: Head, targets_N: Tensor, rows: RowState) -> Tensor:
    """Compute dL/d(h Wᵀ + b) [N, W] in the dtype of `hidden_ND`."""
    if rows.normalizer_N is None:
        gradient_NW = exponentials.exponentials(hidden_ND, head)
        put_at_targets_(gradient_NW, targets_N, rows.target_gradient_N)
        return gradient_NW
    products_NW = product(hidden_ND, head.weight_VD.T)
    has_room = products_NW.dtype == hidden_ND.dtype
    gradient_NW = products_NW if has_room else products_NW.new_empty(products_NW.shape, dtype=hidden_ND.dtype)
    gradients_of_logits(products_NW, head, targets_N, rows, gradient_NW)
    return gradient_NW


def gradients_of_logits(products_NW: Tensor, head: Head, targets_N: Tensor, rows: RowState, out: Tensor) -> None:
    """Write dL/d(h Wᵀ + b) into `out`, which may be `products_NW` itself."""
    for block in blocks_of_rows(products_NW):
        logits_NW = _logits(products_NW[block], head)
        _write_gradients(logits_NW, targets_N[block], rows.take(block), head.method.options, out[block])


def _statistics_of_block(
    logits_NW: Tensor, targets_N: Tensor, threshold_N: Tensor | None, method: Method, *, is_scratch: bool
) -> Statistics:
    """Mask the targets while the others are added up, and put them back unless the logits are scratch."""
    targets_N1 = targets_N[:, None]
    place_N1, is_here_N1 = targets_N1.clamp(0, logits_NW.shape[1] - 1), targets_N1 >= 0
    is_here_N1 &= targets_N1 < logits_NW.shape[1]
    target_N1 = logits_NW.gather(-1, place_N1)
    logits_NW.scatter_(-1, place_N1, target_N1.masked_fill(is_here_N1, _MASKED))
    others_NW = logits_NW
    if threshold_N is not None:
        others_NW = logits_NW.masked_fill(logits_NW < threshold_N[:, None], _MASKED)
    maximum_N = others_NW.amax(-1).clamp(min=NO_TOKEN)
    shifted_NW = torch.sub(others_NW, maximum_N[:, None], out=logits_NW if is_scratch else None)
    if not is_scratch:
        logits_NW.scatter_(-1, place_N1, target_N1)
    target_N = target_N1.masked_fill(~is_here_N1, -torch.inf).squeeze(-1)
    has_entropy = method.entropy != "none"
    exponential_NW = shifted_NW.exp() if has_entropy else shifted_NW.exp_()
    sum_N = exponential_NW.sum(-1)
    square_sum_N = square_sums(exponential_NW) if method.has_squares else None
    weighted_sum_N = shifted_NW.mul_(exponential_NW).sum(-1) if has_entropy else torch.zeros_like(sum_N)
    return Statistics(maximum_N, sum_N, weighted_sum_N, target_N, square_sum_N)


def _write_gradients(logits_NW: Tensor, targets_N: Tensor, rows: RowState, options: LogitOptions, out: Tensor) -> None:
    """Form −p·(g + g_H·(log p + H)), put the target's gradient in its place before rounding, apply the chain rule."""
    # `out` may be where the logits are, and a threshold or a softcap reads these again. Where `out` has another
    # precision, the logits are a copy already.
    space = out if out.dtype == logits_NW.dtype else logits_NW
    has_space = rows.threshold_N is None and options.softcap is None
    normalizer_N1 = 0.0 if rows.normalizer_N is None else rows.normalizer_N[:, None]
    log_p_NW = torch.sub(logits_NW, normalizer_N1, out=space if has_space else None)
    if rows.gradient_N is None:
        gradient_NW = log_p_NW.exp_()
    elif rows.entropy_N is None or rows.entropy_gradient_N is None:
        gradient_NW = log_p_NW.exp_().mul_(-rows.gradient_N[:, None])
    else:
        gradient_N1 = rows.gradient_N[:, None]
        entropy_N1, entropy_gradient_N1 = rows.entropy_N[:, None], rows.entropy_gradient_N[:, None]
        p_NW = log_p_NW.exp()
        gradient_NW = p_NW.mul_(log_p_NW.add_(entropy_N1).mul_(entropy_gradient_N1).add_(gradient_N1)).neg_()
    if rows.threshold_N is not None:
        gradient_NW.masked_fill_(logits_NW < rows.threshold_N[:, None], 0.0)
    put_at_targets_(gradient_NW, targets_N, rows.target_gradient_N)
    if options.softcap is not None:
        gradient_NW *= 1 - (logits_NW * (options.temperature / options.softcap)).square_()
    scale = options.logit_scale / options.temperature
    if scale != 1.0 and rows.factor_N is None:
        gradient_NW *= scale
    if gradient_NW is not out:
        out.copy_(gradient_NW)


def _logits(products_NW: Tensor, head: Head) -> Tensor:
    """Turn products into logits, at least fp32; return `products_NW` itself where nothing is to be done."""
    logits_NW = products_NW.to(torch.promote_types(products_NW.dtype, torch.float32))
    if head.bias_V is not None:
        logits_NW = logits_NW + head.bias_V
    return transformed(logits_NW, head.method.options)
