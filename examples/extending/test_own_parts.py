"""The package's checks on every part of own_parts.py: `python -m pytest examples/extending`."""

from __future__ import annotations

import gymnasium
from own_parts import PlainEngine, Reinforce, additions, brevity, once_more

from agents.testing import check_algorithm, check_engine
from reasonenv import Attempt, Message, TextEnv, TextVectorEnv
from reasonenv.testing import check_env, check_interaction, check_reward, check_task_set, check_vector_env


def test_task_set() -> None:
    check_task_set(additions("train"))
    check_task_set(additions("test"))


def test_reward() -> None:
    check_reward(brevity, [additions("train")[0]])


def test_turn() -> None:
    task = additions("train")[0]
    asked: Message = {"role": "user", "content": task.prompt}
    said: Message = {"role": "assistant", "content": "1"}
    check_interaction(once_more, [Attempt(task=task, response="1", messages=(asked, said))])


def test_environment() -> None:
    env = gymnasium.make("own_parts:own_parts/Additions-v0").unwrapped
    assert isinstance(env, TextEnv)
    check_env(env, responses=("1", "2"))
    envs = gymnasium.make_vec("own_parts/Additions-v0", num_envs=4, group_size=2).unwrapped
    assert isinstance(envs, TextVectorEnv)
    check_vector_env(envs, responses=("1", "2"))


def test_algorithm() -> None:
    check_algorithm(Reinforce())


def test_engine() -> None:
    check_engine(PlainEngine)
