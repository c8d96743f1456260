"""Algebra: linear equations, systems of two of them, and quadratic equations.

A problem is built from its solution, so that integer answers are integers by construction.
"""

from __future__ import annotations

from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import (
    bracketed,
    fraction,
    polynomial,
    scaled,
    set_of,
    square_root,
    sum_of,
    surd,
)
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import Family, family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of

_SQUARE_FREE = (2, 3, 5, 6, 7, 10, 11, 13, 14, 15)


def _linear_equation(rng: Rng, difficulty: int) -> Problem:
    """Ask for one unknown: 1 on one side; 2 on both; 3 with parentheses; 4 with a fraction as its solution."""
    a, c, b, d = (nonzero(rng, bound) for bound in (9, 9, 20, 20))
    if difficulty == 1:
        c = 0
    while a == c:
        a = nonzero(rng, 9)
    b = a * b if difficulty == 3 else b
    if difficulty < 4:
        d = (a - c) * nonzero(rng, 12) + b
    left = scaled(a, f"({polynomial((1, b // a))})") if difficulty == 3 else polynomial((a, b))
    return computed(
        f"Solve for x: {left} = {polynomial((c, d))}",
        str(Fraction(d - b, a - c)),
        _linear_solution(a, b, c, d, expand=difficulty == 3),
    )


def _linear_solution(a: int, b: int, c: int, d: int, *, expand: bool) -> str:
    """Solve a x + b = c x + d in words, one step a sentence."""
    steps = list[str]()
    if expand:
        steps.append(f"Expand: {polynomial((a, b))} = {polynomial((c, d))}.")
    if c:
        steps.append(f"Move the terms with x to the left: {polynomial((a - c, b))} = {d}.")
    steps.append(f"Move the constants to the right: {polynomial((a - c, 0))} = {d - b}.")
    if a - c != 1:
        steps.append(f"Divide both sides by {a - c}.")
    return " ".join([*steps, f"x = {Fraction(d - b, a - c)}"])


def _linear_system(rng: Rng, difficulty: int) -> Problem:
    """Ask for x and y: 1 with y alone in the first equation; 2 with integers as solution; 3 with any solution."""
    bound = {1: 5, 2: 9, 3: 7}[difficulty]
    a, b, c, d = (nonzero(rng, bound) for _ in range(4))
    if difficulty == 1:
        b = 1
    while a * d == b * c:
        d = nonzero(rng, bound)
    x, y = integer(rng, -9, 9), integer(rng, -9, 9)
    e, f = (nonzero(rng, 20), nonzero(rng, 20)) if difficulty == 3 else (a * x + b * y, c * x + d * y)
    answer, solution = _eliminate((a, b, e), (c, d, f))
    prompt = f"Solve the system ${_equation(a, b, e)}$, ${_equation(c, d, f)}$. Give your answer as $(x, y)$."
    return computed(prompt, answer, solution)


def _equation(a: int, b: int, total: int) -> str:
    return f"{sum_of(scaled(factor, name) for factor, name in ((a, 'x'), (b, 'y')) if factor)} = {total}"


def _eliminate(first: tuple[int, int, int], second: tuple[int, int, int]) -> tuple[str, str]:
    """Solve a x + b y = e, c x + d y = f by elimination of y; b is not 0."""
    (a, b, e), (c, d, f) = first, second
    determinant, right = a * d - b * c, e * d - b * f
    x = Fraction(right, determinant)
    rest = e - a * x
    y = rest / b
    answer = f"({fraction(x)}, {fraction(y)})"
    scaled_pair = f"{_equation(a * d, b * d, e * d)} and {_equation(b * c, b * d, b * f)}"
    steps = (
        f"Multiply the first equation by {d} and the second by {b}: {scaled_pair}.",
        f"Subtract: {_equation(determinant, 0, right)}, so x = {fraction(x)}.",
        f"From the first equation: {scaled(b, 'y')} = {e} - {bracketed(a)} \\cdot {bracketed(x)} = {fraction(rest)}, "
        f"so y = {fraction(y)}.",
        f"(x, y) = {answer}",
    )
    return answer, "\n".join(steps)


def _integer_roots(rng: Rng) -> Problem:
    r, s = integer(rng, -15, 15), integer(rng, -15, 15)
    return _quadratic_equation(rng, 1, -r - s, r * s)


def _rational_roots(rng: Rng) -> Problem:
    p, q = integer(rng, 2, 5), integer(rng, 1, 4)
    r, s = nonzero(rng, 9), nonzero(rng, 9)
    return _quadratic_equation(rng, p * q, -p * s - q * r, r * s)


def _integer_surds(rng: Rng) -> Problem:
    """Draw the roots p ± k√m."""
    p, k, m = integer(rng, -9, 9), integer(rng, 1, 3), one_of(rng, _SQUARE_FREE)
    return _quadratic_equation(rng, 1, -2 * p, p * p - k * k * m)


def _rational_surds(rng: Rng) -> Problem:
    a, b, c = integer(rng, 2, 5), nonzero(rng, 9), nonzero(rng, 9)
    while b * b - 4 * a * c <= 0 or square_root(b * b - 4 * a * c)[1] == 1:
        b, c = nonzero(rng, 9), nonzero(rng, 9)
    return _quadratic_equation(rng, a, b, c)


def _quadratic_equation(rng: Rng, a: int, b: int, c: int) -> Problem:
    """Ask for the roots of a x² + b x + c, a > 0, with one, two or three of its terms on the left."""
    num_left = integer(rng, 1, 3)
    left = polynomial((a, b, c)[:num_left] + (0,) * (3 - num_left))
    right = polynomial([-coefficient for coefficient in (a, b, c)[num_left:]] or [0])
    steps = [f"The equation is {polynomial((a, b, c))} = 0."]
    discriminant = b * b - 4 * a * c
    steps.append(f"The discriminant is {bracketed(b)}^2 - 4 \\cdot {a} \\cdot {bracketed(c)} = {discriminant}.")
    outside, radicand = square_root(discriminant) if discriminant else (0, 1)
    root = str(outside) if radicand == 1 else scaled(outside, f"\\sqrt{{{radicand}}}")
    values = dict.fromkeys(surd(-b, sign * outside, radicand, 2 * a) for sign in (-1, 1))
    steps.append(f"So x = \\frac{{{-b} \\pm {root}}}{{{2 * a}}}, that is x = {' or x = '.join(values)}.")
    steps.append(f"The set of solutions is {set_of(values)}")
    return computed(
        f"Find all real solutions of ${left} = {right}$. Give your answer as a set.", set_of(values), *steps
    )


linear_equations = Family(name="linear_equations", generate=_linear_equation, levels=(1, 2, 3, 4), domain="algebra")
linear_systems = Family(name="linear_systems", generate=_linear_system, levels=(1, 2, 3), domain="algebra")
quadratic_equations = family_of_kinds(
    "quadratic_equations", "algebra", _integer_roots, _rational_roots, _integer_surds, _rational_surds
)
