"""Matrices, as lists of rows of Python integers: determinants, products, inverses."""

from __future__ import annotations

from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import bracketed, fraction, matrix
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer

_Matrix = list[list[int]]


def _determinant_of_two_rows(rng: Rng) -> Problem:
    rows = _random_matrix(rng, 2)
    determinant, step = _determinant(rows)
    return _determinant_problem(rows, str(determinant), [f"The determinant is {step} = {determinant}"])


def _product(rng: Rng) -> Problem:
    left, right = _random_matrix(rng, 2), _random_matrix(rng, 2)
    columns = list(zip(*right, strict=True))
    product, steps = [[0, 0], [0, 0]], list[str]()
    for i, row in enumerate(left):
        for j, column in enumerate(columns):
            terms = [f"{bracketed(a)} \\cdot {bracketed(b)}" for a, b in zip(row, column, strict=True)]
            product[i][j] = sum(a * b for a, b in zip(row, column, strict=True))
            steps.append(f"Row {i + 1}, column {j + 1}: {' + '.join(terms)} = {product[i][j]}")
    answer = matrix(product)
    return computed(f"Compute ${matrix(left)} {matrix(right)}$.", answer, *steps, f"The product is {answer}")


def _inverse(rng: Rng) -> Problem:
    rows = _random_matrix(rng, 2)
    while _determinant(rows)[0] == 0:
        rows = _random_matrix(rng, 2)
    determinant, step = _determinant(rows)
    (a, b), (c, d) = rows
    adjugate = [[d, -b], [-c, a]]
    answer = matrix([[Fraction(entry, determinant) for entry in row] for row in adjugate])
    steps = (
        f"The determinant is {step} = {determinant}.",
        f"The inverse is {fraction(Fraction(1, determinant))} times {matrix(adjugate)}.",
        f"That is {answer}",
    )
    return computed(f"Find the inverse of ${matrix(rows)}$.", answer, *steps)


def _determinant_of_three_rows(rng: Rng) -> Problem:
    """Expand the determinant along the first row."""
    rows = _random_matrix(rng, 3, bound=5)
    steps, terms = list[str](), list[int]()
    for j, entry in enumerate(rows[0]):
        minor, step = _determinant([[row[k] for k in range(3) if k != j] for row in rows[1:]])
        steps.append(f"Without row 1 and column {j + 1}: {step} = {minor}")
        terms.append((-1) ** j * entry * minor)
    signed = f"{terms[0]} + {bracketed(terms[1])} + {bracketed(terms[2])}"
    steps.append(f"Times the first row, with alternating signs: {signed} = {sum(terms)}")
    return _determinant_problem(rows, str(sum(terms)), steps)


def _determinant(rows: _Matrix) -> tuple[int, str]:
    """Return the determinant of a matrix of two rows, and how it is computed."""
    (a, b), (c, d) = rows
    return a * d - b * c, f"{a} \\cdot {bracketed(d)} - {bracketed(b)} \\cdot {bracketed(c)}"


def _determinant_problem(rows: _Matrix, answer: str, steps: list[str]) -> Problem:
    return computed(f"Find the determinant of ${matrix(rows)}$.", answer, *steps)


def _random_matrix(rng: Rng, size: int, *, bound: int = 9) -> _Matrix:
    return [[integer(rng, -bound, bound) for _ in range(size)] for _ in range(size)]


matrices = family_of_kinds(
    "matrices", "linear algebra", _determinant_of_two_rows, _product, _inverse, _determinant_of_three_rows
)
