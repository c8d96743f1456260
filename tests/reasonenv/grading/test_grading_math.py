import json
import math

import pytest
from areas import public_data
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonenv.grading import MAX_ANSWER_CHARS, GradeStatus, equal, grade_math
from reasonenv.grading.math import grade_answers
from reasonenv.grading.math.policy import MathPolicy
from reasonenv.grading.pool import shared_pool
from reasonenv.grading.worker import compare

EQUAL = [
    ("2x", "x+x"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
    (r"2\sqrt{3}", "2√3"),
    ("x^2+2x+1", "(x+1)^2"),
    (r"\{1,2,3\}", r"\{3,2,1\}"),
    ("0,2", r"x=0 \text{ or } x=2"),
    ("(2,\\infty)", "x > 2"),
    ("7 i", "7i"),
    ("-15 + 8i", "8 i + -15"),
    ("10", r"\binom{5}{2}"),
    ("C", "(C)"),
    (r"12\text{ square units}", "12"),
    ("50\\%", "0.5"),
]
UNEQUAL = [
    ("2x", "x+1"),
    ("5", "x > 5"),
    ("2", r"\pm 2"),
    ("2", r"1 \text{ or } 2"),
    ("(1,2)", "[1,2]"),
    ("5", r"\mathbb{R}"),
    ("x=5", "x=x"),
    ("x=5", "y=5"),
    (r"\{1,2,3\}", r"\{1,2\}"),
    (r"1-\frac1e", r"1+\frac1e"),
    ("42", r"\emptyset"),
    ("42", "nan"),
    ("0", "O"),
    ("10", "1О"),
    ("42", r"\text{not } 42"),
    ("42", "__import__('os')"),
    ("42", "{" * 200),
    ("42", "\0"),
    ("42", "\ud800"),
]


@pytest.mark.parametrize(("gold", "answer"), EQUAL)
def test_equivalent_answers_are_correct(gold, answer):
    assert equal(gold, answer) is True


@pytest.mark.parametrize(("gold", "answer"), UNEQUAL)
def test_other_answers_are_wrong(gold, answer):
    assert equal(gold, answer) is False


def test_score_path_and_answer_of_a_batch():
    grades = grade_math(["5", "2x", "5", "5"], [r"\boxed{5}", r"\boxed{x+x}", r"\boxed{6}", "5"])
    assert [(grade.score, grade.path, grade.answer) for grade in grades] == [
        (1.0, "fast", "5"),
        (1.0, "fast", "x+x"),
        (0.0, "fast", "6"),
        (0.0, "fast", None),
    ]


@pytest.mark.parametrize(
    ("gold", "answer", "status"),
    [
        ("5", None, GradeStatus.NO_ANSWER),
        ("5", "5" * (MAX_ANSWER_CHARS + 1), GradeStatus.OVER_BUDGET),
        ("", "5", GradeStatus.GOLD_UNPARSEABLE),
        ("5" * (MAX_ANSWER_CHARS + 1), "5", GradeStatus.GOLD_UNPARSEABLE),
        (r"\frac{{{", "5", GradeStatus.GOLD_UNPARSEABLE),
    ],
)
def test_status_names_what_stood_in_the_way(gold, answer, status):
    assert grade_answers([gold], [answer], timeout_seconds=60)[0].status is status


def test_unforeseen_exceptions_are_the_answers_fault_where_the_gold_answer_alone_raises_none(caplog):
    impossible = MathPolicy(min_decimal_digits=None)
    for gold in ("0.3333333333", "0.333333333333"):
        (grade,) = grade_answers([gold], ["1/3"], policy=impossible)
        assert (grade.status, grade.score) == (GradeStatus.WRONG, 0.0)
        assert "TypeError" in grade.details["reason"]
    (record,) = caplog.records
    assert record.exc_info[0] is TypeError
    assert "0.3333333333" in record.getMessage()


def test_failures_have_no_score_and_everything_else_has_one():
    assert {status for status in GradeStatus if status.is_failure} == {
        GradeStatus.NO_RULE,
        GradeStatus.GOLD_UNPARSEABLE,
        GradeStatus.GRADER_ERROR,
        GradeStatus.WORKER_DIED,
    }
    grades = grade_answers(["", "5", "5"], ["5", None, "5"])
    assert math.isnan(grades[0].score)
    assert [grade.score for grade in grades[1:]] == [0.0, 1.0]


def test_equal_does_not_know_where_the_grader_fails():
    assert equal(r"\frac{{{", "5") is None


def test_plain_numbers_and_equal_texts_need_no_process():
    shared_pool().close()
    grades = grade_answers(["5", "1/2", r"\sqrt{x}", "5"], ["6", "0.5", r"\sqrt{x}", "9" * 2000])
    assert {grade.path for grade in grades} == {"fast"}
    assert shared_pool().process_ids == []


def test_verdict_of_a_worker_is_remembered():
    (first,) = grade_answers(["9y"], ["4y+5y"])
    shared_pool().close()
    (second,) = grade_answers(["9y"], ["4y+5y"])
    assert (second, shared_pool().process_ids) == (first, [])


def test_verdicts_are_remembered_by_policy():
    assert equal("9%", "9") is True
    assert equal("9%", "9", policy=MathPolicy(is_percent_sign_optional=False)) is False


def test_prose_is_read_only_where_the_policy_says_so():
    lenient = MathPolicy(reads_prose=True)
    assert grade_math(["42"], ["I counted 42 of them"])[0].status is GradeStatus.NO_ANSWER
    assert grade_math(["42"], ["I counted 42 of them"], policy=lenient)[0].score == 1
    assert grade_math(["42"], ["<answer>41</answer><answer>42</answer>"], policy=lenient)[0].score == 0


def test_bare_pair_may_stand_in_boxes_and_sentences():
    assert equal(r"so $\boxed{42}$.", "The answer is 42.") is True
    assert equal("$x > 5$", "Therefore $x > 5$ is the solution.") is True
    assert equal("5", "It is not $5$.") is False


@pytest.mark.parametrize(
    "payload",
    [
        "__import__('pathlib').Path({!r}).touch()",
        "[__import__('os').system('touch ' + {!r}) for x in (1,)]",
        "exec(\"open({!r}, 'w')\")",
        r"(open({!r}, 'w'), 2)[1]*\pi",
    ],
)
def test_no_text_is_run_as_code(payload, tmp_path):
    target = tmp_path / "made"
    grades = grade_answers(["42", r"2\pi"], [payload.format(str(target))] * 2)
    assert [grade.score for grade in grades] == [0, 0]
    assert not target.exists()


def test_timeout_is_not_remembered():
    bomb = r"\int_0^1 9^{9^{9^{9}}} dx"
    assert grade_answers([r"\int_0^1 7 dx"], [bomb], timeout_seconds=2)[0].status is GradeStatus.TIMEOUT
    before = shared_pool().process_ids
    assert grade_answers([r"\int_0^1 7 dx"], [bomb], timeout_seconds=2)[0].status is GradeStatus.TIMEOUT
    assert shared_pool().process_ids != before


def test_answers_that_keep_every_worker_busy_leave_none_of_their_group_without_a_score():
    shared_pool().close()
    bombs = [rf"\int_0^1 {base}^{{9^{{9^{{9}}}}}} dx" for base in range(2, 6)]
    grades = grade_answers([r"\int_0^1 7 dx"] * 5, [*bombs, r"\int_0^1 (3+4) dx"], timeout_seconds=1, num_workers=1)
    assert {grade.status for grade in grades[:-1]} == {GradeStatus.TIMEOUT}
    assert not grades[-1].status.is_failure


def test_repeated_answers_of_a_batch_are_compared_once():
    bomb = r"\int_0^1 8^{8^{8^{8}}} dx"
    grades = grade_answers([r"\int_0^1 7 dx"] * 500, [bomb] * 500, timeout_seconds=2)
    assert all(grade is grades[0] for grade in grades)
    assert grades[0].status is GradeStatus.TIMEOUT


@pytest.mark.parametrize("arguments", [{"timeout_seconds": 0}, {"timeout_seconds": -1}, {"num_workers": 0}])
def test_limits_must_be_positive(arguments):
    with pytest.raises(ValueError, match=r"must be (positive|at least 1)"):
        grade_math(["5"], ["5"], **arguments)


def test_every_response_needs_its_gold():
    with pytest.raises(ValueError, match="2 golds and 1 responses"):
        grade_math(["5", "6"], ["5"])


def test_worker_compares_in_process_too():
    assert compare("2x", "x+x") == "correct"
    assert compare("2x", "{") == "wrong"
    assert compare("{", "2x") == "gold_unparseable"


markup = st.text(st.sampled_from("\\{}$()[]_^=,. 0123abfrcx:%-+/\0\ud800"), max_size=12)


@settings(max_examples=25, deadline=None)
@given(markup)
def test_no_text_raises_and_only_a_hang_or_a_verdict_comes_of_it(answer):
    (grade,) = grade_answers(["5"], [answer])
    assert grade.status in {GradeStatus.CORRECT, GradeStatus.WRONG, GradeStatus.OVER_BUDGET, GradeStatus.TIMEOUT}


def gsm8k_golds():
    lines = public_data("gsm8k/test.jsonl").read_text().splitlines()
    return [json.loads(line)["answer"].split("####")[1].strip() for line in lines]


def math500_golds():
    return [json.loads(line)["answer"] for line in public_data("math500/test.jsonl").read_text().splitlines()]


SOURCES = pytest.mark.parametrize(("load", "num_golds"), [(gsm8k_golds, 1319), (math500_golds, 500)])
FORMS = pytest.mark.parametrize(
    "form", ["<think>…</think>\n<answer>{}</answer>", "<think>…</think>\n<answer>\\boxed{{{}}}</answer>"]
)
REALLY_EQUAL = {("5", "x=5")}
"""Neighbours of MATH-500 that are equal though they are written differently."""


def is_same_plain_answer(left, right):
    return left.replace(",", "") == right.replace(",", "")


@SOURCES
@FORMS
def test_every_gold_answer_is_correct(load, num_golds, form):
    golds = load()
    grades = grade_math(golds, [form.format(gold) for gold in golds])
    assert len(golds) == num_golds
    assert [gold for gold, grade in zip(golds, grades, strict=True) if grade.score != 1] == []


@SOURCES
@FORMS
def test_gold_answers_rotated_by_one_are_wrong_unless_really_equal(load, num_golds, form):
    golds = load()
    answers = golds[1:] + golds[:1]
    grades = grade_math(golds, [form.format(answer) for answer in answers], timeout_seconds=20)
    for gold, answer, grade in zip(golds, answers, grades, strict=True):
        is_equal = is_same_plain_answer(gold, answer) or (gold, answer) in REALLY_EQUAL
        assert (gold, answer, grade.score) == (gold, answer, float(is_equal))
