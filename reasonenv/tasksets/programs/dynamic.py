"""Dynamic programming: choosing from a line, paths through a grid, ways to fill a length.

Each kind is a frame with rules to combine, so that a known algorithm has to be adapted, not recalled.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import ProgramProblem, program_family, program_text
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_BASES = (
    ("its value", "value", "abs(value)"),
    ("its value, doubled if it is divisible by {d}", "(value * 2 if value % {d} == 0 else value)", "value"),
    ("its value, or 1 if it is negative", "(value if value >= 0 else 1)", "value"),
    ("its value, with the sign changed if it is divisible by {d}", "(-value if value % {d} == 0 else value)", "value"),
)
_TWEAKS = (
    ("", "", ""),
    (", minus the remainder of its position modulo {m} (the first position is 1)", " - position % {m}", ""),
    (", plus {m} if its position is even (the first position is 1)", " + {m} * (position % 2 == 0)", " + {m}"),
    (", times its position (the first position is 1)", " * position", " * (position - 1)"),
)


def _choose_from_line(rng: Rng) -> ProgramProblem:
    """Ask to choose values at some distance from each other, with the largest total gain."""
    gap, penalty = integer(rng, 2, 5), integer(rng, 1, 6) * integer(rng, 0, 1)
    words = {"d": integer(rng, 2, 5), "m": integer(rng, 2, 7)}
    (base, value, wrong_value), (tweak, more, wrong_more) = one_of(rng, _BASES), one_of(rng, _TWEAKS)
    gain = f"{base}{tweak}".format(**words)
    code, *mistakes = (text.format(**words) for text in (value + more, wrong_value + more, value + wrong_more))
    charge = f" Every chosen value costs {penalty}, which is taken off the total." if penalty else ""

    def source(code: str, gap: int, penalty: int) -> str:
        lines = [
            "best = []",
            "for position, value in enumerate(values, start=1):\n"
            f"    gain = {code}{f' - {penalty}' if penalty else ''}\n"
            f"    before = best[position - 1 - {gap}] if position > {gap} else 0\n"
            "    best.append(max(best[-1] if best else 0, before + gain))",
            "return best[-1] if best else 0",
        ]
        return program_text("def best_total(values):", lines)

    misses = [source(code, gap - 1, penalty), source(code, gap + 1, penalty)]
    misses += [source(mistake, gap, penalty) for mistake in mistakes if mistake != code]
    misses += [source(code, gap, 0)] if penalty else []
    return ProgramProblem(
        statement="Write a Python function `best_total(values: list[int]) -> int`. Choose some of the values, or none, "
        f"so that the positions of any two chosen ones differ by at least {gap}. A chosen value gains {gain}.{charge} "
        "Return the largest total.",
        function="best_total",
        source=source(code, gap, penalty),
        near_misses=tuple(misses),
        plan=f"Go from left to right. At each position, keep the best total so far: either without this value, or its "
        f"gain plus the best total {gap} positions before.",
        draw_input=_draw_values,
    )


def _draw_values(rng: Rng) -> tuple[list[int]]:
    return ([integer(rng, -6, 15) for _ in range(integer(rng, 0, 14))],)


_MOVES = {
    "one cell right": (0, 1),
    "one cell down": (1, 0),
    "one cell diagonally down and right": (1, 1),
    "two cells down": (2, 0),
    "two cells right": (0, 2),
}
_BLOCKS = (
    ("No path may enter a cell whose value is divisible by {k}", "cell % {k} == 0"),
    ("No path may enter a cell whose value is greater than {k}", "cell > {k}"),
    ("No path may enter a cell whose value is equal to {k}", "cell == {k}"),
)
_WORTHS = (
    ("cells", "cell"),
    ("squares of the cells", "cell * cell"),
    ("remainders modulo {m} of the cells", "cell % {m}"),
    ("products of each cell and its row number (the first row is row 1)", "cell * (r + 1)"),
    ("cells, each raised by its column number (the first column is column 0),", "(cell + c)"),
)


def _goal(rng: Rng) -> tuple[str, str, str, int]:
    """Return what is asked, what a cell is worth, how paths combine, and the answer if there is no path."""
    m = integer(rng, 3, 7)
    worth, code = (text.format(m=m) for text in one_of(rng, _WORTHS))
    word, combine, none = one_of(rng, (("smallest", "min", -1), ("largest", "max", -1), ("number", "sum", 0)))
    if combine == "sum":
        return "the number of different paths", "1", combine, none
    return (
        f"the {word} sum of the {worth} on a path, first and last included, or -1 if there is no path",
        code,
        combine,
        none,
    )


def _paths(rng: Rng) -> ProgramProblem:
    """Ask for paths from corner to corner with certain moves, around certain cells."""
    names = [*list(_MOVES)[:2], *several_of(rng, list(_MOVES)[2:], integer(rng, 1, 2))]
    k = integer(rng, 3, 7)
    rule, blocked = (text.format(k=k) for text in one_of(rng, _BLOCKS))
    goal, worth, combine, none = _goal(rng)

    def source(names: list[str], blocked: str, combine: str, worth: str) -> str:
        add = "" if worth == "1" else f" + {worth}"
        moves = ", ".join(str(_MOVES[name]) for name in names)
        lines = [
            "best = {}",
            "for r, row in enumerate(grid):\n    for c, cell in enumerate(row):\n"
            f"        before = [best[r - dr, c - dc] for dr, dc in ({moves},) if (r - dr, c - dc) in best]\n"
            "        if (r, c) == (0, 0):\n"
            f"            best[r, c] = {worth}\n"
            f"        elif before and not ({blocked}):\n"
            f"            best[r, c] = {combine}(before){add}",
            f"return best.get((len(grid) - 1, len(grid[0]) - 1), {none})",
        ]
        return program_text("def through(grid):", lines)

    swapped = {"min": "max", "max": "min", "sum": "len"}[combine]
    swapped = {"min": "max", "max": "min", "sum": "len"}[combine]
    misses = [source([*names[:k], *names[k + 1 :]], blocked, combine, worth) for k in range(len(names))]
    misses += [source(names, "False", combine, worth), source(names, blocked, swapped, worth)]
    misses += [source(names, blocked, combine, "cell")] if worth not in ("1", "cell") else []
    return ProgramProblem(
        statement="Write a Python function `through(grid: list[list[int]]) -> int`. The grid is a list of rows of "
        "equal length. A path leads from the upper left to the lower right cell; each of its moves goes "
        f"{', '.join(names[:-1])} or {names[-1]}. {rule}; its first cell is always allowed. Return {goal}.",
        function="through",
        source=source(names, blocked, combine, worth),
        near_misses=tuple(misses),
        plan="For every cell, row by row, combine what is known of the cells from which a move leads to it, unless the "
        "cell is forbidden.",
        draw_input=_draw_grid,
    )


def _draw_grid(rng: Rng) -> tuple[list[list[int]]]:
    num_rows, num_columns = integer(rng, 2, 5), integer(rng, 2, 5)
    return ([[integer(rng, 1, 9) for _ in range(num_columns)] for _ in range(num_rows)],)


def _fill_length(rng: Rng) -> ProgramProblem:
    """Ask how many rows of tiles there are, with rules for neighbours and for where tiles may end."""
    lengths = sorted(several_of(rng, (1, 2, 3, 4, 5, 6), integer(rng, 2, 3)))
    tiles = {length: integer(rng, 1, 3) for length in lengths}
    single, forbidden = one_of(rng, lengths), integer(rng, 3, 5) * integer(rng, 0, 1)
    cut = f" No tile may end at a length that is divisible by {forbidden}, except at the very end." if forbidden else ""

    def source(tiles: dict[int, int], single: int, forbidden: int) -> str:
        last = f" and (length == n or length % {forbidden} != 0)" if forbidden else ""
        lines = [
            "ways = [{0: 1}] + [{} for _ in range(n)]",
            f"for length in range(1, n + 1):\n    for tile, colours in {tiles}.items():\n"
            f"        if tile <= length{last}:\n"
            "            ways[length][tile] = colours * sum(\n"
            "                count for last, count in ways[length - tile].items()"
            f" if not last == tile == {single}\n            )",
            "return sum(ways[n].values())",
        ]
        return program_text("def count_rows(n):", lines)

    plain = dict.fromkeys(tiles, 1)
    misses = [source(dict(list(tiles.items())[:-1]), single, forbidden), source(tiles, 0, forbidden)]
    misses += [source(plain, single, forbidden)] if plain != tiles else []
    misses += [source(tiles, single, 0), source(tiles, single, forbidden + 1)] if forbidden else []
    listed = ", ".join(f"{_colours(count)} of length {length}" for length, count in tiles.items())
    return ProgramProblem(
        statement=f"Write a Python function `count_rows(n: int) -> int`. There are tiles in {listed}, as many of "
        "each as needed. Return how many different rows of tiles have the total length n; rows differ if a length or "
        f"a colour differs at some place. No two tiles of length {single} may be neighbours, whatever their "
        f"colours.{cut} The empty row counts for n = 0.",
        function="count_rows",
        source=source(tiles, single, forbidden),
        near_misses=tuple(misses),
        plan="Count the rows of every length up to n by their last tile; a tile may follow any other that the rule for "
        "neighbours allows.",
        draw_input=_draw_length,
    )


def _colours(count: int) -> str:
    return "one colour" if count == 1 else f"{count} colours"


def _draw_length(rng: Rng) -> tuple[int]:
    return (integer(rng, 0, 24),)


_KINDS = (_choose_from_line, _paths, _fill_length)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    return _KINDS[difficulty - 1](rng)


code_dynamic_programming = program_family("code_dynamic_programming", "dynamic programming", _generate)
