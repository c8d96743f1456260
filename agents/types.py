"""The types of the learning half: completions become trajectories, trajectories become a token batch.

Shape suffixes: B rows (trajectories), T token positions, P prompts (groups), G samples per prompt.

Alignment: every [B, T] array is aligned with the token it speaks of: `logprobs_BT[b, t]` is log π(token t | tokens < t)
and `values_BT[b, t]` is V(tokens < t), the value of the state in which token t was chosen. Position 0 is always 0.
`loss_mask_BT` is 1 where the policy sampled the token, 0 for prompt, environment turns and padding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from reasonenv.types import Message, ScoreStatus

__all__ = [
    "Groups",
    "LossOutput",
    "PolicyOutputs",
    "Span",
    "TokenBatch",
    "TokenIds",
    "Totals",
    "Trajectory",
    "require_equal_shapes",
]

TokenIds = tuple[int, ...]


class Span(NamedTuple):
    """Consecutive tokens of a trajectory that one version of the weights sampled in one turn."""

    start: int
    stop: int
    """Behind the last one."""
    turn: int
    """0 for the first response."""
    weights_version: int


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
    spans: tuple[Span, ...]
    """The sampled tokens, in order."""
    reward_weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """That of each component in `reward`."""
    turn_rewards: tuple[float, ...] = ()
    """What each turn but the last earned; empty where all of it came with the last."""
    is_right: bool | None = None
    """What `CompositeReward.is_right` says of the answer; None where nothing says so."""
    domain: str | None = None
    """The task's `metadata["domain"]`, where it has one."""
    routed_experts: Tensor | None = field(default=None, compare=False, repr=False)
    """int16 [T, L, K]: the experts that the sampler's L routers chose for each token; −1 where none was recorded."""

    @property
    def weights_version(self) -> int:
        """The oldest weights that sampled some of it."""
        return min(span.weights_version for span in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a loss is divided by."""

    num_sequences: int
    num_tokens: int
    """Sampled tokens only: the sum of `loss_mask_BT`."""


class Groups(NamedTuple):
    """Which rows belong together, numbered in the order of their ids."""

    index_B: Tensor
    """The group of each row, in [0, num_groups)."""
    num_groups: int

    @classmethod
    def of(cls, group_ids_B: Tensor) -> Groups:
        """Number the groups of the rows."""
        ids_G, index_B = torch.unique(group_ids_B, return_inverse=True)
        return cls(index_B, len(ids_G))

    def sum(self, values_B: Tensor) -> Tensor:
        """Return the sum over each group, [G], or [G, T] of values [B, T]."""
        zeros_G = values_B.new_zeros(self.num_groups, *values_B.shape[1:])
        return zeros_G.index_add(0, self.index_B, values_B)

    def size(self) -> Tensor:
        """Return the number of rows of each group, int64 [G]."""
        return self.sum(torch.ones_like(self.index_B))

    def max(self, values_B: Tensor) -> Tensor:
        """Return the largest value of each group, [G]."""
        zeros_G = values_B.new_zeros(self.num_groups)
        return zeros_G.scatter_reduce(0, self.index_B, values_B, "amax", include_self=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBatch:
    """Scored trajectories as right-padded tensors. What is None or empty was not asked for.

    The end of a name says how a tensor is cut: those that end in B have an entry a row, those in BT… one a token (BTLK:
    K experts of L layers). The keys of `extras` follow the same rule.
    """

    token_ids_BT: Tensor
    attention_mask_BT: Tensor
    loss_mask_BT: Tensor
    behavior_logprobs_BT: Tensor
    """What the ratio of a loss is taken to: the sampler, and in losses under a decoupled `agents.guards.RatioGuard` the
    learner before the step."""
    rewards_B: Tensor
    group_ids_B: Tensor
    totals: Totals
    """Of the minibatch that these rows were cut from, so that microbatch losses add up to the minibatch's."""
    is_stopped_B: Tensor | None = None
    """Bool: False where the token budget cut the last response."""
    turns_BT: Tensor | None = None
    """int64: the turn that sampled the token, from 0; −1 outside `loss_mask_BT`."""
    weights_versions_BT: Tensor | None = None
    """int64: the weights that sampled the token; −1 outside `loss_mask_BT`."""
    reward_components: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    """Each component before its weight, [B]; NaN in rows that do not have it."""
    reward_weights: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    """The weight of each component, [B]; NaN in rows that do not have it."""
    turn_rewards_BT: Tensor | None = None
    """What the turns before the last earned, each at its last token; None where no turn but the last earned any."""
    routed_experts_BTLK: Tensor | None = None
    """int16: the experts that the sampler's routers chose for the token; −1 where none was recorded."""
    reference_logprobs_BT: Tensor | None = None
    """Of the frozen anchor of the KL penalty."""
    old_logprobs_BT: Tensor | None = None
    """Of the learner's own policy before the first update of the step."""
    old_entropy_BT: Tensor | None = None
    """Of the same policy, over the vocabulary."""
    old_other_squares_BT: Tensor | None = None
    """Σ π(v)² of the same policy, over the tokens other than the sampled one."""
    teacher_logprobs_BT: Tensor | None = None
    values_BT: Tensor | None = None
    final_values_B: Tensor | None = None
    """The critic's value of the end of a row that the token budget cut; 0 for other rows."""
    advantages_BT: Tensor | None = None
    returns_BT: Tensor | None = None
    sampler_logprobs_BT: Tensor | None = None
    """log μ of the sampler, where a decoupled guard has put others in `behavior_logprobs_BT`; None: those are it."""
    token_weights_BT: Tensor | None = None
    """Factors on the loss of each token, without gradient and at least 0. `Learner.update` multiplies the advantages by
    them once (`agents.guards.guarded`), so losses of policies do not look at them; `sft_loss` does."""
    extras: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    """Whatever an algorithm of your own carries along."""

    def __post_init__(self) -> None:
        for name, value in self.extras.items():
            if not _shape_of(name):
                raise ValueError(
                    f"extras[{name!r}] must be named …_B or …_BT, by the shape {tuple(value.shape)} it has."
                )

    def groups(self) -> Groups:
        """Return which rows share a task."""
        return Groups.of(self.group_ids_B)

    def map_tensors(self, change: Callable[[Tensor], Tensor]) -> TokenBatch:
        """Return a batch in which every tensor is changed, for example moved; `totals` stay."""
        return self._map(lambda _, value: change(value))

    def select(self, rows: Tensor | slice, num_columns: int | None = None) -> TokenBatch:
        """Return these rows, cut to the first `num_columns` positions (None: all of them); `totals` stay."""

        def cut(name: str, value: Tensor) -> Tensor:
            return value[rows, :num_columns] if _shape_of(name).startswith("BT") else value[rows]

        return self._map(cut)

    def awaiting_one_token(self) -> TokenBatch:
        """Return the rows with a token behind their last one, which alone counts as sampled: its state is their end."""

        def pad(name: str, value: Tensor) -> Tensor:
            shape = _shape_of(name)
            if not shape.startswith("BT"):
                return value
            return torch.cat([value, torch.full_like(value[:, :1], 0 if shape == "BT" else -1)], dim=1)

        longer = self._map(pad)
        ends_B1 = self.attention_mask_BT.sum(1, keepdim=True)
        return replace(
            longer,
            attention_mask_BT=longer.attention_mask_BT.scatter(1, ends_B1, 1),
            loss_mask_BT=torch.zeros_like(longer.loss_mask_BT).scatter(1, ends_B1, 1.0),
        )

    def to(self, device: torch.device | str) -> TokenBatch:
        """Return the batch on another device."""
        return self.map_tensors(lambda value: value.to(device))

    def _map(self, change: Callable[[str, Tensor], Tensor]) -> TokenBatch:
        changed: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Tensor):
                changed[entry.name] = change(entry.name, value)
            elif isinstance(value, Mapping):
                tensors = cast("Mapping[str, Tensor]", value)
                changed[entry.name] = {name: change(name, tensor) for name, tensor in tensors.items()}
        return replace(self, **changed)


def _shape_of(name: str) -> str:
    """Return "B", "BT", … as the end of a name says; "" where it does not."""
    end = name.rpartition("_")[2]
    return end if end == "B" or (end.startswith("BT") and end.isupper()) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOutputs:
    """What a forward pass of the current policy gives the loss; fp32, 0 outside `loss_mask_BT`."""

    logprobs_BT: Tensor
    entropy_BT: Tensor | None = None
    values_BT: Tensor | None = None
    other_squares_BT: Tensor | None = None
    """Σ π(v)² over the tokens other than the sampled one, without gradient."""


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
