import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.rewards.accuracy import Accuracy
from reasonenv.rewards.format import Format, has_r1_format
from reasonenv.rewards.length import CosineLength
from reasonenv.rewards.reasoning import ReasoningSteps
from reasonenv.rewards.repetition import RepetitionPenalty
from reasonenv.tasksets import load_tasks
from reasonenv.types import Attempt, MathReference, Score, ScoreStatus, Task


def attempt(response, gold="5"):
    return Attempt(task=Task(task_id="t/1", prompt="", reference=MathReference(answer=gold)), response=response)


def value(reward, response):
    return reward.score([attempt(response)])[0].value


GOOD = "<think>2+3 is 5</think><answer>5</answer>"


@pytest.mark.parametrize(
    "response",
    [
        GOOD,
        f"\n{GOOD}\n",
        "<think>\na\nb\n</think>\n\n<answer>\n5\n</answer>",
        "<think>a < b > c</think> <answer>5</answer>",
    ],
)
def test_think_block_then_answer_block_has_the_form(response):
    assert value(Format(), response) == 1.0


@pytest.mark.parametrize(
    "response",
    [
        "",
        GOOD + "\nmore text",
        GOOD + " .",
        "First: " + GOOD,
        GOOD + GOOD,
        GOOD + "<answer>6</answer>",
        "<think>a</think><think>b</think><answer>5</answer>",
        "<think></think><answer>5</answer>",
        "<think>a</think><answer></answer>",
        "<think>a</think><answer> \n </answer>",
        "<think> </think><answer>5</answer>",
        "<think>a</think> so <answer>5</answer>",
        "<think>a<answer>5</answer></think>",
        "<answer>5</answer><think>a</think>",
        "<think>a</think><answer>5",
        "<think>a<answer>5</answer>",
        "<think><answer></think></answer>",
        "<think>a</think></answer><answer>",
        "<THINK>a</THINK><ANSWER>5</ANSWER>",
    ],
)
def test_any_departure_from_the_form_scores_zero(response):
    assert value(Format(), response) == 0.0


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "a", " ", "\n"]), max_size=10).map(
        "".join
    )
)
def test_format_agrees_with_its_definition_as_an_anchored_pattern(response):
    inner = r"(?:(?!</?think>|</?answer>)[\s\S])*"
    body = rf"(?=\s*[^\s<]){inner}"
    pattern = rf"\s*<think>{body}</think>\s*<answer>{body}</answer>\s*"
    assert has_r1_format(response) == bool(re.fullmatch(pattern, response))


def test_accuracy_scores_one_for_the_gold_answer_and_zero_for_another():
    scores = Accuracy().score([attempt(GOOD), attempt(GOOD, gold="6")])
    assert [score.value for score in scores] == [1.0, 0.0]


def test_accuracy_reports_what_it_read_and_how_it_decided():
    details = Accuracy().score([attempt(GOOD)])[0].details
    assert details == {"answer": "5", "status": "correct", "path": "fast"}


def test_accuracy_ignores_a_box_inside_the_thinking():
    assert value(Accuracy(), r"<think>\boxed{5}</think> I do not know.") == 0.0


def test_accuracy_of_adjacent_boxes_is_the_accuracy_of_their_list():
    assert value(Accuracy(), r"<think>a</think> \boxed{5}, \boxed{4}") == 0.0


def test_accuracy_of_a_retracted_box_is_zero():
    assert value(Accuracy(), r"\boxed{5}. No, \boxed{4}") == 0.0
    assert value(Accuracy(), r"\boxed{4}. No, \boxed{5}") == 1.0


def test_accuracy_does_not_reward_several_answers():
    assert value(Accuracy(), "<answer>4</answer><answer>5</answer>") == 0.0


@pytest.mark.parametrize("gold", ["42", "1/3", "x=5", r"\frac{1}{3}", "Paris", "(1, 2)"])
def test_plain_and_latex_golds_score_one_against_themselves_and_zero_against_others(gold):
    right, wrong = Accuracy().score([attempt(f"<answer>{gold}</answer>", gold), attempt("<answer>17</answer>", gold)])
    assert (right.value, wrong.value) == (1.0, 0.0)


def test_unreadable_gold_is_a_failure_of_the_grader():
    (score,) = Accuracy(timeout_seconds=60).score([attempt("<answer>17</answer>", gold=r"\frac{{{")])
    assert math.isnan(score.value)
    assert score.status is ScoreStatus.GRADER_FAILED
    assert score.details["status"] == "gold_unparseable"


def test_answer_too_large_to_compute_scores_zero_and_is_reported_apart():
    (score,) = Accuracy().score([attempt("<answer>10^{10^{10^{10}}}</answer>")])
    assert (score.value, score.status, score.details["status"]) == (0.0, ScoreStatus.SCORED, "over_budget")


