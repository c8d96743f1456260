r"""The numbers of open-r1, TRL and train-deepseek-r1.

Expected values are worked out from the published definitions: patterns are written here as published and matched as a
whole, cosines and shares are computed by hand. What math-verify is asked follows from which form of answer it is told
to read: LaTeX only (`42` is nothing to it), or plain numbers too.
"""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patient_rewards import load_patiently, patient

from reasonenv.rewards.compat import open_r1, train_deepseek_r1, trl
from reasonenv.rewards.compat.judgement import CallLength, PeriodicCosine
from reasonenv.types import Attempt, MathReference, Score, ScoreStatus, Task

BOTH = re.DOTALL | re.MULTILINE
STEP = r"(Step \d+:|^\d+\.|\n-|\n\*|First,|Second,|Next,|Finally,)"


def attempt(response, gold=r"\boxed{5}", num_tokens=None):
    task = Task(task_id="t/1", prompt="", reference=MathReference(answer=gold))
    return Attempt(task=task, response=response, token_ids=None if num_tokens is None else tuple(range(num_tokens)))


def values(reward, *attempts):
    """One value per attempt, None where there is no score."""
    scores = patient(reward).score(list(attempts))
    return [None if score.status is ScoreStatus.GRADER_FAILED else score.value for score in scores]


ORIGINS = ["open_r1", "trl", "train_deepseek_r1"]
ACCURACY = [
    (r"\boxed{5}", r"\boxed{5}", 1, 1, 1),
    (r"\boxed{5}", r"\boxed{6}", 0, 0, 0),
    (r"\boxed{5}", "", 0, 0, 0),
    (r"\boxed{5}", "<answer>5</answer>", 0, 0, 0),
    (r"\boxed{5}", r"<think>\boxed{5}</think> I do not know.", 1, 1, 1),
    (r"\boxed{4}", r"try \boxed{5}, \boxed{4}", 0, 0, 0),
    (r"$\frac{1}{2}$", r"so $\boxed{0.5}$", 1, 1, 1),
    ("5", r"\boxed{5}", 1, 1, 0.5),
    ("5", r"\boxed{6}", 0, 0, 0.5),
    ("1/3", r"\boxed{\frac{1}{3}}", 1, 1, 0.5),
    ("Paris", r"\boxed{Paris}", None, None, 0.5),
    ("Paris", "", None, None, 0.5),
]


@pytest.mark.parametrize(("column", "origin"), list(enumerate(ORIGINS)))
def test_accuracy_has_the_numbers_of_the_origin(column, origin):
    reward = load_patiently(f"{origin}_accuracy").terms[f"{origin}_accuracy"][0]
    got = values(reward, *[attempt(response, gold) for gold, response, *_ in ACCURACY])
    assert got == [row[2 + column] for row in ACCURACY]


@pytest.mark.parametrize("origin", ORIGINS)
def test_hostile_answer_is_stopped_and_wrong(origin):
    reward = load_patiently(f"{origin}_accuracy").terms[f"{origin}_accuracy"][0]
    quick = type(reward)(reward.dialect, reward.unreadable_gold_value, reward.name, timeout_seconds=1.0)
    (score,) = quick.score([attempt(r"\boxed{9^{9^{9^{9}}}+\binom{10^9}{10^8}!}")])
    assert (score.value, score.status) == (0.0, ScoreStatus.SCORED)


def test_accuracy_of_a_task_without_math_reference_is_a_type_error_that_names_it():
    task = Task(task_id="essays/7", prompt="", reference=None)
    with pytest.raises(TypeError, match=r"trl_accuracy.*essays/7"):
        trl.accuracy().score([Attempt(task=task, response="5")])


