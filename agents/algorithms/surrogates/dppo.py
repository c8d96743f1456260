"""Divergence Proximal Policy Optimization, binary total variation (DPPO, arXiv 2602.04879)."""

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
from agents.losses.surrogates import tv_mask_surrogate
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["DPPO"]


@dataclass(frozen=True, kw_only=True)
class DPPO:
    """ρA without a clip; a token whose probability has moved by more than δ the way that A pushes it has no gradient.

    A bound on ratios cuts rare tokens first, and lets likely ones move far. The other fields are those of `GRPO`.
    """

    threshold: float = 0.2
    """δ, in probabilities of the sampled token."""
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
        if not 0 < self.threshold < 1:
            raise ConfigError(
                f"threshold is a difference of probabilities and must lie in (0, 1), got {self.threshold}."
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
        surrogate = partial(tv_mask_surrogate, threshold=self.threshold)
        return group_loss(surrogate, outputs, batch, self)
