from fractions import Fraction

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from reasonenv.grading.math.evaluation import evaluate
from reasonenv.grading.math.nodes import OverBudgetError, UndefinedError, UnreadableError
from reasonenv.grading.math.notation.reader import read
from reasonenv.grading.math.numeric import is_proportional, is_same_scalar, same_values


def is_same(left, right):
    return is_same_scalar(read(left), read(right))


leaves = st.sampled_from(["x", "y", "1", "2", "3", r"\pi", r"\frac{1}{2}"])
expressions = st.recursive(
    leaves,
    lambda parts: st.builds(
        lambda left, sign, right: f"({left}{sign}{right})", parts, st.sampled_from(["+", "-", r"\cdot "]), parts
    ),
    max_leaves=5,
)


def by_sympy(text):
    plain = text.replace(r"\cdot ", "*").replace(r"\pi", "pi").replace(r"\frac{1}{2}", "(1/2)").replace("^", "**")
    return sympy.expand(sympy.sympify(plain))


@given(expressions, expressions)
def test_expressions_are_the_same_exactly_if_sympy_expands_them_to_the_same(left, right):
    is_equal = by_sympy(left) == by_sympy(right)
    assert is_same(left, right) is is_equal
    assert is_same(right, left) is is_equal


@given(expressions, st.integers(-5, 5).filter(bool))
def test_multiples_are_proportional_with_the_sign_of_their_factor(expression, factor):
    assume(by_sympy(expression) != 0)
    assert is_proportional(read(expression), read(f"{factor}({expression})")) == (1 if factor > 0 else -1)
    assert is_proportional(read(expression), read(f"{expression}+x^{{9}}")) in {0, None}


@pytest.mark.parametrize(("left", "right"), [("x", "0"), ("0", "x"), ("0", "2"), ("2", "0")])
def test_nothing_else_is_proportional_to_zero(left, right):
    assert is_proportional(read(left), read(right)) == 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x", "|x|"),
        (r"\sqrt{x^2}", "x"),
        ("ab", "|ab|"),
        (r"\sqrt{a}|b|", r"\sqrt{a}b"),
        ("abc", "|a|bc"),
        (r"a\sqrt{b}|c|", r"a\sqrt{b}c"),
        ("a b c d e f g", "|abc|d e f g"),
        ("|x|+|y|", "|x+y|"),
        (r"\lceil n/3 \rceil", r"\lceil n/3 \rceil^2"),
        (r"\lfloor x \rfloor", "x"),
    ],
)
def test_signs_and_steps_are_seen_at_every_draw_of_points(left, right):
    assert {is_same(left, right) for _ in range(100)} == {False}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"\sqrt{x}\sqrt{y}", r"\sqrt{xy}"),
        (r"\ln x^2", r"2\ln|x|"),
        ("x^x", "x^{x}+0"),
        ("e^{e^x}", "e^{e^{x}}+1-1"),
        (r"\sin 2x", r"2\sin x\cos x"),
        ("(n+1)!", r"(n+1)\cdot n!"),
        (r"\binom{n}{2}", r"\frac{n(n-1)}{2}"),
        ("0", "x-x"),
    ],
)
def test_identities_hold_where_both_sides_are_defined(left, right):
    assert is_same(left, right) is True


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        ("(-1)^n", "(-1)^{n+2}", True),
        ("(-1)^n", "(-1)^{n+1}", False),
        (r"\sqrt{-x^2-1}", r"\sqrt{-1-x^2}", True),
    ],
)
def test_what_has_no_real_values_is_compared_at_integers_and_at_several_complex_points(left, right, verdict):
    assert is_same(left, right) is verdict


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("0", r"10^{-100}\sqrt{2}"),
        (r"\pi", "3.14159265358979"),
        (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
        ("1", "0.999999999"),
    ],
)
def test_small_differences_are_differences(left, right):
    assert is_same(left, right) is False


@given(st.fractions(), st.fractions())
def test_rational_values_are_compared_exactly(left, right):
    assert same_values(left, right) is (left == right)


@pytest.mark.parametrize("text", ["10^{10^{10}}", "(10^{9})!", "x^{10^{9}}"])
def test_magnitudes_over_budget_are_refused(text):
    with pytest.raises(OverBudgetError):
        is_same(text, f"{text}+1")


@pytest.mark.parametrize("text", [r"\frac{1}{0}", r"\ln 0", r"0^{-1}", r"\infty"])
def test_what_has_no_value_is_undefined(text):
    with pytest.raises(UndefinedError):
        evaluate(read(text), {})


def test_real_domain_is_kept_if_asked_for():
    assert evaluate(read(r"\sqrt{-4}"), {}) == 2j
    with pytest.raises(UndefinedError):
        evaluate(read(r"\sqrt{-4}"), {}, is_real=True)
    assert evaluate(read(r"\sqrt[3]{-8}"), {}, is_real=True) == -2


def test_rational_arithmetic_is_exact():
    assert evaluate(read(r"\frac{1}{3}+\frac{1}{6}"), {}) == Fraction(1, 2)
    assert evaluate(read(r"\sqrt{\frac{9}{4}} \cdot 2^{-3}"), {}) == Fraction(3, 16)


def test_sets_are_no_scalars():
    with pytest.raises(UnreadableError):
        is_same(r"\{1\}", "1")
