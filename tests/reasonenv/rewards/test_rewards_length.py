"""Length in characters or tokens, alone, in a group, and near a limit."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.rewards.length import CosineLength, Length, SoftOverlong, cosine_between, length_values
from reasonenv.rewards.repetition import RepetitionPenalty, repeated_shares
from reasonenv.types import Attempt, MathReference, Score, ScoreStatus, Task

TASK = Task(task_id="t/1", prompt="", reference=MathReference(answer="5"))
OTHER = Task(task_id="t/2", prompt="", reference=MathReference(answer="5"))


def attempt(response, group_id=0, task=TASK, num_tokens=None):
    token_ids = None if num_tokens is None else tuple(range(num_tokens))
    return Attempt(task=task, response=response, group_id=group_id, token_ids=token_ids)


def values(reward, attempts):
    return [score.value for score in reward.score(attempts)]


class StartsWith:
    """Right if the response starts with "r", failed if with "f"."""

    name = "starts_with"

    def score(self, attempts):
        return [
            Score.failed("told to") if attempt.response.startswith("f") else Score(float(attempt.response[:1] == "r"))
            for attempt in attempts
        ]


LENGTH = Length(correctness=StartsWith())


def test_cosine_runs_from_short_to_long():
    assert [cosine_between(2.0, -1.0, progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 0.5, -1.0])


def test_length_of_a_group_has_the_values_of_its_formula():
    group = [attempt("r" + "x" * 9), attempt("r" + "x" * 19), attempt("r" + "x" * 29), attempt("w" * 10)]
    assert values(LENGTH, [*group, attempt("w" * 25)]) == [0.5, 0.0, -0.5, 0.0, -0.25]


def test_equally_long_responses_of_a_group_score_zero():
    assert values(LENGTH, [attempt("rx"), attempt("wx"), attempt("ry")]) == [0.0, 0.0, 0.0]


def test_response_alone_in_its_group_scores_zero():
    assert values(LENGTH, [attempt("rx")]) == [0.0]


def test_length_compares_within_the_group_and_not_over_the_call():
    alone = values(LENGTH, [attempt("r"), attempt("rxx")])
    with_others = values(LENGTH, [attempt("r"), attempt("r" * 900, 1), attempt("rxx"), attempt("r" * 90, 1)])
    assert (with_others[0], with_others[2]) == tuple(alone)
    assert (with_others[3], with_others[1]) == (0.5, -0.5)


def test_tasks_that_share_a_group_id_are_not_compared():
    assert values(LENGTH, [attempt("r"), attempt("rxx", task=OTHER)]) == [0.0, 0.0]


def test_length_can_count_tokens():
    attempts = [attempt("rxxx", num_tokens=1), attempt("r", num_tokens=3)]
    assert values(Length(unit="tokens", correctness=StartsWith()), attempts) == [0.5, -0.5]


def test_length_fails_where_correctness_failed_and_still_counts_that_length():
    short, failed, long = LENGTH.score([attempt("r"), attempt("fxxxx"), attempt("rxx")])
    assert failed.status is ScoreStatus.GRADER_FAILED
    assert (short.value, long.value) == (0.5, 0.0)


class Half:
    """Scores exactly the value that is told."""

    name = "half"

    def __init__(self, value):
        self.value = value

    def score(self, attempts):
        return [Score(self.value) for _ in attempts]


@pytest.mark.parametrize(("verdict", "is_right"), [(0.5, True), (math.nextafter(0.5, 0), False)])
def test_an_answer_is_right_from_a_score_of_one_half_on(verdict, is_right):
    cosine, _ = CosineLength(correctness=Half(verdict)).score([attempt(""), attempt("x")])
    shortest, _ = Length(correctness=Half(verdict)).score([attempt(""), attempt("x")])
    assert (cosine.value, cosine.details["is_correct"]) == (1.0 if is_right else -1.0, is_right)
    assert (shortest.value, shortest.details["is_correct"]) == (0.5 if is_right else 0.0, is_right)


def test_length_reports_what_it_measured():
    assert LENGTH.score([attempt("rxx")])[0].details == {"is_correct": True, "length": 3}


def test_each_length_of_a_group_is_reported_with_its_own_attempt():
    scores = LENGTH.score([attempt("rxx"), attempt("wxxxx", 1), attempt("r")])
    assert [score.details["length"] for score in scores] == [3, 5, 1]


def test_no_lengths_have_no_values():
    assert length_values([], []) == []


def test_length_without_group_says_who_fills_it():
    with pytest.raises(ValueError, match=r"'length' compares .* 't/1' has group_id=None. TextVectorEnv"):
        LENGTH.score([attempt("r", group_id=None)])


@pytest.mark.parametrize(
    "reward", [Length(unit="tokens"), CosineLength(unit="tokens"), SoftOverlong(), RepetitionPenalty(unit="tokens")]
)
def test_counting_tokens_that_nobody_passed_says_how_to_pass_them(reward):
    with pytest.raises(ValueError, match=rf"'{reward.name}' needs the tokens .* 't/1' .*step\(\.\.\., token_ids="):
        reward.score([attempt("r")])


GROUPS = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=8)


@given(GROUPS)
def test_length_stays_within_its_range_and_never_pays_a_wrong_answer(group):
    lengths, is_correct = zip(*group, strict=True)
    for value, right in zip(length_values(lengths, is_correct), is_correct, strict=True):
        assert -0.5 <= value <= (0.5 if right else 0.0)


@given(GROUPS)
def test_length_never_rises_with_length(group):
    lengths, is_correct = zip(*sorted(group), strict=True)
    for verdict in (True, False):
        column = length_values(lengths, [verdict] * len(lengths))
        assert column == sorted(column, reverse=True)
    assert len(length_values(lengths, is_correct)) == len(lengths)


@given(GROUPS, st.integers(0, 10_000))
def test_length_does_not_depend_on_the_order_of_the_batch(group, seed):
    attempts = [attempt(("r" if right else "w") + "x" * size, size % 3) for size, right in group]
    order = list(range(len(attempts)))
    random.Random(seed).shuffle(order)
    straight, shuffled = values(LENGTH, attempts), values(LENGTH, [attempts[index] for index in order])
    assert [straight[index] for index in order] == shuffled


@pytest.mark.parametrize(
    ("num_tokens", "expected"),
    [(0, 0.0), (80, 0.0), (81, -0.05), (90, -0.5), (99, -0.95), (100, -1.0), (101, -1.0), (100_000, -1.0)],
)
def test_soft_overlong_has_the_values_of_its_formula(num_tokens, expected):
    reward = SoftOverlong(max_length=100, buffer=20)
    assert values(reward, [attempt("", num_tokens=num_tokens)]) == [pytest.approx(expected, abs=1e-12)]


def test_soft_overlong_without_buffer_is_a_step():
    reward = SoftOverlong(max_length=3, buffer=0, unit="characters")
    assert values(reward, [attempt("xxx"), attempt("xxxx")]) == [0.0, -1.0]


def test_soft_overlong_has_the_limits_of_the_paper():
    attempts = [attempt("", num_tokens=n) for n in (16384, 18432, 20480)]
    assert values(SoftOverlong(), attempts) == [0.0, -0.5, -1.0]


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 200), st.data())
def test_soft_overlong_never_rises_with_length(first, second, max_length, data):
    reward = SoftOverlong(max_length, data.draw(st.integers(0, max_length - 1)), "characters")
    short, long = values(reward, [attempt("x" * min(first, second)), attempt("x" * max(first, second))])
    assert -1.0 <= long <= short <= 0.0


@pytest.mark.parametrize("buffer", [-1, 100, 101])
def test_soft_overlong_needs_a_buffer_within_its_limit(buffer):
    with pytest.raises(ValueError, match="buffer"):
        SoftOverlong(max_length=100, buffer=buffer)


def test_cosine_length_can_count_tokens():
    reward = CosineLength(max_length=100, unit="tokens", correctness=StartsWith())
    attempts = [attempt("r", num_tokens=50), attempt("w", num_tokens=50), attempt("r", num_tokens=1000)]
    assert values(reward, attempts) == pytest.approx([0.75, -0.75, 0.5])


FINITE = st.floats(-10, 10)


@given(FINITE, FINITE, FINITE, FINITE, st.integers(0, 5000), st.booleans())
def test_cosine_length_stays_between_its_four_values(cs, cl, ws, wl, num_chars, right):
    reward = CosineLength(cs, cl, ws, wl, correctness=StartsWith())
    (value,) = values(reward, [attempt(("r" if right else "w") + "x" * num_chars)])
    assert min(cs, cl, ws, wl) - 1e-9 <= value <= max(cs, cl, ws, wl) + 1e-9


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("我们我们我们", -0.5),
        ("今天天气很好", 0.0),
        ("今天天气很好。今天天气很好。", -5 / 12),
        ("a我 a我 a我", -0.5),
        ("これこれこれ", -0.5),
        ("กขคกขค", -0.25),
        ("나는 나는 나는 나는", -0.5),
    ],
)
def test_characters_of_scripts_without_spaces_count_as_words(response, expected):
    (value,) = values(RepetitionPenalty(), [attempt(response)])
    assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("character", ["ก", "ກ", "ཀ", "က", "ក", "あ", "ア", "我", "㐀", "豈", "𠀀", "𰀀"])
def test_a_character_of_every_script_without_spaces_is_a_word(character):
    assert values(RepetitionPenalty(), [attempt(character * 6)]) == [-0.75]


def test_spaced_words_see_one_word_in_a_text_without_spaces():
    assert values(RepetitionPenalty(unit="spaced_words"), [attempt("我们我们我们")]) == [0.0]


def test_repetition_can_count_tokens():
    attempts = [Attempt(task=TASK, response="", token_ids=ids) for ids in [(1, 2, 3, 4), (5, 5, 5, 5, 5), (5,), ()]]
    assert values(RepetitionPenalty(ngram_size=2, unit="tokens"), attempts) == [0.0, -0.75, 0.0, 0.0]


@given(st.lists(st.lists(st.integers(0, 3), max_size=30), max_size=4), st.integers(1, 4))
def test_repeated_shares_agree_with_counting_each_ngram(batch, size):
    for parts, share in zip(batch, repeated_shares(batch, size), strict=True):
        ngrams = [tuple(parts[start : start + size]) for start in range(len(parts) - size + 1)]
        repeats = sum(ngram in ngrams[:index] for index, ngram in enumerate(ngrams))
        assert share == pytest.approx(repeats / len(ngrams) if ngrams else 0.0)


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_ngrams_of_more_kinds_than_an_integer_can_number_are_told_apart(parts):
    many = [f"word {number}" for number in range(2000)]
    share, _ = repeated_shares([parts, many], 7)
    assert 2002**7 > 2**63
    total = len(parts) - 6
    unique = len({tuple(parts[start : start + 7]) for start in range(total)})
    assert share == pytest.approx(1 - unique / total if total > 0 else 0.0)


def test_ngrams_that_differ_in_the_digit_that_an_integer_would_lose_are_told_apart():
    ngrams_apart = [0, *range(2, 10), 1, *range(2, 10)]
    assert 256**8 == 2**64
    assert repeated_shares([ngrams_apart, range(256)], 9) == [0.0, 0.0]


@pytest.mark.parametrize(("num_kinds", "size"), [(300, 8), (2000, 6)])
def test_ngrams_whose_numbers_differ_by_two_to_the_64th_are_told_apart(num_kinds, size):
    digits = [2**64 // num_kinds**place % num_kinds for place in reversed(range(size))]
    assert num_kinds**size > 2**64
    assert repeated_shares([range(num_kinds), [*[0] * size, *digits]], size) == [0.0, 0.0]


@given(st.lists(st.text("ab ", max_size=20), min_size=1, max_size=5))
def test_repetition_penalty_does_not_depend_on_the_batch(responses):
    reward = RepetitionPenalty(ngram_size=2)
    together = values(reward, [attempt(response) for response in responses])
    assert together == [values(reward, [attempt(response)])[0] for response in responses]


@given(st.text("ab 我", max_size=40), st.integers(1, 4))
def test_repetition_penalty_stays_within_its_range(response, size):
    (value,) = values(RepetitionPenalty(ngram_size=size, max_penalty=-0.5), [attempt(response)])
    assert -0.5 < value <= 0.0
    assert math.copysign(1.0, value) == (1.0 if value == 0 else -1.0)


@given(st.lists(st.sampled_from("abc"), min_size=3, max_size=12))
def test_saying_everything_again_never_lowers_the_penalty(words):
    once, twice = values(RepetitionPenalty(), [attempt(" ".join(words)), attempt(" ".join(words * 2))])
    assert twice <= once
