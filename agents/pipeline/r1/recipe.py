"""The stages of DeepSeek-R1 and what each is made from; a preset fills in the numbers.

base ─┬─ zero ──────────────┐
      ├─────────────── cold_start ─┐
      ├─ sft1 ◄────────────────────┘
      │   ├─ rl1 ── rejection ─┐                          student_base ─┬─ student_rl
      │   └─ rl1_without_language                                      ├─ distillation ── on_policy_distillation
      └─ sft2 ◄────────────────┘                                       │    ▲
          └─ rl2 ── distillation_data ─────────────────────────────────┴────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agents.algorithms.distillation import Distillation
from agents.config import EnvConfig, PolicyConfig, Rewards, RLConfig, SFTConfig, Tasks
from agents.errors import ConfigError
from agents.pipeline.collection.sources import Source
from agents.pipeline.stage import Pipeline, Stage
from agents.pipeline.stages.collecting import Collecting
from agents.pipeline.stages.measuring import Measure, Measuring
from agents.pipeline.stages.tabulating import Tabulating
from agents.pipeline.stages.training import Training

__all__ = ["R1Recipe", "Student", "r1_pipeline"]


@dataclass(frozen=True, kw_only=True)
class Student:
    """A smaller model that learns from the last stage, and by itself as the control."""

    base: Stage
    """Named "student_base"."""
    distillation: SFTConfig
    on_policy: RLConfig | None = None
    """On-policy distillation behind it; its algorithm is `Distillation`."""
    rl: RLConfig | None = None
    """The control: reinforcement learning alone, from the student's base."""
    other_base: Stage | None = None
    """A base of another architecture, named "other_base", which is distilled into as well."""


@dataclass(frozen=True, kw_only=True)
class R1Recipe:
    """The numbers of a preset, stage by stage."""

    name: str
    base: Stage
    """Named "base"."""
    env: EnvConfig
    """Reasoning tasks, the template, and R1-Zero's reward."""
    language_reward: Rewards = "r1_reasoning"
    """Of the reasoning stage: with language consistency."""
    mixed_tasks: Tasks
    """Reasoning tasks and general requests, of the last stage."""
    mixed_rule_reward: Rewards = "agents.pipeline.r1.parts:rules"
    """Of the last stage before preferences take part."""
    mixed_reward: Rewards = "r1_all_scenarios"
    """Of its last share: rules, helpfulness or safety."""
    zero: tuple[RLConfig, ...]
    """One phase after the other, which share the optimizer."""
    cold_start: tuple[Source, ...]
    """Sources may sample from the inputs "base" and "zero"."""
    sft1: SFTConfig
    rl1: RLConfig
    rejection: tuple[Source, ...]
    """Sources may sample from the input "rl1"; those of the non-reasoning data are given."""
    sft2: SFTConfig
    rl2: RLConfig
    rl2_preferences: RLConfig
    """The last share of RL-2, with the preference rewards."""
    distillation_data: tuple[Source, ...] = ()
    """Sources may sample from the input "rl2"; the data of SFT-2 is added. Empty distils on that data alone."""
    student: Student | None = None
    measures: tuple[Measure, ...]
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    student_policy: PolicyConfig | None = None
    """None is `policy`."""
    checkpoint_every: int = 50
    num_processes: int = 1
    num_threads: int | None = None

    def __post_init__(self) -> None:
        if self.base.name != "base":
            raise ConfigError(f"The base of a recipe must be a stage named 'base', got {self.base.name!r}.")


def r1_pipeline(recipe: R1Recipe, *more: Stage) -> Pipeline:
    """Return the pipeline of a recipe.

    Args:
        recipe: the numbers.
        more: stages of your own, which may take what any other makes.
    """
    making = [*_teacher_stages(recipe), *_student_stages(recipe)]
    measuring = _measuring_stages(recipe, [stage for stage in making if not isinstance(stage, Collecting)])
    return Pipeline(
        name=recipe.name,
        stages=(*making, *measuring, *more),
        num_processes=recipe.num_processes,
        num_threads=recipe.num_threads,
    )


