"""All that is measured of a set of samples, as one dictionary of JSON values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from reasonenv.evaluation.accuracy import by_label, mean_rate, pass_rates, problem_means
from reasonenv.evaluation.behaviour import behaviour_summary
from reasonenv.evaluation.consensus import consensus_rates
from reasonenv.evaluation.samples import Sample, by_problem

__all__ = ["summary"]

_LABELS: Mapping[str, Callable[[Sample], str | None]] = {
    "by_difficulty": lambda sample: sample.difficulty,
    "by_domain": lambda sample: sample.domain,
    "by_language": lambda sample: sample.language,
}


def summary(samples: Sequence[Sample], k: int | None = None) -> dict[str, Any]:
    """Return what samples show; the same, to the last bit, for the same samples in any order.

    | key                                   | value                                                                    |
    |---------------------------------------|--------------------------------------------------------------------------|
    | `num_problems`, `num_samples`         | tasks and responses                                                      |
    | `num_unscored`                        | responses that no reward has seen                                        |
    | `num_grader_failures`                 | responses whose grader failed; they have no verdict                      |
    | `num_without_accuracy`                | scored responses of which nothing says whether they are right            |
    | `num_unparsed`                        | graded responses without an answer, of tasks that have one               |
    | `num_truncated`, `num_refused`        | responses that the budget ended, or that refuse                          |
    | `reward`, `components`                | means over problems of the total and of each component; None without one |
    | `pass@1`                              | an `Estimate`: `value`, `low`, `high`, `num_problems`                    |
    | `pass@k`, `cons@k`                    | the same, with the number in place of k; only where k is above 1         |
    | `by_difficulty`, `by_domain`, `by_language` | label → `num_samples` and `pass@1`                                 |
    | `behaviour`                           | see `reasonenv.evaluation.behaviour.behaviour_summary`                   |

    Args:
        samples: of one run.
        k: of `pass@k` and `cons@k`; None takes the number of responses that every problem has. Problems with fewer are
            left out of these two, and `num_problems` says how many are in.

    Raises:
        ValueError: no samples, two of one key, or a k below 1.
    """
    problems = by_problem(samples)
    if not problems:
        raise ValueError("There are no samples to sum up.")
    ordered = [sample for responses in problems.values() for sample in responses]
    num_tries = min(map(len, problems.values())) if k is None else k
    estimates = {"pass@1": mean_rate(pass_rates(ordered)).as_dict()}
    if num_tries != 1:
        estimates |= {
            f"pass@{num_tries}": mean_rate(pass_rates(ordered, num_tries)).as_dict(),
            f"cons@{num_tries}": mean_rate(consensus_rates(ordered, num_tries)).as_dict(),
        }
    return {
        **_counts(problems, ordered),
        "reward": _mean(problem_means(ordered, lambda sample: sample.reward)),
        "components": _components(ordered),
        **estimates,
        **{name: _by(ordered, label) for name, label in _LABELS.items()},
        "behaviour": behaviour_summary(ordered),
    }


def _counts(problems: Mapping[str, Sequence[Sample]], samples: Sequence[Sample]) -> dict[str, int]:
    statuses = Counter(sample.status for sample in samples)
    return {
        "num_problems": len(problems),
        "num_samples": len(samples),
        "num_unscored": statuses["unscored"],
        "num_grader_failures": statuses["grader_failed"],
        "num_without_accuracy": sum(sample.status == "scored" and sample.is_right is None for sample in samples),
        "num_unparsed": sum(_is_unparsed(sample) for sample in samples),
        "num_truncated": sum(sample.is_truncated for sample in samples),
        "num_refused": sum(sample.is_refused for sample in samples),
    }


def _is_unparsed(sample: Sample) -> bool:
    return sample.is_right is not None and sample.answer is None and sample.answer_kind not in (None, "code", "open")


def _components(samples: Sequence[Sample]) -> dict[str, float | None]:
    names = sorted({name for sample in samples for name in sample.components})
    means = {name: problem_means(samples, partial(_component, name)) for name in names}
    return {name: _mean(values) for name, values in means.items()}


def _component(name: str, sample: Sample) -> float | None:
    return sample.components.get(name)


def _mean(means: Mapping[str, float]) -> float | None:
    return math.fsum(means.values()) / len(means) if means else None


def _by(samples: Sequence[Sample], label: Callable[[Sample], str | None]) -> dict[str, Any]:
    return {
        name: {"num_samples": len(own), "pass@1": mean_rate(pass_rates(own)).as_dict()}
        for name, own in by_label(samples, label).items()
    }