PIECES = ["<think>", "</think>", "<answer>", "</answer>", "```python", "```", "\n", "\n", " ", "x"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)
WHOLE = st.builds(
    "<think>{}{}</think>{}<answer>{}{}</answer>{}".format, *[st.sampled_from(["", "\n", "\nx\n", "```python```"])] * 6
)
FORMS = [
    (open_r1.form(), r"^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$", BOTH),
    (open_r1.code_format(), r"^<think>\n.*?\n</think>\n<answer>\n.*?```python.*?```.*?\n</answer>$", BOTH),
    (trl.think_format(), r"^<think>(?!.*<think>)(.*?)</think>.*$", BOTH),
    (train_deepseek_r1.form(), r"^<think>.*?</think>\s*<answer>.*?</answer>$", BOTH),
]


@pytest.mark.parametrize(("reward", "pattern", "flags"), FORMS, ids=[row[0].name for row in FORMS])
@given(response=TEXTS | WHOLE)
def test_form_agrees_with_the_published_pattern(reward, pattern, flags, response):
    assert values(reward, attempt(response)) == [float(bool(re.match(pattern, response, flags)))]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("<think>\na\n</think>\n<answer>\n5\n</answer>", (1, 1, 1)),
        ("<think>\na\n</think>\n<answer>\n5\n</answer>\nmore", (1, 1, 1)),
        ("<think>a</think> <answer>5</answer>", (0, 1, 1)),
        ("<think></think><answer></answer>", (0, 1, 1)),
        ("<think>\n</think>\n<answer>\n5\n</answer>", (0, 1, 1)),
        ("<think>\na\n</think>\n<answer>\n</answer>", (0, 1, 1)),
        ("<think>a</think> 5", (0, 1, 0)),
        ("<think>a</think><think>b</think><answer>5</answer>", (0, 0, 1)),
        (" <think>a</think><answer>5</answer>", (0, 0, 0)),
    ],
)
def test_form_has_the_numbers_of_the_origin(response, expected):
    rewards = (open_r1.form(), trl.think_format(), train_deepseek_r1.form())
    assert tuple(values(reward, attempt(response))[0] for reward in rewards) == expected


def test_the_fence_that_opens_a_block_is_not_the_one_that_closes_it():
    code = "<think>\na\n</think>\n<answer>\n```python\nprint(5)\n{}</answer>"
    assert values(open_r1.code_format(), attempt(code.format("```\n")), attempt(code.format(""))) == [1.0, 0.0]


