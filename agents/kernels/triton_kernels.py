"""The Triton kernels that `agents.kernels.triton_logprobs` launches.

Two kernels multiply and use a tile of logits while it is still in registers; two read products that are in memory.
Both share their arithmetic, on tiles [rows, columns] in fp32. Every sum over the vocabulary has a fixed order (no
atomics, no locks), so that results repeat bit for bit.

Registers decide how this is written. The products of a tile fill 128 registers of each thread, so the rest of the work
is done on a part of the columns at a time: a quarter for the statistics, which need two passes; half for the gradient,
which needs one. `flatten` lets the loads of the next tile overlap with that work; `disable_licm` keeps column numbers
from occupying registers throughout the loop.

N tokens, D hidden size, W columns of a part of the vocabulary; R rows and C columns of a tile.
"""

from __future__ import annotations

import triton
import triton.language as tl

_LOG2_E: tl.constexpr = tl.constexpr(1.4426950408889634)
_FLOOR: tl.constexpr = tl.constexpr(-1e30)
"""In place of −∞, which times a weight of 0 would be NaN."""
_NO_TOKEN: tl.constexpr = tl.constexpr(-1e29)
"""The maximum over no tokens: far above what is masked, which so gets no weight."""
_SIZES = ["N", "D", "W", "num_splits", "tiles_per_split"]
_ROWS = [
    "targets_ptr", "threshold_ptr", "normalizer_ptr", "gradient_ptr", "target_gradient_ptr", "entropy_ptr",
    "entropy_gradient_ptr", "maximum_ptr", "sum_ptr", "weighted_sum_ptr", "square_sum_ptr", "target_ptr",
]  # fmt: skip
"""Sizes and rows vary from batch to batch: specialising on them would only multiply the number of compilations."""


@triton.jit
def _scaled(products: tl.tensor, inner: tl.tensor, outer: tl.tensor | None) -> tl.tensor:
    """Return z = inner · products, and z = outer · tanh(that) where there is a softcap."""
    logits = products * inner
    if outer is not None:
        decay = tl.exp2(tl.abs(logits) * (-2 * _LOG2_E))
        logits = tl.where(logits < 0, -outer, outer) * ((1 - decay) / (1 + decay))
    return logits


@triton.jit
def _of_rows(ptr: tl.tensor | None, rows: tl.tensor, is_row: tl.tensor) -> tl.tensor | None:
    """Load the numbers of some rows, if there are any."""
    return tl.load(ptr + rows, mask=is_row, other=0.0) if ptr is not None else None


@triton.jit
def _at_least_floor(values: tl.tensor) -> tl.tensor:
    return tl.maximum(values.to(tl.float32), _FLOOR, propagate_nan=tl.PropagateNan.ALL)


@triton.jit
def _logits(
    products: tl.tensor,
    bias_ptr: tl.tensor | None,
    columns: tl.tensor,
    W: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
) -> tl.tensor:
    if bias_ptr is not None:
        bias = tl.load(bias_ptr + columns, mask=columns < W, other=0.0)
        products += _at_least_floor(bias)[None, :]
    return _scaled(products, inner, outer)


@triton.jit
def _accumulate(logits: tl.tensor, columns: tl.tensor, row_state: tl.tuple, running: tl.tuple) -> tl.tuple:
    """Continue maximum, sum, weighted sum and, if there is one, sum of squares over the support without the target."""
    targets, threshold = row_state
    maximum, total, weighted = running[0], running[1], running[2]
    logits = tl.where(columns[None, :] == targets[:, None], _FLOOR, logits)
    if threshold is not None:
        logits = tl.where(logits >= threshold[:, None], logits, _FLOOR)
    new_maximum = tl.maximum(maximum, tl.max(logits, 1))
    logits -= new_maximum[:, None]
    weights = tl.exp2(logits * _LOG2_E)
    shift = maximum - new_maximum
    shrink = tl.exp2(shift * _LOG2_E)
    weighted = shrink * (weighted + shift * total) + tl.sum(logits * weights, 1)
    total = shrink * total + tl.sum(weights, 1)
    result = (new_maximum, total, weighted)
    if len(running) > 3:
        squares = shrink * shrink * running[3] + tl.sum(weights * weights, 1)
        result = (new_maximum, total, weighted, squares)
    return result


