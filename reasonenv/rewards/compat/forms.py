"""Rewards of form and of steps that the origins write as regular expressions.

A pattern of parts with `.*?` between them is searched part by part, each from the end of the last. That matches exactly
when the whole pattern does, in linear time; as one expression it is quadratic in hostile text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.types import Attempt, Score

__all__ = ["PartsInOrder", "StepCount", "ThinkBlock"]

_MARK = re.compile(r"Step \d+:|\n-|\n\*|First,|Second,|Next,|Finally,")
_NUMBER = re.compile(r"\d+\.")
_NUMBERED_LINE = re.compile(r"\n\d+\.")


@dataclass(frozen=True)
class PartsInOrder:
    """1 if a response starts with `start` and then has all of `parts` in this order, else 0.

        value = 1[response matches `start.*?part.*?part…`, MULTILINE, DOTALL]

    Range {0, 1}.

    Args:
        start: literal text.
        parts: regular expressions in which `$` is the end of a line.
    """

    start: str
    parts: tuple[str, ...]
    name: str
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        return [Score(float(self._matches(attempt.response))) for attempt in attempts]

    def _matches(self, response: str) -> bool:
        if not response.startswith(self.start):
            return False
        position = len(self.start)
        for part in self.parts:
            found = re.compile(part, re.MULTILINE).search(response, position)
            if found is None:
                return False
            position = found.end()
        return True


@dataclass(frozen=True)
class ThinkBlock:
    """1 if a response starts with a think block and no other opens, else 0; anything may follow.

        value = 1[response matches `^<think>(?!.*<think>)(.*?)</think>.*$`, DOTALL]

    Range {0, 1}.
    """

    name: str
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        return [Score(float(self._matches(attempt.response))) for attempt in attempts]

    def _matches(self, response: str) -> bool:
        return response.startswith("<think>") and response.count("<think>") == 1 and "</think>" in response


@dataclass(frozen=True)
class StepCount:
    r"""A third for each sign of a step, at most 1.

        value = min(1, n / 3),    n = matches of `Step \d+:|^\d+\.|\n-|\n\*|First,|Second,|Next,|Finally,`

    Range {0, ⅓, ⅔, 1}.

    Args:
        is_multiline: whether `^` is the start of any line, or of the response alone.
    """

    is_multiline: bool
    name: str
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        return [Score(min(1.0, self._num_steps(attempt.response) / 3)) for attempt in attempts]

    def _num_steps(self, response: str) -> int:
        """Count numbers apart from the other signs, which never overlap them: a pattern with `^` is slow."""
        num_marks = len(_MARK.findall(response))
        if self.is_multiline:
            return num_marks + len(_NUMBERED_LINE.findall("\n" + response))
        return num_marks + (_NUMBER.match(response) is not None)
