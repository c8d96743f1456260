"""How a policy is asked when its answers are to become data: as it was trained, by examples, or by an instruction.

The data itself always holds the bare question in the form that the next policy is trained in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from agents.errors import ConfigError
from agents.sft import worked_response
from reasonenv.prompts import PromptTemplate, load_template
from reasonenv.tasksets import TaskSet
from reasonenv.types import Message, Task

__all__ = ["AsTrained", "FewShot", "InTemplate", "Instructed", "PromptForm"]


@runtime_checkable
class PromptForm(Protocol):
    """Makes the prompt of a task; a frozen dataclass."""

    def ask(
        self, task: Task[Any], template: PromptTemplate, tasks: TaskSet, rng: random.Random
    ) -> tuple[str, tuple[Message, ...]]:
        """Return the prompt as text and as messages.

        Args:
            task: what is asked.
            template: of the stage.
            tasks: the set that the task is of.
            rng: of the task's own draws.
        """
        ...


@dataclass(frozen=True)
class AsTrained:
    """The stage's own template."""

    def ask(
        self, task: Task[Any], template: PromptTemplate, tasks: TaskSet, rng: random.Random
    ) -> tuple[str, tuple[Message, ...]]:
        """Return the question in the template."""
        del tasks, rng
        return template.text(task), template.messages(task)


@dataclass(frozen=True)
class InTemplate:
    """Another template: `InTemplate("direct")` asks to reason and verify, `InTemplate("few_shot")` shows examples."""

    name: str

    def ask(
        self, task: Task[Any], template: PromptTemplate, tasks: TaskSet, rng: random.Random
    ) -> tuple[str, tuple[Message, ...]]:
        """Return the question in the other template."""
        del template, tasks, rng
        other = load_template(self.name)
        return other.text(task), other.messages(task)


@dataclass(frozen=True, kw_only=True)
class Instructed:
    """An instruction before the question: `Instructed(before={"en": "Think step by step, and verify. "})`."""

    before: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the language of the task; "en" for a task that names none."""

    def ask(
        self, task: Task[Any], template: PromptTemplate, tasks: TaskSet, rng: random.Random
    ) -> tuple[str, tuple[Message, ...]]:
        """Return the question behind the instruction, in the template."""
        del tasks, rng
        language = _language(task)
        if language not in self.before:
            raise ConfigError(
                f"Task {task.task_id!r} is in {language!r}, but `before` has no instruction in it: add one."
            )
        asked = replace(task, prompt=self.before[language] + task.prompt)
        return template.text(asked), template.messages(asked)


@dataclass(frozen=True, kw_only=True)
class FewShot:
    """Worked solutions of other tasks, then the question: few-shot prompting with long chains of thought."""

    num_examples: int = 2
    separator: str = "\n\n"
    """Behind each example, where the prompt is text."""

    def ask(
        self, task: Task[Any], template: PromptTemplate, tasks: TaskSet, rng: random.Random
    ) -> tuple[str, tuple[Message, ...]]:
        """Return examples in the language of the task, and the question."""
        text, messages = "", list[Message]()
        for example in self._examples(task, tasks, rng):
            response = worked_response(example)
            text += template.text(example) + response + self.separator
            messages += [*template.messages(example), Message(role="assistant", content=response)]
        return text + template.text(task), (*messages, *template.messages(task))

    def _examples(self, task: Task[Any], tasks: TaskSet, rng: random.Random) -> list[Task[Any]]:
        found: list[Task[Any]] = []
        for _ in range(200):
            other = tasks[rng.randrange(len(tasks))]
            is_usable = other.solution is not None and _language(other) == _language(task)
            if is_usable and other.task_id not in (task.task_id, *(example.task_id for example in found)):
                found.append(other)
            if len(found) == self.num_examples:
                return found
        raise ConfigError(
            f"No {self.num_examples} tasks of {tasks.name!r} with a worked solution in {_language(task)!r} were found "
            "for few-shot prompts: ask for fewer examples, or use other tasks."
        )


def _language(task: Task[Any]) -> str:
    return str(task.metadata.get("language", "en"))
