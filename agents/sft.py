"""Supervised fine-tuning on a task set's worked solutions, in the format that the rewards ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from agents.config import SFTStage
from agents.errors import ConfigError
from agents.learner import Learner
from agents.losses import sft_loss, totals_of
from agents.rollout.assemble import pad_rows
from agents.rollout.codec import TextCodec
from agents.seeds import derive_seed
from agents.types import LossOutput, PolicyOutputs, TokenBatch, TokenIds
from reasonenv.prompts import PromptTemplate
from reasonenv.tasksets import TaskSet
from reasonenv.types import CodeReference, MathReference, QAReference, Task

__all__ = ["SFTPhase", "encoded_example", "sft_batch", "terse_response", "worked_response"]


def worked_response(task: Task[Any]) -> str:
    """Return the worked solution between think tags, then the gold answer.

    Raises:
        ConfigError: the task has no solution, or no gold answer.
    """
    if task.solution is None:
        raise ConfigError(
            f"Task {task.task_id!r} has no worked solution to imitate: use worked_share=0 in "
            "every supervised stage (--cold-start.0.worked-share 0 and so on), or other tasks."
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


def sft_batch(examples: Sequence[tuple[TokenIds, TokenIds]], *, pad_token_id: int) -> TokenBatch:
    """Return (prompt ids, response ids) pairs as a right-padded batch whose loss mask covers the responses."""
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
    )


@dataclass(frozen=True)
class SFTPhase:
    """Steps of supervised fine-tuning. Step k's examples depend on (seed, k) alone, so a run can resume anywhere."""

    config: SFTStage
    template: PromptTemplate
    tasks: TaskSet
    codec: TextCodec
    learner: Learner
    seed: int

    def step(self, step: int) -> dict[str, float]:
        """Take one optimizer step; return the `train/…` metrics of `docs/metrics.md`."""
        rng = np.random.default_rng(derive_seed(self.seed, "examples", step))
        indices = rng.integers(len(self.tasks), size=self.config.batch_size)
        is_worked = rng.random(self.config.batch_size) < self.config.worked_share
        batch = sft_batch(
            [self._example(self.tasks[int(index)], worked) for index, worked in zip(indices, is_worked, strict=True)],
            pad_token_id=self.codec.pad_token_id,
        ).to(self.learner.device)
        metrics = self.learner.step(batch, _loss, self.config.max_tokens_per_microbatch)
        return {name if "/" in name else f"train/{name}": value for name, value in metrics.items()}

    def _example(self, task: Task[Any], worked: bool) -> tuple[TokenIds, TokenIds]:
        return encoded_example(task, self.template, self.codec, is_worked=worked)


def _loss(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return sft_loss(outputs.logprobs_BT, batch.loss_mask_BT, totals=batch.totals)
