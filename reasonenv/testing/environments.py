"""What every user of an environment relies on, single or vector."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import check_env as check_gymnasium_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TimeLimit

from reasonenv.env import EnvState, StepResult, TextEnv
from reasonenv.errors import EpisodeError
from reasonenv.testing.expectations import called, expect, expect_raises, pickled
from reasonenv.types import ScoreStatus
from reasonenv.vector import TextVectorEnv


def check_env(env: TextEnv, *, responses: Sequence[str] = ("an answer",)) -> None:
    """Check an environment with Gymnasium's checker and against the contract of `TextEnv`.

    Args:
        env: unwrapped; made by `gymnasium.make`, its render modes are checked too.
        responses: what the model writes in an episode, the last one as often as it goes on. For an environment with a
            `turn`, choose such as are answered.

    Raises:
        AssertionError: which rule is broken.
    """
    expect(isinstance(env, TextEnv), f"{env!r} must be a TextEnv; pass env.unwrapped, or use check_vector_env")
    _check_responses(responses)
    called("Gymnasium's check_env", lambda: check_gymnasium_env(env, skip_render_check=env.spec is None))
    prompt, info = env.reset(seed=1)
    _check_info(info, set(), "reset")
    expect_raises(TypeError, "step with a response that is no str", env.step, 5)
    expect(env.observation == prompt, "a refused response must leave the episode as it was")
    state = pickled("the state", env.get_state())
    steps = _played(env, responses)
    after = env.reset()
    for turn, response in enumerate(_spoken(responses, len(steps))):
        env.set_state(pickled("the state", state))
        again = _played(env, responses, turn), env.reset()
        expect(repr((steps[turn:], after)) == repr(again), f"a restored state must go on alike: {steps} and {again}")
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
    expect(isinstance(envs, TextVectorEnv), f"{envs!r} must be a TextVectorEnv; pass envs.unwrapped")
    _check_responses(responses)
    size, limit = envs.group_size, envs.max_episode_steps
    rows = called("copying the rows", copy.deepcopy, envs.envs)
    timed = [row if limit is None else TimeLimit(row, limit) for row in rows]
    alone = SyncVectorEnv([lambda row=row: row for row in timed], autoreset_mode=envs.autoreset_mode)
    seeds: list[int | None] = [1 + row // size for row in range(envs.num_envs)]
    expected, found = alone.reset(seed=seeds), called("reset", lambda: envs.reset(seed=1))
    expect(_plain(found) == _plain(expected), f"reset must give {expected}, got {found}")
    for start in range(0, envs.num_envs, size):
        group = found[1]["task_id"][start : start + size].tolist()
        expect(len(set(group)) == 1, f"rows {start} to {start + size - 1} are a group and need one task, got {group}")
    before = _written(envs.get_state())
    expect_raises(TypeError, "step with a response that is no str", envs.step, [*["a"] * (envs.num_envs - 1), 5])
    expect(_written(envs.get_state()) == before, "a refused response must leave every row as it was")
    state = pickled("the state", envs.get_state())
    steps = _stepped(envs, responses)
    for number, (ours, theirs) in enumerate(zip(steps, _stepped(alone, responses), strict=True)):
        is_alike = _plain(_comparable(ours, size)) == _plain(_comparable(theirs, size))
        expect(is_alike, f"step {number} must be that of the rows alone, {theirs}, got {ours}")
    envs.set_state(state)
    expect(_plain(_stepped(envs, responses)) == _plain(steps), "a restored state must go on alike")


def _check_responses(responses: Sequence[str]) -> None:
    is_list = isinstance(responses, list | tuple) and all(isinstance(response, str) for response in responses)
    expect(is_list, f"responses must be a list or tuple of texts, got {responses!r:.80}")
    expect(len(responses) > 0, "responses must hold at least one text, got none")


def _spoken(responses: Sequence[str], num_turns: int) -> list[str]:
    return [responses[min(turn, len(responses) - 1)] for turn in range(num_turns)]


def _played(env: TextEnv, responses: Sequence[str], first_turn: int = 0) -> list[StepResult]:
    """Return the steps of the rest of an episode."""
    steps: list[StepResult] = []
    for response in _spoken(responses, env.max_turns)[first_turn:]:
        steps.append(called(f"step with {response!r:.80}", env.step, response))
        if steps[-1][2] or steps[-1][3]:
            return steps
    raise AssertionError(f"an episode must end with response {env.max_turns} (max_turns), got {steps[-1]}.")


def _stepped(envs: VectorEnv[Any, Any, Any], responses: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return enough steps for rows to end and to start again."""
    steps: list[tuple[Any, ...]] = []
    for number in range(2 * len(responses) + 2):
        actions = tuple(responses[(row + number) % len(responses)] for row in range(envs.num_envs))
        steps.append(called(f"step with {actions!r:.80}", envs.step, actions))
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
    expect(is_known, f"info of {origin} must hold {sorted(keys)}, perhaps domain, and no more; got {info!r}")
    called(f"json.dumps(info) of {origin}", json.dumps, info)


def _check_step(response: str, step: StepResult, *, is_last: bool) -> None:
    observation, total, _, _, info = step
    said = {"role": "assistant", "content": response}
    if is_last:
        _check_last_step(step, said)
        return
    _check_info(info, {"response_truncated"}, "a step")
    expect(total == 0.0, f"the reward comes at the end, before it must be 0.0, got {total}")
    talk = info["messages"][-2:]
    shown = [said, {"role": "user", "content": observation}]
    expect(talk == shown, f"the last messages must be the response and the feedback, {shown}, got {talk}")


def _check_last_step(step: StepResult, said: dict[str, str]) -> None:
    observation, total, terminated, truncated, info = step
    rewarded = {"reward_components", "reward_status", "reward_details"}
    _check_info(info, {"response_truncated"} | rewarded, "the last step")
    expect(terminated != truncated, f"an episode must end in one way, got {terminated=} {truncated=}")
    expect(observation == "", f"the observation after the end must be empty, got {observation!r}")
    last = info["messages"][-1]
    is_said = last["role"] == "assistant" and said["content"].startswith(last["content"])
    expect(is_said, f"the response must be the last message, got {last!r}")
    has_failed = info["reward_status"] == ScoreStatus.GRADER_FAILED
    expect(math.isnan(total) == has_failed, f"the reward is NaN exactly if the grader failed: {total} with {info!r}")
    has_all = info["reward_components"].keys() == dict(info["reward_details"]).keys()
    expect(has_all, f"each component needs its details: {info!r}")


def _check_options(env: TextEnv, task_id: str, responses: Sequence[str]) -> None:
    _, info = env.reset(options={"task_id": task_id})
    expect(info["task_id"] == task_id, f"the option task_id={task_id!r} gave task {info['task_id']!r}")
    _, info = env.reset(options={"task_index": 0})
    expect(info["task_id"] == env.tasks[0].task_id, f"the option task_index=0 gave task {info['task_id']!r}")
    expect_raises(ValueError, "an unknown option of reset", lambda: env.reset(options={"no_such_option": 1}))
    _played(env, responses)
    expect_raises(EpisodeError, "step after the end", env.step, "an answer")
