from __future__ import annotations

import doctest
import random

import pytest

from reasonenv.evaluation import behaviour as module
from reasonenv.evaluation.behaviour import (
    REFLECTIVE_WORDS,
    Behaviour,
    behaviour_by_problem,
    behaviour_summary,
    measure_behaviour,
    reflections,
)
from reasonenv.evaluation.samples import Sample


def measured(response: str, language: str | None = None) -> Behaviour:
    return measure_behaviour([response], [language])[0]


def test_the_example_holds():
    assert doctest.testmod(module).failed == 0


def test_the_english_words_are_those_of_the_paper():
    words = "wait mistake however but retry error verify wrong evaluate check"
    assert REFLECTIVE_WORDS["en"] == tuple(words.split())


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Wait. WAIT, wait!", {"wait": 3}),
        ("He waited, buttoned and checked errors", {}),
        (
            "However, I verify it, but the error is wrong.",
            {"however": 1, "verify": 1, "but": 1, "error": 1, "wrong": 1},
        ),
        ("等等，不对，我算错了，重新检查。", {"等等": 1, "不对": 1, "错了": 1, "重新": 1, "检查": 1}),
        ("苹果、香蕉等等。矩阵不对称，对不对？这只不过是角度不过度。", {}),
        ("等等！不过这不对。", {"等等": 1, "不过": 1, "不对": 1}),
        ("", {}),
    ],
)
def test_reflective_words_are_counted_whole(text: str, counts: dict[str, int]):
    assert dict(reflections(text)) == counts


def test_the_share_of_the_language_is_that_of_the_thinking():
    mixed = (
        "<think>We add the two numbers and then 我们把两个数字加起来得到五</think> <answer>cinq est la reponse</answer>"
    )
    share = measured(mixed, "en").language_share
    assert share is not None
    assert 0.3 < share < 0.8
    assert measured("<think>We add the two numbers together.</think> <answer>我</answer>", "en").language_share == 1
    assert measured(mixed).language_share is None


@pytest.mark.parametrize("response", ["", "<think>", "<think></think> <answer>5</answer>", "<think>2 + 3 = 5</think>"])
def test_thinking_without_words_has_no_share_of_a_language(response: str):
    assert measured(response, "en").language_share is None


@pytest.mark.parametrize(("language", "share"), [("zh-CN", 1.0), ("ZH", 1.0), ("python", None), ("Chinese", None)])
def test_a_language_of_a_task_that_is_none_is_left_out(language: str, share: float | None):
    assert (
        behaviour_summary([sample("a", 0, "<think>我们把两个数字加起来</think>", 5, language)])["language_share"]
        == share
    )


@pytest.mark.parametrize(
    ("thinking", "num_switches"),
    [
        ("We add the numbers and get $五$.", 0),
        ("we add 两个数字 and get 五个苹果", 3),
        ("我们把两个数字加起来", 0),
        ("東京タワーはとても高いです", 0),
        ("the angle αβγ is right", 0),
    ],
)
def test_switches_between_scripts_are_counted_in_the_prose(thinking: str, num_switches: int):
    found = measured(f"<think>{thinking}</think> <answer>答案 is this 五个</answer>")
    assert found.num_script_switches == num_switches


def test_the_form_is_that_of_the_format_reward():
    assert measured("<think>a</think> <answer>b</answer>").has_form
    assert not measured("<think>a</think> b").has_form


def test_repetition_is_the_share_of_repeated_threes():
    # Nine words make seven triples, of which three are different.
    assert measured("a b c a b c a b c").repetition == 1 - 3 / 7
    assert measured("one two three four").repetition == 0


@pytest.mark.parametrize(
    ("thinking", "is_self_correcting"),
    [
        ("It is 4. Wait, it is 5.", True),
        ("Hmm, that is not right.", True),
        ("I made a sign error here.", True),
        ("Let me recalculate this.", True),
        ("等等，应该是五。", True),
        ("这一步错了，重新计算。", True),
        ("It is 5, and I check it: 2 + 3 = 5.", False),
        ("There is no error, but a check is cheap.", False),
        ("It is 4. But wait, it is 5.", True),
        ("It is 4 - wait. It is 5", True),
        ("so x = 4\nWait no, 5.", True),
        ("Wait a minute. It is 5.", True),
        ("3+2=4，等等，是5", True),
        ("不对，是五。", True),
        ("The waiter brings 5 plates.", False),
        ("They wait 3 minutes for the bus, which is a long wait.", False),
        ("The time that they wait is 5 minutes.", False),
        ("我们有苹果、香蕉等等。", False),
        ("这个矩阵不对称，对不对？", False),
        ("检查一下：二加三等于五。", False),
    ],
)
def test_a_response_corrects_itself_where_it_takes_something_back(thinking: str, is_self_correcting: bool):
    assert measured(f"<think>{thinking}</think> <answer>5</answer>").is_self_correcting == is_self_correcting


def test_the_answer_after_the_thinking_corrects_nothing():
    assert not measured("<think>It is 5.</think> Wait for the bus.").is_self_correcting


def test_each_response_needs_its_language():
    with pytest.raises(ValueError, match="got 2 and 1"):
        measure_behaviour(["a", "b"], ["en"])


def sample(task_id: str, number: int, response: str, tokens: int | None, language: str | None = None) -> Sample:
    return Sample(
        task_id=task_id, prompt="?", sample=number, response=response, response_tokens=tokens, language=language
    )


SAMPLES = [
    sample("a", 0, "<think>Wait, but why?</think> <answer>1</answer>", 10),
    sample("a", 1, "1", 20),
    sample("b", 0, "<think>we add 两个数字</think>", None, "zh"),
]


def test_metrics_are_means_over_the_responses_of_a_problem():
    metrics = behaviour_by_problem(SAMPLES)
    assert metrics["response_tokens"] == {"a": 15.0}
    assert metrics["reflections"] == {"a": 1.0, "b": 0.0}
    assert metrics["form"] == {"a": 0.5, "b": 0.0}
    assert metrics["self_correction"] == {"a": 0.5, "b": 0.0}
    assert metrics["mixed_scripts"] == {"a": 0.0, "b": 1.0}
    assert set(metrics["language_share"]) == {"b"}


def test_the_summary_is_the_mean_over_problems_in_any_order():
    found = behaviour_summary(SAMPLES)
    assert (found["response_tokens"], found["reflections"], found["form"]) == (15.0, 0.5, 0.25)
    assert found["reflections_by_word"] == {"wait": 1 / 3, "but": 1 / 3}
    assert behaviour_summary(random.Random(0).sample(SAMPLES, 3)) == found


def test_what_no_response_has_is_none():
    found = behaviour_summary(SAMPLES[2:])
    assert found["response_tokens"] is None
    assert found["reflections_by_word"] == {}
