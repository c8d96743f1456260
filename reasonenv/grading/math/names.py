"""What stands on the left of an equation: whether it names a value, and whether two names are the same.

A name is a letter, an applied function, a length or a derivative. Expressions of several letters, such as 2a + b, are
names where a value is asked for, since nothing about them can be solved for one letter.
"""

from __future__ import annotations

from typing import NamedTuple

from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.nodes import APPLIED, Node, number, walk

_INVERSE = Node("neg", (number(1),))
_ANGLES = ("sin", "cos", "tan", "cot", "sec", "csc")
_NAMING = frozenset(
    [*_ANGLES, *(f"arc{angle}" for angle in _ANGLES), "tg", "ctg", "gcd", "lcm", "max", "min", "factorial"]
)
_DEPENDENT = frozenset("yzw")
"""Letters that a formula in other letters may be written for without the name of a function."""
_COORDINATES = frozenset("xyz")
_EXPRESSIONS = frozenset(["var", "num", "const", "add", "neg", "mul", "div", "pow", "call"])
_SQUARED = frozenset(["sigma", "chi", "r", "R"])
"""Letters whose squares are asked for themselves: a variance, a radius, a correlation."""
_EXTREMA = frozenset(["max", "min", "maxtext", "mintext"])


class Head(NamedTuple):
    """A letter with its primes and what it is applied to: `Head("f", "'", (x,))` for f'(x)."""

    letter: str
    marks: str
    args: tuple[Node, ...]


def head_of(node: Node) -> Head | None:
    """Return the name that is a letter, an applied letter or a derivative; None for other nodes."""
    derivative = _derivative(node)
    if derivative:
        return derivative
    if node.kind == "const" and node.name in ("e", "i"):
        return Head(node.name, "", ())
    if node.kind == "var":
        letter = node.name.rstrip("'")
        return Head(letter, node.name[len(letter) :], ())
    if (node.kind == "mul" and node.name == APPLIED) or (node.kind == "mul" and _is_inverse(node.args[0])):
        function, argument = node.args
        args = argument.args if argument.kind == "tuple" else (argument,)
        inner = Head(function.args[0].name, "-1", ()) if function.kind == "pow" else head_of(function)
        return inner._replace(args=args) if inner and not inner.args else None
    return None


def _derivative(node: Node) -> Head | None:
    r"""Read \frac{dy}{dx} as y'(x)."""
    if node.kind != "div" or any(part.kind != "mul" or part.args[0] != Node("var", (), "d") for part in node.args):
        return None
    function, by = (part.args[1] for part in node.args)
    return Head(function.name, "'", (by,)) if function.kind == by.kind == "var" else None


def _is_inverse(node: Node) -> bool:
    """Return whether this is f^{-1}."""
    return node.kind == "pow" and node.args[0].kind == "var" and node.args[1] == _INVERSE


def are_same_names(left: Node, right: Node) -> bool:
    """Return whether two names name the same: y is f(x), but no f'(x), and f(x) is no g(x)."""
    if left == right:
        return True
    one, other = head_of(left), head_of(right)
    if one is None or other is None:
        return _length(left) == _length(right)
    if one.marks != other.marks or (one.args and other.args and one.args != other.args):
        return False
    if one.letter == other.letter:
        return one.args == other.args or all(argument.kind == "var" for argument in (*one.args, *other.args))
    if bool(one.args) != bool(other.args) and not one.marks.startswith("-"):
        plain, applied = (other, one) if one.args else (one, other)
        return plain.letter in _DEPENDENT and all(
            argument.kind == "var" and argument.name != plain.letter and argument.name[0].islower()
            for argument in applied.args
        )
    return one.args == other.args == () and _is_extremum_of(one.letter, other.letter)


def _is_extremum_of(one: str, other: str) -> bool:
    """Return whether these are m and m with the index max."""
    plain, indexed = sorted((one, other), key=len)
    letter, _, index = indexed.partition("_")
    return letter == plain and index in _EXTREMA


def _length(node: Node) -> Node | tuple[str, ...]:
    """Write |AB| and BA as the letters A and B."""
    inside = node.args[0] if node.kind == "call" and node.name == "abs" else node
    letters = [part.name for part in walk(inside) if part.kind != "mul"]
    is_segment = inside.kind == "mul" and len(letters) == 2 and all(letter[:1].isupper() for letter in letters)
    return tuple(sorted(letters)) if is_segment else node


