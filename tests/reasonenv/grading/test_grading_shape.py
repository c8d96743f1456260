import pytest

from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.notation.reader import read
from reasonenv.grading.math.shape import have_same_shape

UNREAD = r"\mathop{F}(1)"


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("5", rf"{UNREAD}, 5"),
        ("(1,2)", rf"\{{1, {UNREAD}\}}"),
        ("5", rf"{UNREAD} = 5"),
        ("5", rf"{UNREAD} 5 \text{{cm}}"),
        ("4210_7", rf"4210 {UNREAD}"),
        ("5", rf"5\% {UNREAD}"),
        ("5", r"\square"),
    ],
)
def test_algebra_is_not_asked_about_another_shape(gold, answer):
    assert have_same_shape(gold, answer) is False


@pytest.mark.parametrize(
    ("gold", "answer"),
    [(r"\mathop{F}(1)", r"\mathop{F}(2)"), ("x=3", r"\mathop{F}(3)"), ("(1,2)", r"\left(1,\;2\right)")],
)
def test_same_shape_ignores_names_space_and_size(gold, answer):
    assert have_same_shape(gold, answer) is True


def test_unread_answer_of_another_shape_is_wrong_without_algebra():
    assert read(rf"{UNREAD}, 5") is None
    assert equal_texts("5", rf"{UNREAD}, 5") is False


@pytest.mark.parametrize("answer", [r"\text{}", r"\square", r"\boxed{}", r"\phantom{5}", "{}"])
def test_answer_without_content_is_wrong_without_algebra(answer):
    assert equal_texts("5", answer) is False
