from __future__ import annotations

import dataclasses
import doctest
import math
import random
from fractions import Fraction
from itertools import product

import pytest

from reasonenv.evaluation import comparison
from reasonenv.evaluation.comparison import PairedDifference, compare, mcnemar, paired_difference
from reasonenv.evaluation.samples import Sample


def run(*verdicts: str) -> list[Sample]:
    """Return the samples of problems p0, p1, …: `+` right, `-` wrong, `?` a grader that failed."""
    rights = {"+": True, "-": False, "?": None}
    return [
        Sample(task_id=f"p{problem}", prompt="?", sample=row, response="", is_right=rights[verdict])
        for problem, responses in enumerate(verdicts)
        for row, verdict in enumerate(responses)
    ]


def test_the_example_holds():
    assert doctest.testmod(comparison).failed == 0


@pytest.mark.parametrize("only_first", range(6))
@pytest.mark.parametrize("only_second", range(6))
def test_mcnemars_p_value_is_the_share_of_coin_tosses_at_least_as_uneven(only_first: int, only_second: int):
    total = only_first + only_second
    tosses = [abs(2 * sum(toss) - total) >= abs(only_first - only_second) for toss in product((0, 1), repeat=total)]
    assert mcnemar(only_first, only_second) == float(Fraction(sum(tosses), len(tosses)))


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        (1, 7, 0.0703125),  # 2 (1 + 8) / 2^8, Fagerland, Lydersen and Laake 2013, table 1
        (1, 9, 0.021484375),  # 2 (1 + 10) / 2^10
        (0, 10, 0.001953125),  # 2 / 2^10
        (0, 0, 1.0),
    ],
)
def test_mcnemars_p_value_matches_hand_computed_ones(only_first: int, only_second: int, p_value: float):
    assert mcnemar(only_first, only_second) == p_value == mcnemar(only_second, only_first)


def test_mcnemar_of_many_problems_does_not_overflow():
    assert 0 < mcnemar(4_000, 5_000) < 1e-20


def test_a_negative_number_of_problems_is_refused():
    with pytest.raises(ValueError, match="got -1 and 2"):
        mcnemar(-1, 2)


def test_greedy_runs_are_compared_by_mcnemar():
    first, second = run(*"+-----------"), run(*"-+++++++----")
    found = compare(first, second)
    assert (found.difference, found.num_better, found.num_worse, found.num_problems) == (0.5, 7, 1, 12)
    assert found.p_value == 0.0703125
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high


def test_sampled_runs_have_an_interval_and_no_p_value():
    found = compare(run("+-", "--", "++"), run("++", "+-", "++"))
    assert (found.difference, found.num_better, found.num_worse, found.p_value) == (1 / 3, 2, 0, None)


def test_a_comparison_turned_round_is_its_mirror_image():
    first, second = run(*["+---", "++--", "----", "+++-"] * 5), run(*["++--", "++-+", "---+", "++--"] * 5)
    there, back = compare(first, second), compare(second, first)
    assert there.difference == -(back.difference or 0)
    assert there.low == pytest.approx(-(back.high or 0), abs=0.02)


def test_neither_order_nor_labels_of_the_runs_matter():
    first, second = run(*["+--", "++-", "---"] * 8), run(*["++-", "+--", "--+"] * 8)
    shuffled = random.Random(3).sample(second, len(second))
    assert compare(first[::-1], shuffled) == compare(first, second)


def test_problems_that_one_run_lacks_are_left_out_and_counted():
    found = compare(run("+", "-", "+", "?"), run("+", "+"))
    assert (found.num_problems, found.num_unpaired, found.difference) == (2, 1, 0.5)


def test_one_shared_problem_has_a_difference_and_no_interval():
    found = paired_difference({"a": 1.0}, {"a": 0.5, "b": 1.0})
    assert found == PairedDifference(
        difference=-0.5, low=None, high=None, num_problems=1, num_better=0, num_worse=1, num_unpaired=1
    )
    assert compare([], run("+")).difference is None


def test_lengths_are_compared_without_a_bound():
    first = {str(number): 100.0 + number for number in range(30)}
    second = {task: length * 2 for task, length in first.items()}
    found = paired_difference(first, second, bound=None)
    assert found.difference == math.fsum(first.values()) / 30
    assert found.low is not None
    assert found.low > 80


def test_another_problem_under_the_same_name_is_refused():
    second = [dataclasses.replace(sample, gold="7") for sample in run("+", "-")]
    with pytest.raises(ValueError, match="The task 'p0' is another problem in the second run"):
        compare(run("+", "-"), second)
