"""Maximum-likelihood reinforcement learning (arXiv 2602.02710): GRPO's loss on rewards relative to the group's mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from agents.advantages import max_likelihood_advantages
from agents.algorithms.base import Need
from agents.algorithms.clipped import check_clipped, clipped_loss, rows_with_advantage
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["MaxRL"]


@dataclass(frozen=True, kw_only=True)
class MaxRL:
    """Hyper-parameters of MaxRL: `MaxRL(clip_high=0.28)`. Rewards must be at least 0; the paper's are 0 and 1."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    """β of the k3 penalty towards the reference policy; 0 needs no reference."""
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""
    min_group_size: ClassVar[int] = 2
    allows_dynamic_sampling: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_clipped(self, kl_coef=self.kl_coef)

    @property
    def needs(self) -> frozenset[Need]:
        """The anchor of the KL penalty, if there is one."""
        return frozenset({"reference_logprobs"} if self.kl_coef else ())

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token of a row (r − mean) / mean over its group; a reward below 0 is a ConfigError."""
        advantages_B = max_likelihood_advantages(batch.rewards_B, batch.group_ids_B)
        return replace(batch, advantages_BT=advantages_B[:, None] * batch.loss_mask_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage, or all of them under a KL penalty."""
        return rows_with_advantage(batch, self, kl_coef=self.kl_coef)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch."""
        return clipped_loss(outputs, batch, self, kl_coef=self.kl_coef)
