"""The published hyper-parameters of DeepSeek-R1, with the place of each beside it.

v1 is arXiv 2501.12948v1; M the Methods of the Nature article (doi:10.1038/s41586-025-09422-z), SI its supplement.

What the paper does not print is marked "chosen". It takes a cluster to run this; `qwen` is for one GPU.
"""

from __future__ import annotations

from pathlib import Path

from agents.algorithms import GRPO
from agents.config import EnvConfig, PolicyConfig, RLConfig, RolloutConfig, SFTConfig
from agents.learner import OptimizerConfig, UpdateConfig
from agents.pipeline.collection.hooks import JudgeSource, RefinerSource
from agents.pipeline.r1.parts import answered, cold_start, existing, measures, rejection
from agents.pipeline.r1.recipe import R1Recipe, Student, r1_pipeline
from agents.pipeline.stage import Pipeline
from agents.pipeline.stages.models import GivenModel
from agents.pipeline.stages.training import INPUT_SAMPLES

__all__ = ["r1"]

_CONTEXT = 32_768
"""Length of responses, and of the sequences of supervised stages."""
_QUESTIONS, _GROUP = 512, 16
"""A rollout of 8,192 outputs: 16 steps of 32 questions with 16 outputs each."""
_MINIBATCHES = 16


def _rl(
    num_steps: int,
    *,
    clip: float,
    max_new_tokens: int = _CONTEXT,
    temperature: float = 1.0,
    reference_steps: int | None = 400,
) -> RLConfig:
    """Return RL of so many optimizer steps; a rollout is cut into 16 of them, with one inner epoch.

    Args:
        num_steps: a multiple of 16.
        clip: ε. Above 1 it bounds ratios from above alone.
        max_new_tokens: of a response.
        temperature: of sampling.
        reference_steps: after how many steps the reference policy becomes the current one.
    """
    return RLConfig(
        num_steps=num_steps // _MINIBATCHES,
        algorithm=GRPO(clip_low=min(clip, 1.0), clip_high=clip, kl_coef=0.001),  # β: M
        rollout=RolloutConfig(
            num_prompts=_QUESTIONS, group_size=_GROUP, max_new_tokens=max_new_tokens, temperature=temperature
        ),
        optimizer=OptimizerConfig(learning_rate=3e-6),  # M "Training details of DeepSeek-R1-Zero"
        update=UpdateConfig(num_minibatches=_MINIBATCHES, max_tokens_per_microbatch=2 * max_new_tokens),
        reference_every=None if reference_steps is None else reference_steps // _MINIBATCHES,
    )


def _sft(learning_rate: float, *, batch_size: int, num_epochs: float) -> SFTConfig:
    return SFTConfig(
        samples=INPUT_SAMPLES,
        num_epochs=num_epochs,
        batch_size=batch_size,
        max_tokens_per_microbatch=2 * _CONTEXT,
        optimizer=OptimizerConfig(
            learning_rate=learning_rate, schedule="cosine", final_learning_rate=learning_rate / 10
        ),
    )


def r1(
    model: str,
    tasks: str,
    mixed_tasks: str,
    held_out: str = "aime",
    existing_data: Path | None = None,
    student: str | None = None,
    student_learning_rate: float = 1e-4,
    refine: RefinerSource | None = None,
    judge: JudgeSource | None = None,
) -> Pipeline:
    """Run the recipe with the published numbers.

    Args:
        model: the base, a hub name or checkpoint folder.
        tasks: reasoning tasks: a name, a file or a folder. The paper has 26k of mathematics, 17k (8k of bug fixing) of
            code, 22k of STEM and 15k of logic.
        mixed_tasks: reasoning tasks and general requests, whose metadata has `preference_set`. The paper has 66k for
            helpfulness and 12k for harmlessness.
        held_out: what is measured on; its questions are filtered out by 10-grams.
        existing_data: rows with prompt and solution, in place of its 200k non-reasoning samples (SI 2.3.3).
        student: the base that is distilled into.
        student_learning_rate: 1e-4 for 1.5B, 8e-5 for 7B, 7e-5 for 14B, 6e-5 for 32B, 5e-5 for Llama 8B, 2e-5 for 70B.
        refine: rewrites cold-start data, as module:attribute.
        judge: judges what no rule can, as module:attribute.
    """
    reasoning = answered(tasks, split="train")
    return r1_pipeline(
        R1Recipe(
            name="r1",
            base=GivenModel(name="base", path=model),
            env=EnvConfig(tasks=reasoning, template="r1_zero", reward="r1_zero"),
            mixed_tasks=mixed_tasks,
            zero=(  # 10,400 steps, longer responses from step 8,200 on: M; ε: chosen
                _rl(8_192, clip=0.2),
                _rl(2_208, clip=0.2, max_new_tokens=2 * _CONTEXT),
            ),
            cold_start=cold_start(  # thousands of samples: v1 2.3.1; how many are asked for: chosen
                num_tasks=2_000, max_new_tokens=_CONTEXT, held_out=held_out, refine=refine, judge=judge
            ),
            sft1=_sft(5e-5, batch_size=128, num_epochs=2.0),  # 2 to 3 epochs, for both stages: SI 2.4.2
            rl1=_rl(4_000, clip=10.0),  # ε: M "Training details of the first RL stage"; steps: chosen
            rejection=(  # about 600k reasoning samples: SI 2.3.3; how many are asked for: chosen
                rejection("rl1", num_tasks=len(reasoning), max_new_tokens=_CONTEXT, held_out=held_out, judge=judge),
                *existing(existing_data),
            ),
            sft2=_sft(5e-5, batch_size=128, num_epochs=2.0),
            rl2=_rl(
                1_296, clip=10.0, temperature=0.7
            ),  # 1,700 steps, T 0.7: M "Training details of the second RL stage"
            rl2_preferences=_rl(400, clip=10.0, temperature=0.7),  # preference rewards in the last 400
            student=None if student is None else _student(student, student_learning_rate),
            measures=measures(held_out, num_tasks=500, num_samples=64, max_new_tokens=_CONTEXT),
            policy=PolicyConfig(dtype="bfloat16", gradient_checkpointing=True, device="cuda"),
            checkpoint_every=10,
        )
    )


def _student(path: str, learning_rate: float) -> Student:
    return Student(
        base=GivenModel(name="student_base", path=path),
        distillation=_sft(learning_rate, batch_size=64, num_epochs=2.0),  # SI 2.4.3
        rl=_rl(10_000, clip=0.2),  # more than 10K steps: SI 6.1
    )
