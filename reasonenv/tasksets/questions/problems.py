"""The forms of question that several families share, one function per kind of answer."""

from __future__ import annotations

from collections.abc import Sequence

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.randomness import Rng
from reasonenv.types import QAReference

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def question(prompt: str, reference: QAReference, solution: str | None = None, **metadata: str | bool | int) -> Problem:
    """Return a problem that is graded by a `QAReference`."""
    return Problem(prompt=prompt, reference=reference, solution=solution, metadata=metadata)


def short_question(prompt: str, answer: str, solution: str) -> Problem:
    """Return a question with one short answer."""
    return question(prompt, QAReference(kind="short", answers=(answer,)), solution)


def number_question(prompt: str, answer: int | str, solution: str) -> Problem:
    """Return a question whose answer is a number."""
    return question(prompt, QAReference(kind="number", answers=(str(answer),)), solution)


def yes_no_question(prompt: str, is_yes: bool, solution: str) -> Problem:
    """Return a question to be answered with yes or no."""
    return question(prompt, QAReference(kind="boolean", answers=("yes" if is_yes else "no",)), solution)


def list_question(prompt: str, members: Sequence[str], solution: str, *, is_ordered: bool = False) -> Problem:
    """Return a question whose answer is a list."""
    return question(prompt, QAReference(kind="list", answers=tuple(members), is_ordered=is_ordered), solution)


def choice_of(rng: Rng, prompt: str, right: str, wrong: Sequence[str], solution: str | None = None) -> Problem:
    """Return a question that asks for a letter, the right option at a random place."""
    options = [*wrong, right]
    options = [options[index] for index in rng.permutation(len(options))]
    letter = LETTERS[options.index(right)]
    reference = QAReference(kind="choice", answers=(letter,), choices=tuple(options))
    return question(lettered(prompt, options), reference, solution)


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
