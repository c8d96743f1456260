"""How an architecture turns hidden states into logits, found by asking the model rather than by reading its config.

Configs name a scale or a cap in a dozen ways, and some models ignore what theirs says. So known numbers are put in
place of the decoder's states and of the head's products, and what comes out tells what the model does to both.
T token positions, D hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from agents.errors import PolicyError
from agents.policies.precision import compute_dtype
from agents.policies.tied import forward_replaced

__all__ = ["LanguageModelHead", "asking", "decoder_of", "head_of", "probed_ids"]

_NUM_PROBED_TOKENS = 4
_PROBED_STATE = 2.0
_SMALL, _LARGE = 2.0**-40, 2.0**20
_TOLERANCE, _ROUNDINGS = 1e-4, 16
"""Largest difference of logits from the model's own, as a share of the largest logit, and in half precision in units of
its rounding."""


@dataclass(frozen=True)
class LanguageModelHead:
    """How an architecture turns hidden states into logits: z = softcap(scale · (a · h Wᵀ + b)), a = `state_scale`."""

    module: nn.Linear
    softcap: float | None
    logit_scale: float
    state_scale: float = 1.0
    """What the states are multiplied by before the head."""

    def scaled(self, states: Tensor) -> Tensor:
        """Return hidden states as the head gets them."""
        return states if self.state_scale == 1 else states * self.state_scale


def decoder_of(model: Any) -> nn.Module:
    """Return the part of a model that makes the hidden states.

    Raises:
        PolicyError: there is none.
    """
    for decoder in (model.get_decoder(), model.base_model, vars(model).get("_modules", {}).get("model")):
        if isinstance(decoder, nn.Module) and decoder is not model and not isinstance(decoder, nn.Linear):
            return decoder
    raise PolicyError(f"{type(model).__name__} has no decoder of its own. Load it with AutoModelForCausalLM.")


def head_of(model: Any, decoder: nn.Module) -> LanguageModelHead:
    """Return the language-model head of an architecture, with what it does to the logits; four tokens are computed.

    Raises:
        PolicyError: the output embedding is not a linear layer, or its logits are not those of the model.
    """
    module = model.get_output_embeddings()
    if not isinstance(module, nn.Linear):
        raise PolicyError(
            f"Expected the output embedding of {type(model).__name__} to be a linear layer, "
            f"got {type(module).__module__}.{type(module).__name__}. Load the model with AutoModelForCausalLM, and "
            "leave lm_head out of the modules that an adapter changes."
        )
    with asking(model):
        head = _measured_head(model, decoder, module)
        _check(model, decoder, head)
    return head


@contextmanager
def asking(model: Any) -> Generator[None]:
    """Evaluate without gradients, and give each module its own mode back; what the model raises names its class."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    except PolicyError:
        raise
    except Exception as error:
        raise PolicyError(
            f"{type(model).__name__} cannot be trained: computing {_NUM_PROBED_TOKENS} tokens raised "
            f"{type(error).__name__}: {error}"
        ) from error
    finally:
        for module in training:
            module.training = True


def _measured_head(model: Any, decoder: nn.Module, module: nn.Linear) -> LanguageModelHead:
    """Put known states behind the decoder and known products behind the head, and read what became of them."""
    token_ids = probed_ids(model)
    products_T = torch.tensor([_SMALL, _LARGE, 1.0, -3.0], dtype=torch.float64, device=token_ids.device)
    products_TV = products_T[:, None].expand(-1, module.out_features)
    states: list[Tensor] = []

    def head(states_BTD: Tensor) -> Tensor:
        states.append(states_BTD)
        return products_TV[None]

    def plant(_: nn.Module, __: Any, output: Any) -> Any:
        output.last_hidden_state = torch.full_like(output.last_hidden_state, _PROBED_STATE, dtype=torch.float64)
        return output

    hook = decoder.register_forward_hook(plant)
    try:
        with forward_replaced(module, head):
            logits_TV = model(input_ids=token_ids, use_cache=False).logits[0].double()
    except RuntimeError as error:
        if states:
            raise
        raise PolicyError(
            f"{type(model).__name__} has layers between its decoder and its head, and only a linear head can be "
            "trained: its logits are not formed at once. Train another architecture."
        ) from error
    finally:
        hook.remove()
    if logits_TV.shape != products_TV.shape or len(states) != 1:
        raise PolicyError(
            f"{type(model).__name__} gives {logits_TV.shape[-1]} logits for the {module.out_features} of its head: "
            "log-probabilities of the others are not defined."
        )
    small, large = logits_TV[0, 0].item(), logits_TV[1, 0].item()
    logit_scale = small / _SMALL
    return LanguageModelHead(
        module=module,
        softcap=large if abs(large) < abs(logit_scale) * _LARGE / 2 else None,
        logit_scale=logit_scale,
        state_scale=states[0].flatten()[0].item() / _PROBED_STATE,
    )


def _check(model: Any, decoder: nn.Module, head: LanguageModelHead) -> None:
    token_ids = probed_ids(model)
    expected = model(input_ids=token_ids, use_cache=False).logits.float()
    states = cast(Any, decoder)(input_ids=token_ids, use_cache=False).last_hidden_state
    found = head.module(head.scaled(states)).float() * head.logit_scale
    if head.softcap is not None:
        found = head.softcap * torch.tanh(found / head.softcap)
    share = ((found - expected).abs().max() / expected.abs().max()).item()
    if not share <= max(_TOLERANCE, _ROUNDINGS * torch.finfo(compute_dtype(model)).eps):
        raise PolicyError(
            f"The logits of {type(model).__name__} are not those of a linear head with a scale and a softcap: they "
            f"differ by {share:.1e} of the largest. Its policy gradient would be wrong, so it cannot be trained."
        )


def probed_ids(model: Any) -> Tensor:
    """Return four token ids [1, 4] that the model has, on its device."""
    embeddings = model.get_input_embeddings()
    return (1 + torch.arange(_NUM_PROBED_TOKENS, device=embeddings.weight.device))[None] % embeddings.num_embeddings
