"""On-policy distillation: the teacher grades every token that the student sampled (arXiv 2306.13649, 2306.08543).

The advantage of a token is the negative of its part of the reverse KL, log π_T − log π, undiscounted and without what
comes later; no reward of the environment takes part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from agents.algorithms.base import Need, require_filled
from agents.algorithms.clipped import check_clipped, clipped_loss, rows_with_advantage
from agents.losses import token_mean
from agents.losses.reduction import ReductionName
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["Distillation"]


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Hyper-parameters of on-policy distillation: `Distillation(clip_high=0.28)`; the teacher is `RLConfig.teacher`."""

    clip_low: float = 0.2
    clip_high: float = 0.2
    reduction: ReductionName = "token_mean"
    max_tokens: int | None = None
    """The constant of `constant_length_mean`."""

    def __post_init__(self) -> None:
        check_clipped(self)

    @property
    def needs(self) -> frozenset[Need]:
        """The teacher's log-probabilities."""
        return frozenset({"teacher_logprobs"})

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token log π_T − log π, with π the policy that sampled it."""
        return replace(batch, advantages_BT=_likelier(batch))

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return rows in which teacher and student differ."""
        return rows_with_advantage(batch, self)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the clipped loss of a microbatch, and the mean of log π − log π_T as `kl_teacher`."""
        result = clipped_loss(outputs, batch, self)
        kl_teacher = -token_mean(_likelier(batch), batch.loss_mask_BT, batch.totals)
        return replace(result, metrics={**result.metrics, "kl_teacher": kl_teacher})


def _likelier(batch: TokenBatch) -> Tensor:
    """Return log π_T − log μ of the sampled tokens, with μ the policy that sampled them."""
    filled_by = "Learner.fill_no_grad_fields(batch, ...)"
    teacher_BT = require_filled(batch.teacher_logprobs_BT, "batch.teacher_logprobs_BT", filled_by)
    sampler_BT = batch.behavior_logprobs_BT if batch.sampler_logprobs_BT is None else batch.sampler_logprobs_BT
    return (teacher_BT - sampler_BT) * batch.loss_mask_BT