def test_origins_that_swap_gold_and_answer_take_an_inequality_for_an_interval():
    flat = open_r1.cosine(correct_short=1.0, correct_long=1.0, wrong_short=0.0, wrong_long=0.0)
    rewards = (train_deepseek_r1.accuracy(), flat, open_r1.accuracy(), trl.accuracy())
    judged = [
        values(reward, attempt(r"\boxed{1<x<2}", gold="$(1,2)$"), attempt("", gold="$(1,2)$")) for reward in rewards
    ]
    assert judged == [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("reward", [row[0] for row in FORMS], ids=[row[0].name for row in FORMS])
@pytest.mark.parametrize(
    "filler", ["\n</think>\n<answer>\n", "</think><answer>", "```python```", "</think> ", "</think>\n"]
)
def test_form_of_hostile_text_takes_no_quadratic_time(reward, filler):
    assert values(reward, attempt("<think>\n" + filler * (1_000_000 // len(filler)))) in ([0.0], [1.0])


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("<think>\na\n</think>\n<answer>\n5\n</answer>", 1.0),
        ("<think>a</think><answer>5</answer>", 0.0),
        ("<think>\na\n</think>\n", 0.5),
        ("<think>\n<think>\na\n</think>\n<answer>\n5\n</answer>", 0.75),
        ("<think>\na\n</think>\n<answer>\n5\n</answer>\n</answer>", 0.75),
    ],
)
def test_open_r1_counts_tags_with_their_line_breaks(response, expected):
    assert values(open_r1.tag_count(), attempt(response)) == [expected]


MARKS = ["Step 1:", "Step ", "12", "1.", ".", "-", "*", "\n", "First,", "Second,", "Next,", "Finally,", " ", "x"]


@given(st.lists(st.sampled_from(MARKS), max_size=14).map("".join))
def test_steps_agree_with_the_published_pattern(response):
    expected = [min(1.0, len(re.findall(STEP, response, flags)) / 3) for flags in (0, re.MULTILINE)]
    got = [values(origin.reasoning_steps(), attempt(response))[0] for origin in (open_r1, train_deepseek_r1)]
    assert got == expected


def test_only_train_deepseek_r1_sees_numbered_lines_after_the_first():
    response = "1. a\n2. b\n3. c"
    assert values(open_r1.reasoning_steps(), attempt(response)) == [1 / 3]
    assert values(train_deepseek_r1.reasoning_steps(), attempt(response)) == [1.0]


def padded(answer, num_chars):
    return f"{answer} ".ljust(num_chars, ".")


HALF = math.sqrt(0.5)
COSINE = [
    # characters, open-r1 right and wrong, train-deepseek-r1 right and wrong
    (250, 0.5 + 0.25 * (1 + HALF), -0.5 - 0.25 * (1 + HALF), 0.8 + 0.1 * (1 + HALF), -0.1 - 0.2 * (1 + HALF)),
    (500, 0.75, -0.75, 0.9, -0.3),
    (1000, 0.5, -0.5, 0.8, -0.1),
    (1500, 0.75, -0.75, 0.9, -0.3),
    (2000, 1.0, -1.0, 1.0, -0.5),
]


@pytest.mark.parametrize(("num_chars", "or_right", "or_wrong", "td_right", "td_wrong"), COSINE)
def test_cosine_is_unclamped_in_open_r1_and_train_deepseek_r1(num_chars, or_right, or_wrong, td_right, td_wrong):
    attempts = [attempt(padded(answer, num_chars)) for answer in (r"\boxed{5}", r"\boxed{6}")]
    assert values(open_r1.cosine(), *attempts) == pytest.approx([or_right, or_wrong], abs=1e-12)
    assert values(train_deepseek_r1.cosine(), *attempts) == pytest.approx([td_right, td_wrong], abs=1e-12)


def test_cosine_of_an_unreadable_gold_answer():
    unreadable = attempt("x" * 500, gold="Paris", num_tokens=5)
    assert values(open_r1.cosine(), unreadable) == [1.0]
    assert values(train_deepseek_r1.cosine(), unreadable) == pytest.approx([-0.3])
    assert values(trl.cosine(), unreadable) == [None]


def test_cosine_of_open_r1_reads_gold_answers_in_latex_only():
    assert values(open_r1.cosine(), attempt("", gold="42"), attempt("", gold=r"\boxed{42}")) == [1.0, -1.0]


def test_command_line_of_open_r1_pays_short_wrong_answers_more_than_long_ones():
    reward = open_r1.cosine(wrong_short=0.0)
    assert values(reward, attempt(""), attempt("x" * 1000)) == pytest.approx([0.0, -0.5])


@pytest.mark.parametrize(
    ("num_tokens", "right", "wrong"), [(0, 1, -1), (50, 0.75, -0.75), (100, 0.5, -0.5), (900, 0.5, -0.5)]
)
def test_cosine_of_trl_is_clamped_and_in_tokens(num_tokens, right, wrong):
    attempts = [attempt(answer, num_tokens=num_tokens) for answer in (r"\boxed{5}", r"\boxed{6}")]
    assert values(trl.cosine(100), *attempts) == pytest.approx([right, wrong])


@pytest.mark.parametrize(
    ("response", "open_r1_value"),
    [("", 0), ("a b", 0), ("a b c d", 0), ("a a a a", -0.5), ("A b c a B C", -0.25), ("我们我们我们", 0)],
)
def test_repetition_penalty_counts_what_stands_between_spaces(response, open_r1_value):
    assert values(open_r1.repetition_penalty(), attempt(response)) == [open_r1_value]
    assert values(train_deepseek_r1.repetition_penalty(), attempt(response)) == pytest.approx([open_r1_value / 10])


def test_repetition_penalty_of_trl_counts_tokens():
    attempts = [
        Attempt(task=attempt("").task, response="", token_ids=ids)
        for ids in [(1, 2, 3, 4), (5,) * 5, (1, 2), (1, 2, 3, 1, 2, 3)]
    ]
    assert values(trl.repetition_penalty(), *attempts) == pytest.approx([0.0, -2 / 3, 0.0, -0.25])


def test_length_of_open_r1_is_taken_over_the_whole_call():
    right, wrong = r"\boxed{5}", r"\boxed{6}"
    attempts = [
        attempt(padded(right, 10)),
        attempt(padded(wrong, 20)),
        attempt(padded(wrong, 15)),
        attempt(padded(right, 30)),
    ]
    assert values(open_r1.length(), *attempts) == pytest.approx([0.5, 0.0, 0.0, -0.5])
    assert values(open_r1.length(), attempts[0], attempt(padded(right, 10), gold=r"\boxed{7}")) == [0.0, 0.0]


class WorkerDied:
    """Fails for "f", and calls all else right."""

    def score(self, attempts):
        failed = Score(math.nan, ScoreStatus.GRADER_FAILED, {"status": "worker_died"})
        return [failed if one.response[0] == "f" else Score(1.0, details={"status": "correct"}) for one in attempts]


@pytest.mark.parametrize(
    "reward",
    [CallLength(WorkerDied(), "length"), PeriodicCosine(1.0, 0.5, -1.0, -0.5, WorkerDied(), 1.0, "cosine")],
    ids=["length", "cosine"],
)
def test_a_grader_that_died_gives_no_score_of_length(reward):
    right, failed, longer = reward.score([attempt("r"), attempt("fxx"), attempt("rxxxx")])
    assert [score.status is ScoreStatus.GRADER_FAILED for score in (right, failed, longer)] == [False, True, False]
    assert right.value > longer.value


def test_length_of_open_r1_of_nothing_is_nothing():
    assert values(open_r1.length()) == []


def test_length_of_open_r1_takes_an_unreadable_gold_answer_for_right():
    assert values(open_r1.length(), attempt("x", gold="42"), attempt("xxx", gold="42")) == [0.5, -0.5]


@pytest.mark.parametrize(("num_tokens", "expected"), [(12288, 0.0), (14336, -0.5), (16384, -1.0), (16385, -1.0)])
def test_soft_overlong_has_the_defaults_of_open_r1(num_tokens, expected):
    assert values(open_r1.soft_overlong(), attempt("", num_tokens=num_tokens)) == [expected]


@pytest.mark.parametrize(("num_tokens", "expected"), [(50, 0.0), (90, -0.5), (110, -1.0)])
def test_soft_overlong_has_the_numbers_of_trl(num_tokens, expected):
    assert values(trl.soft_overlong(100, 20), attempt("", num_tokens=num_tokens)) == [expected]


def test_all_five_of_train_deepseek_r1_are_kept_and_added():
    response = padded("<think>First, 2+3.\n- 5</think><answer>\\boxed{5}</answer>\n", 500)
    (breakdown,) = load_patiently("compat_train_deepseek_r1").score([attempt(response)])
    assert breakdown.components == pytest.approx(
        {
            "train_deepseek_r1_accuracy": 1.0,
            "train_deepseek_r1_format": 1.0,
            "train_deepseek_r1_reasoning_steps": 2 / 3,
            "train_deepseek_r1_cosine": 0.9,
            "train_deepseek_r1_repetition_penalty": 0.0,
        }
    )
    assert breakdown.total == pytest.approx(3 + 2 / 3 - 0.1)


def test_plain_gold_answer_gives_train_deepseek_r1_no_signal():
    right, wrong = (attempt(rf"<think>a</think><answer>\boxed{{{n}}}</answer>", gold="5") for n in (5, 6))
    first, second = load_patiently("compat_train_deepseek_r1").score([right, wrong])
    assert first.total == second.total


def test_defaults_of_open_r1_and_trl():
    response = attempt("<think>\na\n</think>\n<answer>\n\\boxed{5}\n</answer>")
    assert load_patiently("compat_open_r1").score([response])[0].total == 3.0
    assert load_patiently("compat_trl").score([response])[0].total == 2.0
