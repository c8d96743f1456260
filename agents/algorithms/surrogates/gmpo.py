"""Geometric-Mean Policy Optimization (arXiv 2507.20673): the geometric mean of clipped token ratios."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from agents.algorithms.base import Need
from agents.algorithms.clipped import check_clips
from agents.algorithms.group import (
    Scale,
    annotate_groups,
    check_options,
    group_loss,
    group_needs,
    require_sequence_mean,
    rows_with_gradient,
)
from agents.losses.kl import KLEstimator
from agents.losses.reduction import ReductionName
from agents.losses.surrogates import gmpo_surrogate
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["GMPO"]


@dataclass(frozen=True, kw_only=True)
class GMPO:
    """A · (Π_t ρ̄_t)^{1/|o|}, where ρ̄ is clipped to at most e^ε_high if A > 0 and at least e^−ε_low if A < 0 (Eq. 4).

    An outlier of one token moves a geometric mean less than an arithmetic one. The other fields are those of `GRPO`;
    rows are averaged over their own tokens, and anything else is refused.
    """

    clip_low: float = 0.4
    """Bound of −log ρ where A < 0; the paper clips to (e^−0.4, e^0.4)."""
    clip_high: float = 0.4
    """Bound of log ρ where A > 0."""
    scale: Scale = "group"
    kl_coef: float = 0.0
    kl_estimator: KLEstimator = "k3"
    entropy_coef: float = 0.0
    top_entropy_share: float = 1.0
    reduction: ReductionName = "sequence_mean"
    max_tokens: int | None = None
    min_group_size: ClassVar[int] = 2
    allows_dynamic_sampling: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_options(self)
        check_clips(self)
        require_sequence_mean(self)

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
        surrogate = partial(gmpo_surrogate, clip_low=self.clip_low, clip_high=self.clip_high)
        return group_loss(surrogate, outputs, batch, self)
