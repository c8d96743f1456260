"""What can be benchmarked: mathematics, questions, comparisons of outputs, and the language of a chain of thought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.evaluation.reward_benchmark.cases.chains import CHAINS, HIDDEN
from reasonenv.evaluation.reward_benchmark.cases.exploits import catalogued, exploits
from reasonenv.evaluation.reward_benchmark.cases.labelled import labelled_answers, labelled_responses
from reasonenv.evaluation.reward_benchmark.cases.programs import OUTPUTS, program, reference
from reasonenv.evaluation.reward_benchmark.cases.question_tricks import QUESTION_TRICKS
from reasonenv.evaluation.reward_benchmark.types import Exploit, ExploitRow, Gold, LabelledResponse, TargetLanguage
from reasonenv.types import QAReference

Domain = Literal["mathematics", "questions", "code", "language"]

REWARD_OF: Mapping[Domain, str] = {
    "mathematics": "accuracy",
    "questions": "qa",
    "code": "code_all_passed",
    "language": "language_consistency",
}
"""Domain → the reward of this package that is measured where none is named."""


@dataclass(frozen=True)
class CaseSet:
    """The labelled responses and the exploits of a domain."""

    cases: Sequence[LabelledResponse[Gold]]
    attempts: Sequence[Exploit]


def domain_cases(domain: Domain, *, seed: int = 0) -> CaseSet:
    """Return the package's own cases of a domain.

    Args:
        domain: which.
        seed: of the gold answers of mathematics and questions; the others are fixed.

    Raises:
        UnknownNameError: no such domain.
    """
    match domain:
        case "mathematics":
            return CaseSet(labelled_responses(seed=seed), exploits())
        case "questions":
            return CaseSet(labelled_answers(seed=seed), catalogued(QUESTION_TRICKS))
        case "code":
            return CaseSet(_labelled(_output_rows()), ())
        case "language":
            return CaseSet(_labelled(CHAINS), catalogued(HIDDEN))
    raise UnknownNameError("domain", domain, REWARD_OF)


def gold_of(domain: Domain, cell: Any) -> Gold:
    """Return the gold answer that a file gives.

    A text is the answer to a mathematical problem, a short answer, the expected output, or the code of a language. For
    questions the fields of a `QAReference` may stand in its place: `{"kind": "choice", "answers": ["B"]}`.

    Raises:
        TaskDataError: the cell is no gold answer of the domain.
    """
    if domain == "questions" and isinstance(cell, dict):
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in cell.items()
        }
        try:
            return QAReference(**fields)
        except TypeError as error:
            raise TaskDataError(f"gold holds no fields of a QAReference: {error}") from None
    if not isinstance(cell, str):
        raise TaskDataError(f"expected text under gold, got {str(cell)[:80]}")
    match domain:
        case "mathematics":
            return cell
        case "questions":
            return QAReference(kind="short", answers=(cell,))
        case "code":
            return reference(cell)
        case "language":
            return TargetLanguage(cell)


def _output_rows() -> dict[str, list[ExploitRow]]:
    return {
        kind: [
            (reference(expected, comparison), program(printed), attempt, is_right)
            for expected, printed, attempt, is_right, comparison in rows
        ]
        for kind, rows in OUTPUTS.items()
    }


def _labelled(kinds: Mapping[str, Sequence[ExploitRow]]) -> list[LabelledResponse[Gold]]:
    return [
        LabelledResponse(
            case_id=f"{kind}/{number:02d}",
            answer_type=kind,
            rule=attempt,
            gold=gold,
            answer="",
            response=response,
            is_correct=bool(expected),
        )
        for kind, rows in kinds.items()
        for number, (gold, response, attempt, expected) in enumerate(rows, start=1)
    ]
