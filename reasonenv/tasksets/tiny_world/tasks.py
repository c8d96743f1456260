"""The task sets of the tiny world: problems with one right answer, requests without, and both."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count
from typing import Any

from reasonenv.errors import UnknownNameError
from reasonenv.tasksets.base import Problem, TaskList, numbered_id
from reasonenv.tasksets.combine import Mixture
from reasonenv.tasksets.procedural import SPLITS, Family
from reasonenv.tasksets.randomness import Rng
from reasonenv.tasksets.tiny_world.authors import worked_response
from reasonenv.tasksets.tiny_world.puzzles import Puzzle, draw_chain, draw_choice
from reasonenv.tasksets.tiny_world.requests import HARMS, TOPICS, full_answer, refusals, wordings_of
from reasonenv.tasksets.tiny_world.wording import LANGUAGES, question
from reasonenv.types import MathReference, QAReference, Task

__all__ = ["tiny_mixed", "tiny_reasoning", "tiny_requests"]

NUM_OPERATIONS = {1: 4, 2: 5, 3: 6, 4: 7}
"""Of a chain, by difficulty."""
NUM_OPTIONS = {1: 4, 2: 4, 3: 5, 4: 5}
"""Of a choice, by difficulty."""
_REASONING_PER_REQUEST = 1.5


def _generate(rng: Rng, difficulty: int) -> Problem:
    generator = random.Random(int(rng.integers(2**63)))
    is_chain, language = generator.random() < 0.5, generator.choice(LANGUAGES)
    if is_chain:
        puzzle: Puzzle = draw_chain(generator, NUM_OPERATIONS[difficulty])
    else:
        puzzle = draw_choice(generator, NUM_OPTIONS[difficulty])
    response = worked_response(puzzle, language)
    return Problem(
        prompt=question(puzzle, language),
        reference=MathReference(answer=str(puzzle.answer)),
        solution=response.removeprefix("<think>").partition("</think>")[0],
        split_key=puzzle.key,
        metadata={"language": language, "domain": "chain" if is_chain else "choice"},
    )


tiny_reasoning = Family(name="tiny_reasoning", generate=_generate, levels=tuple(NUM_OPERATIONS), domain="mathematics")
"""Chains and choices in English and Chinese; `metadata` has language, domain ("chain", "choice") and difficulty 1–4."""


def tiny_requests(split: str) -> TaskList:
    """Return what else is asked: every topic in every wording of the split.

    Their `metadata` has the language, `preference_set` ("helpfulness" or "safety"), which is the domain as well, the
    topic, and the answer that an expert would give as `reference_answer`. No rule can grade the answers;
    `judge_request` tells the truth about them. The topics are the same in both splits, the wordings are not.

    Raises:
        UnknownNameError: no such split.
    """
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS, of="'tiny_requests'")
    return TaskList("tiny_requests", split, tuple(_requests(split)))


def _requests(split: str) -> Iterator[Task[Any]]:
    number = count()
    for language in LANGUAGES:
        for wording in wordings_of(split, language):
            asked = [
                (topic.question[language], "helpfulness", topic.name, full_answer(topic, language)) for topic in TOPICS
            ]
            if language == "en":
                asked += [(harm.question, "safety", harm.name, refusals(harm)[-1]) for harm in HARMS]
            for text, preference_set, topic, reference_answer in asked:
                yield Task(
                    task_id=numbered_id("tiny_requests", split, next(number)),
                    prompt=wording.format(text),
                    reference=QAReference(kind="open"),
                    metadata={
                        "difficulty": 1,
                        "domain": preference_set,
                        "source": "procedural",
                        "language": language,
                        "preference_set": preference_set,
                        "topic": topic,
                        "reference_answer": reference_answer,
                    },
                )


def tiny_mixed(split: str) -> Mixture:
    """Return three problems to two requests, as the last stage of a recipe is trained on.

    Raises:
        UnknownNameError: no such split.
    """
    components = (tiny_reasoning(split), tiny_requests(split))
    return Mixture(name="tiny_mixed", components=components, weights=(_REASONING_PER_REQUEST, 1.0))
