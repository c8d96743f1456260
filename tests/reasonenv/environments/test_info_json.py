"""`info` is JSON, wherever an episode stands."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
from env_parts import always, fragile, terms, text_env
from gymnasium.wrappers.vector import DictInfoToList

from reasonenv.registration import ENVIRONMENTS

CELL = "```python\nprint(1)\n```"


def told(info):
    """Return what JSON makes of it."""
    return json.loads(json.dumps(info))


@pytest.mark.parametrize("response", ["no idea", "<think>?</think> <answer>5</answer>", CELL, r"\boxed{1", "\ud800"])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_info_of_every_id_is_json_after_reset_and_every_step(env_id, response):
    env = gym.make(env_id)
    _, info = env.reset(seed=0)
    infos, is_over = [info], False
    while not is_over:
        _, _, terminated, truncated, info = env.step(response)
        infos.append(info)
        is_over = terminated or truncated
    assert told(infos) == infos
    env.close()


@pytest.mark.parametrize("index", range(12))
def test_info_of_every_kind_of_mixed_task_is_json(index):
    env = gym.make("reasonenv/Mixed-v0")
    env.reset(seed=index)
    info = env.step(f"<think>hm</think> <answer>{CELL}</answer>")[4]
    assert told(info) == info


@pytest.mark.parametrize("arguments", [{"max_response_chars": 2}, {"turn": always, "max_turns": 2}])
def test_info_of_truncated_episodes_is_json(arguments):
    env = text_env(reward=terms(), **arguments)
    env.reset()
    is_truncated = False
    while not is_truncated:
        *_, is_truncated, info = env.step("4 or more")
        assert told(info) == info


def test_info_of_a_failed_grader_is_json():
    env = text_env(reward=fragile)
    env.reset()
    info = told(env.step("fail")[4])
    assert info["reward_details"] == [["fragile", {"reason": "told to"}]]
    assert info["reward_status"] == "grader_failed"


@pytest.mark.parametrize("mode", ["vector_entry_point", "sync"])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_rows_of_vector_environments_are_json_but_for_numpys_flags(env_id, mode):
    envs = DictInfoToList(gym.make_vec(env_id, num_envs=2, vectorization_mode=mode))
    assert told(envs.reset(seed=0)[1][0])["task_id"]
    rows = envs.step(("no idea", "<think>?</think> <answer>5</answer>"))[4]
    for row in json.loads(json.dumps(rows, default=np.generic.item)):
        assert row["response_truncated"] is False
        assert dict(row["reward_details"]).keys() == row["reward_components"].keys()
    envs.close()
