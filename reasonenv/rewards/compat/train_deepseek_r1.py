"""The numbers of FareedKhan-dev/train-deepseek-r1, `code.ipynb`: its five rewards with its defaults."""

from __future__ import annotations

from reasonenv.rewards.compat.forms import PartsInOrder, StepCount
from reasonenv.rewards.compat.judgement import PeriodicCosine, VerifiedAccuracy
from reasonenv.rewards.composite import CompositeReward
from reasonenv.rewards.repetition import RepetitionPenalty

__all__ = ["accuracy", "cosine", "default", "form", "reasoning_steps", "repetition_penalty"]


def accuracy() -> VerifiedAccuracy:
    """Return train-deepseek-r1's `accuracy_reward`: 1 if right, 0 if wrong, 0.5 if the gold answer is no LaTeX."""
    return VerifiedAccuracy("train_deepseek_r1", 0.5, "train_deepseek_r1_accuracy")


def form() -> PartsInOrder:
    r"""Return train-deepseek-r1's `format_reward`: `^<think>.*?</think>\s*<answer>.*?</answer>$`; `$` ends any line."""
    return PartsInOrder("<think>", (r"</think>\s*<answer>", r"</answer>$"), "train_deepseek_r1_format")


def reasoning_steps() -> StepCount:
    """Return train-deepseek-r1's `reasoning_steps_reward`: a numbered list counts on any line."""
    return StepCount(is_multiline=True, name="train_deepseek_r1_reasoning_steps")


def cosine() -> PeriodicCosine:
    """Return train-deepseek-r1's `cosine_scaled_reward`: unclamped, in characters; no LaTeX as gold is wrong."""
    return PeriodicCosine(1.0, 0.8, -0.5, -0.1, accuracy(), None, "train_deepseek_r1_cosine")


def repetition_penalty() -> RepetitionPenalty:
    """Return train-deepseek-r1's `repetition_penalty_reward`: 3-grams of what stands between spaces, at most −0.1."""
    return RepetitionPenalty(3, -0.1, "spaced_words", "train_deepseek_r1_repetition_penalty")


def default() -> CompositeReward:
    """Return the sum of all five, with the holes of the origin: they are what it was trained with.

    Steps without words, blanks as length, and half a point for every answer where the gold one is no LaTeX earn garbage
    more than an honest wrong answer. The preset `train_deepseek_r1` pays none of them.
    """
    return CompositeReward.of(accuracy(), form(), reasoning_steps(), cosine(), repetition_penalty())
