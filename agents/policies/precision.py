"""In which precision a policy computes and its weights are kept.

Weights that are trained stay in fp32, with the optimizer's moments: at a learning rate of 1e-6 most updates are smaller
than half a step between neighbouring bf16 numbers, and would be lost. `torch.autocast` computes products in half the
width, of copies that it makes. Weights that are not trained are kept as those copies: the results are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from agents.errors import ConfigError, PolicyError
from agents.policies.tied import forward_replaced

__all__ = [
    "FULL_PRECISION",
    "DtypeName",
    "Precision",
    "checkpointed",
    "checkpointed_layers",
    "compute_dtype",
    "require_full_precision",
]

DtypeName: TypeAlias = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class Precision:
    """What products are computed in. `Precision(dtype="bfloat16", has_fp32_head=True)`.

    float16 is finer than bfloat16 and overflows earlier: its loss is scaled (arXiv 1710.03740), and sampler and learner
    differ less (arXiv 2510.26788).
    """

    dtype: DtypeName = "float32"
    has_fp32_head: bool = False
    """Compute the logits in fp32 all the same."""

    @property
    def compute_dtype(self) -> torch.dtype:
        """The same as a dtype of torch."""
        return getattr(torch, self.dtype)

    @contextmanager
    def applied(self, model: Any) -> Generator[None]:
        """Compute as this says in the context: the layers of a model, its routers in fp32.

        A router's choice jumps where two experts are nearly alike, so it is not left to the rounding of half the width.
        """
        if self.dtype == "float32":
            yield
            return
        with torch.autocast(model.device.type, dtype=self.compute_dtype), self.full_routers(model, model.device):
            yield

    @contextmanager
    def full_routers(self, model: nn.Module, device: torch.device) -> Generator[None]:
        """Inside the context, routers compute in fp32. They are told by their class, in models of the hub too."""
        with ExitStack() as stack:
            for module in model.modules() if self.dtype != "float32" else ():
                if type(module).__name__.endswith(("Router", "Gate", "Gating")):
                    stack.enter_context(forward_replaced(module, _in_full(module.forward, device)))
            yield

    @contextmanager
    def sampling(self, model: Any) -> Generator[None]:
        """The same for an engine that runs the whole model in this process, its head included."""
        head = model.get_output_embeddings()
        in_full = forward_replaced(head, _in_full(head.forward, model.device))
        with self.applied(model), in_full if self.has_fp32_head else nullcontext():
            yield

    def head(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context of the head alone."""
        if self.dtype == "float32" or self.has_fp32_head:
            return nullcontext()
        return torch.autocast(device.type, dtype=self.compute_dtype)

    def keep_as_copies(self, model: Any) -> None:
        """Round the weights of linear layers that are not trained to what they are multiplied as."""
        if self.dtype == "float32":
            return
        embedded = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
        head = model.get_output_embeddings() if self.has_fp32_head else None
        for module in model.modules():
            if not isinstance(module, nn.Linear) or module is head or id(module.weight) in embedded:
                continue
            if module.weight.is_floating_point() and not module.weight.requires_grad:
                module.weight.data = module.weight.data.to(self.compute_dtype)


FULL_PRECISION = Precision()


def _in_full(forward: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """Return a forward pass in fp32, whatever is around it."""

    def forward_in_full(*args: Any) -> Any:
        wide = [arg.float() if isinstance(arg, Tensor) and arg.is_floating_point() else arg for arg in args]
        with torch.autocast(device.type, enabled=False):
            return forward(*wide)

    return forward_in_full


def compute_dtype(model: Any) -> torch.dtype:
    """Return what a model computes in: its own dtype, or that of autocast where it is on."""
    kind = model.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else model.dtype


def require_full_precision(model: nn.Module) -> None:
    """Raise ConfigError if a weight that is trained has less than 32 bits."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.dtype.itemsize < 4:
            raise ConfigError(
                f"{name} is trained and kept in {parameter.dtype}, where small updates are lost: load the model in "
                "float32 and compute in half the width by Precision(dtype='bfloat16') (PolicyConfig.dtype)."
            )


def checkpointed_layers(decoder: nn.Module) -> list[nn.Module]:
    """Return the layers whose activations gradient checkpointing drops.

    Raises:
        PolicyError: the model declares none.
    """
    layers: list[nn.Module] = [layer for layer in decoder.modules() if isinstance(layer, GradientCheckpointingLayer)]
    if not layers:
        raise PolicyError(
            f"{type(decoder).__name__} has no layers for gradient checkpointing: set gradient_checkpointing=False."
        )
    return layers


@contextmanager
def checkpointed(layers: list[nn.Module], precision: Precision, device: torch.device) -> Generator[None]:
    """Inside the context, keep the input of each layer alone, and compute the layer again on the way back.

    That is behind the context of `Precision.applied`: autocast comes back by itself, fp32 in the routers does not. The
    models' own switch needs training mode, which would switch dropout on as well.
    """
    if not layers or not torch.is_grad_enabled():
        yield
        return
    with ExitStack() as stack:
        for layer in layers:
            contexts = partial(_forward_and_again, layer, precision, device)
            forward = partial(checkpoint, layer.forward, use_reentrant=False, context_fn=contexts)
            stack.enter_context(forward_replaced(layer, forward))
        yield


def _forward_and_again(
    layer: nn.Module, precision: Precision, device: torch.device
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), precision.full_routers(layer, device)
