r"""Functions and what binds names, with their arguments: `\log_2 x`, `max(a, b)`, `\sum_{k=1}^n a_k`, roots."""

from __future__ import annotations

from typing import Protocol

from reasonenv.grading.math.nodes import Node, UnreadableError, number
from reasonenv.grading.math.notation import vocabulary
from reasonenv.grading.math.notation.constructions import accented, bound
from reasonenv.grading.math.notation.cursor import Cursor
from reasonenv.grading.math.notation.tokens import FUNCTIONS

_OF_SEVERAL = frozenset(["gcd", "lcm", "max", "min"])


class Grammar(Protocol):
    """What the reading of arguments needs of the grammar around it."""

    def script(self) -> Node:
        """Read an exponent or index."""
        ...

    def primary(self) -> Node:
        """Read a number, a name, a bracket or a command."""
        ...

    def power(self) -> Node:
        """Read a primary with its exponent."""
        ...

    def signed(self) -> Node:
        """Read a power with its sign."""
        ...

    def term(self) -> Node:
        """Read a product."""
        ...

    def argument(self) -> Node:
        """Read a group, or one digit, letter or command."""
        ...

    def relation(self) -> Node:
        """Read a relation."""
        ...


class Calls:
    """Reads what follows the name of a function."""

    def __init__(self, at: Cursor, grammar: Grammar) -> None:
        self._at = at
        self._grammar = grammar

    def read(self, name: str) -> Node:
        """Read what follows a command that names a function, a sum, a derivative or an accent.

        Raises:
            UnreadableError: a command that no rule is for.
        """
        if name in vocabulary.PLAIN_FUNCTIONS:
            return self._plain(name)
        if name in FUNCTIONS:
            return self._function(name)
        if name in vocabulary.BINDING:
            return self._binding(name)
        if name in vocabulary.CHOICES:
            return Node("call", (self._grammar.argument(), self._grammar.argument()), "binomial")
        if name in vocabulary.ACCENTS:
            return accented(name, self._at.index())
        if name == "deriv":
            return Node("var", (), f"derivative {self._at.group_name()}")
        raise UnreadableError(f"no rule for \\{name}")

    def _function(self, name: str) -> Node:
        base: tuple[Node, ...] = ()
        exponent: Node | None = None
        while self._at.symbol() in ("_", "^"):
            if self._at.take().text == "_":
                base = (self._grammar.script(),)
            else:
                exponent = self._grammar.script()
        if name in _OF_SEVERAL:
            return self._of_several(name, has_script=bool(base or exponent))
        argument = self._argument()
        if argument.kind == "tuple":
            if name != "log" or base or len(argument.args) != 2:
                raise UnreadableError(f"{name} of several arguments")
            argument, base = argument.args[0], (_euler_number(argument.args[1]),)
        if exponent == Node("neg", (number(1),)):
            return Node("call", (argument,), f"arc{name}")
        node = Node("call", (argument, *base), name)
        return Node("pow", (node, exponent)) if exponent else node

    def _binding(self, name: str) -> Node:
        r"""Read what follows `\sum` or `\prod`: bounds and a product."""
        lower: Node | None = None
        upper: Node | None = None
        while self._at.symbol() in ("_", "^"):
            if self._at.take().text == "_":
                lower = self._bound()
            else:
                upper = self._grammar.script()
        name_of_bound = lower.args[0] if lower and lower.kind == "relation" else lower
        if name_of_bound is None or (name_of_bound.kind != "var" and name_of_bound.name != "i"):
            raise UnreadableError("a sum over what is no name")
        renamed, body = bound(self._grammar.term(), name_of_bound.name)
        if lower is None or lower.kind != "relation" or upper is None:
            if upper is not None or (lower is not None and lower.kind == "relation"):
                raise UnreadableError("a sum with one bound")
            return Node("call", (renamed, body), f"{name} over all")
        if lower.name != "=" or len(lower.args) != 2:
            raise UnreadableError("a sum over a condition")
        return Node("call", (renamed, lower.args[1], upper, body), name)

    def _bound(self) -> Node:
        if self._at.symbol() != "{":
            return self._grammar.script()
        self._at.take()
        node = self._grammar.relation()
        self._at.expect("}")
        return node

    def _of_several(self, name: str, *, has_script: bool) -> Node:
        if has_script or self._at.symbol() not in ("(", "\\{", "[", "{"):
            raise UnreadableError(f"{name} without its arguments")
        argument = self._grammar.primary()
        if argument.kind not in ("tuple", "set", "interval") or (argument.kind == "interval" and argument.name != "[]"):
            raise UnreadableError(f"{name} of one argument")
        return Node("call", argument.args, name)

    def _plain(self, name: str) -> Node:
        """Read the arguments of a function that is written in words, such as `binomial(5, 2)`."""
        if self._at.symbol() not in ("(", "{"):
            raise UnreadableError(f"{name} without brackets")
        argument = self._grammar.primary()
        arguments = argument.args if argument.kind == "tuple" else (argument,)
        if len(arguments) != (2 if name in ("binomial", "Fraction") else 1):
            raise UnreadableError(f"a wrong number of arguments of {name}")
        if name == "cbrt":
            return Node("call", (arguments[0], number(3)), "root")
        return Node("div" if name == "Fraction" else "call", arguments, "" if name == "Fraction" else name)

    def _argument(self) -> Node:
        r"""Read `(…)` or `{…}`, else a run of factors that ends at brackets, functions and fractions."""
        if self._at.symbol() in ("(", "[", "{") or self._at.symbol() in vocabulary.BARS:
            return self._grammar.primary()
        node = self._grammar.signed()
        while self._at.next.kind == "var" or self._at.symbol() in vocabulary.GREEK or self._at.symbol() == "pi":
            node = Node("mul", (node, self._grammar.power()))
        return node


def _euler_number(base: Node) -> Node:
    """Read E as the base of the natural logarithm, as computer algebra prints it."""
    return vocabulary.LETTER_CONSTANTS["e"] if base == Node("var", (), "E") else base
