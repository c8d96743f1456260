"""Clipped policy-gradient losses.

B rows, T token positions. Every [B, T] tensor must be finite everywhere; `loss_mask_BT` is 1 on sampled tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.losses.kl import kl_k3
from agents.losses.reduction import Reduction, token_mean, totals_of
from agents.losses.value import clipped_value_loss
from agents.types import LossOutput, Totals, require_equal_shapes

__all__ = ["clipped_surrogate", "grpo_loss", "ppo_loss"]

_MAX_LOG_RATIO = 20.0
"""A ratio beyond e^20 only says that the policies differ; without a bound it overflows, and inf · 0 is NaN."""


def clipped_surrogate(ratio_BT: Tensor, advantages_BT: Tensor, *, clip_low: float, clip_high: float) -> Tensor:
    """Return min(ρA, clip(ρ, 1 − ε_low, 1 + ε_high)A), to maximise (Eq. 7, arXiv 1707.06347; ε_high: 2503.14476)."""
    clipped_BT = ratio_BT.clamp(1 - clip_low, 1 + clip_high)
    return torch.minimum(ratio_BT * advantages_BT, clipped_BT * advantages_BT)


def grpo_loss(
    logprobs_BT: Tensor,
    behavior_logprobs_BT: Tensor,
    advantages_BT: Tensor,
    loss_mask_BT: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    reduction: Reduction,
    reference_logprobs_BT: Tensor | None = None,
    kl_coef: float = 0.0,
    totals: Totals | None = None,
) -> LossOutput:
    """Reduce −[ min(ρA, clip(ρ, 1 − ε_low, 1 + ε_high)A) − β k3 ] (Eq. 3, arXiv 2402.03300).

    Args:
        logprobs_BT: log π of the current policy, with gradient, fp32.
        behavior_logprobs_BT: log-probabilities recorded when the tokens were sampled.
        advantages_BT: per-token advantages (GRPO repeats one number along a row).
        loss_mask_BT: 1 on sampled tokens.
        clip_low, clip_high: ε of the two sides, at least 0 (1 − clip_low may be negative: no lower bound).
        reduction: one of `agents.losses.reduction`.
        reference_logprobs_BT: of the frozen KL anchor; needed when kl_coef is not 0.
        kl_coef: β.
        totals: of the whole minibatch; by default these rows are all of it.

    Returns:
        The loss, and token means `clip_share`, `kl_behavior` (k3 between behaviour and current policy) and, with a
        reference, `kl_reference`.

    Raises:
        ValueError: tensors of different shapes, or kl_coef without a reference.

    Differs from Eq. 1 of arXiv 2501.12948 (R1), which prints ρ per sequence: as in DeepSeekMath, ρ is per token.
    """
    require_equal_shapes(
        logprobs_BT=logprobs_BT,
        behavior_logprobs_BT=behavior_logprobs_BT,
        advantages_BT=advantages_BT,
        loss_mask_BT=loss_mask_BT,
        reference_logprobs_BT=reference_logprobs_BT,
    )
    totals = totals or totals_of(loss_mask_BT)
    log_ratio_BT = ((logprobs_BT - behavior_logprobs_BT) * loss_mask_BT).clamp(max=_MAX_LOG_RATIO)
    ratio_BT = log_ratio_BT.exp()
    loss_BT = -clipped_surrogate(ratio_BT, advantages_BT, clip_low=clip_low, clip_high=clip_high)
    metrics = _ratio_metrics(log_ratio_BT.detach(), advantages_BT, loss_mask_BT, (1 - clip_low, 1 + clip_high), totals)
    if reference_logprobs_BT is not None:
        kl_BT = kl_k3(logprobs_BT * loss_mask_BT, reference_logprobs_BT * loss_mask_BT)
        metrics["kl_reference"] = token_mean(kl_BT.detach(), loss_mask_BT, totals)
        loss_BT = loss_BT + kl_coef * kl_BT if kl_coef else loss_BT
    elif kl_coef:
        raise ValueError(f"kl_coef={kl_coef} needs reference_logprobs_BT, the log-probabilities of the frozen anchor.")
    return LossOutput(loss=reduction(loss_BT, loss_mask_BT, totals), metrics=metrics)


def ppo_loss(
    logprobs_BT: Tensor,
    behavior_logprobs_BT: Tensor,
    advantages_BT: Tensor,
    loss_mask_BT: Tensor,
    values_BT: Tensor,
    behavior_values_BT: Tensor,
    returns_BT: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    value_clip: float,
    value_coef: float,
    reduction: Reduction,
    reference_logprobs_BT: Tensor | None = None,
    kl_coef: float = 0.0,
    totals: Totals | None = None,
) -> LossOutput:
    """Add c_v · `clipped_value_loss` to `grpo_loss` on GAE advantages (Eq. 9, arXiv 1707.06347).

    Arguments are those of `grpo_loss` and of `clipped_value_loss` (`value_clip` is its `clip`); `value_coef` is c_v, at
    least 0. The metrics are those of `grpo_loss` and `value_loss`.
    """
    require_equal_shapes(loss_mask_BT=loss_mask_BT, values_BT=values_BT)
    totals = totals or totals_of(loss_mask_BT)
    policy = grpo_loss(
        logprobs_BT,
        behavior_logprobs_BT,
        advantages_BT,
        loss_mask_BT,
        clip_low=clip_low,
        clip_high=clip_high,
        reduction=reduction,
        reference_logprobs_BT=reference_logprobs_BT,
        kl_coef=kl_coef,
        totals=totals,
    )
    value_loss_BT = clipped_value_loss(values_BT, behavior_values_BT, returns_BT, clip=value_clip)
    return LossOutput(
        loss=policy.loss + value_coef * reduction(value_loss_BT, loss_mask_BT, totals),
        metrics={**policy.metrics, "value_loss": token_mean(value_loss_BT.detach(), loss_mask_BT, totals)},
    )


def _ratio_metrics(
    log_ratio_BT: Tensor, advantages_BT: Tensor, loss_mask_BT: Tensor, bounds: tuple[float, float], totals: Totals
) -> dict[str, Tensor]:
    (low, high), ratio_BT = bounds, log_ratio_BT.exp()
    is_clipped_BT = ((ratio_BT > high) & (advantages_BT > 0)) | ((ratio_BT < low) & (advantages_BT < 0))
    return {
        "clip_share": token_mean(is_clipped_BT.to(ratio_BT.dtype), loss_mask_BT, totals),
        "kl_behavior": token_mean(torch.expm1(log_ratio_BT) - log_ratio_BT, loss_mask_BT, totals),
    }
