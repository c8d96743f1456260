"""The choices of the project train-deepseek-r1: its data, its five rewards, its template, its numbers.

It trains R1-Zero on NuminaMath-TIR and fine-tunes the same model on Bespoke-Stratos-17k. What it only describes (the
stages behind) is filled in from the same data. Its training arguments are the source of the numbers; those that it
leaves to TRL are TRL's defaults of that time. It cuts sequences at 4,096 tokens; here none is cut.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agents.algorithms import GRPO
from agents.config import EnvConfig, PolicyConfig, RLConfig, RolloutConfig, SFTConfig, Tasks
from agents.errors import ConfigError
from agents.learner import OptimizerConfig, UpdateConfig
from agents.pipeline.collection.filters import Correct, Distinct
from agents.pipeline.collection.sources import Given
from agents.pipeline.r1.parts import answered, measures, rejection
from agents.pipeline.r1.recipe import R1Recipe, r1_pipeline
from agents.pipeline.stage import Pipeline
from agents.pipeline.stages.models import GivenModel
from agents.pipeline.stages.training import INPUT_SAMPLES
from agents.policies.precision import DtypeName
from reasonenv.types import Task

__all__ = ["thought_and_summary", "train_deepseek_r1"]


def thought_and_summary(task: Task[Any], seed: int) -> str:
    """Return a row of Bespoke-Stratos-17k as a response: its thought, then its summary.

    Raises:
        ConfigError: the row has none.
    """
    del seed
    summary = task.metadata.get("summary")
    if task.solution is None or summary is None:
        raise ConfigError(f"Task {task.task_id!r} has no thought and summary: give rows of Bespoke-Stratos-17k.")
    return f"<think>{task.solution.strip()}</think>\n<answer>{str(summary).strip()}</answer>"


def train_deepseek_r1(
    model: str = "Qwen/Qwen2.5-0.5B-Instruct",
    numina: str = "numina_tir",
    stratos: str = "bespoke_stratos",
    held_out: str = "numina_tir",
    num_zero_steps: int = 4_500,
    num_sampled_tasks: int = 2_000,
    max_new_tokens: int = 256,
    batch_size: int = 16,
    group_size: int = 8,
    compat_rewards: bool = False,
    device: str = "cuda",
    dtype: DtypeName = "bfloat16",
) -> Pipeline:
    """Run the recipe with the choices of train-deepseek-r1.

    Args:
        model: the model, a hub name or checkpoint folder.
        numina: NuminaMath-TIR, by its name or a file of its rows.
        stratos: Bespoke-Stratos-17k, by its name or a file of its rows.
        held_out: what is measured on, by its test split.
        num_zero_steps: one epoch of NuminaMath-TIR's 72,441 rows, 16 at a time.
        num_sampled_tasks: for rejection sampling.
        max_new_tokens: of a response.
        batch_size: questions of an RL step, and samples of an SFT step: 8 a device, accumulated twice.
        group_size: responses to a question.
        compat_rewards: pay exactly what the project pays, wrong answers for their looks included.
        device: as `PolicyConfig.device`.
        dtype: as `PolicyConfig.dtype`.
    """
    reasoning = answered(numina, split="train", data_set="numina_tir")
    stratos_tasks = answered(stratos, split="train", data_set="bespoke_stratos")
    measured_on = answered(held_out, split="test", data_set="numina_tir")
    five_rewards = "compat_train_deepseek_r1" if compat_rewards else "train_deepseek_r1"
    rl = _rl(
        num_zero_steps,
        RolloutConfig(num_prompts=batch_size, group_size=group_size, max_new_tokens=max_new_tokens, temperature=0.9),
    )
    later = replace(rl, num_steps=max(1, num_zero_steps // 10), optimizer=OptimizerConfig(learning_rate=5e-6))
    sampled = rejection(
        "rl1", num_tasks=num_sampled_tasks, max_new_tokens=max_new_tokens, held_out=measured_on, judge=None
    )
    return r1_pipeline(
        R1Recipe(
            name="r1",
            base=GivenModel(name="base", path=model),
            env=EnvConfig(tasks=reasoning, template="r1_zero", use_chat_template=True, reward=five_rewards),
            mixed_tasks=reasoning,
            zero=(rl,),
            cold_start=(_given(stratos_tasks),),
            sft1=_sft(batch_size),
            rl1=later,
            rejection=(sampled,),
            sft2=_sft(batch_size),
            rl2=later,
            rl2_preferences=replace(later, num_steps=1),
            measures=measures(measured_on, num_tasks=99, num_samples=4, max_new_tokens=max_new_tokens),
            policy=PolicyConfig(dtype=dtype, device=device, gradient_checkpointing=True),
        )
    )


def _rl(num_steps: int, rollout: RolloutConfig) -> RLConfig:
    return RLConfig(
        num_steps=num_steps,
        algorithm=GRPO(kl_coef=0.04),
        rollout=rollout,
        optimizer=OptimizerConfig(learning_rate=5e-5, num_warmup_steps=num_steps // 10, weight_decay=0.01),
        update=UpdateConfig(max_tokens_per_microbatch=16_384),
    )


def _sft(batch_size: int) -> SFTConfig:
    return SFTConfig(
        samples=INPUT_SAMPLES,
        num_epochs=1.0,
        batch_size=batch_size,
        max_tokens_per_microbatch=32_768,
        optimizer=OptimizerConfig(learning_rate=2e-5, schedule="cosine", weight_decay=0.01),
    )


def _given(tasks: Tasks) -> Given:
    return Given(
        name="bespoke_stratos",
        tasks=tasks,
        response=f"{__name__}:thought_and_summary",
        filters=(Correct(allows_unknown=True), Distinct()),
    )
