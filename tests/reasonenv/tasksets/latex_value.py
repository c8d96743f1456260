r"""The value of the LaTeX that the families write, by way of Python's own parser: exact wherever it is rational.

It knows nothing of the code that wrote it: it reads text.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from fractions import Fraction
from itertools import pairwise

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: Fraction(left) / right if isinstance(right, Fraction) else left / right,
    ast.Pow: lambda base, exponent: base ** (int(exponent) if exponent == int(exponent) else exponent),
}
_FUNCTIONS = {"sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "ln": math.log}
_COUNTS = {"binom": math.comb, "factorial": math.factorial}
_CONSTANTS = {"pi": math.pi, "e": math.e}
_BRACED = r"\{((?:[^{}])*)\}"


def latex_value(text, **variables):
    """Return a Fraction, or a float where roots, functions or π occur; ValueError where the text is no expression."""
    try:
        tree = ast.parse(as_python(text), mode="eval").body
        return _value(tree, {**_CONSTANTS, **variables})
    except (SyntaxError, KeyError) as error:
        raise ValueError(f"not an expression: {text!r} ({as_python(text)})") from error


def as_python(text):
    """Translate to Python's operators, innermost braces first, and write out every multiplication."""
    text = text.strip().replace(r"\cdot", "*").replace(r"\div", "/").replace(r"\left", "").replace(r"\right", "")
    text = re.sub(r"\^(\w)", r"**\1", text).replace("^{", "**{")
    while "{" in text:
        before = text
        text = re.sub(rf"\\frac{_BRACED}{_BRACED}", r"((\1)/(\2))", text)
        text = re.sub(rf"\\binom{_BRACED}{_BRACED}", r"binom(\1,\2)", text)
        text = re.sub(rf"\\sqrt{_BRACED}", r"sqrt(\1)", text)
        text = re.sub(rf"\*\*{_BRACED}", r"**(\1)", text)
        if text == before:
            raise ValueError(f"braces of no known command: {text!r}")
    text = re.sub(r"\\(sin|cos|ln|pi)", r" \1", text)
    text = re.sub(r"(\d+)!", r"factorial(\1)", text)
    return re.sub(r"(?<=[\d)xy])\s*(?=[a-z(])", "*", text).strip()


def _value(node, names):
    if isinstance(node, ast.Constant):
        return Fraction(node.value)
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, names)
    if isinstance(node, ast.Call):
        arguments = [_value(argument, names) for argument in node.args]
        if node.func.id in _COUNTS:
            return Fraction(_COUNTS[node.func.id](*map(int, arguments)))
        return _FUNCTIONS[node.func.id](*arguments)
    if not isinstance(node, ast.BinOp):
        raise SyntaxError(type(node).__name__)
    return _BINARY[type(node.op)](_value(node.left, names), _value(node.right, names))


def equalities(text):
    """Yield both sides of each a = b between numbers in a worked solution; words and unknowns are passed over."""
    for sentence in re.split(r"[.;:]?\n|[.;:] |, | and |[.;]$", text):
        sides = [number_or_none(side) for side in sentence.split("=")]
        yield from (pair for pair in pairwise(sides) if None not in pair)


def number_or_none(text):
    """Return the number that a text says, words before and after it aside."""
    text = re.sub(r"(?<=[\d})]) [a-z]{2,}.*$", "", text.strip())
    try:
        return latex_value(re.sub(r"^[A-Za-z ]* (?=[-(\\\d])", "", text))
    except ValueError:
        return None


def check_steps(task):
    """Every equality of numbers in the worked solution holds, and there is one."""
    pairs = list(equalities(task.solution))
    assert pairs, task.solution
    assert all(math.isclose(left, right, rel_tol=1e-12) for left, right in pairs), task.solution


def in_dollars(text):
    return re.findall(r"\$([^$]+)\$", text)
