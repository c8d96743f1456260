"""Neural reward models as rewards.

Lives here: the one adapter from a scorer of texts to a `Reward`. Does not: any model; `reward_models` has some, and
whatever has the method `score(prompts, responses)` will do.

The one decision: a scorer runs in the background, one batch after the other, so that it never holds up the rules. What
it cannot score is NaN, which is a failure of the grader and not a low score.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from reasonenv.errors import MissingExtraError
from reasonenv.tables import resolve
from reasonenv.types import Attempt, Score

__all__ = ["NeuralReward", "Scorer", "helpfulness", "safety"]


class Scorer(Protocol):
    """A neural reward model: higher is better, NaN where it has no score. Called by one thread at a time."""

    def score(self, prompts: Sequence[str], responses: Sequence[str], /) -> list[float]:
        """Return one score per (prompt, response)."""
        ...


class NeuralReward:
    """A scorer as a reward: it sees the question without its template, and the whole last response.

    Args:
        name: the component's name.
        load: makes the scorer, when it is first needed; picklable where the reward is to be. A process that gets a copy
            makes its own.

    `NeuralReward("helpfulness", partial(reward_models.load, "path/of/a/model"))`
    """

    def __init__(self, name: str, load: Callable[[], Scorer]) -> None:
        self.name, self.load = name, load
        self._scorer: Scorer | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"NeuralReward({self.name!r}, {self.load!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NeuralReward) and (self.name, repr(self.load)) == (other.name, repr(other.load))

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        return NeuralReward, (self.name, self.load)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt and wait for it.

        Raises:
            ValueError: the scorer did not return one number per attempt.
            Whatever the scorer raises: one that cannot be reached says NaN.
        """
        return self.start_scoring(attempts)()

    def start_scoring(self, attempts: Sequence[Attempt]) -> Callable[[], list[Score]]:
        """Begin to score in a thread; calling what is returned waits for the scores."""
        if not attempts:
            return list
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"reward-{self.name}")
        future = thread.submit(self._scores, attempts)
        thread.shutdown(wait=False)
        return future.result

    def _scores(self, attempts: Sequence[Attempt]) -> list[Score]:
        with self._lock:
            self._scorer = scorer = self._scorer or self.load()
            values = scorer.score([attempt.task.prompt for attempt in attempts], [a.response for a in attempts])
        if len(values) != len(attempts):
            raise ValueError(
                f"The scorer of {self.name!r} must return one number per attempt: {len(attempts)} attempts, "
                f"got {len(values)} numbers."
            )
        return [self._as_score(float(value)) for value in values]

    def _as_score(self, value: float) -> Score:
        return Score.failed(f"the scorer of {self.name!r} gave no score") if math.isnan(value) else Score(value)


def helpfulness() -> NeuralReward:
    """Return the embedded helpfulness model, a small one, as a reward."""
    return NeuralReward("helpfulness", partial(_embedded, "helpfulness"))


def safety() -> NeuralReward:
    """Return the embedded safety model, a small one, as a reward."""
    return NeuralReward("safety", partial(_embedded, "safety"))


def _embedded(name: str) -> Scorer:
    """Load by name: `reasonenv` imports without torch, and `reward_models` without `reasonenv`."""
    try:
        load = resolve({"load": "reward_models:load"}, "load", kind="reward model")
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error
    return load(name)
