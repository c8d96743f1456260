"""The optimal token baseline (arXiv 2602.07078): at each token the group's returns, weighed by gathered uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from agents.advantages import optimal_token_advantages, token_rewards
from agents.algorithms.base import Need, require_filled
from agents.algorithms.clipped import check_clipped, clipped_loss, rows_with_advantage
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["OTB"]


@dataclass(frozen=True, kw_only=True)
class OTB:
    """Hyper-parameters of the optimal token baseline: `OTB(clip_high=0.28)`.

    A = G − Σ W·G / Σ W over the group, with W the sum of ‖∂ log π/∂z‖² = 1 − 2π + Σ_v π(v)² over the tokens so far.
    """

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
        """The policy's probabilities before the update, and the anchor of the KL penalty, if there is one."""
        reference: tuple[Need, ...] = ("reference_logprobs",) if self.kl_coef else ()
        return frozenset({"old_logprobs", "old_other_squares", *reference})

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token what is still to come, less the baseline of its place in the group."""
        advantages_BT = optimal_token_advantages(
            token_rewards(batch.rewards_B, batch.loss_mask_BT, batch.turn_rewards_BT),
            _score_norms(batch),
            batch.loss_mask_BT,
            batch.group_ids_B,
            rewards_B=batch.rewards_B,
        )
        return replace(batch, advantages_BT=advantages_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows with an advantage, or all of them under a KL penalty."""
        return rows_with_advantage(batch, self, kl_coef=self.kl_coef)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch."""
        return clipped_loss(outputs, batch, self, kl_coef=self.kl_coef)


def _score_norms(batch: TokenBatch) -> Tensor:
    """Return ‖∂ log π/∂z‖² = (1 − π)² + Σ_{v ≠ token} π(v)², [B, T]: no digit of 1 − π is lost."""
    filled_by = "Learner.fill_no_grad_fields(batch, ...)"
    logprobs_BT = require_filled(batch.old_logprobs_BT, "batch.old_logprobs_BT", filled_by)
    squares_BT = require_filled(batch.old_other_squares_BT, "batch.old_other_squares_BT", filled_by)
    return logprobs_BT.expm1().square() + squares_BT
