"""`TextEnv`: how episodes start, go on and end, and what a caller is told."""

from __future__ import annotations

import copy
import json
import math
import pickle

import gymnasium as gym
import numpy as np
import pytest
from env_parts import TASKS, WEIRD_RESPONSES, CountingReward, again, always, exact, is_same, terms, text_env
from hypothesis import given
from hypothesis import strategies as st

from reasonenv import CompositeReward, Score, TextVectorEnv, load_tasks, rule
from reasonenv.errors import EpisodeError, TaskDataError, UnknownNameError
from reasonenv.types import Task


def test_reset_shows_the_prompt_and_tells_task_and_messages():
    env = text_env(template="r1_zero")
    prompt, info = env.reset(options={"task_index": 3})
    assert prompt == env.template.text(TASKS[3])
    assert info == {"task_id": "sum/03", "messages": list(env.template.messages(TASKS[3]))}
    assert env.task is TASKS[3]
    assert env.observation == prompt


def test_info_names_the_domain_of_a_task_that_has_one():
    tasks = [Task(task_id="a/0", prompt="?", reference=None, metadata={"domain": "general"})]
    _, info = text_env(tasks=tasks).reset()
    assert info["domain"] == "general"


def test_domains_of_a_vector_environment_may_be_numbers_and_words():
    tasks = [Task(task_id=f"{d}", prompt="?", reference=None, metadata={"domain": d}) for d in (1, "algebra")]
    _, infos = TextVectorEnv(2, tasks=tasks, reward="format").reset(options={"task_index": [0, 1]})
    assert infos["domain"].tolist() == ["1", "algebra"]


@given(st.integers(0, 2**31 - 1))
def test_seed_decides_the_task_of_every_later_episode(seed):
    first, second = text_env(), text_env()
    first.reset(seed=5)
    played = [[env.reset(seed=seed)[0], *(env.reset()[0] for _ in range(5))] for env in (first, second)]
    assert played[0] == played[1]


def test_all_tasks_are_drawn():
    env = text_env()
    env.reset(seed=0)
    assert {env.reset()[1]["task_id"] for _ in range(400)} == {task.task_id for task in TASKS}


@pytest.mark.parametrize("options", [{"task_index": 7}, {"task_index": np.int64(7)}, {"task_id": "sum/07"}])
def test_options_choose_the_task(options):
    assert text_env().reset(options=options)[1]["task_id"] == "sum/07"


def test_choosing_a_task_does_not_change_which_are_drawn_later():
    free, chosen = text_env(), text_env()
    free.reset(seed=1)
    chosen.reset(seed=1, options={"task_index": 0})
    assert [free.reset()[0] for _ in range(5)] == [chosen.reset()[0] for _ in range(5)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"task": 1}, ValueError, "task_index or task_id"),
        ({"task_index": 1, "task_id": "sum/01"}, ValueError, "one of them"),
        ({"task_index": 20}, IndexError, "tasks 0 to 19"),
        ({"task_index": -1}, IndexError, "tasks 0 to 19"),
        ({"task_index": "1"}, TypeError, "must be an int, got str: '1'"),
        ({"task_id": "sum/1"}, ValueError, "look like 'sum/00'"),
        (["task_id"], TypeError, "must be a dict, got list"),
    ],
)
def test_bad_options_are_refused_and_change_nothing(options, error, message):
    env = text_env()
    env.reset(seed=2)
    before = env.get_state()
    with pytest.raises(error, match=message):
        env.reset(seed=3, options=options)
    assert repr(env.get_state()[1:]) == repr(before[1:])
    assert env.np_random.bit_generator.state == before.np_random.bit_generator.state


