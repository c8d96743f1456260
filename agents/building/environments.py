"""From configuration to environments."""

from __future__ import annotations

import importlib

import gymnasium
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AutoresetMode

from agents.config import EnvConfig
from agents.errors import ConfigError
from reasonenv.errors import ReasonEnvError
from reasonenv.vector import TextVectorEnv

__all__ = ["make_env", "one_row", "rows"]


def one_row(config: EnvConfig) -> TextVectorEnv:
    """Make the configured environment on its split, for one episode at a time."""
    return rows(config, 1, 1)


def rows(config: EnvConfig, num_groups: int, group_size: int) -> TextVectorEnv:
    """Make the configured environment on its split."""
    assert config.split is not None, "the environments of a RunConfig have a split"
    return make_env(config, split=config.split, num_groups=num_groups, group_size=group_size)


def make_env(config: EnvConfig, *, split: str, num_groups: int, group_size: int) -> TextVectorEnv:
    """Make the configured vector environment on one split, with rows that wait for `collect` to reset them.

    Raises:
        ConfigError: no such environment, or not one that takes and yields what a `TextVectorEnv` does.
    """
    _check_env_id(config.id)
    names = ("tasks", "columns", "data_set", "reward", "template", "turn", "max_turns")
    parts = {name: getattr(config, name) for name in names}
    try:
        env = gymnasium.make_vec(
            config.id,
            num_envs=num_groups * group_size,
            vectorization_mode="vector_entry_point",
            group_size=group_size,
            autoreset_mode=AutoresetMode.DISABLED,
            split=split,
            **{name: part for name, part in parts.items() if part is not None},
        )
    except ReasonEnvError:
        raise
    except (gymnasium.error.Error, TypeError, ImportError) as error:
        raise ConfigError(f"{config.id!r} cannot be made as a TextVectorEnv: {error}") from error
    if not isinstance(env, TextVectorEnv):
        raise ConfigError(f"{config.id!r} makes a {type(env).__name__}; the learners need a TextVectorEnv.")
    return env


def _check_env_id(env_id: str) -> None:
    """Import the module that an id names, if it does, and refuse an id of other environments than ours."""
    module, _, name = env_id.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
        entry = gymnasium.spec(name).vector_entry_point
        made = load_env_creator(entry) if isinstance(entry, str) else entry
    except Exception as error:
        reason = error if isinstance(error, gymnasium.error.Error) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"{env_id!r} cannot be made as a TextVectorEnv: {reason}") from error
    if isinstance(made, type) and not issubclass(made, TextVectorEnv):
        raise ConfigError(
            f"{env_id!r} cannot be made as a TextVectorEnv: it makes a {made.__name__}, and the learners need a "
            "TextVectorEnv."
        )
