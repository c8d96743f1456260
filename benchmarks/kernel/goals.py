"""The goals of the kernels, and which of them a run of `bench_kernel.py` meets."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["goals"]


@dataclass(frozen=True)
class Goal:
    """A limit on one figure of one way: `Goal("time", 0, "two pass", "ratio_to_naive", "<=", 1.1)`."""

    part: str
    shape: int
    """Index among the shapes of the part."""
    way: str
    figure: str
    relation: str
    limit: float


GOALS = {
    "cpu": (
        Goal("time", 0, "two pass", "ratio_to_naive", "<=", 1.1),
        Goal("time", 0, "local", "ratio_to_naive", "<=", 0.9),
        Goal("time", 1, "two pass", "ratio_to_naive", "<=", 0.85),
        Goal("time", 1, "local", "ratio_to_naive", "<=", 0.85),
        Goal("time", 2, "two pass", "ratio_to_naive", "<=", 1.05),
        Goal("time", 2, "local", "ratio_to_naive", "<=", 1.05),
        *(
            Goal("time", shape, way, f"times_faster_than_{other}", ">=", limit)
            for shape in (0, 1)
            for way in ("two pass", "local")
            for other, limit in (
                ("Liger GRPO", 1.5),
                ("TRL, chunked", 1.8),
                ("TRL, full logits", 1.0),
                ("Cut Cross-Entropy", 1.0),
            )
        ),
        Goal("time", 2, "two pass", "times_faster_than_Liger GRPO", ">=", 4.0),
        *(
            Goal("memory", shape, way, figure, "<=", limit)
            for shape in (0, 1)
            for way in ("two pass", "local")
            for figure, limit in (("ratio_to_naive", 0.05), ("ratio_to_liger", 0.25))
        ),
    ),
    "cuda": (
        *(Goal("time", shape, "two pass", "forward_tflops", ">=", 600.0) for shape in (0, 1)),
        *(
            Goal("time", shape, way, "seconds", "<=", limit)
            for way, limits in (("two pass", (0.128, 0.068, 0.017)), ("local", (0.095, 0.050, 0.013)))
            for shape, limit in enumerate(limits)
        ),
        *(
            Goal("time", shape, way, f"times_faster_than_{other}", ">=", limit)
            for shape in (0, 1, 2)
            for way, other, limit in (
                ("two pass", "verl", 1.3),
                ("two pass", "Liger GRPO", 3.0),
                ("two pass", "TRL, chunked", 1.0),
                ("local", "TRL, chunked", 1.3),
            )
        ),
        *(Goal("memory", shape, way, "mebibytes", "<=", 476.8) for shape in (0, 1, 2) for way in ("two pass", "local")),
    ),
}
"""The goals for CUDA are meant for one H200; 476.8 MiB are 0.5 GB."""


def goals(parts: Mapping[str, Any], device: str) -> list[dict[str, Any]]:
    """Return every goal of the measured parts with its figure; None where it could not be measured."""
    return [_outcome(goal, parts[goal.part]["results"][goal.shape]) for goal in GOALS[device] if goal.part in parts]


def _outcome(goal: Goal, table: Mapping[str, Any]) -> dict[str, Any]:
    shape, value = table["shape"], table["ways"].get(goal.way, {}).get(goal.figure)
    compare = {"<=": operator.le, ">=": operator.ge}[goal.relation]
    size = ", ".join(str(shape[name]) for name in ("num_tokens", "hidden_size", "vocabulary_size", "dtype"))
    return {
        "goal": f"{goal.part} of {goal.way} at ({size}): {goal.figure} {goal.relation} {goal.limit}",
        "figure": value,
        "is_met": None if value is None else compare(value, goal.limit),
    }
