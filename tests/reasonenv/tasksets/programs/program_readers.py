"""A second implementation of every family of programs: each reads the statement and does what it says.

`solver(task)` gives the function that the statement describes, written in another way than the reference programs.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections import Counter, OrderedDict, defaultdict, deque

from program_readers_of_rules import READERS_OF_RULES
from program_readers_of_steps import READERS_OF_STEPS
from program_sentences import chain, reader

VOWELS = set("aeiouAEIOU")


def caesar(text, places):
    low, high = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    places = int(places)
    table = str.maketrans(low + high, low[places:] + low[:places] + high[places:] + high[:places])
    return text.translate(table)


def stable_partition(text):
    return re.sub("[aeiouAEIOU]", "", text) + re.sub("[^aeiouAEIOU]", "", text)


def remove_at(text, start, second, _):
    step = int(second) - int(start)
    dropped = set(range(int(start), len(text), step))
    return "".join(text[place] for place in range(len(text)) if place not in dropped)


def kept_at(text, first, _):
    return "".join(itertools.islice(text, 0, None, int(first)))


def first_unique(text):
    counts = Counter(text)
    return next((text.index(char) for char in text if counts[char] == 1), -1)


strings = chain(
    reader(
        (r"Replace every vowel \(.*\) by '(.)'\.", lambda text, mark: re.sub("[aeiouAEIOU]", mark, text)),
        (r"Keep only the characters at the positions 0, (\d+), (\d+), and so on\.", kept_at),
        (r"Remove the characters at the positions (\d+), (\d+), (\d+), and so on\.", remove_at),
        (r"Move every letter (\d+) places? on in the alphabet, .*", caesar),
        (r"Move the first character to the end\.", lambda text: text[1:] + text[:1]),
        (
            r"Move the first (\d+) characters to the end, .*",
            lambda text, k: (
                "".join((lambda queue: queue.rotate(-int(k)) or queue)(deque(text))) if len(text) > int(k) else text
            ),
        ),
        (
            r"Put '(.)' between every two neighbouring characters\.",
            lambda text, mark: re.sub(r"(?s)(?<=.)(?=.)", mark, text),
        ),
        (
            r"Write every character at an (even|odd) position .* twice\.",
            lambda text, kind: "".join(c + c * ((place % 2 == 1) == (kind == "odd")) for place, c in enumerate(text)),
        ),
        (r"Reverse the string\.", lambda text: "".join(reversed(text))),
        (r"Swap upper and lower case\.", lambda text: "".join(c.lower() if c.isupper() else c.upper() for c in text)),
        (r"Remove all digits\.", lambda text: re.sub("[0-9]", "", text)),
        (r"Shorten every run .*", lambda text: re.sub(r"(.)\1+", r"\1", text)),
        (r"Sort the characters by code point, .*", lambda text: "".join(map(chr, sorted(map(ord, text))))),
        (r"Move all vowels .* behind .*", stable_partition),
        (r"Append the string in reverse to itself\.", lambda text: text + "".join(reversed(text))),
        (r"Keep only the first occurrence of every character\.", lambda text: "".join(OrderedDict.fromkeys(text))),
        (r"Return the string\.", lambda text: text),
        (r"Return how many different characters it has\.", lambda text: len(Counter(text))),
        (r"Return the lengths of its runs .*", lambda text: [len(m.group()) for m in re.finditer(r"(.)\1*", text)]),
        (r"Return the position of the first character that occurs only once .*", first_unique),
    )
)


def signed_remainder(value, modulus):
    while value < 0:
        value += modulus
    return value % modulus


def windows(values, what, k):
    function = {"largest value": max, "smallest value": min, "sum": sum}[what]
    return [function(values[i : i + int(k)]) for i in range(max(len(values) - int(k) + 1, 0))]


def records_of(values):
    best, kept = None, []
    for value in values:
        if best is None or value > best:
            best = value
            kept.append(value)
    return kept


def mode(values):
    counts = Counter(values)
    return min((value for value in counts if counts[value] == max(counts.values())), default=0)


def compare(values, word, bound):
    bound = int(bound)
    keeps = {"at least": lambda v: not v < bound, "less than": lambda v: v < bound, "greater than": lambda v: v > bound}
    return list(filter(keeps[word], values))


def drop(values, where, count):
    for _ in range(int(count or 1)):
        values = (values[1:] if where == "first" else values[:-1]) if values else values
    return values


lists = chain(
    reader(
        (r"Remove the values that are divisible by (\d+)\.", lambda v, m: [x for x in v if abs(x) % int(m)]),
        (r"Keep only the values that are (at least|less than|greater than) (-?\d+)\.", compare),
        (
            r"Multiply every value by (-?\d+), then add (-?\d+) to it\.",
            lambda v, a, b: [int(a) * x + int(b) for x in v],
        ),
        (
            r"Replace every value by its remainder modulo (\d+), .*",
            lambda v, m: [signed_remainder(x, int(m)) for x in v],
        ),
        (r"Replace the list by the (largest value|smallest value|sum) of each (\d+) consecutive values, .*", windows),
        (
            r"Move the last (\d+) values to the front, .*",
            lambda v, k: v[len(v) - int(k) :] + v[: len(v) - int(k)] if len(v) > int(k) else v,
        ),
        (r"Remove the (first|last)(?: (\d+))? values?, or all if there are no more\.", drop),
        (
            r"Change the sign of the values at (even|odd) positions .*",
            lambda v, kind: [x * (-1) ** ((place % 2 == 0) == (kind == "even")) for place, x in enumerate(v)],
        ),
        (r"Sort the values, smallest first\.", sorted),
        (r"Sort the values, largest first\.", lambda v: sorted(v)[::-1]),
        (r"Sort the values by absolute value, .*", lambda v: sorted(sorted(v), key=abs)),
        (r"Sort the values by their last decimal digit .*", lambda v: sorted(v, key=lambda x: str(x)[-1])),
        (r"Reverse the list\.", lambda v: list(reversed(v))),
        (r"Keep only the first occurrence of every value\.", lambda v: list(OrderedDict.fromkeys(v))),
        (r"Replace every value by the sum of all values up to .*", lambda v: list(itertools.accumulate(v))),
        (r"Replace the list by the differences .*", lambda v: [b - a for a, b in itertools.pairwise(v)]),
        (r"Add to every value its position .*", lambda v: list(map(sum, zip(v, itertools.count(), strict=False)))),
        (r"Keep only the values that are greater than all values before them\.", records_of),
        (r"Return the list\.", lambda v: v),
        (r"Return the sum of the values\.", sum),
        (r"Return the largest value minus the smallest, .*", lambda v: sorted(v)[-1] - sorted(v)[0] if v else 0),
        (
            r"Return the first value minus the second .*",
            lambda v: sum(x if place % 2 == 0 else -x for place, x in enumerate(v)),
        ),
        (r"Return the most frequent value, .*", mode),
    )
)


def grouped(records, key):
    keys = {
        "their group": lambda r: r[1],
        "their name": lambda r: r[0],
        "the first letter of their name": lambda r: r[0][:1],
        "the last letter of their name": lambda r: r[0][-1:],
        "the remainder of their amount modulo 3": lambda r: r[2] % 3,
    }
    groups = defaultdict(list)
    for record in records:
        groups[keys[key](record)].append(record[2])
    return groups


def aggregated(groups, what):
    return {key: AMOUNTS[what](amounts) for key, amounts in groups.items()}


AMOUNTS = {
    "the sum of their amounts": lambda a: functools.reduce(int.__add__, a),
    "the largest of their amounts": lambda a: sorted(a)[-1],
    "the smallest of their amounts": lambda a: sorted(a)[0],
    "the number of records": len,
    "the number of different amounts": lambda a: len(Counter(a)),
    "the last of their amounts in the order of the records": lambda a: a[-1],
}


def last_of_each(records):
    """The place is that of the first, the amount that of the last, as in a dictionary."""
    kept = []
    for name, group, amount in records:
        places = [place for place, other in enumerate(kept) if other[:2] == (name, group)]
        if places:
            kept[places[0]] = (name, group, amount)
        else:
            kept.append((name, group, amount))
    return kept


def inverted(totals):
    return {value: sorted(key for key in totals if totals[key] == value) for value in set(totals.values())}


dictionaries = chain(
    reader(
        (r"Leave out the records whose name starts with a vowel .*", lambda r: [x for x in r if x[0][0] not in VOWELS]),
        (
            r"Leave out the records whose name has (\d+) letters or more\.",
            lambda r, k: [x for x in r if not len(x[0]) >= int(k)],
        ),
        (r"Keep only the records with an amount of at least (\d+)\.", lambda r, k: [x for x in r if not x[2] < int(k)]),
        (r"Leave out the records of group '(\w+)'\.", lambda r, group: [x for x in r if x[1] != group]),
        (r"Of records with the same name and group, keep only the last\.", last_of_each),
        (
            r"Add (\d+) to the amount of every record of group '(\w+)'\.",
            lambda r, k, group: [(*x[:2], x[2] + int(k) * (x[1] == group)) for x in r],
        ),
        (r"Group the records by (.*)\.", grouped),
        (r"Map each key to (.*) in its group\.", aggregated),
        (r"Return the dictionary\.", lambda totals: totals),
        (
            r"Return its keys as a list, sorted by value, .*",
            lambda totals: [key for _, key in sorted((-value, key) for key, value in totals.items())],
        ),
        (
            r"Return the sorted list of the keys whose value is at least (\d+)\.",
            lambda totals, k: sorted(key for key in totals if not totals[key] < int(k)),
        ),
        (r"Return the dictionary that maps each value .*", inverted),
    )
)


def zeroed(grid):
    columns = list(zip(*grid, strict=True))
    return [[0 if 0 in row or 0 in columns[c] else cell for c, cell in enumerate(row)] for row in grid]


def rewritten(grid, function):
    return [[function(r, c, cell) for c, cell in enumerate(row)] for r, row in enumerate(grid)]


def turned(grid):
    """Counterclockwise: the last column becomes the first row."""
    return [[row[c] for row in grid] for c in reversed(range(len(grid[0])))]


def rotated_rows(grid, where):
    queues = [deque(row) for row in grid]
    for number, queue in enumerate(queues):
        queue.rotate(number if where == "right" else -number)
    return [list(queue) for queue in queues]


grids = chain(
    reader(
        (r"Swap rows and columns: .*", lambda g: [[row[c] for row in g] for c in range(len(g[0]))]),
        (r"Turn the grid clockwise .*", lambda g: turned(turned(turned(g)))),
        (r"Turn the grid counterclockwise .*", turned),
        (r"Mirror the grid left to right\.", lambda g: [list(reversed(row)) for row in g]),
        (r"Mirror the grid top to bottom\.", lambda g: list(reversed(g))),
        (r"Sort the cells within every row, .*", lambda g: list(map(sorted, g))),
        (
            r"Sort the rows by their sums, .*",
            lambda g: [row for _, _, row in sorted((sum(row), place, row) for place, row in enumerate(g))],
        ),
        (r"Replace every cell by the sum .*", lambda g: [list(itertools.accumulate(row)) for row in g]),
        (r"Set every cell to 0 .*", zeroed),
        (r"Add to every cell \(r, c\) the number r \* c .*", lambda g: rewritten(g, lambda r, c, cell: cell + r * c)),
        (
            r"Multiply every cell \(r, c\) with (even|odd) r \+ c by (-?\d+), then add (-?\d+) to it .*",
            lambda g, kind, a, b: rewritten(
                g, lambda r, c, cell: int(a) * cell + int(b) if ("even", "odd")[(r + c) & 1] == kind else cell
            ),
        ),
        (
            r"Raise every cell below (-?\d+) to \1, and lower every cell above (-?\d+) to \2\.",
            lambda g, low, high: rewritten(g, lambda r, c, cell: sorted((int(low), cell, int(high)))[1]),
        ),
        (r"Rotate row r by r places to the (left|right), .*", rotated_rows),
        (r"Return the grid\.", lambda g: g),
        (r"Return the cells of the first column, .*", lambda g: list(next(zip(*g, strict=True)))),
        (r"Return the sums of the columns, .*", lambda g: list(map(sum, zip(*g, strict=True)))),
        (
            r"Return the cells \(r, r\) of the diagonal, .*",
            lambda g: [cell for r, row in enumerate(g) for c, cell in enumerate(row) if r == c],
        ),
        (
            r"Return the largest sum of two cells that are side by side .*",
            lambda g: max((sum(pair) for row in g for pair in itertools.pairwise(row)), default=0),
        ),
    )
)


def arithmetic(statement):
    operations = re.search("in this order: (.*?)\\. Return", statement)[1].split() if "order: " in statement else []
    named = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "%": int.__mod__}
    return lambda x: functools.reduce(lambda value, text: named[text[0]](value, int(text[1:])), operations, x)


READERS = {
    "code_arithmetic": arithmetic,
    "code_strings": strings,
    "code_lists": lists,
    "code_dictionaries": dictionaries,
    "code_grids": grids,
    **READERS_OF_STEPS,
    **READERS_OF_RULES,
}


def solver(task):
    """Return the function that the statement of a task describes: of its arguments, or of its standard input."""
    statement = task.prompt.partition("\n\nExamples:\n")[0]
    return READERS[task.task_id.split("/")[0]](statement)


def examples_of(task):
    """Read the examples of a prompt: (arguments, expected) for functions, (input, output) for programs."""
    shown = task.prompt.partition("\n\nExamples:\n")[2]
    if shown.startswith("Input:"):
        return re.findall(r"Input:\n(.*?)Output:\n(.*?)(?:\n\n|\Z)", shown, re.S)
    found = []
    for line in shown.split("\n"):
        call = ast.parse(line, mode="eval").body
        found.append(
            (tuple(ast.literal_eval(argument) for argument in call.left.args), ast.literal_eval(call.comparators[0]))
        )
    return found
