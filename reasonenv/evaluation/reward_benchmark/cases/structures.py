r"""Gold answers with parts or symbols, with equal and almost equal ones."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from reasonenv.evaluation.reward_benchmark.cases.variants import Family, Variants, signed, unequal_number

_NAMES = ("Evelyn", "Amara", "Boris", "Chen", "Dolores", "Farid", "Greta", "Hiroshi")
_ADJECTIVES = (
    ("even", "odd"),
    ("parabola", "circle"),
    ("Tuesday", "Thursday"),
    ("isosceles", "scalene"),
    ("north", "south"),
)


def _tuple_of_numbers(rng: Random) -> Variants[str]:
    x = unequal_number(rng, -20, 20, 1)
    y = unequal_number(rng, -20, 20, 1, x)
    return Variants(
        f"({x}, {y})",
        equal=(
            ("tight", f"({x},{y})"),
            ("sized brackets", rf"\left({x}, {y}\right)"),
            ("components as fractions", rf"\left(\frac{{{2 * x}}}{{2}}, \frac{{{3 * y}}}{{3}}\right)"),
            ("named", f"(x, y) = ({x}, {y})"),
        ),
        different=(
            ("swapped", f"({y}, {x})"),
            ("second off by one", f"({x}, {y + 1})"),
            ("sign", f"({x}, {-y})"),
            ("another component", f"({x}, {y}, 0)"),
            ("first alone", str(x)),
        ),
    )


def _finite_set(rng: Random) -> Variants[str]:
    a, b, c = _three(rng)
    return Variants(
        rf"\{{{a}, {b}, {c}\}}",
        equal=(
            ("reordered", rf"\{{{c}, {a}, {b}\}}"),
            ("tight", rf"\{{{a},{b},{c}\}}"),
            ("sized brackets", rf"\left\{{{a}, {b}, {c}\right\}}"),
        ),
        different=(
            ("element missing", rf"\{{{a}, {b}\}}"),
            ("element added", rf"\{{{a}, {b}, {c}, {c + 1}\}}"),
            ("element changed", rf"\{{{a}, {b}, {c + 1}\}}"),
            ("interval", f"[{a}, {c}]"),
        ),
    )


def _value_list(rng: Random) -> Variants[str]:
    """Draw several values, as the solutions of an equation."""
    a, b, c = _three(rng)
    return Variants(
        f"{a}, {b}, {c}",
        equal=(
            ("reordered", f"{b}, {c}, {a}"),
            ("tight", f"{a},{b},{c}"),
            ("and", rf"{a}, {b} \text{{ and }} {c}"),
        ),
        different=(
            ("first only", str(a)),
            ("one missing", f"{a}, {b}"),
            ("one added", f"{a}, {b}, {c}, {c + 1}"),
            ("one changed", f"{a}, {b}, {c + 1}"),
        ),
    )


def _interval(rng: Random) -> Variants[str]:
    low, middle, high = _three(rng)
    return Variants(
        rf"[{low}, {middle}) \cup ({high}, \infty)",
        equal=(
            ("tight", rf"[{low},{middle})\cup({high},\infty)"),
            ("sized brackets", rf"\left[{low}, {middle}\right) \cup \left({high}, \infty\right)"),
            ("parts reordered", rf"({high}, \infty) \cup [{low}, {middle})"),
            ("signed infinity", rf"[{low}, {middle}) \cup ({high}, +\infty)"),
        ),
        different=(
            ("opened", rf"({low}, {middle}) \cup ({high}, \infty)"),
            ("closed", rf"[{low}, {middle}] \cup ({high}, \infty)"),
            ("endpoint", rf"[{low}, {middle}) \cup ({high + 1}, \infty)"),
            ("first part only", f"[{low}, {middle})"),
            ("hull", rf"[{low}, \infty)"),
        ),
    )


def _expression(rng: Random) -> Variants[str]:
    """Draw a quadratic polynomial in x, the gold answer factored."""
    a = unequal_number(rng, -9, 9, 1)
    b = unequal_number(rng, -9, 9, 1, a)
    linear, constant = a + b, a * b
    return Variants(
        f"(x {signed(a)})(x {signed(b)})",
        equal=(
            ("factors swapped", f"(x {signed(b)})(x {signed(a)})"),
            ("expanded", f"x^2 {signed(linear)}x {signed(constant)}"),
            ("reordered", f"{constant} {signed(linear)}x + x^2"),
            ("braced exponent", f"x^{{2}} {signed(linear)} x {signed(constant)}"),
        ),
        different=(
            ("constant", f"x^2 {signed(linear)}x {signed(constant + 1)}"),
            ("linear term's sign", f"x^2 {signed(-linear)}x {signed(constant)}"),
            ("term lost", f"x^2 {signed(linear)}x"),
            ("one factor", f"(x {signed(a)})"),
            ("cubed", f"x^3 {signed(linear)}x {signed(constant)}"),
        ),
    )


def _equation(rng: Random) -> Variants[str]:
    slope = rng.randint(2, 9)
    offset = unequal_number(rng, -12, 12, slope)
    return Variants(
        f"y = {slope}x {signed(offset)}",
        equal=(
            ("tight", f"y={slope}x{offset:+}"),
            ("sides swapped", f"{slope}x {signed(offset)} = y"),
            ("one side", f"y - {slope}x = {offset}"),
            ("reordered", f"y = {offset} + {slope}x"),
        ),
        different=(
            ("offset's sign", f"y = {slope}x {signed(-offset)}"),
            ("slope", f"y = {slope + 1}x {signed(offset)}"),
            ("slope's sign", f"y = -{slope}x {signed(offset)}"),
            ("another variable", f"z = {slope}x {signed(offset)}"),
            ("tautology", "y = y"),
        ),
    )


def _matrix(rng: Random) -> Variants[str]:
    a, b, c = _three(rng)
    d = unequal_number(rng, -9, 9, a, b, c)
    return Variants(
        _rows_in("pmatrix", ((a, b), (c, d))),
        equal=(
            ("square brackets", _rows_in("bmatrix", ((a, b), (c, d)))),
            ("tight", _rows_in("pmatrix", ((a, b), (c, d))).replace(" ", "").replace(r"\\", r"\\ ")),
            ("entry as fraction", _rows_in("pmatrix", ((rf"\frac{{{2 * a}}}{{2}}", b), (c, d)))),
        ),
        different=(
            ("transposed", _rows_in("pmatrix", ((a, c), (b, d)))),
            ("entry", _rows_in("pmatrix", ((a, b), (c, d + 1)))),
            ("rows swapped", _rows_in("pmatrix", ((c, d), (a, b)))),
            ("row lost", _rows_in("pmatrix", ((a, b),))),
        ),
    )


def _text(rng: Random) -> Variants[str]:
    name, other = rng.choice((tuple(rng.sample(_NAMES, 2)), rng.choice(_ADJECTIVES)))
    return Variants(
        rf"\text{{{name}}}",
        equal=(
            ("plain", name),
            ("bold", rf"\textbf{{{name}}}"),
            ("roman", rf"\mathrm{{{name}}}"),
            ("spaced", rf"\text{{ {name} }}"),
        ),
        different=(
            ("another word", rf"\text{{{other}}}"),
            ("negated", rf"\text{{not {name}}}"),
            ("both", rf"\text{{{name} or {other}}}"),
            ("cut off", rf"\text{{{name[:-1]}}}"),
        ),
    )


def _choice(rng: Random) -> Variants[str]:
    letter, other = rng.sample("ABCDE", 2)
    return Variants(
        rf"\text{{{letter}}}",
        equal=(
            ("plain", letter),
            ("parentheses", f"({letter})"),
            ("bold", rf"\textbf{{({letter})}}"),
            ("full stop", f"{letter}."),
        ),
        different=(
            ("another letter", other),
            ("two letters", f"{letter}, {other}"),
            ("letters joined", f"{letter}{other}"),
            ("negated", rf"\text{{not {letter}}}"),
        ),
    )


def _three(rng: Random) -> tuple[int, int, int]:
    """Draw three increasing integers of different size; the last stays different when it grows by one."""
    low, middle, high = sorted(rng.sample(range(2, 40, 2), 3))
    return rng.choice(((low, middle, high), (-high, low, middle)))


def _rows_in(environment: str, rows: tuple[tuple[int | str, ...], ...]) -> str:
    body = r" \\ ".join(" & ".join(str(entry) for entry in row) for row in rows)
    return rf"\begin{{{environment}}} {body} \end{{{environment}}}"


STRUCTURES: Mapping[str, Family[str]] = {
    "tuple": _tuple_of_numbers,
    "set": _finite_set,
    "list": _value_list,
    "interval": _interval,
    "expression": _expression,
    "equation": _equation,
    "matrix": _matrix,
    "text": _text,
    "choice": _choice,
}
"""Answer type → function that draws a gold answer with its variants."""
