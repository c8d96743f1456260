"""Checks that any task set, reward or environment can be put through, yours as well as ours.

Lives here: one function per kind of part; each returns nothing, or raises AssertionError with what was expected and
what was found. Does not: whether a reward measures what it should, which only its own tests can say.

The one decision: plain functions, to be called from any test framework.

>>> from reasonenv.rewards.format import Format
>>> from reasonenv.tasksets import load_tasks
>>> check_reward(Format(), [load_tasks("gcd_lcm")[0]])
"""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any

from gymnasium.utils.env_checker import check_env as check_gymnasium_env

from reasonenv.env import TextEnv
from reasonenv.errors import EpisodeError
from reasonenv.rewards import CompositeReward, Reward
from reasonenv.tasksets import TaskSet
from reasonenv.types import Attempt, RewardBreakdown, Score, ScoreStatus, Task

__all__ = ["check_env", "check_reward", "check_task_set"]

_MAX_TASKS = 100

_GARBAGE = (
    "",
    " \n\t",
    "\x00",
    "\ud800 \udc00",
    "🙂" * 50,
    "<think>",
    "</answer><answer></think><think>",
    "<think>" * 500,
    "<answer>" + "(" * 1000 + "</answer>",
    r"\boxed{" * 500,
    "<think>a</think> <answer>$\\frac{1}{0}$</answer>",
    "0" * 100_000,
)


