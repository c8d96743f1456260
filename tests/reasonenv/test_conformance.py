"""`reasonenv.testing` accepts what keeps the contracts and names what does not."""

from __future__ import annotations

import random

import gymnasium as gym
import numpy as np
import pytest
from env_parts import TASKS, CountingReward, again, always, exact, terms, text_env
from gymnasium.utils.env_checker import check_env as check_gymnasium_env

from reasonenv import Attempt, Score, Task, TextEnv, TextVectorEnv, load_tasks, rule
from reasonenv.registration import ENVIRONMENTS
from reasonenv.tasksets import TaskList
from reasonenv.testing import check_env, check_interaction, check_reward, check_task_set, check_vector_env
from reasonenv.turns import load_turn

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


@pytest.mark.parametrize("max_turns", [1, 2, 3, 9])
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


def failing_turn(attempt):
    raise KeyError("no such critique")


calls = []


def counting_turn(attempt):
    calls.append(attempt)
    return f"call {len(calls)}"


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


@rule("fussy")
def fussy(task, response):
    return float(response)


@rule("silent")
def silent(task, response):
    return None


@rule("dividing")
def dividing(task, response):
    return 1 / len(response)


@rule("verbose")
def verbose(task, response):
    return Score(0.0, details={"seen": {response}})


@rule("random")
def random_rule(task, response):
    return random.random()


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        (fussy, "reward 'fussy' must not raise, but it raised ValueError: could not convert"),
        (silent, "reward 'silent' must not raise, .* must return a number or a Score, got NoneType: None"),
        (dividing, "reward 'dividing' must not raise, but it raised ZeroDivisionError"),
        (verbose, r"reward 'verbose' of .*: json\.dumps of the details must not raise"),
        (random_rule, "reward 'random' of .* in another order"),
        (
            rule("closed")(lambda task, response: 0.0),
            r"pickling reward 'closed' \(functions .* top level of a module\)",
        ),
    ],
)
def test_a_rule_that_breaks_the_contract_is_named(reward, message):
    with pytest.raises(AssertionError, match=message):
        check_reward(reward, TASKS[:2])


ATTEMPTS = [
    Attempt(task=task, response=text, messages=({"role": "assistant", "content": text},))
    for task in TASKS[:2]
    for text in ("again", "stop")
]


def test_a_function_of_one_attempt_conforms_as_an_interaction():
    check_interaction(load_turn(again), ATTEMPTS)
    check_interaction(again, ATTEMPTS)


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
        (FirstAlone(), "4 attempts must give as many, got 1"),
        (Counting(), "must be a str or None, got 0"),
        (Positional(), "in another order"),
        (Batched(), "must answer alone as in a batch, got '1' and '4'"),
        (Talkative(), "an empty batch must give no answers"),
        (object(), "must have answer"),
        (failing_turn, "must not raise, but it raised KeyError"),
        (counting_turn, "in another order|must answer alone"),
        (lambda attempt: None, r"pickling turn .* \(functions .* top level of a module\) must not raise"),
    ],
)
def test_a_broken_interaction_is_named(interaction, message):
    check_interaction(Silence(), ATTEMPTS)
    with pytest.raises(AssertionError, match=message):
        check_interaction(interaction, ATTEMPTS)
