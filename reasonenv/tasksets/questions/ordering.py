"""Orders: by comparisons, by the alphabet, by size, by date."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import people, places
from reasonenv.tasksets.questions.problems import list_question, short_question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import written_date

_RELATIONS = (("taller", "tallest", "shortest"), ("older", "oldest", "youngest"), ("faster", "fastest", "slowest"))
_RANKS = ("first", "second", "third", "fourth", "fifth", "sixth")


def _ordered(prompt: str, members: list[str], solution: str) -> Problem:
    return list_question(f"{prompt} Separate them by commas.", members, solution, is_ordered=True)


def _chain(rng: Rng, count: int) -> tuple[list[str], str, tuple[str, str, str]]:
    """Draw people in an order that the comparisons of neighbours determine, and others that follow."""
    names, relation = [name.split()[0] for name in people(rng, count)], one_of(rng, _RELATIONS)
    pairs = [(index, index + 1) for index in range(count - 1)]
    pairs += [(0, integer(rng, 2, count - 1))]
    facts = [f"{names[first]} is {relation[0]} than {names[second]}." for first, second in pairs]
    return names, " ".join(facts[index] for index in rng.permutation(len(facts))), relation


def _ranking(rng: Rng) -> Problem:
    names, facts, relation = _chain(rng, integer(rng, 3, 5))
    prompt = f"{facts}\n\nName all of them, from the {relation[1]} to the {relation[2]}."
    return _ordered(prompt, names, f"From the {relation[1]}: {', '.join(names)}")


def _place_in_ranking(rng: Rng) -> Problem:
    names, facts, relation = _chain(rng, integer(rng, 4, 6))
    index = integer(rng, 1, len(names) - 1)
    prompt = f"{facts}\n\nWho is the {_RANKS[index]} {relation[1]}?"
    return short_question(prompt, names[index], f"From the {relation[1]}: {', '.join(names)}")


def _alphabet(rng: Rng) -> Problem:
    words = places(rng, integer(rng, 4, 7))
    prompt = f"Put these names into alphabetical order: {', '.join(words)}."
    return _ordered(prompt, sorted(words), f"In order: {', '.join(sorted(words))}")


def _sizes(rng: Rng) -> Problem:
    values = [Fraction(value, 100) for value in several_of(rng, range(-999, 1000), integer(rng, 4, 6))]
    written_values = {value: f"{float(value):g}" for value in values}
    ordered = [written_values[value] for value in sorted(values)]
    prompt = f"Put these numbers into ascending order: {'; '.join(written_values.values())}."
    return _ordered(prompt, ordered, f"In order: {', '.join(ordered)}")


def _events(rng: Rng) -> Problem:
    names = places(rng, integer(rng, 3, 5))
    days = [date(1900, 1, 1) + timedelta(days=days) for days in several_of(rng, range(40_000), len(names))]
    told = " ".join(
        f"The fair of {name} was held on {written_date(day)}." for name, day in zip(names, days, strict=True)
    )
    ordered = [name for _, name in sorted(zip(days, names, strict=True))]
    return _ordered(
        f"{told}\n\nName the places in the order of their fairs, the earliest first.",
        ordered,
        f"In order: {', '.join(ordered)}",
    )


qa_ordering = family_of_kinds("qa_ordering", "reasoning", _ranking, _place_in_ranking, _alphabet, _sizes, _events)
