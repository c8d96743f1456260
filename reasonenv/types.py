"""The nouns of the environment half: tasks, attempts and scores.

Everything here is immutable, picklable and made of plain Python values, so that it can go to other processes and
machines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from numbers import Real
from typing import Any, Generic, Literal, TypedDict, TypeVar

ReferenceT = TypeVar("ReferenceT")

__all__ = [
    "AssertTests",
    "Attempt",
    "CallTests",
    "CodeReference",
    "Comparison",
    "MathReference",
    "Message",
    "QAKind",
    "QAReference",
    "RewardBreakdown",
    "Score",
    "ScoreStatus",
    "StdinTests",
    "Task",
]


class Message(TypedDict):
    """One turn of a conversation, in the form that chat templates take: `{"role": "user", "content": "2+2?"}`."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MathReference:
    """The gold answer of a math task: `MathReference(answer=r"\\frac{1}{2}")`. LaTeX or plain text, without a box."""

    answer: str
    is_worked_out: bool = False
    """The answer has to be computed: an equal expression with more operations than the gold answer is wrong. For
    questions that contain an expression equal to their answer, which would be paid for being repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """When an output counts as the expected one. Judged by the caller, never inside the sandbox.

    Numbers are close when `|a - b| <= max(absolute_tolerance, relative_tolerance * |b|)`, also within lists, tuples and
    dictionaries and, for printed output, between tokens that the expected output writes as decimals (`2.50`, `1e-7`):
    whole numbers, which may be identifiers or digits, are exact. Without a tolerance values are compared with `==`. A
    NaN that is expected equals a NaN.
    """

    absolute_tolerance: float = 0.0
    relative_tolerance: float = 0.0
    whitespace: Literal["exact", "trailing", "lines", "tokens"] = "trailing"
    """Printed output only. `trailing` ignores blanks at line ends and empty lines at the end, `lines` empty lines and
    the width of blanks, `tokens` all spacing.
    """
    judge: Callable[[Any, Any, Any], bool] | None = None
    """`judge(input, expected, actual)` decides instead, where several outputs are right."""


@dataclass(frozen=True, slots=True)
class CallTests:
    """`function` is called once per case: `CallTests("add", (((2, 3), 5), ((0, 0), 0)))`."""

    function: str
    cases: Sequence[tuple[tuple[Any, ...], Any]]
    """(positional arguments, expected return value), of plain Python values."""
    comparison: Comparison = field(default_factory=Comparison)
    prelude: str = ""
    """Source that is run before the program, in its module; statements that only give names which the program does not
    mention are left out. `"from typing import *"` where programs may count on that."""
    signature: str = ""
    """The header of the function where plain values do not say what it takes: lists become linked lists or trees for
    parameters of type `ListNode` and `TreeNode`, and back; `-> None` means that it changes its first argument, which is
    the result. `"def flip(self, root: Optional[TreeNode]) -> None:"`."""


@dataclass(frozen=True, slots=True)
class StdinTests:
    """The program is run once per case: `StdinTests((("2 3\\n", "5\\n"),))`."""

    cases: Sequence[tuple[str, str]]
    """(standard input, expected standard output)."""
    comparison: Comparison = field(default_factory=Comparison)
    prelude: str = ""
    """As for `CallTests`."""


@dataclass(frozen=True, slots=True)
class AssertTests:
    """Trusted test code that calls the program: `AssertTests("assert add(2, 3) == 5", ("add",))`.

    It runs apart from the program and sees only `names`. Each top-level statement that contains an assert is one test.
    """

    source: str
    names: Sequence[str]
    prelude: str = ""
    """As for `CallTests`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReference:
    """What grades a programming task. The tests are hidden; feedback may show `public_tests` alone."""

    tests: CallTests | StdinTests | AssertTests
    public_tests: CallTests | StdinTests | AssertTests | None = None
    reference_program: str | None = None
    """A program that passes, where the source has one: efficiency is measured against it."""


