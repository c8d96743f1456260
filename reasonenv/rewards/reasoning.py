"""How many steps of reasoning a response marks, whether or not they are sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.counts import check_counts
from reasonenv.types import Attempt, Score

__all__ = ["ReasoningSteps"]

# The word boundary is checked behind the literal, because a search for a literal start is several times as fast.
_WORD = re.compile(
    r"Step (?<!\wStep )\d{1,4}:|First,(?<!\wFirst,)|Second,(?<!\wSecond,)|Next,(?<!\wNext,)|Finally,(?<!\wFinally,)"
)
# A sign at the start of a line needs a space after it: "1.5" and "-3" are numbers, not steps.
_LIST_ITEM = re.compile(r"\n[ \t]*(?:\d{1,4}\.|[-*])[ \t]")


@dataclass(frozen=True)
class ReasoningSteps:
    r"""The share of a target number of reasoning steps that a response shows, at most 1.

        value = min(1, n / target)

    where n counts `Step 1:`, lines that start with `1. `, `- ` or `* `, and `First,` `Second,` `Next,` `Finally,`.
    Range [0, 1]. The definition is open-r1's, but a list may start on any line of the response, the first included.

    Args:
        target: number of steps that earns 1.

    Raises:
        ValueError: `target` is below 1.
    """

    target: int = 3
    name: str = "reasoning_steps"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        check_counts(target=self.target)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        return [Score(min(1.0, _num_steps(attempt.response) / self.target)) for attempt in attempts]


def _num_steps(response: str) -> int:
    return len(_WORD.findall(response)) + len(_LIST_ITEM.findall("\n" + response))
