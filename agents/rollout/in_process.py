"""What engines share that run the policy's module in the learner's process.

Such an engine may hold the very module that is being trained, so it must leave every flag as it was.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from agents.policies.head import decoder_of
from agents.policies.routing import Routers, routers_of
from agents.types import TokenIds
from reasonenv.counts import check_counts
from reasonenv.errors import UnknownNameError

__all__ = ["check_request", "copy_weights", "evaluation_mode", "left_padded", "recorded_routers"]


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
    """Copy tensors into the parameters and buffers of the same names, except those that share memory already."""
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
