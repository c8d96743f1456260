"""The numbers of huggingface/trl, `trl.rewards`.

TRL has no default lengths for the cosine and the overlong reward; those here are open-r1's.
"""

from __future__ import annotations

from reasonenv.rewards.compat.forms import ThinkBlock
from reasonenv.rewards.compat.judgement import VerifiedAccuracy
from reasonenv.rewards.composite import CompositeReward
from reasonenv.rewards.length import CosineLength, SoftOverlong
from reasonenv.rewards.repetition import RepetitionPenalty

__all__ = ["accuracy", "cosine", "default", "repetition_penalty", "soft_overlong", "think_format"]


def accuracy() -> VerifiedAccuracy:
    """Return TRL's `accuracy_reward`: 1 if right, 0 if wrong, no score if the gold answer cannot be parsed."""
    return VerifiedAccuracy("trl", None, "trl_accuracy")


def think_format() -> ThinkBlock:
    """Return TRL's `think_format_reward`: a think block, then anything."""
    return ThinkBlock("trl_think_format")


def cosine(
    max_length: int = 1000,
    *,
    correct_short: float = 1.0,
    correct_long: float = 0.5,
    wrong_short: float = -1.0,
    wrong_long: float = -0.5,
) -> CosineLength:
    """Return TRL's `get_cosine_scaled_reward(max_len)`: clamped, in tokens; no score where `accuracy` gives none."""
    values = (correct_short, correct_long, wrong_short, wrong_long)
    return CosineLength(*values, max_length, "tokens", accuracy(), "trl_cosine")


def repetition_penalty(ngram_size: int = 3, max_penalty: float = -1.0) -> RepetitionPenalty:
    """Return TRL's `get_repetition_penalty_reward()`: n-grams of tokens."""
    return RepetitionPenalty(ngram_size, max_penalty, "tokens", "trl_repetition_penalty")


def soft_overlong(max_length: int = 16384, buffer: int = 4096) -> SoftOverlong:
    """Return TRL's `get_soft_overlong_punishment(max_completion_len, soft_punish_cache)`."""
    return SoftOverlong(max_length, buffer, "tokens", "trl_soft_overlong")


def default() -> CompositeReward:
    """Return accuracy + think format, the two of its rewards that need no arguments and no tokens."""
    return CompositeReward.of(accuracy(), think_format())
