"""95% intervals of rates, other means and paired differences, with the problem as the unit that was drawn.

Responses to one problem resemble each other, so k of them say less than k problems would. How often each interval
covers the truth is measured by `benchmarks/evaluation/bench_intervals.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["difference_interval", "mean_interval", "rate_interval", "wilson_interval"]

_Z = 1.959963984540054  # the normal quantile of 97.5%
_SMALL_T = (12.7062047, 4.3026527, 3.1824463, 2.7764451, 2.5705818, 2.4469119, 2.3646243, 2.3060041, 2.2621572)
"""The quantiles of 97.5% of Student's t with 1, 2, … degrees of freedom, where the series below is too coarse."""
_PRIOR_SPREAD = 0.5
_CHUNK = 2**22
"""How many numbers a resampling holds at once."""


def wilson_interval(num_successes: float, num_trials: int) -> tuple[float, float]:
    """Return the 95% Wilson score interval of a success rate of independent trials; it stays within [0, 1].

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


def rate_interval(rates: Sequence[float]) -> tuple[float, float]:
    """Return the 95% interval of the mean rate of the problems that these were drawn from; it stays within [0, 1].

    Agresti–Coull's interval (doi:10.1080/00031305.1998.10480550) at the effective sample size and with Student's
    quantile, as Korn and Graubard (Survey Methodology 24, 1998) and Dean and Pagano (doi:10.1093/jssam/smv024) do for
    surveys with clusters:

        p = mean, s² = variance of the rates, t = t(0.975, n − 1)
        D = min(1, (n s² + ½) / (n p (1 − p) + ½)),  m = n / D
        p' = (m p + t²/2) / (m + t²),  interval = p' ± t √(p' (1 − p') / (m + t²))

    D is the variance beside that of one response a problem. The ½ is ours: a few solved problems say little about the
    variance, and D nears 1 where there are none. One rate alone says nothing: [0, 1].

    >>> low, high = rate_interval([0.25, 0.5, 1.0, 0.75] * 25)
    >>> round(low, 3), round(high, 3)
    (0.567, 0.68)

    Args:
        rates: of each problem, in [0, 1]: the share of right responses, or any other.

    Raises:
        ValueError: no rates, or one that is not in [0, 1].
    """
    if not rates or not all(0 <= rate <= 1 for rate in rates):
        raise ValueError(f"Expected at least one rate, each in [0, 1], got {list(rates)!r:.80}.")
    num = len(rates)
    if num == 1:
        return 0.0, 1.0
    mean = math.fsum(rates) / num
    variance = math.fsum((rate - mean) ** 2 for rate in rates) / (num - 1)
    design = min(1.0, (num * variance + _PRIOR_SPREAD) / (num * mean * (1 - mean) + _PRIOR_SPREAD))
    squared = _t_quantile(num - 1) ** 2
    total = num / design + squared
    center = (num / design * mean + squared / 2) / total
    margin = math.sqrt(squared * center * (1 - center) / total)
    return max(0.0, center - margin), min(1.0, center + margin)


def mean_interval(values: Sequence[float], *, num_resamples: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """Return the 95% interval of a mean that is no rate, such as a length, by a studentised bootstrap over problems.

    mean − q(t*) s / √n, with q the quantiles of t* = (mean* − mean) √n / s* over the resamples (Efron and Tibshirani,
    An Introduction to the Bootstrap, 1993, section 12.5): lengths are skewed, which percentiles and Student's t miss.

    >>> low, high = mean_interval([100.0, 120.0, 80.0, 400.0] * 10)
    >>> round(low), round(high)
    (138, 225)

    Args:
        values: one a problem.
        num_resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: fewer than two values.
    """
    if len(values) < 2:
        raise ValueError(f"Expected at least two values, got {list(values)!r:.80}.")
    values_N = np.asarray(values, np.float64)
    offsets_N = values_N - math.fsum(values) / len(values)
    ratios: list[NDArray[np.float64]] = []
    for counts_RN in _resampled_counts(np.ones(len(values)), num_resamples, seed):
        means_R = (counts_RN * offsets_N).sum(axis=1) / len(values)
        variances_R = np.maximum((counts_RN * offsets_N**2).sum(axis=1) / len(values) - means_R**2, 0)
        ratios.append(np.divide(means_R, np.sqrt(variances_R), out=np.zeros_like(means_R), where=variances_R > 0))
    below, above = np.quantile(np.concatenate(ratios), [0.025, 0.975])
    mean, spread = float(values_N.mean()), math.sqrt(float((offsets_N**2).mean()))
    return float(mean - above * spread), float(mean - below * spread)


def difference_interval(
    differences: Sequence[float], *, bound: float | None = 1.0, num_resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95% interval of the mean of paired differences by a bootstrap over problems.

    Percentiles of resampled means, at the levels that make them as wide as Student's t (Hesterberg,
    doi:10.1080/00031305.2015.1089789). Two problems more are resampled with the n, half a one with the largest and half
    a one with the smallest possible difference, and one with none: what Agresti and Min (doi:10.1002/sim.1781) add to
    a table of pairs. Without them a comparison that differs nowhere would be certain.

    >>> low, high = difference_interval([0.0] * 90 + [1.0] * 10)
    >>> 0 < low < 0.1 < high
    True

    Args:
        differences: one a problem.
        bound: the largest possible size of one; None takes the largest that occurs, for what has no bound.
        num_resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: fewer than two differences, or one beyond the bound.
    """
    values_N = np.asarray(differences, np.float64)
    largest = float(np.abs(values_N).max()) if len(values_N) else 0.0
    limit = largest if bound is None else bound
    if len(values_N) < 2 or not largest <= limit:
        raise ValueError(f"Expected at least two differences, none beyond {limit}; got {list(differences)!r:.80}.")
    level = NormalDist().cdf(-math.sqrt(len(values_N) / (len(values_N) - 1)) * _t_quantile(len(values_N) - 1))
    weights_M = np.concatenate([np.ones(len(values_N)), [0.5, 0.5, 1.0]])
    values_M = np.concatenate([values_N, [limit, -limit, 0.0]])
    sums = [(counts_RM * values_M).sum(axis=1) for counts_RM in _resampled_counts(weights_M, num_resamples, seed)]
    low, high = np.quantile(np.concatenate(sums) / (len(values_N) + 2), [level, 1 - level])
    return float(low), float(high)


def _resampled_counts(weights_M: NDArray[np.float64], num_resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield how often each value is drawn, some resamples at once, as many draws in each as the weights add up to.

    Callers add up products themselves: a product of matrices depends on the number of threads.
    """
    rng = np.random.default_rng(seed)
    num_draws = round(float(weights_M.sum()))
    rows = max(1, _CHUNK // len(weights_M))
    for start in range(0, num_resamples, rows):
        yield rng.multinomial(num_draws, weights_M / weights_M.sum(), min(rows, num_resamples - start))


def _t_quantile(degrees: int) -> float:
    """Return the quantile of 97.5% of Student's t: Cornish and Fisher's series (Abramowitz and Stegun 26.7.5)."""
    if degrees <= len(_SMALL_T):
        return _SMALL_T[degrees - 1]
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, 1))
