"""The problems of the tiny world, before they are put into words: digits, and arithmetic modulo 10."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Chain", "Choice", "Operation", "Puzzle", "apply", "draw_chain", "draw_choice"]

Operation: TypeAlias = tuple[str, int]
"""One of "+", "-", "*", and a digit from 1 to 9."""
OPERATORS = "+-*"
_INVERTIBLE = (3, 7, 9)
"""Factors that map different digits to different ones, so that one option alone fits."""


def apply(operator: str, left: int, right: int) -> int:
    """Return the last digit of `left operator right`."""
    if operator == "+":
        return (left + right) % 10
    return (left - right) % 10 if operator == "-" else left * right % 10


def _result(start: int, operations: tuple[Operation, ...]) -> int:
    for operator, operand in operations:
        start = apply(operator, start, operand)
    return start


def _text(operations: tuple[Operation, ...]) -> str:
    return "".join(f"{operator}{operand}" for operator, operand in operations)


@dataclass(frozen=True)
class Chain:
    """What is the last digit after these operations? `Chain(7, (("-", 6), ("+", 2)))` is 3."""

    start: int
    operations: tuple[Operation, ...]

    @property
    def answer(self) -> int:
        """Return the last digit after the last operation."""
        return _result(self.start, self.operations)

    @property
    def key(self) -> str:
        """Return what makes two chains the same, whatever language they are put in."""
        return f"chain {self.start}{_text(self.operations)}"


@dataclass(frozen=True)
class Choice:
    """Which of these digits leads to the target? `Choice((9, 7, 1), (("*", 3), ("+", 6)), 7)` is 7."""

    options: tuple[int, ...]
    operations: tuple[Operation, ...]
    target: int

    @property
    def answer(self) -> int:
        """Return the first option that leads to the target."""
        return next(option for option in self.options if _result(option, self.operations) == self.target)

    @property
    def key(self) -> str:
        """Return what makes two choices the same, whatever the language and the order of the options."""
        return f"choice {sorted(self.options)}{_text(self.operations)}={self.target}"


Puzzle: TypeAlias = Chain | Choice


def draw_chain(generator: random.Random, num_operations: int) -> Chain:
    """Draw a chain of operations."""
    operations = [(generator.choice(OPERATORS), generator.randint(1, 9)) for _ in range(num_operations)]
    return Chain(generator.randrange(10), tuple(operations))


def draw_choice(generator: random.Random, num_options: int) -> Choice:
    """Draw a choice: different options, a product and a sum or difference, and exactly one option that fits."""
    operations = (("*", generator.choice(_INVERTIBLE)), (generator.choice("+-"), generator.randint(1, 9)))
    options = tuple(generator.sample(range(10), num_options))
    return Choice(options, operations, _result(generator.choice(options), operations))
