"""Responses to tasks from a loaded policy, by any of its engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.building import LoadedPolicy
from agents.errors import ConfigError
from agents.rollout.engine import Completion, RolloutEngine, SamplingParams
from agents.types import TokenIds
from reasonenv.prompts import PromptTemplate
from reasonenv.types import Message, Task

__all__ = ["SampledResponse", "responses_to", "sample_responses"]


@dataclass(frozen=True)
class SampledResponse:
    """A response as rewards see it, thinking that the prompt opened included, with its completion."""

    text: str
    completion: Completion


def sample_responses(
    policy: LoadedPolicy,
    engine: RolloutEngine,
    tasks: Sequence[Task[Any]],
    template: PromptTemplate,
    params: SamplingParams,
    *,
    num_samples: int = 1,
) -> list[list[SampledResponse]]:
    """Return `num_samples` responses to each task, in order; the codec of the policy says in which form tasks are put.

    Args:
        policy, engine: a loaded policy, and an engine of it (`agents.building.build_engine`).
        tasks: what is asked.
        template: how it is put.
        params: how to sample; the codec's stop tokens are added.
        num_samples: responses to each task.

    Raises:
        ConfigError: a prompt is empty, or it and a response do not fit into the model's context.
    """
    prompts = [(template.text(task), template.messages(task)) for task in tasks]
    return responses_to(policy, engine, prompts, params, num_samples)


def responses_to(
    policy: LoadedPolicy,
    engine: RolloutEngine,
    prompts: Sequence[tuple[str, Sequence[Message]]],
    params: SamplingParams,
    num_samples: int,
) -> list[list[SampledResponse]]:
    """Return `num_samples` responses to each prompt, which is given as text and as messages; see `sample_responses`."""
    codec = policy.codec
    encoded = [codec.encode_prompt(text, messages) for text, messages in prompts]
    _check_lengths(policy.model, encoded, params.max_new_tokens)
    params = replace(params, stop_token_ids=(*params.stop_token_ids, *codec.stop_token_ids))
    groups = engine.generate(encoded, params, num_samples=num_samples)
    return [
        [SampledResponse(codec.opened_thinking(prompt) + codec.decode(one.token_ids), one) for one in group]
        for prompt, group in zip(encoded, groups, strict=True)
    ]


def _check_lengths(model: Any, prompts: Sequence[TokenIds], max_new_tokens: int) -> None:
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)  # some models have no end
    longest = max(map(len, prompts), default=0)
    if not all(prompts):
        raise ConfigError("A prompt is empty: there is nothing to continue from.")
    if context is not None and longest + max_new_tokens > context:
        raise ConfigError(
            f"A prompt of {longest} tokens and a response of {max_new_tokens} do not fit into the model's context of "
            f"{context} tokens: ask for fewer (--max-tokens)."
        )
