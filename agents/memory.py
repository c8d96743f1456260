"""What a training run keeps in memory, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from agents.learner import Learner

__all__ = ["memory_parts", "shown_memory"]


def memory_parts(learner: Learner, *, has_reference: bool) -> dict[str, int]:
    """Return the bytes of each part that stays between steps, or comes back with each, under its name.

    Activations are not among them: `max_tokens_per_microbatch` bounds them, and gradient checkpointing lowers them.

    Args:
        learner: whose policy is to be trained.
        has_reference: whether a frozen copy of what is trained will lie beside the policy.
    """
    policy, compute_dtype = learner.policy, learner.policy.precision.compute_dtype
    trained = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    linear = {id(module.weight): module.weight for module in policy.modules() if isinstance(module, nn.Linear)}
    copied = [weight for weight in linear.values() if weight.dtype.itemsize > compute_dtype.itemsize]
    copies = sum(weight.numel() * compute_dtype.itemsize for weight in copied)
    weights = _num_bytes([*policy.parameters(), *policy.buffers()])
    anchored = [parameter for parameter in policy.model.parameters() if parameter.requires_grad]
    rounded = set(map(id, copied))
    reference = sum(_num_bytes([weight], compute_dtype if id(weight) in rounded else None) for weight in anchored)
    teacher = learner.teacher
    parts = {
        f"weights ({_dtypes(policy.parameters())})": weights,
        "gradients": _num_bytes(trained),
        "moments of AdamW": 2 * _num_bytes(trained),
        f"copies to compute with ({learner.policy.precision.dtype})": copies,
        "reference": reference + _num_bytes(policy.model.buffers()) if has_reference else 0,
        "teacher": 0 if teacher is None else _num_bytes([*teacher.parameters(), *teacher.buffers()]),
    }
    return {name: size for name, size in parts.items() if size}


def shown_memory(parts: Mapping[str, int]) -> str:
    """Return one line: `Memory: weights (float32) 1.98 GB, …`."""
    shown = ", ".join(f"{name} {_shown(size)}" for name, size in parts.items())
    return f"Memory: {shown}; activations come on top."


def _num_bytes(tensors: Iterable[Tensor], dtype: torch.dtype | None = None) -> int:
    """Return the bytes of tensors, in another dtype where one is given."""
    return sum(tensor.numel() * (dtype or tensor.dtype).itemsize for tensor in tensors)


def _dtypes(tensors: Iterable[Tensor]) -> str:
    return " and ".join(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors}))


def _shown(size: int) -> str:
    unit, scale = ("GB", 1e9) if size >= 1e9 else ("MB", 1e6) if size >= 1e6 else ("kB", 1e3)
    return f"{size / scale:.3g} {unit}"
