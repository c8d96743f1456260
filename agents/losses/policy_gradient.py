"""Policy-gradient losses: a surrogate objective, a penalty towards a reference, a bonus for entropy, and a reduction.

B rows, T token positions. Every [B, T] tensor must be finite everywhere; `loss_mask_BT` is 1 on sampled tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from agents.losses.kl import KLEstimator, kl_k3
from agents.losses.reduction import Reduction, token_mean, totals_of
from agents.losses.surrogates import SurrogateFunction, TokenRatios, ratio_clip_surrogate
from agents.losses.value import clipped_value_loss
from agents.types import LossOutput, Totals, require_equal_shapes

__all__ = ["Penalties", "grpo_loss", "policy_loss", "ppo_loss"]


@dataclass(frozen=True, kw_only=True)
class Penalties:
    """What is added to a surrogate, β · KL − c · H: KL is reduced with it, H is a mean over all sampled tokens."""

    reference_logprobs_BT: Tensor | None = None
    """Of the frozen anchor of the KL; needed when kl_coef is not 0."""
    kl_coef: float = 0.0
    """β."""
    kl_estimator: KLEstimator = "k3"
    """"k3" is that of GRPO (Eq. 4, arXiv 2402.03300); "unbiased" multiplies it by π/μ, so that value and gradient are
    those of the current policy's KL though another one, μ, sampled (Eq. 7, arXiv 2512.02556)."""
    entropy_BT: Tensor | None = None
    """H of the current policy over the vocabulary, with gradient; needed when entropy_coef is not 0."""
    entropy_coef: float = 0.0
    """c; whatever the reduction, it weighs the same mean."""

    def __post_init__(self) -> None:
        if self.kl_coef and self.reference_logprobs_BT is None:
            raise ValueError(
                f"kl_coef={self.kl_coef} needs reference_logprobs_BT, the log-probabilities of the frozen anchor."
            )
        if self.entropy_coef and self.entropy_BT is None:
            raise ValueError(
                f"entropy_coef={self.entropy_coef} needs entropy_BT, that of the current policy with gradient."
            )


def policy_loss(
    surrogate: SurrogateFunction,
    logprobs_BT: Tensor,
    behavior_logprobs_BT: Tensor,
    advantages_BT: Tensor,
    loss_mask_BT: Tensor,
    *,
    reduction: Reduction,
    sampler_logprobs_BT: Tensor | None = None,
    token_weights_BT: Tensor | None = None,
    penalties: Penalties | None = None,
    totals: Totals | None = None,
) -> LossOutput:
    """Reduce −w · surrogate + β · KL, and take off c times the mean entropy.

    Args:
        surrogate: one of `agents.losses.surrogates`, with its bounds.
        logprobs_BT: log π of the current policy, with gradient, fp32.
        behavior_logprobs_BT: of the policy that the ratio is taken to, as a rule the one that sampled.
        advantages_BT: per-token advantages.
        loss_mask_BT: 1 on sampled tokens.
        reduction: one of `agents.losses.reduction`.
        sampler_logprobs_BT: log μ, recorded when the tokens were sampled; None is `behavior_logprobs_BT`.
        token_weights_BT: w, factors without gradient; None is 1. They weigh neither KL nor entropy.
        penalties: KL and entropy; None is neither.
        totals: of the whole minibatch; by default these rows are all of it.

    Returns:
        The loss, and token means `clip_share`, `kl_behavior` (k3 between behaviour and current policy), with a
        reference `kl_reference` (k3), and with an entropy `entropy`.

    Raises:
        ValueError: tensors of different shapes.
    """
    penalties = penalties or Penalties()
    require_equal_shapes(
        logprobs_BT=logprobs_BT,
        behavior_logprobs_BT=behavior_logprobs_BT,
        advantages_BT=advantages_BT,
        loss_mask_BT=loss_mask_BT,
        sampler_logprobs_BT=sampler_logprobs_BT,
        token_weights_BT=token_weights_BT,
        reference_logprobs_BT=penalties.reference_logprobs_BT,
        entropy_BT=penalties.entropy_BT,
    )
    totals = totals or totals_of(loss_mask_BT)
    ratios = TokenRatios.of(logprobs_BT, behavior_logprobs_BT, loss_mask_BT, sampler_logprobs_BT)
    objective_BT, is_clipped_BT = surrogate(ratios, advantages_BT)
    loss_BT, values = _penalised(objective_BT, token_weights_BT, ratios, penalties)
    values["clip_share"] = is_clipped_BT.to(logprobs_BT.dtype)
    values["kl_behavior"] = torch.expm1(ratios.log_ratio_BT) - ratios.log_ratio_BT
    means = {name: token_mean(value_BT, loss_mask_BT, totals) for name, value_BT in values.items()}
    loss = reduction(loss_BT, loss_mask_BT, totals)
    if penalties.entropy_coef:
        loss = loss - penalties.entropy_coef * means["entropy"]
    return LossOutput(loss=loss, metrics={name: mean.detach() for name, mean in means.items()})


