"""Proximal Policy Optimization (arXiv 1707.06347) on tokens: value head, GAE, clipped value loss.

The reward of the episode arrives with its last sampled token. The KL penalty is in the loss; in the reward it would
penalise length (DeepSeek-R1, arXiv 2501.12948, supplementary material on PPO).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.advantages import gae, token_rewards, whiten
from agents.algorithms.base import Need, require_filled
from agents.losses import ppo_loss, reduction_for
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["PPO"]


@dataclass(frozen=True, kw_only=True)
class PPO:
    """Hyper-parameters of PPO: `PPO(gae_lambda=1.0, value_coef=0.1)`."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    gamma: float = 1.0
    gae_lambda: float = 1.0
    """1.0 by default: the R1 paper reports 0.95 much worse than 1.0 on long chains of thought."""
    value_clip: float = 0.2
    value_coef: float = 0.1
    whiten_advantages: bool = True
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""

    def __post_init__(self) -> None:
        reduction_for(self.reduction, max_tokens=self.max_tokens)

    @property
    def needs(self) -> frozenset[Need]:
        """A critic, and the anchor of the KL penalty, if there is one."""
        return frozenset({"values", "reference_logprobs"} if self.kl_coef else {"values"})

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Fill per-token advantages and returns by GAE over the sampled tokens."""
        values_BT = require_filled(batch.values_BT, "batch.values_BT", "Learner.fill_no_grad_fields(batch, ...)")
        rewards_BT = token_rewards(batch.rewards_B, batch.loss_mask_BT, batch.turn_rewards_BT)
        advantages_BT, returns_BT = gae(
            rewards_BT, values_BT, batch.loss_mask_BT, gamma=self.gamma, gae_lambda=self.gae_lambda
        )
        if self.whiten_advantages:
            advantages_BT = whiten(advantages_BT, batch.loss_mask_BT)
        return replace(batch, advantages_BT=advantages_BT, returns_BT=returns_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return all rows: the critic learns from every one."""
        return torch.ones_like(batch.rewards_B, dtype=torch.bool)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return `agents.losses.ppo_loss` of the microbatch."""
        return ppo_loss(
            outputs.logprobs_BT,
            batch.behavior_logprobs_BT,
            require_filled(batch.advantages_BT, "batch.advantages_BT", "PPO.annotate(batch)"),
            batch.loss_mask_BT,
            require_filled(outputs.values_BT, "outputs.values_BT", "HFPolicy(model, has_value_head=True)"),
            require_filled(batch.values_BT, "batch.values_BT", "Learner.fill_no_grad_fields(batch, ...)"),
            require_filled(batch.returns_BT, "batch.returns_BT", "PPO.annotate(batch)"),
            clip_low=self.clip_low,
            clip_high=self.clip_high,
            value_clip=self.value_clip,
            value_coef=self.value_coef,
            reduction=reduction_for(self.reduction, max_tokens=self.max_tokens),
            reference_logprobs_BT=batch.reference_logprobs_BT,
            kl_coef=self.kl_coef,
            totals=batch.totals,
        )
