"""Plane geometry: polygons, right triangles, circles, points.

Lengths are plain numbers without units, and answers are exact, with roots and π left as they are.
"""

from __future__ import annotations

from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import bracketed, fraction, square_root, surd
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, one_of

_ANGLES = (30, 36, 40, 45, 60, 72, 90, 120, 135, 150, 240, 270)


def _polygon(rng: Rng) -> Problem:
    a, b, h = (integer(rng, 2, 30) for _ in range(3))
    rectangle = f"rectangle with sides {a} and {b}"
    prompt, formula, value = one_of(
        rng,
        (
            (f"Find the perimeter of a {rectangle}.", f"2 \\cdot ({a} + {b})", Fraction(2 * (a + b))),
            (f"Find the area of a {rectangle}.", f"{a} \\cdot {b}", Fraction(a * b)),
            (
                f"Find the area of a triangle with base {a} and height {h}.",
                f"\\frac{{{a} \\cdot {h}}}{{2}}",
                Fraction(a * h, 2),
            ),
            (
                f"Find the area of a trapezoid with parallel sides {a} and {b} and height {h}.",
                f"\\frac{{({a} + {b}) \\cdot {h}}}{{2}}",
                Fraction((a + b) * h, 2),
            ),
        ),
    )
    return computed(prompt, fraction(value), f"It is {formula} = {fraction(value)}")


def _right_triangle(rng: Rng) -> Problem:
    """Ask for the hypotenuse or for a leg."""
    a, b = integer(rng, 1, 30), integer(rng, 1, 30)
    if rng.integers(0, 2):
        square, sign = a * a + b * b, "+"
        prompt = f"The legs of a right triangle are {a} and {b}. Find the hypotenuse."
    else:
        a += b
        square, sign = a * a - b * b, "-"
        prompt = f"A right triangle has hypotenuse {a} and one leg {b}. Find the other leg."
    return _square_root_problem(f"{prompt} Give an exact answer.", f"{a}^2 {sign} {b}^2", square)


def _distance(rng: Rng) -> Problem:
    (x, y), (u, v) = _points(rng, 2)
    squares = f"({u} - {bracketed(x)})^2 + ({v} - {bracketed(y)})^2"
    prompt = f"Find the distance between the points $({x}, {y})$ and $({u}, {v})$. Give an exact answer."
    return _square_root_problem(prompt, squares, (u - x) ** 2 + (v - y) ** 2)


def _square_root_problem(prompt: str, squares: str, value: int) -> Problem:
    answer = surd(0, *square_root(value))
    written = f"\\sqrt{{{value}}}"
    return computed(
        prompt,
        answer,
        f"Its square is {squares} = {value}.\nIt is {written}{f' = {answer}' if answer != written else ''}",
    )


def _circle(rng: Rng) -> Problem:
    radius = integer(rng, 2, 40)
    given = f"radius {radius}" if rng.integers(0, 2) else f"diameter {2 * radius}"
    angle = one_of(rng, _ANGLES)
    share = f"\\frac{{{angle}}}{{360}} \\cdot "
    what, formula, value = one_of(
        rng,
        (
            ("the circumference of a circle", f"2 \\cdot \\pi \\cdot {radius}", Fraction(2 * radius)),
            ("the area of a circle", f"\\pi \\cdot {radius}^2", Fraction(radius**2)),
            (
                f"the area of a sector of {angle} degrees of a circle",
                f"{share}\\pi \\cdot {radius}^2",
                Fraction(angle * radius**2, 360),
            ),
            (
                f"the length of an arc of {angle} degrees of a circle",
                f"{share}2 \\cdot \\pi \\cdot {radius}",
                Fraction(2 * angle * radius, 360),
            ),
        ),
    )
    answer = "\\pi" if value == 1 else f"{fraction(value)}\\pi"
    return computed(
        f"Find {what} with {given}. Give an exact answer.",
        answer,
        f"The radius is {radius}.\nIt is {formula} = {answer}",
    )


def _triangle_of_points(rng: Rng) -> Problem:
    (x, y), (u, v), (s, t) = _points(rng, 3)
    first, second = (u - x) * (t - y), (s - x) * (v - y)
    while first == second:
        (x, y), (u, v), (s, t) = _points(rng, 3)
        first, second = (u - x) * (t - y), (s - x) * (v - y)
    area = Fraction(abs(first - second), 2)
    return computed(
        f"Find the area of the triangle with vertices $({x}, {y})$, $({u}, {v})$ and $({s}, {t})$.",
        fraction(area),
        f"From the first vertex, the sides are ({u - x}, {v - y}) and ({s - x}, {t - y}).",
        f"Their determinant is {u - x} \\cdot {bracketed(t - y)} - {bracketed(s - x)} \\cdot {bracketed(v - y)} "
        f"= {first - second}.",
        f"The area is half of its size: {fraction(area)}",
    )


def _points(rng: Rng, count: int) -> list[tuple[int, int]]:
    """Draw different points with coordinates from -9 to 9."""
    cells = rng.choice(19 * 19, size=count, replace=False)
    return [(int(cell) % 19 - 9, int(cell) // 19 - 9) for cell in cells]


plane_geometry = family_of_kinds(
    "plane_geometry", "geometry", _polygon, _right_triangle, _distance, _circle, _triangle_of_points
)
