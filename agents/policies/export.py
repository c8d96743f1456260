"""The weights of a policy as other programs take them: whole, with adapters merged, under the architecture's own names.

Those are the names and shapes of the model's published checkpoints: `transformers` packs the experts of a mixture into
one tensor, serving engines load them one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from transformers.core_model_loading import revert_weight_conversion

from agents.errors import PolicyError
from agents.policies.peft_models import unwrapped

__all__ = ["ExportedWeights", "exported_weights"]


@dataclass(frozen=True)
class ExportedWeights:
    """Named tensors to be iterated over, made one layer after the other while somebody does."""

    module: Any
    """Whose weights they are: an engine that samples from this very module has them already."""

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        """Yield (name, tensor): each weight once where several names share it, and persistent buffers."""
        for _, layer in groupby(self._named(), key=lambda entry: _layer_of(entry[0])):
            yield from revert_weight_conversion(self.module, dict(layer)).items()

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        adapters = _adapters(self.module)
        named = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}  # each once
        kept = self.module.state_dict(keep_vars=True)
        for name, tensor in named.items():
            if name in kept and not _is_of_adapter(name):
                canonical = name.replace(".base_layer", "")
                yield canonical, _whole(tensor, adapters.get(canonical))


def exported_weights(model: Any) -> ExportedWeights:
    """Return the weights of a model as any engine takes them.

    A weight with an adapter is yielded in fp32: rounded to bf16, small changes of it would be lost. Weights in 4 bits
    are yielded in the dtype that they are computed in.

    Args:
        model: a causal language model of transformers, or a `peft.PeftModel` of one.

    Raises:
        PolicyError: adapters other than plain LoRA, which cannot be merged here.
    """
    module = unwrapped(model)
    _adapters(module)
    return ExportedWeights(module)


def _layer_of(name: str) -> str:
    """Return the part of a name up to the number of the layer; weights are packed within a layer only."""
    parts = name.split(".")
    numbers = [index for index, part in enumerate(parts) if part.isdigit()]
    return ".".join(parts[: numbers[0] + 1]) if numbers else name


def _is_of_adapter(name: str) -> bool:
    return ".lora_" in name


def _adapters(module: nn.Module) -> dict[str, Any]:
    """Return the LoRA layers by the name of the weight that each changes."""
    if not hasattr(module, "peft_config"):
        return {}
    from peft.tuners.lora.layer import LoraLayer
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    found: dict[str, Any] = {}
    for name, layer in module.named_modules():
        if not isinstance(layer, BaseTunerLayer | AuxiliaryTrainingWrapper):
            continue
        if not isinstance(layer, LoraLayer) or layer.lora_variant or any(layer.lora_bias.values()):
            raise PolicyError(
                f"The adapter of {name} is no plain LoRA ({type(layer).__name__}), and cannot be merged here: use "
                "peft's merge_and_unload."
            )
        weight = getattr(layer, "parameter_name", "weight")  # of experts that are packed into one parameter
        found[f"{name}.{weight}".replace(".base_layer", "")] = layer
    return found


@torch.no_grad()
def _whole(tensor: Tensor, adapter: Any) -> Tensor:
    """Return a weight that is whole on this rank, unpacked from 4 bits, with its adapter merged."""
    whole = tensor.detach()
    if isinstance(tensor, DTensor):
        whole = tensor.full_tensor()
    if hasattr(tensor, "quant_state"):
        from peft.utils.integrations import dequantize_bnb_weight

        whole = dequantize_bnb_weight(cast(nn.Parameter, tensor))
    if adapter is None:
        return whole
    changes = [adapter.get_delta_weight(name).float() for name in adapter.active_adapters if name in adapter.lora_A]
    return sum(changes, start=whole.float())
