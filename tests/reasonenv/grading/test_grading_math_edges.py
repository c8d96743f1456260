"""Mathematical answers at the edge of a rule: each pair is equal, or not, by one condition of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from reasonenv.grading import MAX_ANSWER_CHARS, GradeStatus
from reasonenv.grading.decimals import decimal_digits
from reasonenv.grading.math import grade_answers
from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.equations import named_values
from reasonenv.grading.math.evaluation import evaluate
from reasonenv.grading.math.matrices import worked_out
from reasonenv.grading.math.nodes import OverBudgetError, UndefinedError, UnreadableError, number
from reasonenv.grading.math.notation.reader import read
from reasonenv.grading.math.notation.tokens import undelimited
from reasonenv.grading.math.policy import MathPolicy
from reasonenv.grading.math.shape import have_same_shape
from reasonenv.grading.units import Unit, read_unit
from reasonenv.grading.worker import compare

ROW = r"\begin{pmatrix}1&2\end{pmatrix}"
EQUAL = [
    ("N", "+N"),
    (r"\pi", r"\pi \approx 3.14"),
    (r"\frac13", r"\frac13 \approx 0.333"),
    ("-2", r"\sqrt[3]{-8}"),
    (r"\sin(1000)+1", r"1+\sin(1000)"),
    ("(1,2]", r"[1,1) \cup (1,2]"),
    (r"(-2,-1] \cup [1,2)", r"1 \le |x| < 2"),
    (r"\mathbb{R}", r"x<3 \text{ or } x>1"),
    (r"\begin{pmatrix}1&2&3\end{pmatrix}", ROW + r"\begin{pmatrix}1&0&1\\0&1&1\end{pmatrix}"),
    ("1/3", "0.3333333333"),
    ("20:30", "60:90"),
    ("0_2", "(0_2)"),
    ("12", "3!2"),
    ("12", "3!2!"),
    ("5 cats", "5cats"),
    ("2|x|", "|(2|x|)|"),
    ("1,234,5", "1; 234; 5"),
    ("$5, $6, $7", r"500 \text{ cents}, 600 \text{ cents}, 700 \text{ cents}"),
    ("7:32 pm", "{7:32 pm}"),
    (r"5 \text{min}", r"300 \text{ s}"),
    (r"2\pi \text{ cm}", r"2\pi"),
    ("-9%", "-9"),
    ("2/3", "0.6666666666"),
    (r"-90^\circ", "-90"),
    (r"-90^\circ", r"-\frac{\pi}{2}"),
    (r"-5 \text{ cm}", r"-50 \text{ mm}"),
    ("1:2", "0.5"),
    ("1.5%", "1.5"),
    (r"x<1, x \ge 1", r"\mathbb{R}"),
    ("x-y=0", "y-x=0"),
    ("3/4", "3/4=0.75"),
    ("x^2-1=(x-1)(x+1)", "(x-1)(x+1)=x^2-1"),
    ("f(x)=x+1", "f(t)=t+1"),
    (r"\{(1,2)\}", "(1,2)"),
    ("(1,2), (3,4)", "(3,4), (1,2), (3,4)"),
    (r"a \pm b \mp c", "a+b-c, a-b+c"),
    ("P(1,2)", "(1,2)"),
    ("5", "|AB| = 5"),
    ("5", "f(2) = 5"),
    ("3", "a+b = 3"),
    ("(1,2)", "y=2, x=1"),
    ("2, 1", "x_1=1, x_2=2"),
]
UNEQUAL = [
    (r"(\pm 1, 2)", r"\{(1,2), (5,2)\}"),
    ("f(x)=x^2", "f(t)=tx"),
    ("11", "x = 7 = 11"),
    ("1", r"0! + 10^{-45}"),
    (r"\sqrt{2}", r"\sqrt{2} + 10^{-30}"),
    ("7:32 pm", "7/32"),
    ("2", r"\sqrt[64]{2^{64}} + 10^{-45}"),
    ("(1,3)", r"x<3 \text{ or } x>1"),
    ("0", r"\lfloor \frac{|x|}{10^8} \rfloor"),
    ("0", r"\lfloor \frac{x^2}{10^{12}} \rfloor"),
    ("1", r"\lceil \frac{x^2}{10^{12}} \rceil"),
    ("x+10^6", "|x+10^6|"),
    ("10^6-x", "|x-10^6|"),
    ("1/3", "0.3333333335"),
    ("1", r"1\%"),
    (r"5\text{ cm}", r"5\%"),
    ("9%", "8"),
    ("1%", "1"),
    ("0.3333333333", "0.33333333333"),
    ("2/3", "0.6666666665"),
    ("1:2:3", "1:2"),
    (r"\infty", r"-\infty"),
    ("x^2-1=(x-1)(x+1)", "x=x"),
    ("5", "5=5"),
    ("3", "a+a = 3"),
    ("2, 1", "x=1, y=2"),
    ("y=x+1", "z=x+1"),
    (r"\{1,2\}", "(1,2)"),
    ("x<y", "x=y"),
    ("(1,2), (1,2)", "(1,2)"),
    ("1, 1", "1"),
    ("(a,b)", "[a,b]"),
    ("p(1,2)", "(1,2)"),
    ("1:xx", "1"),
    ("2", "2 1/0"),
    ("2", "2 1/x"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_at_the_edge_of_a_rule_in_both_directions(one, other):
    assert equal_texts(one, other) is True
    assert equal_texts(other, one) is True


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_unequal_at_the_edge_of_a_rule_in_both_directions(one, other):
    assert equal_texts(one, other) is not True
    assert equal_texts(other, one) is not True


def test_verdict_is_open_where_one_reading_of_the_logarithm_leaves_it_open():
    assert equal_texts(r"(\log x, \frac{x}{0})", r"(\log x, \frac{2x}{0})") is None


def test_a_single_equation_is_no_tuple_of_values():
    assert named_values((read("x=1"),)) is None
    assert named_values((read("y=2"), read("x=1"))) == (number(1), number(2))


def test_lists_of_too_many_elements_are_over_budget():
    numbers = [str(number) for number in range(65)]
    assert equal_texts(", ".join(numbers[1:]), ", ".join(reversed(numbers[1:]))) is True
    with pytest.raises(OverBudgetError, match="too many elements"):
        equal_texts(", ".join(numbers), ", ".join(reversed(numbers)))


@pytest.mark.parametrize(
    ("gold", "answer"),
    [("5", r"\frac{1}{0}"), ("5", "0^0"), (r"\frac{x}{0}", "5"), (r"(1, \frac{x}{0})", r"(2, \frac{2x}{0})")],
)
def test_answer_without_a_value_is_wrong_without_algebra_where_the_gold_answer_has_another(gold, answer):
    assert equal_texts(gold, answer) is False


@pytest.mark.parametrize("text", ["0^0", "0^{-1}"])
def test_power_of_zero_has_a_value_only_for_positive_exponents(text):
    with pytest.raises(UndefinedError):
        evaluate(read(text), {})


def test_matrices_of_different_shapes_have_no_sum():
    with pytest.raises(UnreadableError, match="different shapes"):
        worked_out(read(ROW + r"+\begin{pmatrix}1&2&3\end{pmatrix}"))


def test_nothing_is_divided_by_a_matrix():
    with pytest.raises(UnreadableError):
        worked_out(read(rf"\frac{{2}}{{{ROW}}}"))


@pytest.mark.parametrize(("answer", "verdict"), [(r"\frac{100}{3}", True), (r"\frac{267}{8}", False)])
def test_answer_that_rounds_to_gold_is_within_half_a_unit_of_its_last_digit(answer, verdict):
    assert equal_texts("33.3", answer, MathPolicy(rounds_to_gold=True)) is verdict


@pytest.mark.parametrize("text", ["2 1/2.5", "2 1/x", "2 1/0"])
def test_mixed_number_needs_a_whole_denominator_other_than_zero(text):
    assert read(text) is None


def test_semicolons_are_part_of_the_shape():
    assert have_same_shape(r"\mathop{F}(1); 2", r"\mathop{F}(1) 2") is False


@pytest.mark.parametrize(("text", "inner"), [("{5}", "5"), ("{{5}}", "5"), ("{1}{2}", "{1}{2}"), (r"{1\}", r"{1\}")])
def test_braces_are_dropped_only_where_one_pair_is_around_everything(text, inner):
    assert undelimited(text) == inner


def test_answer_and_gold_answer_are_compared_up_to_the_limit_of_characters_and_no_further():
    longest = "5".ljust(MAX_ANSWER_CHARS)
    grades = grade_answers(["5", "5", longest, f"{longest} "], [longest, f"{longest} ", "5", "5"])
    assert [grade.status for grade in grades] == [
        GradeStatus.CORRECT,
        GradeStatus.OVER_BUDGET,
        GradeStatus.CORRECT,
        GradeStatus.GOLD_UNPARSEABLE,
    ]


def test_algebra_tells_small_numbers_apart():
    assert compare("0.0000001", "0.0000002") == "wrong"
    assert compare(r"\sqrt{2} + 0.0000001", r"\sqrt{2} + 0.0000002") == "wrong"


def test_statuses_that_depend_on_the_machine_are_not_final():
    final = {GradeStatus.CORRECT, GradeStatus.WRONG, GradeStatus.GOLD_UNPARSEABLE, GradeStatus.OVER_BUDGET}
    assert {status for status in GradeStatus if status.is_final} == final


def test_unit_over_itself_measures_nothing():
    assert read_unit("m per m") == Unit((), Fraction(1))
    assert read_unit("cm per m") == Unit((), Fraction(1, 100))


@pytest.mark.parametrize(
    ("phrase", "dimensions"),
    [
        ("square m s", {"length": 2, "time": 1}),
        ("sq ft per sec", {"length": 2, "time": -1}),
        ("kg m per square s", {"mass": 1, "length": 1, "time": -2}),
    ],
)
def test_a_word_for_a_power_is_about_the_next_unit_alone(phrase, dimensions):
    assert dict(read_unit(phrase).dimensions) == dimensions


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        *[("1.25", (3, 2, True)), ("0.125", (3, 3, True)), ("-0.125", (3, 3, True)), ("0.001", (1, 3, True))],
        *[("-12.50", (3, 1, True)), ("1000", (4, 0, True)), ("0", (1, 0, True)), ("1/3", (1, 0, False))],
        *[("1/6", (1, 1, False)), ("1/700", (1, 2, False)), ("12345.6789", (9, 4, True))],
    ],
)
def test_digits_of_a_decimal_are_those_that_it_is_written_with(value, digits):
    assert decimal_digits(Fraction(value)) == digits


@pytest.mark.parametrize("phrase", ["cu cm", "cubic cm", "cm cubed", "cm^3"])
def test_cubes_are_written_in_four_ways(phrase):
    assert read_unit(phrase) == Unit((("length", 3),), Fraction(1, 100**3))
