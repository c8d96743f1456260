"""How the families write mathematics in LaTeX.

Equal values of one type are equal text, so that two different gold answers of a family are two different values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction


def fraction(value: Fraction | int) -> str:
    r"""Write a rational number in lowest terms.

    >>> fraction(Fraction(-6, 8)), fraction(Fraction(4, 2))
    ('-\\frac{3}{4}', '2')
    """
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{'-' if value < 0 else ''}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def quotient(numerator: int, denominator: int) -> str:
    r"""Write a fraction as it was found and, where that is something else, what it equals in lowest terms.

    >>> quotient(1, 2), quotient(2, 4)
    ('\\frac{1}{2}', '\\frac{2}{4} = \\frac{1}{2}')
    """
    found, lowest = f"\\frac{{{numerator}}}{{{denominator}}}", fraction(Fraction(numerator, denominator))
    return found if found == lowest else f"{found} = {lowest}"


def bracketed(value: Fraction | int) -> str:
    """Write a rational number that follows an operator: a negative one gets parentheses."""
    return f"({fraction(value)})" if value < 0 else fraction(value)


def scaled(coefficient: int, symbol: str) -> str:
    """Write a multiple of a symbol.

    >>> scaled(-1, "x"), scaled(3, "y")
    ('-x', '3y')
    """
    return {1: symbol, -1: f"-{symbol}"}.get(coefficient, f"{coefficient}{symbol}")


def sum_of(terms: Iterable[str]) -> str:
    """Write a sum of terms that carry their own minus signs; no terms are 0.

    >>> sum_of(["-x", "3", "-y"])
    '-x + 3 - y'
    """
    first, *rest = [*terms] or ["0"]
    return first + "".join(f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest)


def polynomial(coefficients: Sequence[int], variable: str = "x") -> str:
    """Write a polynomial, its coefficients given from the highest power down.

    >>> polynomial((2, -1, 0)), polynomial((0, -3)), polynomial((1, 0, 0), "n")
    ('2x^2 - x', '-3', 'n^2')
    """
    powers = range(len(coefficients) - 1, -1, -1)
    return sum_of(
        str(coefficient) if power == 0 else scaled(coefficient, variable if power == 1 else f"{variable}^{power}")
        for coefficient, power in zip(coefficients, powers, strict=True)
        if coefficient
    )


def square_root(radicand: int) -> tuple[int, int]:
    """Return (k, m) with √radicand = k√m and no square dividing m, for radicand ≥ 1.

    >>> square_root(72), square_root(49)
    ((6, 2), (7, 1))
    """
    outside = max(k for k in range(1, math.isqrt(radicand) + 1) if radicand % (k * k) == 0)
    return outside, radicand // outside**2


def surd(rational: int, outside: int, radicand: int, denominator: int = 1) -> str:
    r"""Write (rational + outside·√radicand) / denominator in lowest terms; the radicand has no square factor.

    >>> surd(2, -4, 3, 6), surd(0, -1, 5, 2), surd(6, 1, 1)
    ('\\frac{1 - 2\\sqrt{3}}{3}', '-\\frac{\\sqrt{5}}{2}', '7')
    """
    if radicand == 1 or outside == 0:
        return fraction(Fraction(rational + outside, denominator))
    common = math.gcd(rational, outside, denominator)
    rational, outside, denominator = rational // common, outside // common, denominator // common
    root = scaled(outside, f"\\sqrt{{{radicand}}}")
    if denominator == 1:
        return sum_of([str(rational), root]) if rational else root
    if rational == 0:
        return f"{'-' if outside < 0 else ''}\\frac{{{root.removeprefix('-')}}}{{{denominator}}}"
    return f"\\frac{{{sum_of([str(rational), root])}}}{{{denominator}}}"


def set_of(elements: Iterable[str]) -> str:
    r"""Write a set: `\{1, 2\}`."""
    return f"\\{{{', '.join(elements)}\\}}"


def interval(low: Fraction | int | None, high: Fraction | int | None, *, closed: bool) -> str:
    r"""Write the numbers between two bounds, of which None is infinite.

    >>> interval(None, 3, closed=True), interval(1, 3, closed=False)
    ('(-\\infty, 3]', '(1, 3)')
    """
    left = "(-\\infty" if low is None else f"{'[' if closed else '('}{fraction(low)}"
    right = "\\infty)" if high is None else f"{fraction(high)}{']' if closed else ')'}"
    return f"{left}, {right}"


def matrix(rows: Sequence[Sequence[Fraction | int]]) -> str:
    r"""Write a matrix in parentheses: `\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`."""
    lines = r" \\ ".join(" & ".join(map(fraction, row)) for row in rows)
    return f"\\begin{{pmatrix}} {lines} \\end{{pmatrix}}"
