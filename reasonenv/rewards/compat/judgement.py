"""Rewards that ask math-verify in the way of an origin (`dialects`), in grader processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from reasonenv.grading.pool import Comparison, Verdict, shared_pool
from reasonenv.rewards.attempts import reference_of
from reasonenv.rewards.length import cosine_between, length_values
from reasonenv.types import Attempt, MathReference, Score, ScoreStatus

__all__ = ["CallLength", "Dialect", "PeriodicCosine", "VerifiedAccuracy"]

Dialect = Literal["open_r1_accuracy", "open_r1_length", "train_deepseek_r1", "trl"]
_MAX_WORKERS = 4


@dataclass(frozen=True)
class VerifiedAccuracy:
    r"""1 if math-verify, asked as an origin asks it, calls the response right, else 0.

        value = 1[verify(parse(gold), parse(response))]

    Range {0, 1} and `unreadable_gold_value`. A comparison that reaches the time limit is wrong, as with the origins'
    own limits; a grader process that died is `GRADER_FAILED`.

    Args:
        dialect: the origin, a function of `dialects`.
        unreadable_gold_value: value where the gold answer cannot be parsed; None is no score.
        timeout_seconds: wall-clock limit of one comparison; the default is what TRL allows for parsing and comparing.
    """

    dialect: Dialect
    unreadable_gold_value: float | None
    name: str
    timeout_seconds: float = 15.0
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = MathReference
    is_correctness: ClassVar[bool] = True

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Grade the batch at once.

        Raises:
            TypeError: a task without a `MathReference`.
        """
        comparer = f"{__package__}.dialects:{self.dialect}"
        golds = [reference_of(attempt, MathReference, reward=self.name).answer for attempt in attempts]
        asked = [Comparison(gold, attempt.response, comparer) for gold, attempt in zip(golds, attempts, strict=True)]
        unique = list(dict.fromkeys(asked))
        num_workers = min(os.cpu_count() or 1, _MAX_WORKERS)
        verdicts = shared_pool().compare(unique, timeout_seconds=self.timeout_seconds, num_workers=num_workers)
        scores = {question: self._score(verdict) for question, verdict in zip(unique, verdicts, strict=True)}
        return [scores[question] for question in asked]

    def _score(self, verdict: Verdict) -> Score:
        details = {"status": verdict.status.value, "reason": verdict.reason}
        if verdict.status in ("correct", "wrong", "timeout"):
            return Score(float(verdict.status == "correct"), details=details)
        if verdict.status == "gold_unparseable" and self.unreadable_gold_value is not None:
            return Score(self.unreadable_gold_value, details=details)
        return Score(float("nan"), ScoreStatus.GRADER_FAILED, details)


@dataclass(frozen=True)
class PeriodicCosine:
    """The cosine reward without a limit on progress: past `max_length` characters the value goes back, and so on.

        value = long + ½ · (short − long) · (1 + cos πp),    p = characters / max_length

    Range: between the smallest and the largest of the four values. An answer is right if `correctness` gives it more
    than 0.5.

    Args:
        correct_short, correct_long: value of a right answer of length 0, and of length `max_length`.
        wrong_short, wrong_long: the same for a wrong answer.
        unreadable_gold_value: value where the gold answer cannot be parsed; None leaves it to `correctness`.
    """

    correct_short: float
    correct_long: float
    wrong_short: float
    wrong_long: float
    correctness: VerifiedAccuracy
    unreadable_gold_value: float | None
    name: str
    max_length: int = 1000
    reference_type: ClassVar[type | None] = MathReference

    @property
    def value_range(self) -> tuple[float, float]:
        """Return the smallest and the largest of the four values, and of that for an unreadable gold answer."""
        values = [self.correct_short, self.correct_long, self.wrong_short, self.wrong_long]
        values += [] if self.unreadable_gold_value is None else [self.unreadable_gold_value]
        return min(values), max(values)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt by the length of its response and by whether math-verify calls it right."""
        verdicts = self.correctness.score(attempts)
        return [self._value(attempt, verdict) for attempt, verdict in zip(attempts, verdicts, strict=True)]

    def _value(self, attempt: Attempt, verdict: Score) -> Score:
        if verdict.details["status"] == "gold_unparseable" and self.unreadable_gold_value is not None:
            return Score(self.unreadable_gold_value, details=verdict.details)
        if verdict.status is ScoreStatus.GRADER_FAILED:
            return verdict
        is_correct = verdict.value > 0.5
        short, long = (self.correct_short, self.correct_long) if is_correct else (self.wrong_short, self.wrong_long)
        return Score(cosine_between(short, long, len(attempt.response) / self.max_length), details=verdict.details)


@dataclass(frozen=True)
class CallLength:
    """Kimi's length reward with the shortest and the longest of the whole call, whatever prompts they answer.

        λ = ½ − (characters − min) / (max − min),    value = λ if right, min(0, λ) if wrong

    Range [−½, ½].

    Args:
        correctness: says what is right, by more than 0.5.
    """

    correctness: VerifiedAccuracy
    name: str
    value_range: ClassVar[tuple[float, float]] = (-0.5, 0.5)
    reference_type: ClassVar[type | None] = MathReference

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt among all of the call."""
        verdicts = self.correctness.score(attempts)
        lengths = [len(attempt.response) for attempt in attempts]
        values = length_values(lengths, [verdict.value > 0.5 for verdict in verdicts])
        return [
            verdict if verdict.status is ScoreStatus.GRADER_FAILED else Score(value, details=verdict.details)
            for value, verdict in zip(values, verdicts, strict=True)
        ]
