from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.nodes import OverBudgetError, UnreadableGoldError
from reasonenv.grading.math.notation.reader import read
from reasonenv.grading.math.notation.tokens import canonical_text
from reasonenv.grading.math.policy import MathPolicy


def decide(gold, answer):
    return equal_texts(gold, answer)


EQUAL = [
    ("5", "5.0"),
    ("5", "5."),
    ("5", "+5"),
    ("5", "$5$"),
    ("5", r"\(5\)"),
    ("5", r"\[5\]"),
    ("5", "{5}"),
    ("5", r"\text{5}"),
    ("5", "\u200b5\u200b"),
    ("0", "-0"),
    ("-4", "\u22124"),
    ("-4", "- 4"),
    (".5", "0.50"),
    ("18", r"\$18"),
    ("18", "$18"),
    ("1,234,567", "1234567"),
    (r"11,\! 111,\! 100", "11111100"),
    ("10{,}000", "10,000"),
    (r"10\,000", "10000"),
    (r"\frac{1}{2}", "0.5"),
    (r"\dfrac{1}{2}", r"\tfrac12"),
    (r"\frac 34", "3/4"),
    (r"-\frac{1}{2}", r"\frac{-1}{2}"),
    ("2 1/2", "5/2"),
    (r"3\frac18", "3.125"),
    ("-1 1/2", "-1.5"),
    (r"1.5 \times 10^{3}", "1500"),
    ("1.5e3", r"1.5\cdot10^3"),
    ("2e-3", "0.002"),
    ("x=5", "5"),
    ("5", "x = 5"),
    ("(1,2)", "(x, y) = (1,2)"),
    (r"\frac{x}{2}", r"\dfrac{x}{2}"),
    (r"\left( 1, 2 \right)", r"\big(1,2\big)"),
    (r"90^\circ", r"90^{\circ}"),
    (r"90^\circ", "90°"),
    (r"90^\circ", r"90\degree"),
    ("x^{2}", "x²"),
    (r"\text{ellipse}", "Ellipse"),
    (r"\text{(C)}", "C"),
    (r"\text{Devon}", r"\textbf{Devon.}"),
    ("42_7", "42_{7}"),
    ("-221_3", "(-221)_{3}"),
    (r"\begin{pmatrix} 1 \\ -2 \end{pmatrix}", r"\begin{pmatrix}1\\-2\end{pmatrix}"),
]
UNEQUAL = [
    ("5", "6"),
    ("5", "-5"),
    ("5", "50"),
    ("0.3", "1/3"),
    ("1/3", "0.333333"),
    ("1e-7", "2e-7"),
    (r"6.6\times10^{-34}", r"1.1\times10^{-31}"),
    ("2", "2 2/3"),
    ("10", "4 10/3"),
    ("11/2", "1 1/2"),
    (r"\text{even}", r"\text{odd}"),
    (r"\text{even}", "2"),
    ("4210_7", "4210_8"),
    ("4:30", "2:15"),
    (r"5\text{ cm}", r"5\text{ m}"),
    ("5 cm", "5 m"),
    (r"40^\circ", r"40\text{ radians}"),
    (r"\$3.80", r"3.80\text{ cents}"),
    ("(1,2)", r"\{1,2\}"),
    ("5", "1=5"),
    ("5", "6=5"),
    ("5", "5=x=6"),
    ("3", "2x+3=3"),
    ("5050", r"\sum_{k=1}^{100} k"),
    (r"\frac13", r"\int_0^1 x^2 dx"),
]
MORE_EQUAL = [
    ("2x", "x+x"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
    (r"\sqrt{\frac{1}{n}}", r"\frac{1}{\sqrt{n}}"),
    ("10", r"\binom{5}{2}"),
    ("120", "5!"),
    (r"\sin^2 x + \cos^2 x", "1"),
    (r"\ln|x|", r"\log{\left(\left|{x}\right| \right)}"),
    ("0.\\overline{3}", "1/3"),
    (r"9\%", "0.09"),
    (r"9\%", "9"),
    (r"5\text{ m}", r"500\text{ cm}"),
    (r"60\text{ mph}", r"60\text{ miles per hour}"),
    (r"12\text{ square units}", "12"),
    ("5 cm", "5 centimeters"),
    (r"\$3.80", r"380\text{ cents}"),
    (r"60^\circ", "60"),
    ("1:2", "2:4"),
    (r"\{1,2\}", "2, 1"),
    (r"1 \pm \sqrt{2}", r"1-\sqrt{2}, 1+\sqrt{2}"),
    ("0,2", r"x=0 \text{ or } x=2"),
    ("1, 2 and 3", "3, 2, 1"),
    ("(2,\\infty)", "x > 2"),
    ("[-2,7]", r"-2 \le x \le 7"),
    (r"(-\infty,1)\cup(1,\infty)", r"\mathbb{R} \setminus \{1\}"),
    (r"(-\infty,1)\cup(1,\infty)", r"x \ne 1"),
    ("(0,2]", r"(0,1)\cup[1,2]"),
    ("x<1", "-x > -1"),
    (r"0<a+b\le 1", r"1\ge a+b>0"),
    ("a+b=5", "5"),
    ("2x+4y-3=0", r"y=-\frac{1}{2}x+\frac{3}{4}"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix}1.0\\ \frac{4}{2}\end{bmatrix}"),
    ("C", "(C)"),
    (r"\text{C, F}", r"\text{c, f}"),
    ("1.372e3", "1372"),
    (r"{6 \over 5}", "1.2"),
]
MORE_UNEQUAL = [
    (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
    (r"\pi", "3.14"),
    ("0", r"10^{-100}\sqrt{2}"),
    (r"\sqrt{x^2}", "x"),
    ("x^2+2x+1", "f(x)"),
    ("2", r"\pm 2"),
    ("2", r"1 \text{ or } 2"),
    ("x=5", "x=x"),
    ("x=5", "y=5"),
    ("f(x)=0", "f(x)=1"),
    ("C", "C, D"),
    ("C", r"\text{not } C"),
    ("C", "ABCDE"),
    ("(1,2)", "[1,2]"),
    ("(1,2)", "(2,1)"),
    (r"\{1,2,3\}", r"\{1,2\}"),
    ("5", r"x \in \{1,2,3,4,5\}"),
    ("5", r"\mathbb{R}"),
    ("x<1", "x>1"),
    ("x<1", r"x \le 1"),
    (r"0<a+b\le 1", r"1>a+b\ge 0"),
    ("5", "a+a=5"),
    ("9", r"0.09\%"),
    ("5%", "500%"),
    (r"60^\circ", r"60\text{ radians}"),
    (r"\frac13", "0.333"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1 & 2\end{pmatrix}"),
    ("10", "1О"),
    ("15", "\u202e51"),
    ("5", r"\text{not } 5"),
    ("2x", "2"),
    ("1-1/e", "1+1/e"),
    ("4", r"4\sqrt(2)"),
]
OVER_BUDGET = ["2^{2^{2^{2^{2^{2}}}}}", "10^{10^{10}}", "(((10!)!)!)!", "1e999999999", "(" * 300 + "1" + ")" * 300]


@pytest.mark.parametrize(("gold", "answer"), EQUAL)
def test_equal_answers_are_recognised_in_both_directions(gold, answer):
    assert decide(gold, answer) is True
    assert decide(answer, gold) is True


@pytest.mark.parametrize(("gold", "answer"), UNEQUAL)
def test_unequal_answers_are_recognised(gold, answer):
    assert decide(gold, answer) is False


@pytest.mark.parametrize(("gold", "answer"), MORE_EQUAL)
def test_every_type_is_equal_under_its_rewritings_in_both_directions(gold, answer):
    assert decide(gold, answer) is True
    assert decide(answer, gold) is True


@pytest.mark.parametrize(("gold", "answer"), MORE_UNEQUAL)
def test_near_misses_of_every_type_are_refused(gold, answer):
    assert decide(gold, answer) is False


@pytest.mark.parametrize("answer", [r"\textbf{(C)}\ 15", "C) 15", "C.", "(C)", r"\mathbf{C}", "c"])
def test_choice_may_repeat_the_value_that_it_chooses(answer):
    assert decide("C", answer) is True


@pytest.mark.parametrize("answer", OVER_BUDGET)
def test_magnitudes_and_depths_are_bounded_before_any_arithmetic(answer):
    with pytest.raises(OverBudgetError):
        decide("1", answer)
    assert decide(answer, answer) is True


@pytest.mark.parametrize(
    ("gold", "answer", "policy", "verdict"),
    [
        (r"9\%", "9", MathPolicy(is_percent_sign_optional=False), False),
        (r"5\text{ m}", "5", MathPolicy(is_unit_optional=False), False),
        ("x=5", "5", MathPolicy(is_name_optional=False), False),
        ("1, 2", "2, 1", MathPolicy(is_list_order_free=False), False),
        ("1/3", "0.3333", MathPolicy(min_decimal_digits=4), True),
        ("33.3", r"\frac{100}{3}", MathPolicy(rounds_to_gold=True), True),
        ("33.3", r"\frac{100}{3}", MathPolicy(), False),
        (r"\frac{100}{3}", "33.3", MathPolicy(rounds_to_gold=True), False),
    ],
)
def test_policy_decides_what_mathematics_leaves_open(gold, answer, policy, verdict):
    assert equal_texts(gold, answer, policy) is verdict


@pytest.mark.parametrize(("answer", "verdict"), [("2, 1, 1", True), ("1, 2, 2", False), ("1, 2", False)])
def test_list_has_each_value_as_often_as_the_gold_list(answer, verdict):
    assert decide("1, 1, 2", answer) is verdict


@pytest.mark.parametrize(
    ("gold", "answer", "verdict"),
    [("y=2x", "z=2x", False), ("y=2x", "f(x)=2x", True), ("f(x)=2x", "f(t)=2x", False), ("f(x)=2x", "f(t)=2t", True)],
)
def test_formulas_of_two_names_are_equal_unless_the_names_are_rivals(gold, answer, verdict):
    assert decide(gold, answer) is verdict


expressions = st.recursive(
    st.sampled_from(["x", "y", "2", "3", r"\pi", r"\frac{1}{2}"]),
    lambda parts: st.tuples(parts, st.sampled_from(["+", "-", r"\cdot "]), parts).map(
        lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"
    ),
    max_leaves=6,
)


@given(expressions, expressions)
def test_equality_of_expressions_is_symmetric_and_sums_commute(left, right):
    assert decide(left, right) == decide(right, left)
    assert decide(f"{left}+{right}", f"{right}+{left}") is True
    assert decide(left, f"{left}+1") is False


@given(st.text(max_size=50))
def test_every_text_equals_itself(text):
    assert decide(text, text) is bool(canonical_text(text))


@given(st.fractions(), st.fractions())
def test_fractions_compare_as_rationals(left, right):
    assert decide(str(left), rf"\frac{{{right.numerator}}}{{{right.denominator}}}") is (left == right)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(-(10**6), 10**6))
def test_decimals_compare_as_rationals(decimal, integer):
    assert decide(f"{integer:,}", format(decimal, "f")) is (Decimal(integer) == decimal)


@given(st.integers(0, 50), st.integers(0, 49), st.integers(50, 99))
def test_mixed_numbers_are_sums(whole, numerator, denominator):
    total = whole + Fraction(numerator, denominator)
    assert decide(str(total), f"{whole} {numerator}/{denominator}") is True


markup = st.text(st.sampled_from("\\{}$()[]_^=,. 0123456789abfracte:%-+/|!"), max_size=30)


@given(markup, markup)
def test_reading_raises_nothing_but_over_budget(gold, answer):
    try:
        assert decide(gold, answer) in {True, False, None}
    except UnreadableGoldError:
        assert read(gold) is None
    except OverBudgetError:
        assert gold != answer
