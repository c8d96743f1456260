from __future__ import annotations

import doctest
import math
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.evaluation import intervals
from reasonenv.evaluation.intervals import difference_interval, mean_interval, rate_interval, wilson_interval


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(intervals)
    assert result.attempted >= 6
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


@pytest.mark.parametrize(
    ("num_right", "num", "t", "low", "high"),
    [
        # t² + n, (right + t²/2) / (t² + n) and its margin, with t(0.975, n − 1) from a printed table.
        (4, 20, 2.0930, 0.0694, 0.4384),
        (0, 10, 2.2622, 0.0, 0.3874),
        (30, 31, 2.0423, 0.8148, 1.0),
    ],
)
def test_the_interval_of_one_response_a_problem_is_agresti_coulls_with_students_quantile(
    num_right: int, num: int, t: float, low: float, high: float
):
    total = num + t**2
    center = (num_right + t**2 / 2) / total
    margin = t * math.sqrt(center * (1 - center) / total)
    assert (max(0, center - margin), min(1, center + margin)) == pytest.approx((low, high), abs=1e-4)
    assert rate_interval([1.0] * num_right + [0.0] * (num - num_right)) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("num", "t"),
    [(2, 12.7062), (3, 4.3027), (4, 3.1824), (5, 2.7764), (6, 2.5706), (8, 2.3646), (12, 2.2010), (31, 2.0423)],
)
def test_students_quantile_is_that_of_the_printed_tables(num: int, t: float):
    low, _ = rate_interval([1.0] * num)
    total = num + t**2
    center = (num + t**2 / 2) / total
    assert low == pytest.approx(center - t * math.sqrt(center * (1 - center) / total), abs=2e-5)


def test_many_responses_to_few_problems_are_worth_no_more_than_the_spread_of_the_problems():
    alike, apart = [0.5] * 30, [0.0] * 15 + [1.0] * 15
    widths = [high - low for low, high in map(rate_interval, (alike, apart))]
    assert widths[0] < widths[1] / 3


