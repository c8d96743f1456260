"""Products of tiles, how large a tile is, and sums of products.

Sums over tiles are kept in fp32 where inputs are half precision, except a weight gradient that is added to chunk by
chunk, which would need a second copy of the head. No atomics, so results repeat bit for bit.
N tokens, D hidden size, V vocabulary, W columns of a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor


class _Sizes(NamedTuple):
    tile_bytes: int
    """Of the gradient of a tile of logits."""
    chunk_bytes: int
    """Of products over the whole vocabulary: with few rows, reading the weight takes most of the time."""
    max_rows: int
    """Of a tile: more are no more efficient."""


_ON_CPU = _Sizes(tile_bytes=8 << 20, chunk_bytes=16 << 20, max_rows=2048)
_ELSEWHERE = _Sizes(tile_bytes=256 << 20, chunk_bytes=256 << 20, max_rows=1 << 14)
_BLOCK_ELEMENTS = {"cpu": 1 << 19}
"""Elsewhere a block is as large as a tile."""
_EFFICIENT_ROWS, _MAX_CHUNK_ELEMENTS = 64, 1 << 24
"""With fewer rows a chunk takes longer than computing its logits twice: for them it may have this size."""
_ROW_MULTIPLE = 16
"""Products of that many rows are faster than those of one more."""
_ONEDNN_LINEAR: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
"""x wᵀ, where torch has oneDNN; for fp32 torch itself takes MKL, which on AMD's processors is slower."""
_ALIASING_COLUMNS = 256
"""Rows whose distance is a multiple of this evict one another from a CPU's cache."""


def slices(length: int, size: int) -> Iterator[slice]:
    """Yield [0, length) in pieces of `size`; one empty piece if there is nothing."""
    for start in range(0, max(length, 1), size):
        yield slice(start, min(start + size, length))


def tile_shape(num_rows: int, weight_VD: Tensor) -> tuple[int, int]:
    """Return rows and columns of a tile of logits: as many rows as are efficient, then columns."""
    sizes = _ON_CPU if weight_VD.device.type == "cpu" else _ELSEWHERE
    rows = max(1, min(num_rows, sizes.max_rows))
    columns = sizes.tile_bytes // weight_VD.element_size() // rows
    if sizes is _ON_CPU and columns % _ALIASING_COLUMNS == 0:
        columns -= _ROW_MULTIPLE
    return rows, max(1, min(len(weight_VD), columns))


def chunk_rows(weight_VD: Tensor) -> int:
    """Return how many rows of products over the whole vocabulary are held at a time."""
    sizes = _ON_CPU if weight_VD.device.type == "cpu" else _ELSEWHERE
    width, product_bytes = max(len(weight_VD), 1), 4 if _is_widened(weight_VD) else weight_VD.element_size()
    num_rows = max(sizes.chunk_bytes // product_bytes // width, min(_EFFICIENT_ROWS, _MAX_CHUNK_ELEMENTS // width), 1)
    return num_rows - num_rows % _ROW_MULTIPLE if num_rows > _ROW_MULTIPLE else num_rows


def blocks_of_rows(tile_NW: Tensor) -> Iterator[slice]:
    """Yield the rows that an element-wise pass goes over at a time."""
    num_elements = _BLOCK_ELEMENTS.get(tile_NW.device.type, max(tile_NW.numel(), 1))
    return slices(len(tile_NW), max(1, num_elements // max(tile_NW.shape[1], 1)))


def chunks_of_sequences(lengths: Sequence[int], size: int) -> Iterator[slice]:
    """Yield consecutive sequences in pieces of at most `size` rows, or of one sequence if that is longer."""
    start = stop = 0
    for length in lengths:
        if stop > start and stop + length - start > size:
            yield slice(start, stop)
            start = stop
        stop += length
    yield slice(start, stop)


def product(left: Tensor, right: Tensor) -> Tensor:
    """Compute left @ right, in fp32 for half-precision inputs where the device can (CUDA), else in their own precision.

    It has no gradient: the functions that call it bring their own.
    """
    if _is_widened(left):
        return torch.mm(left, right, out_dtype=torch.float32)
    if takes_onednn(left) and left.numel() and right.numel():
        return _ONEDNN_LINEAR(left, right.T, None, "none", [], "")
    return torch.mm(left, right)


def takes_onednn(factor: Tensor) -> bool:
    """Return whether `product` leaves this factor times a transposed weight to oneDNN."""
    return _ONEDNN_LINEAR is not None and factor.dtype == torch.float32 and factor.device.type == "cpu"


def _is_widened(factor: Tensor) -> bool:
    return factor.device.type == "cuda" and factor.element_size() < 4


def add_product(total: Tensor, left: Tensor, right: Tensor, *, is_first: bool = False) -> None:
    """Add left @ right to a total of the same or a higher precision; the first product of a sum replaces the total.

    On CUDA torch adds half-precision products to an fp32 total in place, without a copy, if `out` is the total itself.
    """
    if total.dtype == left.dtype:
        _add_product_of_same(total, left, right, is_first=is_first)
        return
    if is_first:
        total.zero_()
    if left.device.type == "cuda":
        torch.addmm(total, left, right, out_dtype=total.dtype, out=total)
    else:
        total += left @ right


def _add_product_of_same(total: Tensor, left: Tensor, right: Tensor, *, is_first: bool) -> None:
    """Add by MKL, which adds up long sums in parts and so is more exact than oneDNN.

    A product of few rows with a whole vocabulary is faster when each thread has parts of the vocabulary to itself.
    """
    num_parts, (few, many) = 2 * torch.get_num_threads(), sorted(left.shape)
    is_parted = left.device.type == "cpu" and left.dtype.itemsize >= 4 and many >= max(16 * few, num_parts)
    beta = 0 if is_first else 1
    if not is_parted:
        total.addmm_(left, right, beta=beta)
        return
    size = many // num_parts
    parted, rest = slice(size * num_parts), slice(size * num_parts, many)
    if len(left) == many:
        parts = left[parted].unflatten(0, (num_parts, size))
        total[parted].unflatten(0, (num_parts, size)).baddbmm_(parts, right.expand(num_parts, -1, -1), beta=beta)
        total[rest].addmm_(left[rest], right, beta=beta)
    else:
        parts = left[:, parted].unflatten(1, (num_parts, size)).transpose(0, 1)
        total.addmm_(left[:, rest], right[rest], beta=beta)
        total += torch.bmm(parts, right[parted].unflatten(0, (num_parts, size))).sum(0)
