"""The value of an expression: exact where it is rational, else to 50 digits, at real or complex points.

Magnitudes are bounded before any arithmetic: what is over budget has no value at all.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from reasonenv.grading.math.nodes import Node, OverBudgetError, UndefinedError, UnreadableError, walk

Value = Any
"""A Fraction, an int, or a number of mpmath, which has no types."""

DIGITS = 50
_MAX_BITS = 25_000
_MAX_FACTORIAL = 2_500
_MAX_EXPONENT = 10_000
_MAX_ROOT = 64
_MAX_MEMBERS = 300
_KNOWN_DIGITS = 25
_NEGLIGIBLE = 1e-30
_SYMMETRIC = frozenset(["gcd", "lcm", "vector cdot"])
_contexts = threading.local()
_secret = secrets.token_bytes(16)


class _RealDomainError(Exception):
    """A real function was asked for a value outside its real domain."""


def context_of(digits: int) -> Any:
    """Return this thread's own arithmetic of so many digits; mpmath's precision is state, never shared here."""
    contexts = _contexts.__dict__.setdefault("by_digits", {})
    if digits not in contexts:
        from mpmath.ctx_mp import MPContext

        contexts[digits] = MPContext()
        contexts[digits].dps = digits
    return contexts[digits]


def evaluate(node: Node, point: Mapping[str, Value], *, digits: int = DIGITS, is_real: bool = False) -> Value:
    """Return the value of a scalar where the variables are `point`.

    Args:
        is_real: even roots and logarithms of negative numbers are undefined instead of complex.

    Raises:
        UndefinedError: there is no value, as of 1/0 or of infinity.
        OverBudgetError: an exponent, a factorial or a number is too large.
        UnreadableError: the node is no scalar.
    """
    try:
        return _Evaluation(point, context_of(digits), is_real=is_real).value(node)
    except _RealDomainError as error:
        raise UndefinedError("outside the real domain") from error
    except (ZeroDivisionError, ValueError, OverflowError, TypeError) as error:  # complex numbers have no order
        raise UndefinedError(str(error)) from error


@lru_cache(maxsize=4096)
def _drawn(text: str) -> Fraction:
    digest = hashlib.blake2b(text.encode(), digest_size=5, key=_secret).digest()
    return Fraction(int.from_bytes(digest, "big"), 1 << 39) + Fraction(1, 3)


def unknown_value(name: str, arguments: Sequence[str], *, is_symmetric: bool = False) -> Fraction:
    """Return a random value for what cannot be worked out, the same in this process for equal arguments."""
    return _drawn("\n".join([name, *(sorted(arguments) if is_symmetric else arguments)]))


def inexact(value: Value) -> Value:
    """Return a value as a number of mpmath, so that it can be ordered among others."""
    return _Evaluation({}, context_of(DIGITS), is_real=False).inexact(value)


def quotient(left: Value, right: Value) -> Value:
    """Return left / right, exactly if both are exact.

    Raises:
        UndefinedError: `right` is zero.
    """
    return _Evaluation({}, context_of(DIGITS), is_real=False).div((left, right), "")


@lru_cache(maxsize=8192)
def variables(node: Node) -> frozenset[str]:
    """Return the names of the variables in a node."""
    return frozenset(part.name for part in walk(node) if part.kind == "var")


class _Evaluation:
    def __init__(self, point: Mapping[str, Value], context: Any, *, is_real: bool) -> None:
        self._point = point
        self._context = context
        self._is_real = is_real

    def value(self, node: Node) -> Value:
        kind = node.kind
        if kind == "num":
            return node.value
        if kind == "var":
            value = self._point[node.name]
            return self._context.mpc(value) if isinstance(value, complex) else value
        if kind == "const":
            return self._constant(node.name)
        if kind not in _OPERATIONS:
            raise UnreadableError(f"a {kind} is no number")
        if node.name in ("sum", "prod") and kind == "call":
            return self._series(node)
        values = [self.value(part) for part in node.args]
        return _OPERATIONS[kind](self, values, node.name)

    def add(self, values: Sequence[Value], _: str) -> Value:
        if all(isinstance(value, int | Fraction) for value in values):
            return sum(values)
        return self._context.fsum([self.inexact(value) for value in values])

    def mul(self, values: Sequence[Value], _: str) -> Value:
        left, right = self._aligned(*values)
        return _bounded(left * right)

    def div(self, values: Sequence[Value], _: str) -> Value:
        left, right = self._aligned(*values)
        if right == 0:
            raise UndefinedError("division by zero")
        return Fraction(left, right) if isinstance(left, int | Fraction) else left / right

    def neg(self, values: Sequence[Value], _: str) -> Value:
        return -values[0]

    def percent(self, values: Sequence[Value], name: str) -> Value:
        return self.div((values[0], 100), name)

    def degrees(self, values: Sequence[Value], _: str) -> Value:
        return self.inexact(values[0]) * self._context.pi / 180

    def pow(self, values: Sequence[Value], _: str) -> Value:
        base, exponent = values
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            exponent = int(exponent)
        if isinstance(exponent, int):
            return self._integer_power(base, exponent)
        if base == 0:
            if self._sign(exponent) > 0:
                return 0
            raise UndefinedError("a power of zero")
        if isinstance(exponent, Fraction) and max(abs(exponent.numerator), exponent.denominator) <= _MAX_ROOT:
            return self.root([self._integer_power(base, exponent.numerator), exponent.denominator], "")
        if self._is_real and self._sign(base) < 0:
            raise _RealDomainError
        base, exponent = self.inexact(base), self.inexact(exponent)
        self._check_magnitude(exponent * self._context.log(base))
        return base**exponent

    def root(self, values: Sequence[Value], _: str) -> Value:
        base, degree = values
        if isinstance(degree, Fraction) and degree.denominator == 1:
            degree = int(degree)
        if not isinstance(degree, int):
            return self.pow([base, self.div((1, degree), "")], "")
        if degree == 0:
            raise UndefinedError("a root of degree zero")
        if isinstance(base, int | Fraction):
            exact = _exact_root(base, degree)
            if exact is not None:
                return exact
        is_negative = self._is_number_line(base) and base.real < 0
        if is_negative and degree % 2:
            return -self.root([-base, degree], "")
        if is_negative and self._is_real:
            raise _RealDomainError
        return self.inexact(base) ** (self._context.mpf(1) / degree)

    def call(self, values: Sequence[Value], name: str) -> Value:
        if name == "root":
            return self.root(values, name)
        if name == "abs":
            return abs(values[0])
        if name in ("factorial", "binomial"):
            return self._combinatorial(values, name)
        if name == "double factorial":
            return self._double_factorial(values[0])
        if name in ("floor", "ceil"):
            return int(getattr(self._context, name)(self.inexact(values[0])))
        if name in ("log", "ln", "lg"):
            return self._logarithm(values, name)
        if name == "cis":
            return self._context.exp(self._context.mpc(0, 1) * self.inexact(values[0]))
        if name in ("max", "min"):
            return self._extreme(values, name)
        if name in ("gcd", "lcm") and all(isinstance(value, int) for value in values):
            return math.gcd(*values) if name == "gcd" else math.lcm(*values)
        if name in _FUNCTIONS:
            return self._function(values[0], name)
        return unknown_value(name, [self._digits(value) for value in values], is_symmetric=name in _SYMMETRIC)

    def _extreme(self, values: Sequence[Value], name: str) -> Value:
        if not all(self._is_number_line(value) for value in values):
            raise UndefinedError("complex numbers have no order")
        ordered = sorted(values, key=lambda value: self.inexact(value).real)
        return ordered[-1 if name == "max" else 0]

    def _series(self, node: Node) -> Value:
        """Work out a sum or product of few members; of others, and of a_k, only what they are made of is known."""
        name, (index, lower, upper, body) = node.args[0].name, node.args
        is_indexed = any(name in used and used != name for used in variables(body))
        if is_indexed or upper.name == "inf" or (lower.kind == "neg" and lower.args[0].name == "inf"):
            parts = ["inf" if part.name == "inf" else self._digits(self.value(part)) for part in (upper, body)]
            start = "-inf" if lower.kind == "neg" and lower.args[0].name == "inf" else self._digits(self.value(lower))
            return unknown_value(node.name, [start, *parts])
        first, last = self.value(lower), self.value(upper)
        if not (isinstance(first, int) and isinstance(last, int)):
            raise UndefinedError("bounds that are no whole numbers")
        if last - first > _MAX_MEMBERS:
            raise OverBudgetError("a sum of too many members")
        members = [
            _Evaluation({**self._point, index.name: member}, self._context, is_real=self._is_real).value(body)
            for member in range(first, last + 1)
        ]
        if node.name == "sum":
            return self.add(members, "")
        product: Value = 1
        for member in members:
            product = self.mul((product, member), "")
        return product

    def _digits(self, value: Value) -> str:
        """Return the leading digits of a value, the same for equal values however they were worked out."""
        value = self._context.convert(self.inexact(value))
        if abs(value) < _NEGLIGIBLE:
            return "0"
        parts = [value.real, value.imag] if isinstance(value, self._context.mpc) else [value]
        size = abs(value) * _NEGLIGIBLE
        return " ".join(
            "0" if abs(part) < size else self._context.nstr(part, _KNOWN_DIGITS) for part in parts
        ).removesuffix(" 0")

    def inexact(self, value: Value) -> Value:
        if isinstance(value, Fraction):
            return self._context.mpf(value.numerator) / value.denominator
        return self._context.mpf(value) if isinstance(value, int) else value

    def _constant(self, name: str) -> Value:
        if name == "pi":
            return +self._context.pi
        if name == "e":
            return +self._context.e
        if name == "i":
            return self._context.mpc(0, 1)
        raise UndefinedError(f"{name} has no value")

    def _aligned(self, left: Value, right: Value) -> tuple[Value, Value]:
        """Bring both to exact, or both to inexact, numbers."""
        if isinstance(left, int | Fraction) and isinstance(right, int | Fraction):
            return left, right
        return self.inexact(left), self.inexact(right)

    def _is_number_line(self, value: Value) -> bool:
        return not isinstance(value, self._context.mpc) or not value.imag

    def _sign(self, value: Value) -> int:
        real = value.real
        return (real > 0) - (real < 0)

    def _check_magnitude(self, logarithm: Value) -> None:
        if abs(logarithm) > _MAX_BITS:
            raise OverBudgetError("a power that is too large")

    def _integer_power(self, base: Value, exponent: int) -> Value:
        if base == 0 and exponent <= 0:
            raise UndefinedError("a power of zero")
        if isinstance(base, int | Fraction):
            bits = max(abs(base.numerator), base.denominator).bit_length()
            if abs(exponent) > 1 and (bits - 1) * abs(exponent) > _MAX_BITS:
                raise OverBudgetError("a power that is too large")
            return Fraction(base) ** exponent if exponent < 0 else base**exponent
        if abs(exponent) > _MAX_EXPONENT:
            raise OverBudgetError("an exponent that is too large")
        self._check_magnitude(exponent * self._context.log(abs(base)))
        return base**exponent

    def _combinatorial(self, values: Sequence[Value], name: str) -> Value:
        whole = [int(value) for value in values if isinstance(value, int | Fraction) and value.denominator == 1]
        if any(abs(value) > _MAX_FACTORIAL for value in values):
            raise OverBudgetError("a factorial that is too large")
        if len(whole) == len(values) and min(whole) >= 0:
            return math.factorial(whole[0]) if name == "factorial" else math.comb(*whole)
        arguments = [self.inexact(value) for value in values]
        return self._context.factorial(*arguments) if name == "factorial" else self._context.binomial(*arguments)

    def _double_factorial(self, value: Value) -> Value:
        if abs(value) > _MAX_FACTORIAL:
            raise OverBudgetError("a factorial that is too large")
        if isinstance(value, int | Fraction) and value.denominator == 1 and value >= -1:
            return math.prod(range(int(value), 0, -2))
        raise UndefinedError("a double factorial of no whole number")

    def _logarithm(self, values: Sequence[Value], name: str) -> Value:
        logarithms: list[Value] = []
        for value in values:
            if value == 0:
                raise UndefinedError("the logarithm of zero")
            if self._is_real and self._sign(value) < 0:
                raise _RealDomainError
            logarithms.append(self._context.log(self.inexact(value)))
        if name == "lg":
            return logarithms[0] / self._context.log(10)
        return logarithms[0] if len(logarithms) == 1 else logarithms[0] / logarithms[1]

    def _function(self, value: Value, name: str) -> Value:
        if value == 0 and name in ("sin", "tan", "sinh", "tanh", "arcsin", "arctan"):
            return 0
        value = self.inexact(value)
        if name in ("exp", "sinh", "cosh"):
            self._check_magnitude(value)
        elif abs(value) > 10**12:
            raise OverBudgetError("an argument that is too large")
        function = getattr(self._context, _NAMES.get(name, name))
        result = function(value)
        if self._is_real and not self._is_number_line(result):
            raise _RealDomainError
        return result


_OPERATIONS = {
    "add": _Evaluation.add,
    "mul": _Evaluation.mul,
    "div": _Evaluation.div,
    "neg": _Evaluation.neg,
    "pow": _Evaluation.pow,
    "call": _Evaluation.call,
    "percent": _Evaluation.percent,
    "degrees": _Evaluation.degrees,
}
_FUNCTION_NAMES = (
    "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan arccot asin acos atan acot tg ctg arctg exp "
    "arcsec arccsc arcsinh arccosh arctanh arccoth arcctg"
)
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_NAMES = {
    "tg": "tan", "ctg": "cot", "arctg": "atan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot",
    "arcsec": "asec", "arccsc": "acsc", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
}  # fmt: skip


def _bounded(value: Value) -> Value:
    if isinstance(value, int | Fraction) and abs(value.numerator).bit_length() > 4 * _MAX_BITS:
        raise OverBudgetError("a number that is too large")
    return value


def _exact_root(base: int | Fraction, degree: int) -> Fraction | int | None:
    """Return an exact root if both parts of a non-negative fraction are perfect powers."""
    if base < 0 or not 0 < degree <= 64 or max(base.numerator, base.denominator).bit_length() > 4096:
        return None
    numerator, denominator = (_integer_root(part, degree) for part in (base.numerator, base.denominator))
    return None if numerator is None or denominator is None else Fraction(numerator, denominator)


def _integer_root(number: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(number)
    elif number.bit_length() < 1000:
        root = round(number ** (1 / degree))
    else:
        return None
    return root if root**degree == number else None
