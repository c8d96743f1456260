"""What phases of every kind have: a name that leads everywhere, and a policy to start from."""

from __future__ import annotations

from keyword import iskeyword

from agents.errors import ConfigError
from agents.learner import OptimizerConfig

__all__ = ["INITIAL", "PREVIOUS", "check_phase", "require_rate"]

PREVIOUS = "previous"
INITIAL = "initial"


def check_phase(name: str, start: str) -> None:
    """Refuse a name that cannot be that of a flag and of a log, and an empty start.

    Raises:
        ConfigError: says which phase it is.
    """
    if not name.isidentifier() or iskeyword(name):
        raise ConfigError(f"The name of a phase must be letters, digits and _, such as 'rl_2'; got {name!r}.")
    if not start:
        raise ConfigError(
            f"{name}.start is empty: expected {PREVIOUS!r}, {INITIAL!r}, the name of an earlier phase, a hub name or a "
            "checkpoint folder."
        )


def require_rate(owner: str, optimizer: OptimizerConfig, num_steps: int | None) -> None:
    """Raise `ConfigError` for steps that would change nothing."""
    if num_steps != 0 and optimizer.learning_rate == 0:
        raise ConfigError(
            f"{owner}.optimizer.learning_rate must be positive, got 0: nothing would be learned. Set "
            f"{owner}.num_steps to 0 to leave the policy as it is."
        )
