"""Mathematical answers at the edge of a rule: each pair is equal, or not, by one condition of it."""

from __future__ import annotations

import pytest

from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.evaluation import evaluate
from reasonenv.grading.math.matrices import worked_out
from reasonenv.grading.math.nodes import UndefinedError, UnreadableError
from reasonenv.grading.math.notation.reader import read
from reasonenv.grading.math.notation.tokens import undelimited
from reasonenv.grading.math.policy import MathPolicy
from reasonenv.grading.math.shape import have_same_shape

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
    (r"2^{-5000x}\sqrt{-7-x}", r"\sqrt{-7-x} \cdot 2^{-5000x}"),
    (r"3^{-3200x}\sqrt{-7-x}", r"\sqrt{-7-x} \cdot 3^{-3200x}"),
]
UNEQUAL = [
    (r"(\pm 1, 2)", r"\{(1,2), (5,2)\}"),
    ("f(x)=x^2", "f(t)=tx"),
    ("11", "x = 7 = 11"),
    ("1", r"0! + 10^{-45}"),
    ("2", r"\sqrt[64]{2^{64}} + 10^{-45}"),
    ("(1,3)", r"x<3 \text{ or } x>1"),
    ("0", r"\lfloor \frac{|x|}{10^8} \rfloor"),
    ("x+10^6", "|x+10^6|"),
    ("10^6-x", "|x-10^6|"),
    ("1/3", "0.3333333335"),
    ("1", r"1\%"),
    (r"5\text{ cm}", r"5\%"),
    ("9%", "8"),
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


@pytest.mark.parametrize("text", ["0^0", "0^{-1}"])
def test_power_of_zero_has_a_value_only_for_positive_exponents(text):
    with pytest.raises(UndefinedError):
        evaluate(read(text), {})


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
