"""Arbitrary responses and verdicts: every reward stays finite and inside its range, and none raises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.execution.types import CaseResult, CaseStatus, CodeVerdict, Tests
from reasonenv.parsing import whole_response
from reasonenv.rewards.code import CodeAllPassed, CodeEfficiency, CodePassRate
from reasonenv.rewards.format import Format
from reasonenv.rewards.length import CosineLength
from reasonenv.types import Attempt, CallTests, CodeReference, MathReference, ScoreStatus, Task

OPENED = "2+3=?<think>\n"
VALUES = st.floats(-1e6, 1e6)
PIECES = st.sampled_from(
    ["<think>", "</think>", "<answer>", "</answer>", "```python\n", "\n```", " ", "a", "5", "\x00"]
)
RESPONSES = st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join))
VERDICTS = st.builds(
    CodeVerdict,
    num_passed=st.integers(0, 3),
    num_tests=st.just(3),
    cases=st.lists(st.builds(CaseResult, st.sampled_from(CaseStatus)), max_size=3).map(tuple),
    isolation=st.just("none"),
    cpu_seconds=st.floats(0, 1e9),
    status=st.sampled_from(ScoreStatus),
)
REFERENCE = CodeReference(tests=CallTests("f", [((1,), 1)] * 3), reference_program="def f(x): return x")


def attempt(response: str, reference: CodeReference | MathReference) -> Attempt:
    return Attempt(task=Task(task_id="t/1", prompt="", reference=reference), response=response)


@dataclass(frozen=True)
class AlwaysSays:
    """A judge of a user's own, with one verdict for every program."""

    verdict: CodeVerdict

    def judge(self, programs: Sequence[str], tests: Sequence[Tests], /) -> list[CodeVerdict]:
        return [self.verdict for _ in zip(programs, tests, strict=True)]


@given(RESPONSES, VALUES, VALUES, VALUES, VALUES, st.integers(1, 10**9))
def test_cosine_of_any_response_is_inside_its_range(
    response: str, correct_short: float, correct_long: float, wrong_short: float, wrong_long: float, max_length: int
) -> None:
    ends = correct_short, correct_long, wrong_short, wrong_long
    reward = CosineLength(*ends, max_length=max_length, correctness=Format())
    (score,) = reward.score([attempt(whole_response(OPENED, response), MathReference(answer="5"))])
    assert min(ends) <= score.value <= max(ends)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_cosine_refuses_ends_that_are_no_numbers(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        CosineLength(wrong_long=value)


@given(RESPONSES, VERDICTS)
def test_verdict_of_any_judge_becomes_a_share_or_no_score(response: str, verdict: CodeVerdict) -> None:
    for reward in (CodePassRate, CodeAllPassed, CodeEfficiency):
        for text in (response, f"```python\n{response}\n```"):
            (score,) = reward(AlwaysSays(verdict)).score([attempt(text, REFERENCE)])
            assert math.isnan(score.value) == (score.status is ScoreStatus.GRADER_FAILED)
            assert score.status is ScoreStatus.GRADER_FAILED or 0 <= score.value <= 1


def test_task_without_hidden_tests_is_named() -> None:
    verdict = CodeVerdict(num_passed=0, num_tests=0, cases=(), isolation="none", cpu_seconds=0.0)
    reference = CodeReference(tests=CallTests("f", []))
    with pytest.raises(ValueError, match=r"t/1.*hidden tests"):
        CodePassRate(AlwaysSays(verdict)).score([attempt("```python\nf = 1\n```", reference)])


@pytest.mark.parametrize(
    "response",
    [
        "",
        "</think><answer>5</answer>",
        "<think></think><answer>5</answer>",
        "</think></think><answer>5</answer>",
        "ok <think>a</think><answer>5</answer>",
        "a</think><think>b</think><answer>5</answer>",
        "<answer>5</answer></think><answer>5</answer>",
        "a</THINK><answer>5</answer>",
        "a</think><answer>5</answer><ANSWER>6</ANSWER>",
        "a</think><answer>5</answer> 5",
        "a</think><answer></answer>",
        "\u200b</think><answer>5</answer>",
        "\u2060\ufeff\n</think> <answer>5</answer>",
        "\u3164</think><answer>5</answer>",
        "\u2800</think><answer>5</answer>",
        "\ufe0f\u034f</think><answer>5</answer>",
        "\x00</think><answer>5</answer>",
        "a</think><answer>\u200b</answer>",
        "a</think><answer>\u3164 \u00ad</answer>",
    ],
)
def test_empty_or_broken_forms_behind_an_opened_think_are_not_paid(response: str) -> None:
    (score,) = Format().score([attempt(whole_response(OPENED, response), MathReference(answer="5"))])
    assert score.value == 0


@pytest.mark.parametrize(
    "response", ["a</think><answer>5</answer>", "因为</think>\n<answer>5</answer>\n", "∴</think><answer>√</answer>"]
)
def test_form_behind_an_opened_think_is_paid(response: str) -> None:
    (score,) = Format().score([attempt(whole_response(OPENED, response), MathReference(answer="5"))])
    assert score.value == 1
