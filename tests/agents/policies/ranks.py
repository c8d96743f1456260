"""Runs a function in several processes that form a process group on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch.distributed as dist
import torch.multiprocessing as mp


def run_on_ranks(function: Callable[..., None], num_ranks: int, folder: Path, *arguments: object) -> None:
    """Call `function(rank, *arguments)` on every rank; a failure on one fails the caller."""
    context = mp.spawn(_start, (function, num_ranks, folder / "store", arguments), num_ranks, join=False)
    assert context is not None
    while not context.join(timeout=120):
        pass


def _start(rank: int, function: Callable[..., None], num_ranks: int, store: Path, arguments: tuple) -> None:
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=num_ranks)
    try:
        function(rank, *arguments)
    finally:
        dist.destroy_process_group()
