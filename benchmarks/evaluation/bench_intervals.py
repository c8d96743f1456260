"""How often the 95% intervals of `reasonenv.evaluation.intervals` cover the truth, beside the plain bootstrap.

Problems are drawn whose chances of a right answer differ (a beta distribution) or do not, each with k responses. The
truth is the mean chance of the population. `plain` is the percentile bootstrap over problems.

    python benchmarks/evaluation/bench_intervals.py benchmarks/results/intervals.json
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reasonenv.evaluation.intervals import difference_interval, mean_interval, rate_interval

NUM_RATE_TRIALS = 1000
NUM_BOOTSTRAP_TRIALS = 400
NUM_RESAMPLES = 1000
NUMBERS_OF_PROBLEMS = (10, 30, 100, 300)
NUMBERS_OF_RESPONSES = (1, 4, 16, 64)
MEAN_CHANCES = (0.01, 0.05, 0.3, 0.5)
CONCENTRATIONS = (None, 5.0, 1.0, 0.3)
"""Of the beta distribution; None gives every problem the same chance, 0.3 most of them a chance near 0 or 1."""
GAINS = (0.0, 0.1, 0.4)
"""The part of what the first run gets wrong that the second gets right."""
CHANGED = (0.0, 0.5)
"""The part of the problems whose chance is drawn anew for the second run."""

LOG_SPREADS = (0.3, 0.7, 1.0)
"""Of the lengths: the standard deviation of their logarithm."""

Intervals = list[tuple[float, float]]


def main(path: Path) -> None:
    """Measure, print the worst of each method, and write all settings to a file."""
    results = {
        "rates": list(rate_settings()),
        "differences": list(difference_settings()),
        "means": list(mean_settings()),
    }
    summary = {
        kind: {
            "num_settings": len(rows),
            **{f"lowest_{method}": min(row[method] for row in rows) for method in ("ours", "plain")},
            **{f"below_0.93_{method}": sum(row[method] < 0.93 for row in rows) for method in ("ours", "plain")},
        }
        for kind, rows in results.items()
    }
    print(json.dumps(summary, indent=1))
    path.write_text(json.dumps({"summary": summary, **results}, indent=1) + "\n", encoding="utf-8")


def rate_settings() -> Iterator[dict[str, Any]]:
    """Yield the share of intervals of a mean rate that hold it, by setting."""
    settings = product(NUMBERS_OF_PROBLEMS, NUMBERS_OF_RESPONSES, MEAN_CHANCES, CONCENTRATIONS)
    for number, (num, k, chance, concentration) in enumerate(settings):
        rng = np.random.default_rng(number)
        chances = drawn_chances(rng, (NUM_RATE_TRIALS, num), chance, concentration)
        rates = rng.binomial(k, chances) / k
        yield {
            "num_problems": num,
            "k": k,
            "mean": chance,
            "concentration": concentration,
            "ours": coverage(chance, [rate_interval(row) for row in rates.tolist()]),
            "plain": coverage(chance, plain_intervals(rates, rng)),
        }


def difference_settings() -> Iterator[dict[str, Any]]:
    """Yield the share of intervals of a mean paired difference that hold it, by setting."""
    settings = product(NUMBERS_OF_PROBLEMS[:3], (1, 16), (0.05, 0.5), CHANGED, GAINS)
    for number, (num, k, chance, changed, gain) in enumerate(settings):
        rng = np.random.default_rng(number)
        shape = (NUM_BOOTSTRAP_TRIALS, num)
        first, anew = drawn_chances(rng, shape, chance, 1.0), drawn_chances(rng, shape, chance, 1.0)
        second = np.where(rng.random(shape) < changed, anew, first)
        second = second + gain * (1 - second)
        differences = (rng.binomial(k, second) - rng.binomial(k, first)) / k
        truth = gain * (1 - chance)
        ours = [difference_interval(row, num_resamples=NUM_RESAMPLES) for row in differences.tolist()]
        yield {
            "num_problems": num,
            "k": k,
            "mean": chance,
            "changed": changed,
            "gain": gain,
            "ours": coverage(truth, ours),
            "plain": coverage(truth, plain_intervals(differences, rng)),
        }


def mean_settings() -> Iterator[dict[str, Any]]:
    """Yield the share of intervals of a mean length that hold it, by setting; lengths are lognormal."""
    for number, (num, spread) in enumerate(product(NUMBERS_OF_PROBLEMS, LOG_SPREADS)):
        rng = np.random.default_rng(number)
        lengths = np.exp(spread * rng.normal(size=(NUM_BOOTSTRAP_TRIALS, num)))
        truth = math.exp(spread**2 / 2)
        ours = [mean_interval(row, num_resamples=NUM_RESAMPLES) for row in lengths.tolist()]
        yield {
            "num_problems": num,
            "log_spread": spread,
            "ours": coverage(truth, ours),
            "plain": coverage(truth, plain_intervals(lengths, rng)),
        }


def drawn_chances(
    rng: np.random.Generator, shape: tuple[int, int], mean: float, concentration: float | None
) -> NDArray[np.float64]:
    """Return the chance of a right answer of each problem."""
    if concentration is None:
        return np.full(shape, mean)
    return rng.beta(mean * concentration, (1 - mean) * concentration, shape)


def plain_intervals(values: NDArray[np.float64], rng: np.random.Generator) -> Intervals:
    """Return the percentile bootstrap over problems of each row."""
    num = values.shape[1]
    weights = rng.multinomial(num, np.full(num, 1 / num), NUM_RESAMPLES) / num
    low, high = np.quantile(values @ weights.T, [0.025, 0.975], axis=1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def coverage(truth: float, intervals: Intervals) -> float:
    """Return the share of intervals that hold the truth; limits that differ by rounding alone hold it."""
    return sum(low <= truth + 1e-12 and truth - 1e-12 <= high for low, high in intervals) / len(intervals)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
