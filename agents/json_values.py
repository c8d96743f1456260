"""The one place that says what becomes of numbers that JSON cannot hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["finite_json"]


def finite_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with None in place of every NaN and infinity, at any depth, and lists for tuples."""
    return {name: _finite(value) for name, value in row.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return finite_json(value)
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value
