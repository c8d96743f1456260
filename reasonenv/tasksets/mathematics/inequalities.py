"""Inequalities in one unknown: linear ones, absolute values, quadratic ones.

Answers are intervals or unions of two; no problem has every number or none as its solution.
"""

from __future__ import annotations

from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import fraction, interval, polynomial
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of, several_of

_RELATIONS = ("<", r"\le", ">", r"\ge")
_TURNED = {"<": ">", r"\le": r"\ge", ">": "<", r"\ge": r"\le"}


def _one_sided(rng: Rng) -> Problem:
    a, b, relation = nonzero(rng, 9), nonzero(rng, 20), one_of(rng, _RELATIONS)
    return _linear(a, b, 0, a * integer(rng, -12, 12) + b, relation)


def _two_sided(rng: Rng) -> Problem:
    a, b, c, d = nonzero(rng, 9), nonzero(rng, 20), nonzero(rng, 9), nonzero(rng, 20)
    while a == c:
        c = nonzero(rng, 9)
    return _linear(a, b, c, d, one_of(rng, _RELATIONS))


def _linear(a: int, b: int, c: int, d: int, relation: str) -> Problem:
    """Solve a x + b < c x + d, a and c different."""
    slope, rest = a - c, d - b
    bound = Fraction(rest, slope)
    steps = [f"Collect: {polynomial((slope, 0))} {relation} {rest}."]
    result = relation if slope > 0 else _TURNED[relation]
    if slope < 0:
        steps.append(f"Dividing by the negative number {slope} turns the relation around.")
    steps.append(f"So x {result} {fraction(bound)}.")
    bounds = (None, bound) if result in ("<", r"\le") else (bound, None)
    answer = interval(*bounds, closed=relation in (r"\le", r"\ge"))
    return _solve(f"{polynomial((a, b))} {relation} {polynomial((c, d))}", answer, steps)


def _absolute_value(rng: Rng) -> Problem:
    a, b, size = integer(rng, 1, 5), nonzero(rng, 12), integer(rng, 1, 15)
    relation = one_of(rng, _RELATIONS)
    inner = polynomial((a, b))
    low, high = Fraction(-size - b, a), Fraction(size - b, a)
    is_inside = relation in ("<", r"\le")
    step = f"{-size} {relation} {inner} {relation} {size}"
    if not is_inside:
        step = f"{inner} {_TURNED[relation]} {-size} or {inner} {relation} {size}"
    steps = [f"It says {step}.", f"The bounds for x are {fraction(low)} and {fraction(high)}."]
    return _solve(f"|{inner}| {relation} {size}", _between_or_outside(low, high, relation), steps)


def _quadratic(rng: Rng) -> Problem:
    """Ask for the solutions of an inequality with integer roots r < s."""
    r, s = sorted(several_of(rng, range(-12, 13), 2))
    relation = one_of(rng, _RELATIONS)
    signs = "negative" if relation in ("<", r"\le") else "positive"
    place = "between" if signs == "negative" else "outside"
    steps = [
        f"The left side is ({polynomial((1, -r))})({polynomial((1, -s))}), with the roots {r} and {s}.",
        f"It is {signs} {place} the roots.",
    ]
    left = polynomial((1, -r - s, r * s))
    return _solve(f"{left} {relation} 0", _between_or_outside(Fraction(r), Fraction(s), relation), steps)


def _between_or_outside(low: Fraction, high: Fraction, relation: str) -> str:
    closed = relation in (r"\le", r"\ge")
    if relation in ("<", r"\le"):
        return interval(low, high, closed=closed)
    return rf"{interval(None, low, closed=closed)} \cup {interval(high, None, closed=closed)}"


def _solve(inequality: str, answer: str, steps: list[str]) -> Problem:
    return computed(
        f"Solve ${inequality}$ for real x. Give your answer in interval notation.",
        answer,
        *steps,
        f"The solutions are {answer}",
    )


inequalities = family_of_kinds("inequalities", "algebra", _one_sided, _two_sided, _absolute_value, _quadratic)
