"""One check per procedural family: the gold answer of a task, and its steps, by a computation of another kind."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from latex_value import check_steps, in_dollars, latex_value
from word_family_checks import WORD_CHECKS


def check_chain(task):
    modulus, chain = re.fullmatch(r"Compute left to right, modulo (\d+): ([-+*\d]+)=\?", task.prompt).groups()
    nested = re.match(r"\d", chain).group()
    for step in re.findall(r"[-+*]\d", chain):
        nested = f"({nested}){step}"
    assert int(task.reference.answer) == latex_value(nested) % int(modulus)
    assert len(re.findall(r"[-+*]", chain)) == task.metadata["difficulty"]
    steps = [re.fullmatch(r"(\d[-+*]\d)=(\d)", step).groups() for step in task.solution.removesuffix(";").split(";")]
    assert all(latex_value(left) % int(modulus) == int(right) for left, right in steps)
    assert all(following[0][0] == step[1] for step, following in pairwise(steps))


def check_expression(task):
    expression = task.prompt.removeprefix("Evaluate: ")
    assert int(task.reference.answer) == latex_value(expression)
    assert len(re.findall(r" [-+*] ", expression)) == task.metadata["difficulty"] + 1
    for step in task.solution.split("; "):
        left, right = step.split(" = ")
        assert latex_value(left) == int(right)


def check_equation(task):
    sides = re.sub(r"(?<=\d)(?=[x(])", "*", task.prompt.removeprefix("Solve for x: ")).split(" = ")
    x = Fraction(task.reference.answer)
    left, right = (side_value(side, x) for side in sides)
    assert left == right
    assert side_value(sides[0], x + 1) != side_value(sides[1], x + 1)
    assert task.metadata["difficulty"] == 4 or x.denominator == 1


def side_value(side, x):
    """Evaluate a linear expression at a rational x by scaling: f(x) = f(0) + x·(f(1) − f(0))."""
    at_zero, at_one = (latex_value(side.replace("x", str(value))) for value in (0, 1))
    return at_zero + x * (at_one - at_zero)


def check_gcd_lcm(task):
    kind, *operands = re.fullmatch(
        r"Find the (greatest common divisor|least common multiple) of (\d+) and (\d+)\.", task.prompt
    ).groups()
    small, large = map(int, operands)
    expected = math.gcd(small, large) if kind == "greatest common divisor" else math.lcm(small, large)
    assert int(task.reference.answer) == expected
    assert 1 < small < large
    for total, quotient, divisor, remainder in re.findall(r"(\d+) = (\d+) \* (\d+) \+ (\d+)\.", task.solution):
        assert divmod(int(total), int(divisor)) == (int(quotient), int(remainder))


def check_fractions(task):
    (expression,) = in_dollars(task.prompt)
    assert latex_value(task.reference.answer) == latex_value(expression)
    assert isinstance(latex_value(task.reference.answer), Fraction)
    check_steps(task)


def sides_at(equation, **variables):
    return [latex_value(side, **variables) for side in equation.split("=")]


def check_system(task):
    equations = in_dollars(task.prompt)[:2]
    x, y = (latex_value(part) for part in task.reference.answer[1:-1].split(", "))
    for equation in equations:
        left, right = sides_at(equation, x=x, y=y)
        assert left == right
    rows = [
        [sides_at(equation, x=Fraction(a), y=Fraction(b))[0] for a, b in ((1, 0), (0, 1))] for equation in equations
    ]
    assert rows[0][0] * rows[1][1] != rows[0][1] * rows[1][0]
    assert task.metadata["difficulty"] == 3 or x.denominator == y.denominator == 1
    check_steps(task)


def check_quadratic(task):
    equation = in_dollars(task.prompt)[0]
    roots = [float(latex_value(root)) for root in task.reference.answer[2:-2].split(", ")]

    def difference(x):
        left, right = sides_at(equation, x=Fraction(x))
        return left - right

    at_zero, at_one, at_minus_one = difference(0), difference(1), difference(-1)
    a, b = (at_one + at_minus_one) / 2 - at_zero, (at_one - at_minus_one) / 2
    expected = np.roots([float(a), float(b), float(at_zero)])
    assert not np.iscomplex(expected).any() or len(roots) == 1
    np.testing.assert_allclose(roots, np.unique(expected.real.round(6))[: len(roots)], atol=2e-6)
    assert len(roots) == (1 if b * b == 4 * a * at_zero else 2)
    assert roots == sorted(roots)


RELATIONS = {"<": operator.lt, r"\le": operator.le, ">": operator.gt, r"\ge": operator.ge}


def check_inequality(task):
    """At every eighth between -40 and 40, at the bounds and close to them, the inequality holds as the answer says."""
    left, relation, right = re.split(r" (<|>|\\le|\\ge) ", in_dollars(task.prompt)[0])
    intervals = [read_interval(part) for part in task.reference.answer.split(r" \cup ")]
    bounds = {bound for _, low, high, _ in intervals for bound in (low, high) if abs(bound) != math.inf}
    near = {bound + shift for bound in bounds for shift in (-Fraction(1, 10**6), 0, Fraction(1, 10**6))}
    assert bounds
    for x in {*near, *(Fraction(eighths, 8) for eighths in range(-320, 321))}:
        value = latex_value(left.strip("|"), x=x)
        holds = RELATIONS[relation](abs(value) if "|" in left else value, latex_value(right, x=x))
        assert holds == any(contains(interval, x) for interval in intervals), x


def read_interval(text):
    low, high = (
        latex_value(bound.replace(r"\infty", "oo"), oo=math.inf) if "infty" in bound else latex_value(bound)
        for bound in text[1:-1].split(", ")
    )
    return text[0] == "[", low, high, text[-1] == "]"


def contains(interval, x):
    is_low_closed, low, high, is_high_closed = interval
    return low < x < high or (is_low_closed and x == low) or (is_high_closed and x == high)


def check_polynomial_value(task):
    definition, value = in_dollars(task.prompt)
    argument = re.fullmatch(r"f\((.*)\)", value)[1]
    assert latex_value(task.reference.answer) == latex_value(definition.split(" = ")[1], x=latex_value(argument))
    assert (latex_value(argument).denominator > 1) == (task.metadata["difficulty"] == 3)
    check_steps(task)


def check_expansion(task):
    (product,) = in_dollars(task.prompt)
    assert "(" not in task.reference.answer
    for step in [f"{product} = {task.reference.answer}", *task.solution.split("\n")[:-1]]:
        for x in map(Fraction, range(-5, 6)):  # more points than the degree
            values = sides_at(step, x=x)
            assert len(set(values)) == 1, step


def check_derivative(task):
    function = in_dollars(task.prompt)[0].split(" = ")[1]
    step = 1e-4
    for x in (-0.7, 0.3, 0.9):
        high, low = (float(latex_value(function, x=x + shift)) for shift in (step, -step))
        assert math.isclose(
            (high - low) / (2 * step), latex_value(task.reference.answer, x=x), rel_tol=1e-4, abs_tol=1e-2
        )


def check_sequence(task):
    (check_recursion if task.prompt.startswith("A sequence has") else check_listed_sequence)(task)
    check_steps(task)


def check_recursion(task):
    *given, rule, _, wanted = in_dollars(task.prompt)
    values = [int(start.split(" = ")[1]) for start in given]
    step = rule.split(" = ")[1].replace("a_{n-1}", "y").replace("a_n", "x")
    while len(values) < int(wanted.removeprefix("a_")):
        values.append(latex_value(step, x=values[-1], y=values[-2] if len(values) > 1 else None))
    assert int(task.reference.answer) == values[-1]


def check_listed_sequence(task):
    answer = latex_value(task.reference.answer)
    if "infinite" in task.prompt:
        ratio = latex_value(re.search(r"ratio is .* = (.*)\.", task.solution)[1])
        first, rest = in_dollars(task.prompt)[0].removesuffix(r" + \cdots").split(" ", 1)
        assert latex_value(f"0 {rest}") == latex_value(first) * (ratio + ratio**2)
        assert math.isclose(sum(latex_value(first) * float(ratio) ** k for k in range(400)), answer, rel_tol=1e-9)
        return
    terms = [int(term) for term in in_dollars(task.prompt)[0].removesuffix(r", \ldots").split(", ")]
    number = int(re.search(r"(?:number|first) (\d+)", task.prompt)[1])
    while len(terms) < number:
        is_arithmetic = "arithmetic" in task.prompt
        terms.append(2 * terms[-1] - terms[-2] if is_arithmetic else terms[-1] ** 2 // terms[-2])
    assert answer == (sum(terms) if "sum" in task.prompt else terms[-1])


def check_modular_power(task):
    base, exponent, modulus = map(int, re.findall(r"\d+", task.prompt))
    assert int(task.reference.answer) == pow(base, exponent, modulus)
    steps = task.solution.split("\n")[1:]
    for step in steps:
        power, text, product, remainder = re.fullmatch(r"(.*) \\equiv (.*) = (\d+) \\equiv (\d+)", step).groups()
        assert latex_value(text) == int(product)
        assert latex_value(power) % modulus == int(product) % modulus == int(remainder)


def check_base_conversion(task):
    source, target = re.match(r"Write (\S+) in base (\d+)", task.prompt).groups()
    assert in_base_ten(task.reference.answer) == in_base_ten(source.strip("$"))
    assert (task.reference.answer.partition("_")[2].strip("{}") or "10") == target
    check_steps(replace(task, solution=re.sub(r" \([A-F]\)", "", task.solution)))


def in_base_ten(text):
    digits, _, base = text.replace("{", "").replace("}", "").partition("_")
    return int(digits, int(base or 10))


def check_matrix(task):
    given = read_matrices(task.prompt)
    if task.prompt.startswith("Find the determinant"):
        assert round(np.linalg.det(given[0])) == int(task.reference.answer)
        return
    (answer,) = read_matrices(task.reference.answer)
    np.testing.assert_allclose(answer, given[0] @ given[1] if len(given) == 2 else np.linalg.inv(given[0]), atol=1e-9)


def read_matrices(text):
    bodies = re.findall(r"\\begin\{pmatrix\} (.*?) \\end\{pmatrix\}", text)
    return [
        np.array([[float(latex_value(entry)) for entry in row.split(" & ")] for row in body.split(r" \\ ")])
        for body in bodies
    ]


CHECKS = {
    **WORD_CHECKS,
    "chain_arithmetic": check_chain,
    "integer_expressions": check_expression,
    "fraction_expressions": check_fractions,
    "linear_equations": check_equation,
    "linear_systems": check_system,
    "quadratic_equations": check_quadratic,
    "inequalities": check_inequality,
    "polynomial_evaluation": check_polynomial_value,
    "polynomial_expansion": check_expansion,
    "derivatives": check_derivative,
    "sequences": check_sequence,
    "gcd_lcm": check_gcd_lcm,
    "modular_powers": check_modular_power,
    "base_conversion": check_base_conversion,
    "matrices": check_matrix,
}
