"""Per-token estimators of KL(π ‖ π_ref) from samples of π (Schulman, "Approximating KL divergence", 2020).

With Δ = log π − log π_ref: k1 = Δ, k2 = Δ²/2, k3 = e^{−Δ} − 1 + Δ. k1 and k3 are unbiased as values, k3 and k2 are
never negative. As a *loss*, k3's gradient is not that of the KL but is what GRPO prints (Eq. 4, arXiv 2402.03300).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

__all__ = ["KLEstimator", "kl_k1", "kl_k2", "kl_k3"]

KLEstimator: TypeAlias = Literal["k3", "unbiased"]
"""How a loss penalises the KL: k3 as it is, or times the ratio of current to behaviour policy."""


def kl_k1(logprobs_BT: Tensor, reference_logprobs_BT: Tensor) -> Tensor:
    """Return log π − log π_ref, in (−∞, ∞)."""
    return logprobs_BT - reference_logprobs_BT


def kl_k2(logprobs_BT: Tensor, reference_logprobs_BT: Tensor) -> Tensor:
    """Return (log π − log π_ref)² / 2, at least 0."""
    return (logprobs_BT - reference_logprobs_BT).square() / 2


def kl_k3(logprobs_BT: Tensor, reference_logprobs_BT: Tensor) -> Tensor:
    """Return π_ref/π − 1 − log(π_ref/π), at least 0; `expm1` keeps small differences exact."""
    log_ratio_BT = reference_logprobs_BT - logprobs_BT
    return torch.expm1(log_ratio_BT) - log_ratio_BT
