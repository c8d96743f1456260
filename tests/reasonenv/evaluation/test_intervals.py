from __future__ import annotations

import doctest
import math
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.evaluation import statistics
from reasonenv.evaluation.statistics import consensus, pass_at_k, wilson_interval


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(statistics)
    assert result.attempted >= 4
    assert result.failed == 0


@pytest.mark.parametrize(
    ("num_successes", "num_trials", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17, 857), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_matches_published_intervals(num_successes: int, num_trials: int, low: float, high: float):
    assert wilson_interval(num_successes, num_trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_solve_the_score_equation(counts: tuple[int, int]):
    num_successes, num_trials = counts
    rate, z = num_successes / num_trials, 1.959963984540054
    for bound in wilson_interval(num_successes, num_trials):
        assert (rate - bound) ** 2 == pytest.approx(z**2 * bound * (1 - bound) / num_trials, abs=1e-12)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))))
def test_wilson_interval_holds_the_rate_and_stays_within_zero_and_one(counts: tuple[float, int]):
    low, high = wilson_interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] + 1e-12
    assert counts[0] / counts[1] - 1e-12 <= high <= 1


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_mirrors_when_successes_and_failures_swap(counts: tuple[int, int]):
    low, high = wilson_interval(*counts)
    mirrored = wilson_interval(counts[1] - counts[0], counts[1])
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("num_successes", "num_trials"), [(0, 0), (-1, 5), (6, 5), (math.nan, 5)])
def test_wilson_interval_refuses_impossible_counts(num_successes: float, num_trials: int):
    with pytest.raises(ValueError, match=f"got {num_successes} of {num_trials}"):
        wilson_interval(num_successes, num_trials)


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
    ("answers", "expected"),
    [
        (["1", "2", "2", "1", "2"], "2"),
        (["b", "a", "a", "b"], "b"),
        ([None, None, "7"], "7"),
        ([None, None], None),
        ([], None),
        ([0, 0, 1], 0),
    ],
)
def test_consensus_is_the_most_frequent_answer_and_the_first_seen_of_equals(answers: list, expected: object):
    assert consensus(answers) == expected
