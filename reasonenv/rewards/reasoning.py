"""How many steps of reasoning a response marks, whether or not they are sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.counts import check_counts
from reasonenv.rewards.base import DescribedReward, Reward
from reasonenv.types import Attempt, Score, ScoreStatus

__all__ = ["ReasoningSteps"]

_LIST_ITEM = re.compile(r"\n[ \t]*(?:\d{1,4}\.|[-*])[ \t]")
"""A sign at the start of a line needs a space after it: "1.5" and "-3" are numbers, not steps."""
_SIGN = re.compile(
    r"Step (?<!\wStep )\d{1,4}:|First,(?<!\wFirst,)|Second,(?<!\wSecond,)|Next,(?<!\wNext,)|Finally,(?<!\wFinally,)"
    rf"|{_LIST_ITEM.pattern}"
)
"""The word boundary is checked behind the word, because a search for its first letter is several times as fast."""
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
    pattern = _SIGN if _has_word(text) else _LIST_ITEM
    said, start = set[str](), None
    for sign in pattern.finditer(text):
        if start is not None and (step := _said(text, start, sign.start())):
            said.add(step)
            if len(said) == most:
                return most
        start = sign.end()
    if start is not None and (step := _said(text, start, len(text))):
        said.add(step)
    return len(said)


def _has_word(text: str) -> bool:
    """Return whether one of the words of `_SIGN` is in a text; most texts lack their capitals."""
    return (
        ("S" in text and ("Step " in text or "Second," in text))
        or ("F" in text and ("First," in text or "Finally," in text))
        or ("N" in text and "Next," in text)
    )


def _said(text: str, start: int, end: int) -> str:
    """Return what the step at a place says, without its spaces; nothing where that is too little."""
    step = text[start : min(end, start + _MAX_STEP_CHARS + len(_ENDS_OF_THINKING[0]))]
    if "<" in step:
        for tag in _ENDS_OF_THINKING:
            step = step.partition(tag)[0]
    step = step[:_MAX_STEP_CHARS].lower().strip()
    if "  " in step or not step.isprintable():  # other spaces than single ones
        step = " ".join(step.split())
    says_enough = step[1:2].isalpha() and step[0].isalpha() and step[0] != step[1]  # true of nearly all, and quick
    return step if says_enough or len(set(_SAYS_SOMETHING.findall(step))) >= _MIN_DIFFERENT else ""
