"""The smallest programs: a few operations on one number, in short words, for policies that are small themselves."""

from __future__ import annotations

from reasonenv.tasksets.program_families import Operation, ProgramProblem, pipeline, program_family
from reasonenv.tasksets.randomness import Rng, integer, one_of


def _step(rng: Rng) -> Operation:
    sign, operand = one_of(rng, "+-*%"), integer(rng, 2, 9)
    return Operation(f"{sign}{operand}", f"x {sign}= {operand}")


def _draw_input(rng: Rng) -> tuple[int]:
    return (integer(rng, -20, 60),)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    steps = [_step(rng) for _ in range(difficulty + 1)]
    words = " ".join(step.text for step in steps)
    source, near_misses = pipeline("def f(x):", steps, Operation("", "return x"))
    backwards, _ = pipeline("def f(x):", steps[::-1], Operation("", "return x"))
    return ProgramProblem(
        statement=f"Write f(x). Do to x, in this order: {words}. Return x.",
        function="f",
        source=source,
        near_misses=(*near_misses, backwards),
        plan=words,
        draw_input=_draw_input,
    )


code_arithmetic = program_family("code_arithmetic", "arithmetic", _generate)
