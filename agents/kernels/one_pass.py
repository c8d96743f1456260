"""Gradients formed in the forward pass, chunk by chunk of rows, which saves computing the logits again.

That is possible where dL/dlogprob is known as soon as a chunk has its log-probabilities: where the head is frozen (then
the gradient of the hidden states is dL/dlogprob times a vector that does not depend on the loss), and for losses that
are sums over sequences. The products of a chunk exist only while it is worked on.
N tokens, n tokens of a chunk, D hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from agents.kernels import exponentials
from agents.kernels.gradients import HeadGradients, Rows, add_gradients, blocks_with_gradient, row_state
from agents.kernels.products import chunk_rows, product, slices
from agents.kernels.statistics import RowSums, put_at_targets_, support_threshold
from agents.kernels.types import Head, Method, SampledTokens, TokenLogprobs
from agents.types import LossOutput

ChunkLoss = Callable[[TokenLogprobs, tuple[Tensor, ...], slice], LossOutput]
"""Log-probabilities and entropies of some rows, the same rows of the inputs, and which rows these are → their share."""

Upstream = Callable[[RowSums], tuple[Tensor, Tensor | None]]
"""Sums of n rows → dL/dlogprob [n], dL/dentropy [n] or None."""


class FrozenHead(Function):
    """(hidden [N, D], weight [V, D], bias [V], tokens, method) → logprobs [N], entropy [N], other squares [N].

    dL/dh = dL/dlogprob · u with u = Σ_v (1[v = target] − p_v)·dz_v/dh, which the forward pass keeps. The entropy has
    no gradient.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, tokens: SampledTokens, method: Method
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        head = Head(weight_VD, bias_V, method)
        total = HeadGradients.empty(len(hidden_ND), head, (True, False, False))
        chunks = list(slices(len(hidden_ND), chunk_rows(weight_VD)))
        parts = [_forward_with_gradient(head, hidden_ND, tokens, rows, total, _ones) for rows in chunks]
        assert total.hidden_ND is not None
        ctx.save_for_backward(total.hidden_ND.to(hidden_ND.dtype))
        logprobs_N = torch.cat([part.logprob_N for part in parts])
        entropy_N = torch.cat([part.entropy_N for part in parts])
        squares = [part.other_squares_N for part in parts if part.other_squares_N is not None]
        if not squares:
            return logprobs_N, entropy_N, None
        squares_N = torch.cat(squares)
        ctx.mark_non_differentiable(squares_N)
        return logprobs_N, entropy_N, squares_N

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - the decorator drops the name of ctx
        ctx: Any, gradient_N: Tensor, _entropy_gradient_N: Tensor, _squares_gradient_N: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        (unit_ND,) = ctx.saved_tensors
        return (gradient_N[:, None] * unit_ND).to(unit_ND.dtype), None, None, None, None


def _ones(sums: RowSums) -> tuple[Tensor, None]:
    return torch.ones_like(sums.logprob_N), None


