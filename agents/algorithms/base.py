"""What the learner asks of an algorithm.

Each algorithm stays complete in its own file, so two of them repeat a few hyper-parameters and the calls of losses.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, TypeAlias, get_args, runtime_checkable

from torch import Tensor

from agents.errors import ConfigError
from agents.types import LossOutput, PolicyOutputs, TokenBatch
from reasonenv.errors import UnknownNameError

__all__ = [
    "NEEDS",
    "Algorithm",
    "GroupBaseline",
    "Need",
    "reference_of",
    "require_choice",
    "require_filled",
    "require_known_needs",
]

Need: TypeAlias = Literal[
    "old_logprobs",
    "old_entropy",
    "old_other_squares",
    "values",
    "final_values",
    "reference_logprobs",
    "teacher_logprobs",
    "entropy",
]
"""What the learner fills in for an algorithm: "entropy" is `PolicyOutputs.entropy_BT`, with gradient; the others are
the fields of `TokenBatch` with that name, from before the first update, and "values" is that of `PolicyOutputs` too."""
NEEDS: tuple[Need, ...] = get_args(Need)


@runtime_checkable
class Algorithm(Protocol):
    """A frozen dataclass of hyper-parameters; `agents.testing.check_algorithm` tries one out."""

    @property
    def needs(self) -> frozenset[Need]:
        """What `annotate` and `loss` look at beside the trajectories themselves."""
        ...

    def annotate(self, batch: TokenBatch, /) -> TokenBatch:
        """Fill advantages (and returns) from rewards, groups and values; called once per batch, without gradient."""
        ...

    def gradient_rows(self, batch: TokenBatch, /) -> Tensor:
        """Return bool [B]: the rows of an annotated batch that can have a gradient; the others may be left out."""
        ...

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch, /) -> LossOutput:
        """Return the loss of a microbatch, divided by `batch.totals`."""
        ...


@runtime_checkable
class GroupBaseline(Protocol):
    """What an algorithm also says of itself if its baseline are the other responses to the same prompt."""

    min_group_size: ClassVar[int]
    """In smaller groups there is nothing to learn."""
    allows_dynamic_sampling: ClassVar[bool]
    """Whether groups with equal rewards may be dropped for others: they have no gradient, and the estimate is not meant
    to be unbiased over all prompts."""


def require_known_needs(algorithm: Algorithm) -> None:
    """Raise ConfigError for a need that nothing fills."""
    unknown = sorted(set(algorithm.needs) - set(NEEDS))
    if unknown:
        name = type(algorithm).__name__
        raise ConfigError(f"{name}.needs has {', '.join(map(repr, unknown))}; known needs: {', '.join(NEEDS)}.")


def require_filled(tensor: Tensor | None, name: str, filled_by: str) -> Tensor:
    """Return the tensor, or raise a ValueError that says which field is empty and what fills it."""
    if tensor is None:
        raise ValueError(f"Expected {name} to be a tensor, got None; it is filled by {filled_by}.")
    return tensor


def require_choice(kind: str, name: str, choices: object) -> None:
    """Raise UnknownNameError unless a name is one of a `Literal`."""
    if name not in get_args(choices):
        raise UnknownNameError(kind, name, get_args(choices))


def reference_of(batch: TokenBatch) -> Tensor:
    """Return `batch.reference_logprobs_BT`, or raise a ValueError as `require_filled`."""
    filled_by = "Learner.fill_no_grad_fields(batch, ...)"
    return require_filled(batch.reference_logprobs_BT, "batch.reference_logprobs_BT", filled_by)
