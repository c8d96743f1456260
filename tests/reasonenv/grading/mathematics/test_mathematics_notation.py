"""Notation: every spelling of one thing is that thing, and a spelling that may mean two things is refused."""

from __future__ import annotations

import time

import pytest

from reasonenv.grading import GradeStatus, grade_math
from reasonenv.grading.math import grade_answers
from reasonenv.grading.math.compare import equal_texts
from reasonenv.parsing import boxed_answer, extract_answer

SAME = {
    "roots and raised characters": [
        (r"\sqrt{12}", "√12"),
        (r"\frac{\sqrt{17}-1}{2}", "(√17-1)/2"),
        ("3", "∛27"),
        (r"2\sqrt{13}", "2√13"),
        (r"\sqrt{x+1}", "√(x+1)"),
        (r"\sqrt{5}x", "√5x"),
        (r"10^{-3}", "10⁻³"),
        ("x^{12}", "x¹²"),
        ("2^n", "2ⁿ"),
        ("5/6", "⅚"),
        ("11/8", "1⅜"),
        ("x_1+x_2", "x₁+x₂"),
        ("x^2+y^2", "𝑥²+𝑦²"),
        (r"m n-\lfloor m / 2\rfloor", "mn - ⌊m/2⌋"),
        (r"x \leq 3", "x ≦ 3"),
        ("3/8", "3∕8"),
    ],
    "repeating decimals": [
        ("7/9", r"0.\dot7"),
        ("7/9", r"0.\dot{7}"),
        ("5/11", r"0.\dot4\dot5"),
        ("1/7", r"0.\dot{1}4285\dot{7}"),
        ("1/3", r"0.\bar3"),
        ("1/6", r"0.1\bar{6}"),
        ("1/3", "0.(3)"),
        ("1/6", "0.1(6)"),
        ("7/9", "0.777..."),
        ("7/9", "0.777…"),
        ("5/11", r"0.4545\ldots"),
        ("0.777...", "7/9"),
        ("0.272727...", r"0.\overline{27}"),
    ],
    "dots": [
        (r"1,2,\ldots,n", r"1,2,\dots,n"),
        (r"1, 2, \ldots, n", "1,2,...,n"),
        (r"1,3,5,\ldots", r"1,3,5,\cdots"),
        (r"\{1,2,\ldots,9\}", r"\{1,2,3,4,5,6,7,8,9\}"),
        (r"\{2,4,8,\ldots,64\}", "2,4,8,16,32,64"),
        (r"1:2:3:\ldots", r"1:2:3:\dots"),
        (r"1\cdot 3\cdot 5\cdots 9", "945"),
        (r"x_1+x_2+\cdots+x_n", r"x_1+x_2+\dots+x_n"),
    ],
    "looks": [
        ("7", r"\color{red}7"),
        ("7", r"\color{blue}{7}"),
        ("1/2", r"\textcolor{blue}{\frac{1}{2}}"),
        ("7", r"{\Large 7}"),
        ("1/2", r"\small\frac12"),
        ("1/2", r"\rm \frac12"),
        ("1/2", r"\ensuremath{\frac12}"),
        ("1/2", r"\text{$\frac{1}{2}$}"),
        ("1/2", r"\frac{1}{2} \\"),
        ("7", r"7 \tag{1}"),
        ("7", "= 7"),
        ("7", "Answer: 7"),
        ("7", r"\text{Answer: }7"),
        ("17", "__17__"),
        ("17", "“17”"),
        ("x=9", r"\text{x = 9}"),
        ("10:40", "10{:}40"),
        (r"\overrightarrow{AB}", r"\vec{AB}"),
        (r"\overrightarrow{AB}", r"-\overrightarrow{BA}"),
        (r"3\mathbf{i}-4\mathbf{j}", r"3\hat{i}-4\hat{j}"),
        ("O(n^2)", r"\mathcal{O}(n^2)"),
        (r"\Theta(n\log n)", r"Theta(n log n)"),
        (r"\frac{a}{b}", r"\frac ab"),
    ],
    "environments": [
        ("x=1,y=2", r"\begin{cases}x=1\\y=2\end{cases}"),
        ("x=1,y=2", r"\begin{cases} x=1, \\ y=2. \end{cases}"),
        ("x=1,y=2", r"\left\{\begin{array}{l}x=1 \\ y=2\end{array}\right."),
        ("(1,2)", r"\begin{cases}x=1\\y=2\end{cases}"),
        ("x=1,y=2", r"\begin{cases}x&=1\\y&=2\end{cases}"),
        ("7", r"\begin{aligned}7\end{aligned}"),
        ("7", r"\begin{gathered}7\end{gathered}"),
        (
            r"f(x)=\begin{cases}x+1,&x\ge0\\-x,&x<0\end{cases}",
            r"\begin{cases}-x & \text{if } x<0 \\ x+1 & x\geq 0\end{cases}",
        ),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\cr3&4\end{pmatrix}"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"(1,2)^T"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}^{\top}"),
    ],
    "functions and products": [
        ("|x-1|", "abs(x-1)"),
        ("|x-1|", "Abs(x-1)"),
        ("120", "factorial(5)"),
        ("10", "binomial(5, 2)"),
        ("3", "cbrt(27)"),
        (r"\lfloor x \rfloor", "floor(x)"),
        (r"\lceil x/2 \rceil", "ceiling(x/2)"),
        ("5/2", "Fraction(5, 2)"),
        (r"\max(a,b)", r"\max\{b,a\}"),
        (r"\max(a,b)", "max(a, b)"),
        (r"\max(a,b)", r"\frac{a+b+|a-b|}{2}"),
        (r"\ln 5", "log(5, E)"),
        (r"\log_2 9", "log2(9)"),
        ("e^x/2", "E**x/2"),
        ("945", "9!!"),
        ("(2n-1)!!", r"\frac{(2n)!}{2^n n!}"),
        ("120", r"C_{10}^{3}"),
        ("120", r"{}_{10}C_{3}"),
        ("120", "10C3"),
        (r"\binom{2n}{n}", "C(2n,n)"),
        (r"n\cdot 2^{n-1}", "n2^{n-1}"),
        (r"\frac{3^n}{2}", r"\frac12 3^n"),
        (r"2^n\pi", r"\pi 2^n"),
        (r"\frac{1}{2}+\frac{\sqrt{3}}{2}i", r"\operatorname{cis}\frac{\pi}{3}"),
        (r"\lceil n / 2\rceil+1", r"\lfloor\frac{n+1}{2}\rfloor+1"),
        ("10^{10^{10}}", "10^{10000000000}"),
        ("1000000007", "1_000_000_007"),
        ("(-\\infty, 3)", r"]-\infty;3["),
    ],
    "congruences": [
        ("1011_2", r"1011_\text{two}"),
        ("1011_2", "{1011}_2"),
        ("1011_2", r"1011 \text{ (base 2)}"),
        ("1011_2", r"1011\ (\text{base }2)"),
        (r"n \equiv 1 \pmod 3", r"n\equiv1\pmod{3}"),
        (r"n \equiv 1 \pmod 3", r"n \equiv 1 (\bmod 3)"),
        (r"n \equiv 1 \pmod 3", "n ≡ 1 (mod 3)"),
        (r"3 \pmod 7", r"x\equiv 10 \pmod 7"),
        (r"x\equiv 2,4 \pmod 6", r"x\equiv 4,2 \pmod{6}"),
        (r"n \equiv 0, 1 \pmod 4", r"n \equiv 1 \pmod 4 \text{ or } n \equiv 0 \pmod 4"),
    ],
    "domains": [
        ("x^2", "x^2, x>0"),
        (r"f(x)=x^2, x>0", "x^2"),
        (r"x=\frac{\pi}{4}+k\pi", r"x=\frac{\pi}{4}+k\pi, k\in\mathbb{Z}"),
        (r"x=\frac{\pi}{4}+k\pi", r"x=\frac{\pi}{4}+k\pi\ (k\in\mathbb{Z})"),
        (r"x=k\pi", r"x=k\pi, \text{ where } k \text{ is an integer}"),
        (r"f(x)=\frac{1}{x}", r"f(x) = \frac{1}{x} \text{ for all } x"),
        ("a_n=2n+1", r"a_n=2n+1 \text{ for } n \ge 1"),
        ("a_n=2n+1, n ≥ 1", "a_n = 2n+1"),
        (r"x=2k, k\in Z", r"x=2k, k\in\mathbf{Z}"),
    ],
    "dirty golds": [
        ("9 (apples)", "9"),
        (r"\mathrm{V}=100.5 \mathrm{~cm}^{3}", "100.5"),
        (r"\mathrm{V}=100.5 \mathrm{~cm}^{3}", r"100.5\text{ cm}^3"),
        ("$145$solution:", "145"),
        ("x_{1}=1, x_{2}=-6", "x=1,x=-6"),
        (r"TT^* = I", "TT^*=I"),
        (r"\ker(f)=V", r"\ker (f) = V"),
        ("$5am$", "5:00 AM"),
        ("DNE", "does not exist"),
        ("no solution", "There is no solution"),
    ],
    "what algebra does not know": [
        (r"\sum_{j}c_j", r"\sum_{i}c_i"),
        (r"a_n=\sum_{k}a_k a_{n-k-1}", r"a_n=\sum_{j}a_j a_{n-j-1}"),
        (r"\sum_{k=1}^{n} x_k^2", r"\sum_{i=1}^{n} x_i^2"),
        (r"\frac1n\sum_{i=1}^{n} x_i", r"\frac{\sum_{k=1}^{n} x_k}{n}"),
        (r"\sum_{k=1}^{n} k", r"\frac{n(n+1)}{2}"),
        (r"\prod_{k=1}^{n} k", "n!"),
        (r"\gcd(a,b)", r"\gcd(b,a)"),
        (r"\frac{\partial f}{\partial x}+x", r"x+\frac{\partial f}{\partial x}"),
        (r"\frac{dy}{dx}=2x", r"\frac{\mathrm{d}y}{\mathrm{d}x}=2x"),
        (r"\frac{dy}{dx}=2x", "y'=2x"),
        (r"\vec a\cdot\vec b", r"\vec b\cdot\vec a"),
        (r"5 \star 3", r"5\star 3"),
    ],
}  # fmt: skip
DIFFERENT = {
    "roots and raised characters": [
        (r"\sqrt{ab}", "√ab"),
        (r"\sqrt{12}", "√13"),
        ("10^{-3}", "10³"),
        (r"3", "√27"),
        ("5/6", "⅝"),
    ],
    "repeating decimals": [
        ("0.777", "0.777..."),
        ("1/3", "0.33..."),
        ("e", "2.718281828..."),
        (r"\pi", "3.14159..."),
        ("5/11", r"0.\dot4 5"),
        ("1/3", r"0.3\dot{1}"),
    ],
    "dots": [
        (r"1,2,\ldots,n", r"1,2,\ldots,m"),
        (r"1,3,5,\ldots", r"3,1,5,\ldots"),
        (r"\{1,2,\ldots,9\}", r"\{1,2,\ldots,8\}"),
        (r"\{2,4,\ldots,16\}", r"\{2,4,8,16\}"),
        (r"x_1+x_2+\cdots+x_n", r"x_1+x_2+\cdots+x_m"),
    ],
    "looks": [
        ("7", r"\color{red}8"),
        (r"\overrightarrow{AB}", r"\overrightarrow{BA}"),
        ("5", "9 (5)"),
    ],
    "environments": [
        ("x=1,y=2", r"\begin{cases}x=2\\y=1\end{cases}"),
        (r"\begin{cases}x+1,&x\ge0\\-x,&x<0\end{cases}", r"\begin{cases}x+1,&x<0\\-x,&x\ge0\end{cases}"),
        (r"\begin{cases}x+1,&x\ge0\\-x,&x<0\end{cases}", "x+1"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}^T"),
    ],
    "functions and products": [
        ("720", "3!!"),
        ("120!", "5!!"),
        ("6", r"\gcd(12,18)"),
        ("5", r"\max(3,5)"),
        ("C_1^2", "1"),
        (r"\binom{10}{3}", r"C_{3}^{10}"),
        ("x^2", "x2"),
        (r"6\cdot 2^n", "3 2^n"),
        (r"\lceil n/2\rceil+1", r"\lfloor n/2\rfloor+1"),
        ("e/a", "E/b"),
        ("(-1)^{n+1}", "1"),
    ],
    "congruences": [
        ("1011_2", "{1011}_3"),
        ("1011_2", r"1101_\text{two}"),
        ("1011_2", r"1011 \text{ (base 3)}"),
        (r"n \equiv 1 \pmod 3", r"n \equiv 1 \pmod 4"),
        (r"n \equiv 1 \pmod 3", r"n \equiv 2 \pmod 3"),
        (r"n \equiv 1 \pmod 3", "1"),
        ("2", r"17 \bmod 5"),
        (r"x\equiv 2,4 \pmod 6", r"x\equiv 2 \pmod 6"),
    ],
    "domains": [
        ("x^2, x>0", "x^2, x<0"),
        ("x^2", "x^2, x>100"),
        ("x^2", r"x^2, x<-5"),
        ("5", "5, x>0"),
        ("x=5", "x=5, y>0"),
        ("x>0", "y=2x, x>0"),
        ("y=2x, x>0", "x>0"),
        ("x>1", "x>1, x>0, y>0"),
    ],
    "dirty golds": [
        ("9 (apples)", "10"),
        ("9", "9 (wrong)"),
        (r"\mathrm{V}=100.5 \mathrm{~cm}^{3}", r"100.5\text{ cm}^2"),
        ("a_1=1,a_2=3", "a_1=3,a_2=1"),
        ("Tuesday", "5"),
        ("even", "odd"),
    ],
    "what algebra does not know": [
        (r"5\,\clubsuit\,3", r"3\,\clubsuit\,5"),
        (r"a\oplus b", r"b\oplus a"),
        (r"a\star b", "ab"),
        (r"\sum_{k=1}^n x_k", "n x_k"),
        (r"\prod_{j=1}^{m} c_j", "c_j^m"),
        (r"\sum_{k=1}^n x_k", r"\sum_{k=1}^m x_k"),
        (r"\gcd(a,b)", r"\gcd(a,c)"),
        (r"\frac{\partial f}{\partial x}", r"\frac{\partial f}{\partial y}"),
        (r"\frac{\partial f}{\partial x}", "0"),
        (r"\frac{dy}{dx}=2x", r"\frac{dy}{dt}=2x"),
        (r"\frac{d^2y}{dx^2}=y", r"\frac{dy}{dx}=y"),
        (r"\vec{a}\times\vec{b}", r"\vec{b}\times\vec{a}"),
        (r"\mathbf{u}\times\mathbf{v}", r"\mathbf{v}\times\mathbf{u}"),
    ],
}  # fmt: skip


