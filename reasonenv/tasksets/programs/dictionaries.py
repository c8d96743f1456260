"""Programs that group records in dictionaries: filter, key, aggregate, choose. Every tie is broken by a stated rule."""

from __future__ import annotations

from reasonenv.tasksets.program_families import Operation, ProgramProblem, pipeline_problem, program_family
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_NAMES = ("ana", "ben", "bo", "cleo", "dan", "eva", "emil", "fay", "ida", "otto", "uma", "zoe")
_GROUPS = ("red", "blue", "green", "gold")

_FILTERS = (
    Operation(
        "Leave out the records whose name starts with a vowel (a, e, i, o, u).",
        "records = [record for record in records if record[0][0] not in 'aeiou']",
        "records = [record for record in records if record[0][0] in 'aeiou']",
    ),
    Operation(
        "Leave out the records whose name has {k} letters or more.",
        "records = [record for record in records if len(record[0]) < {k}]",
        "records = [record for record in records if len(record[0]) <= {k}]",
    ),
    Operation(
        "Keep only the records with an amount of at least {k}.",
        "records = [record for record in records if record[2] >= {k}]",
        "records = [record for record in records if record[2] > {k}]",
    ),
    Operation(
        "Leave out the records of group {group!r}.",
        "records = [record for record in records if record[1] != {group!r}]",
        "records = [record for record in records if record[1] == {group!r}]",
    ),
    Operation(
        "Of records with the same name and group, keep only the last.",
        "records = list({{record[:2]: record for record in records}}.values())",
        "records = list({{record[:2]: record for record in records[::-1]}}.values())",
    ),
    Operation(
        "Add {k} to the amount of every record of group {group!r}.",
        "records = [(a, b, c + {k}) if b == {group!r} else (a, b, c) for a, b, c in records]",
        "records = [(a, b, c + {k}) for a, b, c in records]",
    ),
)

_KEYS = (
    ("their group", "group", "name"),
    ("their name", "name", "group"),
    ("the first letter of their name", "name[0]", "name[-1]"),
    ("the last letter of their name", "name[-1]", "name[0]"),
    ("the remainder of their amount modulo 3", "amount % 3", "amount // 3"),
)

_AGGREGATES = (
    ("the sum of their amounts", "sum(amounts)", "len(amounts)"),
    ("the largest of their amounts", "max(amounts)", "sum(amounts)"),
    ("the smallest of their amounts", "min(amounts)", "amounts[0]"),
    ("the number of records", "len(amounts)", "len(set(amounts))"),
    ("the number of different amounts", "len(set(amounts))", "len(amounts)"),
    ("the last of their amounts in the order of the records", "amounts[-1]", "max(amounts)"),
)

_INVERTED = "result = {{}}\nfor key in KEYS:\n    result.setdefault(totals[key], []).append(key)\nreturn result"
_RESULTS = (
    Operation("Return the dictionary.", "return totals", returns="dict"),
    Operation(
        "Return its keys as a list, sorted by value, largest first; keys with the same value are sorted upwards.",
        "return sorted(totals, key=lambda key: (-totals[key], key))",
        "return sorted(totals, key=lambda key: totals[key], reverse=True)",
        returns="list",
    ),
    Operation(
        "Return the sorted list of the keys whose value is at least {k}.",
        "return sorted(key for key, value in totals.items() if value >= {k})",
        "return sorted(key for key, value in totals.items() if value > {k})",
        returns="list",
    ),
    Operation(
        "Return the dictionary that maps each value to the sorted list of its keys.",
        _INVERTED.replace("KEYS", "sorted(totals)"),
        _INVERTED.replace("KEYS", "totals"),
        returns="dict",
    ),
)


def _draw_input(rng: Rng) -> tuple[list[tuple[str, str, int]]]:
    names = several_of(rng, _NAMES, integer(rng, 3, 7))
    count = one_of(rng, (0, 1, 2, 3, 5, 8, 11))
    return ([(one_of(rng, names), one_of(rng, _GROUPS), integer(rng, 0, 12)) for _ in range(count)],)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    filters = [
        operation.filled(k=integer(rng, 3, 8), group=one_of(rng, _GROUPS))
        for operation in several_of(rng, _FILTERS, difficulty)
    ]
    by, key, wrong_key = one_of(rng, _KEYS)
    group = "groups = {{}}\nfor name, group, amount in records:\n    groups.setdefault({}, []).append(amount)"
    what, value, wrong_value = one_of(rng, _AGGREGATES)
    totals = "totals = {{key: {} for key, amounts in groups.items()}}"
    result = one_of(rng, _RESULTS)
    result = result.filled(k=integer(rng, 3, 9))
    every = [
        *filters,
        Operation(f"Group the records by {by}.", group.format(key), group.format(wrong_key)),
        Operation(f"Map each key to {what} in its group.", totals.format(value), totals.format(wrong_value)),
    ]
    return pipeline_problem(
        "report(records: list[tuple[str, str, int]])",
        ". Each record holds a name, a group and an amount. The function does the following, in this order:",
        every,
        result,
        _draw_input,
    )


code_dictionaries = program_family("code_dictionaries", "dictionaries", _generate)
