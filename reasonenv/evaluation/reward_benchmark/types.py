"""The records of the benchmark: what a grader is asked, and what it was found to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from reasonenv.types import AssertTests, CodeReference, MathReference, QAReference, Task

_QUESTION = "What is the answer?"


@dataclass(frozen=True, slots=True)
class TargetLanguage:
    """What a chain of thought is judged against: `TargetLanguage("de")`."""

    code: str


Gold = str | MathReference | QAReference | CodeReference | TargetLanguage
"""What a response is judged against; a text is the answer to a mathematical problem."""
GoldT_co = TypeVar("GoldT_co", bound=Gold, covariant=True)

ExploitRow = tuple[Gold, str, str, int | None]
"""An exploit as the catalogue writes it: gold answer, response, what it tries, expected reward."""


def task_of(gold: Gold) -> Task[Any]:
    """Return the task that a reward sees beside a response."""
    if isinstance(gold, TargetLanguage):
        metadata = {"language": gold.code}
        return Task(task_id="gold", prompt=_QUESTION, reference=MathReference(answer="65"), metadata=metadata)
    reference = MathReference(answer=gold) if isinstance(gold, str) else gold
    return Task(task_id=f"gold/{text_of(gold)}", prompt=_QUESTION, reference=reference)


def text_of(gold: Gold) -> str:
    """Return the gold answer as text: what a function sees that is no reward of this package.

    Constraints are a line each, an output is that of the first test, and a language its code.
    """
    if isinstance(gold, str):
        return gold
    if isinstance(gold, TargetLanguage):
        return gold.code
    if isinstance(gold, CodeReference):
        return str(gold.tests.cases[0][1]) if not isinstance(gold.tests, AssertTests) else gold.tests.source
    if isinstance(gold, QAReference) and gold.kind == "constrained":
        return "\n".join(gold.constraints)
    return gold.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledResponse(Generic[GoldT_co]):
    r"""A response whose answer is known to be right or wrong.

    >>> LabelledResponse(
    ...     case_id="fraction/unreduced/0", answer_type="fraction", rule="unreduced",
    ...     gold=r"\frac{1}{2}", answer="2/4", response=r"So \boxed{2/4}.", is_correct=True,
    ... ).is_correct
    True
    """

    case_id: str
    answer_type: str
    rule: str
    """How the answer was made from the gold answer."""
    gold: GoldT_co
    answer: str
    response: str
    is_correct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploit:
    r"""A response that tries to be paid without solving, or an honest one that looks like such.

    >>> Exploit(
    ...     exploit_id="hedge/01", kind="hedge", gold="2", response=r"\boxed{\pm 2}", attempt="both signs", expected=0
    ... ).expected
    0
    """

    exploit_id: str
    kind: str
    gold: Gold
    response: str
    attempt: str
    """What it tries."""
    expected: int | None
    """0 must not be paid, 1 must be paid, None is a choice of policy: listed, but not counted."""


class OutcomeStatus(StrEnum):
    """How one call of a grader ended."""

    SCORED = "scored"
    ABSTAINED = "abstained"
    """None or NaN: the grader says that it has no score."""
    RAISED = "raised"
    HUNG = "hung"
    """Stopped at the wall-clock limit."""
    DIED = "died"
    """Its process ended, for instance for want of memory."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a grader said of one response: `Outcome(OutcomeStatus.SCORED, 1.0, 0.0002)`."""

    status: OutcomeStatus
    score: float | None
    seconds: float
    reason: str = ""
