"""Answers that look as if they were right, and right ones in forms that programs and people write."""

from __future__ import annotations

import pytest

from reasonenv.grading import GradeStatus, grade_math
from reasonenv.parsing import extract_answer

UNPAID = [
    ("(3,-5)", r"(-\infty,-1)\cap(2,\infty)"),
    ("(0,0),(1,1)", "[3,-5]"),
    (r"\emptyset", "[2,1]"),
    ("(0,0)", r"\emptyset"),
    ("0", "4x+3y-9=0"),
    ("0", "a+b-2=0"),
    ("9", "(x-1)^2+(y+2)^2=3^2"),
    ("1", r"\frac{x^2}{4}+\frac{y^2}{9}=1"),
    ("90 km/h", "90个"),
    (r"90^\circ", "90个"),
    (r"5\text{ cm}", "5个"),
    ("A", "A(3,-5)"),
    ("C", "C(2n,n)"),
    ("C", "+C"),
    ("A", "1A"),
    ("A", "!A"),
    ("x=1,y=2", r"\{2,1\}"),
    (r"\begin{cases}x=1\\y=2\end{cases}", r"\{2,1\}"),
    (r"(-\infty,1)\cup(3,\infty)", r"x<1 \text{ and } x>3"),
    (r"(-\infty,1)\cup(3,\infty)", r"x<1 \land x>3"),
    (r"(-\infty,1)\cup(3,\infty)", "x<1 且 x>3"),
    (r"(-\infty,-1]\cup[2,\infty)", "{x|x≤-1且x≥2}"),
    ("(1,2)", "{x|x>1或x<2}"),
    ("(1,2)", r"\{x\mid x>1 \text{ or } x<2\}"),
    ("36", r"3600\%\%"),
    ("-5", "minus 6"),
    (r"\frac16", r"\frac16+\frac{1}{3\cdot2^{801}}"),
    ("5", "5+10^{-400}"),
    ("5", "5+1/100!"),
    ("5", "5+e^{-200}"),
    ("5", r"\sqrt{25+10^{-60}}"),
    ("5", "5.00000000000000000000000000000000000000000000001"),
    ("5", "4.999999999999999999999999999999999999999999"),
    ("March 15", "March 5"),
    ("March 15", "March 15 or 16"),
    ("July 4, 1776", "July 4"),
    ("12", "twelve thousand"),
    ("12", "not twelve"),
    ("1", "one half"),
    ("3+2i", "3-2*I"),
    ("3+2i", "3+2k"),
    (r"10\text{ m/s}", r"10\ \mathrm{m\,s^{-2}}"),
    (r"2\sqrt3", "Sqrt[13]"),
    (r"\frac{\pi}{4}", "ArcTan[2]"),
]
PAID = [
    ("0", "a-b=0"),
    ("25", "x^2+y^2=25"),
    ("12 apples", "12个"),
    ("A", "A (12)"),
    ("C", "选C"),
    (r"(-\infty,1)\cup(3,\infty)", "x<1, x>3"),
    ("(1,3)", "x>1 and x<3"),
    (r"(-\infty,-1]\cup[2,\infty)", "{x|x≤-1或x≥2}"),
    ("(1,2)", "{x|1<x<2}"),
    ("-5", "negative 5"),
    ("-5", "minus 5"),
    ("x=1,y=2", "x=1 and y=2"),
    ("(1,2]", r"[1,1) \cup (1,2]"),
    ("March 15", "15 March"),
    ("March 15", "the 15th of March"),
    ("March 15", "Mar. 15"),
    ("July 4, 1776", "4 July 1776"),
    ("12", "twelve"),
    ("1", "one"),
    ("12", r"\text{Twelve}"),
    ("3+2i", "3+2*I"),
    ("3+2i", "3 + 2j"),
    (r"10\text{ m/s}", r"10\ \mathrm{m\,s^{-1}}"),
    ("12", r"12~\mathrm{m\cdot s^{-1}}"),
    ("1250.5", "US$1,250.50"),
    (r"2\sqrt3", "2 Sqrt[3]"),
    (r"2\sqrt3", "2*math.sqrt(3)"),
    (r"\frac{\pi}{4}", "np.pi/4"),
    (r"\frac{\pi}{4}", "ArcTan[1]"),
    (r"\sin x\cos x", "Sin[x] Cos[x]"),
    (r"\ln 2", "Log[2]"),
]
SAID_BY_OTHERS = [
    "Some say the answer is 7.",
    "My friend claims: the answer is 7.",
    "I guess the answer is 7",
    "有人说答案是7",
]


@pytest.mark.parametrize(("gold", "answer"), UNPAID)
def test_an_answer_that_only_looks_right_is_not_paid(gold: str, answer: str):
    assert grade_math([gold], [rf"\boxed{{{answer}}}"])[0].status == GradeStatus.WRONG


@pytest.mark.parametrize(("gold", "answer"), PAID)
def test_a_right_answer_is_paid_in_the_notation_of_programs_and_people(gold: str, answer: str):
    assert grade_math([gold], [rf"\boxed{{{answer}}}"])[0].score == 1


@pytest.mark.parametrize("response", SAID_BY_OTHERS)
def test_what_somebody_else_says_or_guesses_announces_no_answer(response: str):
    assert extract_answer(response) is None


@pytest.mark.parametrize("unit", ["√if ", "per '", "x ", "∞\n"])
def test_a_product_of_hundreds_of_letters_is_over_budget_and_no_error(unit: str):
    assert grade_math(["5"], [rf"\boxed{{{(unit * 900)[:990]}}}"])[0].score == 0
