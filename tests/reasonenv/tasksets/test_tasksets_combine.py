"""Task lists, mixtures, filters and validation."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.errors import TaskDataError
from reasonenv.rewards import load_reward
from reasonenv.tables import resolve
from reasonenv.tasksets import Filtered, Mixture, TaskList, TaskSet, difficulty_in, has_answer, load_tasks
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.tasksets.procedural import ProceduralTaskSet
from reasonenv.types import Attempt, MathReference, Task


def numbers(name, size, split="train"):
    """A set whose task i asks for i, with difficulty i mod 3."""
    tasks = (
        Task(
            task_id=f"{name}/{number}",
            prompt=f"What is {number}?",
            reference=MathReference(answer=str(number)),
            metadata={"difficulty": number % 3},
        )
        for number in range(size)
    )
    return TaskList(name, split, tuple(tasks))


def ids(tasks):
    return [tasks[index].task_id for index in range(len(tasks))]


def is_odd(task):
    return int(task.reference.answer) % 2 == 1


@st.composite
def mixtures(draw):
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=5))
    weights = draw(st.lists(st.floats(0.1, 10), min_size=len(sizes), max_size=len(sizes)))
    components = tuple(numbers(f"part{number}", size) for number, size in enumerate(sizes))
    return Mixture(name="mix", components=components, weights=tuple(weights))


def test_a_task_list_counts_and_finds_its_tasks():
    tasks = numbers("n", 3)
    assert len(tasks) == 3
    assert tasks.index_of("n/2") == 2
    assert [task.prompt for task in tasks] == ["What is 0?", "What is 1?", "What is 2?"]


def test_a_task_list_says_what_its_ids_look_like():
    with pytest.raises(ValueError, match=r"No task 'n/9' in 'n' \(split 'train'\); its 3 ids look like 'n/0'"):
        numbers("n", 3).index_of("n/9")


@pytest.mark.parametrize("index", [-1, 3])
def test_a_task_list_has_no_task_outside(index):
    with pytest.raises(IndexError, match="has tasks 0 to 2"):
        numbers("n", 3)[index]


def test_an_empty_task_list_is_refused():
    with pytest.raises(TaskDataError, match=r"'none' .* is empty"):
        TaskList("none", "train", ())


def test_duplicate_ids_are_refused_with_both_places():
    first, second = numbers("n", 2).tasks
    with pytest.raises(TaskDataError, match="holds the id 'n/1' twice, at 1 and 2"):
        TaskList("n", "train", (first, second, second))


@pytest.mark.parametrize(
    "tasks",
    [
        numbers("n", 4),
        Filtered(numbers("n", 4), is_odd),
        Mixture(name="mix", components=(numbers("a", 4), numbers("b", 4)), weights=(1.0, 2.0)),
    ],
)
def test_every_kind_is_a_task_set_that_pickles_before_and_after_use(tasks):
    assert isinstance(tasks, TaskSet)
    before = ids(pickle.loads(pickle.dumps(tasks)))
    assert before == ids(tasks) == ids(pickle.loads(pickle.dumps(tasks)))


def test_a_mixture_deals_three_to_one():
    mixture = Mixture(name="mix", components=(numbers("a", 30), numbers("b", 30)), weights=(3.0, 1.0))
    assert ids(mixture)[:8] == ["a/0", "a/1", "b/0", "a/2", "a/3", "a/4", "b/1", "a/5"]


@given(mixture=mixtures())
def test_every_prefix_of_a_mixture_is_nearly_in_proportion(mixture):
    shares = [weight / sum(mixture.weights) for weight in mixture.weights]
    dealt = ids(mixture)
    for number, share in enumerate(shares):
        bound = 0.5 + share * len(shares) / 2 + 1
        for end in range(len(dealt) + 1):
            count = sum(task_id.startswith(f"part{number}/") for task_id in dealt[:end])
            assert abs(count - share * end) <= bound


@given(mixture=mixtures())
def test_a_mixture_repeats_nothing_and_keeps_the_order_of_each_component(mixture):
    dealt = ids(mixture)
    for number in range(len(mixture.components)):
        own = [int(task_id.split("/")[1]) for task_id in dealt if task_id.startswith(f"part{number}/")]
        assert own == list(range(len(own)))


@given(mixture=mixtures())
def test_a_mixture_ends_only_where_a_component_is_exhausted(mixture):
    dealt = ids(mixture)
    counts = [sum(i.startswith(f"{part.name}/") for i in dealt) for part in mixture.components]
    assert any(count == len(part) for count, part in zip(counts, mixture.components, strict=True))


@given(mixture=mixtures(), data=st.data())
def test_index_of_a_mixture_inverts_task_id(mixture, data):
    index = data.draw(st.integers(0, len(mixture) - 1))
    assert mixture.index_of(mixture[index].task_id) == index


def test_a_mixture_does_not_know_a_task_that_it_never_reaches():
    mixture = Mixture(name="mix", components=(numbers("a", 2), numbers("b", 50)), weights=(1.0, 1.0))
    with pytest.raises(ValueError, match="No task 'b/40' in 'mix'"):
        mixture.index_of("b/40")


@pytest.mark.parametrize(
    ("components", "weights", "complaint"),
    [
        ((), (), "one weight for each of at least one component"),
        ((numbers("a", 2),), (1.0, 2.0), "got 1 components and 2 weights"),
        ((numbers("a", 2), numbers("b", 2)), (1.0, 0.0), "positive and finite"),
        ((numbers("a", 2), numbers("b", 2)), (1.0, float("nan")), "positive and finite"),
        ((numbers("a", 2), numbers("b", 2, "test")), (1.0, 1.0), r"share one split, got \['test', 'train'\]"),
        ((numbers("a", 2), numbers("a", 3)), (1.0, 1.0), "different names"),
    ],
)
def test_a_mixture_that_cannot_be_dealt_is_refused(components, weights, complaint):
    with pytest.raises(ValueError, match=complaint):
        Mixture(name="mix", components=components, weights=weights)


def test_procedural_math_deals_every_family_in_turn():
    mixture = load_tasks("procedural_math", split="test")
    assert mixture.split == "test"
    assert len(mixture) == sum(len(component) for component in mixture.components)
    names = [mixture[index].task_id.split("/")[0] for index in range(len(FAMILIES))]
    assert names == [part.name for part in mixture.components] == list(FAMILIES)


def test_a_filter_keeps_what_its_predicate_accepts_in_order():
    assert ids(Filtered(numbers("n", 6), is_odd)) == ["n/1", "n/3", "n/5"]


def test_filters_compose():
    assert ids(Filtered(Filtered(numbers("n", 12), is_odd), difficulty_in(0, 1))) == ["n/1", "n/3", "n/7", "n/9"]


def test_a_filter_finds_what_it_keeps_and_not_what_it_drops():
    tasks = Filtered(numbers("n", 6), is_odd)
    assert tasks.index_of("n/5") == 2
    for dropped in ("n/2", "n/9"):
        with pytest.raises(ValueError, match=f"No task '{dropped}'"):
            tasks.index_of(dropped)


def test_a_filter_has_name_and_split_of_its_set_and_its_own_bounds():
    tasks = Filtered(numbers("n", 6, "test"), is_odd)
    assert (tasks.name, tasks.split) == ("n", "test")
    with pytest.raises(IndexError, match="has tasks 0 to 2"):
        tasks[3]


def test_a_filter_that_leaves_nothing_says_so():
    with pytest.raises(TaskDataError, match="leaves none of the 6 tasks of 'n'"):
        len(Filtered(numbers("n", 6), difficulty_in(7)))


def test_a_mixture_ends_where_its_first_component_would_repeat():
    mixture = Mixture(name="both", components=(numbers("few", 2), numbers("many", 10)), weights=(1.0, 1.0))
    assert [mixture[index].task_id for index in range(len(mixture))] == ["few/0", "many/0", "few/1", "many/1"]


def test_has_answer_tells_tasks_without_reference_apart():
    (with_answer,) = numbers("n", 1).tasks
    without = Task(task_id="proof", prompt="Prove it.", reference=None)
    assert [has_answer(task) for task in (with_answer, without)] == [True, False]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_answer_of_another_problem_of_the_same_kind_earns_nothing(name):
    family = resolve(FAMILIES, name, kind="family")
    pairs = []
    for level in family.levels:
        tasks = ProceduralTaskSet(family=family, split="test", levels=(level,), size=8)
        pairs += [(first, second) for first, second in pairwise(tasks[index] for index in range(8))]
    attempts = [
        Attempt(task=first, response=f"<think>A guess.</think> <answer>{second.reference.answer}</answer>")
        for first, second in pairs
        if first.reference.answer.removesuffix("\\%") != second.reference.answer.removesuffix("\\%")
    ]
    assert len(attempts) > 2 * len(family.levels)
    scores = load_reward("accuracy").score(attempts)
    paid = [
        (attempt.task.reference.answer, attempt.response)
        for attempt, score in zip(attempts, scores, strict=True)
        if score.total != 0
    ]
    assert paid == []
