"""Task sets whose problems are generated: endless, offline, and graded by construction.

The split of a problem is a hash of its text (without the examples that finishing it may add), or of the key that it
gives instead, not of its index. No problem is ever in both splits, so training with any seed, size or level leaves the
test split unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from reasonenv.counts import check_counts
from reasonenv.errors import UnknownNameError
from reasonenv.tasksets.base import Problem, Reference, checked_index, numbered_id, unknown_task_id
from reasonenv.tasksets.randomness import Rng
from reasonenv.types import Task

__all__ = ["SPLITS", "Family", "Kind", "ProceduralTaskSet", "family_of_kinds", "split_of"]

SPLITS = ("train", "test")
_TEST_SHARE = 10  # one problem in ten is a test problem
_MAX_DRAWS = 10_000  # 0.99**10_000 ~ 1e-44: only a family that cannot fill the split gets there


Kind = Callable[[Rng], Problem]
"""Makes the problems of one difficulty, in a family that has another kind of problem at each."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of problem: a pure function of a random generator and a difficulty, and the difficulties it knows.

    Called like a row of the table of task sets: `chain_arithmetic("test")` is its test split.
    """

    name: str
    generate: Callable[[Rng, int], Problem]
    levels: tuple[int, ...]
    domain: str

    def __call__(self, split: str) -> ProceduralTaskSet:
        """Return one split with the default seed, size and difficulties."""
        return ProceduralTaskSet(family=self, split=split)


def family_of_kinds(name: str, domain: str, *kinds: Kind) -> Family:
    """Return a family whose difficulty 1 is the first kind of problem, 2 the second, and so on."""
    return Family(name=name, generate=partial(_of_kind, kinds), levels=tuple(range(1, len(kinds) + 1)), domain=domain)


def _of_kind(kinds: tuple[Kind, ...], rng: Rng, difficulty: int) -> Problem:
    return kinds[difficulty - 1](rng)


@dataclass(frozen=True, kw_only=True)
class ProceduralTaskSet:
    """Problems of one family, each a function of (seed, split, index) alone, its difficulties one after the other.

    The space of easy problems is small, so a large set repeats some of them within its split.

    Args:
        name: defaults to the family's; give another where sets of one family with different seeds or levels meet,
            because it starts every task id.
        levels: which of the family's difficulties to use; all by default.
    """

    family: Family
    split: str
    seed: int = 0
    size: int = 10_000
    levels: tuple[int, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS, of=repr(self.name or self.family.name))
        check_counts(size=self.size)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}.")
        object.__setattr__(self, "name", self.name or self.family.name)
        object.__setattr__(self, "levels", self.levels or self.family.levels)
        unknown = sorted(set(self.levels) - set(self.family.levels))
        if unknown:
            raise ValueError(f"{self.family.name!r} has the difficulties {self.family.levels}, got {unknown}.")

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Task[Reference | None]:
        position = checked_index(self, index)
        difficulty = self.levels[position % len(self.levels)]
        metadata = {"difficulty": difficulty, "domain": self.family.domain, "source": "procedural"}
        problem = _nth_problem(self.family, self.split, self.seed, position, difficulty)
        return problem.as_task(numbered_id(self.name, self.split, position), metadata)

    def index_of(self, task_id: str) -> int:
        """Return the index of the task with this id; ValueError if there is none."""
        digits = task_id.rpartition("/")[2]
        index = int(digits) if digits.isdecimal() and digits.isascii() else self.size
        if index >= self.size or task_id != numbered_id(self.name, self.split, index):
            raise unknown_task_id(self, task_id)
        return index


@lru_cache(maxsize=1024)
def _nth_problem(family: Family, split: str, seed: int, index: int, difficulty: int) -> Problem:
    """Return problem `index` of a split; remembered, because every row of a group asks for the same one."""
    rng = np.random.default_rng((seed, index))
    for _ in range(_MAX_DRAWS):
        problem = family.generate(rng, difficulty)
        key = problem.prompt if problem.split_key is None else problem.split_key
        finished = problem.finished() if split_of(key) == split else None
        if finished is not None:
            return finished
    raise ValueError(
        f"Family {family.name!r} made no problem of split {split!r} at difficulty {difficulty} in "
        f"{_MAX_DRAWS} draws; it must be able to make many different problems at each difficulty."
    )


def split_of(key: str) -> str:
    """Return the split of a problem: "test" where the 64-bit BLAKE2b hash of its text or key is divisible by 10."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return "test" if int.from_bytes(digest, "big") % _TEST_SHARE == 0 else "train"
