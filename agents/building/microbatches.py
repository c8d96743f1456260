"""Whether there are rows to learn from that fit into the microbatches of a run, seen from its first tasks."""

from __future__ import annotations

from agents.building.environments import one_row
from agents.config import RunConfig
from agents.errors import ConfigError
from agents.rollout.codec import TextCodec
from agents.sft import encoded_example, terse_response, worked_response

__all__ = ["check_microbatches"]

_NUM_TASKS = 16
"""Tasks that are looked at: a limit that is much too small shows in the first few."""


def check_microbatches(config: RunConfig, codec: TextCodec) -> None:
    """Refuse a first task without what is to be imitated, and microbatches below a row of the first training tasks.

    A row of reinforcement learning is a prompt and one response of `max_new_tokens`; later turns are not counted.

    Raises:
        ConfigError: a row is longer, or a task has no response to imitate.
    """
    env = one_row(config.training_env)
    template, tasks = env.envs[0].template, [env.tasks[index] for index in range(min(_NUM_TASKS, len(env.tasks)))]
    for phase in ("cold_start", "control"):
        for index, stage in enumerate(getattr(config, phase)):
            worked_response(tasks[0]) if stage.worked_share else terse_response(tasks[0])
            if stage.max_tokens_per_microbatch is None or not stage.num_steps:
                continue
            examples = [encoded_example(task, template, codec, is_worked=stage.worked_share > 0) for task in tasks]
            longest = max(len(prompt) + len(response) for prompt, response in examples)
            _require(stage.max_tokens_per_microbatch, longest, f"{phase}.{index}", "the longest example")
    if config.rl is None or config.rl.update.max_tokens_per_microbatch is None:
        return
    longest = max(len(codec.encode_prompt(template.text(task), template.messages(task))) for task in tasks)
    length = config.rl.rollout.max_new_tokens
    row = f"the longest prompt ({longest}) with a response of rl.rollout.max_new_tokens={length}"
    _require(config.rl.update.max_tokens_per_microbatch, longest + length, "rl.update", row)


def _require(budget: int, num_tokens: int, owner: str, row: str) -> None:
    if num_tokens > budget:
        raise ConfigError(
            f"{owner}.max_tokens_per_microbatch={budget} is less than the {num_tokens} tokens of {row} in the first "
            f"{_NUM_TASKS} tasks: raise it."
        )
