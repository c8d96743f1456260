"""How often samples are right: pass@1, pass@k and cons@k, problem by problem, and their means with intervals.

All of it depends on the samples alone, not on their order: problems are taken in the order of their ids, responses in
that of their numbers. A response that a grader failed on is left out and counted elsewhere, never wrong.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reasonenv.evaluation.intervals import rate_interval
from reasonenv.evaluation.samples import Sample, by_problem

__all__ = ["Estimate", "by_label", "mean_rate", "pass_at_k", "pass_rates", "problem_means"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean over problems with its 95% interval: `Estimate(0.5, 0.31, 0.69, 30)`. All None without problems."""

    value: float | None
    low: float | None
    high: float | None
    num_problems: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def pass_at_k(num_samples: int, num_correct: int, k: int) -> float:
    """Return the unbiased estimate of the chance that at least one of k samples is correct.

    1 − C(n−c, k)/C(n, k) (Eq. 1, arXiv 2107.03374).

    >>> pass_at_k(10, 3, 1)
    0.3
    """
    if not 0 <= num_correct <= num_samples or not 1 <= k <= num_samples:
        raise ValueError(
            f"Expected 0 <= num_correct <= num_samples and 1 <= k <= num_samples, "
            f"got num_samples={num_samples}, num_correct={num_correct}, k={k}."
        )
    num_subsets = math.comb(num_samples, k)
    return (num_subsets - math.comb(num_samples - num_correct, k)) / num_subsets


def pass_rates(samples: Iterable[Sample], k: int = 1) -> dict[str, float]:
    """Return pass@k of each problem that has at least k graded responses, by task; pass@1 is the share of right ones.

    Args:
        samples: of any problems.
        k: how many responses may try.

    Raises:
        ValueError: k is below 1, or two samples have one key.
    """
    rates: dict[str, float] = {}
    for task_id, responses in by_problem(samples).items():
        verdicts = [sample.is_right for sample in responses if sample.is_right is not None]
        if len(verdicts) >= k:
            rates[task_id] = pass_at_k(len(verdicts), sum(verdicts), k)
    return rates


def mean_rate(rates: Mapping[str, float]) -> Estimate:
    """Return the mean of the problems' rates with `rate_interval`.

    >>> mean_rate({"a": 0.5, "b": 1.0}).value
    0.75
    """
    if not rates:
        return Estimate(None, None, None, 0)
    ordered = [rates[task_id] for task_id in sorted(rates)]
    return Estimate(math.fsum(ordered) / len(ordered), *rate_interval(ordered), len(ordered))


def problem_means(samples: Iterable[Sample], value: Callable[[Sample], float | None]) -> dict[str, float]:
    """Return the mean of a value over the responses to each problem, by task; None values are left out.

    Args:
        samples: of any problems.
        value: of one sample, such as its length; None where it has none.
    """
    means: dict[str, float] = {}
    for task_id, responses in by_problem(samples).items():
        values = [found for sample in responses if (found := value(sample)) is not None]
        if values:
            means[task_id] = math.fsum(values) / len(values)
    return means


def by_label(samples: Sequence[Sample], label: Callable[[Sample], str | None]) -> dict[str, list[Sample]]:
    """Return the samples by a label such as their difficulty, labels in order, without those that have none.

    Args:
        samples: of any problems.
        label: of one sample.
    """
    labelled: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if (name := label(sample)) is not None:
            labelled[name].append(sample)
    return {name: labelled[name] for name in sorted(labelled, key=_natural)}


def _natural(label: str) -> tuple[float, str]:
    """Order numbers by their size, before words."""
    return (float(label), label) if label.isdecimal() else (math.inf, label)
