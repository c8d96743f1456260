"""REINFORCE++ (arXiv 2501.03262): no critic, a KL penalty in the reward, advantages normalised over the whole batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from torch import Tensor

from agents.advantages import group_relative_advantages, kl_penalties, returns_to_go, token_rewards, whiten
from agents.algorithms.base import Need, reference_of, require_choice
from agents.algorithms.clipped import check_clipped, clipped_loss, rows_with_advantage
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["ReinforcePP"]


Baseline: TypeAlias = Literal["none", "group"]


@dataclass(frozen=True, kw_only=True)
class ReinforcePP:
    """Hyper-parameters of REINFORCE++: `ReinforcePP(baseline="group", kl_coef=0.01)`."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    """β of the penalty in the reward, log π − log π_ref of the sampler at each token; 0 needs no reference."""
    baseline: Baseline = "none"
    """"group" subtracts the mean reward of the group first (REINFORCE++-baseline)."""
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""

    def __post_init__(self) -> None:
        check_clipped(self, kl_coef=self.kl_coef)
        require_choice("baseline", self.baseline, Baseline)

    @property
    def min_group_size(self) -> int:
        """Two where the group is the baseline."""
        return 2 if self.baseline == "group" else 1

    @property
    def allows_dynamic_sampling(self) -> bool:
        """Whether groups of equal rewards have no gradient: they do, for advantages are normalised over the batch."""
        return False

    @property
    def needs(self) -> frozenset[Need]:
        """The anchor of the KL penalty, if there is one."""
        return frozenset({"reference_logprobs"} if self.kl_coef else ())

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token what is still to come, normalised over the sampled tokens of the batch."""
        rewards_BT = token_rewards(batch.rewards_B, batch.loss_mask_BT, batch.turn_rewards_BT)
        if self.baseline == "group":
            centered_B = group_relative_advantages(batch.rewards_B, batch.group_ids_B, scale_by_std=False)
            rewards_BT = token_rewards(centered_B, batch.loss_mask_BT, None)
        if self.kl_coef:
            rewards_BT = rewards_BT + kl_penalties(
                batch.behavior_logprobs_BT, reference_of(batch), batch.loss_mask_BT, kl_coef=self.kl_coef
            )
        return replace(batch, advantages_BT=whiten(returns_to_go(rewards_BT), batch.loss_mask_BT))

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage."""
        return rows_with_advantage(batch, self)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch."""
        return clipped_loss(outputs, batch, self)
