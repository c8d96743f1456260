"""Prompts, judgements, and the protocol of a reward model.

A response that cannot be scored gets NaN, never 0 and never an exception for the whole batch. `Judgement.failure` says
why, and `ScoreCounts` how often. A learner leaves such responses out of its loss.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = [
    "ASSISTANT_MARKER",
    "JudgedPart",
    "Judgement",
    "Message",
    "Prompt",
    "RewardModel",
    "ScoreCounts",
    "check_lengths",
    "conversation",
    "judged_text",
    "prompt_text",
    "render_dialogue",
]

Message: TypeAlias = Mapping[str, str]
Prompt: TypeAlias = str | Sequence[Message]
"""A question, or a conversation that the response continues: `[{"role": "user", "content": "Hi"}]`."""

ASSISTANT_MARKER = "\n\nAssistant:"
"""What stands before a turn of the assistant where a conversation is one text, as in the hh-rlhf data."""


_ANSWER_TAG = re.compile(r"\s*</?answer>\s*")


class JudgedPart(StrEnum):
    """The part of a response that a model reads: the summary for helpfulness, all of it for safety.

    Sec. 2.3.4 of 2501.12948.
    """

    SUMMARY = "summary"
    """What follows the last `</think>`, without the tags of an answer block; empty if the thinking never ends;
    everything if there are no tags."""
    FULL_RESPONSE = "full_response"


def judged_text(part: JudgedPart, response: str) -> str:
    """Return the part of a response that is judged.

    >>> judged_text(JudgedPart.SUMMARY, "<think>They want 4.</think> It is 4.")
    'It is 4.'
    >>> judged_text(JudgedPart.SUMMARY, "<think>They want 4.</think><answer>It is 4.</answer>")
    'It is 4.'
    >>> judged_text(JudgedPart.SUMMARY, "<think>They want")
    ''
    """
    if part is JudgedPart.FULL_RESPONSE:
        return response
    _, closing, summary = response.rpartition("</think>")
    return "" if not closing and "<think>" in summary else _ANSWER_TAG.sub(" ", summary).strip()


def prompt_text(prompt: Prompt) -> str:
    """Return a prompt as one text; a conversation in the `Human: …`, `Assistant: …` form of the hh-rlhf data.

    >>> prompt_text([{"role": "user", "content": "Hi"}])
    '\\n\\nHuman: Hi'
    """
    if isinstance(prompt, str):
        return prompt
    names = {"user": "Human", "assistant": "Assistant", "system": "System"}
    return "".join(f"\n\n{names.get(turn['role'], turn['role'])}: {turn['content']}" for turn in prompt)


def render_dialogue(prompt: Prompt, response: str) -> str:
    """Return prompt and response as one text, as models without a chat template read them."""
    return f"{prompt_text(prompt)}{ASSISTANT_MARKER} {response}"


def conversation(prompt: Prompt, response: str) -> list[dict[str, str]]:
    """Return prompt and response as messages, as chat templates and chat servers read them."""
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(turn) for turn in prompt]
    return [*turns, {"role": "assistant", "content": response}]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One score and how far to trust it: `Judgement(value=0.7)`.

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
        """Make a judgement without a score."""
        return cls(value=math.nan, failure=reason)


@dataclass(slots=True)
class ScoreCounts:
    """How many responses a model has scored, failed to score, truncated and clipped since it was made."""

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
    """Anything that scores responses in batches. Call it from one thread at a time."""

    name: str

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """Return one score per (prompt, response), higher is better; NaN where there is none."""
        ...


def check_lengths(prompts: Sequence[Prompt], responses: Sequence[str]) -> None:
    """Refuse prompts and responses of different number, and a single string where a list belongs."""
    if isinstance(prompts, str) or isinstance(responses, str):
        raise TypeError("Expected a list of prompts and a list of responses, got a single string.")
    if len(prompts) != len(responses):
        raise ValueError(f"Expected as many prompts as responses, got {len(prompts)} and {len(responses)}.")
