"""Programs on points of the plane: move them, choose among them, measure.

All results are exact integers: squared distances, doubled areas.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import (
    DrawOperation,
    Operation,
    ProgramProblem,
    pipeline_problem,
    program_family,
)
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of, several_of


def _map(rng: Rng) -> Operation:
    dx, dy, k = nonzero(rng, 6), nonzero(rng, 6), one_of(rng, (-3, -2, 2, 3))
    text, new, wrong = one_of(
        rng,
        (
            (f"Move every point by {dx} in x and by {dy} in y.", f"(x + {dx}, y + {dy})", f"(x + {dy}, y + {dx})"),
            ("Turn every point by 90 degrees counterclockwise around (0, 0).", "(-y, x)", "(y, -x)"),
            ("Turn every point by 90 degrees clockwise around (0, 0).", "(y, -x)", "(-y, x)"),
            ("Reflect every point in the line x = y.", "(y, x)", "(-y, -x)"),
            (f"Reflect every point in the line x = {dx}.", f"({2 * dx} - x, y)", f"(x, {2 * dx} - y)"),
            (f"Reflect every point in the line y = {dy}.", f"(x, {2 * dy} - y)", f"({2 * dy} - x, y)"),
            (f"Multiply the x of every point by {k}.", f"(x * {k}, y)", f"(x, y * {k})"),
            (f"Add {k} times its x to the y of every point.", f"(x, y + {k} * x)", f"(x + {k} * y, y)"),
        ),
    )
    return Operation(text, f"points = [{new} for x, y in points]", f"points = [{wrong} for x, y in points]")


def _choose(rng: Rng) -> Operation:
    k, m, d = integer(rng, 3, 8), integer(rng, -3, 3), nonzero(rng, 3)
    text, test, wrong = one_of(
        rng,
        (
            (
                f"Keep only the points at a distance of at most {k} from (0, 0).",
                f"x * x + y * y <= {k * k}",
                f"abs(x) <= {k} and abs(y) <= {k}",
            ),
            (f"Remove the points with |x| + |y| less than {k}.", f"abs(x) + abs(y) >= {k}", f"abs(x) + abs(y) > {k}"),
            (f"Keep only the points with y greater than {d} * x + {m}.", f"y > {d} * x + {m}", f"y >= {d} * x + {m}"),
            ("Remove the points whose x and y have different signs (0 has none).", "x * y >= 0", "x * y > 0"),
            ("Keep only the points whose coordinates have an even sum.", "(x + y) % 2 == 0", "(x + y) % 2 == 1"),
        ),
    )
    return Operation(
        text, f"points = [(x, y) for x, y in points if {test}]", f"points = [(x, y) for x, y in points if {wrong}]"
    )


def _reorder(rng: Rng) -> Operation:
    text, code, wrong = one_of(
        rng,
        (
            (
                "Sort the points by their distance from (0, 0), nearest first; those at the same one by x, then by y.",
                "sorted(points, key=lambda p: (p[0] ** 2 + p[1] ** 2, p))",
                "sorted(points, key=lambda p: (abs(p[0]) + abs(p[1]), p))",
            ),
            ("Keep only the first occurrence of every point.", "list(dict.fromkeys(points))", "sorted(set(points))"),
            (
                "Sort the points by y, then by x, both upwards.",
                "sorted(points, key=lambda p: (p[1], p[0]))",
                "sorted(points)",
            ),
        ),
    )
    return Operation(text, f"points = {code}", f"points = {wrong}")


_RESULTS = (
    Operation("Return the points.", "return points", returns="list[tuple[int, int]]"),
    Operation(
        "Return the area of the smallest rectangle with sides parallel to the axes that holds all points (0 if "
        "there are none).",
        "xs, ys = [x for x, y in points] or [0], [y for x, y in points] or [0]\n"
        "return (max(xs) - min(xs)) * (max(ys) - min(ys))",
        "xs, ys = [x for x, y in points] or [0], [y for x, y in points] or [0]\n"
        "return (max(xs) - min(xs)) + (max(ys) - min(ys))",
    ),
    Operation(
        "Return twice the area of the polygon with these points as corners, in this order: the absolute value of "
        "the sum of x1 * y2 - x2 * y1 over all pairs of neighbours, of which the last and the first are one (0 for "
        "no points).",
        "return abs(sum(a * d - c * b for (a, b), (c, d) in zip(points, points[1:] + points[:1])))",
        "return abs(sum(a * d - c * b for (a, b), (c, d) in zip(points, points[1:])))",
    ),
    Operation(
        "Return the largest squared distance between two of the points (0 if there are fewer than two).",
        "return max(((a - c) ** 2 + (b - d) ** 2 for a, b in points for c, d in points), default=0)",
        "return max(((a - c) ** 2 + (b - d) ** 2 for (a, b), (c, d) in zip(points, points[1:])), default=0)",
    ),
    Operation(
        "Return the length of the walk from point to point in this order, where a step from (a, b) to (c, d) has "
        "the length |a - c| + |b - d| (0 if there are fewer than two points).",
        "return sum(abs(a - c) + abs(b - d) for (a, b), (c, d) in zip(points, points[1:]))",
        "return sum(max(abs(a - c), abs(b - d)) for (a, b), (c, d) in zip(points, points[1:]))",
    ),
    Operation(
        "Return how many left turns the walk from point to point makes: at the middle one b of three consecutive "
        "points a, b, c, where (bx - ax) * (cy - by) - (by - ay) * (cx - bx) is positive.",
        "return sum(\n    (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 0\n"
        "    for a, b, c in zip(points, points[1:], points[2:])\n)",
        "return sum(\n    (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) < 0\n"
        "    for a, b, c in zip(points, points[1:], points[2:])\n)",
    ),
)
_KINDS: tuple[DrawOperation, ...] = (_map, _choose, _reorder)


def _draw_input(rng: Rng) -> tuple[list[tuple[int, int]]]:
    bound = one_of(rng, (3, 6, 10))
    return ([(integer(rng, -bound, bound), integer(rng, -bound, bound)) for _ in range(integer(rng, 0, 9))],)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    kinds = [_map, *(one_of(rng, _KINDS) for _ in range(difficulty))]
    steps = several_of(rng, [make(rng) for make in kinds], len(kinds))
    result = one_of(rng, _RESULTS)
    return pipeline_problem(
        "survey(points: list[tuple[int, int]])",
        " that does the following with a list of points (x, y), in this order:",
        steps,
        result,
        _draw_input,
    )


code_geometry = program_family("code_geometry", "geometry", _generate)
