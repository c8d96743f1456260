"""Labelled answers to questions, for graders that take a `QAReference`.

Lives here: the table of their types, and how an answer is dressed as a response. Does not: the answers of each type
(`qa_names`, `qa_quantities`, `qa_selections`).

The one decision: a case is a function of the seed, its type and its number, so that changing one family leaves the
cases of the others as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from reasonenv.evaluation.reward_benchmark import qa_names, qa_quantities, qa_selections
from reasonenv.evaluation.reward_benchmark.qa_variants import QAVariants
from reasonenv.types import QAReference

__all__ = ["QA_FAMILIES", "LabelledAnswer", "labelled_answers"]

QA_FAMILIES: Mapping[str, Callable[[Random], QAVariants]] = {
    "person": qa_names.person,
    "accented name": qa_names.accented_name,
    "title": qa_names.title,
    "symbol": qa_names.symbol,
    "acronym": qa_names.acronym,
    "numbered name": qa_names.numbered_name,
    "chinese": qa_names.chinese,
    "japanese": qa_names.japanese,
    "other script": qa_names.other_script,
    "date": qa_names.calendar_date,
    "time of day": qa_names.time_of_day,
    "integer": qa_quantities.integer,
    "large number": qa_quantities.large_number,
    "decimal": qa_quantities.decimal,
    "fraction": qa_quantities.fraction,
    "negative": qa_quantities.negative,
    "percent": qa_quantities.percent,
    "money": qa_quantities.money,
    "measure": qa_quantities.measure,
    "duration": qa_quantities.duration,
    "power of ten": qa_quantities.power_of_ten,
    "yes or no": qa_selections.yes_or_no,
    "true or false": qa_selections.true_or_false,
    "option": qa_selections.option,
    "list of names": qa_selections.list_of_names,
    "list of numbers": qa_selections.list_of_numbers,
    "citation": qa_selections.citation,
}
"""Answer type → family."""

_DRESSES = (
    "<think>\nLet me see. It could be another one, but no.\n</think>\n<answer>{}</answer>",
    "<think>I remember this.</think> <answer> {} </answer>",
    "<think>\nI have to be careful here.\n</think>\n\nThe answer is {}",
    "Answer: {}",
    "Let me think about it step by step.\n\nFinal answer: {}",
    "**Answer:** {}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswer:
    """A response to a question whose answer is known to be right or wrong.

    >>> LabelledAnswer(
    ...     case_id="integer/equal/words/0", answer_type="integer", rule="words",
    ...     reference=QAReference(kind="number", answers=("42",)), answer="forty-two",
    ...     response="<answer>forty-two</answer>", is_correct=True,
    ... ).is_correct
    True
    """

    case_id: str
    answer_type: str
    rule: str
    """How the answer was made from the gold answer."""
    reference: QAReference
    answer: str
    response: str
    is_correct: bool


def labelled_answers(
    *, num_golds: int = 10, seed: int = 0, answer_types: Sequence[str] = tuple(QA_FAMILIES)
) -> list[LabelledAnswer]:
    """Return right and almost right responses for every answer type.

    Args:
        num_golds: gold answers per type; each gives about eight responses.
        seed: of the gold answers.
        answer_types: names of `QA_FAMILIES`.
    """
    return [
        case
        for answer_type in answer_types
        for number in range(num_golds)
        for case in _cases(answer_type, number, Random(f"{seed}/{answer_type}/{number}"))
    ]


def _cases(answer_type: str, number: int, rng: Random) -> Iterator[LabelledAnswer]:
    variants = QA_FAMILIES[answer_type](rng)
    for is_correct, rewritten in ((True, variants.equal), (False, variants.different)):
        for rule, answer in rewritten:
            yield LabelledAnswer(
                case_id=f"{answer_type}/{'equal' if is_correct else 'different'}/{rule}/{number}",
                answer_type=answer_type,
                rule=rule,
                reference=variants.reference,
                answer=answer,
                response=rng.choice(_DRESSES).format(answer),
                is_correct=is_correct,
            )