def test_accuracy_of_a_task_without_math_reference_is_a_type_error_that_names_it():
    task = Task(task_id="essays/7", prompt="", reference=None)
    with pytest.raises(TypeError, match="essays/7"):
        Accuracy().score([Attempt(task=task, response="5")])


@pytest.mark.parametrize(
    ("response", "steps"),
    [
        ("", 0),
        ("Step 1: add 3 Step 2: halve it", 2),
        ("1. 2+3\n2. 5", 1),
        ("1. 3+4=7\n2. 7*2=14", 2),
        ("so\n1. one\n2. two", 2),
        ("- one\n- two", 2),
        ("* one\n  * two", 2),
        ("- 首先计算\n- 然后相加", 2),
        ("First, one. Second, two.", 2),
        ("Next, one. Finally, two.", 2),
        ("1. First, one.\n2. Then two.", 2),
        ("1.5\n-3\n*bold*", 0),
        ("in 1. place", 0),
        ("Thirst, one", 0),
        ("MiniStep 1: one", 0),
        ("AtFirst, one. MySecond, two. TheNext, three. AlFinally, four.", 0),
        ("-\n*\n1.\n", 0),
        ("-\tone\n\t*\ttwo\n  1.\tthree", 3),
        ("1. a\n2. b\n3. c", 0),
        ("1. aaaa\n2. ....\n3. 5 5 5", 0),
        ("1. the same\n2. The  same\n3. the same", 1),
        ("<think>1. a\n2. b\n3. c    </think> <answer>something</answer>", 0),
    ],
)
def test_steps_are_counted_as_defined(response, steps):
    assert value(ReasoningSteps(target=10), response) == steps / 10


