import pytest

from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.notation.reader import read
from reasonenv.grading.math.shape import have_same_shape
from reasonenv.grading.math.working import leaves_more_to_do
from reasonenv.grading.worker import compare

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
    [
        *[(r"\mathop{F}(1)", r"\mathop{F}(2)"), ("x=3", r"\mathop{F}(3)"), ("(1,2)", r"\left(1,\;2\right)")],
        *[("(x+1)", "x+1"), ("[x+1]", "(x+1)"), (r"\{x\}", "x"), ("(x+1)/2", "x/2+1/2")],
    ],
)
def test_same_shape_ignores_names_space_size_and_brackets_around_one_thing(gold, answer):
    assert have_same_shape(gold, answer) is True


def test_unread_answer_of_another_shape_is_wrong_without_algebra():
    assert read(rf"{UNREAD}, 5") is None
    assert equal_texts("5", rf"{UNREAD}, 5") is False


def test_algebra_is_not_asked_where_it_would_drop_a_word_that_it_cannot_read():
    gold, answer = r"\frac{mn}{\gcd(m,n)}", "mn"
    assert compare(gold, answer) == "correct"
    assert equal_texts(gold, answer) is False


@pytest.mark.parametrize("answer", [r"\text{}", r"\square", r"\boxed{}", r"\phantom{5}", "{}"])
def test_answer_without_content_is_wrong_without_algebra(answer):
    assert equal_texts("5", answer) is False


@pytest.mark.parametrize(
    ("gold", "answer", "is_more"),
    [
        ("5", "2+3", True),
        ("5", "2-(-3)", True),
        ("8", "2^3", True),
        ("120", "5!", True),
        ("6", r"2\cdot 3", True),
        ("6", "2×3", True),
        ("6", r"2 \times \frac{6}{2}", True),
        ("2", r"\sqrt{4}", True),
        ("10", r"\binom{5}{2}", True),
        ("2", "6÷3", True),
        ("-5", "-5", False),
        ("5", "$-5$", False),
        ("2x", "2x", False),
        ("2x", r"2\cdot x", False),
        ("x+1", "1+x", False),
        (r"3\sqrt{2}", r"\sqrt{18}", False),
        (r"\frac{1}{2}", "1/2", False),
    ],
)
def test_answer_that_leaves_more_to_do_has_more_operations_of_some_kind(gold, answer, is_more):
    assert leaves_more_to_do(answer, gold) is is_more
