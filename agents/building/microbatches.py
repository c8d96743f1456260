"""Whether there are rows to learn from that fit into the microbatches of a run, seen from its first tasks."""

from __future__ import annotations

from collections.abc import Sequence

from agents.building.environments import one_row
from agents.building.policies import codec_in
from agents.building.samples import load_samples
from agents.config import RLConfig, RunConfig, SFTConfig
from agents.errors import ConfigError
from agents.rollout.codec import TextCodec
from agents.sft import encoded_example, encoded_sample, terse_response, worked_response
from agents.types import TokenIds

__all__ = ["check_microbatches"]

_NUM_EXAMPLES = 16
"""Tasks or samples that are looked at: a limit that is much too small shows in the first few."""


def check_microbatches(config: RunConfig, codec: TextCodec) -> None:
    """Refuse a first task without what is to be imitated, and microbatches below a row of the first training tasks.

    A row of reinforcement learning is a prompt and one response of `max_new_tokens`; later turns are not counted.

    Raises:
        ConfigError: a row is longer, or a task has no response to imitate.
    """
    for phase in config.training_phases:
        own = codec_in(codec, config.training_env(phase))
        if isinstance(phase, SFTConfig) and phase.samples is not None:
            samples = load_samples(phase.samples, name=f"{phase.name}.samples").samples[:_NUM_EXAMPLES]
            _check_examples(phase, [encoded_sample(sample, own) for sample in samples])
            continue
        env = one_row(config.training_env(phase))
        template, tasks = (
            env.envs[0].template,
            [env.tasks[index] for index in range(min(_NUM_EXAMPLES, len(env.tasks)))],
        )
        if isinstance(phase, SFTConfig):
            worked_response(tasks[0]) if phase.worked_share else terse_response(tasks[0])
            if phase.max_tokens_per_microbatch is not None and phase.num_steps:
                is_worked = phase.worked_share > 0
                _check_examples(phase, [encoded_example(task, template, own, is_worked=is_worked) for task in tasks])
        else:
            _check_rollouts(phase, [own.encode_prompt(template.text(task), template.messages(task)) for task in tasks])


def _check_examples(phase: SFTConfig, examples: Sequence[tuple[TokenIds, TokenIds]]) -> None:
    if phase.max_tokens_per_microbatch is not None:
        longest = max(len(prompt) + len(response) for prompt, response in examples)
        _require(phase.max_tokens_per_microbatch, longest, phase.name, "the longest example")


def _check_rollouts(phase: RLConfig, prompts: Sequence[TokenIds]) -> None:
    longest, length = max(map(len, prompts)), phase.rollout.max_new_tokens
    if phase.update.max_tokens_per_microbatch is not None:
        row = f"the longest prompt ({longest}) with a response of {phase.name}.rollout.max_new_tokens={length}"
        _require(phase.update.max_tokens_per_microbatch, longest + length, f"{phase.name}.update", row)


def _require(budget: int, num_tokens: int, owner: str, row: str) -> None:
    if num_tokens > budget:
        raise ConfigError(
            f"{owner}.max_tokens_per_microbatch={budget} is less than the {num_tokens} tokens of {row} in the first "
            f"{_NUM_EXAMPLES} tasks: raise it."
        )
