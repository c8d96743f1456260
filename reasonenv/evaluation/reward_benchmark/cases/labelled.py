"""Labelled responses, made from a seed: right and almost right ones for every type of answer.

A case depends on the seed, its type and its number alone, so a change of one family leaves the other cases as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeVar

from reasonenv.evaluation.reward_benchmark.cases.numbers import NUMBERS
from reasonenv.evaluation.reward_benchmark.cases.qa_names import QA_NAMES
from reasonenv.evaluation.reward_benchmark.cases.qa_quantities import QA_QUANTITIES
from reasonenv.evaluation.reward_benchmark.cases.qa_selections import QA_SELECTIONS
from reasonenv.evaluation.reward_benchmark.cases.structures import STRUCTURES
from reasonenv.evaluation.reward_benchmark.cases.variants import Family
from reasonenv.evaluation.reward_benchmark.types import LabelledResponse
from reasonenv.types import QAReference

GoldT = TypeVar("GoldT", str, QAReference)

ANSWER_TYPES: Mapping[str, Family[str]] = {**NUMBERS, **STRUCTURES}
"""Type of a mathematical answer → family."""

QA_ANSWER_TYPES: Mapping[str, Family[QAReference]] = {**QA_NAMES, **QA_QUANTITIES, **QA_SELECTIONS}
"""Type of an answer to a question → family."""

_WRAPPINGS = (
    "\\boxed{{{}}}",
    "We go step by step and check each of them.\n\nTherefore the final answer is $\\boxed{{{}}}$.",
    "Simplifying what is given, we get the result.\n\\[\\boxed{{{}}}\\]",
    "<think>\nI have to be careful with the last step. Now it fits.\n</think>\n\nThe answer is \\boxed{{{}}}.",
    "<think>\nThis follows from the definition.\n</think>\n<answer>\\boxed{{{}}}</answer>",
)
_QA_WRAPPINGS = (
    "<think>\nLet me see. It could be another one, but no.\n</think>\n<answer>{}</answer>",
    "<think>I remember this.</think> <answer> {} </answer>",
    "<think>\nI have to be careful here.\n</think>\n\nThe answer is {}",
    "Answer: {}",
    "Let me think about it step by step.\n\nFinal answer: {}",
    "**Answer:** {}",
)


def labelled_responses(*, num_golds: int = 4, seed: int = 0) -> list[LabelledResponse[str]]:
    """Return right and almost right responses for every type of mathematical answer.

    Args:
        num_golds: gold answers per type; each gives about eight responses.
        seed: of the gold answers.
    """
    return _cases(ANSWER_TYPES, _WRAPPINGS, num_golds, seed)


def labelled_answers(
    *, num_golds: int = 10, seed: int = 0, answer_types: Sequence[str] = tuple(QA_ANSWER_TYPES)
) -> list[LabelledResponse[QAReference]]:
    """Return right and almost right responses to questions, for graders that take a `QAReference`.

    Args:
        num_golds: gold answers per type; each gives about eight responses.
        seed: of the gold answers.
        answer_types: names of `QA_ANSWER_TYPES`.
    """
    return _cases({name: QA_ANSWER_TYPES[name] for name in answer_types}, _QA_WRAPPINGS, num_golds, seed)


def _cases(
    families: Mapping[str, Family[GoldT]], wrappings: Sequence[str], num_golds: int, seed: int
) -> list[LabelledResponse[GoldT]]:
    return [
        case
        for answer_type, family in families.items()
        for number in range(num_golds)
        for case in _cases_of_one_gold(family, answer_type, number, wrappings, Random(f"{seed}/{answer_type}/{number}"))
    ]


def _cases_of_one_gold(
    family: Family[GoldT], answer_type: str, number: int, wrappings: Sequence[str], rng: Random
) -> Iterator[LabelledResponse[GoldT]]:
    variants = family(rng)
    for is_correct, rewritten in ((True, variants.equal), (False, variants.different)):
        for rule, answer in rewritten:
            yield LabelledResponse(
                case_id=f"{answer_type}/{'equal' if is_correct else 'different'}/{rule}/{number}",
                answer_type=answer_type,
                rule=rule,
                gold=variants.gold,
                answer=answer,
                response=rng.choice(wrappings).format(answer),
                is_correct=is_correct,
            )
