"""The rollout engines of a run: built once, shared by training and evaluation, and closed together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agents.rollout.engine import RolloutEngine

__all__ = ["Engines"]


class Engines:
    """One engine for each choice (a name, settings or a factory), of one policy.

    Args:
        build: makes the engine of a choice.
    """

    def __init__(self, build: Callable[[Any], RolloutEngine]) -> None:
        self._build = build
        self._built: list[tuple[Any, RolloutEngine]] = []

    def get(self, choice: Any) -> RolloutEngine:
        """Return the engine of this choice; it is built when it is first asked for.

        Raises:
            ConfigError: the engine cannot serve the policy.
        """
        for known, engine in self._built:
            if known == choice:
                return engine
        engine = self._build(choice)
        self._built.append((choice, engine))
        return engine

    def close(self) -> None:
        """Close every engine."""
        while self._built:
            _, engine = self._built.pop()
            engine.close()
