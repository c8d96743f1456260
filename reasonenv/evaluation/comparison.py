"""Whether one run is better than another on the same problems, told by pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from reasonenv.evaluation.accuracy import pass_rates
from reasonenv.evaluation.intervals import difference_interval
from reasonenv.evaluation.samples import Sample, by_problem

__all__ = ["PairedDifference", "compare", "mcnemar", "paired_difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """The mean over problems of second − first, with its 95% interval, which is None below two problems."""

    difference: float | None
    low: float | None
    high: float | None
    num_problems: int
    num_better: int
    """Problems on which the second is better."""
    num_worse: int
    num_unpaired: int
    """Problems that only one of the two has; they are left out."""
    p_value: float | None = None
    """McNemar's, where both have one verdict a problem."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def mcnemar(num_only_first: int, num_only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: are the two as often right where they differ?

    min(1, 2 P(X ≤ min(b, c))), X ~ Binomial(b + c, ½) (McNemar, doi:10.1007/BF02295996).

    >>> mcnemar(1, 7)
    0.0703125

    Args:
        num_only_first: problems that only the first got right.
        num_only_second: problems that only the second got right.

    Raises:
        ValueError: a negative number.
    """
    if min(num_only_first, num_only_second) < 0:
        raise ValueError(f"Numbers of problems cannot be negative, got {num_only_first} and {num_only_second}.")
    total = num_only_first + num_only_second
    ways = tail = 1
    for hits in range(min(num_only_first, num_only_second)):
        ways = ways * (total - hits) // (hits + 1)
        tail += ways
    return min(1.0, 2 * tail / 2**total)


def paired_difference(
    first: Mapping[str, float], second: Mapping[str, float], *, bound: float | None = 1.0, seed: int = 0
) -> PairedDifference:
    """Return the mean difference of two measurements of the same problems.

    Args:
        first, second: task → value, such as `pass_rates`, `consensus_rates` or a metric of `behaviour_by_problem`.
        bound: the largest possible difference; None for values without a bound, such as lengths.
        seed: of the bootstrap.
    """
    shared = sorted(first.keys() & second.keys())
    differences = [second[task_id] - first[task_id] for task_id in shared]
    low, high = difference_interval(differences, bound=bound, seed=seed) if len(shared) > 1 else (None, None)
    return PairedDifference(
        difference=math.fsum(differences) / len(shared) if shared else None,
        low=low,
        high=high,
        num_problems=len(shared),
        num_better=sum(difference > 0 for difference in differences),
        num_worse=sum(difference < 0 for difference in differences),
        num_unpaired=len(first.keys() ^ second.keys()),
    )


def compare(first: Sequence[Sample], second: Sequence[Sample], *, seed: int = 0) -> PairedDifference:
    """Return the difference in pass@1 of two runs on the same problems, by a bootstrap over problems.

    Where each run has at most one graded response a problem, as greedy ones, McNemar's test is added.

    Args:
        first: the samples of one run.
        second: those of the other; a positive difference says that it is better.
        seed: of the bootstrap.

    Raises:
        ValueError: a task has different prompts or gold answers in the two, or two samples of one have one key.
    """
    rates = pass_rates(first), pass_rates(second)
    _check_same_problems(first, second)
    paired = paired_difference(*rates, seed=seed)
    if not paired.num_problems or not all(map(_is_single, (first, second))):
        return paired
    p_value = mcnemar(paired.num_worse, paired.num_better)
    return replace(paired, p_value=p_value)


def _is_single(samples: Sequence[Sample]) -> bool:
    return all(
        sum(sample.is_right is not None for sample in responses) <= 1 for responses in by_problem(samples).values()
    )


def _check_same_problems(first: Sequence[Sample], second: Sequence[Sample]) -> None:
    problems = {sample.task_id: (sample.prompt, sample.gold) for sample in first}
    for sample in second:
        asked = problems.get(sample.task_id, (sample.prompt, sample.gold))
        if asked != (sample.prompt, sample.gold):
            raise ValueError(
                f"The task {sample.task_id!r} is another problem in the second run: {asked!r:.120} became "
                f"{(sample.prompt, sample.gold)!r:.120}. Compare runs on the same version of the tasks."
            )
