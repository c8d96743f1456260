"""Neural reward models as rewards. A model scores in a thread, so that rules go on meanwhile; NaN is no score."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar, Protocol

from reasonenv.installation import DISTRIBUTIONS, require_modules
from reasonenv.types import Attempt, Score

__all__ = ["NeuralReward", "RewardModel", "helpfulness", "safety"]


_HARMLESS = "I do not know."
"""What every model can score: where it does, the response that has no score is to blame for that."""


class RewardModel(Protocol):
    """Scores texts, one thread at a time: higher is better, NaN where there is no score."""

    def score(self, prompts: Sequence[str], responses: Sequence[str], /) -> list[float]:
        """Return one score per prompt and response."""
        ...


class NeuralReward:
    """A reward model as a reward: it reads the question without its template, and the whole last response.

    A response that gets no finite score is GRADER_FAILED only if another response to its prompt gets none either.
    Otherwise it is too long or too strange for the model, and earns the lowest score of the batch.

    Args:
        name: the component's name.
        load: makes the model when it is first needed; picklable where the reward is to be, as a process that gets a
            copy makes its own model.
        value_range: the smallest and the largest value that the model gives.

    `NeuralReward("helpfulness", partial(reward_models.load, "path/of/a/model"))`
    """

    reference_type: ClassVar[type | None] = None

    def __init__(
        self, name: str, load: Callable[[], RewardModel], *, value_range: tuple[float, float] = (-math.inf, math.inf)
    ) -> None:
        self.name, self.load, self.value_range = name, load, value_range
        self._model: RewardModel | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"NeuralReward({self.name!r}, {self.load!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NeuralReward) and (self.name, self.load) == (other.name, other.load)

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(NeuralReward, value_range=self.value_range), (self.name, self.load)

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt and wait for it.

        Raises:
            ValueError: the model did not return one number per attempt.
            Exception: whatever the model raises.
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
            self._model = model = self._model or self.load()
            prompts = [attempt.task.dialogue for attempt in attempts]
            values = self._values(model, prompts, [attempt.response for attempt in attempts])
            unscored = [row for row, value in enumerate(values) if not math.isfinite(value)]
            harmless = self._values(model, [prompts[row] for row in unscored], [_HARMLESS] * len(unscored))
        scores = [Score(value) if math.isfinite(value) else self._failed() for value in values]
        blamed = {row: value for row, value in zip(unscored, harmless, strict=True) if math.isfinite(value)}
        known = [*filter(math.isfinite, values), *blamed.values()]
        for row in blamed:
            reason = "the reward model scores another response to this prompt, and gave this one no score"
            scores[row] = Score(min(known), details={"reason": reason})
        return scores

    def _values(self, model: RewardModel, prompts: Sequence[str], responses: Sequence[str]) -> list[float]:
        if not prompts:
            return []
        values = [float(value) for value in model.score(prompts, responses)]
        if len(values) != len(prompts):
            raise ValueError(
                f"The reward model of {self.name!r} must return one number per attempt: {len(prompts)} attempts, "
                f"got {len(values)} numbers."
            )
        return values

    def _failed(self) -> Score:
        return Score.failed(f"the reward model of {self.name!r} gave no score")


def helpfulness() -> NeuralReward:
    """Return the small embedded helpfulness model as a reward.

    Raises:
        MissingExtraError: the distribution with the models, or what it needs, is not installed.
    """
    _require_models()
    return NeuralReward("helpfulness", _load_helpfulness, value_range=(-3.0, 3.0))


def safety() -> NeuralReward:
    """Return the small embedded safety model as a reward.

    Raises:
        MissingExtraError: as for `helpfulness`.
    """
    _require_models()
    return NeuralReward("safety", _load_safety, value_range=(-1.0, 1.0))


def _load_helpfulness() -> RewardModel:
    return _load_embedded("helpfulness")


def _load_safety() -> RewardModel:
    return _load_embedded("safety")


def _require_models() -> None:
    """Look for the models without importing them, which takes seconds."""
    require_modules(("reward_models", "torch", "transformers", "safetensors", "httpx"), DISTRIBUTIONS["reward_models"])


def _load_embedded(name: str) -> RewardModel:
    from reward_models import load

    return load(name)
