"""Environments pass on what rewards need beyond the text: the group and the tokens."""

import numpy as np
import pytest
from env_parts import TASKS, always, text_env
from gymnasium.vector import AutoresetMode

from reasonenv import Score, TextVectorEnv
from reasonenv.rewards import load_reward
from reasonenv.rewards.length import Length, SoftOverlong


class Seen:
    """Keeps the attempts of each call."""

    name = "seen"

    def __init__(self):
        self.calls = []

    def score(self, attempts):
        self.calls.append(list(attempts))
        return [Score(0.0) for _ in attempts]


def vector_env(reward, **kwargs):
    return TextVectorEnv(4, group_size=2, tasks=TASKS, template="plain", reward=reward, **kwargs)


def test_vector_environment_numbers_its_groups():
    env = vector_env(seen := Seen())
    env.reset(seed=1)
    env.step(["a", "b", "c", "d"])
    assert [[attempt.group_id for attempt in call] for call in seen.calls] == [[0, 0, 1, 1]]


def test_environment_alone_is_one_group():
    env = text_env(reward=(seen := Seen()))
    env.reset(seed=1)
    env.step("a")
    assert [attempt.group_id for attempt in seen.calls[0]] == [0]


def test_tokens_reach_the_reward_with_their_response():
    env = vector_env(seen := Seen())
    env.reset(seed=1)
    env.step(["a", "b", "c", "d"], token_ids=[(1,), [2, 3], None, ()])
    assert [attempt.token_ids for attempt in seen.calls[0]] == [(1,), (2, 3), None, ()]


def test_environment_alone_passes_tokens_on():
    env = text_env(reward=SoftOverlong(max_length=4, buffer=2))
    env.reset(seed=1)
    assert env.step("a", token_ids=[1, 2, 3])[1] == -0.5


def test_tokens_are_those_of_the_last_response():
    env = text_env(reward=(seen := Seen()), turn=always, max_turns=2)
    env.reset(seed=1)
    env.step("a", token_ids=[1])
    env.step("b", token_ids=[2, 3])
    assert seen.calls[0][0].token_ids == (2, 3)


def test_tokens_of_an_earlier_response_are_not_passed_off_as_the_last_ones():
    env = text_env(reward=(seen := Seen()), turn=always, max_turns=2)
    env.reset(seed=1)
    env.step("a", token_ids=[1])
    env.step("b")
    assert seen.calls[0][0].token_ids is None


def test_tokens_must_be_given_for_every_row():
    env = vector_env(Seen())
    env.reset(seed=1)
    with pytest.raises(ValueError, match="token_ids must hold 4 sequences"):
        env.step(["a"] * 4, token_ids=[(1,)] * 3)


def test_group_reward_of_a_vector_environment_sees_its_whole_groups():
    env = vector_env(load_reward("length"), autoreset_mode=AutoresetMode.DISABLED)
    env.reset(options={"task_index": [3, 4]})
    right, long, wrong, empty = "<answer>6</answer>", " <answer>6</answer>", "<answer>7</answer>", ""
    _, rewards, *_ = env.step([right, long, wrong, empty])
    np.testing.assert_array_equal(rewards, [0.5, -0.5, -0.5, 0.0])


def test_composite_gives_a_group_reward_the_whole_batch_at_once():
    env = vector_env(load_reward(seen := Seen()))
    env.reset(seed=1)
    env.step(["a", "b", "c", "d"])
    assert [len(call) for call in seen.calls] == [4]


def test_group_reward_in_one_environment_scores_zero():
    env = text_env(reward=Length())
    env.reset(seed=1)
    assert env.step("<answer>5</answer>")[1] == 0.0
