"""`reasonenv.testing` accepts environments that keep the contract and names what others break."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from env_parts import TASKS, again, always, counting_turn, exact, failing_turn, terms, text_env
from gymnasium.utils.env_checker import check_env as check_gymnasium_env

from reasonenv import Score, TextEnv, TextVectorEnv, rule
from reasonenv.registration import ENVIRONMENTS
from reasonenv.testing import check_env, check_vector_env

each_autoreset = pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_every_id_passes_both_checkers(env_id):
    check_gymnasium_env(gym.make(env_id).unwrapped)
    check_env(gym.make(env_id).unwrapped)


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_every_id_passes_as_a_vector_environment(env_id):
    check_vector_env(gym.make_vec(env_id, num_envs=4, group_size=2).unwrapped)


def test_an_environment_without_id_passes():
    check_env(text_env(reward=terms(), turn=again, max_turns=2))


TALK = ("again", "again, please", "stop")


@pytest.mark.parametrize("max_turns", [2, 3, 9])
@pytest.mark.parametrize("turn", [again, always])
def test_an_environment_of_several_turns_passes(turn, max_turns):
    check_env(text_env(reward=terms(), turn=turn, max_turns=max_turns), responses=TALK)


def test_the_python_tool_passes_with_responses_that_use_it():
    cell = "Let me see.\n```python\nx = 2\nprint(x)\n```"
    check_env(gym.make("reasonenv/MathPython-v0").unwrapped, responses=[cell, cell.replace("2", "x"), r"\boxed{2}"])


@each_autoreset
@pytest.mark.parametrize("changes", [{}, {"group_size": 2}, {"max_episode_steps": 2}, {"max_response_chars": 3}])
def test_a_vector_environment_of_several_turns_passes(changes, mode):
    envs = TextVectorEnv(
        4, tasks=TASKS, template="plain", reward=terms(), turn=again, max_turns=3, autoreset_mode=mode, **changes
    )
    check_vector_env(envs, responses=TALK)


def test_a_failing_grader_passes_because_it_says_so():
    @rule("always_failing")
    def always_failing(task, response):
        return Score.failed("no grader") if response == "an answer" else 0.0

    check_env(text_env(reward=always_failing))


class ZeroOnFailure(TextEnv):
    """Breaks the contract: the grader's fault looks like a wrong answer."""

    def commit(self, episode, breakdown):
        observation, total, terminated, truncated, info = super().commit(episode, breakdown)
        return observation, 0.0 if total != total else total, terminated, truncated, info


class Forgetful(TextEnv):
    """Breaks the contract: the number of the next task is not in its state."""

    num_resets = 0

    def reset(self, *, seed=None, options=None):
        self.num_resets += 1
        prompt, info = super().reset(seed=seed, options=options)
        if seed is None and not options:
            return super().reset(options={"task_index": self.num_resets % len(self.tasks)})
        return prompt, info


class Lenient(TextEnv):
    """Breaks the contract: goes on after the end."""

    def step(self, action):
        if self.is_over:
            self.reset()
        return super().step(action)


class Impatient(TextEnv):
    """Breaks the contract: pays before the end."""

    def step(self, action):
        observation, reward, *rest = super().step(action)
        return observation, reward or 0.1, *rest


class Endless(TextEnv):
    """Breaks the contract: has no last response."""

    def follow(self, taken, feedback):
        return taken.continued(feedback or "go on")


class Laconic(TextEnv):
    """Breaks the contract: shows something else than it tells."""

    def step(self, action):
        observation, *rest = super().step(action)
        return observation.upper(), *rest


class Numerical(TextEnv):
    """Breaks the contract: JSON does not know what its info holds."""

    def step(self, action):
        *rest, info = super().step(action)
        return *rest, info | {"domain": {1}}


