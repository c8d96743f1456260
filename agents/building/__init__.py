"""From configuration to live objects: policies, environments, engines and phases."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from agents.building.environments import make_env, one_row, rows
from agents.building.microbatches import check_microbatches
from agents.building.other_models import build_teacher, check_other_models, trained_policy, warn_of_whole_rows
from agents.building.policies import LoadedPolicy, check_context, check_device, codec_of, load_policy
from agents.config import Engine, EnvConfig, RunConfig, SFTStage
from agents.errors import ConfigError
from agents.evaluate import Evaluation, TrainingTasksWarning, evaluate, num_tasks_also_in
from agents.learner import Learner
from agents.policies.export import exported_weights
from agents.policies.precision import FULL_PRECISION
from agents.rl import RLPhase
from agents.rollout import ENGINES
from agents.rollout.codec import TextCodec
from agents.rollout.engine import EngineFactory, ReportsProgress, RolloutEngine
from agents.rollout.engines import Engines
from agents.seeds import derive_seed
from agents.sft import SFTPhase
from agents.types import Trajectory
from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tables import resolve
from reasonenv.tasksets import TaskSet, describe, is_hash_split

__all__ = [
    "LoadedPolicy",
    "build_engine",
    "build_rl_phase",
    "build_sft_phase",
    "check_context",
    "check_engines",
    "check_other_models",
    "check_parts",
    "evaluate_policy",
    "load_policy",
    "make_env",
    "used_tasks",
    "with_tasks",
]


def check_parts(config: RunConfig) -> str:
    """Look for every part that a run names and try them on one task, before anything is trained or written.

    The weights of the policy are not loaded. An evaluation on tasks that are also trained on is warned of.

    Returns:
        What is trained and evaluated on, in words.

    Raises:
        ConfigError: a policy, a device, an environment or solutions to imitate that are not there, a reward for tasks
            of another kind, microbatches below a row, or several turns with a chat template that changes earlier ones.
        UnknownNameError: no task set, split, reward, template or engine of that name.
    """
    check_device(config.policy.device)
    codec = codec_of(config.policy, config.env)
    for user in (config.evaluation, config.rl and config.rl.rollout):
        if user is not None:
            _engine_factory(user.engine)
    held_out = _tried(config.evaluation_env, codec)
    evaluated = f"Evaluating on {describe(held_out)}."
    if not config.is_training:
        return evaluated
    training = _tried(config.training_env, codec)
    check_microbatches(config, codec)
    num_tasks = min(config.evaluation.num_tasks, len(held_out))
    if num_shared := num_tasks_also_in(training, held_out, num_tasks):
        warnings.warn(
            f"{num_shared} of the {num_tasks} tasks of the evaluation are also trained on: its accuracy is not that "
            "of new problems. Give other tasks by evaluation.tasks or evaluation.split.",
            TrainingTasksWarning,
            stacklevel=2,
        )
    return f"Training on {describe(training)}. {evaluated}"


def _tried(config: EnvConfig, codec: TextCodec) -> TaskSet:
    """Answer the first task of an environment with nothing, to see that its parts fit; return its tasks."""
    env = one_row(config)
    if env.envs[0].max_turns > 1:
        codec.require_turns()
    env.reset(options={"task_index": [0]})
    try:
        env.step([""])
    except TypeError as error:
        raise ConfigError(f"The parts of environment {config.id!r} do not fit together: {error}") from error
    env.close()
    return env.tasks


def with_tasks(config: RunConfig) -> RunConfig:
    """Return the configuration with its tasks in memory, and with the splits that it leaves open.

    A file or rows without splits are used whole where what is trained and what is evaluated on are different tasks.

    Raises:
        ConfigError, UnknownNameError, TaskDataError: tasks or splits that are not there.
    """
    chosen, training = config.evaluation, config.training_env
    is_apart = chosen.tasks is not None or chosen.env_id is not None
    if config.is_training:
        with _choosing("to train on", "--env.tasks and --env.split"):
            training = _loaded(training, is_whole=is_apart and config.env.split is None)
    with _choosing("to evaluate on", "--evaluation.tasks and --evaluation.split"):
        held_out = _loaded(config.evaluation_env, is_whole=chosen.tasks is not None and chosen.split is None)
    own = {name: getattr(held_out, name) for name in ("tasks", "columns", "data_set", "split")}
    evaluation = replace(chosen, **own)
    return replace(config, env=training, evaluation=evaluation)


def used_tasks(config: RunConfig) -> dict[str, TaskSet]:
    """Return the tasks of "training", where there is any, and of "evaluation"."""
    envs = {"training": config.training_env} if config.is_training else {}
    return {use: one_row(env).tasks for use, env in {**envs, "evaluation": config.evaluation_env}.items()}


@contextmanager
def _choosing(use: str, flags: str) -> Generator[None]:
    """Say of tasks or a split that are not there what they are for, and which flags choose them."""
    try:
        yield
    except (TaskDataError, UnknownNameError) as error:
        if isinstance(error, TaskDataError) or error.kind == "split":
            error.add_note(f"The tasks {use} are chosen by {flags}.")
        raise


def _loaded(config: EnvConfig, *, is_whole: bool) -> EnvConfig:
    """Put the task set in the place of what it is loaded from; that of the id itself stays there."""
    if config.tasks is None:
        return config
    tasks = one_row(config).tasks
    if is_whole and is_hash_split(tasks):
        config = replace(config, split="all")
        tasks = one_row(config).tasks
    return replace(config, tasks=tasks, columns=None, data_set=None)


def build_engine(policy: LoadedPolicy, engine: Engine) -> RolloutEngine:
    """Build a rollout engine on the policy's own, live weights: by its name, or by what makes it.

    Raises:
        UnknownNameError, PartImportError, ConfigError: there is no such engine, or it cannot serve the policy.
    """
    try:
        with policy.config.precision.sampling(policy.model):
            made = _engine_factory(engine)(policy.model, pad_token_id=policy.codec.pad_token_id)
    except TypeError as error:
        raise ConfigError(
            f"The rollout engine {engine!r} cannot be made of (model, pad_token_id=…): {error}"
        ) from error
    if not isinstance(made, RolloutEngine):
        raise ConfigError(
            f"{engine!r} makes a {type(made).__name__}, which is no rollout engine: that needs weights_version, "
            "generate, load_weights and close (agents.rollout.engine.RolloutEngine)."
        )
    if policy.config.precision != FULL_PRECISION:
        made.generate = _in_precision(policy, made.generate)
    return made


def check_engines(config: RunConfig, engines: Engines) -> None:
    """Build the engines that a run samples with.

    Raises:
        UnknownNameError, PartImportError, ConfigError: there is no such engine, or it cannot serve the policy; a note
            names the settings that chose it.
    """
    chosen = {"evaluation.engine": config.evaluation.engine}
    if config.rl is not None:
        chosen["rl.rollout.engine"] = config.rl.rollout.engine
    for engine in chosen.values():
        try:
            engines.get(engine)
        except ConfigError as error:
            names = " and ".join(name for name, other in chosen.items() if other == engine)
            error.add_note(f"The engine is chosen by {names}.")
            raise


def _in_precision(policy: LoadedPolicy, generate: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that computes as the learner does, in an engine that runs the learner's own module."""

    def generate_in_precision(*args: Any, **kwargs: Any) -> Any:
        with policy.config.precision.sampling(policy.model):
            return generate(*args, **kwargs)

    return generate_in_precision


