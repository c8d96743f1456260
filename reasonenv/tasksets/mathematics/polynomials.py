"""Polynomials and functions: evaluation, expansion, derivatives.

Polynomials are lists of coefficients from the highest power down.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import bracketed, fraction, polynomial, scaled, sum_of
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import Family, family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of


def _polynomial_evaluation(rng: Rng, difficulty: int) -> Problem:
    """Ask for a value: 1 of a quadratic at an integer; 2 of a cubic; 3 of a quadratic polynomial at a fraction."""
    degree = 3 if difficulty == 2 else 2
    coefficients = [nonzero(rng, 9), *(integer(rng, -9, 9) for _ in range(degree))]
    x = Fraction(nonzero(rng, 6))
    while difficulty == 3 and x.denominator == 1:
        x = Fraction(nonzero(rng, 6), integer(rng, 2, 5))
    at = fraction(x)
    values = [coefficient * x**power for coefficient, power in _terms(coefficients)]
    written = [_times(coefficient, f"{_base(x)}^{power}", power, x) for coefficient, power in _terms(coefficients)]
    total = sum(values, Fraction(0))
    steps = (
        f"f({at}) = {sum_of(written)}",
        f"f({at}) = {sum_of(fraction(value) for value in values)} = {fraction(total)}",
    )
    return computed(f"Let $f(x) = {polynomial(coefficients)}$. Find $f({at})$.", fraction(total), *steps)


def _terms(coefficients: Sequence[int]) -> list[tuple[int, int]]:
    """Pair each coefficient that is not 0 with its power."""
    powers = range(len(coefficients) - 1, -1, -1)
    return [(coefficient, power) for coefficient, power in zip(coefficients, powers, strict=True) if coefficient]


def _base(x: Fraction) -> str:
    return fraction(x) if x > 0 and x.denominator == 1 else f"({fraction(x)})"


def _times(coefficient: int, power_text: str, power: int, x: Fraction) -> str:
    if power == 0:
        return str(coefficient)
    return f"{coefficient} \\cdot {bracketed(x) if power == 1 else power_text}"


def _product_of_binomials(rng: Rng) -> Problem:
    left, right = ([nonzero(rng, 5), nonzero(rng, 9)] for _ in range(2))
    return _expansion(f"({polynomial(left)})({polynomial(right)})", _distribute(left, right))


def _binomial_times_trinomial(rng: Rng) -> Problem:
    left, right = [nonzero(rng, 4), nonzero(rng, 6)], [nonzero(rng, 4), nonzero(rng, 6), nonzero(rng, 6)]
    return _expansion(f"({polynomial(left)})({polynomial(right)})", _distribute(left, right))


def _power_of_binomial(rng: Rng) -> Problem:
    """Expand (a x + b)² or (a x + b)³ plus a multiple of x."""
    base, extra = [nonzero(rng, 4), nonzero(rng, 6)], nonzero(rng, 9)
    exponent = integer(rng, 2, 3)
    product, steps = base, list[str]()
    for _ in range(exponent - 1):
        product, more = _distribute(product, base)
        steps += more
    product = [*product[:-2], product[-2] + extra, product[-1]]
    steps.append(f"Adding {scaled(extra, 'x')} gives {polynomial(product)}")
    return _expansion(sum_of([f"({polynomial(base)})^{exponent}", scaled(extra, "x")]), (product, steps))


def _expansion(text: str, expanded: tuple[list[int], list[str]]) -> Problem:
    coefficients, steps = expanded
    return computed(f"Expand and simplify ${text}$.", polynomial(coefficients), *steps)


def _distribute(left: Sequence[int], right: Sequence[int]) -> tuple[list[int], list[str]]:
    """Multiply two polynomials term by term, and say how."""
    product = [0] * (len(left) + len(right) - 1)
    rows = list[str]()
    for shift, factor in enumerate(left):
        row = [factor * coefficient for coefficient in right] + [0] * (len(left) - 1 - shift)
        product = [a + b for a, b in zip(product, [0] * (len(product) - len(row)) + row, strict=True)]
        rows.append(polynomial(row))
    joined = " + ".join(f"({row})" for row in rows)
    return product, [f"({polynomial(left)})({polynomial(right)}) = {joined} = {polynomial(product)}"]


def _derivative_of_polynomial(rng: Rng) -> Problem:
    coefficients = [nonzero(rng, 9), *(integer(rng, -9, 9) for _ in range(integer(rng, 2, 4)))]
    slopes = [coefficient * power for coefficient, power in _terms(coefficients) if power]
    powers = [power - 1 for _, power in _terms(coefficients) if power]
    steps = ["Differentiate term by term: the derivative of x^n is n x^{n-1}."]
    result = sum_of(_monomial(slope, power) for slope, power in zip(slopes, powers, strict=True))
    return _derivative(polynomial(coefficients), steps, result)


def _derivative_of_power(rng: Rng) -> Problem:
    """Differentiate c (a x + b)^n + d x."""
    a, b, c, d = (nonzero(rng, bound) for bound in (5, 9, 4, 9))
    while a == 1:
        a = nonzero(rng, 5)
    n = integer(rng, 3, 6)
    inner = f"({polynomial((a, b))})"
    steps = [f"The derivative of {inner}^{n} is {n}{inner}^{n - 1} \\cdot {bracketed(Fraction(a))}, by the chain rule."]
    result = sum_of([scaled(c * n * a, f"{inner}^{n - 1}"), str(d)])
    return _derivative(sum_of([scaled(c, f"{inner}^{n}"), scaled(d, "x")]), steps, result)


def _derivative_of_functions(rng: Rng) -> Problem:
    """Differentiate a sine or cosine plus an exponential function."""
    a, c, d = nonzero(rng, 9), nonzero(rng, 9), nonzero(rng, 5)
    b = integer(rng, 2, 7)
    wave, slope, sign = one_of(rng, ((r"\sin", r"\cos", 1), (r"\cos", r"\sin", -1)))
    wave, slope, exponential = f"{wave}({b}x)", f"{slope}({b}x)", f"e^{{{scaled(d, 'x')}}}"
    steps = [
        f"The derivative of {wave} is {scaled(sign * b, slope)}.",
        f"The derivative of {exponential} is {scaled(d, exponential)}.",
    ]
    result = sum_of([scaled(sign * a * b, slope), scaled(c * d, exponential)])
    return _derivative(sum_of([scaled(a, wave), scaled(c, exponential)]), steps, result)


def _derivative_of_product(rng: Rng) -> Problem:
    """Differentiate a quadratic polynomial times an exponential function."""
    coefficients = [nonzero(rng, 5), integer(rng, -9, 9), nonzero(rng, 9)]
    k = nonzero(rng, 4)
    slope = [2 * coefficients[0], coefficients[1]]
    exponential = f"e^{{{scaled(k, 'x')}}}"
    factor = [k * coefficients[0], k * coefficients[1] + slope[0], k * coefficients[2] + slope[1]]
    steps = [
        f"The derivative of {polynomial(coefficients)} is {polynomial(slope)}, and that of {exponential} "
        f"is {scaled(k, exponential)}.",
        f"By the product rule, f'(x) = ({polynomial(slope)}){exponential} "
        f"+ ({polynomial([k * coefficient for coefficient in coefficients])}){exponential}.",
    ]
    return _derivative(f"({polynomial(coefficients)}){exponential}", steps, f"({polynomial(factor)}){exponential}")


def _monomial(coefficient: int, power: int) -> str:
    return polynomial([coefficient] + [0] * power)


def _derivative(function: str, steps: list[str], result: str) -> Problem:
    return computed(f"Find the derivative of $f(x) = {function}$.", result, *steps, f"f'(x) = {result}")


polynomial_evaluation = Family(
    name="polynomial_evaluation", generate=_polynomial_evaluation, levels=(1, 2, 3), domain="algebra"
)
polynomial_expansion = family_of_kinds(
    "polynomial_expansion", "algebra", _product_of_binomials, _binomial_times_trinomial, _power_of_binomial
)
derivatives = family_of_kinds(
    "derivatives",
    "calculus",
    _derivative_of_polynomial,
    _derivative_of_power,
    _derivative_of_functions,
    _derivative_of_product,
)
