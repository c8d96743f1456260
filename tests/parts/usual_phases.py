"""The phases of a usual run: a cold start, its evaluation, a control, and reinforcement learning beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.config import Phase, RLConfig, SFTConfig


def usual_phases(
    cold_start: Sequence[SFTConfig] = (), control: Sequence[SFTConfig] = (), rl: RLConfig | None = None
) -> tuple[Phase | str, ...]:
    """Return them, named as in the recipes; the control and reinforcement learning start from one policy."""
    supervised = [replace(phase, name=f"cold_start_{number}") for number, phase in enumerate(cold_start, start=1)]
    more = [
        replace(phase, name=f"control_{number}", start="before" if number == 1 else "previous")
        for number, phase in enumerate(control, start=1)
    ]
    learning = () if rl is None else (replace(rl, start="before" if control else "previous"), "after")
    return (*supervised, "before", *more, *(["control"] if more else []), *learning)
