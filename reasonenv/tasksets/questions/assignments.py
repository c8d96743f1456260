"""Assignment puzzles: who has which pet and which drink, from clues with one solution.

Clues are taken away as long as only one assignment fits, so each clue that is left is needed.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from functools import lru_cache, partial, reduce
from typing import NamedTuple

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import people
from reasonenv.tasksets.questions.problems import short_question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import enumerated

_PETS = ("cat", "dog", "hamster", "horse", "parrot", "rabbit", "turtle")
_DRINKS = ("cocoa", "coffee", "juice", "lemonade", "milk", "tea", "water")

_Assignment = tuple[tuple[int, ...], tuple[int, ...]]
"""For each person, which pet and which drink."""


class _Clue(NamedTuple):
    """`person` has (or has not) the thing of a table; or the owner of a pet drinks (or does not) a drink."""

    kind: str
    first: int
    second: int
    is_positive: bool

    def holds(self, assignment: _Assignment) -> bool:
        pets, drinks = assignment
        if self.kind == "both":
            return (drinks[pets.index(self.first)] == self.second) == self.is_positive
        return ((pets if self.kind == "pet" else drinks)[self.first] == self.second) == self.is_positive


@lru_cache
def _assignments(count: int) -> list[_Assignment]:
    orders = list(itertools.permutations(range(count)))
    return list(itertools.product(orders, orders))


@lru_cache
def _fitting(count: int) -> dict[_Clue, int]:
    """Return for each clue the assignments in which it holds, as the bits of a number."""
    span = range(count)
    clues = [
        _Clue(kind, first, second, is_positive)
        for kind in ("pet", "drink", "both")
        for first in span
        for second in span
        for is_positive in (True, False)
    ]
    assignments = list(enumerate(_assignments(count)))
    return {clue: sum(1 << number for number, assignment in assignments if clue.holds(assignment)) for clue in clues}


def _needed(rng: Rng, solution: int, count: int) -> list[_Clue]:
    """Return clues that only one assignment fits, none of which can be left out."""
    fitting = _fitting(count)
    true_clues = [clue for clue, numbers in fitting.items() if numbers >> solution & 1]
    kept = [true_clues[index] for index in rng.permutation(len(true_clues))]
    for clue in tuple(kept):
        rest = [other for other in kept if other != clue]
        if reduce(operator.and_, (fitting[other] for other in rest)) == 1 << solution:
            kept = rest
    return kept


def _untold(rng: Rng, count: int) -> tuple[_Assignment, list[_Clue], int]:
    """Draw a solution, its clues, and somebody whose drink no clue says outright."""
    while True:
        number = integer(rng, 0, len(_assignments(count)) - 1)
        solution, clues = _assignments(count)[number], _needed(rng, number, count)
        told = {clue.first for clue in clues if clue.kind == "drink" and clue.is_positive}
        untold = [index for index in range(len(solution[0])) if index not in told]
        if untold:
            return solution, clues, one_of(rng, untold)


def _told(clue: _Clue, names: Sequence[str], pets: Sequence[str], drinks: Sequence[str]) -> str:
    if clue.kind == "pet":
        return f"{names[clue.first]} {'has' if clue.is_positive else 'does not have'} the {pets[clue.second]}."
    verb = "drinks" if clue.is_positive else "does not drink"
    owner = names[clue.first] if clue.kind == "drink" else f"The owner of the {pets[clue.first]}"
    return f"{owner} {verb} {drinks[clue.second]}."


def _puzzle(rng: Rng, count: int) -> Problem:
    names = [name.split()[0] for name in people(rng, count)]
    pets, drinks = several_of(rng, _PETS, count), several_of(rng, _DRINKS, count)
    solution, clues, index = _untold(rng, count)
    told = " ".join(_told(clue, names, pets, drinks) for clue in clues)
    asked = f"Who drinks {drinks[solution[1][index]]}?"
    prompt = (
        f"{enumerated(names)} each have a different pet ({', '.join(sorted(pets))}) and a different drink "
        f"({', '.join(sorted(drinks))}). {told}\n\n{asked}"
    )
    return short_question(prompt, names[index], f"Only {names[index]} can drink it")


qa_assignments = family_of_kinds("qa_assignments", "reasoning", partial(_puzzle, count=3), partial(_puzzle, count=4))
