"""How families write mathematics: what is written is the value, and equal values are equal text."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from latex_value import latex_value

from reasonenv.tasksets.mathematics.notation import (
    bracketed,
    fraction,
    interval,
    matrix,
    polynomial,
    square_root,
    sum_of,
    surd,
)

rationals = st.fractions(-50, 50, max_denominator=60)
integers = st.integers(-30, 30)


@given(value=rationals)
def test_a_fraction_is_its_value_in_lowest_terms(value):
    assert latex_value(fraction(value)) == latex_value(bracketed(value)) == value


@given(value=rationals, other=rationals)
def test_bracketed_numbers_follow_any_operator(value, other):
    assert latex_value(rf"{fraction(other)} - {bracketed(value)}") == other - value
    assert latex_value(rf"{fraction(other)} \cdot {bracketed(value)}") == other * value


@given(coefficients=st.lists(integers, min_size=1, max_size=6), x=rationals)
def test_a_polynomial_has_the_value_of_its_coefficients(coefficients, x):
    expected = sum(coefficient * x**power for power, coefficient in enumerate(reversed(coefficients)))
    assert latex_value(polynomial(coefficients), x=x) == expected


@given(radicand=st.integers(1, 5000))
def test_a_square_root_is_taken_out_completely(radicand):
    outside, inside = square_root(radicand)
    assert outside**2 * inside == radicand
    assert all(inside % (k * k) for k in range(2, math.isqrt(inside) + 1))


@given(rational=integers, outside=integers, radicand=st.sampled_from([1, 2, 3, 5, 6]), denominator=st.integers(1, 12))
def test_a_surd_has_its_value_whatever_the_common_factor(rational, outside, radicand, denominator):
    text = surd(rational, outside, radicand, denominator)
    expected = (rational + outside * math.sqrt(radicand)) / denominator
    assert math.isclose(latex_value(text), expected, abs_tol=1e-12)
    assert surd(6 * rational, 6 * outside, radicand, 6 * denominator) == text


def test_an_empty_sum_is_zero():
    assert sum_of([]) == polynomial((0, 0)) == "0"


@pytest.mark.parametrize(
    ("low", "high", "closed", "text"),
    [
        (None, 3, True, r"(-\infty, 3]"),
        (Fraction(1, 2), None, False, r"(\frac{1}{2}, \infty)"),
        (-1, 2, True, "[-1, 2]"),
        (-1, 2, False, "(-1, 2)"),
    ],
)
def test_an_interval_is_open_where_it_is_infinite(low, high, closed, text):
    assert interval(low, high, closed=closed) == text


def test_a_matrix_is_written_row_by_row():
    assert matrix([[1, Fraction(1, 2)], [-3, 4]]) == r"\begin{pmatrix} 1 & \frac{1}{2} \\ -3 & 4 \end{pmatrix}"
