"""What a family of labelled cases gives: a gold answer with equal and different ones, each made by a named rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

GoldT = TypeVar("GoldT")
Rewritten = tuple[str, str]
"""The name of a rule and the answer that it made."""


@dataclass(frozen=True, slots=True)
class Variants(Generic[GoldT]):
    r"""`Variants(r"\\frac{1}{2}", equal=(("unreduced", "2/4"),), different=(("reciprocal", "2"),))`."""

    gold: GoldT
    equal: tuple[Rewritten, ...]
    different: tuple[Rewritten, ...]


Family = Callable[[Random], Variants[GoldT]]


def signed(number: int) -> str:
    """Return a term that follows another one: `+ 3` or `- 3`."""
    return f"+ {number}" if number >= 0 else f"- {-number}"


def unequal_number(rng: Random, low: int, high: int, *others: int) -> int:
    """Draw an integer of [low, high] whose absolute value differs from those of the others and is not 0."""
    taken = {0, *(abs(other) for other in others)}
    return rng.choice([number for number in range(low, high + 1) if abs(number) not in taken])
