"""How the origins tell math-verify to read a response: units, brackets, short fractions, boxes before other answers.

Each configures it with `units=True`, `malformed_operators=False` (TRL leaves that and `basic_latex=True` at their
defaults), `boxed_match_priority=0` and `try_extract_without_anchor=False`.
"""

from __future__ import annotations

import inspect
import time

import pytest
from math_verify import parse, verify
from patient_rewards import patient

from reasonenv.rewards.base import Reward
from reasonenv.rewards.compat import dialects, open_r1, train_deepseek_r1, trl
from reasonenv.rewards.compat.judgement import CallLength, PeriodicCosine, VerifiedAccuracy
from reasonenv.types import Attempt, MathReference, ScoreStatus, Task

READINGS = {
    "a unit is dropped": (r"\boxed{5}", r"\boxed{5\text{ cm}}", 1.0),
    "sized brackets are brackets": (r"\boxed{5}", r"\boxed{\left(5\right)}", 1.0),
    "a fraction without braces is not repaired": (r"\boxed{\frac{1}{2}}", r"\boxed{\frac12}", 0.0),
    "a root without braces is not repaired": (r"\boxed{\sqrt{5}}", r"\boxed{\sqrt5}", 0.0),
    "a box goes before an announced answer": (r"\boxed{7}", r"The final answer is $5$. I hope. \boxed{7}", 1.0),
    "a formula that nothing announces is no answer": (r"\boxed{5}", "$5$", 0.0),
}
ORIGINS: dict[str, Reward] = {
    "open_r1": open_r1.accuracy(),
    "open_r1 by length": open_r1.cosine(correct_short=1.0, correct_long=1.0, wrong_short=0.0, wrong_long=0.0),
    "trl": trl.accuracy(),
    "train_deepseek_r1": train_deepseek_r1.accuracy(),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_response_is_read_as_the_origin_has_it_read(origin: str) -> None:
    attempts = [
        Attempt(task=Task(task_id="t/1", prompt="", reference=MathReference(answer=gold)), response=response)
        for gold, response, _ in READINGS.values()
    ]
    scores = patient(ORIGINS[origin]).score(attempts)
    got = {reading: score.value for reading, score in zip(READINGS, scores, strict=True)}
    assert got == {reading: expected for reading, (*_, expected) in READINGS.items()}


def unreadable(response: str) -> Attempt:
    return Attempt(task=Task(task_id="t/1", prompt="", reference=MathReference(answer="Paris")), response=response)


def test_an_unreadable_gold_answer_may_be_worth_zero() -> None:
    reward = VerifiedAccuracy("trl", 0.0, "accuracy")
    cosine = PeriodicCosine(1.0, 1.0, -1.0, -1.0, VerifiedAccuracy("trl", None, "accuracy"), 0.0, "cosine")
    for asked in (reward, cosine):
        (score,) = patient(asked).score([unreadable("5")])
        assert (score.value, score.status) == (0.0, ScoreStatus.SCORED)


def test_an_answer_worth_one_half_is_wrong_by_length() -> None:
    half = VerifiedAccuracy("train_deepseek_r1", 0.5, "accuracy")
    attempts = [unreadable("x"), unreadable("xxx")]
    assert [score.value for score in patient(CallLength(half, "length")).score(attempts)] == [0.0, -0.5]
    cosine = PeriodicCosine(1.0, 1.0, -1.0, -1.0, half, None, "cosine")
    assert [score.value for score in patient(cosine).score(attempts)] == [-1.0, -1.0]


def test_a_comparison_has_the_time_that_math_verify_gives_two_readings_and_a_comparison() -> None:
    reading = inspect.signature(parse).parameters["parsing_timeout"].default
    comparing = inspect.signature(verify).parameters["timeout_seconds"].default
    assert trl.accuracy().timeout_seconds == 2 * reading + comparing


@pytest.mark.parametrize("dialect", ["open_r1_accuracy", "open_r1_length", "train_deepseek_r1", "trl"])
@pytest.mark.parametrize("braces", ["{" * 5000 + "5" + "}" * 5000, "{ " * 40 + "5" + "} " * 40, "{" * 5000])
def test_braces_around_braces_cost_no_time(dialect: str, braces: str) -> None:
    start = time.process_time()
    verdict = getattr(dialects, dialect)(r"\boxed{5}", rf"\boxed{{{braces}}}")
    assert verdict != "correct"
    assert time.process_time() - start < 2
