"""Clipped importance sampling (CISPO): the weight of a token is bounded, its gradient never dropped.

Two algorithms are published under the name. ScaleRL (arXiv 2510.13786) bounds the weight from above alone, `CISPO()`;
MiniMax-M1 (arXiv 2506.13585) writes bounds on both sides of 1, `cispo_two_sided()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from agents.algorithms.base import Need
from agents.algorithms.group import (
    Scale,
    annotate_groups,
    check_options,
    group_loss,
    group_needs,
    rows_with_gradient,
)
from agents.errors import ConfigError
from agents.losses.kl import KLEstimator
from agents.losses.reduction import ReductionName
from agents.losses.surrogates import cispo_surrogate
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["CISPO", "cispo_two_sided"]


@dataclass(frozen=True, kw_only=True)
class CISPO:
    """sg(clip(ρ, ρ_min, ρ_max)) · A · log π, averaged over all tokens (Eq. 4 and 5, arXiv 2506.13585).

    The other fields are those of `GRPO`.
    """

    min_ratio: float = 0.0
    """0 is no lower bound."""
    max_ratio: float = 5.0
    scale: Scale = "group"
    kl_coef: float = 0.0
    kl_estimator: KLEstimator = "k3"
    entropy_coef: float = 0.0
    top_entropy_share: float = 1.0
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    min_group_size: ClassVar[int] = 2
    allows_dynamic_sampling: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_options(self)
        if not 0 <= self.min_ratio < 1 < self.max_ratio:
            raise ConfigError(
                "The bounds must lie around 1, 0 <= min_ratio < 1 < max_ratio, got "
                f"min_ratio={self.min_ratio} and max_ratio={self.max_ratio}."
            )

    @property
    def needs(self) -> frozenset[Need]:
        """As `GRPO.needs`."""
        return group_needs(self)

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """As `GRPO.annotate`."""
        return annotate_groups(batch, self)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """As `GRPO.gradient_rows`."""
        return rows_with_gradient(batch, self)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the loss of a microbatch."""
        surrogate = partial(cispo_surrogate, min_ratio=self.min_ratio, max_ratio=self.max_ratio)
        return group_loss(surrogate, outputs, batch, self)


def cispo_two_sided(clip_low: float = 0.2, clip_high: float = 0.2) -> CISPO:
    """Return `CISPO` with the bounds 1 − ε_low and 1 + ε_high of Eq. 5, arXiv 2506.13585.

    The paper says that it needs no lower bound and prints no ε; 0.2 is PPO's.
    """
    return CISPO(min_ratio=1 - clip_low, max_ratio=1 + clip_high)
