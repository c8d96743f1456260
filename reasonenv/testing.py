"""Checks for any task set, reward, turn or environment, single or vector, yours as well as ours.

Each is a plain function, to be called from any test framework: it returns nothing, or raises AssertionError with what
was expected and what was found. Whether a reward measures what it should, only its own tests can say.

>>> from reasonenv.rewards.format import Format
>>> from reasonenv.tasksets import load_tasks
>>> check_reward(Format(), [load_tasks("gcd_lcm")[0]])
"""

from __future__ import annotations

import copy
import json
import math
import pickle
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from gymnasium.utils.env_checker import check_env as check_gymnasium_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TimeLimit

from reasonenv.env import EnvState, StepResult, TextEnv
from reasonenv.errors import EpisodeError
from reasonenv.rewards import CompositeReward, Reward
from reasonenv.tasksets import TaskSet
from reasonenv.turns import Interaction, Turn, load_turn
from reasonenv.types import Attempt, RewardBreakdown, Score, ScoreStatus, Task
from reasonenv.vector import TextVectorEnv

__all__ = ["check_env", "check_interaction", "check_reward", "check_task_set", "check_vector_env"]

T = TypeVar("T")

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
    copied = _pickled(name, reward)
    _expect(_called(name, reward.score, []) == [], f"{name}: an empty batch must give no scores")
    scores = _called(name, reward.score, attempts)
    _expect_rows(name, scores, len(attempts))
    again = _called(f"a pickled copy of {name}", copied.score, attempts[::-1])[::-1]
    for attempt, score, other in zip(attempts, scores, again, strict=True):
        what = f"{name} of task {attempt.task.task_id!r}, response {attempt.response!r:.80}"
        _expect(isinstance(score, Score), f"{what}: must be a Score, got {type(score).__name__}")
        _expect(not math.isinf(score.value), f"{what}: must be finite, got {score.value}")
        _expect(_is_same(score, other), f"{what}: a pickled copy gives {other} in another order, not {score}")
        _called(f"{what}: json.dumps of the details", json.dumps, dict(score.details))


def check_interaction(interaction: Turn | Interaction, attempts: Sequence[Attempt]) -> None:
    """Check that a turn answers each attempt by itself: in any batch, in any order, in a pickled copy.

    Args:
        interaction: of no running episode; or a function of the attempt.
        attempts: some that it is meant for, with their messages.

    Raises:
        AssertionError: which rule is broken, and by which attempt.
    """
    is_part = isinstance(interaction, Interaction) or callable(interaction)
    _expect(is_part, f"{interaction!r} must have answer(attempts) and end(attempt), or be a function of the attempt")
    name = f"turn {interaction!r}"
    loaded = load_turn(interaction)
    assert loaded is not None, "only None loads as None"
    _expect(_called(name, loaded.answer, []) == [], f"{name}: an empty batch must give no answers")
    copied = _pickled(name, loaded)
    answers = _called(name, loaded.answer, attempts)
    _expect_rows(name, answers, len(attempts))
    again = _called(f"a pickled copy of {name}", copied.answer, attempts[::-1])[::-1]
    for attempt, answer, other in zip(attempts, answers, again, strict=True):
        what = f"{name} at task {attempt.task.task_id!r}, response {attempt.response!r:.80}"
        _expect(answer is None or isinstance(answer, str), f"{what}: must be a str or None, got {answer!r:.80}")
        _expect(answer == other, f"{what}: a pickled copy answers {other!r:.80} in another order, not {answer!r:.80}")
        copied.end(attempt)
        alone = copied.answer([attempt])[0]
        _expect(answer == alone, f"{what}: must answer alone as in a batch, got {alone!r:.80} and {answer!r:.80}")
        for _ in range(2):
            _called(f"{what}: end", copied.end, attempt)
        loaded.end(attempt)


