"""Names of scoring functions on the command line: a prefix is a call convention, a bare name one of our rewards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

from reasonenv.errors import UnknownNameError
from reasonenv.rewards import PRESETS, REWARDS

GraderKind = Literal["reward", "trl", "trl-text", "verl", "plain", "math-verify"]
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class GraderSpec:
    """A grader under test, which accepts a response with a score of at least `threshold`.

    `GraderSpec("trl:my_rewards:accuracy", "trl", "my_rewards:accuracy")`
    """

    name: str
    kind: GraderKind
    target: str
    threshold: float = DEFAULT_THRESHOLD


def parse_grader(text: str) -> GraderSpec:
    """Read a grader's name.

    - `accuracy`: a name of `REWARDS` or `PRESETS`; `reward:module:attr`: a `Reward` object of yours
    - `trl:module:attr`: `f(prompts, completions, completion_ids, **columns)` on messages; `trl-text:…` on strings
    - `verl:module:attr`: verl's `compute_score(data_source, solution_str, ground_truth, extra_info)`
    - `plain:module:attr`: `f(gold, response) -> float`
    - `math-verify`

    After an `@` may follow the score from which a response counts as accepted (0.5 without it): `r1_zero@2`.

    Raises:
        UnknownNameError: neither a reward nor a known prefix.
        ValueError: a threshold that is no finite number, or a target that is not `module:attr`.

    >>> parse_grader("r1_zero@2")
    GraderSpec(name='r1_zero', kind='reward', target='r1_zero', threshold=2.0)
    """
    name, separator, threshold_text = text.partition("@")
    threshold = _threshold(text, threshold_text) if separator else DEFAULT_THRESHOLD
    if name == "math-verify":
        return GraderSpec(name, "math-verify", "", threshold)
    prefix, colon, target = name.partition(":")
    if not colon:
        if name not in {**REWARDS, **PRESETS}:
            raise UnknownNameError("reward", name, [*REWARDS, *PRESETS, "math-verify"])
        return GraderSpec(name, "reward", name, threshold)
    if prefix not in get_args(GraderKind) or prefix == "math-verify":
        prefixes = [kind for kind in get_args(GraderKind) if kind != "math-verify"]
        raise UnknownNameError(f"convention of the grader {text!r},", prefix, prefixes)
    module, colon, attribute = target.partition(":")
    if not (module and colon and attribute):
        raise ValueError(
            f"The grader {text!r} must be named {prefix}:module:attribute, got {target!r} after the prefix."
        )
    return GraderSpec(name, cast("GraderKind", prefix), target, threshold)


def _threshold(text: str, threshold: str) -> float:
    try:
        value = float(threshold)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"After the @ of the grader {text!r} must follow a finite number, got {threshold!r}.")
    return value