def _teacher_stages(recipe: R1Recipe) -> list[Stage]:
    with_language = replace(recipe.env, reward=recipe.language_reward)
    mixed = replace(recipe.env, tasks=recipe.mixed_tasks, columns=None, data_set=None, reward=recipe.mixed_rule_reward)
    preferences = replace(
        recipe.rl2_preferences, name="preferences", env=replace(mixed, reward=recipe.mixed_reward), keeps_optimizer=True
    )
    return [
        recipe.base,
        _training(recipe, "zero", "base", *_numbered(recipe.zero)),
        _collecting(recipe, "cold_start", recipe.cold_start, ("base", "zero")),
        _training(recipe, "sft1", "base", replace(recipe.sft1, name="sft"), samples=("cold_start",)),
        _training(recipe, "rl1", "sft1", replace(recipe.rl1, name="rl", env=with_language)),
        _training(recipe, "rl1_without_language", "sft1", replace(recipe.rl1, name="rl")),
        _collecting(recipe, "rejection", recipe.rejection, ("rl1",)),
        _training(recipe, "sft2", "base", replace(recipe.sft2, name="sft"), samples=("rejection",)),
        _training(recipe, "rl2", "sft2", replace(recipe.rl2, name="rules", env=mixed), preferences),
    ]


def _numbered(phases: tuple[RLConfig, ...]) -> list[RLConfig]:
    first, *others = phases
    later = [replace(phase, name=f"rl_{place}", keeps_optimizer=True) for place, phase in enumerate(others, start=2)]
    return [replace(first, name="rl"), *later]


def _student_stages(recipe: R1Recipe) -> list[Stage]:
    student = recipe.student
    if student is None:
        return []
    recipe = replace(recipe, policy=recipe.student_policy or recipe.policy)
    stages, samples = [student.base], ("rejection",)
    if recipe.distillation_data:
        stages.append(_collecting(recipe, "distillation_data", recipe.distillation_data, ("rl2",)))
        samples = ("distillation_data", "rejection")
    sft = replace(student.distillation, name="sft")
    stages.append(_training(recipe, "distillation", "student_base", sft, samples=samples))
    if student.on_policy is not None:
        on_policy = replace(student.on_policy, name="rl", algorithm=_distilling(student.on_policy))
        stages.append(_training(recipe, "on_policy_distillation", "distillation", on_policy, teacher="rl2"))
    if student.rl is not None:
        stages.append(_training(recipe, "student_rl", "student_base", replace(student.rl, name="rl")))
    if student.other_base is not None:
        stages += [student.other_base, _training(recipe, "other_distillation", "other_base", sft, samples=samples)]
    return stages


def _distilling(phase: RLConfig) -> Distillation:
    if not isinstance(phase.algorithm, Distillation):
        raise ConfigError(f"On-policy distillation needs the algorithm Distillation, got {phase.algorithm!r}.")
    return phase.algorithm


def _measuring_stages(recipe: R1Recipe, making: Sequence[Stage]) -> list[Stage]:
    measuring = [
        Measuring(
            name=f"{stage.name}_measured",
            inputs={"policy": f"{stage.name}/checkpoint"},
            env=recipe.env,
            policy=recipe.policy,
            measures=recipe.measures,
        )
        for stage in making
    ]
    rows = {stage.name: f"{stage.name}_measured/report" for stage in making}
    return [*measuring, Tabulating(name="table", inputs=rows)]


def _training(
    recipe: R1Recipe,
    name: str,
    start: str,
    *phases: SFTConfig | RLConfig,
    samples: Sequence[str] = (),
    teacher: str | None = None,
) -> Training:
    inputs = {"start": f"{start}/checkpoint", **{source: f"{source}/samples" for source in samples}}
    if teacher is not None:
        inputs["teacher"] = f"{teacher}/checkpoint"
    return Training(
        name=name,
        inputs=inputs,
        phases=phases,
        env=recipe.env,
        policy=recipe.policy,
        checkpoint_every=recipe.checkpoint_every,
    )


def _collecting(recipe: R1Recipe, name: str, sources: tuple[Source, ...], policies: Sequence[str]) -> Collecting:
    return Collecting(
        name=name,
        inputs={policy: f"{policy}/checkpoint" for policy in policies},
        sources=sources,
        env=recipe.env,
        reward=recipe.mixed_rule_reward,
        policy=recipe.policy,
    )
