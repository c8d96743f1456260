"""How evenly routers use their experts, and balancing by a bias instead of a loss.

The bias of arXiv 2408.15664 is added to the scores by which experts are chosen, not to their weights. After each
optimizer step it goes up by a constant for experts with less than the mean load of their layer and down for the others.
N tokens, K chosen experts of E.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from agents.errors import ConfigError
from agents.policies.routing import Router, Routers, Routing

__all__ = ["RouterLoad", "move_biases", "router_biases"]

_BIASES = ("e_score_correction_bias", "expert_bias")


class RouterLoad:
    """How many tokens each expert got, layer by layer."""

    def __init__(self, routers: Routers) -> None:
        self.tokens: list[Tensor] = [
            torch.zeros(router.num_experts, device=next(router.module.parameters()).device) for router in routers.layers
        ]
        """Float32 [E] of each layer; an expert counts once for each token that chose it."""

    @torch.no_grad()
    def add(self, routing: Routing, attention_mask_BT: Tensor) -> None:
        """Count the real tokens of a forward pass; what a backward pass computed again is left out."""
        is_real_N = attention_mask_BT.flatten().bool()
        for tokens_E, chosen_NK in zip(self.tokens, routing.chosen, strict=False):
            tokens_E += torch.bincount(chosen_NK[is_real_N].flatten(), minlength=len(tokens_E))

    def metrics(self) -> dict[str, float]:
        """Return `router/…` of `docs/metrics.md`; nothing where no token was counted."""
        shares = [tokens_E / tokens_E.sum() for tokens_E in self.tokens]
        if not all(share_E.isfinite().all() for share_E in shares):
            return {}
        return {
            "router/largest_load": max((share_E.max() * len(share_E)).item() for share_E in shares),
            "router/load_entropy": _mean([_relative_entropy(share_E) for share_E in shares]),
            "router/idle_share": _mean([(share_E == 0).float().mean() for share_E in shares]),
        }


def router_biases(decoder: nn.Module, routers: Routers | None) -> list[Tensor]:
    """Return the biases by which the routers' choice is balanced, one of each layer.

    Raises:
        ConfigError: there are none, or not one for each router.
    """
    names = {id(module): name for name, module in decoder.named_modules()}
    tensors: dict[str, Tensor] = dict(decoder.named_buffers()) | dict(decoder.named_parameters())
    biases = {name.rpartition(".")[0]: tensor for name, tensor in tensors.items() if name.rpartition(".")[2] in _BIASES}
    found = [_bias_of(router, names[id(router.module)], biases) for router in routers.layers] if routers else []
    if not found or any(bias is None for bias in found):
        raise ConfigError(
            "update.router_bias_rate balances experts by a bias of their routers, and this model has none: set it to "
            "0. Models of the DeepSeek-V3, GLM-4.5 and LFM2 kinds have one."
        )
    return [bias for bias in found if bias is not None]


def _bias_of(router: Router, name: str, biases: dict[str, Tensor]) -> Tensor | None:
    """Return the bias inside a router, or of the block around it."""
    owners = [owner for owner in biases if owner == name or owner.startswith(f"{name}.")]
    owners += [owner for owner in biases if owner == name.rpartition(".")[0]]
    matching = [biases[owner] for owner in owners if biases[owner].numel() == router.num_experts]
    return matching[0] if matching else None


@torch.no_grad()
def move_biases(biases: Sequence[Tensor], load: RouterLoad, rate: float) -> None:
    """Add `rate` · sign(mean load − load) to each expert's bias."""
    for bias, tokens_E in zip(biases, load.tokens, strict=True):
        bias += (rate * torch.sign(tokens_E.mean() - tokens_E)).view_as(bias).to(bias.dtype)


def _relative_entropy(share_E: Tensor) -> Tensor:
    return torch.special.entr(share_E).sum() / torch.log(torch.tensor(float(len(share_E))))


def _mean(values: Sequence[Any]) -> float:
    return torch.stack(list(values)).mean().item()
