"""A policy as it was at one moment: the anchor of a KL penalty."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["frozen_copy", "own_tensors", "renew", "restore"]

PolicyT = TypeVar("PolicyT", bound=nn.Module)


def frozen_copy(policy: PolicyT, *, without: Sequence[nn.Module | None] = ()) -> PolicyT:
    """Return a copy that shares every weight that is not trained: of adapters on a model, it holds the adapters alone.

    Adapters start at a product of 0, so the first copy of such a policy is the model with its adapters switched off.

    Args:
        policy: what is copied.
        without: its parts that the copy has None in the place of.
    """
    memo: dict[int, Any] = {id(weight): weight for weight in policy.parameters() if not weight.requires_grad}
    memo |= {id(part): None for part in without if part is not None}
    return copy.deepcopy(policy, memo=memo).requires_grad_(requires_grad=False)


@torch.no_grad()
def renew(frozen: nn.Module, policy: nn.Module) -> None:
    """Make a frozen copy equal to the policy of now, in place: there is never a third set of weights."""
    now = {**dict(policy.named_parameters()), **dict(policy.named_buffers())}
    for name, tensor in own_tensors(frozen, policy).items():
        tensor.copy_(now[name])


def restore(frozen: nn.Module, policy: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give a frozen copy the tensors that `own_tensors` returned of another one."""
    for name, tensor in own_tensors(frozen, policy).items():
        tensor.copy_(state[name])


def own_tensors(frozen: nn.Module, policy: nn.Module) -> dict[str, Tensor]:
    """Return the parameters of a frozen copy that are not the policy's own, and its persistent buffers."""
    theirs = dict(policy.named_parameters())
    own: dict[str, Tensor] = {
        name: parameter.detach() for name, parameter in frozen.named_parameters() if parameter is not theirs[name]
    }
    kept = frozen.state_dict(keep_vars=True)
    return own | {name: buffer for name, buffer in frozen.named_buffers() if name in kept}
