"""Rewards of length: by whether the answer is right, beside the group, or near the longest length allowed."""

from __future__ import annotations

import math
import re
import string
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from reasonenv.counts import check_counts
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.rewards.attempts import LengthUnit, group_of, length_of
from reasonenv.rewards.base import DescribedReward, Reward
from reasonenv.rewards.repetition import SPACELESS
from reasonenv.types import Attempt, Score, ScoreStatus

__all__ = ["CosineLength", "Length", "SoftOverlong", "cosine_between", "length_values", "new_characters"]

_SEPARATORS = string.punctuation.encode() + bytes(range(0x1C, 0x20))
_LOWER_WITHOUT_PUNCTUATION = bytes(range(256)).lower().translate(bytes.maketrans(_SEPARATORS, b" " * len(_SEPARATORS)))
_WORDS = re.compile(rf"[{SPACELESS}]{{1,2}}|[^\W_{SPACELESS}]+")
_MAX_WORD_CHARS = 20
"""What a longer word counts: it is no word."""


def cosine_between(short: float, long: float, progress: float) -> float:
    """Return `long + ½ · (short − long) · (1 + cos πp)`: `short` at p = 0, `long` at p = 1.

    >>> cosine_between(1.0, 0.5, 0.5)
    0.75
    """
    return long + 0.5 * (short - long) * (1 + math.cos(math.pi * progress))


def length_values(lengths: Sequence[int], is_correct: Sequence[bool]) -> list[float]:
    """Compare the lengths of one group: `λ = ½ − (length − min) / (max − min)`; λ if right, min(0, λ) if wrong.

    All are 0 if all lengths are equal (arXiv 2501.12599, section 2.3.3).

    >>> length_values([10, 20, 30], [True, False, False])
    [0.5, 0.0, -0.5]
    """
    shortest, longest = min(lengths, default=0), max(lengths, default=0)
    if shortest == longest:
        return [0.0] * len(lengths)
    shares = [0.5 - (length - shortest) / (longest - shortest) for length in lengths]
    return [share if right else min(0.0, share) for share, right in zip(shares, is_correct, strict=True)]


def new_characters(text: str) -> int:
    """Return how many characters of a text say something new: letters and digits of its different words.

        Σ_different words min(letters and digits, 20)

    Two characters of a script without spaces (Han, kana, Thai, …) are a word.

    >>> new_characters("So 3 apples and 4 make 7."), new_characters("so " * 100), new_characters("." * 100)
    (18, 2, 0)
    """
    if text.isascii():
        lengths = list(map(len, set(text.encode().translate(_LOWER_WITHOUT_PUNCTUATION).split())))
    else:
        lengths = list(map(len, set(_WORDS.findall(text.lower()))))
    if max(lengths, default=0) <= _MAX_WORD_CHARS:
        return sum(lengths)
    return sum(min(length, _MAX_WORD_CHARS) for length in lengths)


def _reference_type(correctness: Reward) -> type | None:
    return correctness.reference_type if isinstance(correctness, DescribedReward) else None


