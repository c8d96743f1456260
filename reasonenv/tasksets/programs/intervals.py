"""Programs on intervals of integers: shifting, cutting, merging, and measuring what is covered.

An interval (a, b) holds the integers a to b - 1, so that lengths add up and touching is not overlap.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import Operation, ProgramProblem, pipeline_problem, program_family
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of, several_of

_MERGE = (
    "merged = []\nfor a, b in sorted(spans):\n    if merged and a {sign} merged[-1][1]:\n"
    "        merged[-1] = (merged[-1][0], max(merged[-1][1], b))\n    else:\n        merged.append((a, b))\n"
    "spans = merged"
)
_HALVES = (
    "halves = []\nfor a, b in spans:\n    middle = (a + b{}) // 2\n"
    "    halves += [(a, middle), (middle, b)] if b - a > 1 else [(a, b)]\nspans = halves"
)


def _steps(rng: Rng) -> tuple[Operation, ...]:
    """Return one step of each kind."""
    k, low, length = nonzero(rng, 9), integer(rng, 2, 9), integer(rng, 2, 6)
    high, wider, factor = low + integer(rng, 3, 9), integer(rng, 1, 4), integer(rng, 2, 5)
    return (
        Operation(
            f"Shift every interval by {k}.",
            f"spans = [(a + {k}, b + {k}) for a, b in spans]",
            f"spans = [(a + {k}, b) for a, b in spans if a + {k} < b]",
        ),
        Operation(
            f"Remove the intervals that are shorter than {length}; the length of (a, b) is b - a.",
            f"spans = [(a, b) for a, b in spans if b - a >= {length}]",
            f"spans = [(a, b) for a, b in spans if b - a > {length}]",
        ),
        Operation(
            f"Cut every interval to what lies within ({low}, {high}), and remove those of which nothing is left.",
            f"spans = [(max(a, {low}), min(b, {high})) for a, b in spans if max(a, {low}) < min(b, {high})]",
            f"spans = [(a, b) for a, b in spans if max(a, {low}) < min(b, {high})]",
        ),
        Operation(
            f"Extend every interval by {wider} at both ends.",
            f"spans = [(a - {wider}, b + {wider}) for a, b in spans]",
            f"spans = [(a, b + {wider}) for a, b in spans]",
        ),
        Operation(
            "Unite intervals that overlap, but not those that only touch, until none overlap, and sort them.",
            _MERGE.format(sign="<"),
            _MERGE.format(sign="<="),
        ),
        Operation(
            "Unite intervals that overlap or touch until none do, and sort them.",
            _MERGE.format(sign="<="),
            _MERGE.format(sign="<"),
        ),
        Operation(
            f"Multiply both ends of every interval by {factor}.",
            f"spans = [(a * {factor}, b * {factor}) for a, b in spans]",
            f"spans = [(a, b * {factor}) for a, b in spans]",
        ),
        Operation(
            "Remove the intervals that lie within another one of the list; of equal ones, keep the first.",
            "spans = [\n    (a, b)\n    for i, (a, b) in enumerate(spans)\n    if not any(\n"
            "        c <= a and b <= d and ((c, d) != (a, b) or j < i) for j, (c, d) in enumerate(spans) if j != i\n"
            "    )\n]",
            "spans = list(dict.fromkeys(spans))",
        ),
        Operation(
            "Split every interval of a length of 2 or more in the middle; of an odd length, the first part is the "
            "shorter one.",
            _HALVES.format(""),
            _HALVES.format(" + 1"),
        ),
        Operation(
            "Sort the intervals by length, longest first; those of the same length by their start.",
            "spans = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))",
            "spans = sorted(spans, key=lambda span: span[1] - span[0])",
        ),
    )


_RESULTS = (
    Operation("Return the intervals.", "return spans", returns="list[tuple[int, int]]"),
    Operation("Return the intervals.", "return spans", returns="list[tuple[int, int]]"),
    Operation(
        "Return how many integers lie in at least one interval.",
        "return len({x for a, b in spans for x in range(a, b)})",
        "return sum(b - a for a, b in spans)",
    ),
    Operation(
        "Return the largest number of intervals that hold one and the same integer (0 for no intervals).",
        "return max((sum(c <= a < d for c, d in spans) for a, b in spans), default=0)",
        "return max((sum(c <= a <= d for c, d in spans) for a, b in spans), default=0)",
    ),
    Operation(
        "Return the sorted list of the integers that lie in exactly one interval.",
        "held = [x for a, b in spans for x in range(a, b)]\nreturn sorted(x for x in held if held.count(x) == 1)",
        "held = [x for a, b in spans for x in range(a, b)]\nreturn sorted(set(held))",
        returns="list[int]",
    ),
    Operation(
        "Return the largest number of intervals that can be chosen so that no two overlap (touching is allowed).",
        "count, end = 0, float('-inf')\nfor a, b in sorted(spans, key=lambda span: span[1]):\n"
        "    if a >= end:\n        count, end = count + 1, b\nreturn count",
        "count, end = 0, float('-inf')\nfor a, b in sorted(spans):\n"
        "    if a >= end:\n        count, end = count + 1, b\nreturn count",
    ),
)


def _draw_input(rng: Rng) -> tuple[list[tuple[int, int]]]:
    starts = [integer(rng, 0, 14) for _ in range(integer(rng, 0, 7))]
    return ([(start, start + integer(rng, 1, 7)) for start in starts],)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    steps = several_of(rng, _steps(rng), difficulty + 1)
    result = one_of(rng, _RESULTS)
    return pipeline_problem(
        "arrange(spans: list[tuple[int, int]])",
        ". Each pair (a, b), with a < b, is an interval that holds the integers a, a + 1, ..., b - 1. "
        "The function does the following, in this order:",
        steps,
        result,
        _draw_input,
    )


code_intervals = program_family("code_intervals", "intervals", _generate)
