"""Rows of marks behind a number, and of words before a citation, that make another answer of it."""

from __future__ import annotations

import pytest

from reasonenv.grading import grade_qa
from reasonenv.types import QAKind, QAReference

ROWS: list[tuple[QAKind, tuple[str, ...], str, float]] = [
    ("number", ("25",), "25!", 0),
    ("number", ("25",), "25 !", 0),
    ("short", ("25",), "25!", 0),
    ("number", ("25",), "There are 25 apples!", 1),
    ("number", ("25",), "25.", 1),
    ("number", ("42",), "the 42nd", 0),
    ("short", ("42",), "42nd", 0),
    ("number", ("42",), "It is the 42nd.", 0),
    ("short", ("42nd",), "the 42nd", 1),
    ("short", ("42nd",), "42nd", 1),
    ("short", ("42nd",), "forty-second", 0),
    ("number", ("25",), "25th of May", 0),
    ("short", ("25",), "25th of May", 0),
    ("number", ("25",), "25 May", 0),
    ("short", ("May 25",), "25th of May", 1),
    ("short", ("25 May 1977",), "the 25th of May 1977", 1),
    ("number", ("3 m",), "3 M", 0),
    ("short", ("3 m",), "3M", 0),
    ("number", ("3",), "3 M", 0),
    ("number", ("3 million",), "3 M", 1),
    ("number", ("$3 million",), "$3M", 1),
    ("number", ("3 MW",), "3 MW", 1),
    ("number", ("3 m",), "3 m", 1),
    ("citation", ("1", "3"), "[1][3]", 1),
    ("citation", ("1", "3"), "not [1][3]", 0),
    ("citation", ("1", "3"), "It is not supported by [1][3].", 0),
    ("citation", ("1", "3"), "Neither [1] nor [3] says so.", 0),
    ("citation", ("1", "3"), "Not sources 1 and 3", 0),
    ("citation", ("1", "3"), "all except [1, 3]", 0),
    ("citation", ("1",), "[1], not [3]", 1),
    ("citation", ("1",), "[1] rather than [3]", 1),
    ("citation", ("1", "3"), "It was not built before 1889 [1][3].", 1),
    ("citation", ("1", "3"), "It is not known when it was built [1, 3]", 1),
]


@pytest.mark.parametrize(("kind", "answers", "response", "score"), ROWS)
def test_marks_and_words_around_an_answer_count(
    kind: QAKind, answers: tuple[str, ...], response: str, score: float
) -> None:
    reference = QAReference(kind=kind, answers=answers)
    assert grade_qa([reference], [f"<answer>{response}</answer>"])[0].score == score
