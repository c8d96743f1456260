"""From configuration to rollout engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agents.building.policies import LoadedPolicy
from agents.config import Engine, RunConfig
from agents.errors import ConfigError
from agents.policies.precision import FULL_PRECISION
from agents.rollout import ENGINES
from agents.rollout.engine import EngineFactory, RolloutEngine
from agents.rollout.engines import Engines
from reasonenv.tables import resolve

__all__ = ["build_engine", "check_engines", "engine_factory", "engines_of"]


def build_engine(policy: LoadedPolicy, engine: Engine) -> RolloutEngine:
    """Build a rollout engine on the policy's own, live weights: by its name, or by what makes it.

    Raises:
        UnknownNameError, PartImportError, ConfigError: there is no such engine, or it cannot serve the policy.
    """
    try:
        with policy.config.precision.sampling(policy.model):
            made = engine_factory(engine)(policy.model, pad_token_id=policy.codec.pad_token_id)
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
    chosen = engines_of(config)
    for engine in chosen.values():
        try:
            engines.get(engine)
        except ConfigError as error:
            names = " and ".join(name for name, other in chosen.items() if other == engine)
            error.add_note(f"The engine is chosen by {names}.")
            raise


def engines_of(config: RunConfig) -> dict[str, Engine]:
    """Return the engines that a run samples with, by the settings that choose them."""
    measured = {f"{name}.engine": chosen.engine for name, chosen in config.evaluations.items()}
    return {**measured, **{f"{phase.name}.rollout.engine": phase.rollout.engine for phase in config.rl_phases}}


def _in_precision(policy: LoadedPolicy, generate: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that computes as the learner does, in an engine that runs the learner's own module."""

    def generate_in_precision(*args: Any, **kwargs: Any) -> Any:
        with policy.config.precision.sampling(policy.model):
            return generate(*args, **kwargs)

    return generate_in_precision


def engine_factory(engine: Engine) -> EngineFactory:
    """Return what makes an engine of that name.

    Raises:
        UnknownNameError, PartImportError: there is no such engine.
    """
    return resolve(ENGINES, engine, kind="rollout engine") if isinstance(engine, str) else engine