def bound_other_letters(left: Node, right: Node) -> bool:
    r"""Return whether these say of two different letters where they are, as `x \in S` and `y \in S` or `y > 2` do."""
    if left.kind != "relation" or right.kind != "relation" or not {"in", "notin"} & {left.name, right.name}:
        return False
    names = [_bounded(left), _bounded(right)]
    return None not in names and names[0] != names[1]


def _bounded(relation: Node) -> str | None:
    """Return the only letter that a relation bounds; None where it is none or several."""
    letters = [side.name for side in relation.args if side.kind == "var"]
    return letters[0] if len(letters) == 1 else None


def is_function(node: Node) -> bool:
    """Return whether this is an applied letter or a derivative."""
    head = head_of(node)
    return head is not None and bool(head.args or head.marks)


def is_name(node: Node) -> bool:
    r"""Return whether this is x, AB, f(x), P(X = 2), \cos A, |AB|, (x, y) or NO/BO, and nothing to compute."""
    if node.kind == "mul" and node.name == APPLIED and head_of(node) is not None:
        return _is_argument(node.args[1], node.args[0].name)
    if head_of(node) is not None:
        return True
    if node.kind == "pow" and node.args[1].kind == "num":
        return node.args[0].name in _SQUARED or (node.args[0].kind == "call" and is_name(node.args[0]))
    if node.kind == "call" and node.name in _NAMING:
        return bool(variables(node))
    parts = walk(node)
    if any(part.kind not in ("var", "mul", "div", "call", "tuple", "ratio", "num") for part in parts):
        return False
    if any(part.kind == "call" and part.name != "abs" for part in parts):
        return False
    if not any(part.kind == "num" for part in parts):
        return True
    first = node
    while first.kind == "mul":
        first = first.args[0]
    return node.kind == "mul" and first.kind == "var"


def _is_argument(node: Node, function: str) -> bool:
    """Return whether f may be applied to this, rather than multiplied by it, as x is in x(x − 1)."""
    if node.kind in ("var", "tuple", "relation", "list", "union", "intersection"):
        return True
    if is_function(node):
        return True
    return function not in variables(node) and (not variables(node) or function not in _COORDINATES)


def is_expression_of_several(relation: Node, *, is_gold: bool) -> bool:
    """Return whether an equation gives the value of an expression of several letters, such as 2a + b = 7.

    A gold answer about coordinates, such as 2x + y = 7, is the equation of a curve.
    """
    head, value = relation.args[0], relation.args[-1]
    if head.kind == "call" and head.name == "abs":
        head = head.args[0]
    names = variables(head)
    if head.kind == "add" and _is_law(head, names, is_gold=is_gold):
        return False
    if head.kind == "add" and all(is_function(part) for part in head.args):
        return True
    if len(names) < 2 or names & variables(value) or (is_gold and _is_curve(head, names)) or _is_condition(head):
        return False
    return all(part.kind in _EXPRESSIONS for part in walk(head))


def _is_law(head: Node, names: frozenset[str], *, is_gold: bool) -> bool:
    """Return whether a sum holds rates of a function, as y'' + y, or members of a sequence, as a_{n+1} − 2a_n."""
    rates = {name for name in names if name.startswith("derivative ") or (name[-1] == "'" and name[0].islower())}
    if rates:
        applied = [part.args for part in walk(head) if part.kind == "mul" and part.name == APPLIED]
        return not rates <= {function.name for function, argument in applied if not variables(argument)}
    return is_gold and any(sign in name.partition("_")[2][1:] for name in names for sign in "+-")


def _is_condition(head: Node) -> bool:
    """Return whether a sum has a number or a share among its terms, as x + y − 5 and x²/4 + y² do."""
    return any(
        not variables(term) or (term.kind == "div" and not variables(term.args[1]))
        for part in walk(head)
        if part.kind == "add"
        for term in part.args
    )


def _is_curve(head: Node, names: frozenset[str]) -> bool:
    is_plain_sum = all(part.kind in ("var", "neg", "add") for part in walk(head))
    return bool(names & _COORDINATES) and not is_plain_sum
