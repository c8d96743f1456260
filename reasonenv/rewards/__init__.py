"""Rewards: the tables of those that exist, and how to get one by name. The two tables share no name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reasonenv.rewards.base import (
    BackgroundReward,
    CorrectnessReward,
    DescribedReward,
    Reward,
    Rule,
    RuleFunction,
    rule,
)
from reasonenv.rewards.composite import CompositeReward, TaskPredicate
from reasonenv.rewards.unscored import UnscoredWarning
from reasonenv.tables import resolve

__all__ = [
    "PRESETS",
    "REWARDS",
    "BackgroundReward",
    "CompositeReward",
    "CorrectnessReward",
    "DescribedReward",
    "Reward",
    "Rule",
    "RuleFunction",
    "UnscoredWarning",
    "load_reward",
    "rule",
]

REWARDS: dict[str, str] = {
    "accuracy": "reasonenv.rewards.accuracy:Accuracy",
    "qa": "reasonenv.rewards.qa:QAAccuracy",
    "format": "reasonenv.rewards.format:Format",
    "tag_count": "reasonenv.rewards.format:TagCount",
    "reasoning_steps": "reasonenv.rewards.reasoning:ReasoningSteps",
    "cosine_length": "reasonenv.rewards.length:CosineLength",
    "repetition_penalty": "reasonenv.rewards.repetition:RepetitionPenalty",
    "language_consistency": "reasonenv.rewards.language:LanguageConsistency",
    "length": "reasonenv.rewards.length:Length",
    "soft_overlong": "reasonenv.rewards.length:SoftOverlong",
    "code_format": "reasonenv.rewards.format:CodeFormat",
    "code_pass_rate": "reasonenv.rewards.code:CodePassRate",
    "code_all_passed": "reasonenv.rewards.code:CodeAllPassed",
    "code_efficiency": "reasonenv.rewards.code:CodeEfficiency",
    "helpfulness": "reasonenv.rewards.neural:helpfulness",
    "safety": "reasonenv.rewards.neural:safety",
    "open_r1_accuracy": "reasonenv.rewards.compat.open_r1:accuracy",
    "open_r1_format": "reasonenv.rewards.compat.open_r1:form",
    "open_r1_tag_count": "reasonenv.rewards.compat.open_r1:tag_count",
    "open_r1_reasoning_steps": "reasonenv.rewards.compat.open_r1:reasoning_steps",
    "open_r1_cosine": "reasonenv.rewards.compat.open_r1:cosine",
    "open_r1_repetition_penalty": "reasonenv.rewards.compat.open_r1:repetition_penalty",
    "open_r1_length": "reasonenv.rewards.compat.open_r1:length",
    "open_r1_soft_overlong": "reasonenv.rewards.compat.open_r1:soft_overlong",
    "open_r1_code_format": "reasonenv.rewards.compat.open_r1:code_format",
    "trl_accuracy": "reasonenv.rewards.compat.trl:accuracy",
    "trl_think_format": "reasonenv.rewards.compat.trl:think_format",
    "trl_cosine": "reasonenv.rewards.compat.trl:cosine",
    "trl_repetition_penalty": "reasonenv.rewards.compat.trl:repetition_penalty",
    "trl_soft_overlong": "reasonenv.rewards.compat.trl:soft_overlong",
    "train_deepseek_r1_accuracy": "reasonenv.rewards.compat.train_deepseek_r1:accuracy",
    "train_deepseek_r1_format": "reasonenv.rewards.compat.train_deepseek_r1:form",
    "train_deepseek_r1_reasoning_steps": "reasonenv.rewards.compat.train_deepseek_r1:reasoning_steps",
    "train_deepseek_r1_cosine": "reasonenv.rewards.compat.train_deepseek_r1:cosine",
    "train_deepseek_r1_repetition_penalty": "reasonenv.rewards.compat.train_deepseek_r1:repetition_penalty",
}
"""Reward name → zero-argument factory of a `Reward`."""

PRESETS: dict[str, str] = {
    "r1_zero": "reasonenv.rewards.presets:r1_zero",
    "r1_reasoning": "reasonenv.rewards.presets:r1_reasoning",
    "r1_code": "reasonenv.rewards.presets:r1_code",
    "r1_qa": "reasonenv.rewards.presets:r1_qa",
    "r1_all_scenarios": "reasonenv.rewards.presets:r1_all_scenarios",
    "tiny_reasoning": "reasonenv.rewards.presets:r1_zero",
    "tiny_reasoning_language": "reasonenv.rewards.presets:r1_reasoning",
    "tiny_all_scenarios": "reasonenv.rewards.presets:r1_all_scenarios",
    "train_deepseek_r1": "reasonenv.rewards.presets:train_deepseek_r1",
    "open_r1": "reasonenv.rewards.presets:open_r1",
    "compat_open_r1": "reasonenv.rewards.compat.open_r1:default",
    "compat_trl": "reasonenv.rewards.compat.trl:default",
    "compat_train_deepseek_r1": "reasonenv.rewards.compat.train_deepseek_r1:default",
}
"""Preset name → zero-argument factory of a `CompositeReward`."""


def load_reward(reward: str | Mapping[str, float] | Reward | CompositeReward) -> CompositeReward:
    """Return a composite reward: a preset, a weighted sum, or one reward with weight 1.

    Args:
        reward: a name of `PRESETS` or `REWARDS`; "module:attribute", which leads to a reward, a dict of weights, or a
            class or function without arguments that makes one; a dict from such names to weights, whose components
            have the names of the rewards; a `Reward`; or a `CompositeReward`, which is returned as it is.

    Raises:
        UnknownNameError: no such name; the message offers the closest one.
        PartImportError: nothing is found at "module:attribute".
        TypeError: something else, or a weight that is no number.
        ValueError: no weights, one that is not finite, or two components of one name.

    >>> load_reward("r1_zero").weights
    {'accuracy': 1.0, 'format': 1.0}
    >>> load_reward({"accuracy": 1.0, "format": 0.5}).weights
    {'accuracy': 1.0, 'format': 0.5}
    """
    if isinstance(reward, str):
        return load_reward(_made(resolve({**PRESETS, **REWARDS}, reward, kind="reward"), reward))
    if isinstance(reward, CompositeReward):
        return reward
    if isinstance(reward, Mapping):
        return _weighted_sum(reward)
    if isinstance(reward, type) or not isinstance(reward, Reward):
        raise TypeError(
            "A reward must be a name, a dict of weights, a Reward or a CompositeReward, "
            f"got {reward!r:.80} ({type(reward).__name__}). "
            "A function of (task, response) becomes a reward by @rule(name), a class by calling it."
        )
    return CompositeReward.of(reward)


def _made(part: Any, path: str) -> Any:
    """Return what a name leads to; a class or function makes it."""
    is_reward = isinstance(part, CompositeReward | Mapping | Reward) and not isinstance(part, type)
    if is_reward or not callable(part):
        return part
    try:
        return part()
    except TypeError as error:
        raise TypeError(
            f"The reward {path!r} is no reward, and calling it without arguments does not make one ({error}). "
            "A function of (task, response) becomes a reward by @rule(name)."
        ) from error


def _weighted_sum(weights: Mapping[str, float]) -> CompositeReward:
    terms: dict[str, tuple[Reward, float]] = {}
    applies_to: dict[str, TaskPredicate] = {}
    for name, weight in weights.items():
        if not isinstance(name, str):
            raise TypeError(
                f"A dict of weights has names of rewards as its keys, got {name!r:.80}. "
                "Combine rewards of your own by CompositeReward({name: (reward, weight)})."
            )
        part = load_reward(name).scaled(weight)
        if shared := terms.keys() & part.terms.keys():
            raise ValueError(f"Two rewards of {list(weights)} have the component {min(shared)!r}; keep one of them.")
        terms |= part.terms
        applies_to |= part.applies_to
    return CompositeReward(terms, applies_to=applies_to)
