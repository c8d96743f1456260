"""The recipe for one GPU: the published order and ratios, with fewer steps and shorter responses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.algorithms import GRPO
from agents.algorithms.distillation import Distillation
from agents.config import EnvConfig, PolicyConfig, RLConfig, RolloutConfig, SFTConfig
from agents.learner import OptimizerConfig, UpdateConfig
from agents.pipeline.collection.hooks import JudgeSource, RefinerSource
from agents.pipeline.r1.parts import answered, cold_start, existing, measures, rejection
from agents.pipeline.r1.recipe import R1Recipe, Student, r1_pipeline
from agents.pipeline.stage import Pipeline
from agents.pipeline.stages.measuring import Measure
from agents.pipeline.stages.models import GivenModel
from agents.pipeline.stages.training import INPUT_SAMPLES
from agents.policies.precision import DtypeName

__all__ = ["Sizes", "qwen_0_5b"]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything."""

    max_new_tokens: int = 1024
    num_rl_steps: int = 200
    """Of Zero, RL-1, and RL-2 each; preferences take part in the last quarter of RL-2."""
    num_prompts: int = 32
    group_size: int = 16
    cold_start_tasks: int = 1000
    """For each of its three sources."""
    rejection_tasks: int = 3000
    num_epochs: float = 2.0
    batch_size: int = 64
    held_out_tasks: int = 200
    held_out_samples: int = 8


def qwen_0_5b(
    model: str = "Qwen/Qwen2.5-0.5B",
    student: str | None = None,
    tasks: str = "gsm8k",
    data_set: str | None = None,
    mixed_tasks: str = "procedural_mixed",
    held_out: str = "gsm8k",
    existing_data: Path | None = None,
    refine: RefinerSource | None = None,
    judge: JudgeSource | None = None,
    device: str = "cuda",
    dtype: DtypeName = "bfloat16",
    sizes: Sizes = Sizes(),
) -> Pipeline:
    """Run every stage on a model of half a billion parameters, or any other, on one GPU.

    Args:
        model: the base, a hub name or checkpoint folder.
        student: the base that is distilled into, with reinforcement learning alone as its control; none by default.
        tasks: reasoning tasks with gold answers and worked solutions: a name, a file or a folder.
        data_set: the public data set whose rows a file of `tasks` holds.
        mixed_tasks: reasoning tasks and general requests, of RL-2.
        held_out: what is measured on.
        existing_data: rows with prompt and solution, the non-reasoning data of SFT-2.
        refine: rewrites cold-start data, as module:attribute.
        judge: judges what no rule can, as module:attribute.
        device: as `PolicyConfig.device`.
        dtype: as `PolicyConfig.dtype`.
        sizes: how much of everything.
    """
    reasoning = answered(tasks, split="train", data_set=data_set)
    learned = _sft(sizes, 1e-5)
    sampled = rejection(
        "rl1", num_tasks=sizes.rejection_tasks, max_new_tokens=sizes.max_new_tokens, held_out=held_out, judge=judge
    )
    return r1_pipeline(
        R1Recipe(
            name="r1",
            base=GivenModel(name="base", path=model),
            env=EnvConfig(tasks=reasoning, template="r1_zero", reward="r1_zero"),
            mixed_tasks=mixed_tasks,
            zero=(_rl(sizes, sizes.num_rl_steps),),
            cold_start=cold_start(
                num_tasks=sizes.cold_start_tasks,
                max_new_tokens=sizes.max_new_tokens,
                held_out=held_out,
                refine=refine,
                judge=judge,
            ),
            sft1=learned,
            rl1=_rl(sizes, sizes.num_rl_steps),
            rejection=(sampled, *existing(existing_data)),
            sft2=learned,
            rl2=_rl(sizes, sizes.num_rl_steps - sizes.num_rl_steps // 4, temperature=0.7),
            rl2_preferences=_rl(sizes, max(1, sizes.num_rl_steps // 4), temperature=0.7),
            student=None if student is None else _student(student, sizes),
            measures=_measures(held_out, sizes),
            policy=PolicyConfig(dtype=dtype, device=device, gradient_checkpointing=True),
        )
    )


def _measures(held_out: str, sizes: Sizes) -> tuple[Measure, ...]:
    return measures(
        held_out,
        num_tasks=sizes.held_out_tasks,
        num_samples=sizes.held_out_samples,
        max_new_tokens=sizes.max_new_tokens,
    )


def _rl(sizes: Sizes, num_steps: int, *, temperature: float = 1.0) -> RLConfig:
    return RLConfig(
        num_steps=num_steps,
        algorithm=GRPO(clip_high=0.28, kl_coef=0.001),
        rollout=_rollout(sizes, temperature),
        optimizer=OptimizerConfig(learning_rate=1e-6, num_warmup_steps=10),
        update=UpdateConfig(max_tokens_per_microbatch=16_384),
        reference_every=400,
    )


def _rollout(sizes: Sizes, temperature: float = 1.0) -> RolloutConfig:
    return RolloutConfig(
        num_prompts=sizes.num_prompts,
        group_size=sizes.group_size,
        max_new_tokens=sizes.max_new_tokens,
        temperature=temperature,
    )


def _sft(sizes: Sizes, learning_rate: float) -> SFTConfig:
    return SFTConfig(
        samples=INPUT_SAMPLES,
        num_epochs=sizes.num_epochs,
        batch_size=sizes.batch_size,
        max_tokens_per_microbatch=16_384,
        optimizer=OptimizerConfig(
            learning_rate=learning_rate, schedule="cosine", final_learning_rate=learning_rate / 10
        ),
    )


def _student(path: str, sizes: Sizes) -> Student:
    return Student(
        base=GivenModel(name="student_base", path=path),
        distillation=_sft(sizes, 1e-4),  # as published for 1.5B
        on_policy=RLConfig(
            num_steps=sizes.num_rl_steps,
            algorithm=Distillation(),
            rollout=_rollout(sizes),
            optimizer=OptimizerConfig(learning_rate=1e-6, num_warmup_steps=10),
            update=UpdateConfig(max_tokens_per_microbatch=16_384),
        ),
        rl=_rl(sizes, sizes.num_rl_steps),
    )
