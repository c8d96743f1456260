"""The weighted sum of rewards, with every component kept.

A component whose grader failed makes the total NaN: the sum of the others would be another reward than its group's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from numbers import Real
from typing import Any

from reasonenv.rewards.base import BackgroundReward, CorrectnessReward, Reward
from reasonenv.types import Attempt, RewardBreakdown, Score, ScoreStatus, Task

__all__ = ["CompositeReward", "TaskPredicate"]

TaskPredicate = Callable[[Task[Any]], bool]
"""Whether a term applies to a task; picklable where the reward is to be."""


class CompositeReward:
    """`total = Σ weight_i · value_i` over the named terms that apply to the task.

    Terms that run in the background (`BackgroundReward`) start first and are waited for last; rules score meanwhile.

    Args:
        terms: component name → (reward, weight). Names are identifiers; weights are finite, and may be negative.
        applies_to: component name → whether it applies to a task; a term without a row applies to every task. A
            component that does not apply is absent from the breakdown, and its reward never sees the attempt.

    Raises:
        ValueError: no terms, a name that is no identifier, a weight that is not finite, or a condition for no term.
        TypeError: a term without a `name` and a `score` method, or a weight that is no number.
    """

    def __init__(
        self, terms: Mapping[str, tuple[Reward, float]], *, applies_to: Mapping[str, TaskPredicate] | None = None
    ) -> None:
        if not terms:
            raise ValueError("A composite reward needs at least one term, got none.")
        for name, (reward, weight) in terms.items():
            _check_term(name, reward, weight)
        self.terms: Mapping[str, tuple[Reward, float]] = dict(terms)
        self.weights: Mapping[str, float] = {name: float(weight) for name, (_, weight) in terms.items()}
        self.applies_to: Mapping[str, TaskPredicate] = dict(applies_to or {})
        if unknown := self.applies_to.keys() - self.terms.keys():
            raise ValueError(f"applies_to names {sorted(unknown)}, which are no terms; the terms are {list(terms)}.")

    @classmethod
    def of(cls, *rewards: Reward) -> CompositeReward:
        """Return the sum of rewards, each with weight 1 and under its own name.

        Raises:
            ValueError: two rewards have one name.
        """
        terms = {reward.name: (reward, 1.0) for reward in rewards}
        if len(terms) < len(rewards):
            raise ValueError(f"Every reward of a sum needs a name of its own, got {[r.name for r in rewards]}.")
        return cls(terms)

    @cached_property
    def correctness(self) -> tuple[str, ...]:
        """Return the names of the terms that say whether the answer is right; weights play no part in it."""
        rewards = {name: reward for name, (reward, _) in self.terms.items()}
        return tuple(
            name for name, reward in rewards.items() if isinstance(reward, CorrectnessReward) and reward.is_correctness
        )

    def is_right(self, components: Mapping[str, float]) -> bool | None:
        """Return whether the answer is right, or None where nothing says so.

        Args:
            components: those of a breakdown. Each that says whether the answer is right must be 1; None is returned
                where no such component applies to the task, or its grader failed.

        >>> from reasonenv.rewards import load_reward
        >>> load_reward("r1_zero").is_right({"accuracy": 0.0, "format": 1.0})
        False
        """
        values = [components[name] for name in self.correctness if name in components]
        return None if not values or any(map(math.isnan, values)) else all(value == 1 for value in values)

    def scaled(self, weight: float) -> CompositeReward:
        """Return the same terms with `weight` times their weights.

        Raises:
            TypeError, ValueError: a weight that is no finite number.
        """
        for name in self.terms:
            _check_weight(name, weight)
        terms = {name: (reward, weight * own) for name, (reward, own) in self.terms.items()}
        return CompositeReward(terms, applies_to=self.applies_to)

    def __repr__(self) -> str:
        return f"CompositeReward({dict(self.terms)!r})"

    def score(self, attempts: Sequence[Attempt]) -> list[RewardBreakdown]:
        """Score each attempt by every term that applies to its task, each term in one call for the whole batch.

        Raises:
            ValueError: a term did not return one `Score` per attempt, or no term applies to a task.
        """
        rows = {name: self._rows(name, attempts) for name in self.terms}
        started = {
            name: _start(reward, [attempts[row] for row in rows[name]]) for name, (reward, _) in self.terms.items()
        }
        rules_first = sorted(self.terms, key=lambda name: isinstance(self.terms[name][0], BackgroundReward))
        columns = {name: _checked(name, started[name](), len(rows[name])) for name in rules_first}
        scores: list[dict[str, Score]] = [{} for _ in attempts]
        for name in self.terms:
            for row, score in zip(rows[name], columns[name], strict=True):
                scores[row][name] = score
        return [self._breakdown(attempt, own) for attempt, own in zip(attempts, scores, strict=True)]

    def _rows(self, name: str, attempts: Sequence[Attempt]) -> list[int]:
        condition = self.applies_to.get(name)
        return [row for row, attempt in enumerate(attempts) if condition is None or condition(attempt.task)]

    def _breakdown(self, attempt: Attempt, scores: Mapping[str, Score]) -> RewardBreakdown:
        if not scores:
            raise ValueError(
                f"No term of the reward applies to task {attempt.task.task_id!r} "
                f"(metadata {dict(attempt.task.metadata)}); the terms are {list(self.terms)}."
            )
        has_failed = any(score.status is ScoreStatus.GRADER_FAILED for score in scores.values())
        total = sum(self.weights[name] * score.value for name, score in scores.items())
        return RewardBreakdown(
            total=math.nan if has_failed else total,
            components={name: score.value for name, score in scores.items()},
            weights={name: self.weights[name] for name in scores},
            status=ScoreStatus.GRADER_FAILED if has_failed else ScoreStatus.SCORED,
            details={name: score.details for name, score in scores.items()},
        )


def _start(reward: Reward, attempts: Sequence[Attempt]) -> Callable[[], list[Score]]:
    """Begin now if the reward computes in the background, else when the result is called."""
    return reward.start_scoring(attempts) if isinstance(reward, BackgroundReward) else partial(reward.score, attempts)


def _check_term(name: str, reward: Reward, weight: float) -> None:
    if not name.isidentifier():
        raise ValueError(f"The name of a reward's term must be an identifier such as 'accuracy', got {name!r}.")
    if not isinstance(reward, Reward):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
        raise TypeError(
            f"The term {name!r} must be a Reward (a `name` and `score(attempts)`), got {type(reward).__name__}. "
            f"Decorate a function of (task, response) with @rule({name!r}) to make it one."
        )
    _check_weight(name, weight)


def _check_weight(name: str, weight: float) -> None:
    if not isinstance(weight, Real):
        raise TypeError(
            f"The weight of the term {name!r} must be a number, got {type(weight).__name__}: {weight!r:.80}."
        )
    try:
        is_finite = math.isfinite(weight)
    except OverflowError as error:
        raise ValueError(f"The weight of the term {name!r} must be finite: {error}.") from error
    if not is_finite:
        raise ValueError(f"The weight of the term {name!r} must be finite, got {weight!r}.")


def _checked(name: str, scores: list[Score], num_attempts: int) -> list[Score]:
    kinds = {type(score).__name__ for score in scores}
    if len(scores) != num_attempts or not kinds <= {"Score"}:
        raise ValueError(
            f"The reward {name!r} must return one Score per attempt: {num_attempts} attempts, "
            f"got {len(scores)} of {sorted(kinds)}."
        )
    return scores
