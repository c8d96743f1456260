"""A part of the user's own goes wherever a name goes, as "module:attribute"; weights are a reward."""

from __future__ import annotations

import json
import math

import gymnasium as gym
import numpy as np
import pytest
import user_parts
from env_parts import TASKS, text_env
from gymnasium.envs.registration import EnvSpec

from reasonenv import CompositeReward, load_reward, load_template, rule
from reasonenv.errors import PartImportError, UnknownNameError
from reasonenv.rewards import Rule
from reasonenv.turns import PublicTests, PythonTool, load_turn


@pytest.mark.parametrize(
    ("reward", "weights"),
    [
        ("user_parts:brevity", {"brevity": 1.0}),
        ("user_parts:Loudness", {"loudness": 1.0}),
        ("user_parts:loudness", {"loudness": 1.0}),
        ("user_parts:both", {"brevity": 0.5, "format": 2.0}),
        ("user_parts:combination", {"brevity": 0.5, "format": 2.0}),
        ("user_parts:weights", {"format": 1.0, "brevity": 0.1}),
        ("reasonenv.rewards.format:Format", {"format": 1.0}),
        ("reasonenv.rewards.presets:r1_zero", {"accuracy": 1.0, "format": 1.0}),
        ({"accuracy": 1, "format": 0.5}, {"accuracy": 1.0, "format": 0.5}),
        ({"accuracy": 1.0, "user_parts:Loudness": -0.25}, {"accuracy": 1.0, "loudness": -0.25}),
        ({"r1_zero": 2.0, "user_parts:brevity": np.float32(0.5)}, {"accuracy": 2.0, "format": 2.0, "brevity": 0.5}),
        ({"user_parts:combination": 2.0}, {"brevity": 1.0, "format": 4.0}),
    ],
)
def test_a_reward_is_made_of_what_is_given(reward, weights):
    made = load_reward(reward)
    assert isinstance(made, CompositeReward)
    assert made.weights == weights


def test_weights_of_a_preset_keep_which_tasks_its_terms_apply_to():
    applies = load_reward({"r1_all_scenarios": 0.5}).applies_to
    assert applies.keys() == load_reward("r1_all_scenarios").applies_to.keys()
    assert [name for name, condition in applies.items() if condition(TASKS[0])] == ["accuracy"]


@pytest.mark.parametrize(
    ("reward", "error", "message"),
    [
        ({}, ValueError, "at least one term"),
        ({"acuracy": 1.0}, UnknownNameError, "Did you mean 'accuracy'"),
        ({"accuracy": "1"}, TypeError, "weight of the term 'accuracy' must be a number, got str: '1'"),
        ({"accuracy": None}, TypeError, "must be a number, got NoneType"),
        ({"accuracy": math.nan}, ValueError, "weight of the term 'accuracy' must be finite, got nan"),
        ({"format": math.inf}, ValueError, "must be finite, got inf"),
        ({"format": 10**400}, ValueError, "weight of the term 'format' must be finite: int too large"),
        ({"r1_zero": 1.0, "format": 1.0}, ValueError, "have the component 'format'"),
        ({user_parts.brevity: 1.0}, TypeError, "names of rewards as its keys, got .* Combine rewards of your own by"),
        (user_parts.undecorated, TypeError, "becomes a reward by @rule"),
        (user_parts.Loudness, TypeError, "a class by calling it"),
        (None, TypeError, r"A reward must be a name, .* got None \(NoneType\)"),
        ("user_parts:undecorated", TypeError, "'user_parts:undecorated' is no reward, .* by @rule"),
        ("user_parts:number", TypeError, r"A reward must be .* got 5 \(int\)"),
        ("user_parts:missing", PartImportError, "has no attribute 'missing'"),
        ("no_such_module:reward", PartImportError, "No module named 'no_such_module'"),
    ],
)
def test_what_is_no_reward_is_refused(reward, error, message):
    with pytest.raises(error, match=message):
        load_reward(reward)


def test_a_rule_without_parentheses_is_refused_where_it_stands():
    with pytest.raises(TypeError, match=r'@rule needs the name of the reward, as in @rule\("brevity"\); got <function'):

        @rule
        def brevity(task, response):
            return 1.0


def test_a_rule_of_something_else_than_a_function_is_refused():
    with pytest.raises(TypeError, match=r"The rule 'five' must be a function of \(task, response\), got 5"):
        Rule("five", 5)


def test_a_template_may_be_a_path():
    assert load_template("user_parts:shout") is user_parts.shout
    assert text_env(template="user_parts:shout").reset(options={"task_index": 1})[0] == "1+1=? 🙂!"


@pytest.mark.parametrize("template", ["user_parts:critique", "user_parts:PromptTemplate", None])
def test_what_is_no_template_is_refused(template):
    with pytest.raises(TypeError, match="A template must be a name of TEMPLATES, or a PromptTemplate"):
        load_template(template)


@pytest.mark.parametrize(
    "turn", [user_parts.critique, user_parts.critic, "user_parts:critique", "user_parts:critic", "user_parts:Critic"]
)
def test_a_turn_may_be_a_function_an_interaction_or_a_path(turn):
    env = text_env(turn=turn, max_turns=3)
    env.reset()
    assert env.step("2")[0] == "Are you sure?"
    assert env.step("2")[2] is True


@pytest.mark.parametrize(("name", "kind"), [("python", PythonTool), ("public_tests", PublicTests)])
def test_a_turn_by_its_name_is_made_anew(name, kind):
    assert isinstance(load_turn(name), kind)
    assert load_turn(name) is not load_turn(name)


@pytest.mark.parametrize("turn", ["user_parts:number", "user_parts:Loudness", PublicTests, 5, ["python"]])
def test_what_is_no_turn_is_refused(turn):
    with pytest.raises(TypeError, match="A turn must be a name of TURNS, a function of the attempt"):
        load_turn(turn)


def test_an_environment_of_user_parts_goes_through_json():
    parts = {
        "reward": {"accuracy": 1.0, "user_parts:brevity": 0.1},
        "template": "user_parts:shout",
        "turn": "user_parts:critique",
        "max_turns": 2,
    }
    spec = EnvSpec.from_json(gym.make("reasonenv/Math-v0", tasks="gcd_lcm", **parts).spec.to_json())
    env = gym.make(spec)
    prompt, _ = env.reset(seed=0)
    answer = f"<answer>{env.unwrapped.task.reference.answer}</answer>"
    assert prompt.endswith("!")
    assert env.step(answer)[0] == "Are you sure?"
    _, reward, *_, info = env.step(answer)
    assert info["reward_components"] == {"accuracy": 1.0, "brevity": 0.0}
    assert reward == 1.0


def test_a_vector_environment_of_user_parts_goes_through_json():
    spec = gym.make_vec("reasonenv/Math-v0", num_envs=2, group_size=2, reward="user_parts:both").spec
    envs = gym.make_vec(EnvSpec.from_json(spec.to_json()))
    assert envs.unwrapped.reward.weights == {"brevity": 0.5, "format": 2.0}
    assert (envs.num_envs, envs.unwrapped.group_size) == (2, 2)


def test_a_function_hits_the_limit_of_gymnasiums_json():
    with pytest.raises(TypeError, match="not JSON serializable"):
        gym.make("reasonenv/MathPython-v0", turn=user_parts.critique).spec.to_json()
    assert json.loads(gym.make("reasonenv/Math-v0", reward="format").spec.to_json())["kwargs"]["reward"] == "format"
