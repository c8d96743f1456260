"""The gradients of a head, added up tile by tile.

A tile of dL/d(h Wᵀ + b) exists for two products only. Rows without a gradient are left out, which is exact.
N tokens, D hidden size, V vocabulary, W columns of a tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from agents.kernels import exponentials
from agents.kernels.products import add_product, slices, tile_shape
from agents.kernels.statistics import RowSums
from agents.kernels.types import Head, RowState


class HeadGradients(NamedTuple):
    """Sums to add to, the weight's in its own precision and the others at least in fp32; None for no gradient."""

    hidden_ND: Tensor | None
    weight_VD: Tensor | None
    bias_V: Tensor | None

    @classmethod
    def empty(cls, num_rows: int, head: Head, is_needed: Sequence[bool]) -> HeadGradients:
        """Allocate those of hidden, weight and bias that are needed: zeros; only the weight's is left to be set."""
        weight_VD, bias_V = head.weight_VD, head.bias_V
        precision = torch.promote_types(weight_VD.dtype, torch.float32)
        return cls(
            weight_VD.new_zeros(num_rows, weight_VD.shape[1], dtype=precision) if is_needed[0] else None,
            torch.empty_like(weight_VD) if is_needed[1] else None,
            torch.zeros_like(bias_V, dtype=precision) if is_needed[2] and bias_V is not None else None,
        )

    def finished(
        self, hidden_ND: Tensor, rows_n: Tensor, bias_V: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Return the gradients in the precision of their tensors; those of hidden states are 0 outside `rows_n`."""
        hidden_gradient_ND = None if self.hidden_ND is None else self.hidden_ND.to(hidden_ND.dtype)
        if hidden_gradient_ND is not None and len(rows_n) < len(hidden_ND):
            hidden_gradient_ND = torch.zeros_like(hidden_ND).index_copy_(0, rows_n, hidden_gradient_ND)
        bias_gradient_V = None if self.bias_V is None or bias_V is None else self.bias_V.to(bias_V.dtype)
        return hidden_gradient_ND, self.weight_VD, bias_gradient_V


@dataclass(frozen=True)
class Rows:
    """Some rows, with what their gradient is made of."""

    hidden_ND: Tensor
    targets_N: Tensor
    state: RowState
    products_NV: Tensor | None = None
    """h Wᵀ, where it was kept; it may be overwritten."""
    is_done: bool = False
    """Whether `products_NV` holds the gradient already."""

    def take(self, rows: slice | Tensor) -> Rows:
        """Return some of the rows; a slice copies nothing."""
        products_NV = None if self.products_NV is None else self.products_NV[rows]
        return Rows(self.hidden_ND[rows], self.targets_N[rows], self.state.take(rows), products_NV, self.is_done)

    def logit_gradients(self, head: Head, columns: slice) -> Tensor:
        """Return a tile [N, W] of dL/d(h Wᵀ + b) without the state's factor, in the dtype of the hidden states."""
        kernels, part, targets_N = head.method.kernels, head.part(columns), self.targets_N - columns.start
        if self.products_NV is None:
            return kernels.logit_gradients(self.hidden_ND, part, targets_N, self.state)
        products_NW = self.products_NV[:, columns]
        if self.is_done:
            return products_NW
        gradient_NW = products_NW
        if products_NW.dtype != self.hidden_ND.dtype:
            gradient_NW = products_NW.new_empty(products_NW.shape, dtype=self.hidden_ND.dtype)
        kernels.gradients_of_logits(products_NW, part, targets_N, self.state, gradient_NW)
        return gradient_NW


def add_gradients(total: HeadGradients, blocks: Sequence[Rows], head: Head, *, sets_weight: bool) -> None:
    """Add the gradients of blocks of rows; `sets_weight` overwrites the weight's gradient instead of adding to it.

    `total.hidden_ND`, 0 before, has the rows of all blocks, one after the other.
    """
    weight_VD = head.weight_VD
    if not blocks and sets_weight and total.weight_VD is not None:
        total.weight_VD.zero_()
    heights = [len(block.hidden_ND) for block in blocks]
    scaled_ND = [_scaled(block) for block in blocks]
    is_done = all(block.is_done for block in blocks)
    num_columns = len(weight_VD) if is_done else tile_shape(max(heights, default=1), weight_VD)[1]
    hidden_totals_ND = [None] * len(blocks) if total.hidden_ND is None else total.hidden_ND.split(heights)
    for columns in slices(len(weight_VD), num_columns):
        weight_total_WD = None if total.weight_VD is None else _tile_to_add_to(total.weight_VD[columns], len(blocks))
        is_set = sets_weight
        for block, hidden_total_ND, hidden_ND in zip(blocks, hidden_totals_ND, scaled_ND, strict=True):
            bias_total_W = None if total.bias_V is None else total.bias_V[columns]
            of_tile = HeadGradients(hidden_total_ND, weight_total_WD, bias_total_W)
            factor_N = block.state.factor_N
            gradient_NW = block.logit_gradients(head, columns)
            _add_tile(of_tile, gradient_NW, hidden_ND, weight_VD[columns], factor_N, sets_weight=is_set)
            is_set = False
            del gradient_NW  # frees it before the next tile is allocated
        if total.weight_VD is not None and weight_total_WD is not None and weight_total_WD.dtype != weight_VD.dtype:
            total.weight_VD[columns] = weight_total_WD
    for block, hidden_total_ND in zip(blocks, hidden_totals_ND, strict=True):
        if hidden_total_ND is not None and block.state.factor_N is not None:
            hidden_total_ND *= block.state.factor_N[:, None]


def _scaled(block: Rows) -> Tensor:
    """Return the hidden states times the factor that the block's gradients lack."""
    factor_N, hidden_ND = block.state.factor_N, block.hidden_ND
    return hidden_ND if factor_N is None else (hidden_ND * factor_N[:, None]).to(hidden_ND.dtype)


def _add_tile(
    total: HeadGradients,
    gradient_NW: Tensor,
    hidden_ND: Tensor,
    weight_WD: Tensor,
    factor_N: Tensor | None,
    *,
    sets_weight: bool,
) -> None:
    if total.weight_VD is not None:
        add_product(total.weight_VD, gradient_NW.T, hidden_ND, is_first=sets_weight)
    if total.hidden_ND is not None:
        add_product(total.hidden_ND, gradient_NW, weight_WD)
    if total.bias_V is not None:
        of_rows_NW = gradient_NW if factor_N is None else gradient_NW * factor_N[:, None]
        total.bias_V.add_(of_rows_NW.sum(0, dtype=total.bias_V.dtype))


def _tile_to_add_to(weight_gradient_WD: Tensor, num_blocks: int) -> Tensor:
    """Return the tile itself, or an fp32 copy where several half-precision sums would each be rounded."""
    if num_blocks == 1 or weight_gradient_WD.dtype.itemsize >= 4:
        return weight_gradient_WD
    return weight_gradient_WD.float()


def row_state(
    sums: RowSums, upstream: tuple[Tensor, Tensor | None], threshold_N: Tensor | None, hidden_ND: Tensor, head: Head
) -> RowState:
    """Return what rows need for their gradients, given dL/dlogprob and dL/dentropy (None without a gradient)."""
    method, (gradient_N, entropy_gradient_N) = head.method, upstream
    if entropy_gradient_N is not None or not method.kernels.works_in_passes:
        return sums.state(gradient_N, entropy_gradient_N, threshold_N)
    needs_no_shift = (
        threshold_N is None
        and exponentials.suffice(hidden_ND, head)
        and sums.had_no_shift()
        and exponentials.are_in_range(sums.normalizer_N)
    )
    return sums.factored_state(gradient_N, method.options, threshold_N, has_shift=not needs_no_shift)


def blocks_with_gradient(rows: Rows, head: Head) -> tuple[list[Rows], Tensor]:
    """Return the rows that have a gradient, in blocks as tall as a tile, and their indices."""
    kept_n = rows.state.rows_with_gradient()
    if len(kept_n) == 0:
        return [], kept_n
    kept = rows if len(kept_n) == len(rows.hidden_ND) else rows.take(kept_n)
    height = tile_shape(len(kept_n), head.weight_VD)[0]
    return [kept.take(block) for block in slices(len(kept_n), height)], kept_n