def check_env(env: TextEnv, *, responses: Sequence[str] = ("an answer",)) -> None:
    """Check an environment with Gymnasium's checker and against the contract of `TextEnv`.

    Args:
        env: unwrapped; made by `gymnasium.make`, its render modes are checked too.
        responses: what the model writes in an episode, the last one as often as it goes on. For an environment with a
            `turn`, choose such as are answered.

    Raises:
        AssertionError: which rule is broken.
    """
    _expect(isinstance(env, TextEnv), f"{env!r} must be a TextEnv; pass env.unwrapped, or use check_vector_env")
    _called("Gymnasium's check_env", lambda: check_gymnasium_env(env, skip_render_check=env.spec is None))
    prompt, info = env.reset(seed=1)
    _check_info(info, set(), "reset")
    _expect_raises(TypeError, "step with a response that is no str", env.step, 5)
    _expect(env.observation == prompt, "a refused response must leave the episode as it was")
    state = _pickled("the state", env.get_state())
    steps = _played(env, responses)
    after = env.reset()
    for turn, response in enumerate(_spoken(responses, len(steps))):
        env.set_state(_pickled("the state", state))
        again = _played(env, responses, turn), env.reset()
        _expect(repr((steps[turn:], after)) == repr(again), f"a restored state must go on alike: {steps} and {again}")
        env.set_state(state)
        env.step(response)
        state = env.get_state()
    for response, step in zip(_spoken(responses, len(steps)), steps, strict=True):
        _check_step(response, step, is_last=step is steps[-1])
    _check_options(env, info["task_id"], responses)


