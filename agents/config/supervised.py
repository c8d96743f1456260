"""A phase of supervised fine-tuning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from agents.config.environment import EnvConfig
from agents.config.phase import PREVIOUS, check_phase, require_rate
from agents.config.samples import SampleSource
from agents.errors import ConfigError, check_at_least, check_numbers
from agents.learner import OptimizerConfig

__all__ = ["SFTConfig"]


@dataclass(frozen=True, kw_only=True)
class SFTConfig:
    """A phase of supervised fine-tuning: on the worked solutions of an environment's tasks, or on samples."""

    name: Annotated[str, tyro.conf.Suppress] = "sft"
    """Of the phase, in logs, checkpoints and flags."""
    start: str = PREVIOUS
    """The policy to begin with: "previous", what the phase before ended with; "initial", what the run began with; the
    name of an earlier phase, what that one ended with; or a hub name or checkpoint folder."""
    env: EnvConfig | None = None
    """Whose tasks to imitate, and how prompts are shown; None is the run's."""
    samples: SampleSource | None = None
    """Responses to imitate in place of the tasks' own: a file of JSON lines, or rows, with `prompt` (text as it is) or
    `messages` (through the chat template), `response`, and maybe `weight`."""
    num_steps: int | None = None
    """Optimizer steps; either they or `num_epochs`."""
    num_epochs: float | None = None
    """How often each sample is seen: every epoch is a permutation of all samples."""
    batch_size: int = 64
    worked_share: float = 1.0
    """Share of examples that show the worked solution; the others state the answer at once. Samples are as they are."""
    max_tokens_per_microbatch: int | None = None
    """Tokens per forward and backward pass, padding included; None takes the whole batch at once."""
    optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(learning_rate=1e-5, schedule="cosine"))

    def __post_init__(self) -> None:
        name = self.name
        check_phase(name, self.start)
        if (self.num_steps is None) == (self.num_epochs is None):
            raise ConfigError(f"{name} needs one of num_steps and num_epochs, got {self.num_steps}, {self.num_epochs}.")
        if self.num_epochs is not None:
            check_numbers(name, is_positive=True, num_epochs=self.num_epochs)
            if self.samples is None:
                raise ConfigError(f"{name}.num_epochs are epochs of samples: set {name}.samples, or num_steps.")
        check_at_least(0, name, num_steps=self.num_steps)
        check_at_least(1, name, batch_size=self.batch_size, max_tokens_per_microbatch=self.max_tokens_per_microbatch)
        require_rate(name, self.optimizer, self.num_steps)
        if not 0 <= self.worked_share <= 1:
            raise ConfigError(f"{name}.worked_share must lie in [0, 1], got {self.worked_share}.")

    def num_steps_on(self, num_samples: int) -> int:
        """Return how many optimizer steps the phase takes on so many samples."""
        if self.num_steps is not None:
            return self.num_steps
        assert self.num_epochs is not None
        return math.ceil(self.num_epochs * num_samples / self.batch_size)
