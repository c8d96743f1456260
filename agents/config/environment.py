"""Which environment to learn or to measure in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from agents.rollout.chat import TemplateValue
from reasonenv.prompts import PromptTemplate
from reasonenv.rewards import CompositeReward, Reward
from reasonenv.tasksets import TaskSource
from reasonenv.turns import Interaction, Turn

__all__ = ["EnvConfig", "Rewards", "Tasks"]

Tasks: TypeAlias = str | Path | TaskSource
Rewards: TypeAlias = str | Mapping[str, float] | Reward | CompositeReward


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """Which environment to learn in. What is None is what the id stands for: its own tasks, reward, template, turns.

    Parts are named as for `TextEnv`: by a row of their table, by "module:attribute", or the object itself.
    """

    id: str = "reasonenv/Math-v0"
    """Any registered id that makes a `TextVectorEnv`; "my_module:my/Env-v0" imports the module that registers it."""
    tasks: Tasks | None = None
    """A task set's name, a file or a folder; from Python also rows, tasks or a data set (`load_tasks`). The flag of the
    run's own may be shortened to --tasks."""
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
