"""What a run is made of: frozen dataclasses that the command line is made from and that `config.json` records."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast

import tyro

from agents.algorithms import GRPO, Algorithm, GroupBaseline
from agents.errors import ConfigError, check_at_least, check_numbers
from agents.learner import OptimizerConfig, UpdateConfig
from agents.policies.lora import LoRAConfig
from agents.policies.precision import DtypeName, Precision
from agents.rollout.chat import TemplateValue
from agents.rollout.engine import EngineFactory
from agents.rollout.engine_configs import DecodeEngineConfig, HFEngineConfig
from reasonenv.prompts import PromptTemplate
from reasonenv.rewards import CompositeReward, Reward
from reasonenv.tasksets import TaskSource
from reasonenv.turns import Interaction, Turn

__all__ = [
    "OWN_CRITICS",
    "EnvConfig",
    "EvaluationConfig",
    "LoRAConfig",
    "PolicyConfig",
    "RLConfig",
    "RolloutConfig",
    "RunConfig",
    "SFTStage",
    "to_json",
]


OWN_CRITICS = ("head", "copy")
"""Values of `RLConfig.critic` that name no model."""
Tasks: TypeAlias = str | Path | TaskSource
Engine: TypeAlias = str | DecodeEngineConfig | HFEngineConfig | EngineFactory
Rewards: TypeAlias = str | Mapping[str, float] | Reward | CompositeReward


@dataclass(frozen=True, kw_only=True)
class PolicyConfig:
    """Which policy to train."""

    path: str | None = None
    """A Hugging Face hub name or checkpoint folder; None builds the embedded tiny policy."""
    dtype: DtypeName = "float32"
    """What products are computed in; trained weights and the optimizer's moments are float32 all the same."""
    fp32_head: bool = False
    """Compute the logits in float32 whatever `dtype` says."""
    gradient_checkpointing: bool = False
    """Keep no activations inside the layers and compute them again on the way back: less memory, a third more time."""
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    load_in_4bit: bool = False
    """Keep the weights beside the adapters in 4 bits (QLoRA), by the library `bitsandbytes`; on a GPU."""
    device: str = "cpu"
    """Any torch device: "cpu", "cuda", "cuda:1"."""
    num_threads: int | None = None
    """Threads of torch on the CPU; None leaves torch's own choice."""

    def __post_init__(self) -> None:
        check_at_least(1, "policy", num_threads=self.num_threads)
        if self.path is None and (self.lora.rank is not None or self.load_in_4bit):
            raise ConfigError(
                "policy.lora and policy.load_in_4bit need policy.path: adapters are saved without the weights beside "
                "them, and the embedded policy has no folder to find those in."
            )

    @property
    def precision(self) -> Precision:
        """What the policy computes in."""
        return Precision(dtype=self.dtype, has_fp32_head=self.fp32_head)


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """Which environment to learn in. What is None is what the id stands for: its own tasks, reward, template, turns.

    Parts are named as for `TextEnv`: by a row of their table, by "module:attribute", or the object itself.
    """

    id: str = "reasonenv/Math-v0"
    """Any registered id that makes a `TextVectorEnv`; "my_module:my/Env-v0" imports the module that registers it."""
    tasks: Annotated[Tasks | None, tyro.conf.arg(aliases=["--tasks"])] = None
    """A task set's name, a file or a folder; from Python also rows, tasks or a data set (`load_tasks`)."""
    columns: Mapping[str, str] | None = None
    """Which column of a file holds what, as pairs: `prompt=question,answer=target`."""
    data_set: str | None = None
    """The public data set whose rows a file or folder holds, such as "gsm8k"."""
    split: str | None = None
    """What to learn on. None is "train"; it is all of your own rows without splits if other tasks are evaluated on."""
    reward: Rewards | None = None
    """A reward's name, or weights such as `accuracy=1,format=0.5`."""
    template: str | PromptTemplate | None = None
    turn: str | Turn | Interaction | None = None
    """What answers the model between its responses."""
    max_turns: int | None = None
    use_chat_template: bool = False
    """Encode the messages through the tokenizer's chat template instead of the template's own text."""
    chat_template_kwargs: Mapping[str, TemplateValue] = field(default_factory=dict[str, TemplateValue])
    """Variables of the tokenizer's chat template, such as `enable_thinking=false`."""

    def without_parts(self, env_id: str) -> EnvConfig:
        """Return another environment with the parts that its id stands for, shown to the policy in the same way."""
        return EnvConfig(
            id=env_id, use_chat_template=self.use_chat_template, chat_template_kwargs=self.chat_template_kwargs
        )


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
class SFTStage:
    """One stage of supervised fine-tuning on the task set's worked solutions."""

    num_steps: int
    batch_size: int = 64
    worked_share: float = 1.0
    """Share of examples that show the worked solution; the others state the answer at once."""
    max_tokens_per_microbatch: int | None = None
    """Tokens per forward and backward pass, padding included; None takes the whole batch at once."""
    optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(learning_rate=1e-5, schedule="cosine"))

    def __post_init__(self) -> None:
        check_at_least(0, "sft", num_steps=self.num_steps)
        check_at_least(1, "sft", batch_size=self.batch_size, max_tokens_per_microbatch=self.max_tokens_per_microbatch)
        _require_rate("sft", self.optimizer, self.num_steps)
        if not 0 <= self.worked_share <= 1:
            raise ConfigError(f"worked_share must lie in [0, 1], got {self.worked_share}.")


