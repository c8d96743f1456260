"""The five-minute demonstration: GRPO or PPO on the embedded tiny policy, on two CPU cores.

The cold start teaches two ways to answer a chain of arithmetic: worked, then (mostly) at once. Reinforcement learning
is rewarded for correct answers in the right format, and finds out by itself that working pays.
"""

from __future__ import annotations

from dataclasses import replace

from agents.algorithms import GRPO, PPO, load_algorithm
from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig, SFTConfig
from agents.learner import OptimizerConfig, UpdateConfig

__all__ = ["quickstart"]


_ALGORITHMS = {"grpo": GRPO(clip_high=0.28), "ppo": PPO(clip_high=0.28)}


def quickstart(algorithm: str = "grpo") -> RunConfig:
    """Train by an SFT cold start, then GRPO (or PPO) on chain arithmetic, with a supervised control.

    Args:
        algorithm: a name in `ALGORITHMS`, or module:attribute. GRPO and PPO clip at 0.28 above; others keep their own
            defaults.
    """
    worked = SFTConfig(
        name="cold_start_1",
        num_steps=500,
        optimizer=OptimizerConfig(learning_rate=3e-3, schedule="cosine", num_warmup_steps=50, betas=(0.9, 0.98)),
    )
    terse = SFTConfig(
        name="cold_start_2",
        num_steps=150,
        worked_share=0.2,
        optimizer=OptimizerConfig(learning_rate=1e-3, schedule="cosine", num_warmup_steps=10),
    )
    return RunConfig(
        name="quickstart",
        policy=PolicyConfig(num_threads=1),
        env=EnvConfig(tasks="chain_arithmetic", template="plain"),
        phases=(
            worked,
            terse,
            "before",
            replace(terse, name="control_1", start="before"),
            "control",
            _rl(algorithm),
            "after",
        ),
        evaluation=EvaluationConfig(num_tasks=500, samples_per_task=2, max_new_tokens=48),
    )


def _rl(algorithm: str) -> RLConfig:
    return RLConfig(
        start="before",
        num_steps=80,
        algorithm=_ALGORITHMS.get(algorithm) or load_algorithm(algorithm),
        rollout=RolloutConfig(num_prompts=32, group_size=8, max_new_tokens=48),
        optimizer=OptimizerConfig(learning_rate=1e-4, num_warmup_steps=10),
        update=UpdateConfig(max_tokens_per_microbatch=4608, share_prompts=True),
    )
