"""What the learner asks of an algorithm.

Each algorithm stays complete in its own file, so two of them repeat a few hyper-parameters and the calls of losses.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["Algorithm", "require_filled"]


@runtime_checkable
class Algorithm(Protocol):
    """A frozen dataclass of hyper-parameters; `agents.testing.check_algorithm` tries one out."""

    @property
    def needs_reference(self) -> bool:
        """Whether `batch.reference_logprobs_BT` must be filled before `annotate`."""
        ...

    @property
    def needs_values(self) -> bool:
        """Whether the policy must carry a value head and `batch.values_BT` be filled before `annotate`."""
        ...

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Fill advantages (and returns) from rewards, groups and values; called once per batch, without gradient."""
        ...

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return bool [B]: the rows of an annotated batch that can have a gradient; the others may be left out."""
        ...

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the loss of a microbatch, divided by `batch.totals`."""
        ...


def require_filled(tensor: Tensor | None, name: str, filled_by: str) -> Tensor:
    """Return the tensor, or raise a ValueError that says which field is empty and what fills it."""
    if tensor is None:
        raise ValueError(f"Expected {name} to be a tensor, got None; it is filled by {filled_by}.")
    return tensor
