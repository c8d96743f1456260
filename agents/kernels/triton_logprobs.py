"""Statistics of logits and their gradients on NVIDIA GPUs, by the kernels of `agents.kernels.triton_kernels`.

`statistics` and `logit_gradients` multiply: they never write logits, and compute them again for the gradient.
`statistics_of_logits` and `gradients_of_logits` read products that are in memory.

The tilings were chosen by what the compiler reports for Hopper, where no kernel may spill a register: 128 × 256 tiles,
with 64 of the hidden size in each of four stages, fill the accumulators of two warpgroups and 224 of 227 KiB of shared
memory. One tiling serves every hidden size, since the loads run on from one tile into the next.

N tokens, D hidden size, W columns of a part of the vocabulary, S splits of it. Importing needs Triton.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from triton import JITFunction
from triton.tools.tensor_descriptor import TensorDescriptor

from agents.kernels.statistics import combined
from agents.kernels.triton_kernels import (
    gradients_kernel,
    gradients_of_products_kernel,
    statistics_kernel,
    statistics_of_products_kernel,
    target_kernel,
)
from agents.kernels.types import Head, LogitOptions, RowState, Statistics

works_in_passes = False
"""One kernel does all element-wise operations."""

ROW_BLOCKS_PER_GROUP = 16
"""Row blocks that go through the vocabulary side by side: as square a set of tiles as 132 processors can hold."""
ROW_COLUMNS, ROW_WARPS = 4096, 8
"""Columns that a kernel which reads products takes at a time, and its warps: 16 columns per thread."""
TARGET_DEPTH, TARGET_WARPS = 1024, 4
"""Part of the hidden size that the logit of the target takes at a time, and the warps."""


class Tiling(NamedTuple):
    """Rows and columns of a tile, the part of the hidden size in one stage, and how a kernel is launched."""

    rows: int
    columns: int
    depth: int
    num_warps: int
    num_stages: int


_LARGE_SHARED_BYTES = 227 * 1024
"""A block's on H100, H200 and B200; other GPUs since Ampere have 99 to 163 KiB."""
_SINGLE = Tiling(128, 64, 16, num_warps=8, num_stages=3)
_HALF = Tiling(128, 256, 64, num_warps=8, num_stages=4)
_NARROW_HALF = Tiling(128, 128, 64, num_warps=8, num_stages=4)
_SMALL_HALF = Tiling(64, 128, 64, num_warps=8, num_stages=2)


def tiling_for(
    dtype: torch.dtype, *, shared_bytes: int, has_bias: bool, has_softcap: bool, has_threshold: bool
) -> Tiling:
    """Return the launch configuration of the kernels that multiply.

    `shared_bytes` is the shared memory that a block may have. A softcap together with a bias or a threshold leaves too
    few registers for the accumulators of the widest tile.
    """
    if dtype == torch.float32:
        return _SINGLE
    if shared_bytes < _LARGE_SHARED_BYTES:
        return _SMALL_HALF
    return _NARROW_HALF if has_softcap and (has_bias or has_threshold) else _HALF


class _Machine(NamedTuple):
    num_processors: int
    shared_bytes: int


class _Scales(NamedTuple):
    """z = outer · tanh(inner · x), or inner · x; slope is dz/dx at 0."""

    inner: float
    outer: float | None
    slope: float


def statistics(hidden_ND: Tensor, head: Head, targets_N: Tensor, threshold_N: Tensor | None) -> Statistics:
    """Compute statistics of z over the W columns in fp32, without writing any z.

    Raises:
        ValueError: hidden states and weight are not both bf16, fp16 or fp32 with a contiguous last dimension.
    """
    hidden_ND, weight_WD = _checked_operands(hidden_ND, head)
    (N, D), W = hidden_ND.shape, len(weight_WD)
    scales, tiling = _scales(head.method.options), _tiling(hidden_ND, head, threshold_N)
    targets_N, bias_W = targets_N.contiguous(), _contiguous(head.bias_V)
    num_programs, num_splits, tiles_per_split = _work(N, W, tiling, hidden_ND.device)
    target_N = hidden_ND.new_empty(N, dtype=torch.float32)
    if N == 0:
        return Statistics(target_N, target_N, target_N, target_N, target_N if head.method.has_squares else None)
    maximum_SN, sum_SN, weighted_SN, squares_SN = _outputs((num_splits, N), head)
    operands, inputs = _descriptors(hidden_ND, weight_WD, tiling), (bias_W, targets_N, _row(threshold_N))
    sizes = (N, D, W, num_splits, tiles_per_split)
    _launch(
        statistics_kernel,
        (num_programs,),
        (*operands, *inputs, maximum_SN, sum_SN, weighted_SN, squares_SN, *sizes, scales.inner, scales.outer),
        **_tiling_options(tiling),
    )
    strides = (hidden_ND.stride(0), weight_WD.stride(0))
    _launch(
        target_kernel,
        (N,),
        (hidden_ND, weight_WD, bias_W, targets_N, target_N, *strides, D, W, scales.inner, scales.outer),
        DEPTH=TARGET_DEPTH,
        num_warps=TARGET_WARPS,
    )
    return combined(Statistics(maximum_SN, sum_SN, weighted_SN, target_N[None], squares_SN))


