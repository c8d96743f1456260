"""Parsers: calculators with operators, priorities and notations of their own.

What the operators mean and how they bind is drawn, so that Python's own `eval` does not help.
"""

from __future__ import annotations

from functools import partial

from reasonenv.tasksets.program_families import ProgramProblem, program_family, program_text
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_SYMBOLS = "+-*@#&~$"
_MEANINGS = (
    ("a + b", "a + b"),
    ("a - b", "a - b"),
    ("a * b", "a * b"),
    ("the larger of a and b", "max(a, b)"),
    ("the smaller of a and b", "min(a, b)"),
    ("a + {k} * b", "a + {k} * b"),
    ("{k} * a - b", "{k} * a - b"),
    ("a * b + {k}", "a * b + {k}"),
    ("the absolute value of a - b", "abs(a - b)"),
    ("10 * a + b", "10 * a + b"),
)
_ORDERS = (
    "There is no priority: operations are done from left to right.",
    "There is no priority: operations are done from right to left, the last one first.",
    "Operations with {first} are done before those with other operators; among equals, from left to right.",
    "Operations with {first} are done before those with other operators; among equals, from right to left.",
)

_TOKENS = "tokens = re.findall(r'\\d+|\\S', expression)"
_READ = """position = 0

def operand():
    nonlocal position
    token = tokens[position]
    position += 1
    if token != '(':
        return int(token)
    value = chain()
    position += 1
    return value

def chain():
    nonlocal position
    parts = [operand()]
    while position < len(tokens) and tokens[position] != ')':
        parts.append(tokens[position])
        position += 1
        parts.append(operand())
    return reduce_chain(parts)"""


def _source(meanings: dict[str, str], first: str, is_from_left: bool, modulus: int) -> str:
    lines = [f"{_apply_branch(number, symbol, code)}" for number, (symbol, code) in enumerate(meanings.items())]
    apply = program_text("def apply(symbol, a, b):", ["\n".join(lines), f"return value % {modulus}"])
    levels = (
        [f"[symbol == {first!r} for symbol in parts[1::2]]", "[True] * (len(parts) // 2)"]
        if first
        else ["[True] * (len(parts) // 2)"]
    )
    body = [f"for is_now in ({', '.join(f'lambda symbol: {_level(level, first)}' for level in range(len(levels)))},):"]
    index = "0" if is_from_left else "-1"
    body += [
        "    while ready := [k for k in range(1, len(parts), 2) if is_now(parts[k])]:",
        f"        k = ready[{index}]",
        "        parts[k - 1 : k + 2] = [apply(parts[k], parts[k - 1], parts[k + 1])]",
    ]
    reduce_chain = program_text("def reduce_chain(parts):", ["\n".join(body), "return parts[0]"])
    main = program_text("def evaluate(expression):", [_TOKENS, *_READ.split("\n\n"), f"return chain() % {modulus}"])
    return f"import re\n\n\n{apply}\n\n{reduce_chain}\n\n{main}"


def _level(level: int, first: str) -> str:
    return f"symbol == {first!r}" if first and level == 0 else "True"


def _apply_branch(number: int, symbol: str, code: str) -> str:
    return f"{'el' if number else ''}if symbol == {symbol!r}:\n    value = {code}"


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    symbols = several_of(rng, _SYMBOLS, min(difficulty, 2) + 1)
    k, modulus = integer(rng, 2, 9), one_of(rng, (97, 100, 101, 128, 1000))
    chosen = dict(zip(symbols, several_of(rng, _MEANINGS, len(symbols)), strict=True))
    meanings = {symbol: code.format(k=k) for symbol, (_, code) in chosen.items()}
    order = integer(rng, 0, 3)
    first, is_from_left = (symbols[0] if order > 1 else ""), order % 2 == 0
    has_brackets = difficulty > 1
    swapped = dict(zip(symbols, [*list(meanings.values())[1:], next(iter(meanings.values()))], strict=True))
    misses = [
        _source(meanings, first, not is_from_left, modulus),
        _source(meanings, "" if first else symbols[0], is_from_left, modulus),
        _source(swapped, first, is_from_left, modulus),
        _source(meanings, first, is_from_left, modulus + 7),
    ]
    rules = [f"- a {symbol} b is {text.format(k=k)}" for symbol, (text, _) in chosen.items()]
    brackets = " Parts in round brackets are computed first." if has_brackets else ""
    return ProgramProblem(
        statement="Write a Python function `evaluate(expression: str) -> int`. The expression consists of non-negative "
        f"integers{', round brackets' if has_brackets else ''} and operators, possibly with spaces between them. Every "
        f"result of an operation is taken modulo {modulus} (0 to {modulus - 1}) at once:\n"
        f"{chr(10).join(rules)}\n{_ORDERS[order].format(first=first)}{brackets} Return the value of the whole "
        f"expression, modulo {modulus} as well.",
        function="evaluate",
        source=_source(meanings, first, is_from_left, modulus),
        near_misses=tuple(misses),
        plan="Split the text into numbers, operators and brackets. Read a chain of operands and operators, where an "
        "operand is a number or a chain in brackets, then reduce the chain in the order that is asked for.",
        draw_input=partial(_draw_expression, tuple(symbols), 2 if has_brackets else 0),
    )


def _draw_expression(symbols: tuple[str, ...], depth: int, rng: Rng) -> tuple[str]:
    return (_expression(symbols, depth, rng),)


def _expression(symbols: tuple[str, ...], depth: int, rng: Rng) -> str:
    space = one_of(rng, ("", " "))
    text = _operand(symbols, depth, rng)
    for _ in range(integer(rng, 0, 5 - depth)):
        text += f"{space}{one_of(rng, symbols)}{space}{_operand(symbols, depth, rng)}"
    return text


def _operand(symbols: tuple[str, ...], depth: int, rng: Rng) -> str:
    if depth and rng.random() < 0.3:
        return f"({_expression(symbols, depth - 1, rng)})"
    return str(integer(rng, 0, one_of(rng, (9, 30))))


code_parsing = program_family("code_parsing", "parsing", _generate)
