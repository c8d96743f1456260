"""Choosing one token per row from logits: greedily, or by a given uniform number.

A token depends on its own row alone, never on the other rows of the batch, so a scheduler may move rows around.
Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["choose_greedily", "sample_tokens"]


def choose_greedily(logits_RV: Tensor) -> tuple[Tensor, Tensor]:
    """Return the most likely token of each row, and its log-probability at temperature 1.

    Returns:
        tokens_R1 (int64) and logprobs_R1 (float32).
    """
    tokens_R1 = logits_RV.argmax(dim=-1, keepdim=True)
    return tokens_R1, logits_RV.float().softmax(dim=-1).gather(1, tokens_R1).log_()


def sample_tokens(
    logits_RV: Tensor, uniforms_R1: Tensor, *, temperature: float, top_p: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Sample one token per row from softmax(logits / temperature), restricted to the nucleus of mass `top_p`.

    token = min{v : Σ_{w ≤ v} p_w > u · Σ_w p_w}. For top_p < 1 the p are sorted in descending order and cut after the
    first prefix whose mass reaches top_p (arXiv 1904.09751). The sums run in float64: in float32 a vocabulary of 10⁵
    tokens rounds rare tokens away.

    Args:
        logits_RV: of any floating dtype; computed on in float32.
        uniforms_R1: float64 in [0, 1).
        temperature: > 0.
        top_p: in (0, 1].

    Returns:
        tokens_R1 (int64), and logprobs_R1 (float32) after temperature and before truncation.
    """
    logits_RV = logits_RV.float()
    probabilities_RV = (logits_RV if temperature == 1.0 else logits_RV / temperature).softmax(dim=-1)
    if top_p == 1.0:
        tokens_R1 = _invert(probabilities_RV.cumsum(dim=-1, dtype=torch.float64), uniforms_R1)
    else:
        sorted_RV, order_RV = probabilities_RV.sort(dim=-1, descending=True, stable=True)
        cumulative_RV = sorted_RV.cumsum(dim=-1, dtype=torch.float64)
        outside_RV = cumulative_RV - sorted_RV >= top_p
        inside_RV = sorted_RV.masked_fill(outside_RV, 0.0).cumsum(dim=-1, dtype=torch.float64)
        tokens_R1 = order_RV.gather(1, _invert(inside_RV, uniforms_R1))
    return tokens_R1, probabilities_RV.gather(1, tokens_R1).log_()


def _invert(cumulative_RV: Tensor, uniforms_R1: Tensor) -> Tensor:
    """Return the first index whose cumulative mass exceeds the uniform share of the total.

    The clamp keeps rows of NaN inside the vocabulary, so that the caller can report them.
    """
    thresholds_R1 = uniforms_R1 * cumulative_RV[:, -1:]
    indices_R1 = torch.searchsorted(cumulative_RV, thresholds_R1, right=True)
    return indices_R1.clamp_(max=cumulative_RV.shape[1] - 1)
