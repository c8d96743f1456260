r"""Versioned prompt templates: how a question is put to a model.

A template is plain data with one placeholder, `{prompt}`, replaced literally, so that braces in LaTeX need no escape. A
template whose words change gets the next version. The chat template of a tokenizer takes `PromptTemplate.messages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reasonenv.tables import resolve
from reasonenv.types import Message, Task

__all__ = ["TEMPLATES", "PromptTemplate", "load_template"]

_PLACEHOLDER = "{prompt}"


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """One way to ask, in both forms: `.text` for base models, `.messages` for chat models.

    >>> from reasonenv.types import Task
    >>> ask = PromptTemplate(
    ...     name="ask",
    ...     version=0,
    ...     text_template="Q: {prompt} A:",
    ...     message_templates=({"role": "user", "content": "{prompt}"},),
    ... )
    >>> ask.text(Task(task_id="sum/0", prompt="2+3=?", reference=None))
    'Q: 2+3=? A:'
    """

    name: str
    version: int
    text_template: str
    message_templates: tuple[Message, ...]
    """The last one is the user's and holds the placeholder."""

    def __post_init__(self) -> None:
        asks_last = bool(self.message_templates) and self.message_templates[-1]["role"] == "user"
        if not asks_last or _PLACEHOLDER not in self.message_templates[-1]["content"]:
            raise ValueError(
                f"The last message of template {self.name!r} must be the user's and hold {_PLACEHOLDER!r}."
            )
        if _PLACEHOLDER not in self.text_template:
            raise ValueError(
                f"The text of template {self.name!r} must hold {_PLACEHOLDER!r}; got {self.text_template!r}."
            )

    def messages(self, task: Task[Any]) -> tuple[Message, ...]:
        """Return the conversation that asks the task, for a chat template.

        The history of a task follows what the template says before the question; two system messages become one.
        """
        *before, last = self.message_templates
        question: Message = {"role": "user", "content": last["content"].replace(_PLACEHOLDER, task.prompt)}
        return (*(message.copy() for message in _followed(before, task.history)), question)

    def text(self, task: Task[Any]) -> str:
        """Return the whole prompt as text, for a model without a chat template; the question is `Task.dialogue`."""
        return self.text_template.replace(_PLACEHOLDER, task.dialogue)


def load_template(template: str | PromptTemplate) -> PromptTemplate:
    """Return a template by its name in `TEMPLATES` or its "module:attribute"; a template is returned as it is.

    Raises:
        UnknownNameError: no such name; the message offers the closest.
        PartImportError: nothing is found at "module:attribute".
        TypeError: something else.
    """
    found = resolve(TEMPLATES, template, kind="prompt template") if isinstance(template, str) else template
    if not isinstance(found, PromptTemplate):
        raise TypeError(
            'A template must be a name of TEMPLATES, or a PromptTemplate or its "module:attribute"; '
            f"{template!r:.80} is {type(found).__name__}."
        )
    return found


def _followed(before: Sequence[Message], history: Sequence[Message]) -> Sequence[Message]:
    """Return the messages of a template, then those of a task, with at most one system message, at the start."""
    if not history or history[0]["role"] != "system":
        return (*before, *history)
    system, *turns = history
    if not before or before[0]["role"] != "system":
        return (system, *before, *turns)
    both: Message = {"role": "system", "content": f"{before[0]['content']}\n\n{system['content']}"}
    return (both, *before[1:], *turns)


def _with_system(text: str) -> tuple[Message, Message]:
    return {"role": "system", "content": text}, {"role": "user", "content": _PLACEHOLDER}


_R1_PREAMBLE = (
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. "
    "The assistant first thinks about the reasoning process in the mind and then provides the user with the answer. "
    "The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, "
    "i.e., <think> reasoning process here </think> <answer> answer here </answer>."
)

r1_zero = PromptTemplate(
    name="r1_zero",
    version=0,
    text_template=f"{_R1_PREAMBLE} User: {_PLACEHOLDER}. Assistant:",
    message_templates=_with_system(_R1_PREAMBLE),
)
"""Table 1 of arXiv 2501.12948, word for word, including the full stop that it puts after every question."""

_CHAT_SYSTEM = (
    "You are a careful problem solver. Think inside <think> </think>, then give only the final answer inside "
    "<answer> </answer>."
)

