"""Log-probabilities whose backward pass computes the logits again, so that any loss can follow.

The forward pass keeps a few numbers per row. The backward pass gets dL/dlogprob and dL/dentropy of each row and goes
over the vocabulary tile by tile: a tile of the weight's gradient is finished before the next begins.
N tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from agents.kernels.gradients import HeadGradients, Rows, add_gradients, blocks_with_gradient, row_state
from agents.kernels.statistics import RowSums, support_threshold
from agents.kernels.types import Head, Method, SampledTokens


class TwoPass(Function):
    """(hidden [N, D], weight [V, D], bias [V], tokens, method) → logprobs [N], entropy [N], other squares [N]."""

    @staticmethod
    def forward(
        ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, tokens: SampledTokens, method: Method
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        head = Head(weight_VD, bias_V, method)
        threshold_N = support_threshold(hidden_ND, head, tokens)
        sums = RowSums.of(method.kernels.statistics(hidden_ND, head, tokens.ids_N, threshold_N))
        ctx.save_for_backward(hidden_ND, weight_VD, bias_V, tokens.ids_N, threshold_N, *sums)
        ctx.method = method
        if sums.other_squares_N is not None:
            ctx.mark_non_differentiable(sums.other_squares_N)
        return sums.logprob_N, sums.entropy_N, sums.other_squares_N

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - the decorator drops the name of ctx
        ctx: Any, gradient_N: Tensor, entropy_gradient_N: Tensor, _squares_gradient_N: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        hidden_ND, weight_VD, bias_V, targets_N, threshold_N, *sums = ctx.saved_tensors
        method: Method = ctx.method
        head = Head(weight_VD, bias_V, method)
        upstream = (gradient_N, entropy_gradient_N if method.entropy == "grad" else None)
        state = row_state(RowSums(*sums), upstream, threshold_N, hidden_ND, head)
        blocks, kept_n = blocks_with_gradient(Rows(hidden_ND, targets_N, state), head)
        total = HeadGradients.empty(len(kept_n), head, ctx.needs_input_grad[:3])
        add_gradients(total, blocks, head, sets_weight=True)
        return (*total.finished(hidden_ND, kept_n, bias_V), None, None)
