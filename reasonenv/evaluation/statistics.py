"""Estimates with their uncertainty: success rates, pass@k and cons@k, from counts and answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

__all__ = ["consensus", "pass_at_k", "wilson_interval"]

_Z = 1.959963984540054  # the normal quantile of 97.5%


def wilson_interval(num_successes: float, num_trials: int) -> tuple[float, float]:
    """Return the 95% Wilson score interval of a success rate; it stays within [0, 1].

    >>> low, high = wilson_interval(95, 100)
    >>> round(low, 3), round(high, 3)
    (0.888, 0.978)

    Args:
        num_successes: in [0, num_trials]; may be fractional when trials give partial credit.
        num_trials: at least 1.
    """
    if num_trials < 1 or not 0 <= num_successes <= num_trials:
        raise ValueError(
            f"Expected 0 <= num_successes <= num_trials and num_trials >= 1, got {num_successes} of {num_trials}."
        )
    rate = num_successes / num_trials
    denominator = 1 + _Z**2 / num_trials
    center = (rate + _Z**2 / (2 * num_trials)) / denominator
    margin = _Z / denominator * math.sqrt(rate * (1 - rate) / num_trials + _Z**2 / (4 * num_trials**2))
    return max(0.0, center - margin), min(1.0, center + margin)


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


def consensus(answers: Sequence[Hashable | None]) -> Hashable | None:
    """Return the most frequent answer (cons@k; arXiv 2203.11171); the first seen wins ties, None never votes.

    >>> consensus(["4", None, "5", "5"])
    '5'
    """
    votes = Counter(answer for answer in answers if answer is not None)
    return max(votes, key=lambda answer: votes[answer]) if votes else None
