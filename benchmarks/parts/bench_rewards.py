"""Time of each reward on 128 responses to 16 problems, and of those that read text alone on responses of 2 kB.

Programs and questions are measured by `bench_execution` and `bench_qa`.
"""

from __future__ import annotations

import random

import pytest

from reasonenv.rewards import REWARDS
from reasonenv.tables import resolve
from reasonenv.tasksets import load_tasks
from reasonenv.types import Attempt

NUM_TASKS, GROUP_SIZE = 16, 8
NUM_LONG, LONG_CHARS = 500, 2000
OTHER_REFERENCES = ("qa", "code_pass_rate", "code_all_passed", "code_efficiency")
MATHEMATICS = [name for name in REWARDS if name not in OTHER_REFERENCES]
NEEDS_AN_ANSWER = ("accuracy", "cosine", "length")
BY_TEXT = [name for name in MATHEMATICS if not any(part in name for part in NEEDS_AN_ANSWER)]


def attempts() -> list[Attempt]:
    """Return attempts of which half are right in every group."""
    tasks = load_tasks("procedural_math")
    return [
        Attempt(
            task=tasks[index],
            response=(response := f"<think>{tasks[index].solution}</think> <answer>{answer}</answer>"),
            token_ids=tuple(map(ord, response)),
            group_id=index,
        )
        for index in range(NUM_TASKS)
        for answer in (tasks[index].reference.answer, "-1") * (GROUP_SIZE // 2)
    ]


def long_attempts() -> list[Attempt]:
    """Return responses of the R1-Zero form with 2000 characters, in words of English lengths (5 on average)."""
    task, generator = load_tasks("procedural_math")[0], random.Random(0)
    lengths = (1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 11)
    words = ["".join(generator.choices("etaoinshrdlu", k=lengths[index % len(lengths)])) for index in range(600)]
    responses: list[str] = []
    for _ in range(NUM_LONG):
        sentences = [" ".join(generator.choices(words, k=15)) + "." for _ in range(30)]
        body = "\n".join(sentences)[: LONG_CHARS - 43]
        responses.append(f"<think>\n{body}\n</think>\n<answer>\n5\n</answer>")
    return [
        Attempt(task=task, response=response, token_ids=tuple(map(ord, response[: LONG_CHARS // 4])), group_id=0)
        for response in responses
    ]


@pytest.mark.parametrize("name", MATHEMATICS)
def test_reward(benchmark, name: str) -> None:
    reward = resolve(REWARDS, name, kind="reward")()
    scores = benchmark(reward.score, attempts())
    assert len(scores) == NUM_TASKS * GROUP_SIZE


@pytest.mark.parametrize("name", BY_TEXT)
def test_reward_of_long_responses(benchmark, name: str) -> None:
    reward, batch = resolve(REWARDS, name, kind="reward")(), long_attempts()
    scores = benchmark(reward.score, batch)
    if benchmark.stats is not None:
        benchmark.extra_info["responses_per_second"] = round(len(batch) / benchmark.stats.stats.min)
    assert len(scores) == NUM_LONG
