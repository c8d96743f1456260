"""The one check of everything that is a number of things."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import numpy as np

__all__ = ["check_counts"]


def check_counts(**counts: int) -> None:
    """Check that each argument is an integer of at least 1; NumPy's count, True and False do not.

    Raises:
        TypeError: no integer; the message names the argument.
        ValueError: an integer below 1.
    """
    for name, count in counts.items():
        if not isinstance(count, SupportsIndex) or isinstance(count, bool | np.bool_):
            raise TypeError(f"{name} must be an int, got {type(count).__name__}: {count!r:.80}.")
        if operator.index(count) < 1:
            raise ValueError(f"{name} must be at least 1, got {count}.")
