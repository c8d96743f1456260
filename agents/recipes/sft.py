"""Supervised fine-tuning alone, on the worked solutions of a task set."""

from __future__ import annotations

from agents.config import PolicyConfig, RunConfig, SFTConfig

__all__ = ["sft"]


def sft(model: str | None = None, num_steps: int = 1000) -> RunConfig:
    """Imitate the worked solutions of the tasks (--tasks), then evaluate.

    Args:
        model: a hub name or checkpoint folder; by default the embedded tiny policy.
        num_steps: optimizer steps.
    """
    return RunConfig(
        name="sft",
        policy=PolicyConfig(path=model),
        phases=(SFTConfig(name="cold_start_1", num_steps=num_steps), "before"),
    )
