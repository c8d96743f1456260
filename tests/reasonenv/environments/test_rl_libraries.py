"""Stable-Baselines3, Tianshou and RLlib take the ids as far as text goes; CONTRIBUTING says how to install them."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
from areas import needs
from gymnasium.wrappers import FlattenObservation

from reasonenv.registration import ENVIRONMENTS

ID = "reasonenv/Math-v0"
pytestmark = pytest.mark.filterwarnings("default")  # the libraries' own


def make_math():
    return gym.make(ID)


def make_numbers():
    return FlattenObservation(gym.make(ID, max_observation_chars=2_000))


@needs("sb3")
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_make_vec_env_of_stable_baselines3_plays_every_id(env_id):
    from stable_baselines3.common.env_util import make_vec_env

    envs = make_vec_env(env_id, n_envs=2, seed=0)
    prompts = envs.reset()
    assert [prompt in envs.observation_space for prompt in prompts] == [True, True]
    following, rewards, dones, infos = envs.step(["no idea", "<think>?</think> <answer>5</answer>"])
    assert (following.shape, rewards.shape, dones.tolist()) == ((2,), (2,), [True, True])
    assert following.tolist() == [prompt for prompt in following if len(prompt) > 1]
    assert "reward_components" in json.loads(json.dumps(infos))[1]
    envs.close()


@needs("sb3")
def test_make_vec_env_of_stable_baselines3_may_use_processes():
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import SubprocVecEnv

    envs = make_vec_env(f"reasonenv:{ID}", n_envs=2, seed=0, vec_env_cls=SubprocVecEnv)
    alone = make_vec_env(ID, n_envs=2, seed=0)
    assert envs.reset().tolist() == alone.reset().tolist()
    assert envs.step(["a", "b"])[2].tolist() == [True, True]
    envs.close()


@needs("sb3")
def test_stable_baselines3_says_that_its_algorithms_need_numbers():
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    with pytest.raises(AssertionError, match=r"action spaces but UnicodeText\(131072\) was provided"):
        PPO("MlpPolicy", make_vec_env(ID))


@needs("tianshou")
@pytest.mark.parametrize(
    ("kind", "maker"),
    [
        ("DummyVectorEnv", make_math),
        ("SubprocVectorEnv", make_math),
        ("DummyVectorEnv", make_numbers),
        ("SubprocVectorEnv", make_numbers),
        ("ShmemVectorEnv", make_numbers),
    ],
)
def test_vector_environments_of_tianshou_play(kind, maker):
    import tianshou.env

    envs = getattr(tianshou.env, kind)([maker, maker])
    observations, infos = envs.reset(seed=0)
    assert len(observations) == 2
    _, rewards, terminated, truncated, infos = envs.step(np.array(["no idea", "5"], dtype=object))
    assert (rewards.tolist(), terminated.tolist(), truncated.tolist()) == ([0.0, 0.0], [True, True], [False, False])
    assert all("reward_components" in json.loads(json.dumps(info, default=int)) for info in infos)
    envs.close()


@needs("tianshou")
def test_shared_memory_of_tianshou_holds_numbers_alone():
    from tianshou.env import ShmemVectorEnv

    with pytest.raises(KeyError, match="object_"):
        ShmemVectorEnv([make_math])


@needs("rllib")
@pytest.mark.slow
def test_rllib_makes_a_registered_environment_and_says_that_its_networks_need_numbers():
    import ray
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.tune.registry import ENV_CREATOR, _global_registry, register_env

    register_env("math", lambda config: gym.make(ID, **config))
    made = _global_registry.get(ENV_CREATOR, "math")({"split": "test"})
    assert made.unwrapped.tasks.split == "test"
    config = PPOConfig().environment("math", env_config={"split": "test"}).env_runners(num_env_runners=0)
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with pytest.raises(ValueError, match=r"obs space=UnicodeText\(32768\)"):
            config.build_algo()
    finally:
        ray.shutdown()
