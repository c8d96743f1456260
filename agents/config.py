"""What a run is made of: frozen dataclasses that the command line is made from and that `config.json` records."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agents.algorithms import GRPO, AnyAlgorithm
from agents.errors import ConfigError
from agents.learner import OptimizerConfig, UpdateConfig

__all__ = [
    "EnvConfig",
    "EvaluationConfig",
    "PolicyConfig",
    "RLConfig",
    "RolloutConfig",
    "RunConfig",
    "SFTStage",
    "to_json",
]


@dataclass(frozen=True, kw_only=True)
class PolicyConfig:
    """Which policy to train."""

    path: str | None = None
    """A Hugging Face hub name or checkpoint folder; None builds the embedded tiny policy."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: str = "cpu"
    """Any torch device: "cpu", "cuda", "cuda:1"."""
    num_threads: int | None = None
    """Threads of torch on the CPU; None leaves torch's own choice."""

    def __post_init__(self) -> None:
        _require_at_least(1, "policy", num_threads=self.num_threads)


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """Which environment to learn in."""

    id: str = "reasonenv/Math-v0"
    tasks: str = "procedural_math"
    """A task set's name or a file."""
    reward: str = "r1_zero"
    template: str = "r1_zero"
    use_chat_template: bool = False
    """Encode the messages through the tokenizer's chat template instead of the template's own text."""
    max_turns: int = 1


@dataclass(frozen=True, kw_only=True)
class RolloutConfig:
    """How to sample episodes for one update: `num_prompts` × `group_size` rows."""

    engine: str = "decode"
    """A name in `agents.rollout.ENGINES`."""
    num_prompts: int = 32
    group_size: int = 16
    max_new_tokens: int = 1024
    """Per turn."""
    temperature: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        _require_at_least(
            1, "rollout", num_prompts=self.num_prompts, group_size=self.group_size, max_new_tokens=self.max_new_tokens
        )
        if self.temperature <= 0:
            raise ConfigError(f"rollout.temperature must be positive to train on, got {self.temperature}.")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"rollout.top_p must lie in (0, 1], got {self.top_p}.")


@dataclass(frozen=True, kw_only=True)
class SFTStage:
    """One stage of supervised fine-tuning on the task set's worked solutions."""

    num_steps: int
    batch_size: int = 64
    worked_share: float = 1.0
    """Share of examples that show the worked solution; the others state the answer at once."""
    microbatch_size: int | None = None
    """Examples per forward and backward pass; None takes the whole batch."""
    optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(learning_rate=1e-5, schedule="cosine"))

    def __post_init__(self) -> None:
        _require_at_least(0, "sft", num_steps=self.num_steps)
        _require_at_least(1, "sft", batch_size=self.batch_size, microbatch_size=self.microbatch_size)
        if not 0 <= self.worked_share <= 1:
            raise ConfigError(f"worked_share must lie in [0, 1], got {self.worked_share}.")


@dataclass(frozen=True, kw_only=True)
class RLConfig:
    """The reinforcement-learning phase."""

    num_steps: int
    algorithm: AnyAlgorithm = field(default_factory=GRPO)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    update: UpdateConfig = field(default_factory=UpdateConfig)
    reference_every: int | None = None
    """Steps after which the KL anchor becomes the current policy (400 in R1-Zero); None keeps the initial one."""

    def __post_init__(self) -> None:
        _require_at_least(0, "rl", num_steps=self.num_steps)
        _require_at_least(1, "rl", reference_every=self.reference_every)


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How accuracy is measured, on tasks that training never sees."""

    split: str = "test"
    num_tasks: int = 500
    samples_per_task: int = 1
    """Samples at temperature 1 behind the sampled accuracy; the greedy one takes one each."""
    max_new_tokens: int = 1024
    """Per turn."""
    engine: str = "decode"
    """A name in `agents.rollout.ENGINES`."""
    every: int | None = None
    """Steps between evaluations during reinforcement learning; None evaluates only around it."""

    def __post_init__(self) -> None:
        _require_at_least(
            1,
            "evaluation",
            num_tasks=self.num_tasks,
            samples_per_task=self.samples_per_task,
            max_new_tokens=self.max_new_tokens,
            every=self.every,
        )


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run: cold start, control, reinforcement learning, evaluation, and where to write."""

    name: str
    seed: int = 0
    output_dir: Path = Path("runs")
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    env: EnvConfig = field(default_factory=EnvConfig)
    cold_start: tuple[SFTStage, ...] = ()
    control: tuple[SFTStage, ...] = ()
    """Supervised stages that continue from the cold start instead of RL: what more of the same would have brought."""
    rl: RLConfig | None = None
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    checkpoint_every: int = 50
    """Steps between checkpoints within a phase."""
    keep_checkpoints: int = 1
    """How many of them stay, the newest ones; with evaluations during RL, the best one stays besides."""

    def __post_init__(self) -> None:
        _require_at_least(0, "run", seed=self.seed)
        _require_at_least(1, "run", checkpoint_every=self.checkpoint_every, keep_checkpoints=self.keep_checkpoints)
        if self.name in ("", "..") or Path(self.name).name != self.name:
            raise ConfigError(f"The run's name must be that of a folder in output_dir, got {self.name!r}.")

    @property
    def folder(self) -> Path:
        """The folder of everything that the run writes."""
        return self.output_dir / self.name


def _require_at_least(minimum: int, owner: str, **values: int | None) -> None:
    """Raise `ConfigError` for a value below `minimum`; None stands for "not set"."""
    for name, value in values.items():
        if value is not None and value < minimum:
            raise ConfigError(f"{owner}.{name} must be at least {minimum}, got {value}.")


def to_json(config: Any) -> Any:
    """Return a dataclass as plain JSON values; every dataclass names its class, which tells algorithms apart."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        values = {entry.name: to_json(getattr(config, entry.name)) for entry in dataclasses.fields(config)}
        return {"class": type(config).__name__, **values}
    if isinstance(config, (tuple, list)):
        return [to_json(value) for value in config]
    return str(config) if isinstance(config, Path) else config
