"""Where a run stands: the plan of its phases, and the position in it that a checkpoint's `state.json` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.config import RLConfig, RunConfig, SFTStage
from agents.records.checkpoint import load_state
from agents.records.run_config import require_resumable

__all__ = ["PhasePlan", "Position", "plan", "stored_position"]


@dataclass
class Position:
    """Where a run stands: JSON values only."""

    phase: int = 0
    step: int = 0
    trained: dict[str, Any] | None = None
    """The metrics of `step`, when it is trained but not yet evaluated and logged."""
    num_rl_steps: int = 0
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


@dataclass(frozen=True)
class PhasePlan:
    """One entry of a run's plan: supervised steps, reinforcement learning, or an evaluation."""

    name: str
    steps: SFTStage | RLConfig | None = None
    """None for an evaluation."""
    starts_from_initial: bool = False
    """Begin from the policy that the evaluation "before" saw, instead of the previous phase's."""


def plan(config: RunConfig) -> list[PhasePlan]:
    """Return the phases of a run in order: cold start, evaluation, control and evaluation, RL and evaluation."""
    phases = [PhasePlan(f"cold_start_{number}", stage) for number, stage in enumerate(config.cold_start, start=1)]
    phases.append(PhasePlan("before"))
    for number, stage in enumerate(config.control, start=1):
        phases.append(PhasePlan(f"control_{number}", stage, starts_from_initial=number == 1))
    if config.control:
        phases.append(PhasePlan("control"))
    if config.rl is not None:
        phases += [PhasePlan("rl", config.rl, starts_from_initial=True), PhasePlan("after")]
    return phases


def stored_position(config: RunConfig) -> Position | None:
    """Return where the run in the folder stood, or None where nothing was saved yet.

    A run whose RL steps were done, but which has more of them now, stands behind the last one again.
    """
    state = load_state(config.folder)
    if state is None:
        return None
    require_resumable(config)
    position = Position(**state)
    rl = next((number for number, entry in enumerate(plan(config)) if entry.name == "rl"), None)
    if config.rl is not None and rl is not None and rl < position.phase and position.num_rl_steps < config.rl.num_steps:
        position.phase, position.step = rl, position.num_rl_steps
        position.results.pop("after", None)
        position.seconds.pop("after", None)
    return position
