"""From configuration to live objects: policies, environments, engines and phases."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gymnasium
import torch
from gymnasium.vector import AutoresetMode
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from agents.config import EnvConfig, PolicyConfig, RunConfig, SFTStage
from agents.errors import ConfigError
from agents.evaluate import Evaluation, evaluate
from agents.learner import Learner
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rl import RLPhase
from agents.rollout import ENGINES
from agents.rollout.codec import TextCodec
from agents.rollout.engine import RolloutEngine
from agents.seeds import derive_seed
from agents.sft import SFTPhase, terse_response, worked_response
from agents.types import Trajectory
from reasonenv.tables import resolve
from reasonenv.tasksets import load_tasks
from reasonenv.vector import TextVectorEnv

__all__ = [
    "LoadedPolicy",
    "build_engine",
    "build_rl_phase",
    "build_sft_phase",
    "check_parts",
    "evaluate_policy",
    "load_policy",
    "make_env",
]


@dataclass(frozen=True)
class LoadedPolicy:
    """A model with the codec of its tokenizer."""

    model: Any
    codec: TextCodec


def load_policy(config: PolicyConfig, env: EnvConfig, *, path: str | None = None, seed: int) -> LoadedPolicy:
    """Load the configured policy, or the checkpoint at `path`, in evaluation mode.

    Raises:
        ConfigError: a path that `transformers` cannot load, or a device that is not there.
    """
    _check_device(config.device)
    source = path if path is not None else config.path
    if source is None:
        model: Any
        model, tokenizer = build_tiny_policy(seed=derive_seed(seed, "policy"))
    else:
        with _loading(source):
            model = AutoModelForCausalLM.from_pretrained(source)
            tokenizer = AutoTokenizer.from_pretrained(source)
    model = model.to(device=config.device, dtype=getattr(torch, config.dtype)).eval()
    stops = model.generation_config.eos_token_id
    codec = TextCodec(
        tokenizer,
        use_chat_template=env.use_chat_template,
        model_stop_token_ids=() if stops is None else tuple(stops) if isinstance(stops, list) else (stops,),
    )
    return LoadedPolicy(model, codec)


def check_parts(config: RunConfig) -> None:
    """Look for every part that a run names, before anything is trained or written; weights are not loaded.

    Raises:
        ConfigError: a policy, a device, an environment or solutions to imitate that are not there.
        UnknownNameError: no task set, split, reward, template or engine of that name.
    """
    _check_device(config.policy.device)
    if config.policy.path is not None:
        with _loading(config.policy.path):
            AutoConfig.from_pretrained(config.policy.path)
            tokenizer = AutoTokenizer.from_pretrained(config.policy.path)
        TextCodec(tokenizer, use_chat_template=config.env.use_chat_template)
    for user in (config.evaluation, config.rl and config.rl.rollout):
        if user is not None:
            resolve(ENGINES, user.engine, kind="rollout engine")
    make_env(config.env, split=config.evaluation.split, num_groups=1, group_size=1).close()
    stages = (*config.cold_start, *config.control)
    if stages or config.rl is not None:
        example = make_env(config.env, split="train", num_groups=1, group_size=1).tasks[0]
        for stage in stages:
            worked_response(example) if stage.worked_share else terse_response(example)


def make_env(config: EnvConfig, *, split: str, num_groups: int, group_size: int) -> TextVectorEnv:
    """Make the configured vector environment on one split, with rows that wait for `collect` to reset them.

    Raises:
        ConfigError: no such environment, or not one of ours.
    """
    try:
        env = gymnasium.make_vec(
            config.id,
            num_envs=num_groups * group_size,
            vectorization_mode="vector_entry_point",
            group_size=group_size,
            autoreset_mode=AutoresetMode.DISABLED,
            tasks=config.tasks,
            split=split,
            reward=config.reward,
            template=config.template,
            max_turns=config.max_turns,
        )
    except (gymnasium.error.Error, TypeError) as error:
        raise ConfigError(f"{config.id!r} cannot be made as a TextVectorEnv: {error}") from error
    if not isinstance(env, TextVectorEnv):
        raise ConfigError(f"{config.id!r} makes a {type(env).__name__}; the learners need a TextVectorEnv.")
    return env


def build_engine(policy: LoadedPolicy, engine: str) -> RolloutEngine:
    """Build the named rollout engine on the policy's own, live weights."""
    return resolve(ENGINES, engine, kind="rollout engine")(policy.model, pad_token_id=policy.codec.pad_token_id)


def build_sft_phase(config: RunConfig, stage: SFTStage, policy: LoadedPolicy, *, seed: int) -> SFTPhase:
    """Build a supervised phase with a fresh optimizer."""
    tasks = load_tasks(config.env.tasks, split="train")
    learner = Learner(HFPolicy(policy.model), stage.optimizer, num_optimizer_steps=stage.num_steps)
    return SFTPhase(stage, config.env, tasks, policy.codec, learner, seed)


def build_rl_phase(config: RunConfig, policy: LoadedPolicy, record: Callable[[int, list[Trajectory]], None]) -> RLPhase:
    """Build the reinforcement-learning phase with a fresh optimizer."""
    rl = config.rl
    assert rl is not None
    env = make_env(config.env, split="train", num_groups=rl.rollout.num_prompts, group_size=rl.rollout.group_size)
    learner = Learner(
        HFPolicy(policy.model, has_value_head=rl.algorithm.needs_values),
        rl.optimizer,
        num_optimizer_steps=rl.num_steps * rl.update.num_epochs * rl.update.num_minibatches,
    )
    engine = build_engine(policy, rl.rollout.engine)
    return RLPhase(rl, env, engine, policy.codec, learner, config.seed, record)


def evaluate_policy(config: RunConfig, policy: LoadedPolicy) -> Evaluation:
    """Evaluate on the held-out split, as `config.evaluation` says."""
    split = config.evaluation.split
    return evaluate(
        lambda num_groups, group_size: make_env(config.env, split=split, num_groups=num_groups, group_size=group_size),
        build_engine(policy, config.evaluation.engine),
        policy.codec,
        load_tasks(config.env.tasks, split=split),
        config.evaluation,
        seed=derive_seed(config.seed, "evaluation", split),
    )


def _check_device(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"policy.device={device!r} cannot be used here: {error}") from error


@contextmanager
def _loading(source: str) -> Generator[None]:
    """Turn an error of `transformers` into one that names the policy."""
    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        raise ConfigError(
            f"No causal language model with its tokenizer could be loaded from {source!r}, neither as a folder nor as "
            f"a hub name: {error}"
        ) from error
