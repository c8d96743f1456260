from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.seeds import derive_seed


@given(st.integers(0, 2**70), st.text(), st.lists(st.integers(0, 2**70) | st.text(), max_size=3))
def test_derived_seeds_fit_every_generator(seed: int, purpose: str, keys: list[int | str]) -> None:
    assert 0 <= derive_seed(seed, purpose, *keys) < 2**48


def test_no_two_purposes_seeds_or_keys_share_a_seed() -> None:
    purposes = ["policy", "task order", "rollout", "turn", "minibatches", "evaluation", "examples"]
    steps: list[tuple[int | str, ...]] = [(), *((step,) for step in range(40)), ("test",), ("train",), ("4",)]
    seeds = [derive_seed(seed, purpose, *keys) for seed, purpose, keys in product(range(5), purposes, steps)]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize(
    ("left", "right"), [((1, "a", 2), (1, "a", 2, 0)), ((1, "a", "b"), (1, "ab")), ((1, "a", 1), (1, "a", "1"))]
)
def test_arguments_that_would_read_alike_when_joined_have_different_seeds(left: tuple, right: tuple) -> None:
    assert derive_seed(*left) != derive_seed(*right)


def test_neighbouring_steps_have_unrelated_seeds() -> None:
    seeds = [derive_seed(0, "rollout", step) for step in range(400)]
    assert min(abs(first - second) for first, second in pairwise(seeds)) > 2**20


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_seed_is_the_same_in_every_process_and_on_every_platform(hash_seed: str) -> None:
    program = "from agents.seeds import derive_seed; print(derive_seed(0, 'evaluation', 'test'))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(result.stdout) == 69101274312414
