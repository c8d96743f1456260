"""Number theory: common divisors and multiples, remainders of powers, numbers in other bases.

The draws make the work necessary: two random integers are mostly coprime, so operands are multiples of a random number.
"""

from __future__ import annotations

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import Family, family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, one_of

_BOUNDS = {1: (10, 15), 2: (20, 30), 3: (40, 60)}
"""Largest common factor and largest cofactor by difficulty: operands up to 150, 600 and 2400."""
_POWERS = {1: (20, 12, 20), 2: (50, 40, 50), 3: (200, 200, 100)}
"""Largest base, exponent and modulus by difficulty."""
_DIGITS = "0123456789ABCDEF"


def _gcd_lcm(rng: Rng, difficulty: int) -> Problem:
    """Ask for the greatest common divisor or least common multiple of two different integers ≥ 2, smaller first."""
    max_factor, max_cofactor = _BOUNDS[difficulty]
    factor = int(rng.integers(2, max_factor + 1))
    small, large = sorted(factor * int(k) for k in rng.choice(max_cofactor, size=2, replace=False) + 1)
    divisor, steps = _euclid(large, small)
    if rng.integers(0, 2):
        return computed(
            f"Find the greatest common divisor of {small} and {large}.",
            str(divisor),
            f"{steps} The greatest common divisor is {divisor}",
        )
    multiple = small // divisor * large
    return computed(
        f"Find the least common multiple of {small} and {large}.",
        str(multiple),
        f"{steps} The greatest common divisor is {divisor}, "
        f"so the least common multiple is {small} / {divisor} * {large} = {small // divisor} * {large} = {multiple}",
    )


def _euclid(large: int, small: int) -> tuple[int, str]:
    """Return the greatest common divisor and Euclid's algorithm in words, one division a sentence."""
    steps = list[str]()
    while small:
        quotient, remainder = divmod(large, small)
        steps.append(f"{large} = {quotient} * {small} + {remainder}.")
        large, small = small, remainder
    return large, " ".join(steps)


def _modular_power(rng: Rng, difficulty: int) -> Problem:
    """Ask for the remainder of a power; no base is 0 or 1 modulo the modulus."""
    max_base, max_exponent, max_modulus = _POWERS[difficulty]
    modulus, exponent = integer(rng, 7, max_modulus), integer(rng, 3, max_exponent)
    base = integer(rng, 2, max_base)
    while base % modulus < 2:
        base = integer(rng, 2, max_base)
    value, steps = _square_and_multiply(base % modulus, exponent, modulus)
    start = f"Modulo {modulus}, the base is {base % modulus}."
    return computed(
        f"Find the remainder when ${base}^{{{exponent}}}$ is divided by {modulus}.", str(value), start, *steps
    )


def _square_and_multiply(base: int, exponent: int, modulus: int) -> tuple[int, list[str]]:
    """Return the remainder of base^exponent, and each squaring and each product by the base that leads there."""
    value, reached, steps = base, 1, list[str]()
    for bit in bin(exponent)[3:]:
        reached, text, product = 2 * reached, f"{value}^2", value * value
        value = product % modulus
        steps.append(f"{base}^{{{reached}}} \\equiv {text} = {product} \\equiv {value}")
        if bit == "1":
            reached, text, product = reached + 1, f"{value} \\cdot {base}", value * base
            value = product % modulus
            steps.append(f"{base}^{{{reached}}} \\equiv {text} = {product} \\equiv {value}")
    return value, steps


def _to_base_ten(rng: Rng) -> Problem:
    base = one_of(rng, (2, 3, 4, 5, 6, 7, 8, 9, 12, 16))
    value = integer(rng, base * base, 500)
    text, terms = _digits(value, base), _place_values(value, base)
    return computed(f"Write ${_based(text, base)}$ in base 10.", str(value), f"{terms} = {value}")


def _from_base_ten(rng: Rng) -> Problem:
    base = one_of(rng, (2, 3, 4, 5, 6, 7, 8, 9, 12, 16))
    value = integer(rng, base * base, 1000)
    answer = _based(_digits(value, base), base)
    return computed(
        f"Write {value} in base {base}, with the base as a subscript.",
        answer,
        *_divisions(value, base),
        f"The remainders from last to first: {answer}",
    )


def _between_bases(rng: Rng) -> Problem:
    source, target = (int(base) for base in rng.choice((2, 3, 4, 5, 6, 7, 8, 9, 12, 16), size=2, replace=False))
    value = integer(rng, max(source, target) ** 2, 2000)
    text, answer = _digits(value, source), _based(_digits(value, target), target)
    steps = [
        f"In base 10: {_place_values(value, source)} = {value}.",
        *_divisions(value, target),
        f"The remainders from last to first: {answer}",
    ]
    return computed(f"Write ${_based(text, source)}$ in base {target}, with the base as a subscript.", answer, *steps)


def _digits(value: int, base: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, base)
        digits = _DIGITS[digit] + digits
    return digits


def _based(digits: str, base: int) -> str:
    return f"{digits}_{{{base}}}"


def _place_values(value: int, base: int) -> str:
    digits = _digits(value, base)
    powers = range(len(digits) - 1, -1, -1)
    return " + ".join(f"{_DIGITS.index(d)} \\cdot {base}^{power}" for d, power in zip(digits, powers, strict=True))


def _divisions(value: int, base: int) -> list[str]:
    """Write the divisions by the base whose remainders are the digits, last digit first."""
    steps = list[str]()
    while value:
        quotient, digit = divmod(value, base)
        name = f" ({_DIGITS[digit]})" if digit > 9 else ""
        steps.append(f"{value} = {quotient} \\cdot {base} + {digit}{name}")
        value = quotient
    return steps


gcd_lcm = Family(name="gcd_lcm", generate=_gcd_lcm, levels=(1, 2, 3), domain="number theory")
modular_powers = Family(name="modular_powers", generate=_modular_power, levels=(1, 2, 3), domain="number theory")
base_conversion = family_of_kinds("base_conversion", "number theory", _to_base_ten, _from_base_ten, _between_bases)
