"""Small tasks, rewards and turns for the tests of environments; at module level, so that they pickle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import data_equivalence

from reasonenv import Attempt, CompositeReward, MathReference, Score, Task, TextEnv, TextVectorEnv, rule
from reasonenv.rewards import Reward

TASKS = tuple(
    Task(task_id=f"sum/{n:02d}", prompt=f"{n}+{n}=? 🙂", reference=MathReference(answer=str(2 * n))) for n in range(20)
)

WEIRD_RESPONSES = (
    "",
    "🙂",
    "\ud800",
    "\udc00\ud800",
    "\ud83d\ude00",
    "a\x00b\x00",
    "x" * 100_000,
    "naïve café",
    "שלום",
)


@rule("exact")
def exact(task, response):
    return float(response == task.reference.answer)


@rule("length")
def length(task, response):
    """Its details have another type for odd lengths: vector environments must not force one type on them."""
    size = len(response)
    return Score(float(size), details={"size": size if size % 2 else str(size)})


@rule("fragile")
def fragile(task, response):
    return Score.failed("told to") if "fail" in response else 0.5


def terms() -> CompositeReward:
    return CompositeReward({"exact": (exact, 1.0), "length": (length, 0.01), "fragile": (fragile, 2.0)})


class CountingReward:
    """Remembers how many attempts each call had."""

    name = "counting"

    def __init__(self) -> None:
        self.batch_sizes: list[int] = []

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        self.batch_sizes.append(len(attempts))
        return [Score(float(len(attempt.response))) for attempt in attempts]


def again(attempt: Attempt) -> str | None:
    """Goes on for as long as the model asks for it."""
    return f"turn {len(attempt.messages) // 2} \ud800 🙂" if "again" in attempt.response else None


def always(attempt: Attempt) -> str | None:
    return "go on"


def failing_turn(attempt):
    raise KeyError("no such critique")


calls = []


def counting_turn(attempt):
    calls.append(attempt)
    return f"call {len(calls)}"


def text_env(*, reward: str | Reward | CompositeReward = exact, **kwargs: Any) -> TextEnv:
    return TextEnv(**{"tasks": TASKS, "template": "plain", "reward": reward, **kwargs})


def vector_env(num_envs=4, *, reward=exact, **kwargs):
    return TextVectorEnv(num_envs, **{"tasks": TASKS, "template": "plain", "reward": reward, **kwargs})


def is_same(left: Any, right: Any) -> bool:
    """Equal in type, value and structure; NaN equals NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, np.ndarray):
        if left.dtype == object:
            return left.shape == right.shape and all(map(is_same, left, right))
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    if isinstance(left, float) and left != left:
        return right != right
    return data_equivalence(left, right, exact=True)
