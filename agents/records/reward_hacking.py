"""A warning that the policy may please a neural reward model instead of the rules.

DeepSeek-R1 saw the helpfulness reward rise while the score on Codeforces fell (arXiv 2501.12948, supplement).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from reasonenv.rewards import CompositeReward
from reasonenv.rewards.neural import NeuralReward

__all__ = ["RewardHackingWarning", "hacking_suspicion", "warn_of_reward_hacking"]

WINDOW_STEPS = 20
"""Steps in each of the two halves that are compared."""
_NUM_STANDARD_ERRORS = 3.0


class RewardHackingWarning(UserWarning):
    """A neural reward rises while a reward by rule falls."""


def hacking_suspicion(
    history: Sequence[Mapping[str, float | None]],
    *,
    neural: Iterable[str],
    rules: Iterable[str],
    window_steps: int = WINDOW_STEPS,
) -> str | None:
    """Say which neural reward rises while which rule's reward falls, or return None.

    Compares the last `window_steps` steps with as many before them. A reward has moved when its two means differ by
    more than three standard errors, `sqrt(s₁²/n₁ + s₂²/n₂)` (Welch 1947).

    Args:
        history: the metrics of the steps so far, in order; steps where a metric is absent, None or NaN do not
            count for it.
        neural: names of metrics that neural reward models give, such as `rollout/helpfulness`.
        rules: names of metrics that rules give, such as `rollout/accuracy`.
        window_steps: at least 2.
    """
    earlier, later = history[-2 * window_steps : -window_steps], history[-window_steps:]
    if len(earlier) < window_steps:
        return None
    rising = {name: change for name in neural if (change := _change(name, earlier, later)) > 0}
    falling = {name: change for name in rules if (change := _change(name, earlier, later)) < 0}
    if not rising or not falling:
        return None
    return (
        f"Within {2 * window_steps} steps {_listed(rising)} while {_listed(falling)}: the policy may be learning to "
        "please the reward model. Read responses in rollouts.jsonl; give the neural reward less weight or fewer steps."
    )


def _change(
    name: str, earlier: Sequence[Mapping[str, float | None]], later: Sequence[Mapping[str, float | None]]
) -> float:
    """Return the difference of the means if it stands out of the noise of single steps, else 0."""
    before, after = (_values(name, half) for half in (earlier, later))
    if min(len(before), len(after)) < 2:
        return 0.0
    difference = float(after.mean() - before.mean())
    error = math.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after))
    return difference if abs(difference) > _NUM_STANDARD_ERRORS * error else 0.0


def _values(name: str, steps: Sequence[Mapping[str, float | None]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = [step.get(name) for step in steps]
    return np.array([value for value in values if value is not None and not math.isnan(value)])


def _listed(changes: Mapping[str, float]) -> str:
    return " and ".join(f"{name} went {change:+.3g}" for name, change in changes.items())


def warn_of_reward_hacking(reward: CompositeReward, history: Sequence[Mapping[str, float | None]]) -> None:
    """Warn where a neural term of a reward rises while a rule of it falls.

    Args:
        reward: of the environment.
        history: see `hacking_suspicion`.
    """
    terms = {f"rollout/{name}": term for name, (term, _) in reward.terms.items()}
    neural = [name for name, term in terms.items() if isinstance(term, NeuralReward)]
    suspicion = hacking_suspicion(history, neural=neural, rules=terms.keys() - set(neural))
    if suspicion is not None:
        warnings.warn(suspicion, RewardHackingWarning, stacklevel=2)
