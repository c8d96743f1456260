"""Accuracy of a policy on tasks it never trained on: greedy and sampled, with 95% intervals, by difficulty."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.config import EvaluationConfig
from agents.json_values import finite_json
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.engine import RolloutEngine, SamplingParams
from agents.types import Trajectory
from reasonenv.evaluation.baselines import constant_answer_rate
from reasonenv.evaluation.intervals import wilson_interval
from reasonenv.tasksets import TaskList, TaskSet, is_generated, overlap, spread_indices
from reasonenv.types import ScoreStatus, Task
from reasonenv.vector import TextVectorEnv

__all__ = [
    "Accuracy",
    "Evaluation",
    "TrainingTasksWarning",
    "evaluate",
    "evaluated_tasks",
    "num_tasks_also_in",
]

MakeEnv = Callable[[int, int], TextVectorEnv]
"""(number of groups, group size) -> an environment on the held-out split."""


class TrainingTasksWarning(UserWarning):
    """An evaluation on tasks that are also trained on."""


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A share of right answers with its 95% interval.

    A response is right where every component of the reward that says so is 1 (`CompositeReward.is_right`).
    """

    rate: float
    """NaN where no response was graded, or the reward does not say which answers are right."""
    low: float
    high: float
    num_graded: int
    num_grader_failures: int
    num_without_accuracy: int
    """Scored responses of tasks to which no component applies that says which answers are right."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of one policy on `n` held-out tasks."""

    greedy: Accuracy
    sampled: Accuracy
    n: int
    greedy_by_difficulty: Mapping[str, Accuracy]
    greedy_reward: float
    """Mean total reward of the scored greedy responses."""
    sampled_reward: float
    response_tokens: float
    """Mean length of the greedy responses."""
    constant_answer_baseline: float
    """Accuracy of always giving the most frequent gold answer."""
    num_tasks_also_trained_on: int
    temperature: float = 1.0
    """Of the samples."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: `greedy` and `sampled` are rates with their intervals; None where none was graded."""
        values: dict[str, Any] = {
            "n": self.n,
            "greedy": self.greedy.rate,
            "greedy_interval": [self.greedy.low, self.greedy.high],
            "sampled": self.sampled.rate,
            "sampled_interval": [self.sampled.low, self.sampled.high],
            "temperature": self.temperature,
            "num_sampled": self.sampled.num_graded,
            "num_grader_failures": self.greedy.num_grader_failures + self.sampled.num_grader_failures,
            "num_without_accuracy": self.greedy.num_without_accuracy + self.sampled.num_without_accuracy,
            "greedy_by_difficulty": {
                level: {
                    "greedy": accuracy.rate,
                    "n": accuracy.num_graded,
                    "interval": [accuracy.low, accuracy.high],
                }
                for level, accuracy in self.greedy_by_difficulty.items()
            },
            "greedy_reward": self.greedy_reward,
            "sampled_reward": self.sampled_reward,
            "response_tokens": self.response_tokens,
            "constant_answer_baseline": self.constant_answer_baseline,
            "num_tasks_also_trained_on": self.num_tasks_also_trained_on,
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
    training_tasks: Sequence[TaskSet] = (),
    record: Callable[[str, list[Trajectory]], None] | None = None,
) -> Evaluation:
    """Measure greedy accuracy (one response a task) and sampled accuracy (`samples_per_task` each).

    Args:
        make_env: builds the vector environment over `tasks`.
        engine, codec: of the policy.
        tasks: the held-out task set; `evaluated_tasks` says which of them are used.
        config: how many tasks, samples and tokens, and the temperature of the samples.
        seed: of the sampling.
        training_tasks: what was trained on, to count the tasks that are no new ones.
        record: called with "greedy" or "sampled" and the trajectories.
    """
    indices = _indices(tasks, config.num_tasks)
    used = evaluated_tasks(tasks, config.num_tasks)

    def play(name: str, group_size: int, temperature: float, top_p: float) -> list[Trajectory]:
        env = make_env(len(indices), group_size)
        params = SamplingParams(max_new_tokens=config.max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)
        trajectories = collect(env, engine, codec, params, task_indices=indices)
        env.close()
        if record is not None:
            record(name, trajectories)
        return trajectories

    greedy = play("greedy", 1, 0.0, 1.0)
    sampled = play("sampled", config.samples_per_task, config.temperature, config.top_p)
    return Evaluation(
        greedy=_accuracy(greedy),
        sampled=_accuracy(sampled),
        n=len(indices),
        greedy_by_difficulty=_by_difficulty(greedy, [task.metadata for task in used]),
        greedy_reward=_mean_reward(greedy),
        sampled_reward=_mean_reward(sampled),
        response_tokens=math.fsum(sum(trajectory.loss_mask) for trajectory in greedy) / len(greedy),
        constant_answer_baseline=constant_answer_rate(used),
        temperature=config.temperature,
        num_tasks_also_trained_on=num_tasks_also_in(training_tasks, tasks, config.num_tasks),
    )


