from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from scripted_engine import CODEC, EOS

from agents.config import SFTConfig
from agents.errors import ConfigError
from agents.learner import Learner, OptimizerConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.codec import TextCodec
from agents.sft import SFTPhase, TaskExamples, sft_batch, terse_response, worked_response
from reasonenv.prompts import load_template
from reasonenv.rewards import load_reward
from reasonenv.tasksets import TaskList, TaskSet, load_tasks
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.tasksets.questions import QA_FAMILIES
from reasonenv.types import Attempt, MathReference, QAReference, Task

TASK = Task(task_id="sum/0", prompt="2+3=?", reference=MathReference(answer="5"), solution="2+3=5")
RATE = OptimizerConfig(learning_rate=3e-3)


def phase(tasks: TaskSet | None = None, codec: TextCodec = CODEC, seed: int = 0, **changes: Any) -> SFTPhase:
    stage = SFTConfig(**{"num_steps": 20, "batch_size": 4, "optimizer": RATE, **changes})
    model, _ = build_tiny_policy(seed=0)
    learner = Learner(HFPolicy(model), stage.optimizer, num_optimizer_steps=20)
    tasks = tasks or load_tasks("chain_arithmetic")
    return SFTPhase(stage, TaskExamples(stage, load_template("plain"), tasks, codec, seed), learner)


def only(task: Task[Any]) -> TaskList:
    return TaskList("one", "train", (task,))


def test_worked_response_shows_the_solution_and_the_answer() -> None:
    assert worked_response(TASK) == "<think>2+3=5</think><answer>5</answer>"


def test_terse_response_gives_the_answer_in_the_same_format_without_the_solution() -> None:
    response = terse_response(TASK)
    assert response.startswith("<think>")
    assert response.endswith("</think><answer>5</answer>")
    assert "2+3" not in response


@pytest.mark.parametrize("respond", [worked_response, terse_response])
@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_imitated_earns_the_full_reward(name: str, respond: Any) -> None:
    tasks = load_tasks(name)
    attempts = [Attempt(task=tasks[index], response=respond(tasks[index])) for index in range(5)]
    assert [score.total for score in load_reward("r1_zero").score(attempts)] == [2.0] * 5


@pytest.mark.parametrize("name", QA_FAMILIES)
def test_what_is_imitated_of_questions_earns_the_full_reward(name: str) -> None:
    tasks = load_tasks(name)
    attempts = [Attempt(task=tasks[index], response=terse_response(tasks[index])) for index in range(5)]
    assert [score.total for score in load_reward("r1_qa").score(attempts)] == [2.0] * 5


def test_an_open_question_has_no_answer_to_imitate() -> None:
    with pytest.raises(ConfigError, match="no gold answer"):
        terse_response(replace(TASK, reference=QAReference(kind="open")))


def test_a_task_without_solution_cannot_be_worked_but_stated() -> None:
    task = replace(TASK, solution=None)
    with pytest.raises(ConfigError, match=r"'sum/0' has no worked solution.*worked_share=0"):
        worked_response(task)
    assert "train/loss" in phase(only(task), worked_share=0.0).step(0)
    with pytest.raises(ConfigError, match="no worked solution"):
        phase(only(task)).step(0)


@pytest.mark.parametrize("respond", [worked_response, terse_response])
def test_a_task_without_gold_answer_cannot_be_imitated(respond: Any) -> None:
    with pytest.raises(ConfigError, match="'sum/0' has no gold answer"):
        respond(replace(TASK, reference=None))


def test_batch_is_prompt_then_response_padded_on_the_right() -> None:
    batch = sft_batch([((5, 6), (7, 1)), ((5,), (8, 9, 10, 1))], pad_token_id=0)
    assert batch.token_ids_BT.tolist() == [[5, 6, 7, 1, 0], [5, 8, 9, 10, 1]]
    assert batch.attention_mask_BT.tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_loss_mask_covers_the_response_alone() -> None:
    batch = sft_batch([((5, 6), (7, 1)), ((5,), (8, 9, 10, 1))], pad_token_id=0)
    assert batch.loss_mask_BT.tolist() == [[0, 0, 1, 1, 0], [0, 1, 1, 1, 1]]
    assert (batch.totals.num_sequences, batch.totals.num_tokens) == (2, 6)


@pytest.mark.parametrize(("share", "response"), [(1.0, worked_response(TASK)), (0.0, terse_response(TASK))])
def test_worked_share_decides_what_the_examples_show(share: float, response: str) -> None:
    prompt_ids, response_ids = CODEC.encode("2+3=?"), (*CODEC.encode(response), *EOS)
    expected = sft_batch([(prompt_ids, response_ids)] * 4, pad_token_id=CODEC.pad_token_id)
    ours, by_hand = phase(only(TASK), worked_share=share), phase(only(TASK))
    assert ours.step(0)["train/loss"] == pytest.approx(by_hand.learner.step(expected, nll)["loss"], rel=1e-5)


def nll(outputs: Any, batch: Any) -> Any:
    from agents.types import LossOutput

    loss = -(outputs.logprobs_BT * batch.loss_mask_BT).sum() / batch.totals.num_tokens
    return LossOutput(loss=loss, metrics={"loss": loss.detach()})


def test_training_lowers_the_loss() -> None:
    ours = phase(only(TASK))
    losses = [ours.step(step)["train/loss"] for step in range(20)]
    assert losses[0] > 5
    assert losses[-1] < losses[0] / 2


def test_metrics_of_a_step_are_loss_gradient_norm_and_learning_rate() -> None:
    metrics = phase().step(0)
    assert set(metrics) == {"train/loss", "train/grad_norm", "train/learning_rate"}
    assert metrics["train/learning_rate"] == RATE.learning_rate


def test_examples_of_a_step_depend_on_seed_and_step_alone() -> None:
    fresh, late = phase(), phase()
    assert fresh.step(3)["train/loss"] == late.step(3)["train/loss"]
    losses = {phase(seed=seed).step(step)["train/loss"] for seed, step in [(0, 3), (0, 4), (1, 3)]}
    assert len(losses) == 3


def test_chat_template_is_used_for_the_prompt_where_the_codec_does() -> None:
    chat = TextCodec(CODEC.tokenizer, use_chat_template=True)
    assert phase(codec=chat).step(0)["train/loss"] != phase().step(0)["train/loss"]


def test_a_step_changes_the_weights_in_evaluation_mode() -> None:
    ours = phase()
    before = ours.learner.policy.head.module.weight.clone()
    ours.step(0)
    assert not torch.equal(before, ours.learner.policy.head.module.weight)
    assert not ours.learner.policy.training
