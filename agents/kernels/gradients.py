"""The gradients of a head, added up tile by tile.

A tile of dL/d(h Wᵀ + b) lives just long enough for two products. Rows without a gradient are left out: that is exact.
N tokens, D hidden size, V vocabulary (of this rank under tensor parallelism), W columns of a tile.
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
from agents.kernels.tensor_parallel import VocabularyShard
from agents.kernels.types import EntropyMode, LogitOptions, RowState, Tiles

__all__ = ["Computation", "Head", "HeadGradients", "Rows", "add_gradients", "blocks_with_gradient", "row_state"]


@dataclass(frozen=True)
class Computation:
    """How logits are made and by what; everything that is not a tensor."""

    tiles: Tiles
    logits: LogitOptions
    entropy: EntropyMode = "none"
    saved_logits_bytes: int = 0
    shard: VocabularyShard | None = None


@dataclass(frozen=True)
class Head:
    """The weight that hidden states meet, and what becomes of the products."""

    weight_VD: Tensor
    bias_V: Tensor | None
    how: Computation


class HeadGradients(NamedTuple):
    """Sums to be added to, the weight's in its own precision and the others at least in fp32; None for no gradient."""

    hidden_ND: Tensor | None
    weight_VD: Tensor | None
    bias_V: Tensor | None

    @classmethod
    def room(cls, num_rows: int, head: Head, is_needed: Sequence[bool]) -> HeadGradients:
        """For those of hidden, weight and bias that are needed: zeros, save the weight's, which is to be set."""
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
        """The gradients in the precision of what they belong to, the hidden states' at `rows_n` and 0 elsewhere."""
        hidden_gradient_ND = None if self.hidden_ND is None else self.hidden_ND.to(hidden_ND.dtype)
        if hidden_gradient_ND is not None and len(rows_n) < len(hidden_ND):
            hidden_gradient_ND = torch.zeros_like(hidden_ND).index_copy_(0, rows_n, hidden_gradient_ND)
        bias_gradient_V = None if self.bias_V is None or bias_V is None else self.bias_V.to(bias_V.dtype)
        return hidden_gradient_ND, self.weight_VD, bias_gradient_V


@dataclass(frozen=True)
class Rows:
    """Rows of the batch, with what their gradient is made of."""

    hidden_ND: Tensor
    targets_N: Tensor
    state: RowState
    products_NV: Tensor | None = None
    """h Wᵀ, where it is at hand."""
    is_scratch: bool = False
    """Whether the products may be overwritten."""
    is_done: bool = False
    """Whether the gradient stands in their place already."""

    def take(self, rows: slice | Tensor) -> Rows:
        """Some of the rows; a slice copies nothing."""
        products_NV = None if self.products_NV is None else self.products_NV[rows]
        is_scratch = self.is_scratch or isinstance(rows, Tensor)
        hidden_ND, targets_N, state = self.hidden_ND[rows], self.targets_N[rows], self.state.take(rows)
        return Rows(hidden_ND, targets_N, state, products_NV, is_scratch, self.is_done)

    def logit_gradients(self, head: Head, columns: slice) -> Tensor:
        """A tile [N, W] of dL/d(h Wᵀ + b) without the state's factor, in the precision of the hidden states."""
        how, targets_N = head.how, self.targets_N - columns.start
        bias_W = None if head.bias_V is None else head.bias_V[columns]
        if self.products_NV is None:
            weight_WD = head.weight_VD[columns]
            return how.tiles.logit_gradients(self.hidden_ND, weight_WD, bias_W, targets_N, self.state, how.logits)
        products_NW = self.products_NV[:, columns]
        if self.is_done:
            return products_NW
        gradient_NW = products_NW
        if not self.is_scratch or products_NW.dtype != self.hidden_ND.dtype:
            gradient_NW = products_NW.new_empty(products_NW.shape, dtype=self.hidden_ND.dtype)
        how.tiles.gradients_of_logits(products_NW, bias_W, targets_N, self.state, how.logits, gradient_NW)
        return gradient_NW


def add_gradients(total: HeadGradients, blocks: Sequence[Rows], head: Head, *, sets_weight: bool) -> None:
    """Add what the blocks of rows give, to the weight's gradient or in its place.

    `total.hidden_ND`, 0 before, has the rows of all blocks, one behind the other.
    """
    weight_VD = head.weight_VD
    if len(weight_VD) == 0:
        return
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
            del gradient_NW  # it would lie beside the next one
        if total.weight_VD is not None and weight_total_WD is not None and weight_total_WD.dtype != weight_VD.dtype:
            total.weight_VD[columns] = weight_total_WD
    for block, hidden_total_ND in zip(blocks, hidden_totals_ND, strict=True):
        if hidden_total_ND is not None and block.state.factor_N is not None:
            hidden_total_ND *= block.state.factor_N[:, None]


def _scaled(block: Rows) -> Tensor:
    """The hidden states times what the block's gradients lack."""
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
    """The tile itself, unless several half-precision sums would be rounded one after the other."""
    if num_blocks == 1 or weight_gradient_WD.dtype.itemsize >= 4:
        return weight_gradient_WD
    return weight_gradient_WD.float()


def row_state(
    sums: RowSums,
    upstream: tuple[Tensor, Tensor | None],
    threshold_N: Tensor | None,
    hidden_ND: Tensor,
    head: Head,
) -> RowState:
    """What rows need for their gradients, given dL/dlogprob and, if the entropy has a gradient, dL/dentropy."""
    how, (gradient_N, entropy_gradient_N) = head.how, upstream
    if entropy_gradient_N is not None or not how.tiles.works_in_passes:
        return sums.state(gradient_N, entropy_gradient_N, threshold_N)
    needs_no_shift = (
        threshold_N is None
        and exponentials.suffice(hidden_ND, head.bias_V, how.logits)
        and sums.had_no_shift()
        and exponentials.are_in_range(sums.normalizer_N)
    )
    return sums.factored_state(gradient_N, how.logits, threshold_N, has_shift=not needs_no_shift)


def blocks_with_gradient(regions: Sequence[Rows], head: Head) -> tuple[list[Rows], Tensor]:
    """The rows that have a gradient, in blocks as tall as a tile, and their places among the rows of all regions."""
    blocks: list[Rows] = []
    places: list[Tensor] = []
    start = 0
    for region in regions:
        kept_n = region.state.rows_with_gradient()
        places.append(kept_n + start)
        start += len(region.hidden_ND)
        if len(kept_n):
            kept = region if len(kept_n) == len(region.hidden_ND) else region.take(kept_n)
            tall = tile_shape(len(kept_n), head.weight_VD)[0]
            blocks += [kept.take(rows) for rows in slices(len(kept_n), tall)]
    return blocks, torch.cat(places)
