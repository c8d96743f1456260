"""The grammar of answers: a recursive-descent parser, from lists down to digits.

It never guesses: what the grammar does not derive raises `UnreadableError`.

Covered: sums, products (implicit ones too), fractions, roots, powers, mixed and repeating numbers, factorials,
binomials, functions, absolute value, floor and ceiling, degrees, percent, units, money, ±, relations, intervals, sets,
unions, tuples, lists, matrices, ratios. Not covered: sums, integrals, limits and determinants left to evaluate.
"""

from __future__ import annotations

from collections.abc import Sequence

from reasonenv.grading.math.equations import grouped_solutions
from reasonenv.grading.math.nodes import APPLIED, Node, UnreadableError, number, walk
from reasonenv.grading.math.notation import vocabulary
from reasonenv.grading.math.notation.calls import Calls
from reasonenv.grading.math.notation.constructions import (
    DOTS,
    built_set,
    congruences,
    expanded,
    juxtaposed,
    matrix_of_rows,
    operation,
    ordered_operation,
    product_of_letters,
    transposed,
    with_domain,
)
from reasonenv.grading.math.notation.cursor import END, Cursor
from reasonenv.grading.math.notation.environments import environment
from reasonenv.grading.math.notation.quantities import joined, with_unit
from reasonenv.grading.math.notation.tokens import Token
from reasonenv.grading.units import is_glued_unit, is_unit_word


