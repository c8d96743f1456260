"""What does one episode of `reasonenv/Math-v0` cost, alone and in a vector?"""

from __future__ import annotations

import gymnasium
import pytest

ENV_ID = "reasonenv:reasonenv/Math-v0"
NUM_ENVS, GROUP_SIZE = 64, 8
RESPONSE = "<think>I do not know.</think> <answer>42</answer>"


def test_environment_step(benchmark) -> None:
    env = gymnasium.make(ENV_ID)
    env.reset(seed=0)

    def episode() -> None:
        env.reset()
        env.step(RESPONSE)

    benchmark(episode)


@pytest.mark.parametrize("mode", ["sync", "vector_entry_point"])
def test_vector_step(benchmark, mode: str) -> None:
    options = {"group_size": GROUP_SIZE} if mode == "vector_entry_point" else {}
    envs = gymnasium.make_vec(ENV_ID, NUM_ENVS, vectorization_mode=mode, **options)
    envs.reset(seed=0)
    benchmark(envs.step, (RESPONSE,) * NUM_ENVS)
    envs.close()