class Moody(TextEnv):
    """Breaks the contract: what it answers depends on how often it was asked."""

    num_steps = 0

    def step(self, action):
        self.num_steps += 1
        observation, *rest = super().step(action)
        return f"{observation} {self.num_steps}", *rest


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Forgetful, "non-deterministic|must go on alike"),
        (Lenient, "step after the end must raise"),
        (Impatient, r"before it must be 0\.0, got 0\.1"),
        (Endless, r"an episode must end with response 3 \(max_turns\)"),
        (Laconic, "the last messages must be the response and the feedback"),
        (Numerical, r"json\.dumps\(info\) of a step must not raise"),
        (Moody, "Deterministic step observations are not equivalent"),
    ],
)
def test_a_broken_environment_is_named(kind, message):
    check_env(TextEnv(tasks=TASKS, reward=exact, turn=again, max_turns=3), responses=TALK)
    with pytest.raises(AssertionError, match=message):
        check_env(kind(tasks=TASKS, reward=exact, turn=again, max_turns=3), responses=TALK)


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        (failing_turn, "must not raise, but it raised KeyError: 'no such critique'"),
        (counting_turn, "Deterministic step observations are not equivalent"),
        (lambda attempt: 5, "The feedback of .* must be a str, got int: 5"),
    ],
)
def test_an_environment_with_a_broken_turn_is_named(turn, message):
    with pytest.raises(AssertionError, match=message):
        check_env(text_env(turn=turn, max_turns=3), responses=TALK)


class Deaf(TextVectorEnv):
    """Breaks the contract: every row gets what the first one says."""

    def step(self, actions, *, token_ids=None):
        super().step(actions, token_ids=token_ids)
        return super().step([actions[0]] * self.num_envs, token_ids=token_ids)


class Scattered(TextVectorEnv):
    """Breaks the contract: rows of a group have other tasks."""

    def _row_seeds(self, seed):
        return list(range(self.num_envs))


class Generous(TextVectorEnv):
    """Breaks the contract: rewards are not those of the rows."""

    def step(self, actions, *, token_ids=None):
        observations, rewards, *rest = super().step(actions, token_ids=token_ids)
        return observations, rewards + 1, *rest


class Coarse(TextVectorEnv):
    """Breaks the contract: rewards in single precision."""

    def step(self, actions, *, token_ids=None):
        observations, rewards, *rest = super().step(actions, token_ids=token_ids)
        return observations, rewards.astype(np.float32), *rest


class Amnesic(TextVectorEnv):
    """Breaks the contract: a snapshot puts nothing back."""

    def set_state(self, state):
        pass


class Hasty(TextVectorEnv):
    """Breaks the contract: a bad response is found when other rows have moved."""

    def step(self, actions, *, token_ids=None):
        self.envs[0].reset()
        return super().step(actions, token_ids=token_ids)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Deaf, "must be that of the rows alone|must leave every row"),
        (Scattered, "reset must give|need one task"),
        (Generous, "step 0 must be that of the rows alone"),
        (Coarse, "step 0 must be that of the rows alone"),
        (Amnesic, "a restored state must go on alike"),
        (Hasty, "a refused response must leave every row as it was"),
    ],
)
def test_a_broken_vector_environment_is_named(kind, message):
    group_size = 2 if kind is Scattered else 1
    arguments = {"tasks": TASKS, "reward": exact, "turn": again, "max_turns": 3, "group_size": group_size}
    check_vector_env(TextVectorEnv(4, **arguments), responses=TALK)
    with pytest.raises(AssertionError, match=message):
        check_vector_env(kind(4, **arguments), responses=TALK)


def test_something_else_than_a_vector_environment_is_refused():
    with pytest.raises(AssertionError, match="must be a TextVectorEnv"):
        check_vector_env(text_env())
    with pytest.raises(AssertionError, match="use check_vector_env"):
        check_env(TextVectorEnv(2, tasks=TASKS, reward=exact))


def test_an_environment_that_hides_a_failed_grader_is_named():
    @rule("failing")
    def failing(task, response):
        return Score.failed("no grader") if response == "an answer" else 0.0

    with pytest.raises(AssertionError, match="NaN exactly if the grader failed"):
        check_env(ZeroOnFailure(tasks=TASKS, reward=failing))


def test_something_else_than_a_text_environment_is_refused():
    with pytest.raises(AssertionError, match=r"pass env\.unwrapped"):
        check_env(gym.make("CartPole-v1"))


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        ((), "responses must hold at least one text, got none"),
        ("12", "responses must be a list or tuple of texts, got '12'"),
        ((5,), r"responses must be a list or tuple of texts, got \(5,\)"),
    ],
)
def test_responses_that_nobody_can_speak_are_refused(responses, message):
    with pytest.raises(AssertionError, match=message):
        check_env(text_env(), responses=responses)
    with pytest.raises(AssertionError, match=message):
        check_vector_env(TextVectorEnv(2, tasks=TASKS), responses=responses)
