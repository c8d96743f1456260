"""The one place that says what becomes of numbers that JSON cannot hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["finite_json", "json_line"]


def json_line(row: Mapping[str, Any]) -> str:
    """Return `finite_json(row)` as a line of text, with its end."""
    try:
        return json.dumps(row, allow_nan=False, default=_as_dict) + "\n"
    except ValueError:  # a NaN or an infinity, which few rows have
        return json.dumps(finite_json(row), allow_nan=False) + "\n"


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


def _as_dict(value: Any) -> dict[str, Any]:
    """Return a mapping that is no dict as one; JSON's own error for everything else."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"A row of a log must hold JSON values, got {type(value).__name__}: {value!r:.80}.")
