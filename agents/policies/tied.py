"""One gradient for a weight that both embeds the tokens and is the head.

Autograd would form a gradient [V, D] for each of the two uses and add them up; in a small model with a large
vocabulary each is as large as all other weights together. Here a lookup returns the weight beside the embeddings, and
the head uses that output, so the lookup's backward pass gets the head's gradient and adds its rows to it.
N tokens, D hidden size, V vocabulary, U distinct tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding

__all__ = ["SharedWeight", "forward_replaced", "shared_weight"]


@dataclass
class SharedWeight:
    """The weight that the head must use, as the last lookup returned it; None where the head has its own.

    The head's gradient of it is changed in place, so nothing else may hold that gradient. The kernels keep none.
    """

    weight_VD: Tensor | None = None


@contextmanager
def forward_replaced(module: nn.Module, forward: Callable[[Tensor], Any]) -> Generator[None]:
    """Replace a module's forward pass inside the context; its hooks stay."""
    owner, before = cast(Any, module), vars(module).get("forward")
    owner.forward = forward
    try:
        yield
    finally:
        if before is None:
            del owner.forward
        else:
            owner.forward = before


@contextmanager
def shared_weight(lookup: nn.Module, head: nn.Linear) -> Generator[SharedWeight]:
    """Inside the context, let lookups of tokens return their weight for the head, if it is trained and the head's too.

    Lookups that do more than look up, those of a compiled model and weights that are not plain tensors stay as they
    are: there autograd adds up two gradients. The weight that is returned can be differentiated once.
    """
    shared = SharedWeight()
    if not _only_looks_up(lookup):
        yield shared
        return
    original = lookup.forward

    def forward(input: Tensor) -> Tensor:
        # Read inside the call, because FSDP gathers the weight in a hook.
        weight_VD = lookup.weight
        is_tied = head.weight is weight_VD and type(weight_VD) is nn.Parameter and weight_VD.requires_grad
        if not is_tied or not torch.is_grad_enabled() or torch.compiler.is_compiling():
            return original(input)
        latest_VD = weight_VD if shared.weight_VD is None else shared.weight_VD
        found, shared.weight_VD = cast(Any, _Lookup.apply(latest_VD, input, lookup.padding_idx))
        return found

    with forward_replaced(lookup, forward):
        yield shared


def _only_looks_up(lookup: nn.Module) -> TypeGuard[nn.Embedding]:
    is_plain = type(lookup) is nn.Embedding and "forward" not in vars(lookup)
    return is_plain and lookup.max_norm is None and not lookup.scale_grad_by_freq and not lookup.sparse


class _Lookup(Function):
    """(weight [V, D], token ids […], id without a gradient) → embeddings […, D], the weight for its next use."""

    @staticmethod
    def forward(ctx: Any, weight_VD: Tensor, token_ids: Tensor, padding_index: int | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(token_ids)
        ctx.shape, ctx.padding_index = weight_VD.shape, padding_index
        ctx.set_materialize_grads(False)
        return embedding(token_ids, weight_VD), weight_VD

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - the decorator drops the name of ctx
        ctx: Any, gradient: Tensor | None, weight_gradient_VD: Tensor | None
    ) -> tuple[Tensor | None, None, None]:
        if gradient is None:
            return weight_gradient_VD, None, None
        (token_ids,) = ctx.saved_tensors
        if weight_gradient_VD is None:
            weight_gradient_VD = gradient.new_zeros(ctx.shape)
        weight_gradient_VD = weight_gradient_VD.contiguous()  # a copy of one whose elements share their memory
        tokens_U, places = token_ids.unique(return_inverse=True)
        rows_UD = torch.ops.aten.embedding_dense_backward(
            gradient.to(torch.promote_types(gradient.dtype, torch.float32)), places, len(tokens_U), -1, False
        )
        if ctx.padding_index is not None:
            rows_UD[tokens_U == ctx.padding_index] = 0
        weight_gradient_VD[tokens_U] = (weight_gradient_VD[tokens_U] + rows_UD).to(weight_gradient_VD.dtype)
        return weight_gradient_VD, None, None
