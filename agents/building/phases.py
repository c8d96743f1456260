"""From configuration to phases that can take steps, and to evaluations."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from agents.building.engines import build_engine
from agents.building.environments import one_row, rows
from agents.building.other_models import build_teacher, trained_policy, warn_of_whole_rows
from agents.building.policies import LoadedPolicy, codec_in
from agents.building.samples import load_samples
from agents.config import EvaluationConfig, RLConfig, RunConfig, SFTConfig
from agents.evaluate import Evaluation, evaluate
from agents.learner import Learner
from agents.policies.export import exported_weights
from agents.rl import RLPhase
from agents.rollout.engine import ReportsProgress, RolloutEngine
from agents.seeds import derive_seed
from agents.sft import SampleExamples, SFTPhase, TaskExamples
from agents.types import Trajectory
from reasonenv.errors import UnknownNameError
from reasonenv.tasksets import TaskSet

__all__ = ["build_rl_phase", "build_sft_phase", "evaluate_policy"]


def build_sft_phase(config: RunConfig, phase: SFTConfig, policy: LoadedPolicy) -> SFTPhase:
    """Build a supervised phase with a fresh optimizer."""
    env = config.training_env(phase)
    codec = codec_in(policy.codec, env)
    seed = derive_seed(config.seed, "supervised phase", phase.name)
    if phase.samples is None:
        row = one_row(env)
        examples = TaskExamples(phase, row.envs[0].template, row.tasks, codec, seed)
        num_steps = phase.num_steps_on(len(row.tasks))
    else:
        samples = load_samples(phase.samples, name=f"{phase.name}.samples")
        examples = SampleExamples(phase, samples.samples, codec, seed)
        num_steps = phase.num_steps_on(len(samples))
    learner = Learner(policy.trained(), phase.optimizer, num_optimizer_steps=num_steps)
    return SFTPhase(phase, examples, learner)


def build_rl_phase(
    config: RunConfig,
    phase: RLConfig,
    policy: LoadedPolicy,
    record: Callable[[int, list[Trajectory]], None],
    *,
    engine: RolloutEngine | None = None,
) -> RLPhase:
    """Build a phase of reinforcement learning with a fresh optimizer, and with its configured engine unless given."""
    env_config = config.training_env(phase)
    env = rows(env_config, phase.rollout.num_prompts, phase.rollout.group_size)
    learner = Learner(
        trained_policy(config, phase, policy),
        phase.optimizer,
        num_optimizer_steps=phase.num_steps * phase.update.num_epochs * phase.update.num_minibatches,
    )
    if phase.teacher is not None:
        learner.teacher = build_teacher(config, phase.teacher)
    if phase.update.share_prompts:
        warn_of_whole_rows(learner, phase.name)
    if engine is None:
        engine = build_engine(policy, phase.rollout.engine)
    before = config.rl_phases[: [other.name for other in config.rl_phases].index(phase.name)]
    seed = derive_seed(config.seed, "reinforcement phase", phase.name) if before else config.seed
    return RLPhase(
        phase,
        env,
        engine,
        codec_in(policy.codec, env_config),
        learner,
        seed,
        record,
        num_steps_before=_num_steps_kept((*before, phase)),
    )


def _num_steps_kept(phases: Sequence[RLConfig]) -> int:
    """Return the steps that were taken with the last phase's optimizer before it."""
    *before, phase = phases
    return before[-1].num_steps + _num_steps_kept(before) if phase.keeps_optimizer else 0


def evaluate_policy(
    config: RunConfig,
    policy: LoadedPolicy,
    show: Callable[[int, int], None] | None = None,
    *,
    how: EvaluationConfig | None = None,
    engine: RolloutEngine | None = None,
    record: Callable[[str, list[Trajectory]], None] | None = None,
) -> Evaluation:
    """Evaluate on the held-out split.

    Args:
        how: a phase of evaluation; None measures as `config.evaluation` says.
        show: told how many responses the engine has, and how many it was asked for.
        engine: samples from the policy; None builds the configured one, and closes it.
        record: called with "greedy" or "sampled" and what was sampled.
    """
    how = how or config.evaluation
    used = build_engine(policy, how.engine) if engine is None else engine
    if engine is not None:
        engine.load_weights(exported_weights(policy.model), version=engine.weights_version)
    env = config.evaluation_env(how)
    try:
        with _reporting(used, show):
            return evaluate(
                partial(rows, env),
                used,
                codec_in(policy.codec, env),
                one_row(env).tasks,
                how,
                seed=derive_seed(config.seed, "evaluation", str(env.split)),
                training_tasks=_training_tasks(config),
                record=record,
            )
    finally:
        if engine is None:
            used.close()


@contextmanager
def _reporting(engine: RolloutEngine, show: Callable[[int, int], None] | None) -> Generator[None]:
    """Let an engine say how far it is, if it can."""
    if not isinstance(engine, ReportsProgress):
        yield
        return
    before, engine.on_progress = engine.on_progress, show
    try:
        yield
    finally:
        engine.on_progress = before


def _training_tasks(config: RunConfig) -> list[TaskSet]:
    """Return what a run trains on; a split that is not there (an evaluation alone) is left out."""
    found: list[TaskSet] = []
    for env in config.training_envs.values():
        with suppress(UnknownNameError):
            found.append(one_row(env).tasks)
    return found