@dataclass(frozen=True)
class CosineLength:
    """Shorter is better when right, longer is better when wrong (cosine reward of arXiv 2502.03373).

        value = long + ½ · (short − long) · (1 + cos πp),    p = min(1, length / max_length)

    with (short, long) = (correct_short, correct_long) for a right answer and (wrong_short, wrong_long) for a wrong one.
    An answer is right if `correctness` scores it at least 0.5; where that reward has no score, this one has none.
    Range: between the smallest and the largest of the four values. The paper gives a response over the limit a value
    of its own; here it stays at the long end.

    Of a wrong answer, characters count only where they say something new (`new_characters`): blanks, punctuation and
    repetition would else be paid. A wrong answer that is paid for length is paid for words of any kind all the same;
    equal values at both ends pay none.

    Args:
        correct_short, correct_long: value of a right answer of length 0, and of length `max_length` or more.
        wrong_short, wrong_long: the same for a wrong answer.
        max_length: length at which the value stops changing.
        unit: of length; characters, or tokens, which all count.
        correctness: says what is right.

    Raises:
        ValueError: `max_length` is below 1, or a value is not finite.
    """

    correct_short: float = 1.0
    correct_long: float = 0.5
    wrong_short: float = -1.0
    wrong_long: float = -0.5
    max_length: int = 1000
    unit: LengthUnit = "characters"
    correctness: Reward = field(default_factory=Accuracy)
    name: str = "cosine_length"

    def __post_init__(self) -> None:
        check_counts(max_length=self.max_length)
        values = self.correct_short, self.correct_long, self.wrong_short, self.wrong_long
        if not all(map(math.isfinite, values)):
            raise ValueError(f"The four values must be finite numbers, got {values}.")

    @property
    def value_range(self) -> tuple[float, float]:
        """Return the smallest and the largest of the four values."""
        values = self.correct_short, self.correct_long, self.wrong_short, self.wrong_long
        return min(values), max(values)

    @property
    def reference_type(self) -> type | None:
        """Return what `correctness` needs."""
        return _reference_type(self.correctness)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt by the length of its response and by whether `correctness` calls it right.

        Raises:
            ValueError: tokens are counted and an attempt has none.
        """
        lengths = [length_of(attempt, self.unit, reward=self.name) for attempt in attempts]
        verdicts = self.correctness.score(attempts)
        return [
            self._value(attempt, length, verdict)
            for attempt, length, verdict in zip(attempts, lengths, verdicts, strict=True)
        ]

    def _value(self, attempt: Attempt, length: int, verdict: Score) -> Score:
        if verdict.status is ScoreStatus.GRADER_FAILED:
            return verdict
        is_correct = verdict.value >= 0.5
        if not is_correct and self.unit == "characters" and self.wrong_short != self.wrong_long:
            length = new_characters(attempt.response)
        short, long = (self.correct_short, self.correct_long) if is_correct else (self.wrong_short, self.wrong_long)
        value = cosine_between(short, long, min(1.0, length / self.max_length))
        value = min(max(value, min(short, long)), max(short, long))  # rounding may leave the range
        return Score(value, details={"is_correct": is_correct, "length": length})


@dataclass(frozen=True)
class Length:
    """Shorter than the others of the group is better, if right (length reward of Kimi k1.5, arXiv 2501.12599).

        λ = ½ − (length − min) / (max − min),    value = λ if right, min(0, λ) if wrong

    with min and max over the attempts in this call with the same group and task; 0 if all lengths are equal, so also
    for a group of one. Range [−½, ½]. An answer is right if `correctness` scores it at least 0.5; where that reward has
    no score, this one has none, but the length still counts. Episodes of a group that end in different steps of an
    environment come in different calls.

    Args:
        unit: of length; characters or tokens. The paper does not say which.
        correctness: says what is right.
    """

    unit: LengthUnit = "characters"
    correctness: Reward = field(default_factory=Accuracy)
    name: str = "length"
    value_range: ClassVar[tuple[float, float]] = (-0.5, 0.5)

    @property
    def reference_type(self) -> type | None:
        """Return what `correctness` needs."""
        return _reference_type(self.correctness)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt among those of its group.

        Raises:
            ValueError: an attempt has no group, or no tokens where they are counted.
        """
        groups: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for index, attempt in enumerate(attempts):
            groups[group_of(attempt, reward=self.name)].append(index)
        lengths = [length_of(attempt, self.unit, reward=self.name) for attempt in attempts]
        verdicts = self.correctness.score(attempts)
        scores = list(verdicts)
        for members in groups.values():
            is_correct = [verdicts[index].value >= 0.5 for index in members]
            values = length_values([lengths[index] for index in members], is_correct)
            for index, value, right in zip(members, values, is_correct, strict=True):
                if verdicts[index].status is ScoreStatus.SCORED:
                    scores[index] = Score(value, details={"is_correct": right, "length": lengths[index]})
        return scores


@dataclass(frozen=True)
class SoftOverlong:
    """A penalty that grows over the last tokens before the longest length allowed (DAPO, Eq. 13, arXiv 2503.14476).

        value = 0                                       if length ≤ max_length − buffer
              = (max_length − buffer − length) / buffer if length ≤ max_length
              = −1                                      if longer

    Range [−1, 0]. The defaults are the paper's.

    Args:
        max_length: longest length that is not cut off; the paper's L_max.
        buffer: length over which the penalty grows; the paper's L_cache. 0 makes the penalty a step.
        unit: of length; characters or tokens.

    Raises:
        ValueError: `buffer` is negative or not below `max_length`.
    """

    max_length: int = 20480
    buffer: int = 4096
    unit: LengthUnit = "tokens"
    name: str = "soft_overlong"
    value_range: ClassVar[tuple[float, float]] = (-1.0, 0.0)
    reference_type: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        if not 0 <= self.buffer < self.max_length:
            raise ValueError(
                f"The buffer must be at least 0 and below max_length, got buffer={self.buffer}, "
                f"max_length={self.max_length}."
            )

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt by the length of its response.

        Raises:
            ValueError: tokens are counted and an attempt has none.
        """
        return [Score(self._value(length_of(attempt, self.unit, reward=self.name))) for attempt in attempts]

    def _value(self, length: int) -> float:
        if length <= self.max_length - self.buffer:
            return 0.0
        return (self.max_length - self.buffer - length) / self.buffer if length <= self.max_length else -1.0
