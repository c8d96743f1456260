"""What parts say together: a sequence, a residue class, a formula and its domain, a system, a product of vectors.

The grammar reads the items; nothing here looks at text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.nodes import Node, UnreadableError, number
from reasonenv.grading.math.notation import vocabulary

DOTS = Node("dots")
OTHERWISE = frozenset(["otherwise", "else", "if otherwise", "in other cases"])
_CONDITIONS = frozenset(["<", "<=", ">", ">=", "!=", "in"])
BOUND = "•"
"""Begins the name of what is bound; a number of the level follows."""
_CHOICE = Node("var", (), "C")
_MAX_EXPANDED = 64


def expanded(items: Sequence[Node]) -> list[Node]:
    r"""Write 1, 2, …, 9 as nine numbers; items whose rule the numbers do not show become one sequence."""
    items = list(items)
    if DOTS not in items:
        return items
    return _progression(items) or [Node("sequence", tuple(items))]


def _progression(items: Sequence[Node]) -> list[Node] | None:
    """Return all members of a progression from some numbers, dots and its last number; None if they do not fit."""
    cut = items.index(DOTS)
    shown, rest = items[:cut], items[cut + 1 :]
    values = [_rational(item) for item in (*shown, *rest)]
    if len(shown) < 2 or len(rest) != 1 or None in values:
        return None
    known = [Fraction(value) for value in values if value is not None]
    arithmetic = _continued(known, known[1] - known[0], is_sum=True)
    geometric = _continued(known, known[1] / known[0], is_sum=False) if known[0] else None
    found = [members for members in (arithmetic, geometric) if members]
    return [number(value) for value in found[0]] if len(found) == 1 else None


def _continued(known: Sequence[Fraction], step: Fraction, *, is_sum: bool) -> list[Fraction] | None:
    """Continue from the first number by a step until the last; None if a number that is known is not met."""
    members = [known[0]]
    while len(members) < _MAX_EXPANDED and (len(members) < len(known) - 1 or members[-1] != known[-1]):
        members.append(members[-1] + step if is_sum else members[-1] * step)
    is_met = members[-1] == known[-1] and members[: len(known) - 1] == list(known[:-1])
    return members if is_met and len(set(members)) == len(members) else None


def _rational(node: Node) -> Fraction | int | None:
    if node.kind == "neg" and node.args[0].kind == "num":
        return -node.args[0].value
    return node.value if node.kind == "num" else None


def ordered_operation(name: str, operands: Sequence[Node]) -> Node:
    """Return a sum or product with dots: worked out as written if its numbers show the rule, else a name of its own."""
    members = _progression(operands)
    if members is None:
        return Node("call", tuple(part for part in operands if part != DOTS), f"{name} {list(operands).index(DOTS)}")
    node = members[0]
    for member in members[1:]:
        node = Node("add" if name == "sum" else "mul", (node, member))
    return node


def congruences(items: Sequence[Node]) -> list[Node]:
    r"""Join `x \equiv 2, 4 \pmod 6` to one residue class; items before a modulus share it.

    Raises:
        UnreadableError: a left side that is no name, or items without a modulus.
    """
    if not any(item.kind == "congruence" for item in items):
        return list(items)
    if items[-1].kind != "congruence":
        raise UnreadableError("a residue without modulus")
    modulus = items[-1].args[0]
    if any(item.kind == "congruence" and item.args[0] != modulus for item in items):
        return [_named_class([item]) for item in items]
    return [_named_class(items)]


def _named_class(items: Sequence[Node]) -> Node:
    residues, names = list[Node](), set[Node]()
    for item in items:
        residue = item.args[1] if item.kind == "congruence" else item
        if residue.kind == "relation":
            if residue.name != "=" or residue.args[0].kind != "var" or len(residue.args) != 2:
                raise UnreadableError("a congruence of an expression")
            names.add(residue.args[0])
            residue = residue.args[1]
        residues.append(residue)
    if len(names) > 1 or items[-1].kind != "congruence":
        raise UnreadableError("a residue without modulus")
    residue_class = _residue_class(items[-1].args[0], residues)
    return Node("relation", (names.pop(), residue_class), "in") if names else residue_class


def _residue_class(modulus: Node, residues: Sequence[Node]) -> Node:
    values = [_rational(residue) for residue in residues]
    if modulus.kind == "num" and modulus.value >= 1 and all(isinstance(value, int) for value in values):
        reduced = sorted({int(value) % int(modulus.value) for value in values if value is not None})
        return Node("congruence", (modulus, *map(number, reduced)))
    return Node("congruence", (modulus, *residues))


def with_domain(items: Sequence[Node], separators: Sequence[str]) -> Node | None:
    """Return a formula with the conditions on its variables, as `x^2, x>0`; None if the items are anything else.

    Raises:
        UnreadableError: words say that conditions follow, and none do.
    """
    cut = separators.index("where") + 1 if "where" in separators else 1
    domain = None if "where" in separators[cut:] else _with_conditions(items[:cut], items[cut:])
    if domain is None and "where" in separators:
        raise UnreadableError("words that are no domain")
    return domain


def _with_conditions(formulas: Sequence[Node], conditions: Sequence[Node]) -> Node | None:
    if not conditions or not all(_is_condition(item) for item in conditions):
        return None
    if any(_is_condition(formula) for formula in formulas):
        return None
    used = frozenset[str]().union(*(_used(formula) for formula in formulas))
    if not all(variables(condition) & used for condition in conditions):
        return None
    formula = formulas[0] if len(formulas) == 1 else Node("list", tuple(formulas))
    return Node("domain", (formula, *conditions))


def built_set(element: Node, conditions: Sequence[Node], join: str) -> Node:
    r"""Read a set builder: \{x | x > 1\} as its condition, \{3k | k \in Z\} as a formula with a domain.

    Args:
        join: how the conditions are joined, as the name of a list says.

    Raises:
        UnreadableError: the conditions say nothing of the element.
    """
    if element.kind == "relation" and element.name == "in":
        conditions = conditions if element.args[1].kind == "reals" else [element, *conditions]
        element = element.args[0]
    names = variables(element)
    if not names or not names & frozenset[str]().union(*(variables(condition) for condition in conditions)):
        raise UnreadableError("a set builder without a condition on its element")
    value = _definition(element, conditions) if len(conditions) > 1 else None
    if value is not None:
        others = [condition for condition in conditions if condition.args[1:] != (value,)]
        return Node("domain", (Node("set", (value,)), *others))
    if all(part.kind == "var" for part in (element.args if element.kind == "tuple" else (element,))):
        return conditions[0] if len(conditions) == 1 else Node("list", tuple(conditions), join)
    return Node("domain", (Node("set", (element,)), *conditions))


def _definition(element: Node, conditions: Sequence[Node]) -> Node | None:
    """Return the value that an equation among the conditions gives the element."""
    given = [condition for condition in conditions if condition.name == "=" and condition.args[0] == element]
    others = [condition for condition in conditions if condition not in given]
    is_definition = len(given) == 1 and variables(given[0].args[1]) and all(map(_is_condition, others))
    return given[0].args[1] if is_definition else None


def is_usual(condition: Node) -> bool:
    """Return whether a condition may be added to a formula without changing it: x > 0, n ≥ 1, x ≠ 3, k ∈ Z."""
    if condition.name == "!=":
        return True
    if condition.name == "in":
        return condition.args[1].kind == "reals" or condition.args[1].name.startswith("mathbb ")
    bounds = [_rational(part) for part in condition.args]
    return all(
        part.kind == "var" or (bound is not None and 0 <= bound <= 2)
        for part, bound in zip(condition.args, bounds, strict=True)
    )


def _is_condition(node: Node) -> bool:
    return node.kind == "relation" and set(node.name.split()) <= _CONDITIONS


def _used(formula: Node) -> frozenset[str]:
    """Return the variables of a formula; of an equation, those that its value depends on."""
    return variables(formula.args[-1] if formula.kind == "relation" else formula)


def system(rows: Sequence[Sequence[Node]]) -> Node:
    """Return what rows say: one value, equations that hold together, or pieces of a function with their conditions.

    Raises:
        UnreadableError: rows of several kinds.
    """
    if all(len(row) == 1 for row in rows):
        items = [part for (item,) in rows for part in (item.args if item.kind == "list" else (item,))]
        return items[0] if len(items) == 1 else Node("list", tuple(items))
    if any(len(row) > 2 for row in rows) or any(len(row) == 1 for row in rows[:-1]):
        raise UnreadableError("rows of several kinds")
    pieces = [Node("tuple", (row[0], row[1] if len(row) == 2 else Node("text", (), "otherwise"))) for row in rows]
    return Node("list", tuple(pieces), "cases")


def transposed(node: Node) -> Node:
    """Return a matrix with rows for columns; a tuple is a row."""
    if node.kind == "tuple":
        return Node("matrix", tuple(Node("row", (part,)) for part in node.args))
    if len({len(row.args) for row in node.args}) != 1:
        raise UnreadableError("a matrix whose rows differ in length")
    columns = zip(*(row.args for row in node.args), strict=True)
    return Node("matrix", tuple(Node("row", tuple(column)) for column in columns))


def product_of_letters(word: str) -> Node:
    """Return the product of the letters of a short word."""
    letters = [vocabulary.LETTER_CONSTANTS.get(letter, Node("var", (), letter)) for letter in word]
    node = letters[0]
    for letter in letters[1:]:
        node = Node("mul", (node, letter))
    return node


def juxtaposed(left: Node, right: Node, name: str) -> Node:
    """Return a product without a sign; C(n, k) is a binomial coefficient, but C(1, 2) may be a point."""
    if left == _CHOICE and right.kind == "tuple" and len(right.args) == 2 and variables(right):
        return Node("call", right.args, "binomial")
    return Node("mul", (left, right), name)


def operation(symbol: str, left: Node, right: Node) -> Node:
    """Return a product or quotient, or a product of vectors or of unknown kind, which need not commute."""
    if symbol in vocabulary.OPERATORS:
        return Node("call", (left, right), f"operator {symbol}")
    if symbol in vocabulary.OVER:
        return Node("div", (left, right))
    if symbol in ("times", "cdot") and _is_vector(left) and _is_vector(right):
        return Node("call", (left, right), f"vector {symbol}")
    return Node("mul", (left, right))


def _is_vector(node: Node) -> bool:
    if node.kind == "call" and node.name == "vector times":
        return True
    return node.kind != "call" and (node.name.startswith(vocabulary.VECTORS) or any(map(_is_vector, node.args)))


def accented(accent: str, letters: str) -> Node:
    r"""Return a name with its accent; \vec and \overrightarrow mean the same, and BA is the opposite of AB."""
    if letters in ("R", "mathbbR"):
        return vocabulary.CONSTANTS["R"]
    if accent not in ("vec", "overrightarrow"):
        return Node("var", (), f"{accent} {letters}")
    is_backwards = len(letters) == 2 and letters.isupper() and letters[0] > letters[1]
    name = Node("var", (), f"vec {letters[::-1] if is_backwards else letters}")
    return Node("neg", (name,)) if is_backwards else name


def bound(body: Node, name: str) -> tuple[Node, Node]:
    """Return the new name of what is bound in a body, and the body with it; a_{n-k} is renamed, too."""
    levels = [int(level) for used in variables(body) for level in re.findall(rf"{BOUND}(\d+)", used)]
    new = f"{BOUND}{max(levels, default=-1) + 1}"
    return Node("var", (), new), _renamed(body, name, new)


@lru_cache(maxsize=256)
def _in_index(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])")


def _renamed(node: Node, old: str, new: str) -> Node:
    if node.kind in ("var", "const") and node.name == old:
        return node._replace(name=new)
    if node.kind == "var" and "_" in node.name:
        head, _, index = node.name.partition("_")
        return node._replace(name=f"{head}_{_in_index(old).sub(new, index)}")
    return node._replace(args=tuple(_renamed(part, old, new) for part in node.args)) if node.args else node


def matrix_of_rows(items: Sequence[Node]) -> Node | None:
    """Return the matrix that lists of equal length are the rows of, as programs print it; None for other items."""
    are_rows = len(items) > 1 and all(
        item.kind == "tuple" or (item.kind == "interval" and item.name == "[]") for item in items
    )
    if not are_rows or len({len(item.args) for item in items}) > 1:
        return None
    return Node("matrix", tuple(Node("row", item.args) for item in items))
