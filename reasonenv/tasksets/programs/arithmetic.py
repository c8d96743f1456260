"""The smallest programs: a few operations on one number, in short words, for policies that are small themselves.

Lives here: what these problems are. Does not: their tests (`drafts`), or seeds, splits and ids (`procedural`).

The one decision: the statement names the operations as Python writes them, so that the problem is to put them in order.
"""

from __future__ import annotations

import numpy as np

from reasonenv.tasksets.draws import integer, one_of
from reasonenv.tasksets.programs.drafts import Draft, Step, pipeline, program_family

__all__ = ["code_arithmetic"]


def _step(rng: np.random.Generator) -> Step:
    sign, operand = one_of(rng, "+-*%"), integer(rng, 2, 9)
    return Step(f"{sign}{operand}", f"x {sign}= {operand}")


def _draw_input(rng: np.random.Generator) -> tuple[int]:
    return (integer(rng, -20, 60),)


def _draw(rng: np.random.Generator, difficulty: int) -> Draft:
    steps = [_step(rng) for _ in range(difficulty + 1)]
    words = " ".join(step.text for step in steps)
    source, near_misses = pipeline("def f(x):", steps, Step("", "return x"))
    backwards, _ = pipeline("def f(x):", steps[::-1], Step("", "return x"))
    return Draft(
        statement=f"Write f(x). Do to x, in this order: {words}. Return x.",
        function="f",
        source=source,
        near_misses=(*near_misses, backwards),
        plan=words,
        draw_input=_draw_input,
    )


code_arithmetic = program_family("code_arithmetic", "arithmetic", _draw)
