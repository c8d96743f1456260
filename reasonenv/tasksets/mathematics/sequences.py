"""Terms and sums of arithmetic, geometric and recursive sequences.

A sequence given by its first terms is said to be arithmetic or geometric, so that nothing is guessed.
"""

from __future__ import annotations

from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import bracketed, fraction, scaled, sum_of
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of

_RATIOS = tuple(Fraction(n, d) for n, d in ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (2, 5), (3, 5), (4, 5), (1, 6)))


def _arithmetic_sequence(rng: Rng) -> Problem:
    first, step, n = integer(rng, -20, 20), nonzero(rng, 12), integer(rng, 8, 30)
    shown = ", ".join(str(first + k * step) for k in range(3))
    last = first + (n - 1) * step
    steps = [
        f"The common difference is {first + step} - {bracketed(first)} = {step}.",
        f"a_{{{n}}} = {first} + {n - 1} \\cdot {bracketed(step)} = {last}",
    ]
    if rng.integers(0, 2):
        question = f"Find the sum of the first {n} terms of the arithmetic sequence ${shown}, \\ldots$"
        total = n * (first + last) // 2
        steps.append(f"The sum is \\frac{{{n} \\cdot ({first} + {bracketed(last)})}}{{2}} = {total}")
        return computed(question, str(total), *steps)
    question = f"Find term number {n} of the arithmetic sequence ${shown}, \\ldots$"
    return computed(question, str(last), *steps)


def _geometric_sequence(rng: Rng) -> Problem:
    first, n = nonzero(rng, 12), integer(rng, 5, 9)
    ratio = one_of(rng, (-4, -3, -2, 2, 3, 4, 5))
    shown = ", ".join(str(first * ratio**k) for k in range(3))
    steps = [f"The common ratio is {first * ratio} / {bracketed(first)} = {ratio}."]
    if rng.integers(0, 2):
        question = f"Find the sum of the first {n} terms of the geometric sequence ${shown}, \\ldots$"
        value = first * (ratio**n - 1) // (ratio - 1)
        power = f"{bracketed(ratio)}^{n} = {ratio**n}"
        division = f"\\frac{{{first} \\cdot ({ratio**n} - 1)}}{{{ratio} - 1}}"
        steps += [power, f"The sum is {division} = {value}"]
    else:
        question = f"Find term number {n} of the geometric sequence ${shown}, \\ldots$"
        value = first * ratio ** (n - 1)
        steps.append(f"a_{n} = {first} \\cdot {bracketed(ratio)}^{n - 1} = {value}")
    return computed(question, str(value), *steps)


def _recursive_sequence(rng: Rng) -> Problem:
    """Follow a(n+1) = p a(n) + q."""
    p, q, n = one_of(rng, (-3, -2, 2, 3)), nonzero(rng, 9), integer(rng, 4, 6)
    values, steps = [integer(rng, -5, 6)], list[str]()
    for index in range(2, n + 1):
        values.append(p * values[-1] + q)
        steps.append(f"a_{index} = {p} \\cdot {bracketed(values[-2])} + {bracketed(q)} = {values[-1]}")
    given = f"$a_1 = {values[0]}$ and $a_{{n+1}} = {sum_of([scaled(p, 'a_n'), str(q)])}$ for $n \\ge 1$"
    return computed(f"A sequence has {given}. Find $a_{n}$.", str(values[-1]), *steps)


def _second_order_sequence(rng: Rng) -> Problem:
    """Follow a(n+1) = p a(n) + q a(n-1)."""
    p, q, n = nonzero(rng, 3), nonzero(rng, 3), integer(rng, 5, 7)
    values, steps = [integer(rng, -5, 6), nonzero(rng, 6)], list[str]()
    for index in range(3, n + 1):
        values.append(p * values[-1] + q * values[-2])
        products = f"{p} \\cdot {bracketed(values[-2])} + {bracketed(q)} \\cdot {bracketed(values[-3])}"
        steps.append(f"a_{index} = {products} = {values[-1]}")
    rule = sum_of([scaled(p, "a_n"), scaled(q, "a_{n-1}")])
    given = f"$a_1 = {values[0]}$, $a_2 = {values[1]}$ and $a_{{n+1}} = {rule}$ for $n \\ge 2$"
    return computed(f"A sequence has {given}. Find $a_{n}$.", str(values[-1]), *steps)


def _infinite_series(rng: Rng) -> Problem:
    """Ask for the sum of an infinite geometric series."""
    first = Fraction(integer(rng, 1, 40), integer(rng, 1, 4))
    ratio = one_of(rng, _RATIOS) * (1 if rng.integers(0, 2) else -1)
    shown = sum_of(fraction(first * ratio**k) for k in range(3))
    value = first / (1 - ratio)
    steps = (
        f"The common ratio is {fraction(first * ratio)} \\div {fraction(first)} = {fraction(ratio)}.",
        f"The sum is \\frac{{{fraction(first)}}}{{1 - {bracketed(ratio)}}} = {fraction(value)}",
    )
    return computed(f"Find the sum of the infinite geometric series ${shown} + \\cdots$", fraction(value), *steps)


sequences = family_of_kinds(
    "sequences",
    "algebra",
    _arithmetic_sequence,
    _geometric_sequence,
    _recursive_sequence,
    _infinite_series,
    _second_order_sequence,
)
