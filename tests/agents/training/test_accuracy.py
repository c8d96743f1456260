"""Accuracy in every environment of the table: the share of right answers, whatever the reward pays."""

from __future__ import annotations

from typing import Any

import pytest
from code_parts import sandbox_or_skip
from scripted_engine import CODEC, ScriptedEngine, said

from agents.building import make_env
from agents.config import EnvConfig, EvaluationConfig
from agents.evaluate import evaluate
from agents.sft import terse_response
from reasonenv.registration import ENVIRONMENTS
from reasonenv.rewards import REWARDS, load_reward
from reasonenv.types import Attempt, CodeReference, MathReference, QAReference, Task


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_accuracy_is_the_share_of_right_answers(env_id: str) -> None:
    """Every second task with an answer is answered right, the others wrong; who has none is in no share."""
    if env_id in ("reasonenv/Code-v0", "reasonenv/MathPython-v0", "reasonenv/Mixed-v0"):
        sandbox_or_skip()
    env = make_env(EnvConfig(id=env_id), split="test", num_groups=12, group_size=1)
    tasks = [env.tasks[index] for index in range(12)]
    has_answer = [is_closed(task) for task in tasks]
    is_right = [closed and index % 2 == 0 for index, closed in enumerate(has_answer)]
    responses = [terse_response(task) if right else WRONG for task, right in zip(tasks, is_right, strict=True)]
    result = evaluate(
        lambda num_groups, group_size: make_env(
            EnvConfig(id=env_id), split="test", num_groups=num_groups, group_size=group_size
        ),
        ScriptedEngine([said(*responses), said(*[WRONG] * 12)]),
        CODEC,
        env.tasks,
        EvaluationConfig(num_tasks=12, max_new_tokens=4),
        seed=0,
    )
    assert 0 < sum(is_right) < sum(has_answer)
    assert result.greedy.rate == sum(is_right) / sum(has_answer)
    assert (result.greedy.num_graded, result.greedy.num_without_accuracy) == (sum(has_answer), 12 - sum(has_answer))
    assert result.sampled.rate == 0.0


WRONG = "<think>?</think><answer>no such answer</answer>"


def is_closed(task: Task[Any]) -> bool:
    reference = task.reference
    is_question = isinstance(reference, QAReference) and reference.kind != "open"
    return is_question or isinstance(reference, MathReference | CodeReference)


@pytest.mark.parametrize("name", ["accuracy", "trl_accuracy", "open_r1_accuracy", "train_deepseek_r1_accuracy"])
def test_every_accuracy_of_mathematics_says_what_is_right(name: str) -> None:
    reward = load_reward({name: 0.5, "format": 1.0})
    assert reward.correctness == (name,)
    task = Task(task_id="sum/0", prompt="2+3=?", reference=MathReference(answer="$5$"))
    attempts = [Attempt(task=task, response=f"<answer>$\\boxed{{{answer}}}$</answer>") for answer in (5, 6)]
    assert [reward.is_right(breakdown.components) for breakdown in reward.score(attempts)] == [True, False]


def test_no_other_reward_of_the_table_says_what_is_right() -> None:
    said_right = {name for name in REWARDS if load_reward(name).correctness}
    accuracies = {"accuracy", "qa", "code_all_passed", "code_pass_rate"}
    assert said_right == accuracies | {"trl_accuracy", "open_r1_accuracy", "train_deepseek_r1_accuracy"}
