"""Answers to questions: how many one core grades per second, and how many ways to choose an option are read right.

For the speed, each question is graded for a group of 16 responses, as in a training step: right, wrong and unreadable
ones behind 200 words of thinking. Every response is new to the process; references are new with each group.

For the choices, options come from TruthfulQA, from the answers of MATH-500 (formulas), and from numbers and their
negatives. Each is chosen by letter, by letter and text, and by text, rightly and wrongly, bare and in a block; and a
letter is put before the text of another option. `docs/data.md` says how to get the data.

    python benchmarks/bench_qa.py benchmarks/results/qa.json "$REASONENV_DATA"
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from machine import describe_machine

from reasonenv.evaluation.reward_benchmark.cases import QA_ANSWER_TYPES, labelled_answers
from reasonenv.grading import equal, grade_qa
from reasonenv.types import QAReference

GROUP_SIZE = 16
NUM_GOLDS = 40
NUM_ROUNDS = 5

LETTERS = "ABCDEFGH"
STYLES = {
    "letter": (
        "{letter}", "({letter})", r"\boxed{{{letter}}}", "The answer is {letter}.",
        "{letter}, because the others fail.", "I choose {letter}.", "It's {letter}.", "So {letter} is correct.",
        "故选{letter}。",
    ),
    "letter and text": (
        "{letter}. {text}", "({letter}) {text}", "{letter}: {text}", "**{letter}. {text}**",
        r"\boxed{{{letter}. {text}}}", "The correct answer is {letter}. {text}",
        "Look at each.\n\nTherefore the correct answer is {letter}: {text}",
        "{text} ({letter})",
    ),
    "text": ("{text}", "{text}.", "The answer is {text}.", r"\boxed{{{text}}}", "I choose {text}"),
}  # fmt: skip
"""What is said → the ways to say it."""


def truthful_options(folder: Path, rng: Random) -> Iterator[tuple[list[str], int]]:
    """Yield the options of each question of TruthfulQA that has at most eight, and the index of the right one."""
    for row in json.loads((folder / "truthfulqa" / "mc_task.json").read_text(encoding="utf-8")):
        targets: dict[str, int] = row["mc1_targets"]
        options = list(targets)
        rng.shuffle(options)
        if len(options) <= len(LETTERS) and all(options):
            yield options, next(index for index, option in enumerate(options) if targets[option])


def formula_options(folder: Path, rng: Random) -> Iterator[tuple[list[str], int]]:
    """Yield each answer of MATH-500 among three others that are not equal to it or to each other."""
    lines = (folder / "math500" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [answer for answer in (json.loads(line)["answer"] for line in lines) if "text{(" not in answer]
    for answer in answers:
        options = [answer]
        while len(options) < 4:
            other = rng.choice(answers)
            if not any(equal(option, other) for option in options):
                options.append(other)
        rng.shuffle(options)
        yield options, options.index(answer)


def signed_options(_: Path, rng: Random) -> Iterator[tuple[list[str], int]]:
    """Yield numbers among their negatives."""
    for _number in range(300):
        number = rng.randint(2, 60)
        options = [str(number), str(-number), str(number - 1), str(1 - number)]
        rng.shuffle(options)
        yield options, rng.randrange(4)


OPTIONS = {"TruthfulQA": truthful_options, "MATH-500": formula_options, "signed numbers": signed_options}


def choice_figures(folder: Path, seed: int = 1) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each source and way to choose the share of right choices paid, and how many wrong ones are."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for source, options_of in OPTIONS.items():
        rng = Random(seed)
        questions = list(options_of(folder, rng))
        wrong = [rng.choice([index for index in range(len(options)) if index != gold]) for options, gold in questions]
        rows = {
            style: [paid_and_wrongly(questions, wrong, template) for template in templates]
            for style, templates in STYLES.items()
        }
        figures[source] = {style: summed(pairs) for style, pairs in rows.items()}
        num_paid, num_pairs = mixed_paid(questions, wrong)
        figures[source]["letter before another text"] = {"wrongly_paid": num_paid, "num_pairs": num_pairs}
    return figures


def summed(counts: list[tuple[int, int, int]]) -> dict[str, float]:
    """Return the figures of rows of (right choices that are paid, wrong ones that are, choices of each kind)."""
    num_paid, num_wrongly, num_pairs = (sum(column) for column in zip(*counts, strict=True))
    return {"recall": round(num_paid / num_pairs, 4), "wrongly_paid": num_wrongly, "num_pairs": num_pairs}


def paid_and_wrongly(questions: list[tuple[list[str], int]], wrong: list[int], template: str) -> tuple[int, int, int]:
    """Count paid choices of the right and of a wrong option, said one way, bare and in a block."""
    references, responses = list[QAReference](), list[str]()
    for chosen in ([gold for _, gold in questions], wrong):
        for (options, gold), index in zip(questions, chosen, strict=True):
            text = template.format(letter=LETTERS[index], text=options[index])
            references += [QAReference(kind="choice", answers=(LETTERS[gold],), choices=tuple(options))] * 2
            responses += [text, f"<think>Look.</think><answer>{text}</answer>"]
    scores = [grade.score for grade in grade_qa(references, responses)]
    half = len(scores) // 2
    return int(sum(scores[:half])), int(sum(scores[half:])), half


def mixed_paid(questions: list[tuple[list[str], int]], wrong: list[int]) -> tuple[int, int]:
    """Count what is paid for the right letter before a wrong text, and the other way round."""
    references, responses = list[QAReference](), list[str]()
    for (options, gold), index in zip(questions, wrong, strict=True):
        for letter, text in ((gold, index), (index, gold)):
            references.append(QAReference(kind="choice", answers=(LETTERS[gold],), choices=tuple(options)))
            responses.append(f"{LETTERS[letter]}. {options[text]}")
    num_paid = int(sum(grade.score for grade in grade_qa(references, responses)))
    return num_paid, len(responses)


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


def main(path: str, folder: str) -> None:
    """Write the median rates, of each type and of all together, and how choices are read."""
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
        "choices": choice_figures(Path(folder)),
        "machine": describe_machine(),
    }
    Path(path).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: result[name] for name in ("by_type", "choices", "answers_per_second_per_core")}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
