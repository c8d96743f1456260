"""Group Relative Policy Optimization (arXiv 2402.03300) with the options of its descendants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from agents.algorithms.base import Need
from agents.algorithms.clipped import check_clips
from agents.algorithms.group import Scale, annotate_groups, check_options, group_loss, group_needs, rows_with_gradient
from agents.errors import ConfigError
from agents.losses.kl import KLEstimator
from agents.losses.reduction import ReductionName
from agents.losses.surrogates import SurrogateFunction, off_policy_masked, ratio_clip_surrogate
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["GRPO"]


@dataclass(frozen=True, kw_only=True)
class GRPO:
    """min(ρA, clip(ρ, 1 − ε_low, 1 + ε_high)A) − β·KL, with A centred and scaled within the group of one prompt.

    `GRPO(clip_low=0.2, clip_high=0.28, kl_coef=0.001)`; `dr_grpo` and `dapo` in `agents.algorithms.surrogates` are
    settings of it.
    """

    clip_low: float = 0.2
    clip_high: float = 0.2
    max_ratio: float | None = None
    """δ > 1 + ε_high, an upper bound of ρ where A < 0 (two-sided clipping, Sec. 3.4, arXiv 2505.07291)."""
    max_sequence_kl: float | None = None
    """δ of OPSM: tokens with A < 0 are left out of rows whose mean of log μ − log π is above it (Eq. 9, arXiv
    2512.02556)."""
    scale: Scale = "group"
    """Whose standard deviation the group-centred reward is divided by: "none" is Dr. GRPO's, "batch" is that of
    arXiv 2508.08221."""
    kl_coef: float = 0.0
    """β of the penalty towards the reference policy; 0 needs no reference."""
    kl_estimator: KLEstimator = "k3"
    """"k3", or "unbiased": k3 times π/μ, whose gradient is that of the KL (Eq. 7, arXiv 2512.02556)."""
    entropy_coef: float = 0.0
    """Weight of the bonus for the policy's entropy."""
    top_entropy_share: float = 1.0
    """The share of the tokens, those of the highest entropy before the update, that have a surrogate (arXiv 2506.01939:
    0.2)."""
    reduction: ReductionName = "sequence_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""
    min_group_size: ClassVar[int] = 2
    allows_dynamic_sampling: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_options(self)
        check_clips(self)
        if self.max_ratio is not None and not self.max_ratio > 1 + self.clip_high:
            raise ConfigError(
                f"max_ratio must be above 1 + clip_high = {1 + self.clip_high:g}, got {self.max_ratio}: it bounds the "
                "ratio where the advantage is negative, which clip_high does not."
            )
        if self.max_sequence_kl is not None and not self.max_sequence_kl > 0:
            raise ConfigError(
                f"max_sequence_kl must be positive, got {self.max_sequence_kl}: it is 0 in a row that is as likely as "
                "when it was sampled."
            )

    @property
    def needs(self) -> frozenset[Need]:
        """The anchor of the KL penalty and entropies, as far as the options ask for them."""
        return group_needs(self)

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token of a row the row's group-relative advantage."""
        return annotate_groups(batch, self)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage, or all of them under a penalty or a bonus."""
        return rows_with_gradient(batch, self)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch."""
        surrogate: SurrogateFunction = partial(
            ratio_clip_surrogate, clip_low=self.clip_low, clip_high=self.clip_high, max_ratio=self.max_ratio
        )
        if self.max_sequence_kl is not None:
            surrogate = off_policy_masked(surrogate, max_sequence_kl=self.max_sequence_kl)
        return group_loss(surrogate, outputs, batch, self)