def rows(pairs):
    return [pytest.param(gold, answer, id=f"{kind}-{gold}-{answer}") for kind in pairs for gold, answer in pairs[kind]]


@pytest.mark.parametrize(("gold", "answer"), rows(SAME))
def test_another_spelling_is_the_same_answer(gold, answer):
    assert equal_texts(gold, answer) is True


@pytest.mark.parametrize(("gold", "answer"), rows(SAME))
def test_a_gold_answer_may_be_spelled_either_way(gold, answer):
    if (gold, answer) not in {
        ("e^x/2", "E**x/2"),
        (r"\prod_{k=1}^{n} k", "n!"),
        (r"\sum_{k=1}^{n} k", r"\frac{n(n+1)}{2}"),
    }:
        assert equal_texts(answer, gold) is True


@pytest.mark.parametrize(("gold", "answer"), rows(DIFFERENT))
def test_what_only_looks_alike_is_refused(gold, answer):
    assert equal_texts(gold, answer) is False


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("$", "5"),
        (r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", "-2"),
        (r"\nabla f", r"\nabla g"),
        (r"G/K \cong H", "5"),
        (r"f(x)=ax+b, where a,b \mho", "f(x)=ax+b"),
    ],
)
def test_a_gold_answer_that_cannot_be_read_is_not_the_answers_fault(gold, answer):
    (grade,) = grade_answers([gold], [answer])
    assert grade.status is GradeStatus.GOLD_UNPARSEABLE
    assert grade_answers([gold], [gold])[0].status is GradeStatus.CORRECT


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed 7", "7"),
        (r"$\boxed7$", "7"),
        (r"\fbox 7", "7"),
        (r"The result is \boxed 2.", "2"),
        (r"\boxed 42", "42"),
        (r"\boxed\frac{1}{2}", r"\frac{1}{2}"),
        (r"\boxed{5} and then \boxed 6", "6"),
        (r"\boxed 7x", None),
        (r"\boxed 7 + 2", None),
        (r"so we \boxed the answer", None),
    ],
)
def test_a_box_without_braces_holds_one_number_letter_or_fraction(response, answer):
    assert extract_answer(response) == answer


def test_boxes_with_and_without_braces_form_one_list():
    assert boxed_answer(r"\boxed 5 or \boxed{6}") == "5, 6"
    assert grade_math(["6"], [r"\boxed 5 or \boxed{6}"])[0].score == 0


@pytest.mark.parametrize(
    "piece", ["\\quad ", ", \\quad ", r"\frac{dx}{dx", r"\dot 1", "for x>0 ", r"\ ", "   ", "x_1=1,"]
)
def test_a_thousand_repeated_marks_are_read_in_an_instant(piece):
    start = time.process_time()
    for ending in ("", "(", "}", "x>"):
        grade_answers(["x^2"], [(piece * 1000)[:990] + ending])
    assert time.process_time() - start < 2
