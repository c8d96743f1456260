"""Collections, subsets of the line, propositions and letters: what may be written otherwise, and what may not."""

from __future__ import annotations

import pytest

from reasonenv.grading.math.compare import equal_texts

SAME = [
    (r"\{x|x=3k,k\in \mathbb{Z}\}", r"\{3k \mid k\in\mathbb{Z}\}"),
    (r"\{x \mid x>1\}", r"(1,\infty)"),
    (r"(-\infty,-1)\cup(2,\infty)", r"x\notin[-1,2]"),
    (r"\mathbb{R}", r"R"),
    (r"\{x \in \mathbb{R} \mid x\ne 2\}", r"\mathbb{R}\setminus\{2\}"),
    (r"\mathbb{Z}\setminus\{0\}", r"\mathbb{Z}\backslash\{0\}"),
    (r"A\cup B", r"B\cup A"),
    (r"(A\cup B)\cap C", r"(A\cap C)\cup(B\cap C)"),
    (r"\{x \mid x<1 \text{ or } x>2\}", r"(-\infty,1)\cup(2,\infty)"),
    ("1.5", "1,5"),
    (r"[0,1]\setminus\{0\}", "(0,1]"),
    ("(0,1]", "[0,1]∖{0}"),
    ("(0,1]", r"[0,1]∖\{0\}"),
    ("(0,1]", r"[0,1]\backslash\{0\}"),
    ("(0,1]", r"[0,1]-\{0\}"),
    ("(0,1]", r"[0,1] \text{ except } 0"),
    ("(0,1]", "[0,1] excluding 0"),
    ("(0,1]", r"[0,1] \text{ excluding } \{0\}"),
    (r"(-\infty,2)\cup(2,\infty)", r"\mathbb{R}\setminus\{2\}"),
    (r"(-\infty,2)\cup(2,\infty)", r"\text{all reals except } 2"),
    (r"(-\infty,2)\cup(2,\infty)", "all real numbers except x=2"),
    (r"(-\infty,2)\cup(2,\infty)", r"x\neq 2"),
    (r"(-\infty,-1)\cup(-1,2)\cup(2,\infty)", r"\mathbb{R} \setminus \{-1,2\}"),
    (r"(-\infty,-1)\cup(-1,2)\cup(2,\infty)", r"\text{all real numbers except } -1 \text{ and } 2"),
    (r"\{2\}", r"\{1,2\}\setminus\{1\}"),
    (r"\{1,2\}", r"\{1,2\}\setminus\{3\}"),
    (r"\{\{1\},\{2\}\}", r"\{\{2\},\{1\}\}"),
    (r"\{1,\{2,3\}\}", r"\{\{3,2\},1\}"),
    (r"\emptyset", r"\{\}"),
    (r"p\lor q", r"q\lor p"),
    (r"p\lor q", r"p \text{ or } q"),
    (r"p\land q", r"p \text{ and } q"),
    (r"x=1\lor x=2", "x=1, x=2"),
    (r"x=1\lor x=2", "x=2 or x=1"),
    (r"x<1\lor x>2", r"(-\infty,1)\cup(2,\infty)"),
    (r"\sqrt2", r"\sqrt2\approx 1.414"),
    (r"\sqrt2", r"x=\sqrt2\approx 1.41"),
    (r"\frac{22}{7}", r"\frac{22}{7} \approx 3.14"),
    (r"(\pm1,2)", "(1,2),(-1,2)"),
    ("(1,2),(-1,2)", r"(\pm1,2)"),
    ("(1,2)", "x=1,y=2"),
    ("(1,2,3)", "1,2,3"),
    ("(1,2)", "(x,y)=(1,2)"),
    ("5", r"\{5\}"),
    ("x:y=3:4", "y:x=4:3"),
]

