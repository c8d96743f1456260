"""Programs on the bits of a number: rotations, masks, Gray code, counting.

Numbers have a stated number of bits, so that complement and rotation are defined.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reasonenv.tasksets.program_families import Operation, ProgramProblem, pipeline_problem, program_family
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of


def _rotate(rng: Rng, width: int) -> Operation:
    k = integer(rng, 1, width - 1)
    left = f"value = (value << {k} | value >> {width - k}) & {2**width - 1}"
    right = f"value = (value >> {k} | value << {width - k}) & {2**width - 1}"
    side, code, wrong = one_of(rng, (("left", left, right), ("right", right, left)))
    if 2 * k == width:
        wrong = f"value = value << {k} & {2**width - 1}"
    return Operation(f"Rotate the {width} bits by {k} to the {side} (towards the {_end(side)} bits).", code, wrong)


def _end(side: str) -> str:
    return "high" if side == "left" else "low"


def _mask(rng: Rng, width: int) -> Operation:
    mask = integer(rng, 1, 2**width - 2)
    word, sign, wrong = one_of(rng, (("exclusive or", "^", "|"), ("or", "|", "^"), ("and", "&", "^")))
    return Operation(
        f"Take the bitwise {word} with {mask}.", f"value = value {sign} {mask}", f"value = value {wrong} {mask}"
    )


def _swap_neighbours(_: Rng, width: int) -> Operation:
    low = sum(1 << k for k in range(0, width, 2))
    high = sum(1 << k for k in range(1, width, 2))
    return Operation(
        "Swap bit 0 with bit 1, bit 2 with bit 3, and so on (bit 0 is the lowest).",
        f"value = (value & {low}) << 1 | (value & {high}) >> 1",
        f"value = (value & {low}) << 1 | (value & {low}) >> 1",
    )


def _fixed(text: str, code: str, mistake: str) -> Callable[[Rng, int], Operation]:
    def step(_: Rng, width: int) -> Operation:
        return Operation(text, code, mistake).filled(full=2**width - 1, width=width)

    return step


def _multiply(rng: Rng, width: int) -> Operation:
    factor, summand = 2 * integer(rng, 1, 40) + 1, integer(rng, 1, 99)
    return Operation(
        f"Multiply by {factor}, add {summand}, and keep the lowest {width} bits.",
        f"value = (value * {factor} + {summand}) & {2**width - 1}",
        f"value = ((value + {summand}) * {factor}) & {2**width - 1}",
    )


_STEPS: tuple[Callable[[Rng, int], Operation], ...] = (
    _rotate,
    _mask,
    _multiply,
    _swap_neighbours,
    _fixed(
        "Reverse the order of all {width} bits.",
        "value = int(format(value, '0{width}b')[::-1], 2)",
        "value = int(format(value, 'b')[::-1], 2)",
    ),
    _fixed("Invert all {width} bits.", "value = value ^ {full}", "value = -value & {full}"),
    _fixed("Clear the lowest bit that is set, if there is one.", "value = value & (value - 1)", "value = value & ~1"),
    _fixed(
        "Set the lowest bit that is clear, if there is one.", "value = (value | (value + 1)) & {full}", "value |= 1"
    ),
    _fixed(
        "Replace the value v by v XOR (v shifted right by one).",
        "value = value ^ (value >> 1)",
        "value = value ^ (value << 1)",
    ),
    _fixed(
        "Replace every bit by the parity (1 if odd) of the number of set bits at its place and above it.",
        "for shift in (1, 2, 4, 8):\n    value ^= value >> shift",
        "value ^= value >> 1",
    ),
    _fixed(
        "Keep only the set bits whose next lower neighbour is clear (bit 0 counts as having a clear one).",
        "value = value & ~(value << 1)",
        "value = value & ~(value >> 1)",
    ),
)

_RESULTS = (
    Operation("Return the number.", "return value"),
    Operation("Return the number.", "return value"),
    Operation("Return how many of its bits are set.", "return value.bit_count()", "return value.bit_length()"),
    Operation(
        "Return the length of the longest run of set bits.",
        "return max(map(len, format(value, 'b').split('0')))",
        "return value.bit_count()",
    ),
    Operation(
        "Return how many pairs of neighbouring bits, among all {width}, differ.",
        "return ((value ^ (value >> 1)) & {half}).bit_count()",
        "return (value ^ (value >> 1)).bit_count()",
    ),
)


def _draw_input(width: int, rng: Rng) -> tuple[int]:
    return (one_of(rng, (0, 1, 2**width - 1, *[integer(rng, 0, 2**width - 1) for _ in range(20)])),)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    width = one_of(rng, (8, 12, 16))
    steps = [make(rng, width) for make in several_of(rng, _STEPS, difficulty + 1)]
    result = one_of(rng, _RESULTS).filled(width=width, half=2 ** (width - 1) - 1)
    return pipeline_problem(
        "scramble(value: int)",
        f". The value is a number of {width} bits, 0 to {2**width - 1}. The function does the following, "
        "in this order:",
        steps,
        result,
        partial(_draw_input, width),
    )


code_bits = program_family("code_bits", "bit tricks", _generate)
