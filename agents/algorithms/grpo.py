"""Group Relative Policy Optimization (arXiv 2402.03300) with the options of its descendants.

Dr. GRPO (arXiv 2503.20783) is `GRPO(scale_by_std=False, reduction="constant_length_mean", max_tokens=L)`;
DAPO's loss (arXiv 2503.14476) is `GRPO(clip_high=0.28, reduction="token_mean")`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.advantages import group_relative_advantages
from agents.algorithms.base import Need, require_filled
from agents.losses import grpo_loss, reduction_for
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["GRPO"]


@dataclass(frozen=True, kw_only=True)
class GRPO:
    """Hyper-parameters of GRPO: `GRPO(clip_low=0.2, clip_high=0.28, kl_coef=0.001)`."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    """β of the k3 penalty towards the reference policy; 0 needs no reference."""
    scale_by_std: bool = True
    """Divide the group-centred reward by the group's standard deviation."""
    reduction: ReductionName = "sequence_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""

    def __post_init__(self) -> None:
        reduction_for(self.reduction, max_tokens=self.max_tokens)

    @property
    def needs(self) -> frozenset[Need]:
        """The anchor of the KL penalty, if there is one."""
        return frozenset({"reference_logprobs"} if self.kl_coef else ())

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token of a row the row's group-relative advantage."""
        advantages_B = group_relative_advantages(batch.rewards_B, batch.group_ids_B, scale_by_std=self.scale_by_std)
        return replace(batch, advantages_BT=advantages_B[:, None] * batch.loss_mask_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage, or all of them under a KL penalty."""
        advantages_BT = require_filled(batch.advantages_BT, "batch.advantages_BT", "GRPO.annotate(batch)")
        if self.kl_coef:
            return torch.ones_like(batch.rewards_B, dtype=torch.bool)
        return (advantages_BT != 0).any(1)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return `agents.losses.grpo_loss` of the microbatch."""
        return grpo_loss(
            outputs.logprobs_BT,
            batch.behavior_logprobs_BT,
            require_filled(batch.advantages_BT, "batch.advantages_BT", "GRPO.annotate(batch)"),
            batch.loss_mask_BT,
            clip_low=self.clip_low,
            clip_high=self.clip_high,
            reduction=reduction_for(self.reduction, max_tokens=self.max_tokens),
            reference_logprobs_BT=batch.reference_logprobs_BT,
            kl_coef=self.kl_coef,
            totals=batch.totals,
        )
