"""Policies as their configuration says: loaded weights with a tokenizer, or the tokenizer alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import AutoConfig, AutoTokenizer

from agents.config import EnvConfig, PolicyConfig, RunConfig
from agents.errors import ConfigError
from agents.policies.hf import HFPolicy
from agents.policies.loading import loading
from agents.policies.lora import base_of, load_model
from agents.policies.tiny import build_tiny_policy, build_tiny_tokenizer
from agents.rollout.codec import TextCodec
from agents.seeds import derive_seed

__all__ = ["LoadedPolicy", "check_context", "check_device", "codec_in", "codec_of", "load_policy"]


@dataclass(frozen=True)
class LoadedPolicy:
    """A model with the codec of its tokenizer, and how it computes."""

    model: Any
    codec: TextCodec
    config: PolicyConfig

    def trained(self, *, has_value_head: bool = False) -> HFPolicy:
        """Return the policy as a learner takes it."""
        return HFPolicy(
            self.model,
            precision=self.config.precision,
            gradient_checkpointing=self.config.gradient_checkpointing,
            has_value_head=has_value_head,
        )


def load_policy(
    config: PolicyConfig, env: EnvConfig, *, path: str | None = None, seed: int, is_trained: bool = True
) -> LoadedPolicy:
    """Load the configured policy, or the checkpoint at `path`, in evaluation mode.

    Weights are float32 where they are trained; elsewhere those of linear layers are in the precision of the products.

    Raises:
        ConfigError: a path that `transformers` cannot load, adapters that do not fit, or a device that is not there.
        MissingExtraError: adapters without `peft`, or weights in 4 bits without `bitsandbytes`.
        UnknownNameError: an adapter for a module that the model does not have.
    """
    check_device(config.device)
    source = path if path is not None else config.path
    model: Any
    if source is None:
        model, tokenizer = build_tiny_policy(seed=derive_seed(seed, "policy"))
    else:
        with loading(source):
            model = load_model(
                source,
                config.lora,
                device=config.device,
                load_in_4bit=config.load_in_4bit,
                compute_dtype=config.precision.compute_dtype,
                seed=seed,
            )
            tokenizer = AutoTokenizer.from_pretrained(source)
    if not is_trained:
        model.requires_grad_(False)
    config.precision.keep_as_copies(model)
    model = model.to(config.device).eval()
    stops = model.generation_config.eos_token_id
    codec = TextCodec(
        tokenizer,
        use_chat_template=env.use_chat_template,
        chat_template_kwargs=env.chat_template_kwargs,
        model_stop_token_ids=() if stops is None else tuple(stops) if isinstance(stops, list) else (stops,),
    )
    return LoadedPolicy(model, codec, config)


def codec_of(policy: PolicyConfig, env: EnvConfig) -> TextCodec:
    """Return the codec of a configured policy; its weights are not loaded."""
    if policy.path is None:
        tokenizer: Any = build_tiny_tokenizer()
    else:
        with loading(policy.path):
            AutoConfig.from_pretrained(base_of(policy.path))
            tokenizer = AutoTokenizer.from_pretrained(policy.path)
    return TextCodec(tokenizer, use_chat_template=env.use_chat_template, chat_template_kwargs=env.chat_template_kwargs)


def codec_in(codec: TextCodec, env: EnvConfig) -> TextCodec:
    """Return the codec of the same tokenizer that shows prompts as an environment is configured to."""
    return replace(codec, use_chat_template=env.use_chat_template, chat_template_kwargs=env.chat_template_kwargs)


def check_context(config: RunConfig, policy: LoadedPolicy) -> None:
    """Raise ConfigError where a response alone may be longer than the model's context."""
    context = getattr(policy.model.config.get_text_config(), "max_position_embeddings", None)  # some models have no end
    users = {f"{phase.name}.rollout": phase.rollout for phase in config.rl_phases} | config.evaluations
    for name, user in users.items():
        if context is not None and user.max_new_tokens > context:
            raise ConfigError(
                f"{name}.max_new_tokens={user.max_new_tokens} is more than the model's context of {context} tokens."
            )


def check_device(device: str) -> None:
    """Raise ConfigError where there is no such device here."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"policy.device={device!r} cannot be used here: {error}. Choose another, such as --policy.device cpu."
        ) from error
