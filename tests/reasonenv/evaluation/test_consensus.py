from __future__ import annotations

import doctest
import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonenv.evaluation import consensus as module
from reasonenv.evaluation.consensus import Consensus, consensus, consensus_rates, heaviest_classes
from reasonenv.evaluation.samples import Sample, new_sample, score_samples
from reasonenv.types import CodeReference, MathReference, QAReference, StdinTests, Task

HALF = Task(task_id="half", prompt="1/2?", reference=MathReference(answer="1/2"))


def voting(votes: list[tuple[str | None, bool | None]], kind: str = "math", task_id: str = "a") -> list[Sample]:
    """Return the samples of a task, each an answer with its verdict."""
    return [
        Sample(task_id=task_id, prompt="?", sample=row, response="", answer=answer, is_right=is_right, answer_kind=kind)
        for row, (answer, is_right) in enumerate(votes)
    ]


def agreed(votes: list[tuple[str | None, bool | None]], kind: str = "math") -> Consensus:
    return consensus(voting(votes, kind))["a"]


def test_the_example_holds():
    assert doctest.testmod(module).failed == 0


def test_answers_equal_in_value_vote_together():
    responses = ["1/2", "0.5", r"\frac12", "2", "2"]
    samples = [new_sample(HALF, f"<answer>{text}</answer>", sample=row) for row, text in enumerate(responses)]
    found = consensus(score_samples(samples, [HALF], "accuracy"))
    assert found == {"half": Consensus(("0.5",), num_votes=3, num_voters=5, rate=1.0)}


def test_a_wrong_majority_is_wrong():
    assert agreed([("4", False), ("4.0", False), ("5", True)]) == Consensus(("4",), 2, 3, 0.0)


def test_an_answer_that_the_grader_failed_on_does_not_vote():
    assert agreed([("4", None), ("4", None), ("5", True)]) == Consensus(("5",), 1, 1, 1.0)


def test_a_response_without_an_answer_does_not_vote():
    assert agreed([(None, False), (None, False), ("", False), (" ", False), ("5", True)]) == Consensus(
        ("5",), 1, 1, 1.0
    )


def test_a_problem_without_any_answer_is_wrong():
    assert agreed([(None, False), (None, False)]) == Consensus((), 0, 0, 0.0)
    assert agreed([(None, False), ("5", None)]) == Consensus((), 0, 0, 0.0)


def test_a_problem_without_any_grade_is_left_out():
    assert consensus(voting([("5", None), (None, None)])) == {}


@pytest.mark.parametrize(
    ("votes", "rate"),
    [
        ([("4", False), ("5", True)], 1 / 2),
        ([("4", False), ("5", True), ("5.0", True), ("4.0", False), ("6", False)], 1 / 2),
        ([("4", False), ("5", True), ("6", False)], 1 / 3),
        ([("4", False), ("6", False)], 0),
    ],
)
def test_classes_that_tie_count_equal_parts(votes: list[tuple[str | None, bool | None]], rate: float):
    assert agreed(votes).rate == rate
    assert len(agreed(votes).answers) == round(1 / rate if rate else 2)


def test_equality_that_is_not_transitive_makes_classes_that_overlap():
    # 3.14 and 3.1416 are no equal numbers, but the grader of short answers, say, might take both for π.
    votes = {"a": 2, "b": 2, "c": 3, "d": 4}
    equal = {("a", "b"), ("b", "c")}
    assert heaviest_classes(votes, equal) == [("b", "c")]
    assert heaviest_classes({**votes, "a": 3}, equal) == [("a", "b"), ("b", "c")]
    assert heaviest_classes({**votes, "d": 6}, equal) == [("d",)]


@pytest.mark.parametrize(
    ("votes", "answers", "rate"),
    [
        # The grader takes 50% for 0.5 and for 50, but not 50 for 0.5; 5 for 5 cm and 5 km, which are no equals.
        ([("0.5", True), ("0.5", True), ("50%", True), ("50", False)], ("0.5",), 1.0),
        ([("0.5", True), ("0.5", True), ("50%", True), ("50", False), ("50", False)], ("0.5", "50"), 0.5),
        ([("0.5", True), ("50%", True), ("50", False), ("50", False)], ("50",), 0.0),
        ([("5", True), ("5 cm", True), ("5 km", False), ("5 km", False)], ("5 km",), 0.0),
    ],
)
def test_classes_overlap_where_the_grader_is_not_transitive(
    votes: list[tuple[str | None, bool | None]], answers: tuple[str, ...], rate: float
):
    found = agreed(votes)
    assert (found.answers, found.rate) == (answers, rate)


def test_answers_that_are_equal_one_way_round_alone_vote_apart():
    # For a gold answer without a unit one may be added; for one with a unit it must be said.
    assert agreed([("5", True), ("5 km", True), ("7", False), ("7.0", False)], "number").answers == ("7",)


