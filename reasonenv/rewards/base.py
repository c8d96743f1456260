"""The `Reward` protocol, its variant that scores in the background, and `@rule`, which makes a reward of a function.

A reward scores whole batches, so that one that runs programs or a neural model can share the work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any, Protocol, runtime_checkable

from reasonenv.types import Attempt, Score, Task

__all__ = ["BackgroundReward", "CorrectnessReward", "DescribedReward", "Reward", "Rule", "RuleFunction", "rule"]

RuleFunction = Callable[[Task[Any], str], float | Score]


@runtime_checkable
class Reward(Protocol):
    """A named scorer of attempts; pure, and picklable where it is to cross processes."""

    @property
    def name(self) -> str:
        """Name of its column in logs: letters, digits and underscores."""
        ...

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Return one `Score` per attempt, in order."""
        ...


@runtime_checkable
class DescribedReward(Reward, Protocol):
    """A reward that says what it can be, and for which tasks it is; every row of the table does."""

    @property
    def value_range(self) -> tuple[float, float]:
        """Return the smallest and the largest value that a scored attempt can have."""
        ...

    @property
    def reference_type(self) -> type | None:
        """Return the type that the reference of a task must have; None where any will do."""
        ...


@runtime_checkable
class BackgroundReward(Reward, Protocol):
    """A reward that waits for something else to compute: a server, a neural model, other processes."""

    def start_scoring(self, attempts: Sequence[Attempt]) -> Callable[[], list[Score]]:
        """Begin to score; calling what is returned waits and gives one `Score` per attempt, in order."""
        ...


@runtime_checkable
class CorrectnessReward(Reward, Protocol):
    """A reward that may say whether the answer is right: accuracy is the share of the attempts that it gives 1."""

    @property
    def is_correctness(self) -> bool:
        """Return whether a value of 1 means that the answer is right, and any other that it is not."""
        ...


@dataclass(unsafe_hash=True)
class Rule:
    """A pure function of (task, response) as a batch `Reward`; calling it calls the function."""

    name: str
    function: RuleFunction
    is_correctness: bool = False

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(
                f"The rule {self.name!r} must be a function of (task, response), got {self.function!r:.80}."
            )
        update_wrapper(self, self.function, updated=())

    def __call__(self, task: Task[Any], response: str) -> float | Score:
        return self.function(task, response)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt on its own.

        Raises:
            Exception: whatever the function raises, with a note that names the rule and the task.
        """
        return [self._score_one(attempt) for attempt in attempts]

    def _score_one(self, attempt: Attempt) -> Score:
        try:
            return self._as_score(self.function(attempt.task, attempt.response))
        except BaseException as error:
            error.add_note(f"While the rule {self.name!r} scored task {attempt.task.task_id!r}.")
            raise

    def _as_score(self, result: float | Score) -> Score:
        if isinstance(result, Score):
            return result
        wrong = f"The rule {self.name!r} must return a number or a Score, got {type(result).__name__}: {result!r:.80}."
        if isinstance(result, str | bytes):
            raise TypeError(wrong)
        try:
            value = float(result)
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(wrong) from error
        return Score(value)

    def __reduce__(self) -> str | tuple[type[Rule], tuple[str, RuleFunction, bool]]:
        """Pickle by reference where decorating replaced the function: its name now leads to this object."""
        module = sys.modules[self.function.__module__]
        if vars(module).get(self.function.__qualname__) is self:
            return self.function.__qualname__
        return Rule, (self.name, self.function, self.is_correctness)


def rule(name: str, *, is_correctness: bool = False) -> Callable[[RuleFunction], Rule]:
    """Make a batch reward of a pure function of one task and its response.

    Args:
        name: of its column in logs.
        is_correctness: whether the function returns 1 exactly for right answers; evaluations count these as accuracy.

    Raises:
        TypeError: no name; `@rule` needs its parentheses.

    >>> @rule("brevity")
    ... def brevity(task, response):
    ...     return 1.0 if len(response) < 100 else 0.0
    >>> brevity.name
    'brevity'
    """
    if not isinstance(name, str):
        raise TypeError(f'@rule needs the name of the reward, as in @rule("brevity"); got {name!r:.80}.')
    return partial(Rule, name, is_correctness=is_correctness)
