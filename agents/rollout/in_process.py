"""What engines share that run the policy's module in the learner's process.

Such an engine may hold the very module that is being trained, so it must leave every flag as it was.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from agents.errors import ConfigError, TrainingError
from agents.policies.head import decoder_of
from agents.policies.routing import Routers, routers_of
from agents.rollout.engine import Completion, LiveWeights, RolloutEngine, SamplingParams
from agents.types import TokenIds
from reasonenv.counts import check_counts
from reasonenv.errors import ReasonEnvError, UnknownNameError

__all__ = [
    "check_request",
    "completion_of",
    "compute_dtype",
    "copy_weights",
    "evaluation_mode",
    "left_padded",
    "recorded_routers",
    "require_served",
]

_TRIED = SamplingParams(max_new_tokens=4, temperature=0.0)
_TRIED_LENGTHS = (2, 5)
_TOLERANCE, _ROUNDINGS = 0.02, 128
"""Largest difference of a log-probability from the model's own: in nats, or in units of the rounding of its numbers."""


def check_request(prompts: Sequence[TokenIds], num_samples: int) -> None:
    """Raise `ValueError` for an empty prompt or a number of samples below 1."""
    check_counts(num_samples=num_samples)
    for index, prompt in enumerate(prompts):
        if not prompt:
            raise ValueError(f"prompts[{index}] is empty; generation needs at least one token, such as a start token.")


def left_padded(prompts: Sequence[TokenIds], pad_token_id: int, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Return token ids and attention mask, both int64 [prompts, longest]."""
    longest = max(map(len, prompts))
    rows = [[pad_token_id] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(rows, device=device), torch.tensor(mask, device=device)


@contextmanager
def evaluation_mode(model: nn.Module) -> Generator[None, None, None]:
    """Switch to inference mode and `eval()`; afterwards each submodule gets its own previous mode back."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module in training:
            module.training = True


def copy_weights(model: nn.Module, named_tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Copy tensors into the parameters and buffers of the same names, unless they are those of this very module."""
    if isinstance(named_tensors, LiveWeights) and named_tensors.module is model:
        return
    own = dict(model.named_parameters(remove_duplicate=False)) | dict(model.named_buffers(remove_duplicate=False))
    with torch.no_grad():
        for name, tensor in named_tensors:
            if name not in own:
                raise UnknownNameError(f"weight of {type(model).__name__}", name, own)
            if own[name].data_ptr() != tensor.data_ptr():
                own[name].copy_(tensor)


def recorded_routers(model: PreTrainedModel) -> Routers:
    """Return the routers whose choice is to be recorded.

    Raises:
        ValueError: there are none, or they cannot be followed.
    """
    routers = routers_of(model, decoder_of(model))
    if routers is None:
        raise ValueError(
            f"records_routing needs a mixture of experts whose routers choose by one top-k; {type(model).__name__} is "
            "none: leave it out."
        )
    return routers


def compute_dtype(model: Any) -> torch.dtype:
    """Return what a model computes in: its own dtype, or that of autocast where it is on."""
    kind = model.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else model.dtype


def completion_of(
    token_ids: Sequence[int], logprobs: Sequence[float], *, is_stopped: bool, weights_version: int
) -> Completion:
    """Return a completion, after a look at its log-probabilities.

    Raises:
        TrainingError: one is NaN or infinite.
    """
    if not all(map(math.isfinite, logprobs)):
        raise TrainingError("The policy's logits are NaN or infinite. Look at its weights; a step may have diverged.")
    return Completion(
        token_ids=tuple(token_ids),
        logprobs=tuple(logprobs),
        finish_reason="stop" if is_stopped else "length",
        weights_version=weights_version,
    )


def require_served(engine: RolloutEngine, model: Any, *, instead: str) -> None:
    """Sample a few tokens, and compare their log-probabilities with those of the model's own forward pass.

    Some models cannot decode with the engine's cache, and of some the cached decoding gives other numbers.

    Args:
        engine: of the model.
        model: a causal language model of transformers.
        instead: what to do where the engine cannot serve it.

    Raises:
        ConfigError: the engine cannot serve the model.
        TrainingError: the logits are NaN.
    """
    name = f"{type(engine).__name__} cannot serve {type(model).__name__}"
    num_tokens: int = model.get_input_embeddings().num_embeddings
    prompts = [tuple((1 + place) % num_tokens for place in range(length)) for length in _TRIED_LENGTHS]
    try:
        groups = engine.generate(prompts, _TRIED)
        pairs = zip(prompts, groups, strict=True)
        worst = max(_difference(model, prompt, completion) for prompt, (completion,) in pairs)
    except ReasonEnvError:
        raise
    except Exception as error:
        raise ConfigError(f"{name}: sampling from it raised {type(error).__name__}: {error}. {instead}") from error
    if worst > max(_TOLERANCE, _ROUNDINGS * torch.finfo(compute_dtype(model)).eps):
        raise ConfigError(
            f"{name}: with its cache it gives log-probabilities up to {worst:.2g} nats from those of its forward pass, "
            f"so what is sampled would not be what is trained. {instead}"
        )


def _difference(model: Any, prompt: TokenIds, completion: Completion) -> float:
    """Return how far the log-probabilities of a completion are from those of a forward pass over it alone."""
    token_ids_1T = torch.tensor([[*prompt, *completion.token_ids]], device=model.device)
    with evaluation_mode(model):
        logits_TV = model(input_ids=token_ids_1T, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
    own_T = logits_TV.log_softmax(-1).gather(1, token_ids_1T[0, len(prompt) :, None])[:, 0]
    return (own_T.cpu() - torch.tensor(completion.logprobs)).abs().max().item()
