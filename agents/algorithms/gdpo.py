"""Group reward-Decoupled Policy Optimization (arXiv 2601.05242): each component of the reward is normalised by itself.

Summed first, a component of wide spread would drown the others, and different mixtures of one total would be equal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from agents.advantages import decoupled_advantages
from agents.algorithms.base import Need
from agents.algorithms.clipped import check_clipped, clipped_loss, rows_with_advantage
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["GDPO"]


@dataclass(frozen=True, kw_only=True)
class GDPO:
    """Hyper-parameters of GDPO: `GDPO(kl_coef=0.001)`. The weights of the components are those of the reward."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    kl_coef: float = 0.0
    """β of the k3 penalty towards the reference policy; 0 needs no reference."""
    reduction: ReductionName = "sequence_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""
    min_group_size: ClassVar[int] = 2
    allows_dynamic_sampling: ClassVar[bool] = False
    """Rows of one total may differ in their components, so that a group of equal rewards has a gradient."""

    def __post_init__(self) -> None:
        check_clipped(self, kl_coef=self.kl_coef)

    @property
    def needs(self) -> frozenset[Need]:
        """The anchor of the KL penalty, if there is one."""
        return frozenset({"reference_logprobs"} if self.kl_coef else ())

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token of a row the row's weighted sum of normalised components."""
        advantages_B = decoupled_advantages(batch.reward_components, batch.reward_weights, batch.group_ids_B)
        return replace(batch, advantages_BT=advantages_B[:, None] * batch.loss_mask_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage, or all of them under a KL penalty."""
        return rows_with_advantage(batch, self, kl_coef=self.kl_coef)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch."""
        return clipped_loss(outputs, batch, self, kl_coef=self.kl_coef)