QAKind = Literal["short", "choice", "number", "boolean", "list", "citation", "open", "constrained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QAReference:
    """What grades the answer to a question: `QAReference(kind="short", answers=("New York City", "NYC"))`.

    | kind        | `answers`                                          | an answer is right if it                  |
    |-------------|----------------------------------------------------|-------------------------------------------|
    | short       | accepted answers                                   | is one of them, however it is written     |
    | number      | accepted numbers or quantities                     | has the value and the unit of one         |
    | boolean     | "yes" or "no", "true" or "false"                   | says the same                             |
    | choice      | accepted choices: a letter, letters, or their text | names one of them, and no other           |
    | list        | the members                                        | has exactly these members                 |
    | citation    | the numbers or names of the sources                | cites exactly these                       |
    | constrained | a text that keeps the constraints, if one is known | keeps every one of `constraints`          |
    | open        | nothing                                            | no rule can tell                          |
    """

    kind: QAKind
    answers: tuple[str, ...] = ()
    choices: tuple[str, ...] | None = None
    """The texts of the options in order, the first being A; None where only letters are known."""
    is_ordered: bool = False
    """Whether the order of a list is part of the answer."""
    constraints: tuple[str, ...] = ()
    """`("max_words 20", "include river")`: names and arguments of `reasonenv.grading.qa.constraints`."""

    @property
    def answer(self) -> str:
        """Return one right answer: the first accepted one, all members of a list, all sources."""
        if self.kind == "citation":
            return "".join(answer if answer.startswith("[") else f"[{answer}]" for answer in self.answers)
        return ", ".join(self.answers) if self.kind == "list" else next(iter(self.answers), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[ReferenceT]):
    """One problem with what is needed to grade it.

    >>> Task(task_id="arithmetic/train/00017", prompt="2+3=?", reference=MathReference(answer="5")).task_id
    'arithmetic/train/00017'
    """

    task_id: str
    """Stable across runs and machines."""
    prompt: str
    """The question alone, without any template."""
    reference: ReferenceT
    history: tuple[Message, ...] = ()
    """What was said before the prompt: a system message, which can only be the first, and turns."""
    solution: str | None = None
    """A worked solution (chain of thought without tags or final answer) where the source has one."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Difficulty, language, domain, source, licence: plain JSON values."""

    @property
    def dialogue(self) -> str:
        """Return the history and the prompt as one text; the prompt itself where there is no history.

        >>> history = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi!"})
        >>> answered = (*history, {"role": "assistant", "content": "Hello."})
        >>> Task(task_id="chat/0", prompt="2+3=?", reference=None, history=answered).dialogue.split("\\n\\n")
        ['Be brief.', 'Hi!', 'Assistant: Hello.', 'User: 2+3=?']
        """
        first = 1 if self.history and self.history[0]["role"] == "system" else 0
        turns = (*self.history[first:], Message(role="user", content=self.prompt))
        labelled = [f"{turn['role'].capitalize()}: {turn['content']}" for turn in turns[1:]]
        return "\n\n".join([*(message["content"] for message in self.history[:first]), turns[0]["content"], *labelled])


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A finished episode as a reward sees it: the task, the last assistant text, and the whole transcript."""

    task: Task[Any]
    response: str
    messages: tuple[Message, ...] = ()
    token_ids: tuple[int, ...] | None = None
    """The tokens of `response` as they were sampled, end token included; None where nobody passed them on."""
    group_id: int | None = None
    """Attempts at one task with one group id are compared with each other; None where nobody grouped them."""


class ScoreStatus(StrEnum):
    """Whose fault a value is: the model's (`SCORED`, however low) or ours (`GRADER_FAILED`, which is not a score)."""

    SCORED = "scored"
    GRADER_FAILED = "grader_failed"


@dataclass(frozen=True, slots=True)
class Score:
    """What one reward says of one attempt.

    `value` is finite, and NaN exactly when `status` is `GRADER_FAILED`: a broken grader must never look like a wrong
    answer, and one infinite reward makes every gradient NaN.
    """

    value: float
    status: ScoreStatus = ScoreStatus.SCORED
    details: Mapping[str, Any] = field(default_factory=lambda: {})

    def __post_init__(self) -> None:
        if type(self.value) is float and self.status is ScoreStatus.SCORED and math.isfinite(self.value):
            return  # nearly all of them
        if not isinstance(self.value, Real):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
            raise TypeError(f"The value of a score must be a number, got {self.value!r:.80}: convert it with float().")
        if (self.value != self.value) != (self.status is ScoreStatus.GRADER_FAILED):
            raise ValueError(
                f"A score is NaN exactly when the grader failed; got value={self.value!r} with status={self.status!r}. "
                "Use Score.failed(reason) for a failure of the grader."
            )
        if math.isinf(self.value):
            raise ValueError(
                f"A score must be a finite number, got {self.value!r}: one such reward makes the advantages of its "
                "group NaN. Bound the reward, or use Score.failed(reason) where it has no value."
            )

    @classmethod
    def failed(cls, reason: str) -> Score:
        """Return the score of a grader that could not decide: it is counted, and not trained on."""
        return cls(float("nan"), ScoreStatus.GRADER_FAILED, {"reason": reason})


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardBreakdown:
    """A composite reward with every component kept: `total = Σ weights[name] · components[name]`.

    `total` is NaN and `status` is `GRADER_FAILED` as soon as one component's grader failed.
    """

    total: float
    components: Mapping[str, float]
    weights: Mapping[str, float]
    status: ScoreStatus
    details: Mapping[str, Mapping[str, Any]]