def test_one_problem_says_nothing():
    assert rate_interval([0.7]) == (0.0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_interval_holds_the_mean_and_mirrors_with_the_rates(rates: list[float]):
    low, high = rate_interval(rates)
    assert 0 <= low <= math.fsum(rates) / len(rates) + 1e-9
    assert math.fsum(rates) / len(rates) - 1e-9 <= high <= 1
    assert rate_interval([1 - rate for rate in rates]) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("rates", [[], [0.5, 1.1], [math.nan], [-0.1]])
def test_what_is_no_rate_is_refused(rates: list[float]):
    with pytest.raises(ValueError, match=r"each in \[0, 1\]"):
        rate_interval(rates)


def _counts(total: int, parts: int) -> list[tuple[int, ...]]:
    """Return every way to share `total` problems out among `parts` rates."""
    return [
        (*split, total - sum(split)) for split in product(range(total + 1), repeat=parts - 1) if sum(split) <= total
    ]


@pytest.mark.parametrize("num", [5, 10, 20, 40])
@pytest.mark.parametrize("truth", [0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5])
def test_intervals_of_single_responses_cover_the_truth_by_exact_enumeration(num: int, truth: float):
    covered = 0.0
    for hits in range(num + 1):
        low, high = rate_interval([1.0] * hits + [0.0] * (num - hits))
        covered += (low <= truth <= high) * math.comb(num, hits) * truth**hits * (1 - truth) ** (num - hits)
    assert covered >= 0.93


@pytest.mark.parametrize("chances", [(0.9, 0.05, 0.05), (0.3, 0.4, 0.3), (0.5, 0.0, 0.5), (0.96, 0.04, 0.0)])
def test_intervals_of_two_responses_a_problem_cover_the_truth_by_exact_enumeration(chances: tuple[float, ...]):
    num, truth, covered = 12, chances[1] / 2 + chances[2], 0.0
    for counts in _counts(num, 3):
        low, high = rate_interval([0.0] * counts[0] + [0.5] * counts[1] + [1.0] * counts[2])
        chance = math.factorial(num) / math.prod(map(math.factorial, counts))
        covered += (low <= truth <= high) * chance * math.prod(p**c for p, c in zip(chances, counts, strict=True))
    assert covered >= 0.93


@pytest.mark.parametrize("num", [10, 30, 100])
@pytest.mark.parametrize("concentration", [0.3, 3.0])
@pytest.mark.parametrize("truth", [0.03, 0.3, 0.9])
def test_intervals_of_sixteen_responses_a_problem_cover_the_truth(num: int, concentration: float, truth: float):
    rng = np.random.default_rng(0)
    chances = rng.beta(truth * concentration, (1 - truth) * concentration, (800, num))
    rates = rng.binomial(16, chances) / 16
    covered = [low <= truth <= high for low, high in map(rate_interval, rates.tolist())]
    assert np.mean(covered) >= 0.93


def test_bootstrap_limits_are_the_exact_quantiles_of_the_resampled_mean():
    # Ten problems, three better and one worse, and the two added ones: twelve draws that are +1 with 3.5/12, −1 with
    # 1.5/12, else 0. Quantiles at Φ(−√(10/9) · 2.262157), exactly from the trinomial distribution.
    level = NormalDist().cdf(-math.sqrt(10 / 9) * 2.262157)
    chance = dict.fromkeys(range(-12, 13), 0.0)
    for up, down, none in _counts(12, 3):
        ways = math.factorial(12) / math.prod(map(math.factorial, (up, down, none)))
        chance[up - down] += ways * (3.5 / 12) ** up * (1.5 / 12) ** down * (7 / 12) ** none
    cumulated = np.cumsum(list(chance.values()))
    exact = [(int(np.searchsorted(cumulated, at)) - 12) / 12 for at in (level, 1 - level)]
    assert exact == [-0.25, 0.5833333333333334]
    assert difference_interval([1.0] * 3 + [-1.0] + [0.0] * 6) == pytest.approx(exact)


def test_the_interval_of_a_mean_is_that_of_all_resamples():
    # All 4⁴ resamples of four values, and the quantiles of their studentised means, where that is defined.
    values = np.array([1.0, 2.0, 4.0, 9.0])
    resamples = np.array(list(product(values, repeat=4)))
    spreads = resamples.std(axis=1)
    ratios = np.where(spreads > 0, (resamples.mean(axis=1) - values.mean()) / np.where(spreads > 0, spreads, 1), 0)
    below, above = np.quantile(ratios, [0.025, 0.975])
    exact = (values.mean() - above * values.std(), values.mean() - below * values.std())
    assert mean_interval(values.tolist(), num_resamples=100_000) == pytest.approx(exact, rel=0.02)


def test_the_interval_of_skewed_lengths_reaches_further_up_and_covers_the_truth():
    rng = np.random.default_rng(0)
    lengths = np.exp(0.7 * rng.normal(size=(300, 40)))
    limits = [mean_interval(row, num_resamples=1000) for row in lengths.tolist()]
    assert np.mean([low <= math.exp(0.245) <= high for low, high in limits]) >= 0.92
    assert np.mean([high - mean > mean - low for (low, high), mean in zip(limits, lengths.mean(1), strict=True)]) > 0.9


def test_equal_lengths_have_no_spread_and_one_has_no_interval():
    assert mean_interval([7.0, 7.0, 7.0]) == (7.0, 7.0)
    with pytest.raises(ValueError, match="at least two values"):
        mean_interval([7.0])


def test_a_difference_that_nowhere_shows_is_not_certain():
    low, high = difference_interval([0.0] * 50)
    assert low < 0 < high


def test_the_bootstrap_depends_on_its_seed_alone():
    differences = [math.sin(row) for row in range(30)]
    assert difference_interval(differences) == difference_interval(differences)
    assert difference_interval(differences) != difference_interval(differences, seed=1)


def test_lengths_are_bounded_by_the_largest_difference_that_occurs():
    low, high = difference_interval([100.0, 120.0, 80.0, 90.0, 110.0] * 6, bound=None)
    assert 60 < low < 100 < high < 120


@pytest.mark.parametrize("differences", [[], [0.5], [1.5, 0.0], [math.nan, 0.0]])
def test_differences_that_cannot_be_are_refused(differences: list[float]):
    with pytest.raises(ValueError, match="at least two differences"):
        difference_interval(differences)


@pytest.mark.parametrize(("num", "changed", "gain"), [(10, 0.1, 0.1), (30, 0.0, 0.1), (30, 0.5, 0.0)])
def test_intervals_of_paired_differences_cover_the_truth(num: int, changed: float, gain: float):
    rng = np.random.default_rng(0)
    first = rng.beta(0.5, 1.0, (400, num))
    second = np.where(rng.random((400, num)) < changed, rng.beta(0.5, 1.0, (400, num)), first)
    second = second + gain * (1 - second)
    differences = (rng.binomial(4, second) - rng.binomial(4, first)) / 4
    truth = gain * (1 - 1 / 3)
    limits = [difference_interval(row, num_resamples=500) for row in differences.tolist()]
    assert np.mean([low <= truth <= high for low, high in limits]) >= 0.93
