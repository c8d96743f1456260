"""What counts as the expected output."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.execution.comparison import output_matches, value_matches
from reasonenv.execution.wire.codec import Opaque
from reasonenv.types import Comparison

EXACT = Comparison()
CLOSE = Comparison(absolute_tolerance=0.01)
RELATIVE = Comparison(relative_tolerance=0.01)


@pytest.mark.parametrize(
    ("expected", "actual", "matches"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, True),
        ([1, 2], (1, 2), False),
        ({1, 2}, {2, 1}, True),
        (0.3, 0.1 + 0.2, False),
        (math.nan, math.nan, True),
        ([1, {"a": math.nan}], [1, {"a": math.nan}], True),
        (math.nan, 1.0, False),
        (1.0, math.nan, False),
        ([math.nan, 1], [math.nan, 2], False),
        (math.nan, None, False),
        (None, Opaque(0, "C"), False),
        ([1, {2: math.nan}], [1, {2: math.nan}], True),
        ([math.nan], (math.nan,), False),
        (Fraction(1, 2), 0.5, True),
        (Decimal("0.1"), 0.1, False),
        ([1], [Opaque(0, "C")], False),
    ],
)
def test_values_without_tolerance_are_compared_as_python_does(expected, actual, matches) -> None:
    assert value_matches(EXACT, (), expected, actual) is matches


@pytest.mark.parametrize(
    ("expected", "actual", "matches"),
    [
        (1.0, 1.005, True),
        (1.0, 1.02, False),
        ([1.0, (2,)], [1.001, (2.001,)], True),
        ([1.0], [1.0, 1.0], False),
        ([1.0], (1.0,), False),
        ({"a": 1.0}, {"a": 1.001}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        ({"a": 1.0}, [("a", 1.0)], False),
        ({"a": 1.0}, None, False),
        ({"a": 1.0}, {"a": 1.001, "b": 1.0}, False),
        ({"a": 1.0, "b": 1.0}, {"a": 1.001}, False),
        (1, True, True),
        (0, False, True),
        (1, False, False),
        (1 + 1j, 1.001 + 1j, True),
        ("1.0", "1.001", False),
        (1.0, "1.0", False),
        (1.0, math.nan, False),
        (1.0, math.inf, False),
        (math.inf, 1.0, False),
        (math.inf, math.inf, True),
        (1.0, 10**400, False),
        (10**400, 10**400 + 1, False),
        (1000000, 1000001, False),
        (100, 100.005, True),
        (2, Fraction(401, 200), True),
        (0.5, Decimal("0.505"), True),
        (Decimal("1e999"), 1.0, False),
        (1.0, Opaque(0, "C"), False),
    ],
)
def test_values_with_tolerance_are_close_number_by_number(expected, actual, matches) -> None:
    assert value_matches(CLOSE, (), expected, actual) is matches


def test_relative_tolerance_is_relative_to_the_expected_value() -> None:
    comparison = Comparison(relative_tolerance=0.1)
    assert value_matches(comparison, (), 100.0, 109.0)
    assert not value_matches(comparison, (), -100.0, 109.0)
    assert not value_matches(comparison, (), 0.0, 1e-9)


@pytest.mark.parametrize("comparison", [CLOSE, RELATIVE])
@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (True, 0.995),
        (True, 1.001),
        (0.995, True),
        (1.001, True),
        (False, 0.001),
        ([True], [0.995]),
        ({0: 1.001}, {0: True}),
    ],
)
def test_a_truth_value_is_close_to_no_other_number(comparison, expected, actual) -> None:
    assert not value_matches(comparison, (), expected, actual)


@pytest.mark.parametrize(
    "comparison", [CLOSE, Comparison(relative_tolerance=0.01), Comparison(relative_tolerance=1e300)]
)
@pytest.mark.parametrize("expected", [math.inf, -math.inf, complex(math.inf, 0)])
def test_an_infinity_is_close_to_no_other_number(comparison, expected) -> None:
    others = [0, 5, -1e308, 10**400, -expected, math.nan, complex(0, math.inf)]
    assert [value_matches(comparison, (), expected, other) for other in others] == [False] * len(others)
    assert value_matches(comparison, (), expected, expected)
    assert not value_matches(comparison, (), [1.0, expected], [1.0, 2.0])


def test_a_printed_infinity_is_close_to_no_other_number() -> None:
    comparison = Comparison(relative_tolerance=0.01)
    assert not any(output_matches(comparison, "", "inf", actual) for actual in ("5", "-inf", "nan", "1e999"))
    assert output_matches(comparison, "", "inf", "inf")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 10), st.floats(0, 0.5))
def test_every_number_is_close_to_itself(number: float, absolute: float, relative: float) -> None:
    comparison = Comparison(absolute_tolerance=absolute, relative_tolerance=relative)
    assert value_matches(comparison, (), number, number)


@pytest.mark.parametrize(
    ("whitespace", "expected", "actual", "matches"),
    [
        ("exact", "a\n", "a\n", True),
        ("exact", "a\n", "a", False),
        ("trailing", "a\nb\n", "a  \nb\n\n\n", True),
        ("trailing", "a\r\nb\r\n", "a\nb", True),
        ("trailing", "a\n", "a", True),
        ("trailing", "a b", "a  b", False),
        ("trailing", "a", " a", False),
        ("trailing", "a\n\nb", "a\nb", False),
        ("trailing", "a", "", False),
        ("tokens", "a b\nc", " a\n b c ", True),
        ("lines", "a b\nc\n", "\n a  b\n\nc", True),
        ("lines", "a b\nc", "a b c", False),
        ("lines", "a", "", False),
        ("tokens", "a b", "ab", False),
    ],
)
def test_printed_output_is_compared_up_to_the_spacing_asked_for(whitespace, expected, actual, matches) -> None:
    assert output_matches(Comparison(whitespace=whitespace), "", expected, actual) is matches


@pytest.mark.parametrize(
    ("expected", "actual", "matches"),
    [
        ("1.00 x\n", "1.001 x\n", True),
        ("1.00 x\n", "1.001 y\n", False),
        ("1.00\n2.00", "1.00 2.00", False),
        ("1.00 2.00", "1.00", False),
        ("1.00", "1.00 2.00", False),
        ("nan", "nan", True),
        ("1", "nan", False),
        ("1", "1" + "0" * 500, False),
        ("1", "x", False),
        ("1.5", "1_5", False),
        ("0.5", ".5", True),
        ("1e-3", "0.001", True),
        ("3", "3.0", True),
        ("3", "3.001", False),
        ("3.0", "3", True),
        ("20250101", "20250102", False),
        ("0012345", "12345", False),
        ("0012345", "12345.0", False),
        ("12345", "0012345", False),
        ("1" * 31, "1" * 30 + "0", False),
        ("1000001", "1000000", False),
        ("123456789012", "123456689012", False),
        ("1000001", "1.000001e6", True),
        ("1e2", "100", True),
        ("v1.0", "v1.001", False),
        ("1.2.3", "1.2.4", False),
        ("inf", "inf", True),
    ],
)
def test_printed_numbers_may_differ_by_the_tolerance(expected, actual, matches) -> None:
    assert output_matches(CLOSE, "", expected, actual) is matches


def test_a_special_judge_decides_alone() -> None:
    comparison = Comparison(judge=lambda given, expected, actual: sorted(actual) == sorted(given[0]))
    assert value_matches(comparison, ([1, 2],), None, [2, 1])
    assert not value_matches(comparison, ([1, 2],), [3], [3])
    assert output_matches(Comparison(judge=lambda given, expected, actual: actual == given + expected), "a", "b", "ab")


def test_a_number_off_by_exactly_the_tolerance_is_close() -> None:
    assert value_matches(Comparison(absolute_tolerance=0.5), (), 1.0, 1.5)
    assert value_matches(Comparison(relative_tolerance=0.5), (), 2.0, 3.0)
    assert not value_matches(Comparison(absolute_tolerance=0.5), (), 1.0, 1.5000001)


def test_two_tolerances_do_not_add_up_and_size_is_that_of_the_expected_value() -> None:
    both = Comparison(absolute_tolerance=1.0, relative_tolerance=0.1)
    assert [value_matches(both, (), 20.0, 20.0 + off) for off in (1.9, 2.1)] == [True, False]
    assert [value_matches(both, (), 5.0, 5.0 + off) for off in (0.9, 1.1)] == [True, False]
    assert not value_matches(Comparison(relative_tolerance=0.1), (), 100.0, 110.9)


@pytest.mark.parametrize(
    ("expected", "actual", "matches"),
    [
        ("1.0\n", "1.001\n", True),
        ("1.0\n", "1.001", False),
        ("1.0 2\n", "1.001 2\n", True),
        ("a\rb", "a\nb", False),
        ("a\x0cb", "a\nb", False),
    ],
)
def test_exact_spacing_with_a_tolerance_still_compares_lines_and_numbers(expected, actual, matches) -> None:
    comparison = Comparison(whitespace="exact", absolute_tolerance=0.01)
    assert output_matches(comparison, "", expected, actual) is matches


def test_a_printed_number_that_is_absurdly_long_is_not_read() -> None:
    assert output_matches(CLOSE, "", "1.001", "1." + "0" * 398)
    assert not output_matches(CLOSE, "", "1.001", "1." + "0" * 399)
    assert not output_matches(CLOSE, "", "1." + "0" * 399, "1.001")
