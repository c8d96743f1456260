"""Held-out tasks: the split of a user's own rows, what two sets share, and a fair sample of a set.

The side of a problem follows from its words alone. Neither its place, nor its file, nor the other rows matter, so that
rows can be added or sorted and what was held out stays held out; two copies of a problem are always on one side.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import count

from reasonenv.counts import check_counts
from reasonenv.tasksets.base import TaskList, TaskSet
from reasonenv.tasksets.combine import Filtered, Mixture
from reasonenv.tasksets.procedural import ProceduralTaskSet

__all__ = [
    "HASH_SPLIT",
    "TEST_SHARE",
    "check_split",
    "describe",
    "hash_sides",
    "is_generated",
    "is_hash_split",
    "overlap",
    "spread_indices",
    "words_of",
]

HASH_SPLIT = "hash split"
"""How the origin of tasks begins that were split by `hash_sides`."""

TEST_SHARE = 0.1
"""Share of the problems of a table without splits that are held out."""

_GOLDEN = (math.sqrt(5) - 1) / 2


def check_split(split: str) -> None:
    """Raise TypeError for a split that is no name."""
    if not isinstance(split, str):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
        raise TypeError(
            f'split must be a name such as "train", "test" or "all", got {type(split).__name__}: {split!r:.80}.'
        )


def hash_sides(problems: Sequence[str]) -> list[str]:
    """Return "train" or "test" for each problem: "test" where the hash of its text is in the lowest tenth.

    Spacing is not part of the text. Where all of at least two different problems would be on one side, the one with the
    lowest hash is the test, or the one with the highest is left to train on.

    >>> hash_sides(["2+3=?", "7-4=?", " 2+3=?"])
    ['test', 'train', 'test']
    """
    places = [_place(problem) for problem in problems]
    different = sorted(set(places))
    limit = TEST_SHARE
    if len(different) > 1:
        limit = min(max(limit, math.nextafter(different[0], 1)), different[-1])
    return ["test" if place < limit and len(different) > 1 else "train" for place in places]


def _place(problem: str) -> float:
    """Return where a problem lies from 0 to 1, by the first 52 bits of the BLAKE2b hash of its text."""
    digest = hashlib.blake2b(words_of(problem), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 12) / (1 << 52)


def words_of(problem: str) -> bytes:
    """Return what makes two problems the same: their words, however they are spaced."""
    return " ".join(problem.split()).encode("utf-8", "surrogatepass")


def is_hash_split(task_set: TaskSet) -> bool:
    """Return whether these are a part of rows that had no splits of their own, so that "all" is the whole of them."""
    return isinstance(task_set, TaskList) and task_set.origin.startswith(HASH_SPLIT)


def overlap(train: TaskSet, test: TaskSet) -> int:
    """Return how many different problems of `test` are in `train` as well, whatever their ids and answers.

    Both sets are read whole, apart from generated sets of different splits, which share no problem by construction.
    """
    if train.split != test.split and is_generated(train) and is_generated(test):
        return 0
    trained = {words_of(train[index].dialogue) for index in range(len(train))}
    return len(trained & {words_of(test[index].dialogue) for index in range(len(test))})


def is_generated(task_set: TaskSet) -> bool:
    """Return whether all tasks are drawn by families, so that its splits share no problem and need not be read."""
    if isinstance(task_set, Mixture):
        return all(is_generated(component) for component in task_set.components)
    if isinstance(task_set, Filtered):
        return is_generated(task_set.task_set)
    return isinstance(task_set, ProceduralTaskSet)


def spread_indices(num_tasks: int, num_wanted: int) -> list[int]:
    """Return indices of a sample that is spread over a task set, in order; all indices where there are no more.

    Steps of the golden section without a common divisor visit every part of the set, and every remainder alike, so that
    neither a set that is sorted by subject nor one that deals its difficulties in turn gives a lopsided sample.

    >>> spread_indices(100, 5), spread_indices(3, 5)
    ([0, 26, 52, 63, 89], [0, 1, 2])

    Raises:
        ValueError: a number below 1.
    """
    check_counts(num_tasks=num_tasks, num_wanted=num_wanted)
    step = next(step for step in count(round(_GOLDEN * num_tasks)) if math.gcd(step, num_tasks) == 1)
    return sorted(number * step % num_tasks for number in range(min(num_tasks, num_wanted)))


def describe(task_set: TaskSet) -> str:
    """Return in words which tasks a set holds: "hash split of mydata.jsonl: 45 of 50 problems"."""
    if isinstance(task_set, TaskList) and task_set.origin:
        return task_set.origin
    return f"split {task_set.split!r} of {task_set.name}: {len(task_set):,} tasks"