@dataclass(frozen=True, kw_only=True)
class RLConfig:
    """The reinforcement-learning phase."""

    num_steps: int
    algorithm: Algorithm = field(default_factory=GRPO)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    update: UpdateConfig = field(default_factory=UpdateConfig)
    reference_every: int | None = None
    """Steps after which the KL anchor becomes the current policy (400 in R1-Zero); None keeps the initial one."""
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
        check_at_least(0, "rl", num_steps=self.num_steps, num_value_steps=self.num_value_steps)
        _require_rate("rl", self.optimizer, self.num_steps)
        check_at_least(1, "rl", reference_every=self.reference_every)
        check_at_least(0, "rl", max_extra_collections=self.max_extra_collections)
        _check_sampling(self)
        if self.max_sampler_difference is not None and not self.max_sampler_difference > 0:
            raise ConfigError(
                f"rl.max_sampler_difference must be None (no limit) or positive, got {self.max_sampler_difference}."
            )
        budget = self.update.max_tokens_per_microbatch
        if budget is not None and budget < self.rollout.max_new_tokens:
            raise ConfigError(
                f"rl.update.max_tokens_per_microbatch={budget} is less than one response of "
                f"rl.rollout.max_new_tokens={self.rollout.max_new_tokens}: raise it."
            )
        if self.mask_truncated and "final_values" in self.algorithm.needs:
            raise ConfigError(
                "rl.mask_truncated leaves responses that were cut off out of the loss, and bootstraps_truncated would "
                "learn from them: set one of them to False."
            )
        self._check_other_models()

    def _check_other_models(self) -> None:
        """Refuse a teacher or a critic that nothing learns from."""
        name, needs = type(self.algorithm).__name__, self.algorithm.needs
        if self.teacher is not None and "teacher_logprobs" not in needs:
            raise ConfigError(f"rl.teacher={self.teacher!r}, but {name} has none: set rl.algorithm to Distillation().")
        has_critic_settings = self.critic != "head" or self.num_value_steps > 0
        if has_critic_settings and "values" not in needs:
            raise ConfigError(
                f"rl.critic={self.critic!r} and rl.num_value_steps={self.num_value_steps} are of a critic, and "
                f"{name} has none: set rl.algorithm to PPO()."
            )
        if self.num_value_steps and self.num_value_steps >= self.num_steps:
            raise ConfigError(
                f"rl.num_value_steps={self.num_value_steps} leaves none of rl.num_steps={self.num_steps} to the "
                "policy: raise num_steps."
            )


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How accuracy is measured, on tasks that training never sees.

    Where to measure is the environment that is trained in, but for what is set here.
    """

    env_id: str | None = None
    """Another environment, with the parts that its id stands for."""
    tasks: Tasks | None = None
    columns: Mapping[str, str] | None = None
    data_set: str | None = None
    reward: Rewards | None = None
    template: str | PromptTemplate | None = None
    split: str | None = None
    """What to evaluate on. None is "test"; it is all of your own rows without splits if they are given by `tasks`."""
    num_tasks: int = 500
    samples_per_task: int = 1
    """Samples at temperature 1 behind the sampled accuracy; the greedy one takes one each."""
    max_new_tokens: int = 1024
    """Per turn."""
    engine: Engine = "decode"
    """A name in `agents.rollout.ENGINES`, with settings if need be (`decode,max_rows=64`), or "module:attribute"."""
    every: int | None = None
    """Steps between evaluations during reinforcement learning; None evaluates only around it."""

    def __post_init__(self) -> None:
        check_at_least(
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
        check_at_least(0, "run", seed=self.seed)
        check_at_least(1, "run", checkpoint_every=self.checkpoint_every, keep_checkpoints=self.keep_checkpoints)
        if self.policy.gradient_checkpointing and self.rl is not None and self.rl.update.share_prompts:
            raise ConfigError(
                "policy.gradient_checkpointing and rl.update.share_prompts exclude each other: switch one off."
            )
        if self.name in ("", "..") or Path(self.name).name != self.name:
            raise ConfigError(f"The run's name must be that of a folder in output_dir, got {self.name!r}.")

    @property
    def folder(self) -> Path:
        """The folder of everything that the run writes."""
        return self.output_dir / self.name

    @property
    def is_training(self) -> bool:
        """Whether there is anything to learn, or only to evaluate."""
        return bool(self.cold_start or self.control) or self.rl is not None

    @property
    def training_env(self) -> EnvConfig:
        """Where to learn: the environment, with its split."""
        return replace(self.env, split=self.env.split or "train")

    @property
    def evaluation_env(self) -> EnvConfig:
        """Where to evaluate: the training environment, or that of `evaluation`, with the parts that are set there."""
        chosen, split = self.evaluation, self.evaluation.split or "test"
        env = replace(self.env, split=split)
        if chosen.env_id is not None:
            env = replace(env.without_parts(chosen.env_id), split=split)
        if chosen.tasks is not None:
            env = replace(env, tasks=chosen.tasks, columns=None, data_set=None)
        own = {name: getattr(chosen, name) for name in ("columns", "data_set", "reward", "template")}
        return replace(env, **{name: value for name, value in own.items() if value is not None})


def _check_sampling(config: RLConfig) -> None:
    """Raise ConfigError for samples that the algorithm cannot learn from, or would learn something else from."""
    algorithm, rollout = config.algorithm, config.rollout
    name = type(algorithm).__name__
    if rollout.top_p < 1:
        raise ConfigError(
            f"rl.rollout.top_p must be 1 to train on, got {rollout.top_p}: the sampler chooses among the likeliest "
            "tokens, while the learner's log-probabilities are over the whole vocabulary, so that ratios are wrong."
        )
    least = algorithm.min_group_size if isinstance(algorithm, GroupBaseline) else 1
    if rollout.group_size < least:
        raise ConfigError(
            f"rl.rollout.group_size must be at least {least} for {name}, got {rollout.group_size}: its baseline is "
            "what the other responses to the same prompt got."
        )
    is_filterable = isinstance(algorithm, GroupBaseline) and algorithm.allows_dynamic_sampling
    if config.max_extra_collections and not is_filterable:
        raise ConfigError(
            f"rl.max_extra_collections must be 0 for {name}, got {config.max_extra_collections}: groups with equal "
            "rewards would be dropped though it learns from them, or is unbiased only with them. An algorithm of which "
            "that is not true says allows_dynamic_sampling = True."
        )


def _require_rate(owner: str, optimizer: OptimizerConfig, num_steps: int) -> None:
    """Raise `ConfigError` for steps that would change nothing."""
    if num_steps and optimizer.learning_rate == 0:
        raise ConfigError(
            f"{owner}.optimizer.learning_rate must be positive, got 0: nothing would be learned. Set "
            f"{owner}.num_steps to 0 to leave the policy as it is."
        )


def to_json(config: Any) -> Any:
    """Return a configuration as plain JSON values.

    A dataclass names its class: `"GRPO"` of this package, `"module:Class"` of any other. A function, class or rule that
    can be imported is its "module:attribute". What cannot be written down (tasks in memory, a lambda) is
    `{"not_importable": "list of 50"}`: such a run can be resumed with the objects at hand, and not from its folder.
    """
    if config is None or isinstance(config, str | int | float):
        return config
    if isinstance(config, Path):
        return str(config)
    if (path := _import_path(config)) is not None:
        return path
    if isinstance(config, Mapping):
        return {str(key): to_json(value) for key, value in cast("Mapping[Any, Any]", config).items()}
    if isinstance(config, tuple):
        return [to_json(value) for value in cast("tuple[Any, ...]", config)]
    name = _class_name(type(config))
    if not dataclasses.is_dataclass(config) or isinstance(config, Sized) or name is None:
        return _description(config)
    return {"class": name, **{entry.name: to_json(getattr(config, entry.name)) for entry in dataclasses.fields(config)}}


def _class_name(kind: type) -> str | None:
    return kind.__name__ if kind.__module__.partition(".")[0] == __package__ else _import_path(kind)


def _import_path(part: Any) -> str | None:
    """Return the "module:attribute" that leads to this very object, or None: it may be local, or of a script."""
    module, name = getattr(part, "__module__", None), getattr(part, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__" or module not in sys.modules:
        return None
    found = reduce(lambda owner, attribute: getattr(owner, attribute, None), name.split("."), sys.modules[module])
    return f"{module}:{name}" if found is part else None


def _description(part: Any) -> dict[str, str]:
    size = f" of {len(part)}" if isinstance(part, Sized) else ""
    return {"not_importable": f"{type(part).__qualname__}{size}"}
