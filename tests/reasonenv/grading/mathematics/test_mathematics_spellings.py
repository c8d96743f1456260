"""Rows of spellings that name the same answer, and of their almost equal neighbours."""

from __future__ import annotations

import pytest

from reasonenv.grading import grade_math

RIGHT = [
    ("5 feet 10 inches", "5'10\""),
    ("5'10\"", "5 feet 10 inches"),
    ("5'10\"", "5' 10''"),
    ("70 inches", "5'10\""),
    ("5 ft 10 in", "5′10″"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1,2],[3,4]]"),
    (r"\begin{bmatrix}1&2&0\\3&-4&5\end{bmatrix}", "[[1, 2, 0], [3, -4, 5]]"),
    ("[[1,2],[3,4]]", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
    ("(1,2,3)", "<1,2,3>"),
    (r"\langle 1,2\rangle", "<1, 2>"),
    ("<1,-2>", r"\langle 1,-2\rangle"),
    ("(1,2),(3,4)", "x=1,y=2 or x=3,y=4"),
    ("x=1,y=2 or x=3,y=4", "(1,2),(3,4)"),
    ("(1,2),(3,4)", "x=3, y=4 or x=1, y=2"),
    ("2x", r"x\mapsto 2x"),
    ("f(x)=2x", r"x\mapsto 2x"),
    ("f(x)=2x", r"f: x \mapsto 2x"),
    ("f(x)=x^2", r"t\mapsto t^2"),
    (r"x\mapsto 2x", "f(x)=2x"),
    ("36", "共36个"),
    ("36", "一共36人"),
    ("36", "36（元）"),
    ("36", "36(个)"),
    ("7:32", "7:32"),
    ("7/32", "7:32"),
    ("2:3", "2:3"),
    ("1:4", "10:40"),
]
WRONG = [
    ("5 feet 10 inches", "5'11\""),
    ("5.10", "5'10\""),
    ("510", "5'10\""),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1,3],[2,4]]"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1,2],[3,4],[5,6]]"),
    ("[1,2],[3,4]", "[[1,3],[2,4]]"),
    ("(1,2,3)", "<1,3,2>"),
    ("1<2", "<1,2>"),
    ("(1,2),(3,4)", "x=1,y=4 or x=3,y=2"),
    ("(1,2),(3,4)", "x=1,y=2"),
    ("(1,2)", "x=1,y=2 or x=3,y=4"),
    ("2x", r"x\mapsto 3x"),
    ("f(x)=2x", r"2x\mapsto x"),
    ("36", "共35个"),
    ("36", "36（不）"),
    ("36", "不共36个"),
    ("1/4", "10:40"),
    ("0.25", "10:40"),
    ("10:40", "1/4"),
    ("25", "25!"),
    ("42", "the 42nd"),
    ("25", "25th of May"),
    ("3 m", "3 M"),
]


@pytest.mark.parametrize(("gold", "answer"), RIGHT)
def test_another_spelling_is_right(gold: str, answer: str) -> None:
    assert grade_math([gold], [f"<answer>{answer}</answer>"], timeout_seconds=30)[0].score == 1


@pytest.mark.parametrize(("gold", "answer"), WRONG)
def test_a_neighbour_is_wrong(gold: str, answer: str) -> None:
    assert grade_math([gold], [f"<answer>{answer}</answer>"], timeout_seconds=30)[0].score == 0


@pytest.mark.parametrize(
    ("response", "score"),
    [
        ("I would say the answer is 7.", 1),
        ("I'd say that the answer is 7", 1),
        ("We can say the answer is 7.", 1),
        ("They say the answer is 7.", 0),
        ("I would not say the answer is 7.", 0),
        ("I can't say the answer is 7.", 0),
        ("Some would say the answer is 7.", 0),
        ("If I say the answer is 7.", 0),
        ("I would say the answer might be 7.", 0),
    ],
)
def test_who_says_so_decides_about_an_announcement(response: str, score: float) -> None:
    assert grade_math(["7"], [response], timeout_seconds=30)[0].score == score
