"""Names for made-up worlds, and the forms that several families of questions share.

Lives here: people, places, options with letters, enumerations. Does not: any question.

The one decision: first names are unique within a question, so that a first name alone is an unambiguous answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.draws import several_of
from reasonenv.types import QAReference

__all__ = ["JOBS", "LETTERS", "choice_of", "enumerated", "lettered", "people", "places", "question"]

_FIRST_WORDS = """
Ada Amir Anna Boris Carla Chen Dario Elif Emil Farid Fatou Greta Hana Hiro Ines Ivan Jonas Kofi Lars Leila Luca Maja
Marek Mira Nadia Nils Olga Omar Petra Priya Rosa Samir Selma Tariq Tomas Uma Vera Viktor Wanda Yara Yusuf Zoe
"""
_LAST_WORDS = """
Abadi Bergman Castel Dvorak Eklund Ferrand Gruber Hadley Ibarra Jensen Kowal Lindt Mensah Novak Okafor Petrov Quinn
Ramos Sato Tanaka Ulrich Varga Weber Xavier Yilmaz Zeman
"""
_START_WORDS = "Al Bar Cor Dun El Fen Gal Har Is Kel Lor Mar Nor Os Pel Quen Ros Sel Tor Ul Val Wen Yar Zel"
_END_WORDS = "acre bury dale ford gate ham holm ia land mere mont more ona port ridge stad ton vale wick wood"
_FIRST, _LAST = _FIRST_WORDS.split(), _LAST_WORDS.split()
_STARTS, _ENDS = _START_WORDS.split(), _END_WORDS.split()

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
JOBS = ("baker", "carpenter", "dentist", "plumber", "gardener", "judge", "nurse", "painter", "pilot", "tailor")


def people(rng: np.random.Generator, count: int) -> list[str]:
    """Draw full names, all parts different."""
    firsts, lasts = several_of(rng, _FIRST, count), several_of(rng, _LAST, count)
    return [f"{first} {last}" for first, last in zip(firsts, lasts, strict=True)]


def places(rng: np.random.Generator, count: int) -> list[str]:
    """Draw names of places that do not exist."""
    pairs = several_of(rng, range(len(_STARTS) * len(_ENDS)), count)
    return [_STARTS[pair // len(_ENDS)] + _ENDS[pair % len(_ENDS)] for pair in pairs]


def enumerated(things: Sequence[str]) -> str:
    """Write `a, b and c`."""
    return f"{', '.join(things[:-1])} and {things[-1]}" if len(things) > 1 else "".join(things)


def lettered(asked: str, options: Sequence[str]) -> str:
    """Write a question with its options under letters.

    >>> print(lettered("Which?", ("this", "that")))
    Which?
    A) this
    B) that
    Answer with the letter.
    """
    lines = (f"{letter}) {option}" for letter, option in zip(LETTERS, options, strict=False))
    return "\n".join((asked, *lines, "Answer with the letter."))


def question(prompt: str, reference: QAReference, solution: str | None = None, **metadata: str | bool | int) -> Problem:
    """Return a problem that is graded by a `QAReference`."""
    return Problem(prompt=prompt, answer=None, reference=reference, solution=solution, metadata=metadata)


def choice_of(
    rng: np.random.Generator, prompt: str, right: str, wrong: Sequence[str], solution: str | None = None
) -> Problem:
    """Return a problem that asks for a letter, the right option at a random place."""
    options = [*wrong, right]
    options = [options[index] for index in rng.permutation(len(options))]
    letter = LETTERS[options.index(right)]
    reference = QAReference(kind="choice", answers=(letter,), choices=tuple(options))
    return question(lettered(prompt, options), reference, solution)
