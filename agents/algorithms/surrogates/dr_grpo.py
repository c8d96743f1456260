"""Dr. GRPO (arXiv 2503.20783): GRPO without its two biases."""

from __future__ import annotations

from agents.algorithms.grpo import GRPO

__all__ = ["dr_grpo"]


def dr_grpo(max_tokens: int = 1024) -> GRPO:
    """Return GRPO with A = r − mean_g r, and a sum over tokens divided by a constant (Eq. 2 and Sec. 3.2).

    Neither are easy and hard questions weighted up by a small standard deviation, nor long wrong answers down by their
    length.

    Args:
        max_tokens: the constant, the longest response: `RolloutConfig.max_new_tokens`, whose default this is.
    """
    return GRPO(scale="none", reduction="constant_length_mean", max_tokens=max_tokens)
