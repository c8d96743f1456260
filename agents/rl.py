"""The reinforcement-learning phase: collect, assemble, update."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from agents.config import RLConfig
from agents.learner import Learner
from agents.policies.export import exported_weights
from agents.rollout.assemble import assemble
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.dynamic import Collected, collect_informative
from agents.rollout.engine import RolloutEngine, SamplingParams
from agents.rollout.metrics import rollout_metrics
from agents.seeds import derive_seed, indices_of_step
from agents.types import Trajectory
from reasonenv.vector import TextVectorEnv

__all__ = ["RLPhase"]


@dataclass(frozen=True)
class RLPhase:
    """Steps of reinforcement learning. What step k does depends on (seed, k) and the weights alone."""

    config: RLConfig
    env: TextVectorEnv
    engine: RolloutEngine
    codec: TextCodec
    learner: Learner
    seed: int
    record: Callable[[int, list[Trajectory]], None]
    """Called with every step's trajectories."""
    num_steps_before: int = 0
    """With the same optimizer and KL anchor, in the phases before."""

    def step(self, step: int) -> dict[str, float]:
        """Sample with the current weights and train on the samples; return the metrics of `docs/metrics.md`."""
        started = time.perf_counter()
        if "reference_logprobs" in self.config.algorithm.needs and self._is_reference_step(step):
            self.learner.freeze_reference()
        self.engine.load_weights(exported_weights(self.learner.policy.model), version=step)
        rollouts = self._collect(step)
        collected = time.perf_counter()
        self.record(step, rollouts.sampled)
        metrics = rollout_metrics(rollouts.sampled) | rollouts.metrics
        batch = assemble(
            rollouts.kept,
            pad_token_id=self.codec.pad_token_id,
            device=self.learner.device,
            mask_truncated=self.config.mask_truncated,
        )
        if len(batch.rewards_B):
            is_policy_held = step < self.config.num_value_steps
            with self.learner.policy.training_critic_alone() if is_policy_held else nullcontext():
                update = self.learner.update(
                    batch,
                    self.config.algorithm,
                    self.config.update,
                    temperature=self.config.rollout.temperature,
                    seed=derive_seed(self.seed, "minibatches", step),
                    max_sampler_difference=self.config.max_sampler_difference,
                )
            metrics |= {name if "/" in name else f"train/{name}": value for name, value in update.items()}
        finished = time.perf_counter()
        return metrics | {
            "time/collect_seconds": collected - started,
            "time/update_seconds": finished - collected,
            "time/tokens_per_second": metrics["rollout/tokens"] / (finished - started),
        }

    def _is_reference_step(self, step: int) -> bool:
        every = self.config.reference_every
        is_due = every is not None and (self.num_steps_before + step) % every == 0
        return self.learner.reference is None or is_due

    def _collect(self, step: int) -> Collected:
        num_extra = self.config.max_extra_collections
        if not num_extra:
            trajectories = self._collection(step, 0)
            return Collected(sampled=trajectories, kept=trajectories)
        num_groups = self.config.rollout.num_prompts
        return collect_informative(
            partial(self._collection, step), num_groups=num_groups, max_extra_collections=num_extra
        )

    def _collection(self, step: int, number: int) -> list[Trajectory]:
        """Sample for a step; the collections after the first one have seeds and an order of tasks of their own."""
        rollout = self.config.rollout
        keys, seed, at = (step,), self.seed, step
        if number:
            keys, seed = (step, number), derive_seed(self.seed, "extra task order")
            at = step * self.config.max_extra_collections + number - 1
        params = SamplingParams(
            max_new_tokens=rollout.max_new_tokens,
            temperature=rollout.temperature,
            top_p=rollout.top_p,
            seed=derive_seed(self.seed, "rollout", *keys),
            records_routing=self.config.update.replay_routing == "sampler",
        )
        indices = indices_of_step(at, rollout.num_prompts, len(self.env.tasks), seed=seed)
        return collect(self.env, self.engine, self.codec, params, task_indices=indices)
