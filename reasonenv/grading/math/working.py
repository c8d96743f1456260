"""What an equal answer leaves to compute: the operations of its expression that the gold answer has not.

A sign, a fraction of two whole numbers, a name, a unit and the marks around a formula are no operations.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.nodes import APPLIED, Node, OverBudgetError
from reasonenv.grading.math.notation.readings import read_answer
from reasonenv.grading.math.notation.tokens import canonical_text

_DIVISION_SIGN = re.compile(r"÷|\\div(?![A-Za-z])")
_OPERATION = re.compile(
    r"(?<=[\w)}\]])\s*[-+*^!×÷−]|\\(?:div|times|cdot|sqrt|binom|begin|det|[bp]?mod|int|sum|prod|lim)"
)


def leaves_more_to_do(answer: str, gold: str) -> bool:
    """Return whether an answer has more operations of some kind than the gold answer, and so is not worked out.

    Where one of them is words or too long to be read, the signs of operations in the texts are counted.

    >>> leaves_more_to_do("2+3", "5"), leaves_more_to_do(r"x = \\frac{-3}{4}", "-3/4")
    (True, False)
    """
    try:
        read, wanted = read_answer(answer), read_answer(gold)
    except OverBudgetError:
        read = wanted = None
    if read is None or wanted is None or "text" in (read.kind, wanted.kind):
        texts = (Counter(sign.strip() for sign in _OPERATION.findall(canonical_text(text))) for text in (answer, gold))
        return _has_more(*texts)
    return _has_more(_operations(read, answer), _operations(wanted, gold))


def _has_more(answer: Counter[str], gold: Counter[str]) -> bool:
    return any(answer[kind] > gold[kind] for kind in answer)


def _operations(node: Node, text: str) -> Counter[str]:
    counts = Counter(_kinds(node))
    counts["division"] += len(_DIVISION_SIGN.findall(text))
    return counts


def _kinds(node: Node) -> Iterator[str]:
    """Yield the kind of each operation of a node."""
    if node.kind == "relation" and set(node.name.split()) <= {"=", "~"}:
        yield from _fewest(node)
        return
    yield from _own(node)
    for part in node.args:
        yield from _kinds(part)


def _fewest(equation: Node) -> Iterator[str]:
    """Yield the operations of the side that has the fewest: what an equation says last may stand on either side."""
    sides = [side for side in equation.args if not _is_bare_name(side)] or list(equation.args)
    counts = [list(_kinds(side)) for side in sides]
    values = [count for side, count in zip(sides, counts, strict=True) if not variables(side)]
    yield from min(values or counts[-1:], key=len)


def _is_bare_name(node: Node) -> bool:
    return node.kind == "var" or (node.kind == "mul" and node.name == APPLIED)


def _own(node: Node) -> Iterator[str]:
    if node.kind == "add" and node.name != "mixed":
        yield from ["sum"] * (len(node.args) - 1)
    elif (node.kind in ("pm", "mp") and node.args[0].value) or (node.kind == "neg" and node.args[0].kind == "neg"):
        yield "sum"
    elif node.kind in ("call", "pow", "matrix"):
        yield node.name or node.kind
    elif node.kind == "mul" and (all(_is_rational(part) for part in node.args) or _ends_in_numbers(node)):
        yield "product"
    elif node.kind == "div" and not _is_fraction(node):
        yield "quotient"
    if node.kind in ("mul", "pow"):
        yield from ["bracket"] * sum(_unsigned(part).kind == "add" for part in node.args)


def _ends_in_numbers(product: Node) -> bool:
    """Return whether the last two factors of a product are numbers."""
    left, right = product.args
    return left.kind == "mul" and _is_rational(left.args[1]) and _is_rational(right)


def _is_rational(node: Node) -> bool:
    node = _unsigned(node)
    is_sum = node.kind == "pow" and _is_rational(node.args[0])
    return (
        is_sum or node.kind == "num" or (node.kind in ("div", "mul") and all(_is_rational(part) for part in node.args))
    )


def _is_fraction(quotient: Node) -> bool:
    """Return whether this is a number such as 3/4, or a formula over another, rather than 12/4."""
    above, below = (_unsigned(part) for part in quotient.args)
    if above.kind == below.kind == "num":
        return not below.value or above.value % below.value != 0
    return not all(_is_rational(part) for part in quotient.args)


def _unsigned(node: Node) -> Node:
    while node.kind == "neg":
        node = node.args[0]
    return node
