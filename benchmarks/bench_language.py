"""Error and speed of the language consistency reward with each of its detectors.

    python benchmarks/bench_language.py --sentences FOLDER --solutions FILE.jsonl --seed 7

FOLDER holds de.txt, en.txt, …, one sentence per line; FILE has English mathematics under "solution". docs/data.md says
where to get both; without them, what needs them is left out. Documents mix the sentences of two languages in random
order and shares; without a seed they are others every time. Others have sixteen sentences cut to a number of words, and
sentences of twelve words of which some are another language's. The error is the mean distance between the true share of
the target's words and the value.

Each detector works in a fresh process, so that loading its model and the first call, on words that it has never seen,
are measured apart from later calls. A second process gets the documents in another order and must find the same.
The exit status is 1 if the default detector misses one of `LIMITS`.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from machine import describe_machine
from rich.console import Console
from rich.table import Table

from reasonenv import Attempt, MathReference, Task
from reasonenv.language import DETECTORS
from reasonenv.language.prose import words_of
from reasonenv.language.scripts import LANGUAGES as LANGUAGE_TABLE
from reasonenv.rewards.language import LanguageConsistency
from reasonenv.tables import resolve
from reasonenv.tasksets import CODE_FAMILIES, FAMILIES, QA_FAMILIES, TaskSet, load_tasks

RESULTS = Path(__file__).parent / "results" / "language.json"
DEFAULT = "py3langid"
LANGUAGES = ("de", "en", "es", "fr", "ja", "ru", "zh")
SENTENCES_PER_DOCUMENT = 20
NUM_WARM_CALLS = 5
LIMITS = {
    "mean_absolute_error": 0.01,
    "mean_absolute_error_all_languages": 0.01,
    "largest_value_of_hidden_text": 0.0,
    "solutions_mean": 0.995,
    "mean_absolute_error_of_4_words": 0.01,
    "mean_absolute_error_within_a_sentence": 0.1,
    "lowest_mean_of_own_solutions": 0.97,
    "first_call_megabytes_per_second": 1.0,
    "warm_megabytes_per_second": 2.0,
}
"""What the library promises of the default detector: errors and `largest_…` at most, the others at least."""
WORDS_PER_SENTENCE = (2, 3, 4, 6, 10, 16)
NUM_FOREIGN_OF_12 = (0, 2, 4, 6, 8, 10)

HIDING_PLACES = (
    "`{}`",
    "```\n{}\n```",
    "```python\n# {}",
    "$\\text{{{}}}$",
    "\\[\\text{{{}}}\\]",
    "\\({}\\)",
    "$${}$$",
)
PROSE = {
    "en": "First we add the two numbers, and then we divide the sum by three.",
    "de": "Zuerst addieren wir die beiden Zahlen, und dann teilen wir die Summe durch drei.",
    "ru": "Сначала мы сложим эти два числа, а потом разделим сумму на три.",
    "zh": "首先我们把两个数相加，然后除以三。",
}
REFLECTIONS = (
    "Let me think about this step by step before I write down the final answer.",
    "Wait, that does not look right, so I should check the computation again.",
    "This means that the remaining terms cancel, and only the last one is left.",
    "Now we substitute the value back into the equation to verify the result.",
)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Arguments of the command line."""

    sentences: Path | None = None
    solutions: Path | None = None
    seed: int | None = None
    detectors: tuple[str, ...] = tuple(DETECTORS)
    documents_per_pair: int = 10
    out: Path = RESULTS


@dataclass(frozen=True)
class Document:
    """A text, its target language, and the share of its words in that language."""

    text: str
    target: str
    other: str
    share: float


