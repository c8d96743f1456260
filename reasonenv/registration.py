"""The ids that `gymnasium.make` knows, each a combination of parts.

Ids are versioned. What changes a reward, a prompt, a parser or tasks under an id makes the next one.
"""

from __future__ import annotations

from typing import Any

import gymnasium

__all__ = ["ENVIRONMENTS", "register_environments"]

ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "reasonenv/Math-v0": {"tasks": "procedural_math", "reward": "r1_zero", "template": "r1_zero"},
    "reasonenv/Code-v0": {
        "tasks": "procedural_code",
        "reward": "r1_code",
        "template": "r1_code",
        "default_turn": "public_tests",
    },
    "reasonenv/MathPython-v0": {
        "tasks": "procedural_math",
        "reward": "accuracy",
        "template": "math_python",
        "default_turn": "python",
        "max_turns": 6,
    },
    "reasonenv/QA-v0": {"tasks": "procedural_qa", "reward": "r1_qa", "template": "r1_zero"},
    "reasonenv/Mixed-v0": {"tasks": "procedural_mixed", "reward": "r1_all_scenarios", "template": "r1_zero"},
}
"""Environment id → keyword arguments of `TextEnv`, and of `TextVectorEnv` beside its own."""


def register_environments() -> None:
    """Register every id that Gymnasium does not hold yet.

    Gymnasium adds no wrappers: `TextEnv` enforces the order of `reset` and `step` itself, and the passive checker would
    warn of NaN rewards, which tell a failed grader from a wrong answer.
    """
    for env_id, kwargs in ENVIRONMENTS.items():
        if env_id in gymnasium.registry:
            continue
        gymnasium.register(
            env_id,
            entry_point="reasonenv.env:TextEnv",
            vector_entry_point="reasonenv.vector:TextVectorEnv",
            kwargs=kwargs,
            order_enforce=False,
            disable_env_checker=True,
        )