def test_reasoning_steps_reach_one_at_the_target_and_stay_there():
    assert [value(ReasoningSteps(), "".join(f"- add {k}\n" for k in range(n))) for n in range(6)] == [
        0,
        1 / 3,
        2 / 3,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize("filler", ["\n", " ", "1", "Step ", "- ", "Step 1"])
def test_reasoning_steps_of_a_megabyte_are_counted(filler):
    assert 0 <= value(ReasoningSteps(), filler * (1_000_000 // len(filler))) <= 1


def test_steps_can_be_paid_for_right_answers_only():
    steps = "1. one\n2. two\n3. six"
    by_verdict = [Score(1.0), Score(0.4), Score.failed("no gold")]
    right, wrong, failed = (
        ReasoningSteps(correctness=Verdict(verdict)).score([attempt(steps)])[0] for verdict in by_verdict
    )
    assert (right.value, wrong.value, failed.status) == (1.0, 0.0, ScoreStatus.GRADER_FAILED)


def test_target_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ReasoningSteps(target=0)


class Verdict:
    """A correctness that is told what to say."""

    name = "verdict"

    def __init__(self, score):
        self._score = score

    def score(self, attempts):
        return [self._score for _ in attempts]


def words(num_chars):
    """Write different words of nine letters and a space, whose letters are so many."""
    for number in range(0, num_chars, 9):
        yield f"{number:x}".rjust(9, "w")[: num_chars - number] + " "


def cosine(num_chars, score):
    return value(CosineLength(max_length=1000, correctness=Verdict(Score(score))), "".join(words(num_chars)))


@pytest.mark.parametrize(
    ("num_chars", "correct", "expected"),
    [
        (0, 1.0, 1.0),
        (500, 1.0, 0.75),
        (1000, 1.0, 0.5),
        (0, 0.0, -1.0),
        (500, 0.0, -0.75),
        (1000, 0.0, -0.5),
        (250, 1.0, 0.5 + 0.25 * (1 + math.sqrt(0.5))),
    ],
)
def test_cosine_length_has_the_values_of_its_formula(num_chars, correct, expected):
    reward = CosineLength(max_length=1000, correctness=Verdict(Score(correct)))
    text = "x" * num_chars if correct else "".join(words(num_chars))
    assert value(reward, text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "padding", [" " * 900, "." * 900, "\n" * 900, "so " * 300, "x" * 900, "<b>" * 300, "我们算" * 300]
)
def test_padding_adds_next_to_nothing_to_a_wrong_answer(padding):
    assert cosine_of("<answer>6</answer>" + padding) < cosine_of("<answer>6</answer>") + 0.002


def cosine_of(response):
    return value(CosineLength(max_length=1000, correctness=Verdict(Score(0.0))), response)


@pytest.mark.parametrize("num_chars", [1001, 2000, 3000, 100_000])
def test_cosine_length_is_not_periodic(num_chars):
    assert cosine(num_chars, 1.0) == cosine(1000, 1.0)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_cosine_length_falls_with_length_when_right_and_rises_when_wrong(first, second):
    short, long = sorted((first, second))
    assert cosine(short, 1.0) >= cosine(long, 1.0)
    assert cosine(short, 0.0) <= cosine(long, 0.0)


def test_cosine_length_fails_where_correctness_failed():
    score = CosineLength(correctness=Verdict(Score.failed("no gold"))).score([attempt("a")])[0]
    assert score.status is ScoreStatus.GRADER_FAILED


def test_cosine_length_uses_accuracy_by_default():
    scores = CosineLength().score([attempt("<answer>5</answer>"), attempt("<answer>6</answer>")])
    assert [score.details["is_correct"] for score in scores] == [True, False]


def test_cosine_length_needs_a_positive_limit():
    with pytest.raises(ValueError, match="max_length must be at least 1, got 0"):
        CosineLength(max_length=0)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("", 0.0),
        ("a b", 0.0),
        ("a b c", 0.0),
        ("a b c d", 0.0),
        ("a a a a", -0.5),
        ("a b c a b c", -0.25),
        ("A b c a B C", -0.25),
        ("a\nb\tc  a b c", -0.25),
    ],
)
def test_repetition_penalty_has_the_values_of_its_formula(response, expected):
    assert value(RepetitionPenalty(), response) == expected


def test_repetition_penalty_scales_with_its_maximum_and_size():
    assert value(RepetitionPenalty(ngram_size=1, max_penalty=-0.1), "a a b b") == pytest.approx(-0.05)


def test_a_penalty_of_nothing_is_allowed_and_nothing():
    assert math.copysign(1.0, value(RepetitionPenalty(max_penalty=0), "a a a a")) == 1.0


@given(st.text())
def test_repetition_penalty_stays_in_its_range(response):
    assert -1.0 < value(RepetitionPenalty(), response) <= 0.0


@pytest.mark.parametrize("arguments", [{"ngram_size": 0}, {"max_penalty": 0.5}, {"max_penalty": math.nan}])
def test_senseless_repetition_penalties_are_refused(arguments):
    with pytest.raises(ValueError, match="got"):
        RepetitionPenalty(**arguments)


@pytest.mark.parametrize(("gold", "status"), [("27", "wrong"), (r"\frac{{{", "gold_unparseable")])
def test_only_an_equal_answer_is_called_not_worked_out(gold, status):
    task = Task(task_id="t", prompt="?", reference=MathReference(answer=gold, is_worked_out=True))
    (score,) = Accuracy(timeout_seconds=60).score([Attempt(task=task, response="<answer>7*3+5</answer>")])
    assert score.details["status"] == status


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("26", "26", 1.0),
        ("26", "26.0", 1.0),
        ("-5", "-5", 1.0),
        ("-5", "$-5$", 1.0),
        ("7", "x = 7", 1.0),
        ("26", "7*3+5", 0.0),
        ("26", r"13 \cdot 2", 0.0),
        ("8", "2^3", 0.0),
        (r"\frac{3}{4}", r"\frac{3}{4}", 1.0),
        (r"\frac{3}{4}", "0.75", 1.0),
        (r"\frac{3}{4}", r"\frac{1}{2} + \frac{1}{4}", 0.0),
        ("-10x^2 + 5x + 5", "5 + 5x - 10x^2", 1.0),
        ("-10x^2 + 5x + 5", "(5x - 5)(-2x - 1)", 0.0),
        ("8x^3 + 72x^2 + 214x + 216", "(2x + 6)^3 - 2x", 0.0),
        (r"\frac{12}{25}", r"\frac{3}{5} \cdot \frac{4}{5}", 0.0),
        ("6x", r"6 \cdot x", 1.0),
        ("24x^2 - 8x - 4", r"\frac{d}{dx}(8x^3 - 4x^2 - 4x - 9)", 0.0),
        ("(-6, 6)", "(-6,6)", 1.0),
    ],
)
def test_answer_that_has_to_be_worked_out_may_not_leave_more_to_do_than_the_gold(gold, answer, expected):
    task = Task(task_id="t", prompt="?", reference=MathReference(answer=gold, is_worked_out=True))
    (score,) = Accuracy().score([Attempt(task=task, response=f"<answer>{answer}</answer>")])
    assert score.value == expected
    assert (score.details["status"] == "correct") == (expected == 1.0)


@pytest.mark.parametrize("name", ["integer_expressions", "fraction_expressions", "polynomial_expansion"])
def test_repeating_the_question_of_a_procedural_task_is_not_paid(name):
    tasks = [load_tasks(name)[index] for index in range(40)]
    echoes = [task.prompt.partition(": ")[2] or task.prompt.split("$")[1] for task in tasks]
    attempts = [Attempt(task=task, response=rf"\boxed{{{echo}}}") for task, echo in zip(tasks, echoes, strict=True)]
    assert [score.value for score in Accuracy().score(attempts)] == [0.0] * 40
