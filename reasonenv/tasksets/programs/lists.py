"""Programs on lists of integers: a chain of operations, and what to tell of the outcome.

Every operation is defined on the empty list too, so that no statement leaves a case open.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import (
    DrawOperation,
    Operation,
    ProgramProblem,
    fixed,
    pipeline_problem,
    program_family,
)
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of, several_of


def _remove_multiples(rng: Rng) -> Operation:
    m = integer(rng, 2, 5)
    return Operation(
        f"Remove the values that are divisible by {m}.",
        f"values = [value for value in values if value % {m} != 0]",
        f"values = [value for value in values if value % {m} == 0]",
    )


def _keep_above(rng: Rng) -> Operation:
    k = integer(rng, -4, 5)
    word, test, wrong = one_of(rng, (("at least", ">=", ">"), ("less than", "<", "<="), ("greater than", ">", ">=")))
    return Operation(
        f"Keep only the values that are {word} {k}.",
        f"values = [value for value in values if value {test} {k}]",
        f"values = [value for value in values if value {wrong} {k}]",
    )


def _affine(rng: Rng) -> Operation:
    a, b = one_of(rng, (-3, -2, -1, 2, 3, 4)), nonzero(rng, 9)
    return Operation(
        f"Multiply every value by {a}, then add {b} to it.",
        f"values = [value * {a} + {b} for value in values]",
        f"values = [(value + {b}) * {a} for value in values]",
    )


def _remainders(rng: Rng) -> Operation:
    m = integer(rng, 3, 9)
    return Operation(
        f"Replace every value by its remainder modulo {m}, between 0 and {m - 1} for negative values too.",
        f"values = [value % {m} for value in values]",
        f"values = [abs(value) % {m} for value in values]",
    )


def _windows(rng: Rng) -> Operation:
    k = integer(rng, 2, 3)
    word, function = one_of(rng, (("largest value", "max"), ("smallest value", "min"), ("sum", "sum")))
    return Operation(
        f"Replace the list by the {word} of each {k} consecutive values, from left to right; "
        f"the list becomes empty if it has fewer than {k}.",
        f"values = [{function}(values[i:i + {k}]) for i in range(len(values) - {k - 1})]",
        f"values = [{function}(values[i:i + {k}]) for i in range(len(values))]",
    )


def _rotate(rng: Rng) -> Operation:
    k = integer(rng, 2, 3)
    return Operation(
        f"Move the last {k} values to the front, keeping their order; a shorter list stays as it is.",
        f"values = values[-{k}:] + values[:-{k}]",
        f"values = values[{k}:] + values[:{k}]",
    )


def _drop(rng: Rng) -> Operation:
    k = integer(rng, 1, 2)
    where, code, wrong = one_of(rng, (("first", "{k}:", ":-{k}"), ("last", ":-{k}", "{k}:")))
    which = f"{k} values" if k > 1 else "value"
    return Operation(
        f"Remove the {where} {which}, or all if there are no more.",
        f"values = values[{code.format(k=k)}]",
        f"values = values[{wrong.format(k=k)}]",
    )


def _negate(rng: Rng) -> Operation:
    word, rest = one_of(rng, (("even", 0), ("odd", 1)))
    code = "values = [-value if index % 2 == {} else value for index, value in enumerate(values)]"
    return Operation(
        f"Change the sign of the values at {word} positions (the first position is 0).",
        code.format(rest),
        code.format(1 - rest),
    )


def _sort(rng: Rng) -> Operation:
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
    return Operation(text, f"values = sorted({key})", f"values = sorted({wrong})")


_STEPS: tuple[DrawOperation, ...] = (
    _remove_multiples,
    _keep_above,
    _affine,
    _remainders,
    _windows,
    _rotate,
    _drop,
    _negate,
    _sort,
    fixed("Reverse the list.", "values = values[::-1]"),
    fixed(
        "Keep only the first occurrence of every value.",
        "values = list(dict.fromkeys(values))",
        "values = sorted(set(values))",
    ),
    fixed(
        "Replace every value by the sum of all values up to and including it.",
        "values = [sum(values[: index + 1]) for index in range(len(values))]",
        "values = [sum(values[:index]) for index in range(len(values))]",
    ),
    fixed(
        "Replace the list by the differences of neighbours, each value minus the one before it.",
        "values = [right - left for left, right in zip(values, values[1:])]",
        "values = [left - right for left, right in zip(values, values[1:])]",
    ),
    fixed(
        "Add to every value its position (the first position is 0).",
        "values = [index + value for index, value in enumerate(values)]",
        "values = [index + value for index, value in enumerate(values, start=1)]",
    ),
    fixed(
        "Keep only the values that are greater than all values before them.",
        "values = [value for index, value in enumerate(values) if all(value > other for other in values[:index])]",
        "values = [value for index, value in enumerate(values) if all(value >= other for other in values[:index])]",
    ),
)

_RESULTS = (
    Operation("Return the list.", "return values", returns="list[int]"),
    Operation("Return the list.", "return values", returns="list[int]"),
    Operation("Return the sum of the values.", "return sum(values)", "return len(values)"),
    Operation(
        "Return the largest value minus the smallest, or 0 if the list is empty.",
        "return max(values) - min(values) if values else 0",
        "return values[-1] - values[0] if values else 0",
    ),
    Operation(
        "Return the first value minus the second plus the third minus the fourth, and so on (0 for no values).",
        "return sum(values[::2]) - sum(values[1::2])",
        "return sum(values[1::2]) - sum(values[::2])",
    ),
    Operation(
        "Return the most frequent value, the smallest of several, or 0 if the list is empty.",
        "return max(sorted(values), key=values.count, default=0)",
        "return max(values, key=values.count, default=0)",
    ),
)


def _draw_input(rng: Rng) -> tuple[list[int]]:
    bound = one_of(rng, (4, 9, 25))
    return ([integer(rng, -bound, bound) for _ in range(integer(rng, 0, 12))],)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    steps = [make(rng) for make in several_of(rng, _STEPS, difficulty + 1)]
    result = one_of(rng, _RESULTS)
    return pipeline_problem(
        "process(values: list[int])",
        " that does the following, in this order:",
        steps,
        result,
        _draw_input,
    )


code_lists = program_family("code_lists", "lists", _generate)
