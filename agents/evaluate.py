"""Accuracy of a policy on tasks it never trained on: greedy and sampled, with 95% intervals, by difficulty."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.config import EvaluationConfig
from agents.json_values import finite_json
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.engine import RolloutEngine, SamplingParams
from agents.types import Trajectory
from reasonenv.evaluation.statistics import wilson_interval
from reasonenv.tasksets import TaskSet
from reasonenv.types import MathReference, ScoreStatus
from reasonenv.vector import TextVectorEnv

__all__ = ["Accuracy", "Evaluation", "constant_answer_rate", "evaluate"]

MakeEnv = Callable[[int, int], TextVectorEnv]
"""(number of groups, group size) -> an environment on the held-out split."""


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A share of correct responses with its 95% interval."""

    rate: float
    """NaN where no response was graded."""
    low: float
    high: float
    num_graded: int
    num_grader_failures: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of one policy on `n` held-out tasks."""

    greedy: Accuracy
    sampled: Accuracy
    n: int
    greedy_by_difficulty: Mapping[str, Accuracy]
    response_tokens: float
    """Mean length of the greedy responses."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: `greedy` and `sampled` are rates with their intervals; None where none was graded."""
        values: dict[str, Any] = {
            "n": self.n,
            "greedy": self.greedy.rate,
            "greedy_interval": [self.greedy.low, self.greedy.high],
            "sampled": self.sampled.rate,
            "sampled_interval": [self.sampled.low, self.sampled.high],
            "num_sampled": self.sampled.num_graded,
            "num_grader_failures": self.greedy.num_grader_failures + self.sampled.num_grader_failures,
            "greedy_by_difficulty": {
                level: {
                    "greedy": accuracy.rate,
                    "n": accuracy.num_graded,
                    "interval": [accuracy.low, accuracy.high],
                }
                for level, accuracy in self.greedy_by_difficulty.items()
            },
            "response_tokens": self.response_tokens,
        }
        return finite_json(values)


def evaluate(
    make_env: MakeEnv,
    engine: RolloutEngine,
    codec: TextCodec,
    tasks: TaskSet,
    config: EvaluationConfig,
    *,
    seed: int,
) -> Evaluation:
    """Measure greedy accuracy (one response a task) and sampled accuracy at temperature 1 (`samples_per_task` each).

    Args:
        make_env: builds the vector environment over `tasks`.
        engine, codec: of the policy.
        tasks: the held-out task set; its first `config.num_tasks` tasks are used, or all if it has fewer.
        config: how many tasks, samples and tokens.
        seed: of the sampling.
    """
    indices = list(range(min(config.num_tasks, len(tasks))))

    def play(group_size: int, temperature: float) -> list[Trajectory]:
        env = make_env(len(indices), group_size)
        params = SamplingParams(max_new_tokens=config.max_new_tokens, temperature=temperature, seed=seed)
        trajectories = collect(env, engine, codec, params, task_indices=indices)
        env.close()
        return trajectories

    greedy, sampled = play(1, 0.0), play(config.samples_per_task, 1.0)
    return Evaluation(
        greedy=_accuracy(greedy),
        sampled=_accuracy(sampled),
        n=len(indices),
        greedy_by_difficulty=_by_difficulty(greedy, [tasks[index].metadata for index in indices]),
        response_tokens=math.fsum(sum(trajectory.loss_mask) for trajectory in greedy) / len(greedy),
    )


def constant_answer_rate(tasks: TaskSet, num_tasks: int) -> float:
    """Return the accuracy of always giving the most frequent gold answer of the first `num_tasks` tasks."""
    references = [tasks[index].reference for index in range(min(num_tasks, len(tasks)))]
    counts = Counter(reference.answer for reference in references if isinstance(reference, MathReference))
    return max(counts.values(), default=0) / len(references)


def _accuracy(trajectories: Sequence[Trajectory]) -> Accuracy:
    """Return the mean of the component "accuracy", or of the whole reward where there is no such component."""
    scored = [trajectory for trajectory in trajectories if trajectory.reward_status is ScoreStatus.SCORED]
    values = [trajectory.reward_components.get("accuracy", trajectory.reward) for trajectory in scored]
    low, high = _interval(values)
    return Accuracy(
        rate=statistics.fmean(values) if values else math.nan,
        low=low,
        high=high,
        num_graded=len(values),
        num_grader_failures=len(trajectories) - len(scored),
    )


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Return Wilson's interval of a share; for rewards outside [0, 1], the mean ± 1.96 standard errors."""
    if not values:
        return 0.0, 1.0
    if all(0 <= value <= 1 for value in values):
        return wilson_interval(math.fsum(values), len(values))
    mean, margin = statistics.fmean(values), 1.96 * statistics.pstdev(values) / math.sqrt(len(values))
    return mean - margin, mean + margin


def _by_difficulty(trajectories: Sequence[Trajectory], metadata: Sequence[Mapping[str, Any]]) -> dict[str, Accuracy]:
    levels: defaultdict[str, list[Trajectory]] = defaultdict(list)
    for trajectory, entry in zip(trajectories, metadata, strict=True):
        if "difficulty" in entry:
            levels[str(entry["difficulty"])].append(trajectory)
    return {level: _accuracy(levels[level]) for level in sorted(levels)}
