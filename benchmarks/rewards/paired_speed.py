"""Processor time of the rules beside another version of the package, on the same responses, in turns.

    git worktree add /tmp/before COMMIT
    python benchmarks/rewards/paired_speed.py /tmp/before DATA     # DATA: the folder that docs/data.md describes

Each version works in a process of its own that is warmed up by one batch; every batch has responses that neither has
seen. A row is the median of the ratios of the batches, above 1 where this version is slower, and both rates.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from reasonenv.grading import grade_math, grade_qa
from reasonenv.rewards import load_reward
from reasonenv.types import Attempt, MathReference, QAReference, Task

RULES = ("format", "tag_count", "code_format", "reasoning_steps", "language_consistency", "repetition_penalty")
NUM_BATCHES, BATCH_SIZE, GROUP_SIZE = 15, 100, 16
SENTENCES_PER_DOCUMENT = 20
LANGUAGES = ("de", "en", "es", "fr", "ja", "ru", "zh")

Row = dict[str, Any]


def solutions(data: Path, rng: Random) -> list[Row]:
    """Solutions of MATH-500 in the R1 template."""
    lines = (data / "math500" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    rows = map(json.loads, rng.sample(lines, BATCH_SIZE))
    return [
        {"text": f"<think>Attempt {rng.random()}. {row['solution']}</think> <answer>{row['answer']}</answer>"}
        for row in rows
    ]


def documents(data: Path, rng: Random) -> list[Row]:
    """Sentences of two languages in random order and shares."""
    folder = data / "language_sentences"
    sentences = {code: (folder / f"{code}.txt").read_text(encoding="utf-8").splitlines() for code in LANGUAGES}
    rows: list[Row] = []
    for _ in range(BATCH_SIZE):
        own, other = rng.sample(LANGUAGES, 2)
        number = rng.randint(0, SENTENCES_PER_DOCUMENT)
        mixed = rng.sample(sentences[own], number) + rng.sample(sentences[other], SENTENCES_PER_DOCUMENT - number)
        rng.shuffle(mixed)
        rows.append({"text": f"<think>{' '.join(mixed)}</think> <answer>5</answer>", "language": own})
    return rows


def questions(data: Path, rng: Random, kind: str) -> list[Row]:
    """Labelled answers of one kind behind other thinking."""
    lines = (data / "answers_2" / "qa.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] == kind]
    chosen = rng.choices(rows, k=BATCH_SIZE)
    return [
        {**row, "text": f"<think>{rng.random()}</think>{row['response'].rpartition('</think>')[2]}"} for row in chosen
    ]


def whole(rng: Random) -> str:
    return str(rng.randint(-(10**6), 10**6))


def fraction(rng: Random) -> str:
    return rf"\frac{{{rng.randint(1, 999)}}}{{{rng.randint(2, 999)}}}"


def mixed(rng: Random) -> str:
    """A whole number, a fraction, a decimal or a small formula."""
    forms = (whole(rng), fraction(rng), f"{rng.randint(-99, 99)}.{rng.randint(0, 999)}", f"{rng.randint(2, 99)}x")
    return rng.choice(forms)


def numbers(rng: Random, answer_of: Callable[[Random], str]) -> list[Row]:
    """Groups of short responses, half of them right, the others all different."""
    rows: list[Row] = []
    for _group in range(BATCH_SIZE):
        gold = answer_of(rng)
        for member in range(GROUP_SIZE):
            answer = gold if member % 2 else answer_of(rng)
            rows.append({"gold": gold, "text": f"<think>{rng.random()}</think> <answer>{answer}</answer>"})
    return rows


def prepared(case: str, rows: Sequence[Row]) -> Callable[[], object]:
    """Return a call that grades the rows."""
    texts = [row["text"] for row in rows]
    if case.startswith("mathematics"):
        return lambda: grade_math([row["gold"] for row in rows], texts)
    if case.startswith("questions"):
        references = [
            QAReference(
                kind=row["kind"],
                answers=tuple(row["reference"]),
                choices=tuple(row["choices"]) if row["choices"] else None,
                constraints=tuple(row["constraints"] or ()),
            )
            for row in rows
        ]
        return lambda: grade_qa(references, texts)
    reward, reference = load_reward(case.partition(" ")[0]), MathReference(answer="5")
    attempts = [
        Attempt(
            task=Task(task_id="5", prompt="", reference=reference, metadata={"language": row.get("language", "en")}),
            response=row["text"],
        )
        for row in rows
    ]
    (rule,) = (term for term, _ in reward.terms.values())
    return lambda: rule.score(attempts)


def work() -> None:
    """Answer each line of [case, rows] with the seconds that the rows took."""
    for line in sys.stdin:
        call = prepared(*json.loads(line))
        gc.collect()
        start = time.process_time()
        call()
        print(time.process_time() - start, flush=True)


def worker(package: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(package), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def seconds(process: subprocess.Popen[str], request: str) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request)
    process.stdin.flush()
    return float(process.stdout.readline())


def main(before: Path, data: Path) -> None:
    """Print a row for each rule and kind of responses."""
    sides = {"before": worker(before), "now": worker(Path(__file__).parents[2])}
    cases: dict[str, Callable[[Random], list[Row]]] = {
        f"{rule} solutions": lambda r: solutions(data, r) for rule in RULES
    }
    cases["language_consistency documents"] = lambda r: documents(data, r)
    for kind in ("choice", "constrained", "short", "list", "number", "boolean"):
        cases[f"questions {kind}"] = lambda r, kind=kind: questions(data, r, kind)
    for answer_of in (whole, fraction, mixed):
        cases[f"mathematics groups, {answer_of.__name__}"] = lambda r, answer_of=answer_of: numbers(r, answer_of)
    for case, make in cases.items():
        taken: dict[str, list[float]] = {side: [] for side in sides}
        for seed in range(NUM_BATCHES):
            rows = make(Random(seed))
            for side in sides if seed % 2 else reversed(sides):
                taken[side].append(seconds(sides[side], json.dumps([case, rows]) + "\n") / len(rows))
        ratio = statistics.median(now / old for now, old in zip(taken["now"][1:], taken["before"][1:], strict=True))
        rates = {side: round(1 / statistics.median(times[1:])) for side, times in taken.items()}
        print(f"| {case} | {ratio:.2f} | {rates['before']}/s | {rates['now']}/s |", flush=True)
    for process in sides.values():
        process.communicate()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:])) if sys.argv[1:] else work()
