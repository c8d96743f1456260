from __future__ import annotations

import doctest
import random
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.evaluation import accuracy
from reasonenv.evaluation.accuracy import (
    Estimate,
    by_label,
    mean_rate,
    pass_at_k,
    pass_rates,
    problem_means,
)
from reasonenv.evaluation.samples import Sample, by_problem


def graded(task_id: str, verdicts: str, **facts: str) -> list[Sample]:
    """Return the samples of a task: `+` right, `-` wrong, `?` a grader that failed."""
    rights = {"+": True, "-": False, "?": None}
    return [
        Sample(task_id=task_id, prompt="?", sample=row, response=verdict, is_right=rights[verdict], **facts)
        for row, verdict in enumerate(verdicts)
    ]


def test_the_examples_hold():
    assert doctest.testmod(accuracy).failed == 0


@pytest.mark.parametrize("num_correct", range(7))
@pytest.mark.parametrize("k", range(1, 7))
def test_pass_at_k_is_the_share_of_subsets_with_a_correct_sample(num_correct: int, k: int):
    subsets = list(combinations([i < num_correct for i in range(6)], k))
    assert pass_at_k(6, num_correct, k) == float(Fraction(sum(map(any, subsets)), len(subsets)))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_pass_at_one_is_the_success_rate(counts: tuple[int, int]):
    assert pass_at_k(*counts, 1) == counts[1] / counts[0]


@given(st.integers(2, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n - 1))))
def test_pass_at_k_never_falls_with_k(counts: tuple[int, int, int]):
    num_samples, num_correct, k = counts
    assert pass_at_k(num_samples, num_correct, k) <= pass_at_k(num_samples, num_correct, k + 1)


def test_pass_at_k_of_thousands_of_samples_does_not_overflow():
    assert pass_at_k(20_000, 1, 10_000) == 0.5


@pytest.mark.parametrize(("num_samples", "num_correct", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 0), (5, 2, 6), (0, 0, 1)])
def test_pass_at_k_refuses_impossible_counts(num_samples: int, num_correct: int, k: int):
    with pytest.raises(ValueError, match=f"num_samples={num_samples}, num_correct={num_correct}, k={k}"):
        pass_at_k(num_samples, num_correct, k)


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        # Of five responses two are right: 3 of the 10 pairs, 1 of the 10 triples and none of the 5 fours are wrong.
        (1, Fraction(2, 5)),
        (2, 1 - Fraction(3, 10)),
        (3, 1 - Fraction(1, 10)),
        (4, Fraction(1)),
    ],
)
def test_pass_at_k_of_a_problem_is_over_its_subsets(k: int, expected: Fraction):
    assert pass_rates(graded("a", "+-+--"), k) == {"a": float(expected)}


def test_a_response_whose_grader_failed_neither_passes_nor_fails():
    assert pass_rates(graded("a", "+?-?")) == {"a": 0.5}
    assert pass_rates(graded("a", "??") + graded("b", "+")) == {"b": 1.0}


def test_problems_with_fewer_graded_responses_than_k_are_left_out():
    assert pass_rates(graded("a", "+-?") + graded("b", "--+"), 3) == {"b": 1.0}


def test_the_mean_is_over_problems_not_over_responses():
    rates = pass_rates(graded("a", "+" * 9) + graded("b", "-"))
    assert mean_rate(rates).value == 0.5
    assert mean_rate({}) == Estimate(None, None, None, 0)


def test_problems_and_responses_are_taken_in_their_own_order():
    samples = graded("b", "+-") + graded("a", "-+?")
    shuffled = random.Random(1).sample(samples, len(samples))
    assert by_problem(shuffled) == by_problem(samples)
    assert list(by_problem(shuffled)) == ["a", "b"]


def test_two_responses_of_one_number_are_refused():
    with pytest.raises(ValueError, match="Two samples are number 0 of task 'a'"):
        by_problem([*graded("a", "+"), *graded("a", "-")])


def test_levels_are_ordered_as_numbers_and_unlabelled_samples_left_out():
    samples = [*graded("a", "+", difficulty="10"), *graded("b", "+", difficulty="9"), *graded("c", "+")]
    samples += graded("d", "+", difficulty="hard")
    assert list(by_label(samples, lambda sample: sample.difficulty)) == ["9", "10", "hard"]


def test_means_of_a_value_leave_out_what_has_none():
    samples = graded("a", "+-?") + graded("b", "?")
    assert problem_means(samples, lambda sample: sample.is_right) == {"a": 0.5}