def main(arguments: Arguments) -> int:
    """Measure every detector, write the results and print them."""
    seed = random.SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    solutions = _solutions(arguments.solutions)
    mixed = mixed_documents(arguments.sentences, seed, arguments.documents_per_pair) if arguments.sentences else []
    rows = {name: measure(name, mixed, solutions) for name in arguments.detectors}
    if arguments.sentences:
        cut = cut_documents(arguments.sentences, seed)
        for name, row in rows.items():
            row |= {key: mean_error(name, judged(name, documents)) for key, documents in cut.items()}
    result = {
        "machine": describe_machine(),
        "seed": seed,
        "num_documents": sum({document.target, document.other} <= set(LANGUAGES) for document in mixed),
        "num_documents_all_languages": len(mixed),
        "num_solutions": len(solutions),
        "limits": LIMITS,
        "detectors": rows,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print_rows(rows)
    return int(DEFAULT in rows and not all(is_kept(name, rows[DEFAULT]) for name in LIMITS))


def _solutions(path: Path | None) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    return [json.loads(line)["solution"] for line in lines]


def mixed_documents(folder: Path, seed: int, num_per_pair: int) -> list[Document]:
    """Return documents of every pair of languages in the folder, a fifth as many where one is not in `LANGUAGES`."""
    texts = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in sorted(folder.glob("??.txt"))}
    texts = {code: [line for line in lines if next(words_of(line), None)] for code, lines in texts.items()}
    generator = random.Random(seed)
    return [
        _mixed_document(texts, target, other, generator)
        for target in texts
        for other in texts
        if other != target
        for _ in range(num_per_pair if {target, other} <= set(LANGUAGES) else -(-num_per_pair // 5))
    ]


def _mixed_document(texts: dict[str, list[str]], target: str, other: str, generator: random.Random) -> Document:
    num_target = generator.randint(0, SENTENCES_PER_DOCUMENT)
    drawn = [(target, text) for text in generator.sample(texts[target], num_target)]
    drawn += [(other, text) for text in generator.sample(texts[other], SENTENCES_PER_DOCUMENT - num_target)]
    generator.shuffle(drawn)
    words = [(language, sum(word.weight for word in words_of(text))) for language, text in drawn]
    share = sum(weight for language, weight in words if language == target) / sum(weight for _, weight in words)
    return Document(generator.choice([" ", "\n"]).join(text for _, text in drawn), target, other, share)


def cut_documents(folder: Path, seed: int) -> dict[str, list[Document]]:
    """Return documents of sixteen sentences cut to a number of words, and sentences in two languages."""
    texts = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in sorted(folder.glob("??.txt"))}
    words = {code: [[word.text for word in words_of(line)] for line in lines] for code, lines in texts.items()}
    spaced = {code: lists for code, lists in words.items() if code not in ("ja", "th", "zh")}
    generator = random.Random(seed)
    latin = [code for code in spaced if LANGUAGE_TABLE[code].scripts == ("Latin",)]
    found = {
        f"mean_absolute_error_of_{number}_words": [
            _cut_document(spaced, target, number, generator) for target in spaced for _ in range(20)
        ]
        for number in WORDS_PER_SENTENCE
    }
    found["mean_absolute_error_within_a_sentence"] = [
        _mixed_sentence(spaced, generator.sample(latin, 2), num_foreign, generator)
        for num_foreign in NUM_FOREIGN_OF_12
        for _ in range(100)
    ]
    return found


def _cut(words: dict[str, list[list[str]]], code: str, number: int, generator: random.Random) -> list[str]:
    sentence = generator.choice([one for one in words[code] if len(one) >= number])
    start = generator.randint(0, len(sentence) - number)
    return sentence[start : start + number]


def _cut_document(words: dict[str, list[list[str]]], target: str, number: int, generator: random.Random) -> Document:
    others = [code for code in words if code != target]
    relatives = [code for code in others if LANGUAGE_TABLE[code].scripts == LANGUAGE_TABLE[target].scripts]
    other = generator.choice(relatives if relatives and generator.random() < 0.7 else others)
    num_target = generator.randint(0, 16)
    codes = [target] * num_target + [other] * (16 - num_target)
    generator.shuffle(codes)
    lines = [f"{' '.join(_cut(words, code, number, generator))}." for code in codes]
    return Document(" ".join(lines), target, other, num_target / 16)


def _mixed_sentence(
    words: dict[str, list[list[str]]], pair: list[str], num_foreign: int, generator: random.Random
) -> Document:
    target, other = pair
    own, foreign = (_cut(words, target, 12 - num_foreign, generator), _cut(words, other, num_foreign, generator))
    start = generator.randint(0, len(own))
    return Document(" ".join(own[:start] + foreign + own[start:]), target, other, len(own) / 12)


def judged(detector: str, documents: list[Document]) -> list[Document]:
    """Return the documents that a detector is judged by: all for the default, those of `LANGUAGES` for the others."""
    if detector == DEFAULT:
        return documents
    return [document for document in documents if {document.target, document.other} <= set(LANGUAGES)]


def measure(detector: str, mixed: list[Document], solutions: list[str]) -> dict[str, Any]:
    """Run two fresh processes, the second with the documents in reverse, and summarise what the first found."""
    mixed = judged(detector, mixed)
    found, again = (_in_fresh_process(detector, documents, solutions) for documents in (mixed, mixed[::-1]))
    values = found.pop("values")
    is_same = values == again["values"][::-1]
    errors = [abs(value - document.share) for value, document in zip(values, mixed, strict=True)]
    seven = [
        e for e, document in zip(errors, mixed, strict=True) if {document.target, document.other} <= set(LANGUAGES)
    ]
    row = {**found, "is_same_in_another_process_and_order": is_same}
    if seven:
        row["mean_absolute_error"] = statistics.fmean(seven)
    if len(errors) > len(seven):
        row["mean_absolute_error_all_languages"] = statistics.fmean(errors)
    if errors:
        row["mean_absolute_error_by_target"] = {
            target: statistics.fmean(e for e, document in zip(errors, mixed, strict=True) if document.target == target)
            for target in sorted({document.target for document in mixed})
        }
    return row


def mean_error(detector: str, documents: list[Document]) -> float:
    """Return the mean distance between the value and the true share."""
    scores = LanguageConsistency(detector=detector).score([_attempt(one.text, one.target) for one in documents])
    return statistics.fmean(
        abs(score.value - document.share) for score, document in zip(scores, documents, strict=True)
    )


def _in_fresh_process(detector: str, mixed: list[Document], solutions: list[str]) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(_measure_here, detector, mixed, solutions).result()


def _measure_here(detector: str, mixed: list[Document], solutions: list[str]) -> dict[str, Any]:
    start = time.perf_counter()
    reward = LanguageConsistency(detector=detector)
    load_seconds = time.perf_counter() - start
    chains = solutions or chains_of_thought()
    attempts = [_attempt(text, "en") for text in chains]
    megabytes = sum(len(text.encode()) for text in chains) / 1e6
    seconds = [_seconds(reward, attempts) for _ in range(1 + NUM_WARM_CALLS)]
    hidden = [
        _attempt(f"<think>{place.format(text)}</think> 5", target)
        for place in HIDING_PLACES
        for code, text in PROSE.items()
        for target in PROSE
        if target != code
    ]
    found = {
        "load_seconds": load_seconds,
        "first_call_megabytes_per_second": megabytes / seconds[0],
        "warm_megabytes_per_second": megabytes / statistics.median(seconds[1:]),
        "largest_value_of_hidden_text": max(score.value for score in reward.score(hidden)),
        "values": [score.value for score in reward.score([_attempt(one.text, one.target) for one in mixed])],
    }
    own = own_solutions().values()
    found["lowest_mean_of_own_solutions"] = min(
        statistics.fmean(score.value for score in reward.score(attempts)) for attempts in own
    )
    if solutions:
        found["solutions_mean"] = statistics.fmean(score.value for score in reward.score(attempts))
    return found


def _seconds(reward: LanguageConsistency, attempts: list[Attempt]) -> float:
    start = time.perf_counter()
    reward.score(attempts)
    return time.perf_counter() - start


def _attempt(text: str, language: str) -> Attempt:
    reference = MathReference(answer="5")
    return Attempt(
        task=Task(task_id="text", prompt="?", reference=reference, metadata={"language": language}), response=text
    )


def own_solutions() -> dict[str, list[Attempt]]:
    """Return solutions of every family that has them, as responses of the R1 template."""
    found: dict[str, list[Attempt]] = {}
    for family, path in (FAMILIES | CODE_FAMILIES | QA_FAMILIES).items():
        tasks: TaskSet = resolve({family: path}, family, kind="family")("train")
        drawn = [tasks[index] for index in range(0, len(tasks), max(1, len(tasks) // 30))]
        solved = [task for task in drawn if task.solution]
        if solved:
            found[family] = [
                Attempt(task=t, response=f"<think>{t.solution}</think> <answer>5</answer>") for t in solved
            ]
    return found


def chains_of_thought() -> list[str]:
    """Return English reasoning that holds procedural solutions, for use without a file."""
    generator, tasks = random.Random(0), load_tasks("procedural_math")
    solutions = [str(tasks[index].solution) for index in range(512)]
    return [
        " ".join(f"{generator.choice(REFLECTIONS)} {solution}" for solution in solutions[start : start + 8])
        for start in range(0, len(solutions), 8)
    ]


def is_kept(limit: str, row: dict[str, Any]) -> bool:
    """Return whether a row keeps one of `LIMITS`; what was not measured breaks none."""
    if limit not in row:
        return True
    is_upper = limit.startswith(("mean_absolute_error", "largest"))
    return row[limit] <= LIMITS[limit] if is_upper else row[limit] >= LIMITS[limit]


def print_rows(rows: dict[str, dict[str, Any]]) -> None:
    """Print one line per measurement and one column per detector, with a mark where the default misses a limit."""
    table = Table(title="Language consistency")
    table.add_column("")
    for name in rows:
        table.add_column(name, justify="right")
    measured = [key for key in next(iter(rows.values())) if key != "mean_absolute_error_by_target"]
    for key in measured:
        cells = [f"{row[key]:.4g}" if key in row else "" for row in rows.values()]
        is_missed = key in LIMITS and DEFAULT in rows and not is_kept(key, rows[DEFAULT])
        table.add_row(f"{key} (missed: {LIMITS[key]})" if is_missed else key, *cells)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments, description=__doc__)))
