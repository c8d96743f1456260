"""What answers the model between its responses: public tests, and functions of one attempt."""

from __future__ import annotations

import gymnasium as gym
import pytest
from code_parts import HALF, HIDDEN_INPUT, HIDDEN_OUTPUT, RIGHT, STDIN_TASK, TASK, WRONG, in_form, sandbox_or_skip
from env_parts import again, is_same, text_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from reasonenv import Attempt, MathReference, Task, TextEnv, TextVectorEnv
from reasonenv.errors import UnknownNameError
from reasonenv.turns import Interaction, PublicTests, load_turn
from reasonenv.types import CodeReference


@pytest.fixture(autouse=True)
def _needs_sandbox():
    sandbox_or_skip()


def code_env(**kwargs):
    return TextEnv(
        **{
            "tasks": [TASK],
            "reward": "r1_code",
            "template": "r1_code",
            "turn": "public_tests",
            "max_turns": 3,
            **kwargs,
        }
    )


def played(env, *responses):
    env.reset(seed=0)
    return [env.step(response) for response in responses]


def test_a_program_that_passes_the_public_tests_ends_the_episode():
    ((observation, reward, terminated, truncated, _),) = played(code_env(), in_form(RIGHT))
    assert (observation, reward, terminated, truncated) == ("", 2.0, True, False)


def test_a_program_that_fails_public_tests_is_told_which():
    ((observation, reward, terminated, truncated, _),) = played(code_env(), in_form(HALF))
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert observation.splitlines() == [
        "Your program passes 1 of 2 public tests.",
        "double(5) == 10 is expected: wrong answer",
        "Give the whole program again in one ```python block.",
    ]


def test_the_repaired_program_is_the_one_that_is_scored():
    *_, last = played(code_env(), in_form(WRONG), "no program", in_form(RIGHT))
    assert last[1:4] == (2.0, True, False)


def test_a_response_without_program_is_told_so():
    ((observation, *_),) = played(code_env(), "no idea")
    assert observation.startswith("There is no program in your response")


def test_the_last_turn_is_scored_by_the_hidden_tests_and_truncated():
    *_, last = played(code_env(max_turns=2), in_form(WRONG), in_form(HALF))
    assert last[:4] == ("", 1.0, False, True)
    assert dict(last[4]["reward_details"])["code_all_passed"]["num_passed"] == 2


@pytest.mark.parametrize(
    "program",
    [
        "def double(x):\n    raise ValueError(x)\n",
        "def double(x):\n    print(x)\n    return -1\n",
        "import sys\ndef double(x):\n    return sys._getframe(1).f_locals\n",
        "import gc\ndef double(x):\n    raise ValueError(str(gc.get_objects())[:400])\n",
        WRONG,
    ],
)
def test_no_observation_shows_a_hidden_input_or_expected_value(program):
    for observation, *_, info in played(code_env(), in_form(program), in_form(program)):
        shown = observation + "".join(message["content"] for message in info["messages"])
        assert str(HIDDEN_INPUT) not in shown
        assert str(HIDDEN_OUTPUT) not in shown


def test_feedback_on_standard_input_names_input_and_output():
    ((observation, *_),) = played(code_env(tasks=[STDIN_TASK]), in_form("print(int(input()))\n"))
    assert "For the input '1 1\\n', the output '2\\n' is expected: raised (ValueError" in observation


def test_a_task_without_public_tests_has_one_turn():
    task = Task(task_id="x/0", prompt="?", reference=CodeReference(tests=TASK.reference.tests))
    ((_, reward, terminated, truncated, _),) = played(code_env(tasks=[task]), in_form(WRONG))
    assert (reward, terminated, truncated) == (1.0, True, False)


def test_public_tests_need_a_task_with_tests():
    task = Task(task_id="sum/0", prompt="2+3=?", reference=MathReference(answer="5"))
    with pytest.raises(TypeError, match="Public tests need a CodeReference, but task 'sum/0' has a MathReference"):
        PublicTests().answer([Attempt(task=task, response="5")])


