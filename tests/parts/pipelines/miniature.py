"""The R1 recipe in seconds: a base of a few steps, a few tasks, no demand on any answer."""

from __future__ import annotations

from dataclasses import replace

from agents.algorithms import GRPO
from agents.algorithms.distillation import Distillation
from agents.config import EnvConfig, PolicyConfig, RLConfig, RolloutConfig, SFTConfig
from agents.learner import OptimizerConfig
from agents.pipeline import Pipeline
from agents.pipeline.base import BaseConfig, PretrainingPhase
from agents.pipeline.collection.filters import Distinct
from agents.pipeline.collection.prompts import FewShot, Instructed
from agents.pipeline.collection.sources import Given, Sampled
from agents.pipeline.r1.recipe import R1Recipe, Student, r1_pipeline
from agents.pipeline.stages.measuring import Measure
from agents.pipeline.stages.models import Pretrained
from agents.pipeline.stages.training import INPUT_SAMPLES

TOKENS = 12
BASE = BaseConfig(
    hidden_size=32,
    num_layers=1,
    num_heads=1,
    head_dim=32,
    intermediate_size=64,
    phases=(PretrainingPhase(num_steps=4, learning_rate=4e-3, choice_share=0.25),),
    num_rows=4,
    min_accuracy=None,
)


def rl(num_steps: int = 2, *, temperature: float = 1.0, algorithm: GRPO | Distillation | None = None) -> RLConfig:
    return RLConfig(
        num_steps=num_steps,
        algorithm=algorithm or GRPO(),
        rollout=RolloutConfig(num_prompts=2, group_size=2, max_new_tokens=TOKENS, temperature=temperature),
        optimizer=OptimizerConfig(learning_rate=1e-4),
    )


def sampled(name: str, checkpoint: str, form: FewShot | Instructed | None = None) -> Sampled:
    return Sampled(
        name=name,
        checkpoint=checkpoint,
        num_tasks=4,
        num_samples=2,
        max_new_tokens=TOKENS,
        filters=(Distinct(),),
        **({} if form is None else {"form": form}),
    )


def recipe(num_processes: int = 1) -> R1Recipe:
    sft = SFTConfig(samples=INPUT_SAMPLES, num_epochs=1.0, batch_size=4, optimizer=OptimizerConfig(learning_rate=1e-3))
    measures = (
        Measure(name="reasoning", reward="r1_zero", num_tasks=4, num_samples=2, num_greedy=4, max_new_tokens=TOKENS),
        Measure(
            name="requests",
            tasks="tiny_requests",
            reward={"format": 1.0},
            num_tasks=4,
            num_samples=2,
            max_new_tokens=TOKENS,
            truth="reasonenv.tasksets.tiny_world:judge_request",
        ),
    )
    return R1Recipe(
        name="miniature",
        base=Pretrained(name="base", config=BASE),
        env=EnvConfig(tasks="tiny_reasoning", template="plain", use_chat_template=True, reward="r1_zero"),
        language_reward="r1_reasoning",
        mixed_tasks="tiny_mixed",
        mixed_rule_reward={"format": 1.0, "language_consistency": 1.0},
        mixed_reward={"format": 1.0, "language_consistency": 1.0},
        zero=(rl(),),
        cold_start=(
            sampled("few_shot", "base", FewShot(separator="<eos>")),
            sampled("direct", "base", Instructed(before={"en": "think. ", "zh": "请想。"})),
            sampled("zero", "zero"),
        ),
        sft1=sft,
        rl1=rl(),
        rejection=(sampled("rl1", "rl1"), Given(name="worked", num_tasks=4)),
        sft2=sft,
        rl2=rl(temperature=0.7),
        rl2_preferences=rl(1, temperature=0.7),
        distillation_data=(sampled("rl2", "rl2"),),
        student=Student(
            base=Pretrained(name="student_base", config=BASE),
            distillation=sft,
            on_policy=rl(algorithm=Distillation()),
            rl=rl(),
        ),
        measures=measures,
        policy=PolicyConfig(num_threads=1),
        checkpoint_every=1,
        num_processes=num_processes,
        num_threads=1,
    )


def miniature(num_processes: int = 1) -> Pipeline:
    """Return the pipeline."""
    return r1_pipeline(recipe(num_processes))


def training_longer() -> Pipeline:
    """Return the base and R1-Zero with forty steps."""
    pipeline = r1_pipeline(replace(recipe(), zero=(rl(40),), checkpoint_every=5))
    return replace(pipeline, stages=(pipeline.stage("base"), pipeline.stage("zero")))
