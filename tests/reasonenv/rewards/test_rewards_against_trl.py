"""The numbers of `reasonenv.rewards.compat.trl` beside those of TRL itself, where it is installed."""

from __future__ import annotations

import random
import warnings
from types import ModuleType

import pytest
from areas import need
from hypothesis import given, settings
from hypothesis import strategies as st
from patient_rewards import patient

from reasonenv.rewards.base import Reward
from reasonenv.rewards.compat import trl
from reasonenv.types import Attempt, MathReference, ScoreStatus, Task

GOLDS = (r"\boxed{5}", "5", "1/3", r"$\frac{1}{3}$", "x=5", "Paris", r"\{1, 2\}", "(1, 2)")
RESPONSES = (
    *(r"\boxed{5}", r"<think>a</think> \boxed{\frac{1}{3}}", "5", "$x = 5$", r"try \boxed{5}, no, \boxed{4}", ""),
    *("<answer>5</answer>", r"<think>\boxed{5}</think> none", r"\boxed{1, 2}", r"\boxed{(1, 2)}", r"\boxed{Paris}"),
)
PIECES = st.lists(st.sampled_from(["<think>", "</think>", "\n", " ", "x", "<answer>"]), max_size=10).map("".join)


@pytest.fixture(scope="module")
def rewards() -> ModuleType:
    need("trl")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import trl.rewards
    return trl.rewards


def attempts(responses: list[str], golds: list[str], lengths: list[int]) -> list[Attempt]:
    return [
        Attempt(
            task=Task(task_id="t/1", prompt="", reference=MathReference(answer=gold)),
            response=response,
            token_ids=tuple(range(length)),
        )
        for response, gold, length in zip(responses, golds, lengths, strict=True)
    ]


def ours(reward: Reward, batch: list[Attempt]) -> list[float | None]:
    return [
        None if score.status is ScoreStatus.GRADER_FAILED else score.value for score in patient(reward).score(batch)
    ]


def messages(batch: list[Attempt]) -> list[list[dict[str, str]]]:
    return [[{"role": "assistant", "content": attempt.response}] for attempt in batch]


@pytest.fixture(scope="module")
def judged() -> list[Attempt]:
    """Every gold answer with every response, at lengths below, at and above a limit of 100 tokens."""
    pairs = [(response, gold) for gold in GOLDS for response in RESPONSES]
    generator = random.Random(0)
    lengths = [generator.choice([0, 1, 33, 50, 99, 100, 101, 250]) for _ in pairs]
    return attempts([response for response, _ in pairs], [gold for _, gold in pairs], lengths)


def test_accuracy_is_trls(rewards: ModuleType, judged: list[Attempt]) -> None:
    golds = [attempt.task.reference.answer for attempt in judged]
    assert ours(trl.accuracy(), judged) == rewards.accuracy_reward(messages(judged), golds)


def test_cosine_is_trls(rewards: ModuleType, judged: list[Attempt]) -> None:
    golds = [attempt.task.reference.answer for attempt in judged]
    theirs = rewards.get_cosine_scaled_reward(100)(messages(judged), golds, [list(a.token_ids) for a in judged])
    assert ours(trl.cosine(100), judged) == [None if value is None else pytest.approx(value) for value in theirs]


@given(PIECES)
def test_think_format_is_trls(rewards: ModuleType, response: str) -> None:
    batch = attempts([response], ["5"], [0])
    assert ours(trl.think_format(), batch) == rewards.think_format_reward(messages(batch))


@given(st.lists(st.lists(st.integers(0, 3), max_size=20), max_size=4), st.integers(1, 4))
def test_repetition_penalty_is_trls(rewards: ModuleType, token_ids: list[list[int]], size: int) -> None:
    batch = [
        Attempt(task=Task(task_id="t", prompt="", reference=None), response="", token_ids=ids)
        for ids in map(tuple, token_ids)
    ]
    theirs = rewards.get_repetition_penalty_reward(size, -0.5)(token_ids)
    assert ours(trl.repetition_penalty(size, -0.5), batch) == pytest.approx(theirs)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 130), max_size=10), st.integers(1, 99))
def test_soft_overlong_is_trls(rewards: ModuleType, lengths: list[int], buffer: int) -> None:
    batch = attempts([""] * len(lengths), ["5"] * len(lengths), lengths)
    theirs = rewards.get_soft_overlong_punishment(100, buffer)([[0] * length for length in lengths])
    assert ours(trl.soft_overlong(100, buffer), batch) == theirs
