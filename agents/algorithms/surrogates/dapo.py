"""DAPO (arXiv 2503.14476): its loss; what else it does is set beside the algorithm, see `dapo`."""

from __future__ import annotations

from agents.algorithms.grpo import GRPO

__all__ = ["dapo"]


def dapo(clip_low: float = 0.2, clip_high: float = 0.28) -> GRPO:
    """Return GRPO with a higher upper bound and the mean over all tokens of the batch (Eq. 8).

    Its dynamic sampling (Sec. 3.2) is `RLConfig.max_extra_collections`, its overlong filtering (Sec. 3.4)
    `RLConfig.mask_truncated`, its soft punishment (Eq. 13) the reward `soft_overlong`.
    """
    return GRPO(clip_low=clip_low, clip_high=clip_high, reduction="token_mean")
