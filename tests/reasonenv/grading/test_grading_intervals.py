from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasonenv.grading.math.intervals import Piece, pieces, same_pieces
from reasonenv.grading.math.nodes import UnreadableError, number
from reasonenv.grading.math.notation.reader import read

ENDS = st.tuples(st.integers(-9, 9), st.integers(-9, 9)).filter(lambda ends: ends[0] < ends[1])
BRACKETS = st.sampled_from(["()", "[)", "(]", "[]"])


def subset(text):
    node = read(text)
    return None if node is None else pieces(node)


def are_same(one, other):
    return same_pieces(subset(one), subset(other))


def contains(text, point):
    """Is a point in a union of intervals? Decided without the module under test."""
    for interval in text.split(r"\cup"):
        low, high = (Fraction(end) for end in interval.strip()[1:-1].split(","))
        opening, closing = interval.strip()[0], interval.strip()[-1]
        if low < point < high or (point == low and opening == "[") or (point == high and closing == "]"):
            return True
    return False


INTERVALS = st.builds(lambda ends, brackets: f"{brackets[0]}{ends[0]},{ends[1]}{brackets[1]}", ENDS, BRACKETS)
POINTS = [Fraction(half, 2) for half in range(-20, 21)]


@given(st.lists(INTERVALS, min_size=1, max_size=3), st.lists(INTERVALS, min_size=1, max_size=3))
def test_unions_are_equal_exactly_if_they_have_the_same_points(left, right):
    left, right = r" \cup ".join(left), r" \cup ".join(right)
    has_same_points = all(contains(left, point) == contains(right, point) for point in POINTS)
    assert are_same(left, right) is has_same_points
    assert are_same(right, left) is has_same_points


@given(INTERVALS, INTERVALS)
@example("[0,3)", "(0,5)")
@example("(-2,3]", "[0,3)")
@example("[0,1]", "[1,2]")
@example("[0,1)", "[1,2]")
def test_intersection_has_the_points_of_both(left, right):
    common = subset(rf"{left} \cap {right}")
    in_both = [point for point in POINTS if contains(left, point) and contains(right, point)]
    in_common = [point for point in POINTS if same_pieces([*common, single_point(point)], common)]
    assert in_common == in_both


def single_point(point):
    return Piece(number(point), number(point), True, True)


@given(st.lists(INTERVALS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_of_a_union_is_free(intervals, random):
    shuffled = random.sample(intervals, len(intervals))
    assert are_same(r"\cup".join(intervals), r"\cup".join(shuffled))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x>3, x<7", "(3,7)"),
        (r"x>3 \text{ and } x \le 7", "(3,7]"),
        (r"x<-1 \text{ or } x>3", r"(-\infty,-1)\cup(3,\infty)"),
        ("x<-1, x>3", r"(-\infty,-1)\cup(3,\infty)"),
        ("|x|<2", "(-2,2)"),
        (r"|x| \ge 2", r"(-\infty,-2]\cup[2,\infty)"),
        (r"1 \le |z| \le \frac{3}{2}", r"[-\frac32,-1]\cup[1,\frac32]"),
        (r"x \ne 0", r"\mathbb{R} \setminus \{0\}"),
        (r"\mathbb{R}-\{0\}", r"(-\infty,0) U (0,\infty)"),
        (r"\frac12 \le x < \sqrt{2}", r"[0.5, \sqrt2)"),
        (r"(-\infty,\infty)", r"\text{all real numbers}"),
        (r"[0,3] \cap (1,5)", "(1,3]"),
        (r"(0,1) \cup \{1\}", "(0,1]"),
        (r"x \le 1 \text{ and } x \ge 1", r"\{1\}"),
        (r"x<1, x \ge 1", r"\mathbb{R}"),
        (r"(0,1] \setminus \{0\}", "(0,1]"),
    ],
)
def test_conditions_and_operations_are_subsets(one, other):
    assert are_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("|x|<2", r"|x|\le 2"),
        ("x>3, x<7", r"x>3 \text{ or } x<7"),
        (r"[0,\sqrt2]", r"[0,\sqrt3]"),
        ("(0,1)", r"(0,1)\cup(1,2)"),
    ],
)
def test_near_misses_are_other_subsets(one, other):
    assert not are_same(one, other)


@pytest.mark.parametrize(
    "text", ["x+y", "x>1, y<2", r"1 \ne x \ne 3", r"1 < 2x < 3", r"\begin{pmatrix}1\\2\end{pmatrix}", "x < y"]
)
def test_what_is_no_subset_of_the_line_has_no_pieces(text):
    assert subset(text) is None


def test_ends_with_variables_or_complex_ends_are_refused():
    with pytest.raises(UnreadableError, match="variable end"):
        are_same("[a,b]", "[0,1]")
    with pytest.raises(UnreadableError, match="complex end"):
        are_same("[i,2)", "[0,1]")
