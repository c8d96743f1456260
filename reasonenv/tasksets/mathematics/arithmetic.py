"""Arithmetic: chains of operations modulo m, expressions with parentheses, and fractions.

The worked solutions write every intermediate result and end in the answer, so that a model trained on them learns steps
it can carry out one at a time.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import bracketed, fraction
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import Family, family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, one_of

_OPERATORS = "+-*"
_PRECEDENCE = {"+": 1, "-": 1, "*": 2}
_MAX_OPERAND = 12


class _Operation(NamedTuple):
    operator: str
    left: _Operation | int
    right: _Operation | int


def _apply(operator: str, left: int, right: int) -> int:
    if operator == "+":
        return left + right
    return left - right if operator == "-" else left * right


def _chain(rng: Rng, difficulty: int, *, modulus: int) -> Problem:
    """Chain `difficulty` operations on digits 1 to 9, left to right, and reduce modulo `modulus` after each."""
    value, *operands = (int(digit) for digit in rng.integers(1, 10, size=difficulty + 1))
    operators = [_OPERATORS[kind] for kind in rng.integers(0, len(_OPERATORS), size=difficulty)]
    expression, steps = str(value), list[str]()
    for operator, operand in zip(operators, operands, strict=True):
        result = _apply(operator, value, operand) % modulus
        expression += f"{operator}{operand}"
        steps.append(f"{value}{operator}{operand}={result};")
        value = result
    prompt = f"Compute left to right, modulo {modulus}: {expression}=?"
    return computed(prompt, str(value), "".join(steps))


def chain_arithmetic_modulo(modulus: int, *, name: str) -> Family:
    """Return the family of chains modulo `modulus` ≥ 2, of 2 to 5 operations.

    >>> chain_arithmetic_modulo(7, name="chain_mod7")("train")[0].prompt
    'Compute left to right, modulo 7: 8+6+5=?'
    """
    if modulus < 2:
        raise ValueError(f"modulus must be at least 2, got {modulus}.")
    return Family(name=name, generate=partial(_chain, modulus=modulus), levels=(2, 3, 4, 5), domain="arithmetic")


def _integer_expression(rng: Rng, difficulty: int) -> Problem:
    """Nest `difficulty + 1` operations on integers 1 to 12 at random."""
    tree = _random_tree(rng, difficulty + 1)
    steps = list[str]()
    value = _evaluate(tree, steps)
    return computed(f"Evaluate: {_render(tree)}", str(value), "; ".join(steps))


def _random_tree(rng: Rng, num_operations: int) -> _Operation | int:
    if num_operations == 0:
        return int(rng.integers(1, _MAX_OPERAND + 1))
    operator = _OPERATORS[rng.integers(0, len(_OPERATORS))]
    num_left = int(rng.integers(0, num_operations))
    left = _random_tree(rng, num_left)
    return _Operation(operator, left, _random_tree(rng, num_operations - 1 - num_left))


def _evaluate(tree: _Operation | int, steps: list[str]) -> int:
    """Return the value, and append one line per operation in an order in which operands are known."""
    if isinstance(tree, int):
        return tree
    left, right = _evaluate(tree.left, steps), _evaluate(tree.right, steps)
    value = _apply(tree.operator, left, right)
    steps.append(f"{left} {tree.operator} {f'({right})' if right < 0 else right} = {value}")
    return value


def _render(tree: _Operation | int) -> str:
    """Write an expression with the parentheses that it needs, and around every right operand of equal precedence."""
    if isinstance(tree, int):
        return str(tree)
    precedence = _PRECEDENCE[tree.operator]
    left, right = _render(tree.left), _render(tree.right)
    if isinstance(tree.left, _Operation) and _PRECEDENCE[tree.left.operator] < precedence:
        left = f"({left})"
    if isinstance(tree.right, _Operation) and _PRECEDENCE[tree.right.operator] <= precedence:
        right = f"({right})"
    return f"{left} {tree.operator} {right}"


def _sum_of_fractions(rng: Rng) -> Problem:
    left, right = _proper_fraction(rng, 12), _proper_fraction(rng, 12)
    operator = one_of(rng, "+-")
    return _fraction_problem(f"{fraction(left)} {operator} {fraction(right)}", *_added(left, operator, right))


def _product_of_fractions(rng: Rng) -> Problem:
    left, right = _proper_fraction(rng, 15), _proper_fraction(rng, 15)
    operator = one_of(rng, (r"\cdot", r"\div"))
    return _fraction_problem(f"{fraction(left)} {operator} {fraction(right)}", *_multiplied(left, operator, right))


def _sum_and_product(rng: Rng) -> Problem:
    first, second, third = (_proper_fraction(rng, 12) for _ in range(3))
    operators = one_of(rng, "+-"), one_of(rng, (r"\cdot", r"\div"))
    product, steps = _multiplied(second, operators[1], third)
    value, more = _added(first, operators[0], product)
    text = f"{fraction(first)} {operators[0]} {fraction(second)} {operators[1]} {fraction(third)}"
    return _fraction_problem(text, value, [*steps, *more])


def _product_of_a_sum(rng: Rng) -> Problem:
    first, second, third = (_proper_fraction(rng, 12) for _ in range(3))
    while first == second:
        second = _proper_fraction(rng, 12)
    operators = one_of(rng, "+-"), one_of(rng, (r"\cdot", r"\div"))
    total, steps = _added(first, operators[0], second)
    value, more = _multiplied(total, operators[1], third)
    text = f"({fraction(first)} {operators[0]} {fraction(second)}) {operators[1]} {fraction(third)}"
    return _fraction_problem(text, value, [*steps, *more])


def _proper_fraction(rng: Rng, max_denominator: int) -> Fraction:
    """Draw a fraction between 0 and 1."""
    denominator = integer(rng, 2, max_denominator)
    return Fraction(integer(rng, 1, denominator - 1), denominator)


def _fraction_problem(text: str, value: Fraction, steps: list[str]) -> Problem:
    return computed(f"Compute ${text}$. Give your answer in lowest terms.", fraction(value), *steps)


def _added(left: Fraction, operator: str, right: Fraction) -> tuple[Fraction, list[str]]:
    """Return the sum or difference, and how it is found over a common denominator."""
    value = left + right if operator == "+" else left - right
    common = math.lcm(left.denominator, right.denominator)
    numerators = [int(part * common) for part in (left, right)]
    joined = f"\\frac{{{numerators[0]} {operator} {bracketed(numerators[1])}}}{{{common}}}"
    return value, [f"{fraction(left)} {operator} {bracketed(right)} = {joined} = {fraction(value)}"]


def _multiplied(left: Fraction, operator: str, right: Fraction) -> tuple[Fraction, list[str]]:
    """Return the product or quotient; a quotient is first turned into a product."""
    factor = right if operator == r"\cdot" else 1 / right
    turned = "" if operator == r"\cdot" else f"{bracketed(left)} \\cdot {fraction(factor)} = "
    numerator = f"{bracketed(left.numerator)} \\cdot {factor.numerator}"
    denominator = f"{left.denominator} \\cdot {factor.denominator}"
    step = f"{bracketed(left)} {operator} {fraction(right)} = {turned}\\frac{{{numerator}}}{{{denominator}}}"
    return left * factor, [f"{step} = {fraction(left * factor)}"]


chain_arithmetic = chain_arithmetic_modulo(10, name="chain_arithmetic")
integer_expressions = Family(
    name="integer_expressions", generate=_integer_expression, levels=(1, 2, 3, 4), domain="arithmetic"
)
fraction_expressions = family_of_kinds(
    "fraction_expressions", "arithmetic", _sum_of_fractions, _product_of_fractions, _sum_and_product, _product_of_a_sum
)