def check_vector_env(envs: TextVectorEnv, *, responses: Sequence[str] = ("an answer",)) -> None:
    """Check that a vector environment plays every row as that row would play alone, and draws one task per group.

    It is compared with Gymnasium's `SyncVectorEnv` over copies of its rows; in groups of several rows, whose rewards
    may compare them, all but the rewards.

    Args:
        envs: unwrapped.
        responses: what the model writes, in turn, each row beginning with another one.

    Raises:
        AssertionError: which rule is broken.
    """
    _expect(isinstance(envs, TextVectorEnv), f"{envs!r} must be a TextVectorEnv; pass envs.unwrapped")
    size, limit = envs.group_size, envs.max_episode_steps
    rows = _called("copying the rows", copy.deepcopy, envs.envs)
    timed = [row if limit is None else TimeLimit(row, limit) for row in rows]
    alone = SyncVectorEnv([lambda row=row: row for row in timed], autoreset_mode=envs.autoreset_mode)
    seeds: list[int | None] = [1 + row // size for row in range(envs.num_envs)]
    expected, found = alone.reset(seed=seeds), _called("reset", lambda: envs.reset(seed=1))
    _expect(_plain(found) == _plain(expected), f"reset must give {expected}, got {found}")
    for start in range(0, envs.num_envs, size):
        group = found[1]["task_id"][start : start + size].tolist()
        _expect(len(set(group)) == 1, f"rows {start} to {start + size - 1} are a group and need one task, got {group}")
    before = _written(envs.get_state())
    _expect_raises(TypeError, "step with a response that is no str", envs.step, [*["a"] * (envs.num_envs - 1), 5])
    _expect(_written(envs.get_state()) == before, "a refused response must leave every row as it was")
    state = _pickled("the state", envs.get_state())
    steps = _stepped(envs, responses)
    for number, (ours, theirs) in enumerate(zip(steps, _stepped(alone, responses), strict=True)):
        is_alike = _plain(_comparable(ours, size)) == _plain(_comparable(theirs, size))
        _expect(is_alike, f"step {number} must be that of the rows alone, {theirs}, got {ours}")
    envs.set_state(state)
    _expect(_plain(_stepped(envs, responses)) == _plain(steps), "a restored state must go on alike")


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


def _spoken(responses: Sequence[str], num_turns: int) -> list[str]:
    return [responses[min(turn, len(responses) - 1)] for turn in range(num_turns)]


def _played(env: TextEnv, responses: Sequence[str], first_turn: int = 0) -> list[StepResult]:
    """Return the steps of the rest of an episode."""
    steps: list[StepResult] = []
    for response in _spoken(responses, env.max_turns)[first_turn:]:
        steps.append(_called(f"step with {response!r:.80}", env.step, response))
        if steps[-1][2] or steps[-1][3]:
            return steps
    raise AssertionError(f"an episode must end with response {env.max_turns} (max_turns), got {steps[-1]}.")


def _stepped(envs: VectorEnv[Any, Any, Any], responses: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return enough steps for rows to end and to start again."""
    steps: list[tuple[Any, ...]] = []
    for number in range(2 * len(responses) + 2):
        actions = tuple(responses[(row + number) % len(responses)] for row in range(envs.num_envs))
        steps.append(_called(f"step with {actions!r:.80}", envs.step, actions))
        is_over = steps[-1][2] | steps[-1][3]
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and is_over.any():
            steps.append(envs.reset(options={"reset_mask": is_over}))
    return steps


def _comparable(step: tuple[Any, ...], group_size: int) -> tuple[Any, ...]:
    """Return what a row's neighbours have no part in."""
    if group_size == 1 or len(step) == 2:
        return step
    observations, _, terminations, truncations, infos = step
    return observations, terminations, truncations, infos.get("task_id")


def _written(states: Sequence[EnvState]) -> str:
    return repr([(state.np_random.bit_generator.state, *state[1:]) for state in states])


def _plain(value: Any) -> Any:
    """Return a value that equals another's exactly if both have one structure, the same types and the same numbers."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return str(value.dtype), _plain(value.tolist())
    return repr(value)


def _check_info(info: dict[str, Any], more: set[str], origin: str) -> None:
    keys = {"task_id", "messages"} | more
    is_known = keys <= info.keys() <= keys | {"domain"}
    _expect(is_known, f"info of {origin} must hold {sorted(keys)}, perhaps domain, and no more; got {info!r}")
    _called(f"json.dumps(info) of {origin}", json.dumps, info)


def _check_step(response: str, step: StepResult, *, is_last: bool) -> None:
    observation, total, _, _, info = step
    said = {"role": "assistant", "content": response}
    if is_last:
        _check_last_step(step, said)
        return
    _check_info(info, {"response_truncated"}, "a step")
    _expect(total == 0.0, f"the reward comes at the end, before it must be 0.0, got {total}")
    talk = info["messages"][-2:]
    shown = [said, {"role": "user", "content": observation}]
    _expect(talk == shown, f"the last messages must be the response and the feedback, {shown}, got {talk}")


def _check_last_step(step: StepResult, said: dict[str, str]) -> None:
    observation, total, terminated, truncated, info = step
    rewarded = {"reward_components", "reward_status", "reward_details"}
    _check_info(info, {"response_truncated"} | rewarded, "the last step")
    _expect(terminated != truncated, f"an episode must end in one way, got {terminated=} {truncated=}")
    _expect(observation == "", f"the observation after the end must be empty, got {observation!r}")
    last = info["messages"][-1]
    is_said = last["role"] == "assistant" and said["content"].startswith(last["content"])
    _expect(is_said, f"the response must be the last message, got {last!r}")
    has_failed = info["reward_status"] == ScoreStatus.GRADER_FAILED
    _expect(math.isnan(total) == has_failed, f"the reward is NaN exactly if the grader failed: {total} with {info!r}")
    has_all = info["reward_components"].keys() == dict(info["reward_details"]).keys()
    _expect(has_all, f"each component needs its details: {info!r}")


def _check_options(env: TextEnv, task_id: str, responses: Sequence[str]) -> None:
    _, info = env.reset(options={"task_id": task_id})
    _expect(info["task_id"] == task_id, f"the option task_id={task_id!r} gave task {info['task_id']!r}")
    _, info = env.reset(options={"task_index": 0})
    _expect(info["task_id"] == env.tasks[0].task_id, f"the option task_index=0 gave task {info['task_id']!r}")
    _expect_raises(ValueError, "an unknown option of reset", lambda: env.reset(options={"no_such_option": 1}))
    _played(env, responses)
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


def _expect_rows(name: str, results: Sequence[object], size: int) -> None:
    _expect(len(results) == size, f"{name}: {size} attempts must give as many, got {len(results)}")


def _expect_raises(error: type[Exception], what: str, function: Callable[..., object], *args: object) -> None:
    try:
        function(*args)
    except error:
        return
    raise AssertionError(f"{what} must raise {error.__name__}, but it raised nothing.")


def _called(what: str, function: Callable[..., T], *args: object) -> T:
    """Call a part of the user's, which must not raise."""
    try:
        return function(*args)
    except AssertionError:
        raise
    except Exception as error:
        raised = "".join(traceback.format_exception_only(error)).strip()
        raise AssertionError(f"{what} must not raise, but it raised {raised}") from error


def _pickled(what: str, part: T) -> T:
    hint = f"pickling {what} (functions and classes belong to the top level of a module)"
    return _called(hint, lambda: pickle.loads(pickle.dumps(part)))
