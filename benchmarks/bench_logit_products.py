"""What does it save to take single-precision logits on a CPU from oneDNN, and how exact are they?

    python benchmarks/bench_logit_products.py --help

Products h Wᵀ by oneDNN and by torch, which takes MKL, and steps of the kernels with either, all in turn; ratios are
medians over the rounds. Errors are ‖x − exact‖/‖exact‖ against float64. Gradients of hidden states come from products
with long sums. N rows, K length of a sum, W columns.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from kernel.implementations import IMPLEMENTATIONS, Problem, Shape
from machine import describe_machine
from torch import Tensor

from agents.kernels import products

SHAPES = {
    "logits of a tile": (2048, 512, 1016),
    "logits of a chunk": (128, 512, 32_000),
    "logits of a wide model": (2048, 4096, 1016),
    "a long sum": (2048, 3000, 512),
}
STEP = Shape(2048, 512, 32_000, "float32", 512)
WAYS = ("two pass", "local", "frozen head")
ONEDNN, TORCH = "oneDNN", "torch"


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    rounds: int = 9
    """Rounds of every step; products get four times as many."""
    out: Path = Path(__file__).parent / "results" / "logit_products.json"


def main(arguments: Arguments) -> None:
    """Measure, write the results and print them."""
    if not products.takes_onednn(torch.empty(1)):
        raise SystemExit("This build of torch has no oneDNN, so there is nothing to compare.")
    results = {
        "machine": describe_machine(),
        "products": {
            name: compare_products(shape, seed, 4 * arguments.rounds)
            for seed, (name, shape) in enumerate(SHAPES.items())
        },
        "steps": compare_steps(arguments.rounds),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def compare_products(shape: tuple[int, int, int], seed: int, num_rounds: int) -> dict[str, Any]:
    """Measure GFLOP/s and errors with either library."""
    num_rows, length, width = shape
    generator = torch.Generator().manual_seed(seed)
    left_NK = torch.randn(num_rows, length, generator=generator)
    right_WK = torch.randn(width, length, generator=generator)
    exact_NW = left_NK.double() @ right_WK.double().T
    ways: dict[str, Callable[[], Tensor]] = {
        ONEDNN: lambda: products.product(left_NK, right_WK.T),
        TORCH: lambda: torch.mm(left_NK, right_WK.T),
    }
    seconds = in_turn(ways, num_rounds)
    operations = 2 * num_rows * length * width
    return {
        "shape": shape,
        "gflop_per_second": {way: round(operations / statistics.median(seconds[way]) / 1e9) for way in ways},
        "error": {
            way: float(f"{(run().double() - exact_NW).norm() / exact_NW.norm():.2g}") for way, run in ways.items()
        },
    }


def compare_steps(num_rounds: int) -> dict[str, Any]:
    """Measure seconds of both passes with either library, and their ratio."""
    problem = Problem.random(STEP, "cpu")
    found = {}
    for name in WAYS:
        ways = {ONEDNN: lambda name=name: step(name, problem), TORCH: lambda name=name: without_onednn(name, problem)}
        seconds = in_turn(ways, num_rounds)
        ratios = [mine / theirs for mine, theirs in zip(seconds[ONEDNN], seconds[TORCH], strict=True)]
        medians = {way: round(statistics.median(rounds), 3) for way, rounds in seconds.items()}
        found[name] = {"seconds": medians, "ratio": round(statistics.median(ratios), 3)}
    return found


def step(name: str, problem: Problem) -> None:
    problem.hidden_ND.grad = problem.weight_VD.grad = None
    way = IMPLEMENTATIONS[name]
    way.compute(problem.as_seen_by(way)).loss.backward()


def without_onednn(name: str, problem: Problem) -> None:
    """Run a step as in a build of torch that lacks oneDNN."""
    operator, products._ONEDNN_LINEAR = products._ONEDNN_LINEAR, None
    try:
        step(name, problem)
    finally:
        products._ONEDNN_LINEAR = operator


def in_turn(ways: dict[str, Callable[[], object]], num_rounds: int) -> dict[str, list[float]]:
    """Return seconds of every way in every round except the first."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(num_rounds + 1):
        for way, run in ways.items():
            start = time.perf_counter()
            run()
            seconds[way].append(time.perf_counter() - start)
    return {way: rounds[1:] for way, rounds in seconds.items()}


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
