"""The ids work through every door that Gymnasium has."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import gymnasium as gym
import pytest
from env_parts import TASKS, exact, is_same
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

import reasonenv
from reasonenv import TextEnv, TextVectorEnv
from reasonenv.registration import ENVIRONMENTS, register_environments

ID = "reasonenv/Math-v0"
each_id = pytest.mark.parametrize("env_id", ENVIRONMENTS)


@each_id
def test_make_gives_the_environment_itself(env_id):
    assert type(gym.make(env_id)) is TextEnv


@each_id
def test_a_made_environment_plays_an_episode(env_id):
    env = gym.make(env_id)
    prompt, info = env.reset(seed=0)
    _, reward, terminated, truncated, last_info = env.step("no idea")
    assert prompt in env.observation_space
    assert last_info["task_id"] == info["task_id"]
    assert (terminated, truncated) == (True, False)
    assert reward == pytest.approx(sum(last_info["reward_components"].values()))


def test_the_gold_answer_in_the_asked_form_scores_two():
    env = gym.make(ID, split="test")
    env.reset(seed=1)
    answer = env.unwrapped.task.reference.answer
    _, reward, *_, info = env.step(f"<think>easy</think> <answer>{answer}</answer>")
    assert reward == 2.0
    assert info["reward_components"] == {"accuracy": 1.0, "format": 1.0}


def test_the_checkers_of_gymnasium_find_nothing_to_warn_of():
    env = gym.make(ID, disable_env_checker=False, render_mode="ansi")
    for _ in range(2):
        env.reset(seed=0)
        env.render()
        env.step("no idea")
    env.close()


def test_make_takes_the_arguments_of_the_environment():
    env = gym.make(
        ID, tasks=TASKS, reward=exact, template="plain", max_turns=1, max_response_chars=9, render_mode="ansi"
    )
    env.reset(options={"task_index": 2})
    assert env.step("4")[1] == 1.0
    assert env.action_space == reasonenv.UnicodeText(9)
    assert "reward: 1 " in env.render()


def test_make_refuses_an_unknown_argument():
    with pytest.raises(TypeError, match="max_turn"):
        gym.make(ID, max_turn=2)


def test_an_unknown_id_suggests_the_closest():
    with pytest.raises(gym.error.NameNotFound, match="Did you mean: `Math`"):
        gym.make("reasonenv/Moth-v0")


def test_the_module_form_of_an_id_imports_the_package():
    program = (
        "import gymnasium; env = gymnasium.make('reasonenv:reasonenv/Math-v0'); print(type(env.unwrapped).__name__)"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "TextEnv"


def test_registering_twice_changes_nothing():
    before = dict(gym.registry)
    register_environments()
    importlib.reload(reasonenv)
    assert dict(gym.registry) == before


def test_the_spec_survives_json():
    spec = gym.make(ID, split="test").spec
    made = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json()))
    assert json.loads(spec.to_json())["kwargs"]["split"] == "test"
    assert made.unwrapped.tasks.split == "test"


@pytest.mark.parametrize(
    ("mode", "kind", "kwargs"),
    [
        (None, TextVectorEnv, {"autoreset_mode": "SameStep"}),
        ("vector_entry_point", TextVectorEnv, {"autoreset_mode": "SameStep"}),
        ("sync", SyncVectorEnv, {"vector_kwargs": {"autoreset_mode": "SameStep"}}),
        ("async", AsyncVectorEnv, {"vector_kwargs": {"autoreset_mode": "SameStep", "context": "spawn"}}),
    ],
)
def test_make_vec_gives_the_same_episodes_in_every_mode(mode, kind, kwargs):
    env = gym.make_vec(ID, num_envs=2, vectorization_mode=mode, split="test", **kwargs)
    reference = TextVectorEnv(2, split="test", autoreset_mode="SameStep", **ENVIRONMENTS[ID])
    try:
        assert type(env) is kind
        assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
        assert is_same(env.reset(seed=3), reference.reset(seed=3))
        assert is_same(env.step(("", "🙂 \ud800")), reference.step(("", "🙂 \ud800")))
    finally:
        env.close()


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("autoreset", ["NextStep", "SameStep"])
@pytest.mark.parametrize("env_id", [ID, "reasonenv/MathPython-v0"])
def test_make_vec_limits_episodes_alike_in_every_mode(env_id, autoreset, limit):
    kwargs = {"num_envs": 2, "max_episode_steps": limit}
    ours = gym.make_vec(env_id, autoreset_mode=autoreset, **kwargs)
    theirs = gym.make_vec(env_id, vectorization_mode="sync", vector_kwargs={"autoreset_mode": autoreset}, **kwargs)
    assert is_same(ours.reset(seed=3), theirs.reset(seed=3))
    actions = ("I do not know.", "```python\nprint(1)\n```")
    steps = [(ours.step(actions), theirs.step(actions)) for _ in range(2 * limit + 1)]
    assert all(is_same(*pair) for pair in steps)
    assert any(step[3].any() for step, _ in steps) == (limit == 1 or env_id != ID)
    ours.close()
    theirs.close()


def test_make_warns_of_a_render_mode_with_pictures_and_makes_the_environment():
    with pytest.warns(UserWarning, match="render_mode='rgb_array' that is not in the possible render_modes"):
        env = gym.make(ID, render_mode="rgb_array")
    env.reset(seed=0)
    assert env.step("no idea")[2] is True


def test_make_vec_passes_group_size():
    env = gym.make_vec(ID, num_envs=6, group_size=3)
    prompts, _ = env.reset(seed=0)
    assert env.unwrapped.group_size == 3
    assert prompts[0] == prompts[1] == prompts[2] != prompts[3] == prompts[4] == prompts[5]


def test_every_exported_name_exists_once():
    assert sorted(set(reasonenv.__all__)) == reasonenv.__all__
    assert all(hasattr(reasonenv, name) for name in reasonenv.__all__)