def test_the_default_turn_of_an_id_is_asked_only_where_there_are_several():
    class Refusing:
        def answer(self, attempts):
            raise AssertionError("asked")

        def end(self, attempt):
            pass

    env = code_env(turn=None, default_turn=Refusing(), max_turns=1)
    assert [(step[1], step[2]) for step in played(env, in_form(RIGHT))] == [(2.0, True)]
    with pytest.raises(AssertionError, match="asked"):
        played(code_env(turn=None, default_turn=Refusing()), in_form(RIGHT))
    played(code_env(default_turn=Refusing()), in_form(RIGHT))


@pytest.mark.parametrize("env_id", ["reasonenv/Code-v0", "reasonenv/MathPython-v0", "reasonenv/Math-v0"])
def test_a_turn_that_would_never_be_asked_is_refused(env_id):
    for make in (gym.make, gym.make_vec):
        with pytest.raises((ValueError, gym.error.Error), match=r"turn=.* would never be asked: with max_turns=1"):
            make(env_id, turn="python", max_turns=1)
        assert make(env_id, max_turns=1).unwrapped.turn is None


class Recording:
    """Goes on for as long as the model says so, and remembers what it was asked and told."""

    def __init__(self):
        self.batches, self.ended = [], []

    def answer(self, attempts):
        self.batches.append([attempt.response for attempt in attempts])
        return ["go on" if "again" in attempt.response else None for attempt in attempts]

    def end(self, attempt):
        self.ended.append([message["content"] for message in attempt.messages if message["role"] == "assistant"])


def test_a_vector_environment_asks_once_a_step_for_all_rows_that_are_not_cut():
    turn = Recording()
    envs = TextVectorEnv(
        4, tasks=[TASK], reward="format", turn=turn, max_turns=3, max_response_chars=7, autoreset_mode="Disabled"
    )
    envs.reset(seed=0)
    envs.step(["again 0", "stop", "again 2", "far too long"])
    envs.step(["again", None, "stop", None])
    assert turn.batches == [["again 0", "stop", "again 2"], ["again", "stop"]]


def test_an_interaction_is_told_once_when_an_episode_ends():
    turn = Recording()
    env = text_env(turn=turn, max_turns=2)
    played(env, "again", "again")
    played(env, "stop")
    assert turn.ended == [["again", "again"], ["stop"]]


@pytest.mark.parametrize("leave", [lambda env: env.reset(), lambda env: env.close()])
def test_an_interaction_is_told_of_an_episode_that_is_given_up(leave):
    turn = Recording()
    env = text_env(turn=turn, max_turns=3)
    played(env, "again")
    leave(env)
    assert turn.ended == [["again"]]


@pytest.mark.parametrize("mode", list(AutoresetMode)[:2])
def test_vector_and_sync_environments_play_the_same_episodes(mode):
    def make():
        return code_env(tasks=[TASK, STDIN_TASK])

    vector = TextVectorEnv(
        3, tasks=[TASK, STDIN_TASK], reward="r1_code", template="r1_code", turn="public_tests", max_turns=3,
        autoreset_mode=mode,
    )  # fmt: skip
    sync = SyncVectorEnv([make] * 3, autoreset_mode=mode)
    assert is_same(vector.reset(seed=4), sync.reset(seed=4))
    for program in (HALF, WRONG, STDIN_TASK.reference.reference_program, RIGHT, WRONG):
        for env in (vector, sync):
            env.played = without_times(env.step((in_form(program), "no program", in_form(RIGHT))))
        assert is_same(vector.played, sync.played)


def without_times(step):
    *result, infos = step
    for details in infos.get("reward_details", ()):
        for detail in dict(details or ()).values():
            detail.pop("cpu_seconds", None)
    for final in infos.get("final_info", {}).get("reward_details", ()):
        for detail in dict(final or ()).values():
            detail.pop("cpu_seconds", None)
    return (*result, infos)


def test_a_function_of_one_attempt_is_an_interaction():
    interaction = load_turn(again)
    assert isinstance(interaction, Interaction)
    assert load_turn(interaction) is interaction
    assert load_turn(None) is None


def test_an_unknown_turn_offers_the_closest_name():
    with pytest.raises(UnknownNameError, match=r"Unknown turn 'pyton'\. Did you mean 'python'"):
        text_env(turn="pyton")
