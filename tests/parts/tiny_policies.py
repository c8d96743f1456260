"""Checkpoint folders of the embedded policy."""

from __future__ import annotations

from pathlib import Path

from agents.policies.tiny import build_tiny_policy


def save_tiny_policy(folder: str | Path, seed: int) -> None:
    """Write the policy as a folder that the `Auto…from_pretrained(folder)` classes load."""
    for part in build_tiny_policy(seed=seed):
        part.save_pretrained(folder)
