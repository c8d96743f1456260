"""Seeds of everything random in a run: one for each purpose, so that no two draws are equal by accident."""

from __future__ import annotations

import hashlib
import json

import numpy as np

__all__ = ["derive_seed", "indices_of_step"]


def derive_seed(seed: int, purpose: str, *keys: int | str) -> int:
    """Return a seed in [0, 2**48) that only this purpose of this run has; the same on every platform.

    The first 48 bits of SHA-256 over the arguments as JSON. Two different lists of arguments share a seed with
    probability 2**-48.

    Args:
        seed: of the run.
        purpose: what is drawn, such as "rollout" or "minibatches".
        keys: which draw of this purpose: a step, an epoch, the name of a split.

    >>> derive_seed(0, "rollout", 4), derive_seed(0, "minibatches", 4)
    (94685030456970, 185703317501487)
    """
    digest = hashlib.sha256(json.dumps([seed, purpose, *keys]).encode()).digest()
    return int.from_bytes(digest[:6], "big")


def indices_of_step(step: int, num_indices: int, num_all: int, *, seed: int) -> list[int]:
    """Return which tasks or samples a step takes: epoch after epoch, each a permutation drawn from (seed, epoch).

    >>> indices_of_step(0, 2, 4, seed=0) + indices_of_step(1, 2, 4, seed=0)
    [1, 3, 0, 2]
    """
    positions = range(step * num_indices, (step + 1) * num_indices)
    epochs = {position // num_all for position in positions}
    generators = {epoch: np.random.default_rng(derive_seed(seed, "task order", epoch)) for epoch in epochs}
    order = {epoch: generator.permutation(num_all) for epoch, generator in generators.items()}
    return [int(order[position // num_all][position % num_all]) for position in positions]
