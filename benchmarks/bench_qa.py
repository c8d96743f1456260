"""Answers to questions that one core grades per second.

Each question is graded for a group of 16 responses, as in a training step: right, wrong and unreadable ones behind 200
words of thinking. Every response is new to the process; references are new with each group.

    python benchmarks/bench_qa.py benchmarks/results/qa.json
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from random import Random

from machine import describe_machine

from reasonenv.evaluation.reward_benchmark.cases import QA_ANSWER_TYPES, labelled_answers
from reasonenv.grading import grade_qa
from reasonenv.types import QAReference

GROUP_SIZE = 16
NUM_GOLDS = 40
NUM_ROUNDS = 5


def group_batch(answer_type: str, seed: int) -> tuple[list[QAReference], list[str]]:
    """Return groups of one type: the labelled answers to each question, with other thinking until the group is full."""
    rng = Random(seed)
    by_reference: dict[QAReference, list[str]] = {}
    for case in labelled_answers(num_golds=NUM_GOLDS, seed=seed, answer_types=(answer_type,)):
        by_reference.setdefault(case.gold, []).append(case.answer)
    references: list[QAReference] = []
    responses: list[str] = []
    for reference, answers in by_reference.items():
        for number in range(GROUP_SIZE):
            thinking = " ".join(rng.choices(("so", "it", "might", "be", "this", "one", "or", "not", "42"), k=200))
            references.append(reference)
            responses.append(f"<think>{thinking}</think> <answer>{answers[number % len(answers)]}</answer>")
    return references, responses


def answers_per_second(batch: tuple[list[QAReference], list[str]]) -> float:
    """Return the rate by processor time, which other work on the machine does not change."""
    start = time.process_time()
    grade_qa(*batch)
    return len(batch[0]) / (time.process_time() - start)


def test_grading_a_batch_of_every_type(benchmark) -> None:
    batches = [group_batch(answer_type, seed=99) for answer_type in QA_ANSWER_TYPES]
    references = [reference for batch in batches for reference in batch[0]]
    responses = [response for batch in batches for response in batch[1]]
    grades = benchmark.pedantic(grade_qa, args=(references, responses), rounds=3)
    assert len(grades) == len(references)


def main(path: str) -> None:
    """Write the median rates, of each type and of all together."""
    rates: dict[str, list[float]] = {answer_type: [] for answer_type in QA_ANSWER_TYPES}
    totals: list[float] = []
    for seed in range(NUM_ROUNDS):
        batches = {answer_type: group_batch(answer_type, seed) for answer_type in QA_ANSWER_TYPES}
        for answer_type, batch in batches.items():
            rates[answer_type].append(answers_per_second(batch))
        num_answers = sum(len(references) for references, _ in batches.values())
        seconds = sum(len(batch[0]) / rates[name][-1] for name, batch in batches.items())
        totals.append(num_answers / seconds)
    result = {
        "answers_per_second_per_core": round(statistics.median(totals)),
        "by_type": {answer_type: round(statistics.median(values)) for answer_type, values in rates.items()},
        "rounds": [round(total) for total in totals],
        "group_size": GROUP_SIZE,
        "machine": describe_machine(),
    }
    Path(path).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["by_type"], indent=2), result["answers_per_second_per_core"])


if __name__ == "__main__":
    main(sys.argv[1])