class Parser:
    """A position in a list of tokens; each method reads one construct and moves on."""

    def __init__(self, tokens: Sequence[Token], *, has_letter_units: bool = False) -> None:
        self._at = Cursor(tokens)
        self._calls = Calls(self._at, self)
        self._num_bars = 0
        self._is_building_set = False
        self._has_letter_units = has_letter_units

    def answer(self) -> Node:
        """Read everything.

        Raises:
            UnreadableError: no derivation.
            OverBudgetError: nested too deeply.
        """
        node = self._group()
        if self._at.next is not END:
            raise UnreadableError(f"unexpected {self._at.next.text!r}")
        return node

    def _group(self) -> Node:
        r"""Read a list, one item, or the old form of a fraction, `a \over b`."""
        items, separators = self._separated()
        if self._at.symbol() == "over" and len(items) == 1:
            self._at.take()
            return Node("div", (items[0], self._sum()))
        if self._at.symbol() == "choose" and len(items) == 1:
            self._at.take()
            return Node("call", (items[0], self._sum()), "binomial")
        domain = with_domain(items, separators) if separators else None
        if domain:
            return domain
        items = grouped_solutions(items, separators)
        return items[0] if len(items) == 1 else Node("list", tuple(items), vocabulary.name_of_list(separators))

    def _items(self) -> list[Node]:
        return self._separated()[0]

    def _separated(self) -> tuple[list[Node], list[str]]:
        """Read items and the last separator before each but the first."""
        items, separators = [self._item()], list[str]()
        while self._at.symbol() in vocabulary.SEPARATORS:
            separators.append("")
            while self._at.symbol() in vocabulary.SEPARATORS:
                separators[-1] = self._at.take().text
            items.append(self._item())
        if len(items) > 1 or items[0].kind == "congruence":
            items = congruences(expanded(items))
        return items, separators

    def _item(self) -> Node:
        node = self.relation()
        if self._at.symbol() != "bmod":
            return node
        self._at.take()
        return Node("congruence", (self._sum(), node))

    def relation(self) -> Node:
        if self._at.symbol() == "approx":
            self._at.take()
        sides, operators = [self._side()], list[str]()
        while self._at.symbol() in vocabulary.RELATIONS:
            operators.append(vocabulary.RELATIONS[self._at.take().text])
            sides.append(self._side())
        return Node("relation", tuple(sides), " ".join(operators)) if operators else sides[0]

    def _side(self) -> Node:
        parts = [self._union()]
        while self._at.symbol() in vocabulary.RATIO_SIGNS and not self._is_building_set:
            self._at.take()
            parts.append(self._union())
        return Node("ratio", tuple(parts)) if len(parts) > 1 else parts[0]

    def _union(self) -> Node:
        node = self._quantity()
        while self._at.symbol() in vocabulary.SET_OPERATIONS or self._is_letter_union(node):
            node = Node(vocabulary.SET_OPERATIONS.get(self._at.take().text, "union"), (node, self._quantity()))
        return node

    def _is_letter_union(self, node: Node) -> bool:
        """Return whether the next token is a U that stands for the sign of union."""
        return node.kind in _SETS and self._at.next.kind == "var" and self._at.next.text == "U"

    def _quantity(self) -> Node:
        """Read a sum and the unit behind it."""
        if self._at.next.kind == "text":
            raise UnreadableError("words")
        node = self._sum()
        if self._at.next.kind == "word" and not any(part.kind == "num" or part.name == "pi" for part in walk(node)):
            raise UnreadableError("words")
        unit = self._at.unit_phrase(has_letters=self._has_letter_units)
        if not unit:
            return node
        node = with_unit(node, unit)
        return joined(node, self._quantity()) if self._at.next.kind == "num" else node

    def _sum(self) -> Node:
        self._at.deeper(1)
        node = self.term()
        terms = [node]
        while self._at.symbol() in vocabulary.SIGNS:
            sign = vocabulary.SIGNS[self._at.take().text]
            term = self.term()
            if sign == "sub" and term.kind == "set":
                node = Node("minus", (node, term))
                continue
            if sign == "sub":
                sign, term = "add", Node("neg", (term,))
            terms.append(term)
            node = Node("add", (*node.args, term)) if sign == node.kind == "add" else Node(sign, (node, term))
        self._at.deeper(-1)
        return ordered_operation("sum", terms) if len(terms) > 2 and DOTS in terms else node

    def term(self) -> Node:
        """Read a product."""
        node = self.signed()
        factors = [node]
        while True:
            symbol = self._at.symbol()
            if symbol in vocabulary.BETWEEN:
                self._at.take()
                factor = self.signed()
                node = operation(symbol, node, factor)
            elif symbol == "ldots" and self._at.second.kind in ("num", "var", "cmd") and node is not DOTS:
                factors.append(self.primary())
                if self._at.symbol() in vocabulary.TIMES:
                    self._at.take()
                factor = self.signed()
            elif self._starts_factor(node) and not self._is_letter_union(node):
                name = APPLIED if node.kind == "var" and symbol == "(" else ""
                factor = self.power()
                node = juxtaposed(node, factor, name)
            else:
                return ordered_operation("product", factors) if len(factors) > 2 and DOTS in factors else node
            factors.append(factor)

    def signed(self) -> Node:
        symbol = self._at.symbol()
        if symbol not in vocabulary.SIGNS:
            return self.power()
        self._at.take()
        self._at.deeper(1)
        operand = self.term() if symbol in ("pm", "mp") else self.signed()
        self._at.deeper(-1)
        if symbol == "+":
            return operand
        if symbol == "-":
            return Node("neg", (operand,))
        return Node("pm" if symbol == "pm" else "mp", (number(0), operand))

    def _starts_factor(self, node: Node) -> bool:
        token = self._at.next
        if token.kind == "num":
            # "3 4" is no product, and "x 2" is too odd to guess, but "x 2^n" is one.
            is_power = self._at.second.text == "^" and not self._at.is_behind_number
            return (is_power and node.kind != "num") or self._at.is_behind(")") or self._at.is_behind("!")
        if token.kind == "word":
            is_unit = is_unit_word if self._has_letter_units else is_glued_unit
            if not self._at.is_behind_letter and is_unit(token.text):
                return False
            is_apart = self._at.is_behind_word or self._has_letter_units or is_unit_word(token.text)
            return len(token.text) <= 3 and not (token.is_spaced and is_apart)
        if token.kind == "var":
            return not self._at.is_letter_unit(is_asked=self._has_letter_units)
        symbol = token.text
        if symbol in vocabulary.BARS:
            return self._num_bars == 0 and not self._is_building_set
        if token.kind == "cmd":
            return symbol in vocabulary.FACTORS and not self._at.is_letter_unit(is_asked=self._has_letter_units)
        return symbol in ("(", "[", "{")

    def power(self) -> Node:
        node = self._postfix(self.primary())
        if self._at.symbol() != "^":
            return node
        self._at.take()
        if self._at.symbol() in ("circ", "degree"):
            self._at.take()
            return Node("degrees", (node,))
        exponent = self.script()
        if exponent == _CIRCLE:
            return Node("degrees", (node,))
        if node.kind in ("matrix", "tuple") and exponent == Node("var", (), "T"):
            return transposed(node)
        return self._postfix(Node("pow", (node, exponent)))

    def _postfix(self, node: Node) -> Node:
        while True:
            symbol = self._at.symbol()
            if symbol == "!":
                node = self._factorial(node)
                continue
            if symbol == "%":
                node = Node("percent", (node,))
            elif symbol == "degree":
                node = Node("degrees", (node,))
            else:
                return node
            self._at.take()

    def _factorial(self, node: Node) -> Node:
        count = 0
        while self._at.symbol() == "!":
            self._at.take()
            count += 1
        if count > 2:
            raise UnreadableError("a factorial of a higher step")
        return Node("call", (node,), "factorial" if count == 1 else "double factorial")

    def script(self) -> Node:
        """Read an exponent or index: a group, or one token."""
        if self._at.symbol() == "{":
            self._at.take()
            if self._at.symbol() in ("circ", "degree"):
                self._at.take()
                node = _CIRCLE
            else:
                node = self._sum()
            self._at.expect("}")
            return node
        if self._at.symbol() in ("+", "-"):
            return self.signed()
        return self.primary()

    def primary(self) -> Node:
        token = self._at.take()
        if token.kind == "num":
            return self._at.numeral(token, self._fraction)
        if token.kind == "var":
            return self._variable(token.text)
        if token.kind == "word" and len(token.text) <= 3 and self._at.symbol() in ("^", "_", "'", "!"):
            return self._variable(self._at.split_word(token))
        if token.kind == "word" and len(token.text) <= 3:
            return product_of_letters(token.text)
        if token.kind in ("op", "cmd"):
            self._at.deeper(1)
            node = self._bracketed(token.text) if token.kind == "op" else self._command(token.text)
            self._at.deeper(-1)
            return node
        raise UnreadableError(f"unexpected {token.text!r}")

    def _variable(self, name: str) -> Node:
        if self._at.symbol() == "_":
            self._at.take()
            name += "_" + self._at.index()
        while self._at.symbol() == "'":
            name += self._at.take().text
        return vocabulary.LETTER_CONSTANTS.get(name) or Node("var", (), name)

    def argument(self) -> Node:
        r"""Read an argument of `\frac` or `\sqrt`: a group, or one digit, letter or command."""
        digit = self._at.split_digit()
        if digit is not None:
            return number(digit)
        return self.primary()

    def _fraction(self) -> Node:
        return Node("div", (self.argument(), self.argument()))

    def _bracketed(self, opening: str) -> Node:
        if opening in ("(", "["):
            return self._parenthesised(opening)
        if opening in vocabulary.BARS:
            return self._absolute()
        if opening == "{":
            node = self._group()
            self._at.expect("}")
            return node
        if opening == "\\{":
            return self._set()
        if opening == "$":
            money = Node("quantity", (self.signed(),), "dollar")
            return with_unit(money, self._at.unit_phrase(has_letters=False)) if self._at.starts_rate() else money
        raise UnreadableError(f"unexpected {opening!r}")

    def _parenthesised(self, opening: str) -> Node:
        bars, self._num_bars = self._num_bars, 0
        items, separators = self._separated()
        self._num_bars = bars
        if vocabulary.JOINS.keys() & set(separators):
            self._at.expect(")", "]")
            return Node("list", tuple(items), vocabulary.name_of_list(separators))
        rows = matrix_of_rows(items) if opening == "[" and self._at.is_behind("]") else None
        closing = self._at.expect(")", "]")
        if rows and closing == "]":
            return rows
        is_plain = opening + closing in ("()", "[]")
        if len(items) == 1 and is_plain:
            return items[0]
        if opening + closing == "()" or (is_plain and len(items) > 2):
            return Node("tuple", tuple(items))
        if len(items) != 2:
            raise UnreadableError("an interval has two ends")
        return Node("interval", tuple(items), opening + closing)

    def _set(self) -> Node:
        if self._at.symbol() == "\\}":
            self._at.take()
            return Node("set")
        was_building, self._is_building_set = self._is_building_set, True
        items = self._items()
        self._is_building_set = was_building
        if len(items) == 1 and self._at.symbol() in vocabulary.BUILDERS:
            self._at.take()
            conditions, separators = self._separated()
            self._at.expect("\\}")
            return built_set(items[0], conditions, vocabulary.name_of_list(separators))
        self._at.expect("\\}")
        return Node("set", tuple(items))

    def _absolute(self) -> Node:
        self._num_bars += 1
        node = self._sum()
        self._num_bars -= 1
        if self._at.symbol() not in vocabulary.BARS:
            raise UnreadableError("an absolute value without end")
        self._at.take()
        return Node("call", (node,), "abs")

    def _command(self, name: str) -> Node:
        if name in vocabulary.CONSTANTS:
            return vocabulary.CONSTANTS[name]
        if name == "Gamma" and self._at.symbol() == "(":
            return Node("call", (Node("add", (self.primary(), number(-1))),), "factorial")
        if name in vocabulary.GREEK:
            return self._variable(name)
        if name == "frac":
            return self._fraction()
        if name == "sqrt":
            return self._root()
        if name in vocabulary.BARS or name in vocabulary.ROUNDINGS or name == "langle":
            return self._enclosed(name)
        if name == "ldots":
            return DOTS
        if name == "begin":
            return environment(self._at, self.relation, self._side)
        return self._calls.read(name)

    def _enclosed(self, opening: str) -> Node:
        if opening in vocabulary.BARS:
            return self._absolute()
        if opening == "langle":
            items = self._items()
            self._at.expect("rangle")
            return Node("tuple", tuple(items))
        function, closing = vocabulary.ROUNDINGS[opening]
        node = self._sum()
        self._at.expect(closing)
        return Node("call", (node,), function)

    def _root(self) -> Node:
        degree = number(2)
        if self._at.symbol() == "[":
            self._at.take()
            degree = self._sum()
            self._at.expect("]")
        return Node("call", (self.argument(), degree), "root")


_CIRCLE = Node("const", (), "circ")
_SETS = frozenset(["interval", "tuple", "set", "union", "reals"])
