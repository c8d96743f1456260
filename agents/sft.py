"""Supervised fine-tuning: on a task set's worked solutions, in the format that the rewards ask for, or on samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from agents.config import SFTConfig, SFTSample
from agents.errors import ConfigError
from agents.learner import Learner
from agents.losses import sft_loss, totals_of
from agents.rollout.assemble import pad_rows
from agents.rollout.codec import TextCodec
from agents.seeds import derive_seed, indices_of_step
from agents.types import LossOutput, PolicyOutputs, TokenBatch, TokenIds
from reasonenv.prompts import PromptTemplate
from reasonenv.tasksets import TaskSet
from reasonenv.types import CodeReference, MathReference, QAReference, Task

__all__ = [
    "Examples",
    "SFTPhase",
    "SampleExamples",
    "TaskExamples",
    "encoded_example",
    "encoded_sample",
    "sft_batch",
    "terse_response",
    "worked_response",
]


def worked_response(task: Task[Any]) -> str:
    """Return the worked solution between think tags, then the gold answer.

    Raises:
        ConfigError: the task has no solution, or no gold answer.
    """
    if task.solution is None:
        raise ConfigError(
            f"Task {task.task_id!r} has no worked solution to imitate: use worked_share=0 in every supervised phase "
            "(--cold-start-1.worked-share 0 and so on), or other tasks."
        )
    return f"<think>{task.solution}</think><answer>{_gold_answer(task)}</answer>"


def terse_response(task: Task[Any]) -> str:
    """Return the gold answer in the same format, without any working: the thinking is a lone question mark.

    Raises:
        ConfigError: the task has no gold answer.
    """
    return f"<think>?</think><answer>{_gold_answer(task)}</answer>"


def _gold_answer(task: Task[Any]) -> str:
    reference = task.reference
    if isinstance(reference, CodeReference) and reference.reference_program is not None:
        return f"\n```python\n{reference.reference_program.rstrip()}\n```\n"
    if not isinstance(reference, MathReference | QAReference) or not reference.answer:
        raise ConfigError(f"Task {task.task_id!r} has no gold answer to imitate: use tasks that have one.")
    return reference.answer


def encoded_example(
    task: Task[Any], template: PromptTemplate, codec: TextCodec, *, is_worked: bool
) -> tuple[TokenIds, TokenIds]:
    """Return the ids of a task's prompt, and of the response to imitate with its end of turn.

    Raises:
        ConfigError: the task has no such response.
    """
    prompt = codec.encode_prompt(template.text(task), template.messages(task))
    response = worked_response(task) if is_worked else terse_response(task)
    if codec.opened_thinking(prompt):
        response = response.removeprefix("<think>")
    return prompt, (*codec.encode(response), codec.end_of_turn_id)


def encoded_sample(sample: SFTSample, codec: TextCodec) -> tuple[TokenIds, TokenIds]:
    """Return the ids of a sample's prompt, and of its response with the end of turn.

    Raises:
        ConfigError: the sample has messages and the tokenizer no chat template, or one that refuses them.
    """
    own = codec.for_messages if sample.messages else codec
    prompt = codec.encode_text(sample.prompt) if sample.prompt is not None else own.encode_prompt("", sample.messages)
    response = sample.response
    if own.opened_thinking(prompt):
        response = response.removeprefix("<think>")
    return prompt, (*own.encode(response), own.end_of_turn_id)


def sft_batch(
    examples: Sequence[tuple[TokenIds, TokenIds]], *, pad_token_id: int, weights: Sequence[float] | None = None
) -> TokenBatch:
    """Return (prompt ids, response ids) pairs as a right-padded batch whose loss mask covers the responses.

    Args:
        examples: one a row.
        pad_token_id: fills rows to equal length.
        weights: of the examples in the loss; None is 1 for each.
    """
    rows = [(*prompt, *response) for prompt, response in examples]
    loss_mask_BT = pad_rows([[0] * len(prompt) + [1] * len(response) for prompt, response in examples], 0.0)
    return TokenBatch(
        token_ids_BT=pad_rows(rows, pad_token_id),
        attention_mask_BT=pad_rows([[1] * len(row) for row in rows], 0),
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=torch.zeros_like(loss_mask_BT),
        rewards_B=torch.zeros(len(rows)),
        group_ids_B=torch.zeros(len(rows), dtype=torch.int64),
        totals=totals_of(loss_mask_BT),
        token_weights_BT=None if weights is None else loss_mask_BT * torch.tensor(weights).unsqueeze(1),
    )


class Examples(Protocol):
    """Where the examples of a step come from."""

    def batch(self, step: int) -> TokenBatch:
        """Return those of a step, which depend on the step and the phase's seed alone."""
        ...


@dataclass(frozen=True)
class TaskExamples:
    """The worked solutions of tasks, or their bare answers."""

    config: SFTConfig
    template: PromptTemplate
    tasks: TaskSet
    codec: TextCodec
    seed: int

    def batch(self, step: int) -> TokenBatch:
        """Draw tasks, and which of them show their solution."""
        rng = np.random.default_rng(derive_seed(self.seed, "examples", step))
        indices = rng.integers(len(self.tasks), size=self.config.batch_size)
        is_worked = rng.random(self.config.batch_size) < self.config.worked_share
        examples = [
            encoded_example(self.tasks[int(index)], self.template, self.codec, is_worked=bool(worked))
            for index, worked in zip(indices, is_worked, strict=True)
        ]
        return sft_batch(examples, pad_token_id=self.codec.pad_token_id)


@dataclass(frozen=True)
class SampleExamples:
    """Samples, epoch after epoch."""

    config: SFTConfig
    samples: Sequence[SFTSample]
    codec: TextCodec
    seed: int

    def batch(self, step: int) -> TokenBatch:
        """Take the next samples of the epoch's order."""
        indices = indices_of_step(step, self.config.batch_size, len(self.samples), seed=self.seed)
        samples = [self.samples[index] for index in indices]
        return sft_batch(
            [encoded_sample(sample, self.codec) for sample in samples],
            pad_token_id=self.codec.pad_token_id,
            weights=[sample.weight for sample in samples],
        )


@dataclass(frozen=True)
class SFTPhase:
    """Steps of supervised fine-tuning. Step k's examples depend on (seed, k) alone, so a run can resume anywhere."""

    config: SFTConfig
    examples: Examples
    learner: Learner

    def step(self, step: int) -> dict[str, float]:
        """Take one optimizer step; return the `train/…` metrics of `docs/metrics.md`."""
        batch = self.examples.batch(step).to(self.learner.device)
        metrics = self.learner.step(batch, _loss, self.config.max_tokens_per_microbatch)
        return {name if "/" in name else f"train/{name}": value for name, value in metrics.items()}


def _loss(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return sft_loss(outputs.logprobs_BT, batch.loss_mask_BT, weights_BT=batch.token_weights_BT, totals=batch.totals)
