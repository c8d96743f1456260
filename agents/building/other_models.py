"""The models beside the policy of a run: a critic of its own, and a teacher."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace

from transformers import AutoConfig, AutoTokenizer

from agents.building.policies import LoadedPolicy, load_policy
from agents.config import OWN_CRITICS, PolicyConfig, RLConfig, RunConfig
from agents.errors import ConfigError
from agents.learner import Learner
from agents.policies.hf import HFPolicy
from agents.policies.loading import loading, require_same_tokens
from agents.policies.lora import LoRAConfig, base_of

__all__ = ["WholeRowsWarning", "build_teacher", "check_other_models", "trained_policy", "warn_of_whole_rows"]


class WholeRowsWarning(UserWarning):
    """A model cannot share prompts, so that its part of an update is not sooner; the update is the same."""


def check_other_models(config: RunConfig, policy: LoadedPolicy) -> None:
    """Look for the models that phases start from, their teachers and their critics, without their weights.

    Raises:
        ConfigError: the algorithm needs a teacher and there is none, or a model that is not there or has other tokens
            than the policy.
    """
    for phase in config.plan:
        if phase.start not in config.own_starts:
            _check_model(phase.start, f"{phase.name}.start", policy)
    for phase in config.rl_phases:
        if "teacher_logprobs" in phase.algorithm.needs and phase.teacher is None:
            kind = type(phase.algorithm).__name__
            raise ConfigError(
                f"{kind} learns from a teacher: set {phase.name}.teacher to a hub name or checkpoint folder."
            )
        for name, source in {"teacher": phase.teacher, "critic": phase.critic}.items():
            if source is not None and source not in OWN_CRITICS:
                _check_model(source, f"{phase.name}.{name}", policy)


def _check_model(source: str, name: str, policy: LoadedPolicy) -> None:
    with loading(source):
        AutoConfig.from_pretrained(base_of(source))
        tokenizer = AutoTokenizer.from_pretrained(source)
    require_same_tokens(policy.codec.tokenizer, tokenizer, name=f"{name}={source!r}")


def trained_policy(config: RunConfig, rl: RLConfig, policy: LoadedPolicy) -> HFPolicy:
    """Return the policy as a learner takes it, with the critic that the algorithm needs."""
    trained = policy.trained(has_value_head="values" in rl.algorithm.needs)
    if rl.critic == "copy":
        trained.give_critic(copy.deepcopy(policy.model))
    elif rl.critic not in OWN_CRITICS:
        trained.give_critic(load_policy(_whole(config.policy), config.env, path=rl.critic, seed=config.seed).model)
    return trained


def build_teacher(config: RunConfig, path: str) -> HFPolicy:
    """Load the frozen model that grades what the policy samples."""
    teacher = load_policy(_whole(config.policy), config.env, path=path, seed=config.seed, is_trained=False).model
    frozen = HFPolicy(teacher, precision=config.policy.precision, auxiliary_coef=0)
    return frozen.requires_grad_(requires_grad=False)


def warn_of_whole_rows(learner: Learner, phase: str) -> None:
    """Say which models of a phase with shared prompts cannot share them."""
    policy, teacher = learner.policy, learner.teacher
    models = {
        "policy": (policy.model, policy.unshared),
        "critic": (policy.critic, policy.critic_unshared),
        "teacher": (teacher and teacher.model, teacher and teacher.unshared),
    }
    for name, (model, reason) in models.items():
        if reason is not None:
            warnings.warn(
                f"{phase}.update.share_prompts: the {name}, {type(model).__name__}, cannot share prompts ({reason}). "
                "It computes whole rows: the update is the same, but no sooner.",
                WholeRowsWarning,
                stacklevel=3,
            )


def _whole(config: PolicyConfig) -> PolicyConfig:
    """Return how a model beside the policy is loaded: without adapters of its own."""
    return replace(config, lora=LoRAConfig(), load_in_4bit=False)