class OnePass(Function):
    """(hidden, weight, bias, tokens, method, chunks, loss of a chunk, metrics, *inputs) → loss.

    The loss of a chunk is differentiated with respect to log-probabilities, entropies and inputs at once. Metrics are
    added to the dictionary that is passed. `backward` scales the gradients in place, so it can be called once.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden_ND: Tensor,
        weight_VD: Tensor,
        bias_V: Tensor | None,
        tokens: SampledTokens,
        method: Method,
        chunks: Sequence[slice],
        loss_of_chunk: ChunkLoss,
        metrics: dict[str, Tensor],
        *inputs: Tensor,
    ) -> Tensor:
        head = Head(weight_VD, bias_V, method)
        total = HeadGradients.empty(len(hidden_ND), head, ctx.needs_input_grad[:3])
        is_needed = ctx.needs_input_grad[len(ctx.needs_input_grad) - len(inputs) :]
        none: list[Tensor | None] = [None] * len(inputs)
        differentiator = _Differentiator(loss_of_chunk, inputs, is_needed, method.entropy == "grad", metrics, none)
        for rows in chunks:
            upstream = partial(differentiator.gradients, rows)
            _forward_with_gradient(head, hidden_ND, tokens, rows, total, upstream)
        own = total.finished(hidden_ND, torch.arange(len(hidden_ND)), bias_V)
        ctx.gradients = [*own, None, None, None, None, None, *differentiator.input_gradients]
        return torch.stack(differentiator.losses).sum()

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - the decorator drops the name of ctx
        ctx: Any, gradient: Tensor
    ) -> tuple[Tensor | None, ...]:
        if ctx.gradients is None:
            raise RuntimeError(
                "The gradients of fused_policy_loss were formed in its forward pass and have been handed out. "
                "Call it again, or apply the loss to token_logprobs, to differentiate twice."
            )
        gradients, ctx.gradients = ctx.gradients, None
        if gradient.device.type == "cpu" and gradient == 1:  # multiplying by it would take a pass over the weight
            return tuple(gradients)
        return tuple(None if part is None else part.mul_(gradient) for part in gradients)


def _forward_with_gradient(
    head: Head, hidden_ND: Tensor, tokens: SampledTokens, rows: slice, total: HeadGradients, upstream: Upstream
) -> RowSums:
    """Return the sums of some rows, and add their gradients to `total`.

    Products are kept in between unless the rows are too many, as those of a long sequence may be.
    """
    hidden_nD, targets_n = hidden_ND[rows], tokens.ids_N[rows]
    support_n = None if tokens.support_N is None else tokens.support_N[rows]
    fits, method = len(hidden_nD) <= chunk_rows(head.weight_VD), head.method
    found = None
    if fits and support_n is None and method.entropy == "none" and method.kernels.works_in_passes:
        found = _rows_of_exponentials(hidden_nD, targets_n, head, upstream)
    if found is None:
        products_nV = product(hidden_nD, head.weight_VD.T) if fits else None
        found = _rows_of_products(hidden_nD, SampledTokens(targets_n, support_n), products_nV, head, upstream)
    sums, with_state = found
    blocks, kept_n = blocks_with_gradient(with_state, head)
    is_first = rows.start == 0
    if total.hidden_ND is None or len(kept_n) == len(hidden_nD):
        own = None if total.hidden_ND is None else total.hidden_ND[rows]
        add_gradients(total._replace(hidden_ND=own), blocks, head, sets_weight=is_first)
    else:
        compact_nD = total.hidden_ND.new_zeros(len(kept_n), hidden_ND.shape[1])
        add_gradients(total._replace(hidden_ND=compact_nD), blocks, head, sets_weight=is_first)
        total.hidden_ND[rows].index_copy_(0, kept_n, compact_nD)
    return sums


def _rows_of_exponentials(
    hidden_nD: Tensor, targets_n: Tensor, head: Head, upstream: Upstream
) -> tuple[RowSums, Rows] | None:
    """Return rows whose gradients are exponentials up to a factor; None where that is not possible."""
    if not exponentials.suffice(hidden_nD, head):
        return None
    found = exponentials.statistics_and_exponentials(hidden_nD, head, targets_n)
    if found is None:
        return None
    statistics, out_nV = found
    sums = RowSums.of(statistics)
    gradient_n, _ = upstream(sums)
    state = sums.factored_state(gradient_n, head.method.options, has_shift=False)
    put_at_targets_(out_nV, targets_n, state.target_gradient_N)
    return sums, Rows(hidden_nD, targets_n, state, out_nV, is_done=True)


def _rows_of_products(
    hidden_nD: Tensor, tokens: SampledTokens, products_nV: Tensor | None, head: Head, upstream: Upstream
) -> tuple[RowSums, Rows]:
    threshold_n, kernels = support_threshold(hidden_nD, head, tokens), head.method.kernels
    if products_nV is None:
        statistics = kernels.statistics(hidden_nD, head, tokens.ids_N, threshold_n)
    else:
        statistics = kernels.statistics_of_logits(products_nV, head, tokens.ids_N, threshold_n)
    sums = RowSums.of(statistics)
    state = row_state(sums, upstream(sums), threshold_n, hidden_nD, head)
    return sums, Rows(hidden_nD, tokens.ids_N, state, products_nV)


@dataclass(frozen=True)
class _Differentiator:
    """Collects the losses and metrics of chunks, and the gradients of the losses with respect to the inputs."""

    loss_of_chunk: ChunkLoss
    inputs: Sequence[Tensor]
    is_needed: Sequence[bool]
    has_entropy: bool
    metrics: dict[str, Tensor]
    input_gradients: list[Tensor | None]
    """None also for an input that no chunk's loss has depended on."""
    losses: list[Tensor] = field(default_factory=list[Tensor])

    @torch.enable_grad()
    def gradients(self, rows: slice, sums: RowSums) -> tuple[Tensor, Tensor | None]:
        """Return dL/dlogprob and, if the entropy has a gradient, dL/dentropy; keep those of the inputs."""
        logprobs_n = sums.logprob_N.detach().requires_grad_()
        entropy_n = sums.entropy_N.detach().requires_grad_(self.has_entropy)
        inputs = [
            tensor[rows].detach().requires_grad_(is_needed)
            for tensor, is_needed in zip(self.inputs, self.is_needed, strict=True)
        ]
        result = self.loss_of_chunk(TokenLogprobs(logprobs_n, entropy_n, sums.other_squares_N), tuple(inputs), rows)
        leaves = [tensor for tensor in (logprobs_n, entropy_n, *inputs) if tensor.requires_grad]
        _check_depends_only_on(result.loss, leaves)
        self.losses.append(result.loss.detach())
        for name, value in result.metrics.items():
            self.metrics[name] = self.metrics[name] + value if name in self.metrics else value
        if not result.loss.requires_grad:
            return torch.zeros_like(logprobs_n), None
        gradients = cast("Sequence[Tensor | None]", torch.autograd.grad(result.loss, leaves, allow_unused=True))
        found = dict(zip(map(id, leaves), gradients, strict=True))
        for index, tensor in enumerate(inputs):
            if (gradient := found.get(id(tensor))) is not None:
                self._keep(index, rows, gradient)
        gradient_n, entropy_gradient_n = found[id(logprobs_n)], found.get(id(entropy_n))
        return torch.zeros_like(logprobs_n) if gradient_n is None else gradient_n, entropy_gradient_n

    def _keep(self, index: int, rows: slice, gradient_n: Tensor) -> None:
        total = self.input_gradients[index]
        if total is None:
            total = self.input_gradients[index] = torch.zeros_like(self.inputs[index])
        total[rows] = gradient_n


def _check_depends_only_on(loss: Tensor, leaves: Sequence[Tensor]) -> None:
    """Raise ValueError for a loss whose graph reaches a tensor that would silently get no gradient."""
    known = {id(leaf) for leaf in leaves}
    pending = [loss.grad_fn]
    while pending:
        node = pending.pop()
        if node is None:
            continue
        if node.name() == "torch::autograd::AccumulateGrad" and id(cast(Any, node).variable) not in known:
            raise ValueError(
                "loss_fn depends on a tensor that requires a gradient and is not among its arguments: pass it to "
                "fused_policy_loss as one of `inputs`, detach it, or apply the loss to token_logprobs."
            )
        pending += [parent for parent, _ in node.next_functions]