def check_task_set(task_set: TaskSet) -> None:
    """Check that a task set is finite, indexed, deterministic, picklable and made of well-formed tasks.

    Of a large one, 100 tasks spread over it are looked at.

    Raises:
        AssertionError: which rule is broken, and by which task.
    """
    _expect(isinstance(task_set, TaskSet), f"{task_set!r} must have name, split, len, indexing and index_of")
    name = f"task set {task_set.name!r} (split {task_set.split!r})"
    size = len(task_set)
    _expect(size > 0, f"{name} must have at least one task")
    indices = sorted({position * size // _MAX_TASKS for position in range(_MAX_TASKS)} | {size - 1})
    tasks = [task_set[index] for index in indices]
    for index, task in zip(indices, tasks, strict=True):
        _check_task(task, f"{name}, task {index}")
        found = task_set.index_of(task.task_id)
        _expect(found == index, f"{name}: index_of({task.task_id!r}) must be {index}, got {found}")
    _expect(len({task.task_id for task in tasks}) == len(tasks), f"{name}: two tasks have the same id")
    again = [task_set[index] for index in reversed(indices)]
    _expect(again[::-1] == tasks, f"{name}: a task must not depend on which were asked for before it")
    copied = pickle.loads(pickle.dumps(task_set))
    _expect([copied[index] for index in indices] == tasks, f"{name}: a pickled copy must hold the same tasks")
    for index in (size, -1):
        _expect_raises(IndexError, f"{name}: task {index}", task_set.__getitem__, index)
    _expect_raises(ValueError, f"{name}: index_of an unknown id", task_set.index_of, "no such task")


def check_reward(reward: Reward | CompositeReward, tasks: Sequence[Task[Any]]) -> None:
    """Check that a reward scores anything a model may write, one score per attempt, purely and without raising.

    Args:
        reward: a reward, or a combination, each of whose terms is checked too.
        tasks: some that the reward is meant for; those with a worked solution are also tried with that.

    Raises:
        AssertionError: which rule is broken, and by which attempt.
    """
    attempts = [
        _attempt(task, response, group_id)
        for group_id, task in enumerate(tasks)
        for response in (*_GARBAGE, task.solution or task.prompt)
    ]
    if isinstance(reward, CompositeReward):
        for term_name, (term, _) in reward.terms.items():
            applies = reward.applies_to.get(term_name)
            check_reward(term, [task for task in tasks if applies is None or applies(task)])
        _check_breakdowns(reward.score(attempts), reward, attempts)
        return
    _expect(isinstance(reward, Reward), f"{reward!r} must have a name and score(attempts)")
    name = f"reward {reward.name!r}"
    _expect(reward.name.isidentifier(), f"{name}: the name must be an identifier, because it names a column")
    _expect(reward.score([]) == [], f"{name}: an empty batch must give no scores")
    scores = reward.score(attempts)
    _expect(len(scores) == len(attempts), f"{name}: {len(attempts)} attempts must give as many, got {len(scores)}")
    copied = pickle.loads(pickle.dumps(reward)).score(attempts[::-1])[::-1]
    for attempt, score, again in zip(attempts, scores, copied, strict=True):
        what = f"{name} of task {attempt.task.task_id!r}, response {attempt.response!r:.80}"
        _expect(isinstance(score, Score), f"{what}: must be a Score, got {type(score).__name__}")
        _expect(not math.isinf(score.value), f"{what}: must be finite, got {score.value}")
        _expect(_is_same(score, again), f"{what}: a pickled copy gives {again} in another order, not {score}")


def check_env(env: TextEnv) -> None:
    """Check an environment with Gymnasium's checker and against the contract of `TextEnv`.

    Args:
        env: unwrapped; made by `gymnasium.make`, its render modes are checked too. One attempt must end an episode.

    Raises:
        AssertionError: which rule is broken.
    """
    _expect(isinstance(env, TextEnv), f"{env!r} must be a TextEnv; pass env.unwrapped")
    check_gymnasium_env(env, skip_render_check=env.spec is None)
    prompt, info = env.reset(seed=1)
    is_known = {"task_id", "messages"} <= info.keys() <= {"task_id", "messages", "domain"}
    _expect(is_known, f"info of reset must hold task_id and messages, perhaps domain, and no more; got {info!r}")
    _expect_raises(TypeError, "step with a response that is no str", env.step, 5)
    _expect(env.observation == prompt, "a refused response must leave the episode as it was")
    state = pickle.loads(pickle.dumps(env.get_state()))
    first = env.step("an answer"), env.reset()
    env.set_state(state)
    again = env.step("an answer"), env.reset()
    _expect(repr(first) == repr(again), f"a restored state must go on alike: {first!r} and then {again!r}")
    _check_last_step(first[0])
    _check_options(env, info["task_id"])


def _check_task(task: Task[Any], name: str) -> None:
    _expect(isinstance(task, Task), f"{name} must be a Task, got {type(task).__name__}")
    _expect(bool(task.task_id), f"{name} must have an id")
    _expect(bool(task.prompt.strip()), f"{name} must have a prompt")
    metadata = dict(task.metadata)
    _expect(json.loads(json.dumps(metadata)) == metadata, f"{name}: metadata must be JSON values, got {metadata!r}")


def _check_breakdowns(
    breakdowns: Sequence[RewardBreakdown], reward: CompositeReward, attempts: Sequence[Attempt]
) -> None:
    _expect(len(breakdowns) == len(attempts), f"{reward!r}: {len(attempts)} attempts gave {len(breakdowns)} totals")
    for breakdown in breakdowns:
        total = sum(reward.weights[name] * value for name, value in breakdown.components.items())
        has_failed = breakdown.status is ScoreStatus.GRADER_FAILED
        is_right = math.isnan(breakdown.total) if has_failed else math.isclose(breakdown.total, total, abs_tol=1e-12)
        _expect(
            is_right, f"{reward!r}: the total must be the weighted sum, and NaN if a grader failed; got {breakdown}"
        )


def _check_last_step(result: tuple[str, float, bool, bool, dict[str, Any]]) -> None:
    observation, total, terminated, truncated, info = result
    _expect(terminated != truncated, f"one attempt must end the episode in one way, got {terminated=} {truncated=}")
    _expect(observation == "", f"the observation after the end must be empty, got {observation!r}")
    last = info["messages"][-1]
    _expect(
        last == {"role": "assistant", "content": "an answer"}, f"the response must be the last message, got {last!r}"
    )
    has_failed = info["reward_status"] == ScoreStatus.GRADER_FAILED
    _expect(math.isnan(total) == has_failed, f"the reward is NaN exactly if the grader failed: {total} with {info!r}")
    _expect(
        info["reward_components"].keys() == info["reward_details"].keys(), f"each component needs its details: {info!r}"
    )


def _check_options(env: TextEnv, task_id: str) -> None:
    _, info = env.reset(options={"task_id": task_id})
    _expect(info["task_id"] == task_id, f"the option task_id={task_id!r} gave task {info['task_id']!r}")
    _, info = env.reset(options={"task_index": 0})
    _expect(info["task_id"] == env.tasks[0].task_id, f"the option task_index=0 gave task {info['task_id']!r}")
    _expect_raises(ValueError, "an unknown option of reset", lambda: env.reset(options={"no_such_option": 1}))
    env.step("an answer")
    _expect_raises(EpisodeError, "step after the end", env.step, "an answer")


def _attempt(task: Task[Any], response: str, group_id: int) -> Attempt:
    return Attempt(
        task=task,
        response=response,
        messages=({"role": "user", "content": task.prompt}, {"role": "assistant", "content": response}),
        token_ids=tuple(map(ord, response)),
        group_id=group_id,
    )


def _is_same(score: Score, other: Score) -> bool:
    is_same_value = score.value == other.value or (math.isnan(score.value) and math.isnan(other.value))
    return is_same_value and score.status is other.status


def _expect(is_met: bool, message: str) -> None:
    if not is_met:
        raise AssertionError(f"{message}.")


def _expect_raises(error: type[Exception], what: str, function: Callable[..., object], *args: object) -> None:
    try:
        function(*args)
    except error:
        return
    raise AssertionError(f"{what} must raise {error.__name__}, but it raised nothing.")
