"""What does grading cost, beside plain math-verify on the same responses?

Plain math-verify runs in this process without time limits, as nobody should train with it; ours keeps its limits. Both
know the gold answers, which repeat in a group; no response has been seen before. Responses are made of solutions: of
procedural tasks, or, with the environment variable REASONENV_SOLUTIONS, of a JSON Lines file with the columns
`solution` and `answer`, such as MATH-500's (docs/data.md). `python benchmarks/bench_grading.py` measures everything in
turns, in processor time where one process works, and writes `results/grading.json`.

inspect-ai's scorer of mathematics and the two equivalences of lm-eval are measured beside, if `make grading-peers` has
installed them into an environment of their own, since their pins clash with ours; else the results say why they are
not. Their precision and recall, and ours, are those on the labelled responses of `bench-rewards`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from machine import describe_machine
from math_verify import parse, verify

from reasonenv.evaluation.reward_benchmark import labelled_responses
from reasonenv.grading import GradeStatus, grade_math
from reasonenv.grading.math import grade_answers
from reasonenv.grading.pool import Comparison, WorkerPool
from reasonenv.tasksets import load_tasks

RESULTS = Path(__file__).parent / "results" / "grading.json"
PEERS_PYTHON = Path(__file__).parents[1] / ".venv" / "grading-peers" / "bin" / "python"
PEERS_PROGRAM = Path(__file__).parent / "rewards" / "peer_graders.py"
PEERS = ("inspect-ai math", "lm-eval minerva_math", "lm-eval hendrycks_math")
NUM_PEER_BATCHES = 3
GROUP_SIZE = 8
NUM_GROUPS, NUM_CHAINS, NUM_SLOW, ROUNDS = 16, 32, 24, 9
MEGABYTE = 10**6
_counter = itertools.count(1000)
_random = random.Random(0)
Batch = tuple[list[str], list[str]]


@cache
def solutions() -> list[tuple[str, str]]:
    """Pairs of a worked solution and its answer."""
    path = os.environ.get("REASONENV_SOLUTIONS")
    if path is None:
        tasks = load_tasks("procedural_math")
        return [(str(tasks[index].solution), tasks[index].reference.answer) for index in range(512)]
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [(row["solution"], row["answer"]) for row in rows]


def easy() -> Batch:
    """Groups of responses as a policy in training gives them, half of them right."""
    golds, responses = list[str](), list[str]()
    for solution, gold in _random.sample(solutions(), NUM_GROUPS):
        for index in range(GROUP_SIZE):
            answer = gold if index % 2 else _random.choice(solutions())[1]
            golds.append(gold)
            responses.append(
                f"<think>Attempt {next(_counter)}. {solution}</think>\n<answer>\\boxed{{{answer}}}</answer>"
            )
    return golds, responses


def chains() -> Batch:
    """Chains of thought of 2000 to 8000 characters, without tags, with a box at the end and boxes on the way."""
    golds, responses = list[str](), list[str]()
    for _, gold in _random.choices(solutions(), k=NUM_CHAINS):
        length, text = _random.randint(2000, 8000), f"Attempt {next(_counter)}."
        while len(text) < length:
            text += f" {_random.choice(solutions())[0]}\n\nWait, let me check that again."
        golds.append(gold)
        responses.append(f"{text[:length]}\n\nThe final answer is $\\boxed{{{gold}}}$.")
    return golds, responses


def plain_math_verify(golds: list[str], responses: list[str]) -> list[bool]:
    read = {gold: parse(rf"\boxed{{{gold}}}", parsing_timeout=None) for gold in dict.fromkeys(golds)}
    return [
        verify(read[gold], parse(response, parsing_timeout=None), timeout_seconds=None)
        for gold, response in zip(golds, responses, strict=True)
    ]


MEGABYTES = {
    "braces": "{",
    "digits": "7",
    "boxes": r"\boxed{",
    "closed boxes": r"\boxed{1},",
    "answer tags": "<answer>",
    "think tags": "<think>",
    "fractions": r"\frac{1}{",
    "spaces": " ",
    "backslashes": "\\",
    "dollars": "$",
    "announcements": "The answer is 7. ",
    "unicode": "𝟙",
    "lines": "=\n",
}


def megabyte(piece: str) -> Batch:
    number = next(_counter)
    return [str(number)], [f"<think>{number}</think>{piece * (MEGABYTE // len(piece))} \\boxed{{{number}}}"]


def expressions() -> list[Comparison]:
    """Comparisons for algebra, all different; the pool is asked directly, since the fast path would decide them."""
    return [Comparison(f"x^2+{number}", f"(x-1)(x+1)+{number + 1}") for number in itertools.islice(_counter, NUM_SLOW)]


def seconds(function: Callable[..., object], *arguments: object, clock: Callable[[], float]) -> float:
    start = clock()
    function(*arguments)
    return clock() - start


def compare_throughput(make: Callable[[], Batch]) -> dict[str, float]:
    """Milliseconds of processor time per response, medians over rounds, and the median ratio."""
    grade_math(*make())
    plain_math_verify(*make())
    ours, theirs = list[float](), list[float]()
    for _ in range(ROUNDS):
        batch = make()
        ours.append(1000 * seconds(grade_math, *batch, clock=time.process_time) / len(batch[0]))
        theirs.append(1000 * seconds(plain_math_verify, *batch, clock=time.process_time) / len(batch[0]))
    return {
        "milliseconds": statistics.median(ours),
        "math_verify_milliseconds": statistics.median(theirs),
        "ratio": statistics.median(other / own for own, other in zip(ours, theirs, strict=True)),
    }


def labelled() -> Batch:
    """Responses of every answer type, each with a gold answer that has hardly been seen."""
    cases = labelled_responses(num_golds=40)
    return [case.gold for case in cases], [case.response for case in cases]


def quality(scores: Iterable[float], labels: list[bool]) -> dict[str, float]:
    """Return precision and recall of scores, of which 0.5 and more accept."""
    accepted = [score >= 0.5 for score in scores]
    hits = sum(map(bool.__and__, accepted, labels))
    return {"precision": hits / sum(accepted), "recall": hits / sum(labels)}


def compare_quality() -> dict[str, Any]:
    """Return precision and recall on the labelled responses for ours, math-verify, and each peer with its speed."""
    cases = labelled_responses()
    labels = [case.is_correct for case in cases]
    texts = [case.gold for case in cases], [case.response for case in cases]
    found: dict[str, Any] = {
        "num_responses": len(cases),
        "ours": quality((grade.score for grade in grade_math(*texts)), labels),
        "math-verify": quality(map(float, plain_math_verify(*texts)), labels),
    }
    batches = [make() for make in (easy, chains) for _ in range(1 + NUM_PEER_BATCHES)]
    for name in PEERS:
        reply = ask_peer(name, [*batches, texts])
        if "skipped" not in reply:
            spent, scores = reply.pop("milliseconds"), reply.pop("scores")
            reply |= {
                "easy_milliseconds": statistics.median(spent[1 : 1 + NUM_PEER_BATCHES]),
                "chains_milliseconds": statistics.median(spent[-1 - NUM_PEER_BATCHES : -1]),
                **quality(scores[-1], labels),
            }
        found[name] = reply
    return found


def ask_peer(name: str, batches: list[Batch]) -> dict[str, Any]:
    """Return what a peer's program says of each batch, or why it was skipped."""
    if not PEERS_PYTHON.exists():
        return {"skipped": "not installed; `make grading-peers` does it"}
    command = [str(PEERS_PYTHON), str(PEERS_PROGRAM), name]
    done = subprocess.run(command, input=json.dumps(batches), capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return {"skipped": done.stdout.strip()}
    done.check_returncode()
    return json.loads(done.stdout)


def latency() -> dict[str, float]:
    golds, responses = labelled()
    grade_math(*easy())
    times, paths = list[float](), list[str]()
    for gold, response in zip(golds, responses, strict=True):
        start = time.process_time()
        (grade,) = grade_math([gold], [response])
        times.append(1000 * (time.process_time() - start))
        paths.append(grade.path)
    fast = sorted(spent for spent, path in zip(times, paths, strict=True) if path == "fast")
    quantiles = statistics.quantiles(fast, n=100)
    return {
        "p50_milliseconds": quantiles[49],
        "p99_milliseconds": quantiles[98],
        "num_responses": len(times),
        "share_without_algebra": len(fast) / len(times),
    }


def slow_path() -> dict[str, float]:
    """Comparisons per second of wall-clock time, the best of some rounds, because other work slows workers down."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    pools = {num_workers: WorkerPool() for num_workers in rates}
    for _ in range(ROUNDS):
        for num_workers, pool in pools.items():
            spent = seconds(lambda p=pool, n=num_workers: ask(p, n), clock=time.perf_counter)
            rates[num_workers].append(NUM_SLOW / spent)
    for pool in pools.values():
        pool.close()
    one, two = (max(rate) for rate in rates.values())
    return {"one_worker_per_second": one, "two_workers_per_second": two, "ratio": two / one}


def ask(pool: WorkerPool, num_workers: int) -> None:
    verdicts = pool.compare(expressions(), timeout_seconds=60, num_workers=num_workers)
    assert {verdict.status for verdict in verdicts} == {"correct"}


@pytest.mark.parametrize("make", [easy, chains])
def test_ours(benchmark, make) -> None:
    grades = benchmark.pedantic(grade_math, setup=lambda: (make(), {}), rounds=ROUNDS, warmup_rounds=1)
    assert any(grade.score == 1 for grade in grades)


@pytest.mark.parametrize("make", [easy, chains])
def test_plain_math_verify(benchmark, make) -> None:
    verdicts = benchmark.pedantic(plain_math_verify, setup=lambda: (make(), {}), rounds=ROUNDS, warmup_rounds=1)
    assert any(verdicts)


def test_responses_that_have_been_graded_before(benchmark) -> None:
    golds, responses = easy()
    first = grade_math(golds, responses)
    assert benchmark(grade_math, golds, responses) == first


@pytest.mark.parametrize("shape", MEGABYTES)
def test_megabyte(benchmark, shape: str) -> None:
    def batch() -> tuple[Batch, dict[str, float]]:
        return megabyte(MEGABYTES[shape]), {}

    (grade,) = benchmark.pedantic(grade_math, setup=batch, rounds=5, warmup_rounds=1)
    assert grade.path == "fast"


@pytest.mark.parametrize("num_workers", [1, 2])
def test_slow_path(benchmark, num_workers: int) -> None:
    pool = WorkerPool()
    benchmark.pedantic(ask, (pool, num_workers), rounds=3, warmup_rounds=1)
    pool.close()


def test_latency(benchmark) -> None:
    benchmark.extra_info.update(benchmark.pedantic(latency, rounds=1))


def test_answers_too_large_to_compute_are_refused_at_once(benchmark) -> None:
    def unseen_bombs() -> tuple[tuple[list[str], list[str]], dict[str, float]]:
        number = next(_counter)
        return (["1"] * GROUP_SIZE, [f"{number}^{{10^{{10^{{10}}}}}}"] * GROUP_SIZE), {}

    grades = benchmark.pedantic(grade_answers, setup=unseen_bombs, rounds=3)
    assert {grade.status for grade in grades} == {GradeStatus.OVER_BUDGET}


def main() -> None:
    result = {
        "machine": describe_machine(),
        "load_average": os.getloadavg()[0],
        "latency": latency(),
        "easy": compare_throughput(easy),
        "chains": compare_throughput(chains),
        "megabyte_milliseconds": {
            shape: 1000 * min(seconds(grade_math, *megabyte(piece), clock=time.process_time) for _ in range(5))
            for shape, piece in MEGABYTES.items()
        },
        "slow_path": slow_path(),
        "labelled": compare_quality(),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
