"""Programs on grids, lists of rows of integers: turning, flipping, rewriting cells, and reading something off.

Grids are rectangles of at least one cell, which every operation preserves.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import (
    DrawOperation,
    Operation,
    ProgramProblem,
    pipeline_problem,
    program_family,
)
from reasonenv.tasksets.randomness import Rng, integer, nonzero, one_of, several_of

_TRANSPOSE = "grid = [list(column) for column in zip(*grid)]"
_CLOCKWISE = "grid = [list(column) for column in zip(*grid[::-1])]"
_COUNTERCLOCKWISE = "grid = [list(column) for column in zip(*grid)][::-1]"
_MIRROR = "grid = [row[::-1] for row in grid]"
_MOVES = (
    Operation("Swap rows and columns: cell (r, c) goes to (c, r).", _TRANSPOSE, _CLOCKWISE),
    Operation("Turn the grid clockwise by a quarter turn.", _CLOCKWISE, _COUNTERCLOCKWISE),
    Operation("Turn the grid counterclockwise by a quarter turn.", _COUNTERCLOCKWISE, _CLOCKWISE),
    Operation("Mirror the grid left to right.", _MIRROR, "grid = grid[::-1]"),
    Operation("Mirror the grid top to bottom.", "grid = grid[::-1]", _MIRROR),
    Operation(
        "Sort the cells within every row, smallest first.",
        "grid = [sorted(row) for row in grid]",
        "grid = [sorted(row, reverse=True) for row in grid]",
    ),
    Operation(
        "Sort the rows by their sums, smallest first; rows with the same sum keep their order.",
        "grid = sorted(grid, key=sum)",
        "grid = sorted(grid)",
    ),
    Operation(
        "Replace every cell by the sum of the cells in its row up to and including it.",
        "grid = [[sum(row[: c + 1]) for c in range(len(row))] for row in grid]",
        "grid = [[sum(row[:c]) for c in range(len(row))] for row in grid]",
    ),
    Operation(
        "Set every cell to 0 whose row or column held a 0 before this step.",
        "zero_rows = {r for r, row in enumerate(grid) if 0 in row}\n"
        "zero_columns = {c for row in grid for c, cell in enumerate(row) if cell == 0}\n"
        "grid = [\n    [0 if r in zero_rows or c in zero_columns else cell for c, cell in enumerate(row)]\n"
        "    for r, row in enumerate(grid)\n]",
        "zero_rows = {r for r, row in enumerate(grid) if 0 in row}\n"
        "zero_columns = {c for row in grid for c, cell in enumerate(row) if cell == 0}\n"
        "grid = [\n    [0 if r in zero_rows and c in zero_columns else cell for c, cell in enumerate(row)]\n"
        "    for r, row in enumerate(grid)\n]",
    ),
    Operation(
        "Add to every cell (r, c) the number r * c (rows and columns count from 0).",
        "grid = [[cell + r * c for c, cell in enumerate(row)] for r, row in enumerate(grid)]",
        "grid = [[cell + r + c for c, cell in enumerate(row)] for r, row in enumerate(grid)]",
    ),
)

_LAST_RESULTS = (
    Operation("Return the grid.", "return grid", returns="list[list[int]]"),
    Operation("Return the grid.", "return grid", returns="list[list[int]]"),
    Operation(
        "Return the cells of the first column, from top to bottom.",
        "return [row[0] for row in grid]",
        "return grid[0]",
        returns="list[int]",
    ),
    Operation(
        "Return the sums of the columns, from left to right.",
        "return [sum(column) for column in zip(*grid)]",
        "return [sum(row) for row in grid]",
        returns="list[int]",
    ),
    Operation(
        "Return the cells (r, r) of the diagonal, starting in the upper left corner.",
        "return [grid[r][r] for r in range(min(len(grid), len(grid[0])))]",
        "return [grid[r][-1 - r] for r in range(min(len(grid), len(grid[0])))]",
        returns="list[int]",
    ),
    Operation(
        "Return the largest sum of two cells that are side by side in one row, or 0 if the rows have one cell.",
        "return max((a + b for row in grid for a, b in zip(row, row[1:])), default=0)",
        "return max((a + b for row in zip(*grid) for a, b in zip(row, row[1:])), default=0)",
    ),
)


def _affine(rng: Rng) -> Operation:
    parity, rest = one_of(rng, (("even", 0), ("odd", 1)))
    a, b = one_of(rng, (-2, -1, 2, 3)), nonzero(rng, 5)
    code = (
        "grid = [\n    [cell * {} + {} if (r + c) % 2 == {} else cell for c, cell in enumerate(row)]\n"
        "    for r, row in enumerate(grid)\n]"
    )
    return Operation(
        f"Multiply every cell (r, c) with {parity} r + c by {a}, then add {b} to it (rows and columns count from 0).",
        code.format(a, b, rest),
        code.format(a, b, 1 - rest),
    )


def _clip(rng: Rng) -> Operation:
    low = integer(rng, -3, 1)
    high = low + integer(rng, 2, 5)
    return Operation(
        f"Raise every cell below {low} to {low}, and lower every cell above {high} to {high}.",
        f"grid = [[min(max(cell, {low}), {high}) for cell in row] for row in grid]",
        f"grid = [[min(cell, {high}) for cell in row] for row in grid]",
    )


def _shift_rows(rng: Rng) -> Operation:
    where, code, wrong = one_of(
        rng, (("left", "r % len(row)", "-r % len(row)"), ("right", "-r % len(row)", "r % len(row)"))
    )
    line = "grid = [row[{0}:] + row[:{0}] for r, row in enumerate(grid)]"
    return Operation(
        f"Rotate row r by r places to the {where}, for every r (the first row is row 0); what leaves at one end comes "
        "back at the other.",
        line.format(code),
        line.format(wrong),
    )


_RULES: tuple[DrawOperation, ...] = (_affine, _clip, _shift_rows)


def _draw_input(rng: Rng) -> tuple[list[list[int]]]:
    num_rows, num_columns, bound = integer(rng, 1, 4), integer(rng, 1, 4), one_of(rng, (2, 9))
    return ([[integer(rng, -bound, bound) for _ in range(num_columns)] for _ in range(num_rows)],)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    chosen = [*several_of(rng, _MOVES, difficulty), one_of(rng, _RULES)(rng)]
    steps = several_of(rng, chosen, len(chosen))
    result = one_of(rng, _LAST_RESULTS)
    return pipeline_problem(
        "rework(grid: list[list[int]])",
        ". The grid is a list of rows of equal length, with at least one cell. The function does the "
        "following, in this order:",
        steps,
        result,
        _draw_input,
    )


code_grids = program_family("code_grids", "grids", _generate)
