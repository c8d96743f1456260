"""The types of the learning half: completions become trajectories, trajectories become a token batch.

Shape suffixes: B rows (trajectories), T token positions, P prompts (groups), G samples per prompt.

Alignment: every [B, T] array is aligned with the token it speaks of: `logprobs_BT[b, t]` is log π(token t | tokens < t)
and `values_BT[b, t]` is V(tokens < t), the value of the state in which token t was chosen. Position 0 is always 0.
`loss_mask_BT` is 1 where the policy sampled the token, 0 for prompt, environment turns and padding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from reasonenv.types import Message, ScoreStatus

__all__ = ["LossOutput", "PolicyOutputs", "TokenBatch", "TokenIds", "Totals", "Trajectory", "require_equal_shapes"]

TokenIds = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """One finished episode as tokens: exactly the ids that were sampled, never re-encoded text.

    `token_ids`, `loss_mask` and `behavior_logprobs` have one entry per token: prompt, responses, environment turns.
    """

    task_id: str
    group_id: int
    prompt: str
    """What the policy was shown first, as text: chat template and control tokens included."""
    messages: tuple[Message, ...]
    """The whole conversation, the environment's answers between the responses included."""
    reference: Any
    """What the task's answers are graded against."""
    responses: tuple[str, ...]
    """Text of every assistant turn."""
    token_ids: TokenIds
    loss_mask: tuple[int, ...]
    behavior_logprobs: tuple[float, ...]
    """Log-probabilities under the sampling distribution (temperature applied); 0 where `loss_mask` is 0."""
    reward: float
    """Total over the episode; NaN when a grader failed."""
    reward_components: Mapping[str, float]
    reward_details: Mapping[str, Mapping[str, Any]]
    """What each component says of itself."""
    reward_status: ScoreStatus
    is_stopped: bool
    """False when the last response was cut off by the token budget."""
    weights_version: int
    is_right: bool | None = None
    """What `CompositeReward.is_right` says of the answer; None where nothing says so."""
    domain: str | None = None
    """The task's `metadata["domain"]`, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a loss is divided by."""

    num_sequences: int
    num_tokens: int
    """Sampled tokens only: the sum of `loss_mask_BT`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBatch:
    """Scored trajectories as right-padded tensors; the optional fields come from the no-grad pass and the algorithm."""

    token_ids_BT: Tensor
    attention_mask_BT: Tensor
    loss_mask_BT: Tensor
    behavior_logprobs_BT: Tensor
    rewards_B: Tensor
    group_ids_B: Tensor
    totals: Totals
    """Of the minibatch that these rows were cut from, so that microbatch losses add up to the minibatch's."""
    reference_logprobs_BT: Tensor | None = None
    values_BT: Tensor | None = None
    advantages_BT: Tensor | None = None
    returns_BT: Tensor | None = None

    def map_tensors(self, change: Callable[[Tensor], Tensor]) -> TokenBatch:
        """Return a batch in which every tensor is changed, for example moved or cut; `totals` stay."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: change(value) for name, value in values.items() if isinstance(value, Tensor)})

    def to(self, device: torch.device | str) -> TokenBatch:
        """Return the batch on another device."""
        return self.map_tensors(lambda value: value.to(device))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOutputs:
    """What a forward pass of the current policy gives the loss; fp32, 0 outside `loss_mask_BT`."""

    logprobs_BT: Tensor
    entropy_BT: Tensor | None = None
    values_BT: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossOutput:
    """A scalar to differentiate, and detached scalars to log; both add up over the microbatches of a minibatch."""

    loss: Tensor
    metrics: Mapping[str, Tensor]


def require_equal_shapes(**tensors: Tensor | None) -> None:
    """Raise ValueError unless the given tensors have one shape: a transposed one would be broadcast silently."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items() if tensor is not None}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"Expected tensors of one shape, got {found}: transpose or expand the one that differs.")
