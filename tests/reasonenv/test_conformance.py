"""`reasonenv.testing` accepts what keeps the contracts and names what does not."""

from __future__ import annotations

import random

import gymnasium as gym
import pytest
from env_parts import TASKS, CountingReward, again, exact, terms, text_env
from gymnasium.utils.env_checker import check_env as check_gymnasium_env

from reasonenv import Attempt, Score, Task, TextEnv, load_tasks, rule
from reasonenv.registration import ENVIRONMENTS
from reasonenv.tasksets import TaskList
from reasonenv.testing import check_env, check_interaction, check_reward, check_task_set
from reasonenv.turns import load_turn


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_every_id_passes_both_checkers(env_id):
    check_gymnasium_env(gym.make(env_id).unwrapped)
    check_env(gym.make(env_id).unwrapped)


def test_an_environment_without_id_passes():
    check_env(text_env(reward=terms(), turn=again, max_turns=2))


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


@pytest.mark.parametrize(
    ("kind", "message"), [(Forgetful, "non-deterministic|must go on alike"), (Lenient, "step after the end must raise")]
)
def test_a_broken_environment_is_named(kind, message):
    with pytest.raises(AssertionError, match=message):
        check_env(kind(tasks=TASKS, reward=exact))


def test_an_environment_that_hides_a_failed_grader_is_named():
    @rule("failing")
    def failing(task, response):
        return Score.failed("no grader") if response == "an answer" else 0.0

    with pytest.raises(AssertionError, match="NaN exactly if the grader failed"):
        check_env(ZeroOnFailure(tasks=TASKS, reward=failing))


def test_something_else_than_a_text_environment_is_refused():
    with pytest.raises(AssertionError, match=r"pass env\.unwrapped"):
        check_env(gym.make("CartPole-v1"))


@pytest.mark.parametrize("name", ["chain_arithmetic", "procedural_math"])
def test_procedural_task_sets_pass(name):
    check_task_set(load_tasks(name, split="test"))


def test_a_list_of_tasks_passes():
    check_task_set(load_tasks(TASKS))


class BrokenSet(TaskList):
    """A list of tasks with one method replaced per subclass."""


class Drifting(BrokenSet):
    def __getitem__(self, index):
        task = super().__getitem__(index)
        return Task(task_id=task.task_id, prompt=f"{task.prompt} {random.random()}", reference=None)


class Misnumbered(BrokenSet):
    def index_of(self, task_id):
        return 0


class Wrapping(BrokenSet):
    def __getitem__(self, index):
        return self.tasks[index % len(self.tasks)]


class Guessing(BrokenSet):
    def index_of(self, task_id):
        return super().index_of(task_id) if task_id.startswith("sum") else 0


class Unserialisable(BrokenSet):
    def __getitem__(self, index):
        task = super().__getitem__(index)
        return Task(task_id=task.task_id, prompt=task.prompt, reference=None, metadata={"level": (1, 2)})


class Silent(BrokenSet):
    def __getitem__(self, index):
        return Task(task_id=super().__getitem__(index).task_id, prompt=" ", reference=None)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Drifting, "must not depend on which were asked for before"),
        (Misnumbered, r"index_of\('sum/01'\) must be 1, got 0"),
        (Wrapping, "task 20 must raise IndexError"),
        (Guessing, "index_of an unknown id must raise ValueError"),
        (Unserialisable, "metadata must be JSON values"),
        (Silent, "task 0 must have a prompt"),
    ],
)
def test_a_broken_task_set_is_named(kind, message):
    with pytest.raises(AssertionError, match=message):
        check_task_set(kind("sums", "train", TASKS))


def test_something_else_than_a_task_set_is_refused():
    with pytest.raises(AssertionError, match="index_of"):
        check_task_set(list(TASKS))


def test_good_rewards_and_combinations_pass():
    check_reward(exact, TASKS[:2])
    check_reward(terms(), TASKS[:2])
    check_reward(CountingReward(), TASKS[:1])


class OneScore:
    name = "one_score"

    def score(self, attempts):
        return [Score(0.0)] if attempts else []


class Numbers:
    name = "numbers"

    def score(self, attempts):
        return [1.0 for _ in attempts]


class Neighbourly:
    """Its score depends on the position in the batch."""

    name = "neighbourly"

    def score(self, attempts):
        return [Score(float(position)) for position, _ in enumerate(attempts)]


class Unnamed(OneScore):
    name = "not a name"


class Infinite:
    name = "infinite"

    def score(self, attempts):
        return [Score(float("inf")) for _ in attempts]


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        (OneScore(), "must give as many, got 1"),
        (Numbers(), "must be a Score, got float"),
        (Neighbourly(), "in another order"),
        (Unnamed(), "must be an identifier"),
        (Infinite(), "must be finite"),
        (object(), "must have a name"),
    ],
)
def test_a_broken_reward_is_named(reward, message):
    with pytest.raises(AssertionError, match=message):
        check_reward(reward, TASKS[:2])


def test_a_reward_that_raises_on_garbage_is_not_hidden():
    with pytest.raises(ValueError, match="could not convert"):
        check_reward(fussy, TASKS[:1])


@rule("fussy")
def fussy(task, response):
    return float(response)


ATTEMPTS = [
    Attempt(task=task, response=text, messages=({"role": "assistant", "content": text},))
    for task in TASKS[:2]
    for text in ("again", "stop")
]


def test_a_function_of_one_attempt_conforms_as_an_interaction():
    check_interaction(load_turn(again), ATTEMPTS)


class Silence:
    """Ends every episode; the broken interactions change one method each."""

    def answer(self, attempts):
        return [None for _ in attempts]

    def end(self, attempt):
        pass


class FirstAlone(Silence):
    def answer(self, attempts):
        return [None for _ in attempts[:1]]


class Counting(Silence):
    def answer(self, attempts):
        return list(range(len(attempts)))


class Positional(Silence):
    def answer(self, attempts):
        return [str(position) for position, _ in enumerate(attempts)]


class Batched(Silence):
    def answer(self, attempts):
        return [str(len(attempts)) for _ in attempts]


class Talkative(Silence):
    def answer(self, attempts):
        return ["go on" for _ in attempts] or ["nobody"]


@pytest.mark.parametrize(
    ("interaction", "message"),
    [
        (FirstAlone(), "4 attempts must give as many answers, got 1"),
        (Counting(), "must be a str or None, got 0"),
        (Positional(), "in another order"),
        (Batched(), "must answer alone as in a batch, got '1' and '4'"),
        (Talkative(), "an empty batch must give no answers"),
        (object(), "must have answer"),
    ],
)
def test_a_broken_interaction_is_named(interaction, message):
    check_interaction(Silence(), ATTEMPTS)
    with pytest.raises(AssertionError, match=message):
        check_interaction(interaction, ATTEMPTS)