def _penalised(
    objective_BT: Tensor, token_weights_BT: Tensor | None, ratios: TokenRatios, penalties: Penalties
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of each token without the entropy, and the penalties themselves."""
    loss_BT = -objective_BT if token_weights_BT is None else -objective_BT * token_weights_BT
    values: dict[str, Tensor] = {}
    if penalties.reference_logprobs_BT is not None:
        values["kl_reference"] = kl_BT = kl_k3(ratios.logprobs_BT, penalties.reference_logprobs_BT * ratios.mask_BT)
        if penalties.kl_coef:
            weight_BT = ratios.sampler_ratio() if penalties.kl_estimator == "unbiased" else 1.0
            loss_BT = loss_BT + penalties.kl_coef * kl_BT * weight_BT
    if penalties.entropy_BT is not None:
        values["entropy"] = penalties.entropy_BT
    return loss_BT, values


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
    return policy_loss(
        partial(ratio_clip_surrogate, clip_low=clip_low, clip_high=clip_high),
        logprobs_BT,
        behavior_logprobs_BT,
        advantages_BT,
        loss_mask_BT,
        reduction=reduction,
        penalties=Penalties(reference_logprobs_BT=reference_logprobs_BT, kl_coef=kl_coef),
        totals=totals,
    )


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
    token_weights_BT: Tensor | None = None,
    reference_logprobs_BT: Tensor | None = None,
    kl_coef: float = 0.0,
    totals: Totals | None = None,
) -> LossOutput:
    """Add c_v · `clipped_value_loss` to `grpo_loss` on GAE advantages (Eq. 9, arXiv 1707.06347).

    Arguments are those of `grpo_loss` and of `clipped_value_loss` (`value_clip` is its `clip`); `value_coef` is c_v, at
    least 0, and `token_weights_BT` are factors on the policy's part. The metrics are those of `grpo_loss` and
    `value_loss`.
    """
    require_equal_shapes(loss_mask_BT=loss_mask_BT, values_BT=values_BT)
    totals = totals or totals_of(loss_mask_BT)
    policy = policy_loss(
        partial(ratio_clip_surrogate, clip_low=clip_low, clip_high=clip_high),
        logprobs_BT,
        behavior_logprobs_BT,
        advantages_BT,
        loss_mask_BT,
        reduction=reduction,
        token_weights_BT=token_weights_BT,
        penalties=Penalties(reference_logprobs_BT=reference_logprobs_BT, kl_coef=kl_coef),
        totals=totals,
    )
    value_loss_BT = clipped_value_loss(values_BT, behavior_values_BT, returns_BT, clip=value_clip)
    return LossOutput(
        loss=policy.loss + value_coef * reduction(value_loss_BT, loss_mask_BT, totals),
        metrics={**policy.metrics, "value_loss": token_mean(value_loss_BT.detach(), loss_mask_BT, totals)},
    )
