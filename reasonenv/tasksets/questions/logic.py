"""Logic: who tells the truth, and what follows from what.

A puzzle is drawn until it has one solution, which is proven by trying every assignment.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import people
from reasonenv.tasksets.questions.problems import list_question, yes_no_question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_RULES = "On an island, knights always tell the truth and knaves always lie. Everyone is one or the other."


class _Claim(NamedTuple):
    """What one islander says: of one (`is`), of two (`same`, `both`), or how many knights there are (`count`)."""

    kind: str
    first: int
    second: int

    def holds(self, is_knight: Sequence[bool]) -> bool:
        if self.kind == "is":
            return is_knight[self.first] == bool(self.second)
        if self.kind == "same":
            return is_knight[self.first] == is_knight[self.second]
        if self.kind == "either":
            return is_knight[self.first] or is_knight[self.second]
        return sum(is_knight) == self.first

    def text(self, names: Sequence[str]) -> str:
        if self.kind == "is":
            return f"{names[self.first]} is a {'knight' if self.second else 'knave'}"
        if self.kind == "same":
            return f"{names[self.first]} and {names[self.second]} are of the same kind"
        if self.kind == "either":
            return f"at least one of {names[self.first]} and {names[self.second]} is a knight"
        return f"exactly {self.first} of us are knights"


def _claim(rng: Rng, speaker: int, count: int) -> _Claim:
    kind = one_of(rng, ("is", "same", "either", "count"))
    others = [index for index in range(count) if index != speaker]
    if kind == "is":
        return _Claim(kind, one_of(rng, others), integer(rng, 0, 1))
    if kind == "count":
        return _Claim(kind, integer(rng, 0, count - 1), 0)
    return _Claim(kind, *several_of(rng, others if count > 2 else range(count), 2))


def _solutions(claims: Sequence[_Claim]) -> list[tuple[bool, ...]]:
    """Return every assignment in which exactly the claims of knights hold."""
    assignments = itertools.product((False, True), repeat=len(claims))
    return [
        kinds
        for kinds in assignments
        if all(claim.holds(kinds) == kind for claim, kind in zip(claims, kinds, strict=True))
    ]


def _island(rng: Rng, count: int) -> tuple[list[str], tuple[bool, ...], str]:
    """Draw islanders and claims with one solution in which there is a knight."""
    names = [name.split()[0] for name in people(rng, count)]
    while True:
        claims = [_claim(rng, speaker, count) for speaker in range(count)]
        solutions = _solutions(claims)
        if len(solutions) == 1 and any(solutions[0]):
            said = (f'{name} says: "{claim.text(names)}."' for name, claim in zip(names, claims, strict=True))
            return names, solutions[0], f"{_RULES} {' '.join(said)}"


def _all_knights(rng: Rng, count: int) -> Problem:
    names, is_knight, story = _island(rng, count)
    knights = tuple(name for name, kind in zip(names, is_knight, strict=True) if kind)
    prompt = f"{story}\n\nWho is a knight? Give all knights, separated by commas."
    return list_question(prompt, knights, f"Only this fits: {', '.join(knights)}")


def _one_islander(rng: Rng) -> Problem:
    names, is_knight, story = _island(rng, 3)
    index = integer(rng, 0, 2)
    prompt = f"{story}\n\nIs {names[index]} a knight? Answer yes or no."
    kind = "knight" if is_knight[index] else "knave"
    return yes_no_question(prompt, is_knight[index], f"Only this fits: {names[index]} is a {kind}")


_NONSENSE_WORDS = (
    "blims dorps fennels grubs jaskers kimbles lorps mibbets nargs quilps rozzles slithes tovers wumps yonks zibs"
)
_NONSENSE = _NONSENSE_WORDS.split()


def _closure(inside: set[tuple[int, int]], count: int) -> set[tuple[int, int]]:
    for middle, first, last in itertools.product(range(count), repeat=3):
        if (first, middle) in inside and (middle, last) in inside:
            inside = inside | {(first, last)}
    return inside


def _syllogism(rng: Rng, count: int) -> Problem:
    """Draw "all X are Y" along a tree; half of the questions follow, half do not."""
    names = several_of(rng, _NONSENSE, count)
    given = {(index, integer(rng, 0, index - 1)) for index in range(1, count)}
    follows = _closure(given, count)
    pairs = [pair for pair in itertools.permutations(range(count), 2) if pair not in given]
    is_true = bool(rng.integers(0, 2)) and any(pair in follows for pair in pairs)
    first, last = one_of(rng, [pair for pair in pairs if (pair in follows) == is_true])
    facts = [f"All {names[small]} are {names[large]}." for small, large in sorted(given)]
    facts = [facts[index] for index in rng.permutation(len(facts))]
    prompt = f"{' '.join(facts)}\n\nDoes it follow that all {names[first]} are {names[last]}? Answer yes or no."
    return yes_no_question(prompt, is_true, f"It does {'' if is_true else 'not '}follow")


def _members_of_kinds(rng: Rng) -> Problem:
    """Ask for everything that a thing of some kind is as well."""
    count = integer(rng, 4, 6)
    names = several_of(rng, _NONSENSE, count)
    given = {(index, integer(rng, 0, index - 1)) for index in range(1, count)}
    follows, start = _closure(given, count), integer(rng, 1, count - 1)
    found = tuple(names[large] for large in range(count) if (start, large) in follows)
    facts = [f"All {names[small]} are {names[large]}." for small, large in sorted(given)]
    facts = [facts[index] for index in rng.permutation(len(facts))]
    asked = f"What are all {names[start]} besides {names[start]}? Give everything, separated by commas."
    prompt = f"{' '.join(facts)}\n\n{asked}"
    return list_question(prompt, found, f"They are {', '.join(found)}")


qa_knights = family_of_kinds(
    "qa_knights", "reasoning", _one_islander, partial(_all_knights, count=3), partial(_all_knights, count=4)
)
qa_syllogisms = family_of_kinds(
    "qa_syllogisms", "reasoning", partial(_syllogism, count=4), partial(_syllogism, count=7), _members_of_kinds
)
