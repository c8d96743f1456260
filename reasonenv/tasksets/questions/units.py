"""Units: conversions up and down, between systems, of compound quantities and temperatures.

Every answer is an exact decimal without a unit: the question names the unit, and a reference with one would accept the
amount that the question itself gives.
"""

from __future__ import annotations

from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.problems import choice_of, number_question
from reasonenv.tasksets.randomness import Rng, integer, one_of
from reasonenv.tasksets.wording import decimal

_METRIC = (
    ("kilometres", "metres", 1000), ("metres", "centimetres", 100), ("centimetres", "millimetres", 10),
    ("kilograms", "grams", 1000), ("grams", "milligrams", 1000), ("litres", "millilitres", 1000),
    ("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24), ("weeks", "days", 7),
)  # fmt: skip
_IMPERIAL = (
    ("foot", "feet", "inches", Fraction(12)),
    ("yard", "yards", "feet", Fraction(3)),
    ("inch", "inches", "centimetres", Fraction("2.54")),
    ("mile", "miles", "kilometres", Fraction("1.609344")),
    ("foot", "feet", "metres", Fraction("0.3048")),
    ("pound", "pounds", "kilograms", Fraction("0.45359237")),
    ("pound", "pounds", "ounces", Fraction(16)),
)


def _answered(prompt: str, value: Fraction, solution: str) -> Problem:
    amount = decimal(value)
    return number_question(prompt, amount, f"{solution} = {amount}")


def _smaller(rng: Rng) -> Problem:
    large, small, factor = one_of(rng, _METRIC)
    amount = Fraction(integer(rng, 11, 999), 10)
    prompt = f"How many {small} are {decimal(amount)} {large}?"
    return _answered(prompt, amount * factor, f"{decimal(amount)} * {factor}")


def _larger(rng: Rng) -> Problem:
    large, small, factor = one_of(rng, _METRIC)
    value = Fraction(integer(rng, 3, 499), 4)
    amount = value * factor
    return _answered(f"How many {large} are {decimal(amount)} {small}?", value, f"{decimal(amount)} / {factor}")


def _between_systems(rng: Rng) -> Problem:
    one, many, other, factor = one_of(rng, _IMPERIAL)
    amount = integer(rng, 2, 250)
    prompt = f"1 {one} is {decimal(factor)} {other}. How many {other} are {amount} {many}?"
    return _answered(prompt, amount * factor, f"{amount} * {decimal(factor)}")


def _compound(rng: Rng) -> Problem:
    large, small, factor = one_of(rng, (("hours", "minutes", 60), ("minutes", "seconds", 60), ("feet", "inches", 12)))
    first, second = integer(rng, 2, 40), integer(rng, 1, factor - 1)
    total = first * factor + second
    prompt = f"How many {small} are {first} {large} and {second} {small}?"
    return _answered(prompt, Fraction(total), f"{first} * {factor} + {second}")


def _temperature(rng: Rng) -> Problem:
    celsius = 5 * integer(rng, -50, 400)
    fahrenheit = celsius * 9 // 5 + 32
    if rng.integers(0, 2):
        prompt = f"Convert {celsius} degrees Celsius to degrees Fahrenheit. (Multiply by 9/5, then add 32.)"
        return number_question(prompt, fahrenheit, f"{celsius} * 9/5 + 32 = {fahrenheit}")
    prompt = f"Convert {fahrenheit} degrees Fahrenheit to degrees Celsius. (Subtract 32, then multiply by 5/9.)"
    return number_question(prompt, celsius, f"({fahrenheit} - 32) * 5/9 = {celsius}")


def _larger_quantity(rng: Rng) -> Problem:
    large, small, factor = one_of(rng, _METRIC)
    value = integer(rng, 3, 60)
    base = value * factor
    amounts = [f"{value} {large}", *(f"{base - step} {small}" for step in (1, integer(rng, 2, 4), integer(rng, 5, 9)))]
    return choice_of(rng, "Which is the largest?", amounts[0], amounts[1:], f"{value} {large} are {base} {small}")


qa_units = family_of_kinds(
    "qa_units", "question answering", _smaller, _larger, _between_systems, _compound, _temperature, _larger_quantity
)
