"""The load-balancing loss of a mixture of experts, as the model itself computes it.

Architectures name its coefficient and their numbers of experts in many ways, and some declare a coefficient that they
never use. So the model's own forward pass is asked, with its head left out. B rows, T token positions, D hidden size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from agents.policies.head import asking, probed_ids
from agents.policies.tied import forward_replaced

__all__ = ["balanced_hidden", "balancing_coef_of"]

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
