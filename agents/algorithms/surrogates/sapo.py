"""Soft Adaptive Policy Optimization (arXiv 2511.20347): a smooth gate in the place of the clip."""

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
from agents.errors import check_numbers
from agents.losses.kl import KLEstimator
from agents.losses.reduction import ReductionName
from agents.losses.surrogates import sapo_surrogate
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["SAPO"]


@dataclass(frozen=True, kw_only=True)
class SAPO:
    """(4/τ) · σ(τ(ρ − 1)) · A with τ_pos where A > 0, else τ_neg (Eq. 5 and 6).

    The further a ratio is from 1, the smaller its gradient; tokens with a negative advantage, which raise all other
    tokens, fade sooner. The other fields are those of `GRPO`.
    """

    temperature_positive: float = 1.0
    temperature_negative: float = 1.05
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
        check_numbers(
            "SAPO",
            is_positive=True,
            temperature_positive=self.temperature_positive,
            temperature_negative=self.temperature_negative,
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
        surrogate = partial(
            sapo_surrogate,
            temperature_positive=self.temperature_positive,
            temperature_negative=self.temperature_negative,
        )
        return group_loss(surrogate, outputs, batch, self)
