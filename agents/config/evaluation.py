"""How accuracy is measured, as a phase or during others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import tyro

from agents.config.environment import EnvConfig, Rewards, Tasks
from agents.config.phase import PREVIOUS, check_phase
from agents.config.reinforcement import Engine
from agents.errors import ConfigError, check_at_least, check_numbers
from reasonenv.prompts import PromptTemplate

__all__ = ["EvaluationConfig"]


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How accuracy is measured, on tasks that training never sees: by default, or in a phase of its own.

    Where to measure is the run's environment, but for what is set here.
    """

    name: Annotated[str, tyro.conf.Suppress] = "evaluation"
    """Of the phase, in logs, checkpoints and flags."""
    start: str = PREVIOUS
    """The policy to measure, and to go on with: "previous", what the phase before ended with; "initial", what the run
    began with; the name of an earlier phase, what that one ended with; or a hub name or checkpoint folder."""
    env: EnvConfig | None = None
    """Where to measure; None is the run's."""
    env_id: str | None = None
    """Another environment, with the parts that its id stands for."""
    tasks: Tasks | None = None
    columns: Mapping[str, str] | None = None
    data_set: str | None = None
    reward: Rewards | None = None
    template: str | PromptTemplate | None = None
    split: str | None = None
    """What to evaluate on. None is "test"; it is all of your own rows without splits if they are given by `tasks`."""
    num_tasks: int = 500
    samples_per_task: int = 1
    """Samples behind the sampled accuracy; the greedy one takes one each."""
    temperature: float = 1.0
    """Of the samples; 0 takes the likeliest token."""
    top_p: float = 1.0
    max_new_tokens: int = 1024
    """Per turn."""
    engine: Engine = "decode"
    """A name in `agents.rollout.ENGINES`, with settings if need be (`decode,max_rows=64`), or "module:attribute"."""
    every: int | None = None
    """Steps between evaluations during reinforcement learning; None leaves measuring to phases."""
    keeps_responses: bool = False
    """Write what a phase of evaluation sampled to `responses/NAME.jsonl` in the run's folder."""

    def __post_init__(self) -> None:
        check_phase(self.name, self.start)
        check_numbers(self.name, temperature=self.temperature)
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"{self.name}.top_p must lie in (0, 1], got {self.top_p}.")
        check_at_least(
            1,
            self.name,
            num_tasks=self.num_tasks,
            samples_per_task=self.samples_per_task,
            max_new_tokens=self.max_new_tokens,
            every=self.every,
        )
