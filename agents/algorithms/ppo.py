"""Proximal Policy Optimization (arXiv 1707.06347) on tokens: a critic, GAE, clipped value loss.

The reward of the episode arrives with its last sampled token, and what earlier turns earned with theirs. The KL penalty
is in the loss; in the reward it penalises length (DeepSeek-R1, arXiv 2501.12948, supplementary material on PPO).
Whether the critic has a trunk of its own is `RLConfig.critic`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from agents.advantages import gae, kl_penalties, token_rewards, whiten
from agents.algorithms.base import Need, reference_of, require_choice, require_filled
from agents.algorithms.clipped import check_clipped
from agents.errors import ConfigError, check_numbers
from agents.losses import ppo_loss, reduction_for
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["PPO"]


PenaltyPlace: TypeAlias = Literal["loss", "reward"]


@dataclass(frozen=True, kw_only=True)
class PPO:
    """Hyper-parameters of PPO: `PPO(gae_lambda=1.0, value_coef=0.1)`."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    """β of the penalty towards the reference policy; 0 needs no reference."""
    kl_in: PenaltyPlace = "loss"
    """"loss" adds k3; "reward" takes log π − log π_ref of the sampler off each token's reward (arXiv 1909.08593)."""
    gamma: float = 1.0
    gae_lambda: float = 1.0
    """1.0 by default: the R1 paper reports 0.95 much worse than 1.0 on long chains of thought."""
    value_clip: float = 0.2
    value_coef: float = 0.1
    whiten_advantages: bool = True
    bootstraps_truncated: bool = False
    """Value a response that the token budget cut by what the critic expects of its rest (arXiv 1712.00378). Otherwise
    the budget ends the episode: an answer that did not come is worth nothing."""
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""

    def __post_init__(self) -> None:
        check_clipped(self, kl_coef=self.kl_coef)
        check_numbers("PPO", allows_inf=True, value_clip=self.value_clip)
        check_numbers("PPO", value_coef=self.value_coef)
        require_choice("kl_in", self.kl_in, PenaltyPlace)
        for name in ("gamma", "gae_lambda"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie in [0, 1], got {getattr(self, name)}.")

    @property
    def needs(self) -> frozenset[Need]:
        """A critic, its value of what was cut off, and the anchor of the KL penalty, as far as the options ask."""
        needs: set[Need] = {"values"}
        if self.kl_coef:
            needs.add("reference_logprobs")
        if self.bootstraps_truncated:
            needs.add("final_values")
        return frozenset(needs)

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Fill per-token advantages and returns by GAE over the sampled tokens."""
        values_BT = require_filled(batch.values_BT, "batch.values_BT", "Learner.fill_no_grad_fields(batch, ...)")
        rewards_BT = token_rewards(batch.rewards_B, batch.loss_mask_BT, batch.turn_rewards_BT)
        if self.kl_coef and self.kl_in == "reward":
            rewards_BT = rewards_BT + kl_penalties(
                batch.behavior_logprobs_BT, reference_of(batch), batch.loss_mask_BT, kl_coef=self.kl_coef
            )
        final_values_B = None
        if self.bootstraps_truncated:
            filled_by = "Learner.fill_no_grad_fields(batch, ...)"
            final_values_B = require_filled(batch.final_values_B, "batch.final_values_B", filled_by)
        advantages_BT, returns_BT = gae(
            rewards_BT,
            values_BT,
            batch.loss_mask_BT,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            final_values_B=final_values_B,
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
            token_weights_BT=batch.token_weights_BT,
            reference_logprobs_BT=batch.reference_logprobs_BT,
            kl_coef=self.kl_coef if self.kl_in == "loss" else 0.0,
            totals=batch.totals,
        )