def test_a_single_turn_ends_the_episode_with_the_weighted_total_and_its_components():
    env = text_env(reward=terms())
    env.reset(options={"task_index": 4})
    observation, reward, terminated, truncated, info = env.step("8")
    assert (observation, reward, terminated, truncated) == ("", 1.0 + 0.01 + 2.0 * 0.5, True, False)
    assert info["reward_components"] == {"exact": 1.0, "length": 1.0, "fragile": 0.5}
    assert info["reward_status"] == "scored"
    assert info["reward_details"] == [["exact", {}], ["length", {"size": 1}], ["fragile", {}]]
    assert info["response_truncated"] is False
    assert info["messages"][-2:] == [
        {"role": "user", "content": "4+4=? 🙂"},
        {"role": "assistant", "content": "8"},
    ]


def test_a_failed_grader_gives_nan_and_says_so():
    env = text_env(reward=terms())
    env.reset()
    _, reward, terminated, _, info = env.step("fail")
    assert math.isnan(reward)
    assert terminated
    assert info["reward_status"] == "grader_failed"
    assert math.isnan(info["reward_components"]["fragile"])
    assert info["reward_components"]["length"] == 4.0
    assert dict(info["reward_details"])["fragile"] == {"reason": "told to"}


def test_feedback_is_the_next_observation_with_reward_zero():
    env = text_env(turn=again, max_turns=3)
    prompt, _ = env.reset(options={"task_index": 1})
    observation, reward, terminated, truncated, info = env.step("again")
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert observation == info["messages"][-1]["content"] == env.observation
    assert [message["role"] for message in info["messages"]] == ["user", "assistant", "user"]
    assert info["messages"][0]["content"] == prompt
    assert "reward_status" not in info


def test_an_episode_terminates_when_the_turn_has_nothing_to_add():
    env = text_env(turn=again, max_turns=3)
    env.reset(options={"task_index": 1})
    env.step("again")
    _, reward, terminated, truncated, info = env.step("2")
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert len(info["messages"]) == 4


def test_an_episode_is_truncated_and_scored_when_the_turn_would_go_on_after_the_last_response():
    env = text_env(turn=always, max_turns=2)
    env.reset(options={"task_index": 1})
    env.step("1")
    observation, reward, terminated, truncated, info = env.step("2")
    assert (observation, reward, terminated, truncated) == ("", 1.0, False, True)
    assert info["reward_status"] == "scored"
    assert info["messages"][-1] == {"role": "assistant", "content": "2"}


def test_rewards_see_the_whole_conversation():
    seen = []

    class Reading:
        name = "reading"

        def score(self, attempts):
            seen.extend(attempts)
            return [Score(0.0) for _ in attempts]

    env = text_env(reward=Reading(), turn=again, max_turns=5)
    env.reset(options={"task_index": 2})
    env.step("again")
    env.step("done")
    (attempt,) = seen
    assert attempt.task is TASKS[2]
    assert attempt.response == "done"
    assert [message["role"] for message in attempt.messages] == ["user", "assistant", "user", "assistant"]


@pytest.mark.parametrize("turns", [{}, {"turn": always, "max_turns": 9}])
def test_a_response_that_is_too_long_is_cut_and_ends_the_episode(turns):
    env = text_env(max_response_chars=1, **turns)
    env.reset(options={"task_index": 3})
    _, reward, terminated, truncated, info = env.step("6 and more")
    assert (reward, terminated, truncated) == (1.0, False, True)
    assert info["response_truncated"] is True
    assert info["messages"][-1]["content"] == "6"


def test_a_response_of_exactly_the_limit_is_not_cut():
    env = text_env(max_response_chars=2)
    env.reset()
    *_, truncated, info = env.step("ab")
    assert truncated is False
    assert info["response_truncated"] is False


@pytest.mark.parametrize("response", WEIRD_RESPONSES, ids=ascii)
def test_any_string_is_a_response(response):
    env = text_env(reward="format")
    env.reset()
    _, reward, terminated, _, info = env.step(response)
    assert (reward, terminated) == (0.0, True)
    assert info["messages"][-1]["content"] == response


def test_numpy_strings_become_plain_ones():
    env = text_env()
    env.reset()
    assert type(env.step(np.str_("4"))[4]["messages"][-1]["content"]) is str


