"""Log-probabilities whose backward pass computes the logits again, so that any loss can lie in between.

The forward pass keeps a few numbers per row and, within a budget of bytes, the products of the first rows. The backward
pass is given dL/dlogprob and dL/dentropy per row and goes over the vocabulary tile by tile: each tile of the weight's
gradient is finished before the next begins.
N tokens, D hidden size, V vocabulary (of this rank under tensor parallelism), K rows whose products are kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from agents.kernels.gradients import (
    Computation,
    Head,
    HeadGradients,
    Rows,
    add_gradients,
    blocks_with_gradient,
    row_state,
)
from agents.kernels.products import product, rows_to_keep
from agents.kernels.statistics import RowSums, concatenate, empty_statistics, target_logits
from agents.kernels.types import Statistics

__all__ = ["TwoPass", "statistics_of_rows", "support_threshold"]


class TwoPass(Function):
    """(hidden [N, D], weight [V, D], bias [V], targets [N], margin [N], how) → logprobs [N], entropy [N]."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden_ND: Tensor,
        weight_VD: Tensor,
        bias_V: Tensor | None,
        targets_N: Tensor,
        margin_N: Tensor | None,
        how: Computation,
    ) -> tuple[Tensor, Tensor]:
        if how.shard is not None:
            targets_N = targets_N - how.shard.first_index
        head = Head(weight_VD, bias_V, how)
        threshold_N = support_threshold(hidden_ND, targets_N, margin_N, head)
        products_KV = _kept_products(hidden_ND, head)
        statistics = statistics_of_rows(hidden_ND, targets_N, threshold_N, products_KV, head)
        if how.shard is not None:
            statistics = how.shard.statistics_of_all(statistics)
        sums = RowSums.of(statistics)
        ctx.save_for_backward(hidden_ND, weight_VD, bias_V, targets_N, products_KV, threshold_N, *sums)
        ctx.how = how
        return sums.logprob_N, sums.entropy_N

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - the decorator drops the name of ctx
        ctx: Any, gradient_N: Tensor, entropy_gradient_N: Tensor
    ) -> tuple[Tensor | None, ...]:
        hidden_ND, weight_VD, bias_V, targets_N, products_KV, threshold_N, *sums = ctx.saved_tensors
        how: Computation = ctx.how
        head = Head(weight_VD, bias_V, how)
        upstream = (gradient_N, entropy_gradient_N if how.entropy == "grad" else None)
        state = row_state(RowSums(*sums), upstream, threshold_N, hidden_ND, head)
        num_kept = 0 if products_KV is None else len(products_KV)
        rows = Rows(hidden_ND, targets_N, state)
        regions = [replace(rows.take(slice(num_kept)), products_NV=products_KV), rows.take(slice(num_kept, None))]
        blocks, kept_n = blocks_with_gradient(regions, head)
        total = HeadGradients.room(len(kept_n), head, ctx.needs_input_grad[:3])
        add_gradients(total, blocks, head, sets_weight=True)
        if how.shard is not None and total.hidden_ND is not None:
            how.shard.total(total.hidden_ND)
        return (*total.finished(hidden_ND, kept_n, bias_V), None, None, None)


def support_threshold(hidden_ND: Tensor, targets_N: Tensor, margin_N: Tensor | None, head: Head) -> Tensor | None:
    """The lowest logit of each row's support."""
    if margin_N is None:
        return None
    how = head.how
    target_N = target_logits(hidden_ND, head.weight_VD, head.bias_V, targets_N, how.logits)
    return margin_N + (target_N if how.shard is None else how.shard.maximum(target_N))


def _kept_products(hidden_ND: Tensor, head: Head) -> Tensor | None:
    """Products of as many of the first rows as fit into the bytes."""
    num_rows = rows_to_keep(len(hidden_ND), head.weight_VD, head.how.saved_logits_bytes)
    return product(hidden_ND[:num_rows], head.weight_VD.T) if num_rows else None


def statistics_of_rows(
    hidden_ND: Tensor, targets_N: Tensor, threshold_N: Tensor | None, products_KV: Tensor | None, head: Head
) -> Statistics:
    """Of the rows whose products are at hand, and of the others."""
    weight_VD, bias_V, how = head.weight_VD, head.bias_V, head.how
    if len(weight_VD) == 0:
        return empty_statistics(hidden_ND)
    parts: list[Statistics] = []
    has_entropy = how.entropy != "none"
    num_kept = 0 if products_KV is None else len(products_KV)
    if products_KV is not None:
        first_K = None if threshold_N is None else threshold_N[:num_kept]
        parts.append(
            how.tiles.statistics_of_logits(
                products_KV, bias_V, targets_N[:num_kept], how.logits, first_K, has_entropy=has_entropy
            )
        )
    if num_kept < len(hidden_ND) or not parts:
        rest_N = None if threshold_N is None else threshold_N[num_kept:]
        rest = slice(num_kept, None)
        parts.append(
            how.tiles.statistics(
                hidden_ND[rest], weight_VD, bias_V, targets_N[rest], how.logits, rest_N, has_entropy=has_entropy
            )
        )
    return concatenate(parts)
