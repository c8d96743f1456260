"""A run whose engine reports other log-probabilities than the learner's, after two steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig
from agents.learner import OptimizerConfig
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import Completion, SamplingParams
from reasonenv.rewards import rule


class HalvingEngine(DecodeEngine):
    """Reports half of every probability once the weights have been updated twice."""

    def generate(self, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> list[list[Completion]]:
        groups = super().generate(prompts, params, num_samples=num_samples)
        return [[self._reported(completion) for completion in group] for group in groups]

    def _reported(self, completion: Completion) -> Completion:
        if self.weights_version < 2:
            return completion
        return replace(completion, logprobs=tuple(logprob - 0.693 for logprob in completion.logprobs))


@rule("letters")
def letters(task: Any, response: str) -> float:
    """Reward letters, so that the rows of a group differ."""
    del task
    return sum(map(ord, response)) % 7 / 7


def recipe(max_sampler_difference: float | None = 0.1) -> RunConfig:
    """Three steps of the tiny policy."""
    rollout = RolloutConfig(engine="disagreeing_engine:HalvingEngine", num_prompts=4, group_size=8, max_new_tokens=6)
    rl = RLConfig(
        num_steps=3,
        rollout=rollout,
        optimizer=OptimizerConfig(learning_rate=1e-3),
        max_sampler_difference=max_sampler_difference,
    )
    return RunConfig(
        name="run",
        policy=PolicyConfig(num_threads=1),
        env=EnvConfig(tasks="chain_arithmetic", template="plain", reward="disagreeing_engine:letters"),
        phases=("before", rl, "after"),
        evaluation=EvaluationConfig(num_tasks=2, max_new_tokens=4),
    )