def _engine_factory(engine: Engine) -> EngineFactory:
    return resolve(ENGINES, engine, kind="rollout engine") if isinstance(engine, str) else engine


def build_sft_phase(config: RunConfig, stage: SFTStage, policy: LoadedPolicy, *, seed: int) -> SFTPhase:
    """Build a supervised phase with a fresh optimizer."""
    env = one_row(config.training_env)
    learner = Learner(policy.trained(), stage.optimizer, num_optimizer_steps=stage.num_steps)
    return SFTPhase(stage, env.envs[0].template, env.tasks, policy.codec, learner, seed)


def build_rl_phase(
    config: RunConfig,
    policy: LoadedPolicy,
    record: Callable[[int, list[Trajectory]], None],
    *,
    engine: RolloutEngine | None = None,
) -> RLPhase:
    """Build the reinforcement-learning phase with a fresh optimizer, and with the configured engine unless given."""
    rl = config.rl
    assert rl is not None
    num_prompts, group_size = rl.rollout.num_prompts, rl.rollout.group_size
    env = rows(config.training_env, num_prompts, group_size)
    learner = Learner(
        trained_policy(config, rl, policy),
        rl.optimizer,
        num_optimizer_steps=rl.num_steps * rl.update.num_epochs * rl.update.num_minibatches,
    )
    if rl.teacher is not None:
        learner.teacher = build_teacher(config, rl.teacher)
    if rl.update.share_prompts:
        warn_of_whole_rows(learner)
    if engine is None:
        engine = build_engine(policy, rl.rollout.engine)
    return RLPhase(rl, env, engine, policy.codec, learner, config.seed, record)


def evaluate_policy(
    config: RunConfig,
    policy: LoadedPolicy,
    show: Callable[[int, int], None] | None = None,
    *,
    engine: RolloutEngine | None = None,
    record: Callable[[str, list[Trajectory]], None] | None = None,
) -> Evaluation:
    """Evaluate on the held-out split, as `config.evaluation` says.

    Args:
        show: told how many responses the engine has, and how many it was asked for.
        engine: samples from the policy; None builds the configured one, and closes it.
        record: called with "greedy" or "sampled" and what was sampled.
    """
    used = build_engine(policy, config.evaluation.engine) if engine is None else engine
    if engine is not None:
        engine.load_weights(exported_weights(policy.model), version=engine.weights_version)
    env = config.evaluation_env
    try:
        with _reporting(used, show):
            return evaluate(
                partial(rows, env),
                used,
                policy.codec,
                one_row(env).tasks,
                config.evaluation,
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


def _training_tasks(config: RunConfig) -> TaskSet | None:
    """Return what a run trains on; None where that is nothing, or a split that is not there (an evaluation alone)."""
    if not config.is_training:
        return None
    try:
        return one_row(config.training_env).tasks
    except UnknownNameError:
        return None
