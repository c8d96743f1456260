"""Gymnasium's specification of an environment, such as its JSON can hold it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gymnasium.envs.registration import EnvSpec

__all__ = ["WritableSpec"]


class WritableSpec:
    """The attribute `spec` of an environment: the path of its tasks is text there, as `EnvSpec.to_json` needs it."""

    def __get__(self, env: object, owner: type | None = None) -> EnvSpec | None:
        return None if env is None else vars(env).get("_spec")

    def __set__(self, env: object, spec: EnvSpec | None) -> None:
        if spec is not None and isinstance(path := spec.kwargs.get("tasks"), Path):
            spec = replace(spec, kwargs={**spec.kwargs, "tasks": str(path)})
        vars(env)["_spec"] = spec
