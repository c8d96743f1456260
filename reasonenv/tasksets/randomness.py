"""Random draws of the families. Bounds are inclusive, and results are plain Python values, which do not overflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["Rng", "integer", "nonzero", "one_of", "several_of"]

T = TypeVar("T")
Rng = np.random.Generator


def integer(rng: Rng, low: int, high: int) -> int:
    """Draw from low..high."""
    return int(rng.integers(low, high + 1))


def nonzero(rng: Rng, bound: int) -> int:
    """Draw from -bound..bound without 0."""
    value = integer(rng, 1, bound)
    return value if rng.integers(0, 2) else -value


def one_of(rng: Rng, choices: Sequence[T]) -> T:
    """Draw one of the choices."""
    return choices[int(rng.integers(0, len(choices)))]


def several_of(rng: Rng, choices: Sequence[T], count: int) -> list[T]:
    """Draw `count` different choices, in random order."""
    return [choices[int(index)] for index in rng.choice(len(choices), size=count, replace=False)]
