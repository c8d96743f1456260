"""The load-balancing loss of a mixture of experts, as the model itself computes it.

Architectures name its coefficient and their numbers of experts in many ways, and some declare a coefficient that they
never use. So the model's own forward pass is asked, with its head left out.

The loss is a product of means over tokens, so those of parts do not add up to that of the whole. Where a batch is cut
into microbatches, the router logits R of all are gathered first, without gradient; the gradient G of the model's loss
with respect to them is that of the whole batch, and Σ G·R of each microbatch has the gradient of its share.
B rows, T token positions, D hidden size, N real tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import MoeModelOutputWithPast

from agents.errors import PolicyError
from agents.policies.head import asking, probed_ids
from agents.policies.tied import forward_replaced

__all__ = ["BalancingShare", "balanced_hidden", "balancing_coef_of", "balancing_shares", "hidden_and_router_logits"]

_CERTAIN = 1e4
"""A logit beside which all others have probability 0, so that the cross-entropy is 0."""


def balancing_coef_of(model: Any, decoder: Any, head: nn.Module) -> float | None:
    """Return the weight that the model gives its load-balancing loss when it is trained; None where it has none.

    Raises:
        PolicyError: the model cannot compute the loss that it has.
    """
    with asking(model):
        token_ids = probed_ids(model)
        routed = decoder(input_ids=token_ids, use_cache=False, output_router_logits=True)
        if not routed.get("router_logits"):
            return None
        labels = token_ids[:, :1].expand_as(token_ids)

        def certain(hidden_BTD: Tensor) -> Tensor:
            num_tokens = model.get_input_embeddings().num_embeddings
            logits_BTV = torch.zeros(*hidden_BTD.shape[:-1], num_tokens, device=hidden_BTD.device)
            return logits_BTV.index_fill(-1, labels[0, :1], _CERTAIN)

        with forward_replaced(head, certain):
            outputs = model(input_ids=token_ids, labels=labels, use_cache=False, output_router_logits=True)
        auxiliary_loss = outputs.get("aux_loss")
        if not isinstance(auxiliary_loss, Tensor):
            return None
        return float(f"{(outputs.loss / auxiliary_loss).item():.6g}")


def balanced_hidden(
    model: Any, decoder: nn.Module, head: nn.Module, token_ids_BT: Tensor, attention_mask_BT: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the decoder's states [B, T, D], and the load-balancing loss over all real tokens, without its weight."""
    states: list[Tensor] = []

    def keep(_: nn.Module, __: Any, output: Any) -> None:
        states.append(output.last_hidden_state)

    hook = decoder.register_forward_hook(keep)
    try:
        with forward_replaced(head, lambda hidden_BTD: hidden_BTD.new_zeros(*hidden_BTD.shape[:-1], 1)):
            outputs = model(
                input_ids=token_ids_BT, attention_mask=attention_mask_BT, use_cache=False, output_router_logits=True
            )
    finally:
        hook.remove()
    return states[0], outputs.aux_loss


class BalancingShare(NamedTuple):
    """What a microbatch adds to the load-balancing loss of the batch that it is part of."""

    value: Tensor
    """The loss of the whole batch, divided by the number of microbatches."""
    router_logits: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]
    """Of the whole batch's loss, with respect to the router logits."""

    def of(self, router_logits: Sequence[Tensor]) -> Tensor:
        """Return a scalar with the share's value and gradient, from the same logits with their graph."""
        changes = [
            (gradient * (logits - before)).sum()
            for gradient, logits, before in zip(self.gradients, router_logits, self.router_logits, strict=True)
        ]
        return self.value + torch.stack([change.float() for change in changes]).sum()


def hidden_and_router_logits(
    decoder: nn.Module, token_ids_BT: Tensor, attention_mask_BT: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the decoder's states [B, T, D], and the router logits of the real tokens, [N, E] of each layer."""
    output = decoder(input_ids=token_ids_BT, use_cache=False, output_router_logits=True)
    real_N = attention_mask_BT.flatten().nonzero().squeeze(-1)
    logits = tuple(_by_token(layer, token_ids_BT.shape).index_select(0, real_N) for layer in output.router_logits)
    return output.last_hidden_state, logits


def balancing_shares(
    model: Any, decoder: nn.Module, head: nn.Module, router_logits: Sequence[tuple[Tensor, ...]]
) -> list[BalancingShare]:
    """Return what each microbatch adds to the model's load-balancing loss over all of them.

    Args:
        router_logits: of the real tokens of each microbatch, without graph.
    """
    layers = [torch.cat(parts).detach().requires_grad_() for parts in zip(*router_logits, strict=True)]
    with torch.enable_grad():
        loss = _loss_of_logits(model, decoder, head, tuple(layers))
    gradients = torch.autograd.grad(loss, layers, allow_unused=True, materialize_grads=True)
    sizes = [len(parts[0]) for parts in router_logits]
    shares = zip(*(gradient.split(sizes) for gradient in gradients), strict=True)
    value = loss.detach() / len(sizes)
    return [BalancingShare(value, parts, share) for parts, share in zip(router_logits, shares, strict=True)]


def _loss_of_logits(model: Any, decoder: nn.Module, head: nn.Module, router_logits: tuple[Tensor, ...]) -> Tensor:
    """Return what the model makes of router logits: its decoder is left out, and its head."""
    num_tokens, device = len(router_logits[0]), router_logits[0].device
    token_ids_1N = torch.zeros(1, num_tokens, dtype=torch.int64, device=device)
    states_1ND = torch.zeros(1, num_tokens, 1, device=device)

    def routed(*_: Any, **__: Any) -> MoeModelOutputWithPast:
        return MoeModelOutputWithPast(last_hidden_state=states_1ND, router_logits=router_logits)  # pyright: ignore[reportArgumentType]

    with forward_replaced(decoder, routed), forward_replaced(head, lambda states: states):
        return model(
            input_ids=token_ids_1N,
            attention_mask=torch.ones_like(token_ids_1N),
            use_cache=False,
            output_router_logits=True,
        ).aux_loss


def _by_token(logits: Tensor, shape: torch.Size) -> Tensor:
    """Return router logits as [N, E], with all tokens of a batch, padding included.

    Raises:
        PolicyError: they are not laid out by token.
    """
    by_token = logits.flatten(0, 1) if logits.shape[:2] == shape else logits
    if by_token.dim() != 2 or len(by_token) != shape.numel():
        raise PolicyError(
            f"Router logits of shape {tuple(logits.shape)} for {tuple(shape)} tokens mix tokens of the batch: their "
            "load-balancing loss cannot be cut into microbatches. Set max_tokens_per_microbatch to None."
        )
    return by_token
