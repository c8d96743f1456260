"""The numbers of huggingface/open-r1, `src/open_r1/rewards.py`, with the defaults of its functions.

Without its rewards that run code, and its Chinese repetition penalty, which splits words with jieba. Its command line
has other defaults for the cosine reward, which turn the slope of wrong answers around: `cosine(wrong_short=0.0)`.
"""

from __future__ import annotations

import re

from reasonenv.rewards.compat.forms import PartsInOrder, StepCount
from reasonenv.rewards.compat.judgement import CallLength, PeriodicCosine, VerifiedAccuracy
from reasonenv.rewards.composite import CompositeReward
from reasonenv.rewards.format import TagCount
from reasonenv.rewards.length import SoftOverlong
from reasonenv.rewards.repetition import RepetitionPenalty

__all__ = [
    "accuracy",
    "code_format",
    "cosine",
    "default",
    "form",
    "length",
    "reasoning_steps",
    "repetition_penalty",
    "soft_overlong",
    "tag_count",
]


def accuracy() -> VerifiedAccuracy:
    """Return 1 if right, 0 if wrong, no score if the gold answer cannot be parsed."""
    return VerifiedAccuracy("open_r1_accuracy", None, "open_r1_accuracy")


def form() -> PartsInOrder:
    r"""Return open-r1's `format_reward`: `^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$`; `$` ends any line."""
    return PartsInOrder("<think>\n", (r"\n</think>\n<answer>\n", r"\n</answer>$"), "open_r1_format")


def code_format(language: str = "python") -> PartsInOrder:
    """Return open-r1's `code_format_reward`: the form, and two fences in the answer, the first with the language."""
    parts = (r"\n</think>\n<answer>\n", f"```{re.escape(language)}", "```", r"\n</answer>$")
    return PartsInOrder("<think>\n", parts, "open_r1_code_format")


def tag_count() -> TagCount:
    """Return open-r1's `tag_count_reward`: ¼ for each tag that occurs once together with its line breaks."""
    return TagCount(("<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"), "open_r1_tag_count")


def reasoning_steps() -> StepCount:
    """Return open-r1's `reasoning_steps_reward`: a numbered list counts only as the very start of the response."""
    return StepCount(is_multiline=False, name="open_r1_reasoning_steps")


def cosine(
    *,
    correct_short: float = 1.0,
    correct_long: float = 0.5,
    wrong_short: float = -1.0,
    wrong_long: float = -0.5,
    max_length: int = 1000,
) -> PeriodicCosine:
    """Return open-r1's `cosine_scaled_reward`: unclamped, in characters, 1 where the gold answer cannot be parsed."""
    name = "open_r1_cosine"
    correctness = VerifiedAccuracy("open_r1_length", None, name)
    return PeriodicCosine(correct_short, correct_long, wrong_short, wrong_long, correctness, 1.0, name, max_length)


def repetition_penalty(ngram_size: int = 3, max_penalty: float = -1.0) -> RepetitionPenalty:
    """Return open-r1's `repetition_penalty_reward`: n-grams of what stands between spaces."""
    return RepetitionPenalty(ngram_size, max_penalty, "spaced_words", "open_r1_repetition_penalty")


def length() -> CallLength:
    """Return open-r1's `len_reward`: over the whole call; right where the gold answer cannot be parsed."""
    return CallLength(VerifiedAccuracy("open_r1_length", 1.0, "open_r1_length"), "open_r1_length")


def soft_overlong(max_length: int = 16384, buffer: int = 4096) -> SoftOverlong:
    """Return open-r1's `soft_overlong_punishment_reward`, with the defaults of its command line."""
    return SoftOverlong(max_length, buffer, "tokens", "open_r1_soft_overlong")


def default() -> CompositeReward:
    """Return the rewards that open-r1 trains with unless told otherwise: accuracy + format + tag count."""
    return CompositeReward.of(accuracy(), form(), tag_count())