def logit_gradients(hidden_ND: Tensor, head: Head, targets_N: Tensor, rows: RowState) -> Tensor:
    """Compute the logits again; return dL/d(h Wᵀ + b) [N, W] in the dtype of `hidden_ND`.

    Rows of the result start at multiples of 16 bytes, so it need not be contiguous. Raises as `statistics` does.
    """
    hidden_ND, weight_WD = _checked_operands(hidden_ND, head)
    (N, D), W = hidden_ND.shape, len(weight_WD)
    scales, tiling = _scales(head.method.options), _tiling(hidden_ND, head, rows.threshold_N)
    num_programs, num_splits, tiles_per_split = _work(N, W, tiling, hidden_ND.device)
    out_NW = hidden_ND.new_empty((N, _padded(W, hidden_ND.dtype)))[:, :W]
    if N == 0:
        return out_NW
    operands = _descriptors(hidden_ND, weight_WD, tiling)
    inputs = (_contiguous(head.bias_V), targets_N.contiguous(), *_row_vectors(rows, scales.slope))
    out, sizes = TensorDescriptor.from_tensor(out_NW, [tiling.rows, tiling.columns // 2]), (N, D, W)
    _launch(
        gradients_kernel,
        (num_programs,),
        (*operands, *inputs, out, *sizes, num_splits, tiles_per_split, scales.inner, scales.outer),
        **_tiling_options(tiling),
    )
    return out_NW


def statistics_of_logits(products_NW: Tensor, head: Head, targets_N: Tensor, threshold_N: Tensor | None) -> Statistics:
    """Compute `statistics` from products h Wᵀ in memory, in any float dtype, with a contiguous last dimension."""
    _check_last_dimension(products_NW)
    N, W = products_NW.shape
    scales = _scales(head.method.options)
    maximum_N, sum_N, weighted_sum_N, square_sum_N = _outputs((N,), head)
    target_N = torch.empty_like(sum_N)
    inputs = (products_NW, _contiguous(head.bias_V), targets_N.contiguous(), _row(threshold_N))
    if N > 0:
        _launch(
            statistics_of_products_kernel,
            (N,),
            (
                *inputs,
                maximum_N,
                sum_N,
                weighted_sum_N,
                square_sum_N,
                target_N,
                products_NW.stride(0),
                W,
                scales.inner,
                scales.outer,
            ),
            C=ROW_COLUMNS,
            num_warps=ROW_WARPS,
        )
    return Statistics(maximum_N, sum_N, weighted_sum_N, target_N, square_sum_N)


def gradients_of_logits(products_NW: Tensor, head: Head, targets_N: Tensor, rows: RowState, out: Tensor) -> None:
    """Write `logit_gradients` of products in memory into `out` [N, W] of any float dtype, which may be theirs."""
    _check_last_dimension(products_NW)
    _check_last_dimension(out)
    if out.shape != products_NW.shape:
        raise ValueError(f"Expected out {tuple(products_NW.shape)}, the shape of the products, got {tuple(out.shape)}.")
    N, W = products_NW.shape
    scales = _scales(head.method.options)
    inputs = (products_NW, _contiguous(head.bias_V), targets_N.contiguous(), *_row_vectors(rows, scales.slope))
    if N > 0:
        _launch(
            gradients_of_products_kernel,
            (N, -(-W // ROW_COLUMNS)),
            (*inputs, out, products_NW.stride(0), out.stride(0), W, scales.inner, scales.outer),
            C=ROW_COLUMNS,
            num_warps=ROW_WARPS,
        )


def _outputs(shape: tuple[int, ...], head: Head) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Allocate maximum, sum, weighted sum and, where it is asked for, the sum of squares."""
    maximum, total, weighted = head.weight_VD.new_empty((3, *shape), dtype=torch.float32)
    return maximum, total, weighted, torch.empty_like(total) if head.method.has_squares else None


def _launch(kernel: JITFunction[Any], grid: tuple[int, ...], arguments: tuple[object, ...], **options: object) -> None:
    """Run one program per point of the grid, on the device of the first tensor among the arguments."""
    device_index = next((argument.get_device() for argument in arguments if isinstance(argument, Tensor)), -1)
    with torch.cuda.device(device_index):
        kernel[grid](*arguments, **options, enable_fp_fusion=True)


def _scales(options: LogitOptions) -> _Scales:
    slope = options.logit_scale / options.temperature
    if options.softcap is None:
        return _Scales(slope, None, slope)
    return _Scales(options.logit_scale / options.softcap, options.softcap / options.temperature, slope)


@cache
def _machine(device: torch.device) -> _Machine:
    if device.type != "cuda":  # Triton's interpreter: few enough for a split to have several tiles in a small test
        return _Machine(num_processors=4, shared_bytes=_LARGE_SHARED_BYTES)
    properties = torch.cuda.get_device_properties(device)
    return _Machine(properties.multi_processor_count, properties.shared_memory_per_block_optin)


def _tiling(hidden_ND: Tensor, head: Head, threshold_N: Tensor | None) -> Tiling:
    return tiling_for(
        hidden_ND.dtype,
        shared_bytes=_machine(hidden_ND.device).shared_bytes,
        has_bias=head.bias_V is not None,
        has_softcap=head.method.options.softcap is not None,
        has_threshold=threshold_N is not None,
    )


def _work(N: int, W: int, tiling: Tiling, device: torch.device) -> tuple[int, int, int]:
    """Return the number of programs, of splits and of tiles per split."""
    num_row_blocks, num_tiles = -(-N // tiling.rows), -(-W // tiling.columns)
    num_splits, tiles_per_split = _splits(num_row_blocks, num_tiles, _machine(device).num_processors)
    return num_row_blocks * num_splits, num_splits, tiles_per_split


@lru_cache(maxsize=1024)
def _splits(num_row_blocks: int, num_tiles: int, num_processors: int) -> tuple[int, int]:
    """Return how many splits of the vocabulary, and tiles in each, let processors finish together; none is empty.

    A program costs its tiles and half of one to start. There are enough splits for a group of row blocks to occupy
    every processor, so that what is read at one time stays in the cache.
    """

    def cost(tiles_per_split: int) -> float:
        num_programs = num_row_blocks * -(-num_tiles // tiles_per_split)
        return -(-num_programs // num_processors) * (tiles_per_split + 0.5)

    most_tiles = num_tiles // max(1, num_processors // ROW_BLOCKS_PER_GROUP)
    tiles_per_split = min(range(max(1, most_tiles), 0, -1), key=cost)
    return -(-num_tiles // tiles_per_split), tiles_per_split


def _contiguous(values: Tensor | None) -> Tensor | None:
    return None if values is None else values.contiguous()


def _row(values_N: Tensor | None) -> Tensor | None:
    return None if values_N is None else values_N.float().contiguous()


def _row_vectors(rows: RowState, slope: float) -> tuple[Tensor | None, ...]:
    """Return what the kernels read of a row; the slope of the logits is part of both gradients."""
    assert rows.normalizer_N is not None, "left out only where kernels work in passes"
    assert rows.gradient_N is not None, "left out only where kernels work in passes"
    entropy_gradient_N = None if rows.entropy_gradient_N is None else rows.entropy_gradient_N * slope
    gradients = (rows.gradient_N * slope, rows.target_gradient_N * slope, rows.entropy_N, entropy_gradient_N)
    return tuple(_row(values_N) for values_N in (rows.normalizer_N, *gradients, rows.threshold_N))


def _descriptors(hidden_ND: Tensor, weight_WD: Tensor, tiling: Tiling) -> tuple[TensorDescriptor, TensorDescriptor]:
    return (
        TensorDescriptor.from_tensor(hidden_ND, [tiling.rows, tiling.depth]),
        TensorDescriptor.from_tensor(weight_WD, [tiling.columns, tiling.depth]),
    )


def _tiling_options(tiling: Tiling) -> dict[str, object]:
    return {
        "R": tiling.rows,
        "C": tiling.columns,
        "DEPTH": tiling.depth,
        "GROUP": ROW_BLOCKS_PER_GROUP,
        "PRECISION": "ieee",  # of fp32 inputs: their products are not rounded to tf32
        "num_warps": tiling.num_warps,
        "num_stages": tiling.num_stages,
    }


def _padded(width: int, dtype: torch.dtype) -> int:
    """Return the number of elements of the least multiple of 16 bytes that holds `width` elements."""
    alignment = 16 // dtype.itemsize
    return -(-width // alignment) * alignment


def _loadable(tensor_ND: Tensor) -> Tensor:
    """Return the same values where descriptors can read them, rows at multiples of 16 bytes; a copy if need be."""
    N, D = tensor_ND.shape
    stride_bytes = tensor_ND.stride(0) * tensor_ND.element_size()
    if stride_bytes % 16 == 0 and tensor_ND.stride(0) >= D and tensor_ND.data_ptr() % 16 == 0:
        return tensor_ND
    padded_ND = tensor_ND.new_empty((N, _padded(D, tensor_ND.dtype)))[:, :D]
    return padded_ND.copy_(tensor_ND)


def _checked_operands(hidden_ND: Tensor, head: Head) -> tuple[Tensor, Tensor]:
    """Return hidden states and weight where descriptors can read them."""
    weight_WD = head.weight_VD
    dtypes = (torch.bfloat16, torch.float16, torch.float32)
    if hidden_ND.dtype not in dtypes or weight_WD.dtype != hidden_ND.dtype:
        raise ValueError(
            "Expected hidden and weight both in bfloat16, float16 or float32, "
            f"got {hidden_ND.dtype} and {weight_WD.dtype}."
        )
    _check_last_dimension(hidden_ND)
    _check_last_dimension(weight_WD)
    return _loadable(hidden_ND), _loadable(weight_WD)


def _check_last_dimension(tensor: Tensor) -> None:
    if tensor.stride(-1) != 1:
        raise ValueError(f"Expected rows without gaps between elements, got strides {tensor.stride()}; make a copy.")
