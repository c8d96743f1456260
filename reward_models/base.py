"""The nouns of this package: prompts, the part of a response that is judged, judgements, and what a reward model is.

Lives here: contracts and plain values. Not here: any model. The one decision: **a response that could not be scored
scores NaN**, item by item, and never 0 or an exception for the batch. A caller that finds NaN leaves the response out
of its loss (`math.isnan`); `Judgement.failure` says why, and `ScoreCounts` how often it happened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = [
    "JudgedPart",
    "Judgement",
    "Message",
    "Prompt",
    "RewardModel",
    "ScoreCounts",
    "check_lengths",
    "judged_text",
    "prompt_text",
]

Message: TypeAlias = Mapping[str, str]
Prompt: TypeAlias = str | Sequence[Message]
"""A question, or a conversation that the response continues: `[{"role": "user", "content": "Hi"}]`."""


class JudgedPart(StrEnum):
    """Which part of a response a model looks at: the summary for helpfulness, all of it for safety.

    Sec. 2.3.4 of 2501.12948.
    """

    SUMMARY = "summary"
    """What follows the last `</think>`; empty if the thinking never ends; everything if there are no tags."""
    FULL_RESPONSE = "full_response"


def judged_text(part: JudgedPart, response: str) -> str:
    """The part of a response that is judged.

    >>> judged_text(JudgedPart.SUMMARY, "<think>They want 4.</think> It is 4.")
    'It is 4.'
    >>> judged_text(JudgedPart.SUMMARY, "<think>They want")
    ''
    """
    if part is JudgedPart.FULL_RESPONSE:
        return response
    thinking, closing, summary = response.rpartition("</think>")
    if closing:
        return summary.strip()
    return "" if "<think>" in summary else (thinking + summary).strip()


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one text; a conversation in the form `Human: …`, `Assistant: …` of the hh-rlhf data.

    >>> prompt_text([{"role": "user", "content": "Hi"}])
    '\\n\\nHuman: Hi'
    """
    if isinstance(prompt, str):
        return prompt
    names = {"user": "Human", "assistant": "Assistant", "system": "System"}
    return "".join(f"\n\n{names.get(turn['role'], turn['role'])}: {turn['content']}" for turn in prompt)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One score, with what a caller must know to trust it: `Judgement(value=0.7)`.

    `value` is NaN exactly when `failure` says why there is no score. `is_truncated`: the model saw only part of it.
    """

    value: float
    failure: str | None = None
    is_truncated: bool = False

    def __post_init__(self) -> None:
        if math.isnan(self.value) != (self.failure is not None):
            raise ValueError(f"A judgement is NaN exactly when it failed, got {self.value=} and {self.failure=}.")

    @classmethod
    def failed(cls, reason: str) -> Judgement:
        """No score, and why."""
        return cls(value=math.nan, failure=reason)


@dataclass(slots=True)
class ScoreCounts:
    """What a model has scored since it was made."""

    num_scored: int = 0
    num_failed: int = 0
    num_truncated: int = 0
    num_clipped: int = 0

    def add(self, judgements: Sequence[Judgement]) -> None:
        """Count a batch of judgements."""
        self.num_failed += sum(judgement.failure is not None for judgement in judgements)
        self.num_scored += sum(judgement.failure is None for judgement in judgements)
        self.num_truncated += sum(judgement.is_truncated for judgement in judgements)


@runtime_checkable
class RewardModel(Protocol):
    """Whatever scores responses in batches. Safe to call from one thread at a time."""

    name: str

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """One score per (prompt, response), higher is better; NaN where there is none."""
        ...


def check_lengths(prompts: Sequence[Prompt], responses: Sequence[str]) -> None:
    """Refuse a batch whose halves do not match, and the mistake of passing one text for a list of them."""
    if isinstance(prompts, str) or isinstance(responses, str):
        raise TypeError("Expected a list of prompts and a list of responses, got a single string.")
    if len(prompts) != len(responses):
        raise ValueError(f"Expected as many prompts as responses, got {len(prompts)} and {len(responses)}.")
