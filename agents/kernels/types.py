"""The nouns that implementations of `token_logprobs` share.

Every implementation works on a part of the vocabulary at a time: `Statistics` of its logits on the way forward, and a
tile of the gradient of the logits, made from `RowState`, on the way back. The loss is known to neither.
N tokens, V vocabulary; everything per row is at least fp32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

__all__ = ["LogitOptions", "RowState", "Statistics"]


@dataclass(frozen=True)
class LogitOptions:
    """How products become logits: z = softcap(logit_scale · (h Wᵀ + b)) / temperature, softcap(x) = c·tanh(x/c)."""

    temperature: float = 1.0
    softcap: float | None = None
    logit_scale: float = 1.0


class Statistics(NamedTuple):
    """Of each row's logits z over a part of the vocabulary, [N] each."""

    maximum_N: Tensor
    sum_N: Tensor
    """Σ e^{z − max} over the support."""
    weighted_sum_N: Tensor
    """Σ (z − max)·e^{z − max} over the support: the entropy is log(sum) − weighted_sum/sum."""
    target_N: Tensor
    """z of the target; −inf where the target lies in another part."""


class RowState(NamedTuple):
    """What the gradient of a row's logits is made of, [N] each.

    dL/dz = −p·(g + g_H·(log p + H)) + g·1[target], with p = e^{z − normalizer} on the support and 0 elsewhere.
    """

    normalizer_N: Tensor
    """log Σ e^z over the whole vocabulary's support."""
    gradient_N: Tensor
    """g = dL/dlogprob."""
    entropy_N: Tensor | None = None
    entropy_gradient_N: Tensor | None = None
    """g_H = dL/dentropy; given together with `entropy_N`, or neither."""
    threshold_N: Tensor | None = None
    """Tokens with z below it are outside the support, save the target; None where every token belongs to it."""
