"""Importance weights for tokens that another program sampled than the one that learns from them.

With Δ = log π_old − log μ, where μ is the sampler and π_old the learner's policy before the step, every published
correction is a choice of four: which number is looked at, over what, what becomes of those outside the bounds, and
the bounds. B rows, T token positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from agents.errors import ConfigError
from agents.losses import kl_k1, kl_k2, kl_k3
from agents.types import require_equal_shapes
from reasonenv.errors import UnknownNameError

__all__ = ["MAX_LOG_RATIO", "Action", "Level", "RatioGuard", "Statistic"]

Statistic: TypeAlias = Literal["ratio", "k1", "k2", "k3", "binary_kl"]
Level: TypeAlias = Literal["token", "sequence", "sequence_mean"]
Action: TypeAlias = Literal["truncate", "mask", "drop"]

MAX_LOG_RATIO = 20.0
"""A ratio beyond e^20 only says that the policies differ; without a bound it overflows."""
_SMALLEST = 1e-7
"""Probabilities above 1 − 10⁻⁷ are rounded to 1 in fp32: without a bound, that of the other tokens would be 0."""
_ESTIMATORS = {"k1": kl_k1, "k2": kl_k2, "k3": kl_k3}


@dataclass(frozen=True, kw_only=True)
class RatioGuard:
    """A correction of the sampler's probabilities: `RatioGuard(action="mask", low=0.5, high=5.0)` is IcePop.

    Weights are factors on the advantages, without gradient. Under "truncate" and "mask" they are the ratio π_old/μ, and
    the ratio of the loss is π/π_old (the decoupled objective, Eq. 5, arXiv 2110.00641). Under "drop" they are 0 or 1,
    and the ratio of the loss stays π/μ: either way π/μ counts once.
    """

    high: float
    """The upper bound."""
    low: float | None = None
    """The lower bound; None sets none."""
    statistic: Statistic = "ratio"
    """`ratio` e^Δ; an estimate of KL(μ ‖ π_old), k1 = −Δ, k2 = Δ²/2 or k3 = e^Δ − 1 − Δ; or `binary_kl`, the larger of
    the two divergences between "this token or any other" under μ and under π_old."""
    level: Level = "token"
    """`token`; or a number for all sampled tokens of a row: the `sequence`'s product of ratios or sum of estimates, or
    its `sequence_mean`, the geometric mean of ratios or the mean of estimates."""
    action: Action = "truncate"
    """What is outside the bounds: `truncate` sets the weight to the bound; `mask` sets it to 0, and what is kept weighs
    by its ratio (the row's product at level `sequence`, else the token's own); with `drop`, what is kept weighs 1."""
    negative_only: bool = False
    """Leave tokens whose advantage is not negative as they are within the bounds."""

    def __post_init__(self) -> None:
        for name, kind in (("statistic", Statistic), ("level", Level), ("action", Action)):
            if getattr(self, name) not in get_args(kind):
                raise UnknownNameError(f"{name} of a RatioGuard", getattr(self, name), get_args(kind))
        if not (-math.inf if self.low is None else self.low) < self.high:
            raise ConfigError(f"A RatioGuard needs low < high, got low={self.low}, high={self.high}.")
        if self.statistic == "ratio" and self.high < 1:
            raise ConfigError(f"high={self.high} is below the ratio of equal policies, 1: raise it.")
        if self.statistic == "ratio" and self.low is not None and self.low > 1:
            raise ConfigError(f"low={self.low} is above the ratio of equal policies, 1: lower it.")
        if self.action == "truncate" and (self.statistic != "ratio" or self.level == "sequence_mean"):
            raise ConfigError(
                f"Only importance weights can be truncated, statistic='ratio' of a token or a sequence; got statistic="
                f"{self.statistic!r}, level={self.level!r}: use action='mask'."
            )
        if self.action == "truncate" and self.negative_only:
            raise ConfigError("negative_only=True chooses what is left out: use action='mask' or 'drop'.")

    @property
    def is_decoupled(self) -> bool:
        """Whether the weights hold π_old/μ, so that the loss's own ratio starts at π_old."""
        return self.action != "drop"

    def weights(
        self, old_logprobs_BT: Tensor, behavior_logprobs_BT: Tensor, advantages_BT: Tensor, loss_mask_BT: Tensor
    ) -> Tensor:
        """Return the factor on each token's advantage, at least 0, and 0 outside `loss_mask_BT`.

        Args:
            old_logprobs_BT: log π_old, the learner's before the step.
            behavior_logprobs_BT: log μ, recorded when the tokens were sampled.
            advantages_BT: only their sign is looked at, and only with `negative_only`.
            loss_mask_BT: 1 on sampled tokens.

        Raises:
            ValueError: tensors of different shapes.
        """
        require_equal_shapes(
            old_logprobs_BT=old_logprobs_BT,
            behavior_logprobs_BT=behavior_logprobs_BT,
            advantages_BT=advantages_BT,
            loss_mask_BT=loss_mask_BT,
        )
        is_sampled_BT = loss_mask_BT.bool()
        old_BT = torch.where(is_sampled_BT, old_logprobs_BT, 0.0)
        behavior_BT = torch.where(is_sampled_BT, behavior_logprobs_BT, 0.0)
        log_ratio_BT = (old_BT - behavior_BT).clamp(max=MAX_LOG_RATIO)
        statistic_BT = self._statistic(old_BT, behavior_BT, log_ratio_BT, is_sampled_BT)
        if self.action == "truncate":
            return statistic_BT.clamp(min=self.low, max=self.high) * is_sampled_BT
        is_kept_BT = is_sampled_BT & (statistic_BT <= self.high)
        if self.low is not None:
            is_kept_BT &= statistic_BT >= self.low
        if self.negative_only:
            is_kept_BT |= is_sampled_BT & (advantages_BT >= 0)
        if self.action == "drop":
            return is_kept_BT.to(log_ratio_BT.dtype)
        level: Level = "sequence" if self.level == "sequence" else "token"
        return torch.where(is_kept_BT, _ratio(log_ratio_BT, level, is_sampled_BT), 0.0)

    def _statistic(self, old_BT: Tensor, behavior_BT: Tensor, log_ratio_BT: Tensor, is_sampled_BT: Tensor) -> Tensor:
        if self.statistic == "ratio":
            return _ratio(log_ratio_BT, self.level, is_sampled_BT)
        if self.statistic == "binary_kl":
            estimate_BT = torch.maximum(_binary_kl(old_BT, behavior_BT), _binary_kl(behavior_BT, old_BT))
        else:
            estimate_BT = _ESTIMATORS[self.statistic](behavior_BT, behavior_BT + log_ratio_BT)
        return _of_level(estimate_BT, self.level, is_sampled_BT)


