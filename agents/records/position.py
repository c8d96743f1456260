"""Where a run stands among its phases: what a checkpoint's `state.json` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.config import RunConfig
from agents.records.checkpoint import load_state
from agents.records.run_config import require_resumable

__all__ = ["Position", "stored_position"]


@dataclass
class Position:
    """Where a run stands: JSON values only."""

    phase: int = 0
    step: int = 0
    trained: dict[str, Any] | None = None
    """The metrics of `step`, when it is trained but not yet evaluated and logged."""
    num_steps: dict[str, int] = field(default_factory=dict[str, int])
    """Those that are done, of every phase that trains."""
    weights: str = "initial"
    """Which weights these are: the phase and its steps behind them."""
    results: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    offsets: dict[str, int] = field(default_factory=dict[str, int])
    kept: dict[str, str] = field(default_factory=dict[str, str])
    """Weights -> the name of the checkpoint that stays, the newest last."""
    best: str | None = None
    """The name of the checkpoint with the best evaluation."""
    best_greedy: float | None = None

    @property
    def is_in_phase(self) -> bool:
        """Whether the phase has begun to train."""
        return self.step > 0 or self.trained is not None


def stored_position(config: RunConfig) -> Position | None:
    """Return where the run in the folder stood, or None where nothing was saved yet.

    A run whose last phase of training was done, but which has more steps of it now, stands behind the last one again.
    """
    state = load_state(config.folder)
    if state is None:
        return None
    require_resumable(config)
    position = Position(**state)
    number, last = config.extensible or (0, None)
    if last is not None and number < position.phase and position.num_steps[last.name] < (last.num_steps or 0):
        position.phase, position.step = number, position.num_steps[last.name]
        for later in config.plan[number + 1 :]:
            position.results.pop(later.name, None)
            position.seconds.pop(later.name, None)
    return position
