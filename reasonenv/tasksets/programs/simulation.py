"""Simulations: a robot on a grid, with rules for its commands and for what happens at the edge.

Rules are drawn one by one, so that no robot is like another and every rule must be read.
"""

from __future__ import annotations

from functools import partial

from reasonenv.tasksets.program_families import ProgramProblem, program_family, program_text
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_HEADINGS = {"right": (1, 0), "up": (0, 1), "left": (-1, 0), "down": (0, -1)}
_EDGES = {
    "stays where it is": "bumps += 1",
    "comes in again at the opposite side": "x, y = (x + dx) % {width}, (y + dy) % {height}\nbumps += 1",
    "stays where it is and turns around": "dx, dy = -dx, -dy\nbumps += 1",
    "stays where it is and turns left": "dx, dy = -dy, dx\nbumps += 1",
}
_LEFT, _RIGHT = "dx, dy = -dy, dx", "dx, dy = dy, -dx"
_MEANINGS = (
    ("turns left by a quarter turn", _LEFT, _RIGHT),
    ("turns right by a quarter turn", _RIGHT, _LEFT),
    ("turns around", "dx, dy = -dx, -dy", _LEFT),
    ("takes two steps, one after the other", "steps = 2", "steps = 1"),
    ("takes three steps, one after the other", "steps = 3", "steps = 2"),
    ("goes back to the place where it started, without turning", "x, y = {x}, {y}\nvisited.add((x, y))", "x = {x}"),
    (
        "changes places with its mirror image: from (x, y) it goes to ({last_x} - x, y)",
        "x = {last_x} - x\nvisited.add((x, y))",
        "dx = -dx",
    ),
    (
        "turns left if x + y is even where it stands, and right otherwise",
        "dx, dy = (-dy, dx) if (x + y) % 2 == 0 else (dy, -dx)",
        _LEFT,
    ),
)
_QUESTIONS = (
    ("tuple[int, int]", "its place (x, y) at the end", "return x, y", "return y, x"),
    (
        "int",
        "how many different places it has been at, the start included",
        "return len(visited)",
        "return len(visited) - 1",
    ),
    (
        "int",
        "how often it met the edge, that is, tried to take a step out of the grid",
        "return bumps",
        "return len(commands) - bumps",
    ),
    ("int", "the number 100 * x + y for its place (x, y) at the end", "return 100 * x + y", "return 100 * y + x"),
    (
        "list[tuple[int, int]]",
        "the sorted list of all places (x, y) it has been at, the start included",
        "return sorted(visited)",
        "return sorted(visited - {{({x}, {y})}})",
    ),
)


def _source(words: dict[str, int], heading: str, edge: str, meanings: dict[str, str], answer: str) -> str:
    lines = [f"x, y, bumps = {words['x']}, {words['y']}, 0", f"(dx, dy), visited = {_HEADINGS[heading]}, {{(x, y)}}"]
    loop = ["for command in commands:", "    steps = 1 if command == 'F' else 0"]
    for number, (letter, code) in enumerate(meanings.items()):
        loop.append(f"    {'el' if number else ''}if command == {letter!r}:")
        loop += [f"        {line}" for line in code.format(**words).split("\n")]
    loop += [
        "    for _ in range(steps):",
        f"        if 0 <= x + dx < {words['width']} and 0 <= y + dy < {words['height']}:",
        "            x, y = x + dx, y + dy",
        "        else:",
        *(f"            {line}" for line in edge.format(**words).split("\n")),
        "        visited.add((x, y))",
    ]
    return program_text("def run(commands):", [*lines, "\n".join(loop), answer.format(**words)])


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    width, height = integer(rng, 3, 6), integer(rng, 3, 6)
    words = {"width": width, "height": height, "last_x": width - 1}
    words |= {"x": integer(rng, 0, width - 1), "y": integer(rng, 0, height - 1)}
    heading, edge = one_of(rng, list(_HEADINGS)), one_of(rng, list(_EDGES))
    chosen = dict(
        zip(several_of(rng, "ABCDE", difficulty + 1), several_of(rng, _MEANINGS, difficulty + 1), strict=True)
    )
    meanings = {letter: code for letter, (_, code, _) in chosen.items()}
    kind, question, answer, wrong_answer = one_of(rng, _QUESTIONS)
    others = [name for name in _EDGES if name != edge]
    variants = [
        _source(words, heading, _EDGES[others[0]], meanings, answer),
        _source(words, _mistaken(heading), _EDGES[edge], meanings, answer),
        _source(words, heading, _EDGES[edge], meanings, wrong_answer),
        *(
            _source(words, heading, _EDGES[edge], {**meanings, letter: wrong}, answer)
            for letter, (_, _, mistake) in chosen.items()
            for wrong in ("pass", mistake)
        ),
    ]
    rules = [f"- {letter!r}: it {text.format(**words)}." for letter, (text, _, _) in chosen.items()]
    return ProgramProblem(
        statement=f"Write a Python function `run(commands: str) -> {kind}` that moves a robot over a grid with the "
        f"places (x, y), x from 0 to {width - 1} from left to right and y from 0 to {height - 1} from bottom to top. "
        f"The robot starts at ({words['x']}, {words['y']}), heading {heading}. Each character of `commands` is a "
        "command:\n"
        f"- 'F': it takes one step to the next place in the direction of its heading.\n{chr(10).join(rules)}\n"
        f"If a step would lead out of the grid, the robot {edge} instead. Return {question}.",
        function="run",
        source=_source(words, heading, _EDGES[edge], meanings, answer),
        near_misses=tuple(variants),
        plan="Keep the place, the direction as a pair (dx, dy), the places visited and the number of bumps. "
        "A left turn maps (dx, dy) to (-dy, dx), a right turn to (dy, -dx).",
        draw_input=partial(_draw_commands, f"FFF{''.join(chosen)}"),
    )


def _mistaken(heading: str) -> str:
    """Return the heading a mistaken robot starts with."""
    return "up" if heading != "up" else "right"


def _draw_commands(letters: str, rng: Rng) -> tuple[str]:
    return ("".join(one_of(rng, letters) for _ in range(integer(rng, 0, 16))),)


code_simulation = program_family("code_simulation", "simulation", _generate)