chat = PromptTemplate(
    name="chat",
    version=0,
    text_template=f"{_CHAT_SYSTEM}\n\nUser: {_PLACEHOLDER}\n\nAssistant:",
    message_templates=_with_system(_CHAT_SYSTEM),
)

_EXAMPLES = (
    (
        "What is 12 * 15 - 30?",
        "<think>12 * 15 = 180. 180 - 30 = 150.</think> <answer>150</answer>",
    ),
    (
        "A bag holds 3 red and 5 blue balls. What is the probability of drawing a red one?",
        "<think>There are 3 + 5 = 8 balls, 3 of them red: 3 out of 8.</think> <answer>3/8</answer>",
    ),
)


def _example_messages() -> Iterator[Message]:
    for question, response in _EXAMPLES:
        yield {"role": "user", "content": question}
        yield {"role": "assistant", "content": response}


few_shot = PromptTemplate(
    name="few_shot",
    version=0,
    text_template="".join(f"Question: {question}\nResponse: {response}\n\n" for question, response in _EXAMPLES)
    + f"Question: {_PLACEHOLDER}\nResponse:",
    message_templates=(*_example_messages(), {"role": "user", "content": _PLACEHOLDER}),
)
"""Two worked examples, then the question: cold-start data from a model that was not trained for the format."""

_DIRECT = (
    f"{_PLACEHOLDER}\n\nReason step by step and verify your answer inside <think> </think>. Then give the final answer "
    r"inside <answer> </answer>, as \boxed{}."
)

direct = PromptTemplate(
    name="direct",
    version=0,
    text_template=f"{_DIRECT}\n\n",
    message_templates=({"role": "user", "content": _DIRECT},),
)
"""The question, then what to do: direct prompting for reasoning with verification (arXiv 2501.12948, cold start)."""

plain = PromptTemplate(
    name="plain",
    version=0,
    text_template=_PLACEHOLDER,
    message_templates=({"role": "user", "content": _PLACEHOLDER},),
)
"""The question alone, for a policy that was trained on the format."""

_R1_CODE_PREAMBLE = (
    f"{_R1_PREAMBLE} The answer is a complete Python program in one code block, which begins with a line ```python and "
    "ends with a line ```."
)

r1_code = PromptTemplate(
    name="r1_code",
    version=0,
    text_template=f"{_R1_CODE_PREAMBLE}\nUser: {_PLACEHOLDER}\nAssistant:",
    message_templates=_with_system(_R1_CODE_PREAMBLE),
)
"""The preamble of `r1_zero`, and the form that programs take in the answer; line breaks in place of the full stop."""

_MATH_PYTHON_SYSTEM = (
    "Solve the problem step by step. To compute something, end your response with a Python program in a code block, "
    "which begins with a line ```python and ends with a line ```. You will be shown what it prints and can go on; "
    r"variables are kept. When you know the answer, give it as \boxed{} in a response that does not end with code."
)

math_python = PromptTemplate(
    name="math_python",
    version=0,
    text_template=f"{_MATH_PYTHON_SYSTEM}\n\nProblem: {_PLACEHOLDER}\n\nSolution:\n",
    message_templates=_with_system(_MATH_PYTHON_SYSTEM),
)
"""Tool-integrated reasoning (arXiv 2309.17452): rationale, program, output, and so on until the answer."""

_STEP_BY_STEP = f"{_PLACEHOLDER}\nPlease reason step by step, and put your final answer within \\boxed{{}}."

step_by_step = PromptTemplate(
    name="step_by_step",
    version=0,
    text_template=f"{_STEP_BY_STEP}\n\n",
    message_templates=({"role": "user", "content": _STEP_BY_STEP},),
)
"""How DeepSeek-R1 is to be asked for evaluations, word for word, without a system prompt (its model card)."""

_PROGRAM = (
    f"{_PLACEHOLDER}\n\nGive the whole program in one code block, which begins with a line ```python and ends with a "
    "line ```."
)

program = PromptTemplate(
    name="program",
    version=0,
    text_template=f"{_PROGRAM}\n\n",
    message_templates=({"role": "user", "content": _PROGRAM},),
)
"""A programming problem without a system prompt or answer tags, for evaluations."""

TEMPLATES: dict[str, str] = {
    name: f"{__name__}:{name}"
    for name in (
        *("r1_zero", "chat", "few_shot", "direct", "plain", "r1_code", "math_python", "step_by_step", "program"),
    )
}
