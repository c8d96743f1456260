"""A phase of reinforcement learning, and how it samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import tyro

from agents.algorithms import GRPO, Algorithm, GroupBaseline
from agents.config.environment import EnvConfig
from agents.config.phase import PREVIOUS, check_phase, require_rate
from agents.errors import ConfigError, check_at_least, check_numbers
from agents.learner import OptimizerConfig, UpdateConfig
from agents.rollout.engine import EngineFactory
from agents.rollout.engine_configs import DecodeEngineConfig, HFEngineConfig

__all__ = ["OWN_CRITICS", "Engine", "RLConfig", "RolloutConfig"]

OWN_CRITICS = ("head", "copy")
"""Values of `RLConfig.critic` that name no model."""
Engine: TypeAlias = str | DecodeEngineConfig | HFEngineConfig | EngineFactory


@dataclass(frozen=True, kw_only=True)
class RolloutConfig:
    """How to sample episodes for one update: `num_prompts` × `group_size` rows."""

    engine: Engine = "decode"
    """A name in `agents.rollout.ENGINES`, with settings if need be (`decode,max_rows=64`), or "module:attribute"."""
    num_prompts: int = 32
    group_size: int = 16
    max_new_tokens: int = 1024
    """Per turn."""
    temperature: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        check_at_least(
            1, "rollout", num_prompts=self.num_prompts, group_size=self.group_size, max_new_tokens=self.max_new_tokens
        )
        check_numbers("rollout", is_positive=True, temperature=self.temperature)
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"rollout.top_p must lie in (0, 1], got {self.top_p}.")


@dataclass(frozen=True, kw_only=True)
class RLConfig:
    """A phase of reinforcement learning."""

    num_steps: int
    name: Annotated[str, tyro.conf.Suppress] = "rl"
    """Of the phase, in logs, checkpoints and flags."""
    start: str = PREVIOUS
    """The policy to begin with: "previous", what the phase before ended with; "initial", what the run began with; the
    name of an earlier phase, what that one ended with; or a hub name or checkpoint folder."""
    env: EnvConfig | None = None
    """Where to learn; None is the run's."""
    algorithm: Algorithm = field(default_factory=GRPO)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    update: UpdateConfig = field(default_factory=UpdateConfig)
    reference_every: int | None = None
    """Steps after which the KL anchor becomes the current policy (400 in R1-Zero); None keeps the one that this phase
    begins with."""
    keeps_optimizer: bool = False
    """Go on with the optimizer, the critic and the KL anchor of the phase of reinforcement learning before, and count
    `reference_every` from its beginning. Without it every phase starts with new ones."""
    teacher: str | None = None
    """Who grades the tokens in on-policy distillation: a hub name or checkpoint folder with the policy's tokenizer."""
    critic: str = "head"
    """Where values come from: "head" is a linear layer on the policy's own trunk, "copy" a model of its own that starts
    as the policy that this phase begins with; or a hub name or checkpoint folder with the policy's tokenizer."""
    num_value_steps: int = 0
    """Steps at the start in which only the critic learns (value pre-training, arXiv 2503.01491)."""
    max_extra_collections: int = 0
    """Dynamic sampling: groups whose rewards are all equal are dropped, and up to so many more collections of
    `RolloutConfig.num_prompts` groups are made until none is missing. 0 trains on every group (Sec. 3.2, arXiv
    2503.14476)."""
    mask_truncated: bool = False
    """Overlong filtering: responses that were cut off have no loss; their rewards count in the baseline of their group
    (Sec. 3.4, arXiv 2503.14476)."""
    max_sampler_difference: float | None = 0.1
    """Stop where the learner's log-probabilities of sampled tokens differ from the sampler's by more on average, in
    nats; None goes on whatever they are. In bf16, engines that are right were within 0.011; wrong ones were beyond 0.11
    (`docs/decisions/0020-the-sampler-is-checked-on-the-way.md`)."""

    def __post_init__(self) -> None:
        name = self.name
        check_phase(name, self.start)
        check_at_least(0, name, num_steps=self.num_steps, num_value_steps=self.num_value_steps)
        require_rate(name, self.optimizer, self.num_steps)
        check_at_least(1, name, reference_every=self.reference_every)
        check_at_least(0, name, max_extra_collections=self.max_extra_collections)
        _check_sampling(self)
        if self.max_sampler_difference is not None and not self.max_sampler_difference > 0:
            raise ConfigError(
                f"{name}.max_sampler_difference must be None (no limit) or positive, got {self.max_sampler_difference}."
            )
        budget = self.update.max_tokens_per_microbatch
        if budget is not None and budget < self.rollout.max_new_tokens:
            raise ConfigError(
                f"{name}.update.max_tokens_per_microbatch={budget} is less than one response of "
                f"{name}.rollout.max_new_tokens={self.rollout.max_new_tokens}: raise it."
            )
        if self.mask_truncated and "final_values" in self.algorithm.needs:
            raise ConfigError(
                f"{name}.mask_truncated leaves responses that were cut off out of the loss, and bootstraps_truncated "
                "would learn from them: set one of them to False."
            )
        self._check_other_models()

    def _check_other_models(self) -> None:
        """Refuse a teacher or a critic that nothing learns from."""
        name, needs = self.name, self.algorithm.needs
        kind = type(self.algorithm).__name__
        if self.teacher is not None and "teacher_logprobs" not in needs:
            raise ConfigError(
                f"{name}.teacher={self.teacher!r}, but {kind} has none: set {name}.algorithm to Distillation()."
            )
        has_critic_settings = self.critic != "head" or self.num_value_steps > 0
        if has_critic_settings and "values" not in needs:
            raise ConfigError(
                f"{name}.critic={self.critic!r} and {name}.num_value_steps={self.num_value_steps} are of a critic, and "
                f"{kind} has none: set {name}.algorithm to PPO()."
            )
        if self.num_value_steps and self.num_value_steps >= self.num_steps:
            raise ConfigError(
                f"{name}.num_value_steps={self.num_value_steps} leaves none of {name}.num_steps={self.num_steps} to "
                "the policy: raise num_steps."
            )


def _check_sampling(config: RLConfig) -> None:
    """Raise ConfigError for samples that the algorithm cannot learn from, or would learn something else from."""
    algorithm, rollout = config.algorithm, config.rollout
    name, kind = config.name, type(algorithm).__name__
    if rollout.top_p < 1:
        raise ConfigError(
            f"{name}.rollout.top_p must be 1 to train on, got {rollout.top_p}: the sampler chooses among the likeliest "
            "tokens, while the learner's log-probabilities are over the whole vocabulary, so that ratios are wrong."
        )
    least = algorithm.min_group_size if isinstance(algorithm, GroupBaseline) else 1
    if rollout.group_size < least:
        raise ConfigError(
            f"{name}.rollout.group_size must be at least {least} for {kind}, got {rollout.group_size}: its baseline is "
            "what the other responses to the same prompt got."
        )
    is_filterable = isinstance(algorithm, GroupBaseline) and algorithm.allows_dynamic_sampling
    if config.max_extra_collections and not is_filterable:
        raise ConfigError(
            f"{name}.max_extra_collections must be 0 for {kind}, got {config.max_extra_collections}: groups with equal "
            "rewards would be dropped though it learns from them, or is unbiased only with them. An algorithm of which "
            "that is not true says allows_dynamic_sampling = True."
        )
