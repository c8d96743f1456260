"""`reasonenv.testing` accepts what keeps the contracts and names what does not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from env_parts import TASKS, CountingReward, again, counting_turn, exact, failing_turn, terms

from reasonenv import Attempt, CompositeReward, Score, Task, load_tasks, rule
from reasonenv.tasksets import TaskList
from reasonenv.testing import check_interaction, check_reward, check_task_set
from reasonenv.turns import load_turn


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


class Setlike(BrokenSet):
    def __getitem__(self, index):
        return Task(task_id=super().__getitem__(index).task_id, prompt="1?", reference=None, metadata={"seen": {1}})


class Failing(BrokenSet):
    def __getitem__(self, index):
        raise KeyError("no such file")


class Leaving(BrokenSet):
    def __getitem__(self, index):
        raise SystemExit("no data")


class Unsized(BrokenSet):
    def __len__(self):
        return "many"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Drifting, "must not depend on which were asked for before"),
        (Misnumbered, r"index_of\('sum/01'\) must be 1, got 0"),
        (Wrapping, "task 20 must raise IndexError"),
        (Guessing, "index_of an unknown id must raise ValueError"),
        (Unserialisable, "metadata must be JSON values"),
        (Silent, "task 0 must have prompt as text, got ' '"),
        (Setlike, r"task 0: json\.dumps\(metadata\) must not raise, but it raised TypeError"),
        (Failing, "task 0 must not raise, but it raised KeyError"),
        (Leaving, "task 0 must not raise, but it raised SystemExit"),
        (Unsized, "len must not raise, but it raised TypeError"),
    ],
)
def test_a_broken_task_set_is_named(kind, message):
    with pytest.raises(AssertionError, match=message):
        check_task_set(kind("sums", "train", TASKS))


def test_a_task_set_that_does_not_pickle_is_named():
    class Local(TaskList):
        pass

    with pytest.raises(AssertionError, match=r"pickling task set 'sums' .* top level of a module\) must not raise"):
        check_task_set(Local("sums", "train", TASKS))


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


class Beyond:
    """A reward that leaves the range that it states."""

    name = "beyond"
    value_range = (0.0, 1.0)

    def score(self, attempts):
        return [Score(-1.0) for _ in attempts]


class Written:
    name = "written"

    def score(self, attempts):
        return [Score("1") for _ in attempts]


class Marking:
    name = "marking"

    def score(self, attempts):
        for attempt in attempts:
            attempt.task.metadata["seen"] = True
        return [Score(0.0) for _ in attempts]


class Answering:
    name = "answering"

    def score(self, attempts):
        for attempt in attempts:
            attempt.messages[-1]["content"] = ""
        return [Score(0.0) for _ in attempts]


class Quitting:
    name = "quitting"

    def score(self, attempts):
        raise SystemExit("no model")


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        (OneScore(), "must give as many, got 1"),
        (Numbers(), "must be a Score, got float"),
        (Neighbourly(), "in another order"),
        (Unnamed(), "must be an identifier"),
        (Infinite(), "must be a finite number, got inf"),
        (object(), "must have a name"),
        (Infinite, "is a class; give what calling it makes"),
        (Beyond(), r"must be within its value_range \(0\.0, 1\.0\), got -1\.0"),
        (Written(), r"value of a score must be a number, got '1'"),
        (Marking(), r"changed the metadata of task 'sum/00' to \{'seen': True\}"),
        (Answering(), r"changed the messages of task 'sum/00'"),
        (Quitting(), r"must not raise, but it raised SystemExit: no model"),
    ],
)
def test_a_broken_reward_is_named(reward, message):
    tasks = [replace(task, metadata={}) for task in TASKS[:2]]
    with pytest.raises(AssertionError, match=message):
        check_reward(reward, tasks)


def test_a_reward_is_not_checked_without_tasks():
    with pytest.raises(AssertionError, match="reward 'exact' must be given at least one task that it is meant for"):
        check_reward(exact, [])
    never = CompositeReward({"exact": (exact, 1.0)}, applies_to={"exact": lambda task: False})
    with pytest.raises(AssertionError, match="tasks must hold one that the term 'exact' applies to; of 2, none is"):
        check_reward(never, TASKS[:2])
    with pytest.raises(AssertionError, match="tasks must be of the class Task, got str"):
        check_reward(exact, ["1+1=?"])


@rule("fussy")
def fussy(task, response):
    return float(response)


@rule("silent")
def silent(task, response):
    return None


@rule("textual")
def textual(task, response):
    return "1"


@rule("asserting")
def asserting(task, response):
    assert response == "right"
    return 1.0


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
        (textual, "reward 'textual' must not raise, .* must return a number or a Score, got str: '1'"),
        (asserting, "reward 'asserting' must not raise, but it raised AssertionError"),
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


def marking_turn(attempt):
    attempt.task.metadata["asked"] = len(attempt.messages)


@pytest.mark.parametrize(
    ("interaction", "message"),
    [
        (FirstAlone(), "4 attempts must give as many, got 1"),
        (Counting(), "must be a str or None, got 0"),
        (Positional(), "in another order"),
        (Batched(), r"must answer alone as in a batch, got \['1'\] and \['4'\]"),
        (Talkative(), "an empty batch must give no answers"),
        (object(), "must have answer"),
        (Silence, "is a class; give what calling it makes"),
        (marking_turn, "changed the metadata of task 'sum/00'"),
        (failing_turn, "must not raise, but it raised KeyError"),
        (counting_turn, "in another order|must answer alone"),
        (lambda attempt: None, r"pickling turn .* \(functions .* top level of a module\) must not raise"),
    ],
)
def test_a_broken_interaction_is_named(interaction, message):
    check_interaction(Silence(), ATTEMPTS)
    attempts = [replace(attempt, task=replace(attempt.task, metadata={})) for attempt in ATTEMPTS]
    with pytest.raises(AssertionError, match=message):
        check_interaction(interaction, attempts)


def test_a_turn_is_not_checked_without_attempts():
    with pytest.raises(AssertionError, match="must be given at least one attempt that it is meant for"):
        check_interaction(again, [])
