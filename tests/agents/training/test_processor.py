"""Training keeps the memory of freed tensors in its process."""

from __future__ import annotations

import os
import subprocess
import sys

import torch
from areas import needs

from agents.building.processor import prepare_processor
from agents.config import PolicyConfig

ROUNDS = """
import resource
import torch
from agents.building.processor import prepare_processor
from agents.config import PolicyConfig

prepare_processor(PolicyConfig(num_threads=1))

def allocate():
    tensors = [torch.ones(1 << 20) for _ in range(16)]

allocate()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    allocate()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES_OF_A_ROUND = (16 << 22) // 4096


def faults(**settings: str) -> int:
    """Return how many pages ten rounds of 64 MiB took from the system."""
    free = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    said = subprocess.run(
        [sys.executable, "-c", ROUNDS], env=free | settings, capture_output=True, text=True, check=True
    )
    return int(said.stdout)


@needs("glibc")
def test_freed_tensors_are_taken_again_without_the_system() -> None:
    assert faults() < PAGES_OF_A_ROUND


@needs("glibc")
def test_settings_of_the_users_own_stay() -> None:
    assert faults(MALLOC_TRIM_THRESHOLD_="65536", MALLOC_MMAP_THRESHOLD_="65536") > 5 * PAGES_OF_A_ROUND


def test_threads_are_those_of_the_config_or_stay() -> None:
    before = torch.get_num_threads()
    try:
        prepare_processor(PolicyConfig(num_threads=1))
        assert torch.get_num_threads() == 1
        prepare_processor(PolicyConfig())
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
