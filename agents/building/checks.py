"""Whether the parts of a run are there and fit together, tried on one task."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from agents.building.engines import engine_factory, engines_of
from agents.building.environments import one_row
from agents.building.microbatches import check_microbatches
from agents.building.policies import check_device, codec_in, codec_of
from agents.building.samples import load_samples
from agents.config import EnvConfig, RunConfig, SFTConfig
from agents.errors import ConfigError
from agents.evaluate import TrainingTasksWarning, num_tasks_also_in
from agents.rollout.codec import TextCodec
from reasonenv.tasksets import TaskSet, describe

__all__ = ["check_parts"]


def check_parts(config: RunConfig) -> str:
    """Look for every part that a run names and try them on one task, before anything is trained or written.

    The weights of the policy are not loaded. An evaluation on tasks that are also trained on is warned of.

    Returns:
        What is trained and evaluated on, in words.

    Raises:
        ConfigError: no phase, a policy, a device, an environment or solutions to imitate that are not there, a reward
            for tasks of another kind, microbatches below a row, or several turns with a chat template that changes
            earlier ones.
        UnknownNameError: no task set, split, reward, template or engine of that name.
    """
    if not config.phases:
        raise ConfigError(
            f"The run {config.name!r} has nothing to do: give it phases, such as RLConfig(num_steps=100)."
        )
    check_device(config.policy.device)
    codec = codec_of(config.policy, config.env)
    for engine in engines_of(config).values():
        engine_factory(engine)
    held_out = {name: _tried(config.evaluation_env(chosen), codec) for name, chosen in config.evaluations.items()}
    evaluated = f"Evaluating on {_listed(map(describe, held_out.values()))}." if held_out else ""
    if not config.is_training:
        return evaluated
    training = [_tried(env, codec) for env in config.training_envs.values()]
    check_microbatches(config, codec)
    for name, tasks in held_out.items():
        num_tasks = min(config.evaluations[name].num_tasks, len(tasks))
        if num_shared := num_tasks_also_in(training, tasks, num_tasks):
            warnings.warn(
                f"{num_shared} of the {num_tasks} tasks of the evaluation are also trained on: its accuracy is not "
                f"that of new problems. Give other tasks by {name}.tasks or {name}.split.",
                TrainingTasksWarning,
                stacklevel=2,
            )
    sources = [*map(describe, training), *_described_samples(config)]
    return f"Training on {_listed(sources)}. {evaluated}".rstrip()


def _described_samples(config: RunConfig) -> list[str]:
    given = {phase.name: phase.samples for phase in config.training_phases if isinstance(phase, SFTConfig)}
    read = [load_samples(source, name=f"{name}.samples") for name, source in given.items() if source is not None]
    return [f"{len(samples)} samples" for samples in read]


def _listed(descriptions: Iterable[str]) -> str:
    return ", and on ".join(dict.fromkeys(descriptions))


def _tried(config: EnvConfig, codec: TextCodec) -> TaskSet:
    """Answer the first task of an environment with nothing, to see that its parts fit; return its tasks."""
    env = one_row(config)
    if env.envs[0].max_turns > 1:
        codec_in(codec, config).require_turns()
    env.reset(options={"task_index": [0]})
    try:
        env.step([""])
    except TypeError as error:
        raise ConfigError(f"The parts of environment {config.id!r} do not fit together: {error}") from error
    env.close()
    return env.tasks
