"""Recursive programs: sequences defined by cases, and nested lists.

Values are taken modulo a number, so that no recurrence can be replaced by the growth of its values.
"""

from __future__ import annotations

from typing import Any

from reasonenv.tasksets.program_families import ProgramProblem, program_family, program_text
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of, several_of

_NUM_SHAPES = 5


def _recurrence(rng: Rng, num_cases: int) -> ProgramProblem:
    """Define f(n) by the remainder of n: each case combines two smaller values, or halves its argument."""
    modulus, start = one_of(rng, (97, 101, 127, 997, 1009)), integer(rng, 2, 4)
    first = [integer(rng, 1, 9) for _ in range(start)]
    shapes = several_of(rng, range(_NUM_SHAPES), num_cases)
    rules = [_rule(rng, start, shape) for shape in shapes]
    bases = ", ".join(f"f({n}) = {value}" for n, value in enumerate(first))
    lines = [
        f"{f'If n leaves the remainder {case} modulo {num_cases}, ' if num_cases > 1 else ''}f(n) is {text}"
        f", taken modulo {modulus}."
        for case, (text, _) in enumerate(rules)
    ]
    wrong_rules = [[*rules[:k], (rule[1], ""), *rules[k + 1 :]] for k, rule in enumerate(rules)]
    variants = [(first, rules, modulus), ([*first[:-1], first[-1] + 1], rules, modulus)]
    variants += [(first, wrong, modulus) for wrong in wrong_rules]
    sources = [_recurrence_source(*variant) for variant in variants]
    return ProgramProblem(
        statement="Write a Python function `f(n: int) -> int` for n from 0 to 200. It is defined by "
        f"{bases}, and for n >= {start}:\n" + "\n".join(f"- {line[0].upper()}{line[1:]}" for line in lines),
        function="f",
        source=sources[0],
        near_misses=tuple(sources[1:]),
        plan=f"The values up to n = {start - 1} are given. {' '.join(lines)} Remember values that were computed.",
        draw_input=_draw_number,
    )


def _rule(rng: Rng, start: int, shape: int) -> tuple[str, str]:
    """Return a rule, which reads alike in words and in Python, and a mistaken one."""
    a, b, near, far = integer(rng, 1, 5), integer(rng, 1, 5), integer(rng, 1, start - 1), start
    shapes = (
        (f"{a} * f(n - {near}) + {b} * f(n - {far})", f"{b} * f(n - {near}) + {a + 1} * f(n - {far})"),
        (f"f(n - {near}) * f(n - {far}) + {a}", f"f(n - {near}) * f(n - {far}) + {a + 1}"),
        (f"{a} * f(n // 2) + f(n - {near}) + {b}", f"{a} * f((n + 1) // 2 - 1) + f(n - {near}) + {b + 1}"),
        (f"{a} * f(n - {far}) + {b} * n", f"{a} * f(n - {near}) + {b} * n"),
        (f"f(n - {near}) - {a} * f(n - {far}) + n * n", f"f(n - {far}) - {a} * f(n - {near}) + n * n"),
    )
    assert len(shapes) == _NUM_SHAPES
    return shapes[shape]


def _recurrence_source(first: list[int], rules: list[tuple[str, str]], modulus: int) -> str:
    lines = [f"if n < {len(first)}:\n    return {first}[n]"]
    lines += [
        f"if n % {len(rules)} == {case}:\n    return ({code}) % {modulus}"
        if case < len(rules) - 1
        else f"return ({code}) % {modulus}"
        for case, (code, _) in enumerate(rules)
    ]
    return "from functools import cache\n\n\n@cache\n" + program_text("def f(n):", lines)


def _draw_number(rng: Rng) -> tuple[int]:
    return (integer(rng, 0, one_of(rng, (12, 40, 120, 200))),)


_LEAVES = (
    ("its value", "item", "-item"),
    ("its absolute value", "abs(item)", "item"),
    ("its square", "item * item", "item"),
    ("its value if that is even, and 0 otherwise", "(item if item % 2 == 0 else 0)", "item"),
    ("1 if it is positive, and 0 otherwise", "(1 if item > 0 else 0)", "(1 if item >= 0 else 0)"),
)
_COMBINATIONS = (
    ("the sum of the weights of its items", "sum(weights)", "sum(weights[1:])"),
    ("the largest weight of its items (0 if it is empty)", "max(weights, default=0)", "sum(weights)"),
    (
        "the weight of its first item minus that of its second, plus that of its third, and so on (0 if it is empty)",
        "sum(weights[::2]) - sum(weights[1::2])",
        "sum(weights)",
    ),
    (
        "the largest weight of its items minus the smallest (0 if it is empty)",
        "max(weights) - min(weights) if weights else 0",
        "max(weights, default=0)",
    ),
)


def _nested(rng: Rng, _: int) -> ProgramProblem:
    """Define the weight of a nested list by those of its items."""
    leaf, leaf_code, leaf_mistake = one_of(rng, _LEAVES)
    whole, code, mistake = one_of(rng, _COMBINATIONS)
    factor, summand = one_of(rng, (-3, -2, 2, 3, 4)), nonzero(rng, 9)
    extra = one_of(rng, ("number", "depth"))
    what, last = {
        "number": ("the number of its items", f"{summand} * len(item)"),
        "depth": ("its depth (the outermost list has depth 1)", f"{summand} * depth"),
    }[extra]
    rule = f"For the weight of a list, take {whole}, multiply it by {factor}, and add {summand} times {what}."

    def source(leaf_code: str, code: str, tail: str, deeper: str = "depth + 1") -> str:
        lines = [
            f"if isinstance(item, int):\n    return {leaf_code}",
            f"weights = [weight(part, {deeper}) for part in item]",
            f"return ({code}) * {factor} + {tail}",
        ]
        return program_text("def weight(item, depth=1):", lines)

    misses = [source(leaf_mistake, code, last), source(leaf_code, mistake, last), source(leaf_code, code, str(summand))]
    if extra == "depth":
        misses.append(source(leaf_code, code, last, "depth"))
    return ProgramProblem(
        statement="Write a Python function `weight(item: list) -> int`. Its argument is a list of integers and of such "
        f"lists, nested to any depth. The weight of an integer is {leaf}. {rule} "
        "Return the weight of the outermost list.",
        function="weight",
        source=source(leaf_code, code, last),
        near_misses=tuple(misses),
        plan=f"Recursion over the items. The weight of an integer is {leaf}. {rule}",
        draw_input=_draw_nested,
    )


def _draw_nested(rng: Rng) -> tuple[list[Any]]:
    return (_nested_list(rng, integer(rng, 0, 3)),)


def _nested_list(rng: Rng, depth: int) -> list[Any]:
    return [
        _nested_list(rng, depth - 1) if depth and rng.integers(0, 2) else integer(rng, -9, 9)
        for _ in range(integer(rng, 0, 4))
    ]


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    return _nested(rng, difficulty) if difficulty == 3 else _recurrence(rng, integer(rng, 1, 2) + difficulty - 1)


code_recursion = program_family("code_recursion", "recursion", _generate)
