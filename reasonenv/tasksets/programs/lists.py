"""Programs on lists of integers: a chain of operations, and what to tell of the outcome.

Lives here: what these problems are. Does not: their tests (`drafts`), or seeds, splits and ids (`procedural`).

The one decision: every operation is defined on the empty list too, so that no statement leaves a case open.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reasonenv.tasksets.draws import integer, nonzero, one_of, several_of
from reasonenv.tasksets.programs.drafts import Draft, Step, numbered, pipeline, program_family

__all__ = ["code_lists"]

_MakeStep = Callable[[np.random.Generator], Step]


def _remove_multiples(rng: np.random.Generator) -> Step:
    m = integer(rng, 2, 5)
    return Step(
        f"Remove the values that are divisible by {m}.",
        f"values = [value for value in values if value % {m} != 0]",
        f"values = [value for value in values if value % {m} == 0]",
    )


def _keep_above(rng: np.random.Generator) -> Step:
    k = integer(rng, -4, 5)
    word, test, wrong = one_of(rng, (("at least", ">=", ">"), ("less than", "<", "<="), ("greater than", ">", ">=")))
    return Step(
        f"Keep only the values that are {word} {k}.",
        f"values = [value for value in values if value {test} {k}]",
        f"values = [value for value in values if value {wrong} {k}]",
    )


def _affine(rng: np.random.Generator) -> Step:
    a, b = one_of(rng, (-3, -2, -1, 2, 3, 4)), nonzero(rng, 9)
    return Step(
        f"Multiply every value by {a}, then add {b} to it.",
        f"values = [value * {a} + {b} for value in values]",
        f"values = [(value + {b}) * {a} for value in values]",
    )


def _remainders(rng: np.random.Generator) -> Step:
    m = integer(rng, 3, 9)
    return Step(
        f"Replace every value by its remainder modulo {m}, between 0 and {m - 1} for negative values too.",
        f"values = [value % {m} for value in values]",
        f"values = [abs(value) % {m} for value in values]",
    )


def _windows(rng: np.random.Generator) -> Step:
    k = integer(rng, 2, 3)
    word, function = one_of(rng, (("largest value", "max"), ("smallest value", "min"), ("sum", "sum")))
    return Step(
        f"Replace the list by the {word} of each {k} consecutive values, from left to right; "
        f"the list becomes empty if it has fewer than {k}.",
        f"values = [{function}(values[i:i + {k}]) for i in range(len(values) - {k - 1})]",
        f"values = [{function}(values[i:i + {k}]) for i in range(len(values))]",
    )


def _rotate(rng: np.random.Generator) -> Step:
    k = integer(rng, 2, 3)
    return Step(
        f"Move the last {k} values to the front, keeping their order; a shorter list stays as it is.",
        f"values = values[-{k}:] + values[:-{k}]",
        f"values = values[{k}:] + values[:{k}]",
    )


def _drop(rng: np.random.Generator) -> Step:
    k = integer(rng, 1, 2)
    where, code, wrong = one_of(rng, (("first", "{k}:", ":-{k}"), ("last", ":-{k}", "{k}:")))
    which = f"{k} values" if k > 1 else "value"
    return Step(
        f"Remove the {where} {which}, or all if there are no more.",
        f"values = values[{code.format(k=k)}]",
        f"values = values[{wrong.format(k=k)}]",
    )


def _negate(rng: np.random.Generator) -> Step:
    word, rest = one_of(rng, (("even", 0), ("odd", 1)))
    code = "values = [-value if index % 2 == {} else value for index, value in enumerate(values)]"
    return Step(
        f"Change the sign of the values at {word} positions (the first position is 0).",
        code.format(rest),
        code.format(1 - rest),
    )


def _sort(rng: np.random.Generator) -> Step:
    text, key, wrong = one_of(
        rng,
        (
            ("Sort the values, smallest first.", "values", "values, key=abs"),
            ("Sort the values, largest first.", "values, reverse=True", "values"),
            (
                "Sort the values by absolute value, smallest first; of two with the same, the negative one first.",
                "values, key=lambda value: (abs(value), value)",
                "values, key=lambda value: (abs(value), -value)",
            ),
            (
                "Sort the values by their last decimal digit (that of the absolute value), smallest first; values with "
                "the same digit keep their order.",
                "values, key=lambda value: abs(value) % 10",
                "values, key=lambda value: value % 10",
            ),
        ),
    )
    return Step(text, f"values = sorted({key})", f"values = sorted({wrong})")


def _fixed(text: str, code: str, mistake: str | None = None) -> _MakeStep:
    def step(_: np.random.Generator) -> Step:
        return Step(text, code, mistake)

    return step


_STEPS: tuple[_MakeStep, ...] = (
    _remove_multiples,
    _keep_above,
    _affine,
    _remainders,
    _windows,
    _rotate,
    _drop,
    _negate,
    _sort,
    _fixed("Reverse the list.", "values = values[::-1]"),
    _fixed(
        "Keep only the first occurrence of every value.",
        "values = list(dict.fromkeys(values))",
        "values = sorted(set(values))",
    ),
    _fixed(
        "Replace every value by the sum of all values up to and including it.",
        "values = [sum(values[: index + 1]) for index in range(len(values))]",
        "values = [sum(values[:index]) for index in range(len(values))]",
    ),
    _fixed(
        "Replace the list by the differences of neighbours, each value minus the one before it.",
        "values = [right - left for left, right in zip(values, values[1:])]",
        "values = [left - right for left, right in zip(values, values[1:])]",
    ),
    _fixed(
        "Add to every value its position (the first position is 0).",
        "values = [index + value for index, value in enumerate(values)]",
        "values = [index + value for index, value in enumerate(values, start=1)]",
    ),
    _fixed(
        "Keep only the values that are greater than all values before them.",
        "values = [value for index, value in enumerate(values) if all(value > other for other in values[:index])]",
        "values = [value for index, value in enumerate(values) if all(value >= other for other in values[:index])]",
    ),
)

_LIST = Step("Return the list.", "return values")
_RESULTS = (
    ("list[int]", _LIST),
    ("list[int]", _LIST),
    ("int", Step("Return the sum of the values.", "return sum(values)", "return len(values)")),
    (
        "int",
        Step(
            "Return the largest value minus the smallest, or 0 if the list is empty.",
            "return max(values) - min(values) if values else 0",
            "return values[-1] - values[0] if values else 0",
        ),
    ),
    (
        "int",
        Step(
            "Return the first value minus the second plus the third minus the fourth, and so on (0 for no values).",
            "return sum(values[::2]) - sum(values[1::2])",
            "return sum(values[1::2]) - sum(values[::2])",
        ),
    ),
    (
        "int",
        Step(
            "Return the most frequent value, the smallest of several, or 0 if the list is empty.",
            "return max(sorted(values), key=values.count, default=0)",
            "return max(values, key=values.count, default=0)",
        ),
    ),
)


def _draw_input(rng: np.random.Generator) -> tuple[list[int]]:
    bound = one_of(rng, (4, 9, 25))
    return ([integer(rng, -bound, bound) for _ in range(integer(rng, 0, 12))],)


def _draw(rng: np.random.Generator, difficulty: int) -> Draft:
    steps = [make(rng) for make in several_of(rng, _STEPS, difficulty + 1)]
    kind, result = one_of(rng, _RESULTS)
    source, near_misses = pipeline("def process(values):", steps, result)
    return Draft(
        statement=f"Write a Python function `process(values: list[int]) -> {kind}` that does the following, "
        f"in this order:\n{numbered([step.text for step in (*steps, result)])}",
        function="process",
        source=source,
        near_misses=near_misses,
        plan="\n".join(f"{step.text} {step.code}" for step in (*steps, result)),
        draw_input=_draw_input,
    )


code_lists = program_family("code_lists", "lists", _draw)
