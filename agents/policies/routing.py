"""The routers of a mixture of experts: what they choose, and how they are made to choose what was recorded.

The sampler's router and the learner's differ by rounding, and so may the experts that they choose; then the learner's
probabilities are those of another function. Replaying the recorded choice removes that: from the learner's own pass
before the update (arXiv 2507.18071, Sec. 5.3) or from the sampler's (arXiv 2510.11370).

Routers score experts in many ways (softmax or sigmoid, groups, a bias, a scale), but each chooses by one call of
`torch.topk`. Its indices are replaced, and its values gathered at them from the scores of all experts; the rest is
the router's own code. So weights are those of the architecture, and the router has its gradient.
B rows, T token positions, L routers, K experts chosen by each, E experts, N tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from agents.errors import PolicyError
from agents.policies.head import asking, probed_ids
from agents.policies.tied import forward_replaced

__all__ = ["Router", "Routers", "Routing", "agreement", "routed", "routers_of"]


@dataclass(frozen=True)
class Router:
    """One router, and how it chooses."""

    module: nn.Module
    call: int
    """Which of its calls of `torch.topk` chooses the experts, from 0."""
    num_experts: int
    num_chosen: int


@dataclass
class Routing:
    """What routers did inside `Routers.routed`, each a list of [N, K] in the order of calls."""

    own: list[Tensor] = field(default_factory=list[Tensor])
    """What they would have chosen."""
    chosen: list[Tensor] = field(default_factory=list[Tensor])


@dataclass(frozen=True)
class Routers:
    """The routers of a model, in the order in which a forward pass calls them."""

    layers: tuple[Router, ...]

    @contextmanager
    def routed(self, experts_BTLK: Tensor | None = None) -> Generator[Routing]:
        """Inside the context, note what routers choose, and let them choose these experts instead of their own.

        A backward pass that computes layers again (gradient checkpointing) belongs inside too.

        Args:
            experts_BTLK: for the very tokens of each forward pass; routers choose themselves where it is −1.

        Raises:
            ValueError: it does not fit these routers.
        """
        experts = [None] * len(self.layers) if experts_BTLK is None else self._by_layer(experts_BTLK)
        routing = Routing()
        with ExitStack() as stack:
            for router, experts_NK in zip(self.layers, experts, strict=True):
                forward = _routed_forward(router, router.module.forward, experts_NK, routing)
                stack.enter_context(forward_replaced(router.module, forward))
            yield routing

    def _by_layer(self, experts_BTLK: Tensor) -> list[Tensor]:
        num_layers, num_chosen = len(self.layers), self.layers[0].num_chosen
        if experts_BTLK.dim() != 4 or experts_BTLK.shape[2:] != (num_layers, num_chosen):
            raise ValueError(
                f"Expected recorded experts of shape [rows, tokens, {num_layers} routers, {num_chosen} experts], got "
                f"{tuple(experts_BTLK.shape)}: record them with this very model."
            )
        largest_L = experts_BTLK.amax((0, 1, 3)).tolist() if experts_BTLK.numel() else []
        is_absent = experts_BTLK < 0
        if (is_absent.any(-1) != is_absent.all(-1)).any() or any(
            largest >= router.num_experts for largest, router in zip(largest_L, self.layers, strict=False)
        ):
            raise ValueError(
                f"Expected recorded experts below {self.layers[0].num_experts}, or −1 for all of a token, got up to "
                f"{int(experts_BTLK.max())}: record them with this very model."
            )
        return list(experts_BTLK.long().flatten(0, 1).unbind(1))


def routers_of(model: Any, decoder: Any) -> Routers | None:
    """Return the routers of a model; None where it has none, or chooses experts in a way that cannot be followed.

    Four tokens are computed to see which calls of `torch.topk` choose.

    Raises:
        PolicyError: the model cannot compute them.
    """
    modules = _router_modules(decoder)
    if not modules:
        return None
    found: list[Router | None] = []
    token_ids = probed_ids(model)
    with asking(model), ExitStack() as stack:
        for module in modules:
            stack.enter_context(forward_replaced(module, _asked_forward(module, token_ids.numel(), found)))
        decoder(input_ids=token_ids, use_cache=False)
    layers = tuple(router for router in found if router is not None)
    is_followed = len({router.num_chosen for router in layers}) == 1 and len(layers) == len(found)
    return Routers(layers) if is_followed else None


def _router_modules(decoder: Any) -> list[nn.Module]:
    """Return the modules that `transformers` takes router logits from, where none is part of another."""
    recorders = (getattr(decoder, "_can_record_outputs", None) or {}).get("router_logits") or []
    listed = cast("list[Any]", recorders if isinstance(recorders, list) else [recorders])
    kinds = tuple(getattr(recorder, "target_class", recorder) for recorder in listed)
    modules = [module for module in decoder.modules() if isinstance(module, kinds)]
    return [module for module in modules if not any(isinstance(part, kinds) for part in _parts(module))]


def _parts(module: nn.Module) -> list[nn.Module]:
    return list(module.modules())[1:]


class _TopK(TorchFunctionMode):
    """Counts calls of top-k, and gives one of them other indices."""

    def __init__(self, change: Callable[[int, Tensor, Any], Any]) -> None:
        super().__init__()
        self.num_calls = 0
        self.change = change

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") != "topk":
            return result
        self.num_calls += 1
        return self.change(self.num_calls - 1, args[0] if args else kwargs["input"], result)


def _asked_forward(module: nn.Module, num_tokens: int, found: list[Router | None]) -> Callable[..., Any]:
    """Return a forward pass that notes how the module chooses among its scores; None if that is not seen."""
    original = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        calls: list[tuple[int, Tensor, Tensor]] = []

        def note(call: int, scores: Tensor, result: Any) -> Any:
            calls.append((call, scores, result[1]))
            return result

        with _TopK(note):
            output = original(*args, **kwargs)
        found.append(_router(module, num_tokens, output, *calls[-1]) if calls else None)
        return output

    return forward


def _router(
    module: nn.Module, num_tokens: int, output: Any, call: int, scores: Tensor, indices: Tensor
) -> Router | None:
    """Return the router whose last choice was this one, if it is one of experts: its scores or logits are handed on."""
    num_experts, num_chosen = scores.shape[-1], indices.shape[-1]
    widths = {part.shape[-1] for part in output if isinstance(part, Tensor) and part.dim()}
    if indices.numel() != num_tokens * num_chosen or num_experts not in widths:
        return None
    return Router(module, call, num_experts, num_chosen)


def _routed_forward(
    router: Router, original: Callable[..., Any], experts_NK: Tensor | None, routing: Routing
) -> Callable[..., Any]:
    def choose(call: int, scores: Tensor, result: Any) -> Any:
        if call != router.call:
            return result
        own = result[1]
        routing.own.append(own.detach().flatten(0, -2))
        if experts_NK is None:
            routing.chosen.append(routing.own[-1])
            return result
        if len(experts_NK) != own.numel() // own.shape[-1]:
            raise ValueError(
                f"Expected recorded experts of {own.numel() // own.shape[-1]} tokens, got those of {len(experts_NK)}."
            )
        indices = torch.where(experts_NK < 0, own.flatten(0, -2), experts_NK).view_as(own)
        routing.chosen.append(indices.flatten(0, -2))
        return torch.return_types.topk((scores.gather(-1, indices), indices))

    def forward(*args: Any, **kwargs: Any) -> Any:
        with _TopK(choose):
            return original(*args, **kwargs)

    return forward


@contextmanager
def routed(routers: Routers | None, experts_BTLK: Tensor | None) -> Generator[Routing | None]:
    """Do as `Routers.routed`; a model without routers notes nothing.

    Raises:
        PolicyError: there are recorded experts for a model without routers.
    """
    if routers is not None:
        with routers.routed(experts_BTLK) as routing:
            yield routing
        return
    if experts_BTLK is not None:
        raise PolicyError(
            "Recorded experts cannot be replayed: this model has no routers whose choice can be followed."
        )
    yield None


def agreement(routing: Routing, is_counted_BT: Tensor) -> float:
    """Return which share of the experts that routers were made to choose they would have chosen too."""
    is_counted_N = is_counted_BT.flatten()
    shares = [
        (chosen_NK[is_counted_N, :, None] == own_NK[is_counted_N, None]).any(-1).float().mean()
        for chosen_NK, own_NK in zip(routing.chosen, routing.own, strict=True)
    ]
    return torch.stack(shares).mean().item()
