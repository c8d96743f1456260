"""The rollout engines of a run: built once, shared by training and evaluation, and closed together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.build import LoadedPolicy, build_engine
from agents.rollout.engine import RolloutEngine

__all__ = ["Engines"]


@dataclass
class Engines:
    """One engine for each choice (a name, settings or a factory) of one policy."""

    policy: LoadedPolicy
    _built: list[tuple[Any, RolloutEngine]] = field(default_factory=list[tuple[Any, RolloutEngine]])

    def get(self, choice: Any) -> RolloutEngine:
        """Return the engine of this choice; it is built when it is first asked for.

        Raises:
            ConfigError: the engine cannot serve the policy.
        """
        for known, engine in self._built:
            if known == choice:
                return engine
        engine = build_engine(self.policy, choice)
        self._built.append((choice, engine))
        return engine

    def change_policy(self, policy: LoadedPolicy) -> None:
        """Serve another policy from now on."""
        self.close()
        self.policy = policy

    def close(self) -> None:
        """Close every engine."""
        while self._built:
            _, engine = self._built.pop()
            engine.close()
