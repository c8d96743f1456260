"""How many steps of reasoning a response marks, whether or not they are sound."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.counts import check_counts
from reasonenv.rewards.base import DescribedReward, Reward
from reasonenv.types import Attempt, Score, ScoreStatus

__all__ = ["ReasoningSteps"]

# The word boundary is checked behind the literal, because a search for a literal start is several times as fast.
_WORD = re.compile(
    r"Step (?<!\wStep )\d{1,4}:|First,(?<!\wFirst,)|Second,(?<!\wSecond,)|Next,(?<!\wNext,)|Finally,(?<!\wFinally,)"
)
# A sign at the start of a line needs a space after it: "1.5" and "-3" are numbers, not steps.
_LIST_ITEM = re.compile(r"\n[ \t]*(?:\d{1,4}\.|[-*])[ \t]")


_SAYS_SOMETHING = re.compile(r"[^\W\d_]|\d+")
_MIN_DIFFERENT = 2
_MAX_STEP_CHARS = 200
"""Steps that share their beginning are one."""
_ENDS_OF_THINKING = ("</think>", "<answer>")


@dataclass(frozen=True)
class ReasoningSteps:
    r"""The share of a target number of reasoning steps that a response shows, at most 1.

        value = min(1, n / target)

    where n counts the different steps behind `Step 1:`, at the start of a line behind `1. `, `- ` or `* `, and behind
    `First,` `Second,` `Next,` `Finally,`. A step has at least two different letters or numbers before the next sign
    and before the thinking ends. Range [0, 1]. The signs are open-r1's, but a list may start on any line of the
    response, the first included; open-r1 also counts steps of which there is nothing but the sign.

    No rule tells reasoning from words in its form: without `correctness`, a policy is paid for lists of anything.

    Args:
        target: number of steps that earns 1.
        correctness: pays steps only where it gives at least 0.5; where it has no score, this has none. None pays them
            whatever the answer.

    Raises:
        ValueError: `target` is below 1.
    """

    target: int = 3
    correctness: Reward | None = None
    name: str = "reasoning_steps"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def __post_init__(self) -> None:
        check_counts(target=self.target)

    @property
    def reference_type(self) -> type | None:
        """Return what `correctness` needs."""
        return self.correctness.reference_type if isinstance(self.correctness, DescribedReward) else None

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt's response."""
        if self.correctness is None:
            return [self._value(attempt) for attempt in attempts]
        verdicts = self.correctness.score(attempts)
        return [self._where_right(verdict, attempt) for verdict, attempt in zip(verdicts, attempts, strict=True)]

    def _where_right(self, verdict: Score, attempt: Attempt) -> Score:
        if verdict.status is ScoreStatus.GRADER_FAILED:
            return verdict
        return self._value(attempt) if verdict.value >= 0.5 else Score(0.0, details={"is_correct": False})

    def _value(self, attempt: Attempt) -> Score:
        return Score(min(1.0, _num_steps(attempt.response, self.target) / self.target))


def _num_steps(response: str, most: int) -> int:
    """Count different steps, up to `most`."""
    text = "\n" + response
    signs = heapq.merge(_WORD.finditer(text), _LIST_ITEM.finditer(text), key=re.Match.start)
    said, start = set[str](), None
    for sign in signs:
        if start is not None:
            said |= _said(text[start : sign.start()])
        if len(said) == most:
            return most
        start = sign.end()
    return len(said if start is None else said | _said(text[start:]))


def _said(step: str) -> set[str]:
    """Return what a step says, without its spaces; nothing where that is too little."""
    for end in _ENDS_OF_THINKING:
        step = step.partition(end)[0]
    step = " ".join(step[:_MAX_STEP_CHARS].lower().split())
    return {step} if len(set(_SAYS_SOMETHING.findall(step))) >= _MIN_DIFFERENT else set()