def test_a_class_is_right_if_more_than_half_of_its_votes_are():
    ballot = [("Gödel", True), ("Goedel", True), ("goedel", False)]
    assert agreed(ballot, "short").rate == 1.0
    assert agreed([("Gödel", True), ("goedel", False)], "short").rate == 0.0


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 5)),
    st.sets(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")).filter(lambda pair: pair[0] < pair[1])),
)
@settings(max_examples=150)
def test_the_heaviest_classes_are_those_of_a_search_through_all_sets(
    votes: dict[str, int], equal: set[tuple[str, str]]
):
    weights = {
        chosen: sum(votes[answer] for answer in chosen)
        for size in range(1, len(votes) + 1)
        for chosen in combinations(sorted(votes), size)
        if all(pair in equal for pair in combinations(chosen, 2))
    }
    expected = sorted(chosen for chosen, weight in weights.items() if weight == max(weights.values()))
    assert heaviest_classes(votes, equal) == expected


def test_many_answers_that_differ_take_no_time():
    answers = {f"{number:03}": 1 for number in range(256)}
    assert len(heaviest_classes(answers, set())) == 256
    assert heaviest_classes(answers, set(combinations(answers, 2))) == [tuple(answers)]


@pytest.mark.parametrize(
    ("kind", "votes", "answers", "num_votes"),
    [
        ("choice", [("A", True), ("B", False), ("A", True)], ("A",), 2),
        ("choice", [("A, C", True), ("A", False), ("C", False)], ("A", "A, C", "C"), 1),
        ("choice", [("the red one", True), ("Red one", True), ("blue", False)], ("Red one",), 2),
        ("boolean", [("yes", True), ("no", False), ("no", False)], ("no",), 2),
        ("short", [("July 20, 1969", True), ("20/7/1969", True), ("1970", False)], ("20/7/1969",), 2),
        ("number", [("3 km", True), ("3000 m", True), ("3", False)], ("3 km",), 2),
        ("list", [("a, b", True), ("b and a", True), ("a", False)], ("a, b",), 2),
        ("ordered_list", [("a, b", True), ("b, a", False)], ("a, b", "b, a"), 1),
        ("citation", [("1, 2", True), ("1, 2", True), ("1", False)], ("1, 2",), 2),
    ],
)
def test_answers_to_questions_are_compared_by_the_rules_of_their_kind(
    kind: str, votes: list[tuple[str | None, bool | None]], answers: tuple[str, ...], num_votes: int
):
    found = agreed(votes, kind)
    assert (found.answers, found.num_votes) == (answers, num_votes)


def test_choices_said_in_several_ways_vote_for_one_option():
    reference = QAReference(kind="choice", answers=("B",), choices=("red", "blue", "green"))
    task = Task(task_id="q", prompt="?", reference=reference)
    texts = ["<answer>B</answer>", "<answer>(b)</answer>", "<answer>blue</answer>", "<answer>C</answer>"]
    samples = [new_sample(task, text, sample=row) for row, text in enumerate(texts)]
    assert consensus(score_samples(samples, [task], "qa")) == {"q": Consensus(("B",), 3, 4, 1.0)}


@pytest.mark.parametrize("kind", ["code", "constrained", "open"])
def test_what_has_no_answer_to_compare_has_no_consensus(kind: str):
    assert consensus(voting([("x", True), ("x", True)], kind)) == {}
    reference = CodeReference(tests=StdinTests((("1", "2"),)))
    sample = new_sample(Task(task_id="c", prompt="?", reference=reference), "```python\nprint(2)\n```")
    assert consensus([sample]) == {}


def test_the_first_k_responses_vote():
    samples = voting([("4", False), ("5", True), ("5", True), ("4", False), ("4", False)])
    assert consensus_rates(samples, 3) == {"a": 1.0}
    assert consensus_rates(samples) == {"a": 0.0}
    assert consensus_rates(samples, 6) == {}
    with pytest.raises(ValueError, match="got k=0"):
        consensus(samples, 0)


def test_neither_order_nor_other_problems_change_a_consensus():
    rng = random.Random(0)
    spellings = ["1/2", "0.5", r"\frac{1}{2}", "50\\%", "0.25", "x^2+1", "1+x^2", "about a half", "half", None]
    problems = {
        f"p{number}": voting([(rng.choice(spellings), rng.random() < 0.5) for _ in range(16)], task_id=f"p{number}")
        for number in range(8)
    }
    alone = {name: consensus(samples)[name] for name, samples in problems.items()}
    together = [sample for samples in problems.values() for sample in samples]
    rng.shuffle(together)
    assert consensus(together) == alone
