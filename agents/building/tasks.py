"""The tasks and samples of a run, in memory before anything is trained or written."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from agents.building.environments import one_row
from agents.building.samples import load_samples
from agents.config import EnvConfig, EvaluationConfig, Phase, RunConfig, SampleList, SFTConfig
from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tasksets import TaskSet, is_hash_split

__all__ = ["used_tasks", "with_tasks"]


def with_tasks(config: RunConfig) -> RunConfig:
    """Return the configuration with its tasks and samples in memory, and with the splits that it leaves open.

    A file or rows without splits are used whole where what is trained and what is evaluated on are different tasks.

    Raises:
        ConfigError, UnknownNameError, TaskDataError: tasks, splits or samples that are not there.
    """
    env, evaluation = config.env, config.evaluation
    if "training" in config.training_envs:
        env = _training_env(config, "training", "--env.tasks and --env.split")
    if "evaluation" in config.evaluations:
        evaluation = _evaluation(config, evaluation)
    phases = tuple(phase if isinstance(phase, str) else _phase(config, phase) for phase in config.phases)
    return replace(config, env=env, evaluation=evaluation, phases=phases)


def _phase(config: RunConfig, phase: Phase) -> Phase:
    if isinstance(phase, EvaluationConfig):
        return _evaluation(config, phase)
    if isinstance(phase, SFTConfig) and phase.samples is not None:
        samples = load_samples(phase.samples, name=f"{phase.name}.samples")
        return replace(phase, samples=samples, num_steps=phase.num_steps_on(len(samples)), num_epochs=None)
    if phase.env is None:
        return phase
    return replace(phase, env=_training_env(config, phase.name, f"{phase.name}.env"))


def _training_env(config: RunConfig, use: str, flags: str) -> EnvConfig:
    env = config.training_envs[use]
    given = (
        config.env if use == "training" else next(phase.env for phase in config.training_phases if phase.name == use)
    )
    is_apart = not any(_measures_in(config, chosen, env) for chosen in config.evaluations.values())
    with _choosing("to train on", flags):
        return _loaded(env, is_whole=is_apart and given is not None and given.split is None)


def _measures_in(config: RunConfig, chosen: EvaluationConfig, env: EnvConfig) -> bool:
    """Return whether an evaluation takes its tasks from where a phase takes those that it learns from."""
    if chosen.tasks is not None or chosen.env_id is not None:
        return False
    other = config.env if chosen.env is None else chosen.env
    if other.tasks is env.tasks:
        return other.id == env.id
    return isinstance(other.tasks, str | Path) and isinstance(env.tasks, str | Path) and other.tasks == env.tasks


def _evaluation(config: RunConfig, chosen: EvaluationConfig) -> EvaluationConfig:
    is_split_open = chosen.split is None and (chosen.env is None or chosen.env.split is None)
    is_trained_on = any(_measures_in(config, chosen, env) for env in config.training_envs.values())
    is_own = chosen.tasks is not None or (chosen.env is not None and not is_trained_on)
    with _choosing("to evaluate on", f"--{chosen.name}.tasks and --{chosen.name}.split"):
        held_out = _loaded(config.evaluation_env(chosen), is_whole=is_own and is_split_open)
    own = {name: getattr(held_out, name) for name in ("tasks", "columns", "data_set", "split")}
    return replace(chosen, **own)


def used_tasks(config: RunConfig) -> dict[str, TaskSet | SampleList]:
    """Return what is trained on, "training" or by the name of a phase, and what is evaluated on, "evaluation" or so."""
    samples = {phase.name: phase.samples for phase in config.training_phases if isinstance(phase, SFTConfig)}
    held_out = {use: config.evaluation_env(chosen) for use, chosen in config.evaluations.items()}
    tasks = {use: one_row(env).tasks for use, env in {**config.training_envs, **held_out}.items()}
    return {**tasks, **{name: given for name, given in samples.items() if isinstance(given, SampleList)}}


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