def _ratio(log_ratio_BT: Tensor, level: Level, is_sampled_BT: Tensor) -> Tensor:
    """Return e^Δ of the level; products are sums of logarithms, so that long rows do not overflow."""
    return _of_level(log_ratio_BT, level, is_sampled_BT).clamp(max=MAX_LOG_RATIO).exp()


def _of_level(values_BT: Tensor, level: Level, is_sampled_BT: Tensor) -> Tensor:
    """Return each token's number, or that of its row; values are 0 outside the mask."""
    if level == "token":
        return values_BT
    sums_B1 = values_BT.sum(1, keepdim=True)
    if level == "sequence_mean":
        sums_B1 = sums_B1 / is_sampled_BT.sum(1, keepdim=True).clamp(min=1)
    return sums_B1.expand_as(values_BT)


def _binary_kl(first_BT: Tensor, second_BT: Tensor) -> Tensor:
    """Return KL(p ‖ q) of Bernoulli variables from log p and log q, p log(p/q) + (1 − p) log((1 − p)/(1 − q))."""
    first_BT, second_BT = first_BT.clamp(max=-_SMALLEST), second_BT.clamp(max=-_SMALLEST)
    others_BT, other_others_BT = (torch.log(-torch.expm1(logprobs_BT)) for logprobs_BT in (first_BT, second_BT))
    return first_BT.exp() * (first_BT - second_BT) + others_BT.exp() * (others_BT - other_others_BT)