def evaluated_tasks(tasks: TaskSet, num_tasks: int) -> list[Task[Any]]:
    """Return `num_tasks` tasks, or all if there are fewer.

    Those of a list, which may be sorted by subject, are spread evenly over it; of any other set they are the first.
    """
    return [tasks[index] for index in _indices(tasks, num_tasks)]


def _indices(tasks: TaskSet, num_tasks: int) -> list[int]:
    if isinstance(tasks, TaskList):
        return spread_indices(len(tasks), num_tasks)
    return list(range(min(num_tasks, len(tasks))))


def num_tasks_also_in(training: Sequence[TaskSet], tasks: TaskSet, num_tasks: int) -> int:
    """Return how many of the evaluated tasks have the problem of a training task, by `overlap`.

    Generated sets never share a problem between splits and are not read; within a split, their tasks are compared by
    id.
    """
    used = evaluated_tasks(tasks, num_tasks)
    by_id = [trained for trained in training if is_generated(trained) or is_generated(tasks)]
    near = [trained for trained in by_id if trained.split == tasks.split]
    num_held = sum(any(_holds(trained, task.task_id) for trained in near) for task in used)
    read = [trained[index] for trained in training if trained not in by_id for index in range(len(trained))]
    return num_held + (overlap(_listed(read), _listed(used)) if read else 0)


def _listed(tasks: Sequence[Task[Any]]) -> TaskList:
    return TaskList("any", "any", tuple(replace(task, task_id=str(number)) for number, task in enumerate(tasks)))


def _holds(tasks: TaskSet, task_id: str) -> bool:
    try:
        tasks.index_of(task_id)
    except ValueError:
        return False
    return True


def _accuracy(trajectories: Sequence[Trajectory]) -> Accuracy:
    scored = [trajectory for trajectory in trajectories if trajectory.reward_status is ScoreStatus.SCORED]
    verdicts = [trajectory.is_right for trajectory in scored if trajectory.is_right is not None]
    low, high = wilson_interval(sum(verdicts), len(verdicts)) if verdicts else (0.0, 1.0)
    return Accuracy(
        rate=sum(verdicts) / len(verdicts) if verdicts else math.nan,
        low=low,
        high=high,
        num_graded=len(verdicts),
        num_grader_failures=len(trajectories) - len(scored),
        num_without_accuracy=len(scored) - len(verdicts),
    )


def _mean_reward(trajectories: Sequence[Trajectory]) -> float:
    rewards = [t.reward for t in trajectories if t.reward_status is ScoreStatus.SCORED]
    return math.fsum(rewards) / len(rewards) if rewards else math.nan


def _by_difficulty(trajectories: Sequence[Trajectory], metadata: Sequence[Mapping[str, Any]]) -> dict[str, Accuracy]:
    levels: defaultdict[str, list[Trajectory]] = defaultdict(list)
    for trajectory, entry in zip(trajectories, metadata, strict=True):
        if "difficulty" in entry:
            levels[str(entry["difficulty"])].append(trajectory)
    return {level: _accuracy(levels[level]) for level in sorted(levels)}
