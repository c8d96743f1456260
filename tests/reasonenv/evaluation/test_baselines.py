from __future__ import annotations

import doctest

from reasonenv.evaluation import baselines
from reasonenv.evaluation.baselines import constant_answer_rate, random_choice_rate
from reasonenv.tasksets import load_tasks
from reasonenv.types import MathReference, QAReference, Task

SUMS = tuple(
    Task(task_id=f"sum/{index}", prompt=f"{index}?", reference=MathReference(answer=answer))
    for index, answer in enumerate(["5", "5", "7", "9"])
)


def test_the_examples_hold():
    assert doctest.testmod(baselines).failed == 0


def test_constant_answer_rate_is_the_share_of_the_most_frequent_answer() -> None:
    assert constant_answer_rate(SUMS) == 0.5
    assert constant_answer_rate(SUMS[:3]) == 2 / 3


def test_constant_answer_rate_knows_answers_to_questions() -> None:
    choices = [QAReference(kind="choice", answers=(letter,), choices=("a", "b", "c")) for letter in "ABB"]
    tasks = [Task(task_id=str(index), prompt="?", reference=reference) for index, reference in enumerate(choices)]
    assert constant_answer_rate(tasks) == 2 / 3


def test_constant_answer_rate_is_of_the_tasks_that_have_an_accuracy() -> None:
    open_tasks = [Task(task_id=f"proof/{index}", prompt="Prove it.", reference=None) for index in range(2)]
    assert constant_answer_rate((SUMS[0], *open_tasks)) == 1
    assert constant_answer_rate(open_tasks) == 0


def test_constant_answer_rate_asks_the_graders_what_is_right() -> None:
    halves = load_tasks(
        [{"question": f"{n}?", "answer": answer} for n, answer in enumerate(["1/2", "0.5", "3"])], split="all"
    )
    assert constant_answer_rate(list(halves)) == 2 / 3
    rows = [{"question": f"Is {n}?", "answer": word, "kind": "boolean"} for n, word in enumerate(["True", "yes", "no"])]
    assert constant_answer_rate(list(load_tasks(rows, split="all"))) == 2 / 3


def test_a_random_choice_is_right_once_in_the_number_of_options():
    references = [
        QAReference(kind="choice", answers=("B",), choices=("1", "2", "3", "4")),
        QAReference(kind="choice", answers=("blue",), choices=("red", "blue")),
        QAReference(kind="choice", answers=("A", "B"), choices=("1", "2", "3", "4")),
        QAReference(kind="choice", answers=("A, B",), choices=("1", "2")),
        QAReference(kind="boolean", answers=("no",)),
    ]
    tasks = [Task(task_id=str(row), prompt="?", reference=reference) for row, reference in enumerate(references)]
    assert [random_choice_rate([task]) for task in tasks] == [0.25, 0.5, 0.5, 0.0, 0.5]
    assert random_choice_rate([*SUMS, *tasks]) == 0.35


def test_without_options_nothing_can_be_drawn():
    letters = Task(task_id="q", prompt="?", reference=QAReference(kind="choice", answers=("B",)))
    assert random_choice_rate([*SUMS, letters]) is None
