"""Errors of the learning half, under the tree of `reasonenv.errors`, and the checks of numbers in settings.

ReasonEnvError
├── PolicyError      (ValueError)       a model that cannot serve as a policy
├── ConfigError      (ValueError)       settings that do not fit together
├── CheckpointError  (ValueError)       a run folder that cannot be written to or resumed from
└── TrainingError    (ArithmeticError)  an update that would ruin the weights
"""

from __future__ import annotations

import math
from numbers import Integral, Real

from reasonenv.errors import ReasonEnvError

__all__ = ["CheckpointError", "ConfigError", "PolicyError", "TrainingError", "check_at_least", "check_numbers"]


class PolicyError(ReasonEnvError, ValueError):
    """A model that cannot serve as a policy."""


class ConfigError(ReasonEnvError, ValueError):
    """Settings that do not fit together."""


class CheckpointError(ReasonEnvError, ValueError):
    """A run folder that cannot be written to or resumed from."""


class TrainingError(ReasonEnvError, ArithmeticError):
    """An update that would ruin the weights."""


def check_at_least(minimum: int, owner: str, **counts: int | None) -> None:
    """Raise `ConfigError` for a count below `minimum`, or True for a number; None stands for "not set"."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, Integral | None):
            raise ConfigError(f"{owner}.{name} must be an int, got {count!r:.80}.")
        if count is not None and not count >= minimum:
            raise ConfigError(f"{owner}.{name} must be at least {minimum}, got {count}.")


def check_numbers(owner: str, *, is_positive: bool = False, allows_inf: bool = False, **numbers: float) -> None:
    """Check that numbers are at least 0 and finite; NaN is neither.

    Args:
        owner: what the numbers are settings of, for the message: "optimizer" or the name of an algorithm.
        is_positive: refuse 0 too.
        allows_inf: let infinity be, where it says "no bound".
        numbers: by their names.

    Raises:
        ConfigError: another number, or True or False; the message names it.
    """
    for name, number in numbers.items():
        if not isinstance(number, Real):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
            raise ConfigError(f"{owner}.{name} must be a number, got {number!r:.80}.")
        is_above = number > 0 if is_positive else number >= 0
        is_below = number <= math.inf if allows_inf else number < math.inf
        if isinstance(number, bool) or not (is_above and is_below):
            low = "positive" if is_positive else "at least 0"
            bounds = low if allows_inf else f"{low} and finite"
            raise ConfigError(f"{owner}.{name} must be {bounds}, got {number}.")
