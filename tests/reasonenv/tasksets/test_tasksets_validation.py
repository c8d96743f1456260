"""Gold answers: `validate` pays each by the reward of its kind, and those that contradict each other are warned of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from code_parts import sandbox_or_skip

from reasonenv import MathReference, QAReference, Score, Task, load_tasks, rule
from reasonenv.errors import UnknownNameError
from reasonenv.tasksets import TaskList, validate
from reasonenv.tasksets.mathematics import FAMILIES


def numbers(name, size):
    tasks = (Task(task_id=f"{name}/{n}", prompt=f"{n}=?", reference=MathReference(answer=str(n))) for n in range(size))
    return TaskList(name, "train", tuple(tasks))


def sample(name, size, split="test"):
    tasks = load_tasks(name, split=split)
    return TaskList(name, split, tuple(tasks[index] for index in range(size)))


@pytest.mark.parametrize("name", FAMILIES)
def test_procedural_golds_earn_the_accuracy_reward(name):
    report = validate(sample(name, 200))
    assert report.is_sound
    assert report.num_tasks == 200


@pytest.mark.parametrize(("name", "size"), [("gcd_lcm", 20), ("procedural_math", 44), ("procedural_qa", 48)])
def test_the_reward_follows_the_reference_of_a_named_set(name, size):
    report = validate(sample(name, size))
    assert (report.num_tasks, report.without_answer) == (size, ())
    assert report.is_sound, list(report.failures.items())[:3]


def test_programs_are_validated_in_the_sandbox():
    sandbox_or_skip()
    report = validate(sample("procedural_code", 15))
    assert report.is_sound
    assert report.without_answer == ()


def test_a_mixture_validates_each_task_by_its_kind_and_counts_open_requests():
    sandbox_or_skip()
    tasks = sample("procedural_mixed", 40)
    report = validate(tasks)
    kinds = {task.task_id: getattr(task.reference, "kind", None) for task in tasks.tasks}
    assert report.is_sound
    assert report.without_answer == tuple(task_id for task_id, kind in kinds.items() if kind == "open")
    assert 10 < len(report.without_answer) < 30


def test_an_example_that_breaks_its_own_constraints_is_reported():
    good, bad = (
        Task(
            task_id=text,
            prompt="Write at most two words.",
            reference=QAReference(kind="constrained", answers=(text,), constraints=("max_words 2",)),
        )
        for text in ("two words", "these three words")
    )
    report = validate(TaskList("notes", "test", (good, bad)))
    assert list(report.failures) == ["these three words"]
    assert not report.is_sound


def test_an_instruction_without_an_example_has_no_gold_answer():
    task = sample("qa_instructions", 1)[0]
    without = replace(task, task_id="without", reference=replace(task.reference, answers=()))
    report = validate(TaskList("both", "test", (task, without)))
    assert (report.without_answer, report.is_sound) == (("without",), True)


@rule("not_three")
def not_three(task, response):
    """Reject one gold and fail to grade another."""
    if task.reference.answer == "4":
        return Score.failed("cannot read 4")
    return float("<answer>3</answer>" not in response)


def test_validate_reports_golds_that_the_reward_rejects_or_cannot_grade():
    report = validate(numbers("n", 6), not_three)
    assert list(report.failures) == ["n/3", "n/4"]
    assert report.failures["n/3"].components == {"not_three": 0.0}
    assert not report.is_sound


def test_tasks_without_answer_are_counted_and_no_failures():
    without = Task(task_id="proof", prompt="Prove it.", reference=None)
    report = validate(TaskList("n", "train", (*numbers("n", 2).tasks, without)), not_three)
    assert report.without_answer == ("proof",)
    assert not report.failures
    assert report.is_sound


def test_validate_refuses_an_unknown_reward():
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        validate(numbers("n", 2), "acuracy")


CONTRADICTIONS = {
    "math": ({"answer": "1/2"}, {"answer": "0.5"}, {"answer": "2"}),
    "number": ({"answer": 5}, {"answer": "5.0"}, {"answer": 6}),
    "short": ({"answer": ["Paris", "Lutetia"]}, {"answer": "paris"}, {"answer": "Rome"}),
    "boolean": ({"answer": True}, {"answer": "true"}, {"answer": "no"}),
    "choice": tuple({"answer": answer, "choices": ["x", "y"]} for answer in ("A", "x", 1)),
    "list": ({"answer": ["a", "b"]}, {"answer": ["b", "a"]}, {"answer": ["a", "c"]}),
}


@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_one_problem_with_gold_answers_that_contradict_each_other_is_warned_of(kind):
    gold, alike, other = ({"prompt": "What is it?", "kind": kind, **row} for row in CONTRADICTIONS[kind])
    load_tasks([gold, alike], split="all")
    expected = r"(?s)1 problem has several gold answers that contradict .*'\s*What is.*row 0 of .*row 2 of"
    with pytest.warns(UserWarning, match=expected):
        load_tasks([gold, alike, {**other, "prompt": " What is\nit?"}, other], split="all")


def test_programs_and_requests_do_not_contradict_each_other():
    programs = [{"prompt": "Write f.", "tests": [f"assert f({n}) == {n}"], "function_name": "f"} for n in range(2)]
    requests = [{"prompt": "Write a poem.", "kind": "open"}] * 2
    limits = [{"prompt": "Write.", "kind": "constrained", "constraints": [f"max_words {n}"]} for n in (3, 9)]
    load_tasks([*programs, *requests, *limits], split="all")
