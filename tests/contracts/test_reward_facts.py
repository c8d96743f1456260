"""What a reward says of itself, its range and the reference that it needs, is what it does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from code_parts import sandbox_or_skip
from test_tables import CODE_TASK, QUESTION, TASK

from reasonenv.rewards import REWARDS, DescribedReward
from reasonenv.tables import resolve
from reasonenv.tasksets import gold_response
from reasonenv.types import Attempt, CodeReference, MathReference, QAReference, ScoreStatus

EMBEDDED_MODELS = ("helpfulness", "safety")
TASKS = {MathReference: TASK, CodeReference: CODE_TASK, QAReference: QUESTION}
ALMOST = 0.01
"""How near to the ends of its range a reward must come, as a share of the range."""


def responses() -> list[str]:
    """Right and wrong, short and long, with and without form, repetition and steps."""
    words = " ".join(f"word{number}" for number in range(400))
    forms = [
        f"<think>\n{middle}\n</think>\n<answer>\n{answer}\n</answer>" for middle in ("m", words) for answer in "56"
    ]
    programs = [
        f"<think>t</think> <answer>\n```python\ndef add(a, b):\n    return a {sign} b\n```\n</answer>" for sign in "+-"
    ]
    inside = "<think>\nt\n</think>\n<answer>\n```python\nx\n```\n</answer>"
    known = [gold_response(task) for task in TASKS.values()]
    steps = "Step 1: one\nStep 2: two\nFirst, six\n<think>Wir sprechen hier überhaupt kein englisches Wort.</think> 6"
    return [
        "<think>Wir sprechen hier überhaupt kein englisches Wort.</think> 6",
        "",
        "$5$",
        r"$\boxed{5}$",
        "6",
        steps,
        "again " * 600,
        "x" * 1000,
        "$5$" + "y" * 997,
        "z" * 30_000,
        inside,
        *forms,
        *programs,
        *known,
    ]


def attempts(kind: type | None) -> list[Attempt]:
    """Return every response to a task with such a reference; mathematics also with a gold answer that is LaTeX."""
    task = TASKS[kind or MathReference]
    latex = replace(task, task_id="latex/test/00000", reference=MathReference(answer="$5$"))
    return [
        Attempt(task=asked, response=response, token_ids=tuple(map(ord, response)), group_id=0)
        for asked in (task, *([latex] if kind is MathReference else []))
        for response in responses()
    ]


@pytest.mark.parametrize("name", REWARDS)
def test_scores_of_a_reward_fill_the_range_that_it_states(name: str) -> None:
    reward = resolve(REWARDS, name, kind="reward")()
    assert isinstance(reward, DescribedReward)
    if reward.reference_type is CodeReference:
        sandbox_or_skip()
    low, high = reward.value_range
    rounds = 3 if name == "code_efficiency" else 1  # it measures a time, on a machine that others use
    scores = [score for _ in range(rounds) for score in reward.score(attempts(reward.reference_type))]
    values = [score.value for score in scores if score.status is ScoreStatus.SCORED]
    assert low <= min(values)
    assert max(values) <= high
    if name not in EMBEDDED_MODELS:  # their ends are where they are clipped
        assert min(values) <= low + ALMOST * (high - low)
        assert max(values) >= high - ALMOST * (high - low)


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("name", [name for name in REWARDS if name not in EMBEDDED_MODELS])
def test_reward_takes_exactly_the_references_that_it_states(name: str, kind: type) -> None:
    reward = resolve(REWARDS, name, kind="reward")()
    attempt = replace(attempts(kind)[1], task=TASKS[kind])
    if reward.reference_type in (None, kind):
        assert len(reward.score([attempt])) == 1
    else:
        with pytest.raises(TypeError, match=reward.reference_type.__name__):
            reward.score([attempt])
