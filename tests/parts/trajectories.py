"""Trajectories for the tests of what is made of them."""

from __future__ import annotations

import math
from typing import Any

from agents.types import Span, Trajectory
from reasonenv.types import MathReference, ScoreStatus


def make_trajectory(**changes: Any) -> Trajectory:
    """Two prompt tokens, two sampled ones, an environment token, and the sampled end; reward 1."""
    values: dict[str, Any] = {
        "task_id": "sum/train/00000",
        "group_id": 0,
        "prompt": "2+3=?",
        "messages": (
            {"role": "user", "content": "2+3=?"},
            {"role": "assistant", "content": "4"},
            {"role": "user", "content": "no"},
            {"role": "assistant", "content": "5"},
        ),
        "reference": MathReference(answer="5"),
        "responses": ("4", "5"),
        "token_ids": (7, 8, 9, 10, 11, 1),
        "loss_mask": (0, 0, 1, 1, 0, 1),
        "behavior_logprobs": (0.0, 0.0, -0.5, -1.0, 0.0, -0.25),
        "reward": 1.0,
        "reward_components": {"accuracy": 1.0, "format": 0.0},
        "reward_details": {"accuracy": {"status": "correct"}},
        "reward_status": ScoreStatus.SCORED,
        "is_stopped": True,
        "spans": (Span(2, 4, 0, 3), Span(5, 6, 1, 3)),
    }
    return Trajectory(**values | changes)


def make_ungraded(**changes: Any) -> Trajectory:
    """The same when the grader failed."""
    failed = {"reward": math.nan, "reward_components": {"format": 0.0}, "reward_status": ScoreStatus.GRADER_FAILED}
    return make_trajectory(**failed | changes)