@pytest.mark.parametrize("response", [None, 5, b"8", ["8"]])
def test_a_response_that_is_no_string_is_refused_and_changes_nothing(response):
    env = text_env()
    env.reset(options={"task_index": 4})
    with pytest.raises(TypeError, match=f"must be a str, got {type(response).__name__}"):
        env.step(response)
    assert env.step("8")[1] == 1.0


def test_step_before_reset_raises_what_gymnasium_users_catch():
    with pytest.raises(EpisodeError, match=r"call reset\(\) first"):
        text_env().step("5")
    assert issubclass(EpisodeError, gym.error.ResetNeeded)


def test_step_after_the_end_raises_and_names_the_task():
    env = text_env()
    env.reset(options={"task_index": 4})
    env.step("5")
    with pytest.raises(EpisodeError, match="'sum/04' is over"):
        env.step("5")


def test_an_error_in_the_reward_leaves_the_episode_as_it_was():
    @rule("broken")
    def broken(task, response):
        if response == "boom":
            raise RuntimeError("bug")
        return 1.0

    env = text_env(reward=broken)
    env.reset()
    with pytest.raises(RuntimeError, match="bug"):
        env.step("boom")
    assert env.step("fine")[1] == 1.0


def test_changing_what_was_returned_does_not_change_the_episode():
    env = text_env(turn=again, max_turns=3)
    _, info = env.reset(options={"task_index": 1})
    info["messages"][0]["content"] = "changed"
    assert env.step("2")[4]["messages"][0]["content"] == "1+1=? 🙂"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"tasks": "chain_arithmetik"}, UnknownNameError, "Did you mean 'chain_arithmetic'"),
        ({"tasks": "chain_arithmetic", "split": "trian"}, UnknownNameError, "Did you mean 'train'"),
        ({"tasks": ()}, TaskDataError, "at least one task"),
        ({"reward": "r1zero"}, UnknownNameError, "Did you mean 'r1_zero'"),
        ({"reward": 5}, TypeError, "A reward must be a name, a dict of weights, .* got 5 .int."),
        ({"reward": ["accuracy"]}, TypeError, "got .'accuracy'. .list."),
        ({"template": 5}, TypeError, "A template must be a name of TEMPLATES, .* 5 is int"),
        ({"turn": "pyton"}, UnknownNameError, "Did you mean 'python'"),
        ({"turn": 5}, TypeError, "A turn must be a name of TURNS, .* got 5 .int."),
        ({"template": "r1-zero"}, UnknownNameError, "Did you mean 'r1_zero'"),
        ({"max_turns": 0}, ValueError, "max_turns must be at least 1, got 0"),
        ({"max_turns": "2"}, TypeError, "max_turns must be an int, got str: '2'"),
        ({"max_turns": 1.5}, TypeError, "max_turns must be an int, got float: 1.5"),
        ({"max_turns": True}, TypeError, "max_turns must be an int, got bool: True"),
        ({"max_response_chars": True}, TypeError, "max_response_chars must be an int, got bool: True"),
        ({"reward": {"accuracy": 10**400}}, ValueError, "weight of the term 'accuracy' must be finite"),
        ({"split": None}, TypeError, r"split must be a name such as .*, got NoneType: None"),
        ({"max_turns": 2}, ValueError, "max_turns=2 needs a turn: .* Pass turn="),
        ({"max_response_chars": 0}, ValueError, "max_response_chars must be at least 1"),
        ({"max_observation_chars": 0}, ValueError, "max_observation_chars must be at least 1"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        text_env(**arguments)


def test_a_prompt_that_is_too_long_is_refused_with_its_task():
    task = Task(task_id="long", prompt="x" * 11, reference=None)
    with pytest.raises(
        ValueError, match="prompt of task 'long' has 11 characters; the limit is max_observation_chars=10"
    ):
        text_env(tasks=[task], max_observation_chars=10).reset()


@pytest.mark.parametrize(("feedback", "error"), [("x" * 101, ValueError), (5, TypeError)])
def test_feedback_that_is_no_observation_is_refused(feedback, error):
    env = text_env(turn=lambda attempt: feedback, max_turns=2, max_observation_chars=100)
    env.reset()
    with pytest.raises(error, match="The feedback of"):
        env.step("a")


def test_tasks_may_be_a_file_a_task_set_or_a_sequence(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps({"prompt": "1+1=?", "answer": "2"}) + "\n", encoding="utf-8")
    sources = (path, str(path), load_tasks("gcd_lcm"), list(TASKS))
    assert [len(text_env(tasks=tasks).tasks) for tasks in sources] == [1, 1, len(load_tasks("gcd_lcm")), 20]


def test_reward_may_be_a_name_weights_a_reward_a_combination_or_a_path():
    rewards = ("format", {"format": 0.5}, exact, CompositeReward({"a": (exact, 2.0)}), "env_parts:exact")
    weights = [dict(text_env(reward=reward).reward.weights) for reward in rewards]
    assert weights == [{"format": 1.0}, {"format": 0.5}, {"exact": 1.0}, {"a": 2.0}, {"exact": 1.0}]


def play(env):
    """Three episodes of up to three turns."""
    results = []
    for _ in range(3):
        results.append(env.reset())
        for response in ("again", "again fail", "2"):
            if not env.is_over:
                results.append(env.step(response))
    return results


@given(st.integers(0, 2**31 - 1), st.integers(0, 2))
def test_a_restored_state_goes_on_exactly(seed, num_turns):
    env = text_env(reward=terms(), turn=again, max_turns=3)
    env.reset(seed=seed)
    for _ in range(num_turns):
        env.step("again")
    state = pickle.loads(pickle.dumps(env.get_state()))
    rest = [env.step("again"), *play(env)] if not env.is_over else play(env)
    fresh = text_env(reward=terms(), turn=again, max_turns=3)
    for restored in (env, fresh):
        restored.set_state(state)
        assert restored.np_random_seed == seed
        assert is_same([restored.step("again"), *play(restored)], rest)


def test_a_state_is_a_snapshot_that_playing_on_does_not_change():
    env = text_env()
    env.reset(seed=1)
    state = env.get_state()
    first = [env.reset()[0] for _ in range(4)]
    env.set_state(state)
    env.reset()
    env.set_state(state)
    assert [env.reset()[0] for _ in range(4)] == first


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copied_environment_goes_on_exactly(duplicate):
    env = text_env(reward=terms(), turn=again, max_turns=3)
    env.reset(seed=4)
    copied = duplicate(env)
    assert is_same(play(copied), play(env))


def test_render_shows_the_conversation_and_each_component():
    env = text_env(reward=terms(), render_mode="ansi", turn=again, max_turns=3)
    env.reset(options={"task_index": 4})
    assert env.render() == "task: sum/04\nuser: 4+4=? 🙂"
    env.step("again")
    env.step("8")
    assert env.render().splitlines() == [
        "task: sum/04",
        "user: 4+4=? 🙂",
        "assistant: again",
        "user: turn 1 \\ud800 🙂",
        "assistant: 8",
        "exact: 1 × weight 1",
        "length: 1 × weight 0.01",
        "fragile: 0.5 × weight 2",
        "reward: 2.01 (scored, terminated)",
    ]


def test_render_says_that_a_grader_failed():
    env = text_env(reward=terms(), render_mode="ansi", turn=always, max_turns=2)
    env.reset()
    env.step("go on")
    env.step("fail")
    assert env.render().splitlines()[-1] == "reward: nan (grader_failed, truncated)"


def test_intermediate_turns_are_not_scored():
    reward = CountingReward()
    env = text_env(reward=reward, turn=again, max_turns=3)
    env.reset()
    env.step("again")
    assert reward.batch_sizes == []
    env.step("end")
    assert reward.batch_sizes == [1]