OTHER = [
    (r"\{3k \mid k\in\mathbb{Z}\}", r"\{2k \mid k\in\mathbb{Z}\}"),
    (r"\{x|x=3k,k\in \mathbb{Z}\}", r"\{x|x=2k,k\in \mathbb{Z}\}"),
    (r"\{x^2 \mid x>1\}", r"(1,\infty)"),
    (r"(1,\infty)", r"\{2x \mid x>1\}"),
    (r"\mathbb{Z}", r"\{3k \mid k\in\mathbb{Z}\}"),
    (r"\mathbb{Z}\setminus\{0\}", r"\mathbb{Z}\setminus\{1\}"),
    (r"A\setminus B", r"B\setminus A"),
    (r"A\cup B", r"A\cap B"),
    (r"(A\cup B)\cap C", r"A\cup(B\cap C)"),
    (r"(2,\infty)", r"\{x\in\mathbb{Z} \mid x>2\}"),
    (r"5", r"\operatorname{max}(4,5)"),
    ("(-2,2)", "x=-2, x=2"),
    ("(-2,2)", r"-2 \text{ or } 2"),
    ("(-2,2)", "-2 or 2"),
    ("(-2,2)", "-2, 2"),
    ("[0,4]", "0,4"),
    ("(0,4)", "0,4"),
    ("[0,4)", "0,4"),
    ("1,5", "1.5"),
    ("-1,5", "-1.5"),
    ("[1,5]", "1.5"),
    ("[0,5]", "0.5"),
    ("(0,5)", "0.5"),
    (r"[0,1]\setminus\{0\}", "[0,1]"),
    ("[0,1]", r"[0,1]\setminus\{0\}"),
    ("[0,1]", r"[0,1] \text{ excluding } 0"),
    ("[0,1]", "[0,1] except 0"),
    (r"(-\infty,\infty)", r"\mathbb{R}\setminus\{2\}"),
    (r"\mathbb{R}", r"\text{all real numbers except } 2"),
    (r"\{1,2\}", r"\{1,2\}\setminus\{1\}"),
    (r"\{1,2\}", r"\{\{1,2\}\}"),
    (r"\{1,2\}", r"\{\{1\},\{2\}\}"),
    (r"\{1,2\}", r"\{1\},\{2\}"),
    (r"\{1,2\}", r"\{1,\{2\}\}"),
    (r"\emptyset", r"\{\emptyset\}"),
    (r"\emptyset", r"\{\{\}\}"),
    (r"p\lor q", r"p\land q"),
    (r"p\lor q", r"(p\land q)"),
    (r"(p\lor q)", r"(p\land q)"),
    (r"p\land q", r"p \text{ or } q"),
    (r"p\lor q\land r", r"p\land q\lor r"),
    ("2", r"2 \approx 3"),
    ("2", r"x=2\approx 7"),
    ("2", r"\approx 2\approx 3"),
    ("(1,2),(1,2)", "(1,2)"),
    (r"(\pm1,2)", "(1,2)"),
    ("(1,2)", r"(\pm1,2)"),
    ("(1,2)", "1,2"),
    ("(1,2)", "x=2,y=1"),
    ("1,2", "(1,2)"),
    ("{1,2}", "1"),
    ("x^2", "x"),
    ("x:y=3:4", "y:x=3:4"),
]

CHOSEN = [
    ("C", "(C) 15"),
    ("C", "C. 15"),
    ("C", r"\textbf{(C)}\ 15"),
    ("C", "C"),
    ("C", "Answer: C"),
    ("C", r"C: \frac12"),
    ("C", r"C \text{ (15)}"),
    ("C", "C (15)"),
    ("BD", "B, D"),
    ("BD", "B and D"),
    ("BD", "(B)(D)"),
]

NOT_CHOSEN = [
    ("C", "D=C"),
    ("C", "x=C"),
    ("C", "(C) is not the answer"),
    ("C", "C. is wrong"),
    ("C", "(C) no"),
    ("C", "C) wrong"),
    ("C", "C. incorrect"),
    ("C", "(C) isn't right"),
    ("C", "(C) or (D)"),
    ("C", r"(C) \text{ is not correct}"),
    ("BD", "B, C"),
    ("BD", "B"),
]


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_collections_that_are_equal(gold, answer):
    assert equal_texts(gold, answer) is True


@pytest.mark.parametrize(("gold", "answer"), OTHER)
def test_collections_that_differ(gold, answer):
    assert equal_texts(gold, answer) is False


@pytest.mark.parametrize(("gold", "answer"), CHOSEN)
def test_letters_that_are_equal(gold, answer):
    assert equal_texts(gold, answer) is True


@pytest.mark.parametrize(("gold", "answer"), NOT_CHOSEN)
def test_letters_that_differ(gold, answer):
    assert equal_texts(gold, answer) is False