@triton.jit
def _product_gradients(
    products: tl.tensor,
    bias_ptr: tl.tensor | None,
    columns: tl.tensor,
    W: tl.tensor,
    row_state: tl.tuple,
    inner: tl.tensor,
    outer: tl.tensor | None,
) -> tl.tensor:
    """Return dL/d(products): −p·(g + g_H·(log p + H)), or what is given for the target, and the chain rule.

    g, g_H and the target's gradient contain the slope already.
    """
    targets, normalizer, gradient, target_gradient, entropy, entropy_gradient, threshold = row_state
    is_target = columns[None, :] == targets[:, None]
    logits = _logits(products, bias_ptr, columns, W, inner, outer)
    logprobs = logits - normalizer[:, None]
    probs = tl.exp2(logprobs * _LOG2_E)
    coefficient = gradient[:, None]
    if entropy is not None:
        coefficient += entropy_gradient[:, None] * (logprobs + entropy[:, None])
    gradients = tl.where(is_target, target_gradient[:, None], -probs * coefficient)
    if threshold is not None:
        gradients = tl.where((logits >= threshold[:, None]) | is_target, gradients, 0.0)
    if outer is not None:
        tanh = logits * (1 / outer)
        gradients *= 1 - tanh * tanh
    return gradients


@triton.jit
def _work_item(num_row_blocks: tl.tensor, num_splits: tl.tensor, GROUP: tl.constexpr) -> tl.tuple:
    """Return row block and split: neighbours share a split's weights, then a group's rows, in the L2 cache."""
    item = tl.program_id(0)
    items_per_group = GROUP * num_splits
    first = (item // items_per_group) * GROUP
    size = tl.minimum(num_row_blocks - first, GROUP)
    within = item % items_per_group
    return first + within % size, within // size


@triton.jit
def _halves(tile: tl.tensor, R: tl.constexpr, C: tl.constexpr) -> tl.tuple:
    return tl.split(tl.permute(tl.reshape(tile, (R, 2, C // 2)), (0, 2, 1)))


@triton.jit
def _quarters(tile: tl.tensor, R: tl.constexpr, C: tl.constexpr) -> tl.tuple:
    left, right = _halves(tile, R, C)
    first, second = _halves(left, R, C // 2)
    third, fourth = _halves(right, R, C // 2)
    return first, second, third, fourth


@triton.jit
def _products(
    hidden: tl.tensor_descriptor,
    weight: tl.tensor_descriptor,
    row: tl.tensor,
    column: tl.tensor,
    D: tl.tensor,
    R: tl.constexpr,
    C: tl.constexpr,
    DEPTH: tl.constexpr,
    PRECISION: tl.constexpr,
) -> tl.tensor:
    """Return a tile of h Wᵀ. Descriptors read zeros beyond the edges."""
    tl.assume(D > 0)
    products = tl.zeros([R, C], dtype=tl.float32)
    for depth in range(0, D, DEPTH):
        hidden_tile = hidden.load([row, depth])
        weight_tile = weight.load([column, depth])
        products = tl.dot(hidden_tile, weight_tile.T, products, input_precision=PRECISION)
    return products


@triton.jit(do_not_specialize=_SIZES, do_not_specialize_on_alignment=_ROWS)
def statistics_kernel(
    hidden: tl.tensor_descriptor,
    weight: tl.tensor_descriptor,
    bias_ptr: tl.tensor | None,
    targets_ptr: tl.tensor,
    threshold_ptr: tl.tensor | None,
    maximum_ptr: tl.tensor,
    sum_ptr: tl.tensor,
    weighted_sum_ptr: tl.tensor,
    square_sum_ptr: tl.tensor | None,
    N: tl.tensor,
    D: tl.tensor,
    W: tl.tensor,
    num_splits: tl.tensor,
    tiles_per_split: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
    R: tl.constexpr,
    C: tl.constexpr,
    DEPTH: tl.constexpr,
    GROUP: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """Store statistics [num_splits, N] of a block of rows over one split's columns."""
    row_block, split = _work_item(tl.cdiv(N, R), num_splits, GROUP)
    rows = row_block * R + tl.arange(0, R)
    targets = tl.load(targets_ptr + rows, mask=rows < N, other=-1).to(tl.int32)
    row_state = (targets, _of_rows(threshold_ptr, rows, rows < N))
    running = (tl.full([R], _NO_TOKEN, tl.float32), tl.zeros([R], tl.float32), tl.zeros([R], tl.float32))
    if square_sum_ptr is not None:
        running = (running[0], running[1], running[2], tl.zeros([R], tl.float32))
    first = split * tiles_per_split
    last = tl.minimum(first + tiles_per_split, tl.cdiv(W, C))
    for tile in tl.range(first, last, flatten=True, disable_licm=True):
        products = _products(hidden, weight, row_block * R, tile * C, D, R, C, DEPTH, PRECISION)
        quarters = _quarters(products, R, C)
        for quarter in tl.static_range(4):
            columns = tile * C + quarter * (C // 4) + tl.arange(0, C // 4)
            logits = _logits(quarters[quarter], bias_ptr, columns, W, inner, outer)
            if (tile + 1) * C > W:
                logits = tl.where((columns < W)[None, :], logits, _FLOOR)
            running = _accumulate(logits, columns, row_state, running)
    offsets = split.to(tl.int64) * N + rows
    tl.store(maximum_ptr + offsets, running[0], mask=rows < N)
    tl.store(sum_ptr + offsets, running[1], mask=rows < N)
    tl.store(weighted_sum_ptr + offsets, running[2], mask=rows < N)
    if square_sum_ptr is not None:
        tl.store(square_sum_ptr + offsets, running[3], mask=rows < N)


@triton.jit(do_not_specialize=_SIZES, do_not_specialize_on_alignment=_ROWS)
def gradients_kernel(
    hidden: tl.tensor_descriptor,
    weight: tl.tensor_descriptor,
    bias_ptr: tl.tensor | None,
    targets_ptr: tl.tensor,
    normalizer_ptr: tl.tensor,
    gradient_ptr: tl.tensor,
    target_gradient_ptr: tl.tensor,
    entropy_ptr: tl.tensor | None,
    entropy_gradient_ptr: tl.tensor | None,
    threshold_ptr: tl.tensor | None,
    out: tl.tensor_descriptor,
    N: tl.tensor,
    D: tl.tensor,
    W: tl.tensor,
    num_splits: tl.tensor,
    tiles_per_split: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
    R: tl.constexpr,
    C: tl.constexpr,
    DEPTH: tl.constexpr,
    GROUP: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """Store gradients of the products of a block of rows with one split's columns, half a tile at a time."""
    row_block, split = _work_item(tl.cdiv(N, R), num_splits, GROUP)
    rows = row_block * R + tl.arange(0, R)
    row_state = (
        tl.load(targets_ptr + rows, mask=rows < N, other=-1).to(tl.int32),
        _of_rows(normalizer_ptr, rows, rows < N),
        _of_rows(gradient_ptr, rows, rows < N),
        _of_rows(target_gradient_ptr, rows, rows < N),
        _of_rows(entropy_ptr, rows, rows < N),
        _of_rows(entropy_gradient_ptr, rows, rows < N),
        _of_rows(threshold_ptr, rows, rows < N),
    )
    first = split * tiles_per_split
    last = tl.minimum(first + tiles_per_split, tl.cdiv(W, C))
    for tile in tl.range(first, last, flatten=True, disable_licm=True):
        products = _products(hidden, weight, row_block * R, tile * C, D, R, C, DEPTH, PRECISION)
        halves = _halves(products, R, C)
        for half in tl.static_range(2):
            column = tile * C + half * (C // 2)
            columns = column + tl.arange(0, C // 2)
            gradients = _product_gradients(halves[half], bias_ptr, columns, W, row_state, inner, outer)
            out.store([row_block * R, column], gradients.to(out.dtype))


@triton.jit
def _target_logit(
    product: tl.tensor,
    bias_ptr: tl.tensor | None,
    column: tl.tensor,
    is_inside: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
) -> tl.tensor:
    if bias_ptr is not None:
        product += _at_least_floor(tl.load(bias_ptr + column))
    return tl.where(is_inside, _scaled(product, inner, outer), -float("inf"))


@triton.jit(do_not_specialize_on_alignment=_ROWS)
def target_kernel(
    hidden_ptr: tl.tensor,
    weight_ptr: tl.tensor,
    bias_ptr: tl.tensor | None,
    targets_ptr: tl.tensor,
    target_ptr: tl.tensor,
    hidden_stride: tl.tensor,
    weight_stride: tl.tensor,
    D: tl.tensor,
    W: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
    DEPTH: tl.constexpr,
) -> None:
    """Store the logit of a row's target, −∞ where it is not among the W columns. A tile would have to be searched."""
    row = tl.program_id(0).to(tl.int64)
    target = tl.load(targets_ptr + row).to(tl.int64)
    is_inside = (target >= 0) & (target < W)
    column = tl.where(is_inside, target, 0)
    products = tl.zeros([DEPTH], dtype=tl.float32)
    for start in range(0, D, DEPTH):
        depths = start + tl.arange(0, DEPTH)
        hidden = tl.load(hidden_ptr + row * hidden_stride + depths, mask=depths < D, other=0.0)
        weight = tl.load(weight_ptr + column * weight_stride + depths, mask=depths < D, other=0.0)
        products += hidden.to(tl.float32) * weight.to(tl.float32)
    tl.store(target_ptr + row, _target_logit(tl.sum(products), bias_ptr, column, is_inside, inner, outer))


@triton.jit
def _in_memory(products_ptr: tl.tensor, columns: tl.tensor, mask: tl.tensor) -> tl.tensor:
    return _at_least_floor(tl.load(products_ptr + columns, mask=mask, other=0.0))


@triton.jit(do_not_specialize_on_alignment=_ROWS)
def statistics_of_products_kernel(
    products_ptr: tl.tensor,
    bias_ptr: tl.tensor | None,
    targets_ptr: tl.tensor,
    threshold_ptr: tl.tensor | None,
    maximum_ptr: tl.tensor,
    sum_ptr: tl.tensor,
    weighted_sum_ptr: tl.tensor,
    square_sum_ptr: tl.tensor | None,
    target_ptr: tl.tensor,
    stride: tl.tensor,
    W: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
    C: tl.constexpr,
) -> None:
    """Store statistics of one row of products in memory, C columns at a time."""
    row = tl.program_id(0).to(tl.int64)
    rows = row + tl.arange(0, 1)
    targets = tl.load(targets_ptr + rows)
    row_state = (targets.to(tl.int32), tl.load(threshold_ptr + rows) if threshold_ptr is not None else None)
    running = (tl.full([1], _NO_TOKEN, tl.float32), tl.zeros([1], tl.float32), tl.zeros([1], tl.float32))
    if square_sum_ptr is not None:
        running = (running[0], running[1], running[2], tl.zeros([1], tl.float32))
    row_ptr = products_ptr + row * stride
    for start in range(0, W, C):
        columns = start + tl.arange(0, C)
        is_column = columns < W
        products = _in_memory(row_ptr, columns[None, :], is_column[None, :])
        logits = _logits(products, bias_ptr, columns, W, inner, outer)
        running = _accumulate(tl.where(is_column[None, :], logits, _FLOOR), columns, row_state, running)
    is_inside = (targets >= 0) & (targets < W)
    column = tl.where(is_inside, targets, 0)
    product = _in_memory(row_ptr, column, column < W)
    tl.store(target_ptr + rows, _target_logit(product, bias_ptr, column, is_inside, inner, outer))
    tl.store(maximum_ptr + rows, running[0])
    tl.store(sum_ptr + rows, running[1])
    tl.store(weighted_sum_ptr + rows, running[2])
    if square_sum_ptr is not None:
        tl.store(square_sum_ptr + rows, running[3])


@triton.jit(do_not_specialize_on_alignment=_ROWS)
def gradients_of_products_kernel(
    products_ptr: tl.tensor,
    bias_ptr: tl.tensor | None,
    targets_ptr: tl.tensor,
    normalizer_ptr: tl.tensor,
    gradient_ptr: tl.tensor,
    target_gradient_ptr: tl.tensor,
    entropy_ptr: tl.tensor | None,
    entropy_gradient_ptr: tl.tensor | None,
    threshold_ptr: tl.tensor | None,
    out_ptr: tl.tensor,
    stride: tl.tensor,
    out_stride: tl.tensor,
    W: tl.tensor,
    inner: tl.tensor,
    outer: tl.tensor | None,
    C: tl.constexpr,
) -> None:
    """Store gradients of C products of one row; `out` may be the products themselves."""
    row = tl.program_id(0).to(tl.int64)
    rows = row + tl.arange(0, 1)
    row_state = (
        tl.load(targets_ptr + rows).to(tl.int32),
        tl.load(normalizer_ptr + rows),
        tl.load(gradient_ptr + rows),
        tl.load(target_gradient_ptr + rows),
        tl.load(entropy_ptr + rows) if entropy_ptr is not None else None,
        tl.load(entropy_gradient_ptr + rows) if entropy_gradient_ptr is not None else None,
        tl.load(threshold_ptr + rows) if threshold_ptr is not None else None,
    )
    columns = tl.program_id(1) * C + tl.arange(0, C)
    is_column = columns < W
    products = _in_memory(products_ptr + row * stride, columns[None, :], is_column[None, :])
    gradients = _product_gradients(products, bias_ptr, columns, W, row_state, inner, outer)
    out_ptrs = out_ptr + row * out_stride + columns[None, :]
    tl.store(out_ptrs, gradients.to(out_ptr.dtype.element_ty), mask=is_column[None, :])
