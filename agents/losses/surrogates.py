"""Surrogate objectives of policy gradients: what is maximised at each token, as pure functions.

ρ_t = π(token t) / μ(token t) is the ratio to the policy that sampled, A_t the advantage, sg stops the gradient. Where
advantages are already weighed by π_old/μ, ρ_t is the ratio to π_old; what is written with μ itself stays as it is.
B rows, T token positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

__all__ = [
    "Surrogate",
    "SurrogateFunction",
    "TokenRatios",
    "cispo_surrogate",
    "clipped_surrogate",
    "gmpo_surrogate",
    "gspo_surrogate",
    "off_policy_masked",
    "ratio_clip_surrogate",
    "sapo_surrogate",
    "tv_mask_surrogate",
]

_MAX_LOG_RATIO = 20.0
"""A ratio beyond e^20 only says that the policies differ; without a bound it overflows, and inf · 0 is NaN."""


class TokenRatios(NamedTuple):
    """The tokens of a microbatch under two policies."""

    logprobs_BT: Tensor
    """log π, with gradient; 0 outside the mask."""
    sampler_logprobs_BT: Tensor
    """log μ; 0 outside the mask."""
    log_ratio_BT: Tensor
    """log ρ, at most 20; 0 outside the mask."""
    mask_BT: Tensor

    @classmethod
    def of(
        cls,
        logprobs_BT: Tensor,
        behavior_logprobs_BT: Tensor,
        mask_BT: Tensor,
        sampler_logprobs_BT: Tensor | None = None,
    ) -> TokenRatios:
        """Mask the log-probabilities and bound the difference of the first two.

        Args:
            logprobs_BT: log π.
            behavior_logprobs_BT: of the policy that ρ is taken to.
            mask_BT: 1 on sampled tokens.
            sampler_logprobs_BT: log μ; None is `behavior_logprobs_BT`.
        """
        sampler_BT = behavior_logprobs_BT if sampler_logprobs_BT is None else sampler_logprobs_BT
        return cls(
            logprobs_BT * mask_BT,
            sampler_BT * mask_BT,
            _bounded((logprobs_BT - behavior_logprobs_BT) * mask_BT),
            mask_BT,
        )

    def sampler_ratio(self) -> Tensor:
        """Return π/μ, [B, T], which is ρ unless advantages are already weighed; 1 outside the mask."""
        return _bounded(self.logprobs_BT - self.sampler_logprobs_BT).exp()

    def mean_over_rows(self, values_BT: Tensor) -> Tensor:
        """Return the mean over the sampled tokens of each row, [B, 1]; 0 in a row without any."""
        return (values_BT * self.mask_BT).sum(1, keepdim=True) / self.mask_BT.sum(1, keepdim=True).clamp(min=1)


class Surrogate(NamedTuple):
    """What a surrogate says of each token."""

    objective_BT: Tensor
    """To maximise."""
    is_clipped_BT: Tensor
    """Bool: the ratio is beyond the bound that its advantage is held at."""


SurrogateFunction: TypeAlias = Callable[[TokenRatios, Tensor], Surrogate]
"""(ratios, advantages [B, T]) → surrogate."""


def clipped_surrogate(ratio_BT: Tensor, advantages_BT: Tensor, *, clip_low: float, clip_high: float) -> Tensor:
    """Return min(ρA, clip(ρ, 1 − ε_low, 1 + ε_high)A), to maximise (Eq. 7, arXiv 1707.06347; ε_high: 2503.14476)."""
    clipped_BT = ratio_BT.clamp(1 - clip_low, 1 + clip_high)
    return torch.minimum(ratio_BT * advantages_BT, clipped_BT * advantages_BT)


def ratio_clip_surrogate(
    ratios: TokenRatios, advantages_BT: Tensor, *, clip_low: float, clip_high: float, max_ratio: float | None = None
) -> Surrogate:
    """Return `clipped_surrogate` of the tokens' ratios, and with `max_ratio` that of min(ρ, δ).

    The upper bound δ > 1 + ε_high acts where A < 0, which nothing else bounds there (two-sided clipping, Sec. 3.4,
    arXiv 2505.07291).
    """
    ratio_BT = ratios.log_ratio_BT.exp()
    bounded_BT = ratio_BT if max_ratio is None else ratio_BT.clamp(max=max_ratio)
    objective_BT = clipped_surrogate(bounded_BT, advantages_BT, clip_low=clip_low, clip_high=clip_high)
    is_clipped_BT = _is_beyond(ratio_BT, advantages_BT, 1 - clip_low, 1 + clip_high)
    if max_ratio is not None:
        is_clipped_BT = is_clipped_BT | ((ratio_BT > max_ratio) & (advantages_BT < 0))
    return Surrogate(objective_BT, is_clipped_BT)


def gspo_surrogate(ratios: TokenRatios, advantages_BT: Tensor, *, clip_low: float, clip_high: float) -> Surrogate:
    """Return min(sA, clip(s, 1 − ε_low, 1 + ε_high)A) with one ratio a response (Eq. 5 and 7, arXiv 2507.18071).

    s = (π(o) / μ(o))^{1/|o|} = exp(1/|o| Σ_t log ρ_t). It stands at every token: averaged over a row, it is the
    paper's objective. A sum over tokens would multiply it by the length.
    """
    log_s_B1 = ratios.mean_over_rows(ratios.log_ratio_BT)
    s_BT = log_s_B1.exp().expand_as(advantages_BT)
    return Surrogate(
        clipped_surrogate(s_BT, advantages_BT, clip_low=clip_low, clip_high=clip_high),
        _is_beyond(s_BT, advantages_BT, 1 - clip_low, 1 + clip_high),
    )


def gmpo_surrogate(ratios: TokenRatios, advantages_BT: Tensor, *, clip_low: float, clip_high: float) -> Surrogate:
    """Return A · (Π_t ρ̄_t)^{1/|o|}, the geometric mean of clipped ratios (Eq. 4, arXiv 2507.20673).

    log ρ̄ = min(log ρ, ε_high) where A > 0 and max(log ρ, −ε_low) where A < 0: both bounds are of the logarithm. It
    stands at every token, as in `gspo_surrogate`. The sign of A is that of its sum over a row, which has one in the
    paper: a token that is weighed by 0 stays in the mean as it is.
    """
    log_ratio_BT = ratios.log_ratio_BT
    is_positive_BT = (advantages_BT.sum(1, keepdim=True) > 0).expand_as(advantages_BT)
    bounded_BT = torch.where(is_positive_BT, log_ratio_BT.clamp(max=clip_high), log_ratio_BT.clamp(min=-clip_low))
    is_beyond_BT = torch.where(is_positive_BT, log_ratio_BT > clip_high, log_ratio_BT < -clip_low)
    objective_BT = ratios.mean_over_rows(bounded_BT).exp() * advantages_BT
    return Surrogate(objective_BT, is_beyond_BT & (advantages_BT != 0))


def cispo_surrogate(ratios: TokenRatios, advantages_BT: Tensor, *, min_ratio: float, max_ratio: float) -> Surrogate:
    """Return sg(clip(ρ, ρ_min, ρ_max)) · A · log π: the weight is bounded, no token loses its gradient.

    Eq. 4 and 5 of arXiv 2506.13585, whose bounds are 1 − ε_low and 1 + ε_high; arXiv 2510.13786 has ρ_max alone.
    """
    ratio_BT = ratios.log_ratio_BT.detach().exp()
    objective_BT = ratio_BT.clamp(min_ratio, max_ratio) * advantages_BT * ratios.logprobs_BT
    is_beyond_BT = ((ratio_BT > max_ratio) | (ratio_BT < min_ratio)) & (advantages_BT != 0)
    return Surrogate(objective_BT, is_beyond_BT)


def sapo_surrogate(
    ratios: TokenRatios, advantages_BT: Tensor, *, temperature_positive: float, temperature_negative: float
) -> Surrogate:
    """Return (4/τ) · σ(τ(ρ − 1)) · A: a soft gate instead of a clip (Eq. 6, arXiv 2511.20347).

    τ is `temperature_positive` where A > 0, else `temperature_negative`. At ρ = 1 its gradient is that of ρA. Nothing
    is clipped.
    """
    temperature_BT = torch.full_like(advantages_BT, temperature_negative)
    temperature_BT = temperature_BT.masked_fill(advantages_BT > 0, temperature_positive)
    gate_BT = torch.sigmoid(temperature_BT * (ratios.log_ratio_BT.exp() - 1)) * 4 / temperature_BT
    return Surrogate(gate_BT * advantages_BT, torch.zeros_like(advantages_BT, dtype=torch.bool))


def tv_mask_surrogate(ratios: TokenRatios, advantages_BT: Tensor, *, threshold: float) -> Surrogate:
    """Return ρA, and 0 at tokens whose probability has moved too far the way that A pushes it (arXiv 2602.04879).

    Too far is p − μ > δ where A > 0 and μ − p > δ where A < 0, in probabilities of the sampled token: the total
    variation of "this token or another". A ratio would cut rare tokens first, however little their probability moved.
    """
    ratio_BT = ratios.log_ratio_BT.exp()
    moved_BT = (ratios.logprobs_BT.detach().exp() - ratios.sampler_logprobs_BT.exp()) * advantages_BT.sign()
    is_beyond_BT = moved_BT > threshold
    return Surrogate(torch.where(is_beyond_BT, 0.0, ratio_BT * advantages_BT), is_beyond_BT)


def off_policy_masked(surrogate: SurrogateFunction, *, max_sequence_kl: float) -> SurrogateFunction:
    """Return a surrogate without what a row that is no longer likely says of A < 0 (OPSM, Eq. 9, arXiv 2512.02556).

    Tokens with A < 0 are left out of rows whose mean of log μ − log π is above `max_sequence_kl`: to push further down
    what the policy would hardly sample itself is what destabilises it. Rows that are praised stay.
    """

    def masked(ratios: TokenRatios, advantages_BT: Tensor) -> Surrogate:
        objective_BT, is_clipped_BT = surrogate(ratios, advantages_BT)
        kl_B1 = ratios.mean_over_rows((ratios.sampler_logprobs_BT - ratios.logprobs_BT).detach())
        is_dropped_BT = (advantages_BT < 0) & (kl_B1 > max_sequence_kl)
        return Surrogate(torch.where(is_dropped_BT, 0.0, objective_BT), is_clipped_BT | is_dropped_BT)

    return masked


def _bounded(log_ratio_BT: Tensor) -> Tensor:
    return log_ratio_BT.clamp(max=_MAX_LOG_RATIO)


def _is_beyond(ratio_BT: Tensor, advantages_BT: Tensor, low: float, high: float) -> Tensor:
    return ((ratio_BT > high) & (advantages_BT > 0)) | ((ratio_BT < low) & (advantages_BT < 0))
