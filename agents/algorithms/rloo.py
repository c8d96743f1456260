"""REINFORCE with a leave-one-out baseline (arXiv 2402.14740), for whole episodes or turn by turn.

The KL penalty is in the reward, as in the paper, so it moves the baseline too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

import torch
from torch import Tensor

from agents.advantages import kl_penalties, leave_one_out_advantages, token_rewards, turn_advantages
from agents.algorithms.base import Need, reference_of, require_choice, require_filled
from agents.algorithms.clipped import check_clipped, clipped_loss, rows_with_advantage
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["RLOO"]


Credit: TypeAlias = Literal["episode", "turn"]


@dataclass(frozen=True, kw_only=True)
class RLOO:
    """Hyper-parameters of RLOO: `RLOO(kl_coef=0.03)`, or `RLOO(credit="turn")` where turns are rewarded."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    """β of the penalty in the reward, Σ_t log π − log π_ref of the sampler; 0 needs no reference."""
    credit: Credit = "episode"
    """Whether a turn also gets the credit for what earlier turns earned. "turn" differs where those are rewarded."""
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""
    min_group_size: ClassVar[int] = 2
    allows_dynamic_sampling: ClassVar[bool] = False
    """The estimate is unbiased over all prompts; to leave out those of equal rewards would change what is optimised."""

    def __post_init__(self) -> None:
        check_clipped(self, kl_coef=self.kl_coef)
        require_choice("credit", self.credit, Credit)

    @property
    def needs(self) -> frozenset[Need]:
        """The anchor of the KL penalty, if there is one."""
        return frozenset({"reference_logprobs"} if self.kl_coef else ())

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token of a row, or of a turn, what it earned less what the others of its group earned."""
        penalties_BT = torch.zeros_like(batch.behavior_logprobs_BT)
        if self.kl_coef:
            penalties_BT = kl_penalties(
                batch.behavior_logprobs_BT, reference_of(batch), batch.loss_mask_BT, kl_coef=self.kl_coef
            )
        if self.credit == "turn":
            turns_BT = require_filled(batch.turns_BT, "batch.turns_BT", "agents.rollout.assemble.assemble")
            rewards_BT = token_rewards(batch.rewards_B, batch.loss_mask_BT, batch.turn_rewards_BT)
            advantages_BT = turn_advantages(
                rewards_BT + penalties_BT, turns_BT, batch.group_ids_B, rewards_B=batch.rewards_B
            )
        else:
            earned_B = batch.rewards_B + penalties_BT.sum(1)
            advantages_BT = leave_one_out_advantages(earned_B, batch.group_ids_B)[:, None]
        return replace(batch, advantages_BT=advantages_BT * batch.loss_mask_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage."""
        return rows_with_advantage(batch, self)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch; on-policy its gradient is that of REINFORCE."""
        return clipped_loss(outputs, batch, self)
