"""Whole programs that read a table of sales from standard input and print a report.

The form of input and output is as much a part of the problem as the computation, and drawn like it.
"""

from __future__ import annotations

from functools import partial

from reasonenv.tasksets.program_families import Operation, ProgramProblem, numbered, pipeline, program_family
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_PRODUCTS = ("apple", "bread", "corn", "dates", "egg", "fig", "grape", "honey")
_SEPARATORS = {"a space": " ", "a comma": ",", "a semicolon": ";", "a colon": ":"}

_RULES = (
    Operation(
        "Skip the sales with a quantity of 0.",
        "rows = [row for row in rows if row[1] != 0]",
        "rows = [row for row in rows if row[1] > 1]",
    ),
    Operation(
        "Skip the sales with a price above {k}.",
        "rows = [row for row in rows if row[2] <= {k}]",
        "rows = [row for row in rows if row[2] < {k}]",
    ),
    Operation(
        "Take {m} off the price where the quantity is {q} or more, but never go below 1.",
        "rows = [(name, n, max(price - {m}, 1) if n >= {q} else price) for name, n, price in rows]",
        "rows = [(name, n, price - {m} if n >= {q} else price) for name, n, price in rows]",
    ),
    Operation(
        "Lower every quantity above {q} to {q}.",
        "rows = [(name, min(n, {q}), price) for name, n, price in rows]",
        "rows = [(name, n % {q}, price) for name, n, price in rows]",
    ),
    Operation(
        "Of several sales of one product, keep only the first.",
        "rows = [row for k, row in enumerate(rows) if row[0] not in [other[0] for other in rows[:k]]]",
        "rows = list({{row[0]: row for row in rows}}.values())",
    ),
    Operation(
        "Skip every sale whose product is the same as that of the sale before it in the input.",
        "rows = [row for before, row in zip([(None,), *rows], rows) if before[0] != row[0]]",
        "rows = [row for k, row in enumerate(rows) if row[0] not in [other[0] for other in rows[:k]]]",
    ),
)
_VALUES = (
    ("the sum of quantity times price", "sum(n * price for n, price in sales)", "sum(price for n, price in sales)"),
    ("the sum of the quantities", "sum(n for n, price in sales)", "len(sales)"),
    ("the highest price", "max(price for n, price in sales)", "sales[0][1]"),
    ("the number of sales", "len(sales)", "sum(n for n, price in sales)"),
)
_ORDERS = (
    ("in alphabetical order", "sorted(values)", "list(values)"),
    ("in the order of their first sale", "list(values)", "sorted(values)"),
    (
        "by value, largest first, and in alphabetical order where values are equal",
        "sorted(values, key=lambda name: (-values[name], name))",
        "sorted(values, key=lambda name: -values[name])",
    ),
    (
        "by value, smallest first, and in reverse alphabetical order where values are equal",
        "sorted(sorted(values, reverse=True), key=lambda name: values[name])",
        "sorted(values, key=lambda name: (values[name], name))",
    ),
)
_LINES = (
    ("the product, {sep}, and the value", "name + {mark!r} + str(values[name])"),
    ("the value, {sep}, and the product", "str(values[name]) + {mark!r} + name"),
    ("the product in upper case, {sep}, and the value", "name.upper() + {mark!r} + str(values[name])"),
)
_LAST = (
    ("", "", ""),
    (
        " After them, print a line with the word total, {sep}, and the sum of all values.",
        "lines.append('total' + {mark!r} + str(sum(values.values())))",
        "lines.append('total' + {mark!r} + str(len(values)))",
    ),
    (
        " After them, print a line with the number of products.",
        "lines.append(str(len(values)))",
        "lines.append(str(len(rows)))",
    ),
)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    rules = [
        rule.filled(k=integer(rng, 4, 8), m=integer(rng, 1, 3), q=integer(rng, 2, 5))
        for rule in several_of(rng, _RULES, difficulty)
    ]
    (_, between), (sep, mark) = one_of(rng, list(_SEPARATORS.items())), one_of(rng, list(_SEPARATORS.items()))
    (what, value, wrong_value), (order, names, wrong_names) = one_of(rng, _VALUES), one_of(rng, _ORDERS)
    line, written = (text.format(sep=sep, mark=mark) for text in one_of(rng, _LINES))
    last, extra, wrong_extra = (text.format(sep=sep, mark=mark) for text in one_of(rng, _LAST))
    values = "values = {{name: {} for name, sales in by_name.items()}}"
    every = [
        Operation("", _read(between)),
        *rules,
        Operation("", "by_name = {}\nfor name, n, price in rows:\n    by_name.setdefault(name, []).append((n, price))"),
        Operation("", values.format(value), values.format(wrong_value)),
        Operation("", f"lines = [{written} for name in {names}]", f"lines = [{written} for name in {wrong_names}]"),
        *([Operation("", extra, wrong_extra)] if extra else []),
    ]
    source, near_misses = pipeline("def solve(text):", every, Operation("", "return '\\n'.join(lines)"))
    return ProgramProblem(
        statement="Write a Python program that reads a list of sales from standard input and prints a report. The "
        "first line of the input is the number of sales. Each line after it is one sale: product, quantity and price, "
        f"separated by {between!r}. Apply these rules first, in this order:\n"
        f"{numbered([rule.text for rule in rules])}\n"
        f"The value of a product is {what} over its sales that are left. Print one line for each product that has "
        f"sales left, {order}: {line}.{last} With nothing to print, print an empty line.",
        function=None,
        source=source,
        near_misses=near_misses,
        plan=f"Read the lines, split them at {between!r}, apply the rules, collect the sales of each product, print.",
        draw_input=partial(_draw_input, between),
    )


def _read(between: str) -> str:
    return (
        f"rows = [line.split({between!r}) for line in text.split('\\n')[1:] if line]\n"
        "rows = [(name, int(n), int(price)) for name, n, price in rows]"
    )


def _draw_input(between: str, rng: Rng) -> tuple[str]:
    names = several_of(rng, _PRODUCTS, integer(rng, 2, 5))
    count = one_of(rng, (1, 2, 3, 5, 6, 8, 9))
    sales = [(one_of(rng, names), integer(rng, 0, 6), integer(rng, 1, 9)) for _ in range(count)]
    return (f"{count}\n" + "".join(between.join(map(str, sale)) + "\n" for sale in sales),)


code_stdin = program_family("code_stdin", "standard input and output", _generate)
