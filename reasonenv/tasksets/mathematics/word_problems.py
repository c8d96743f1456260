"""Problems in words: percentages, ratios, averages.

A text names every quantity and the unit of its answer, and whole things come in whole numbers, so that each problem has
one reading.
"""

from __future__ import annotations

import math
from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import fraction, quotient
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import decimal, enumerated

_NAMES = ("Ada", "Ben", "Chloe", "David", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kemi", "Lena", "Mateo")
_GOODS = ("coat", "bicycle", "lamp", "phone", "table", "guitar", "camera", "tent")
_SHARED = ("marbles", "stickers", "coins", "cards", "sweets", "stamps")
_GROUPS = (
    ("students in a school", "walk to it"),
    ("seats in a theatre", "are taken"),
    ("books in a library", "are novels"),
    ("trees in an orchard", "are apple trees"),
    ("members of a club", "play chess"),
)
_FOODS = (
    ("cups", "flour", "pancakes"),
    ("kilograms", "rice", "meals"),
    ("spoons", "sugar", "biscuits"),
    ("litres", "paint", "chairs"),
)


def _share_of_a_whole(rng: Rng) -> Problem:
    """Ask for the percentage or for the part, of which the other is given."""
    percent = 5 * integer(rng, 1, 19)
    whole = integer(rng, 2, 40) * (100 // math.gcd(percent, 100))
    part = whole * percent // 100
    things, act = one_of(rng, _GROUPS)
    if rng.integers(0, 2):
        return computed(
            f"Of the {whole} {things}, {percent}% {act}. How many is that?",
            str(part),
            f"The part is \\frac{{{percent}}}{{100}} \\cdot {whole} = {part}",
        )
    return computed(
        f"Of the {whole} {things}, {part} {act}. What percentage is that?",
        f"{percent}\\%",
        f"The share is {quotient(part, whole)}.\nAs a percentage: {percent}\\%",
    )


def _changed_price(rng: Rng) -> Problem:
    percent, is_rise = 5 * integer(rng, 1, 12), bool(rng.integers(0, 2))
    old = integer(rng, 2, 40) * (100 // math.gcd(percent, 100))
    change = old * percent // 100
    new = old + change if is_rise else old - change
    thing = one_of(rng, _GOODS)
    verb = one_of(rng, ("rises", "is raised") if is_rise else ("falls", "is reduced"))
    return computed(
        f"The price of a {thing} was {old} dollars. It {verb} by {percent}%. What is the new price in dollars?",
        str(new),
        f"The change is \\frac{{{percent}}}{{100}} \\cdot {old} = {change} dollars.",
        f"The new price is {old} {'+' if is_rise else '-'} {change} = {new}",
    )


def _original_price(rng: Rng) -> Problem:
    percent, is_rise = 5 * integer(rng, 1, 12), bool(rng.integers(0, 2))
    old = integer(rng, 2, 40) * (100 // math.gcd(percent, 100))
    rest = 100 + percent if is_rise else 100 - percent
    new = old * rest // 100
    thing, change = one_of(rng, _GOODS), "an increase" if is_rise else "a discount"
    return computed(
        f"After {change} of {percent}%, a {thing} costs {new} dollars. What did it cost before, in dollars?",
        str(old),
        f"The new price is {rest}% of the old one.",
        f"The old price is {new} \\div \\frac{{{rest}}}{{100}} = {old}",
    )


def _two_changes(rng: Rng) -> Problem:
    first, second = 5 * integer(rng, 1, 16), 5 * integer(rng, 1, 16)
    is_rise = [bool(rng.integers(0, 2)) for _ in range(2)]
    factors = [100 + p if up else 100 - p for p, up in zip((first, second), is_rise, strict=True)]
    percent = Fraction(factors[0] * factors[1], 100)
    told = ["raised" if up else "reduced" for up in is_rise]
    amount = decimal(percent)
    return computed(
        f"The price of a {one_of(rng, _GOODS)} is {told[0]} by {first}% and then {told[1]} by {second}%. "
        "What percentage of the first price is the last price?",
        f"{amount}\\%",
        f"The changes multiply the price by \\frac{{{factors[0]}}}{{100}} and \\frac{{{factors[1]}}}{{100}}.",
        f"Together: \\frac{{{factors[0]}}}{{100}} \\cdot \\frac{{{factors[1]}}}{{100}} = {fraction(percent / 100)}.",
        f"As a percentage: {amount}\\%",
    )


def _shares(rng: Rng) -> Problem:
    """Divide a total in a ratio of two or three parts."""
    names = several_of(rng, _NAMES, integer(rng, 2, 3))
    parts = [integer(rng, 1, 9) for _ in names]
    unit, things = integer(rng, 2, 20), one_of(rng, _SHARED)
    total, asked = unit * sum(parts), integer(rng, 0, len(names) - 1)
    return computed(
        f"{enumerated(names)} share {total} {things} in the ratio {':'.join(map(str, parts))}. "
        f"How many does {names[asked]} get?",
        str(unit * parts[asked]),
        f"There are {' + '.join(map(str, parts))} = {sum(parts)} parts.",
        f"One part is {total} \\div {sum(parts)} = {unit}.",
        f"{names[asked]} gets {parts[asked]} \\cdot {unit} = {unit * parts[asked]}",
    )


def _scaled_recipe(rng: Rng) -> Problem:
    made, amount, wanted = integer(rng, 3, 12), integer(rng, 2, 15), integer(rng, 2, 40)
    unit, stuff, things = one_of(rng, _FOODS)
    value = Fraction(amount * wanted, made)
    return computed(
        f"{amount} {unit} of {stuff} are enough for {made} {things}. "
        f"How many {unit} of {stuff} are needed for {wanted} {things}? Give an exact answer.",
        fraction(value),
        f"For each one: {fraction(Fraction(amount, made))} {unit}.",
        f"For {wanted}: {wanted} \\cdot {fraction(Fraction(amount, made))} = {fraction(value)}",
    )


def _known_difference(rng: Rng) -> Problem:
    """Give a ratio and how many more one has; ask for the total."""
    first, second = several_of(rng, _NAMES, 2)
    small, large = sorted(several_of(rng, range(1, 13), 2))
    unit, things = integer(rng, 2, 25), one_of(rng, _SHARED)
    return computed(
        f"The numbers of {things} of {first} and {second} are in the ratio {large}:{small}. {first} has "
        f"{unit * (large - small)} {things} more than {second}. How many {things} do they have together?",
        str(unit * (large + small)),
        f"The difference in parts: {large} - {small} = {large - small}.",
        f"One part is {unit * (large - small)} \\div {large - small} = {unit}.",
        f"Together they have ({large} + {small}) \\cdot {unit} = {unit * (large + small)}",
    )


def _joined_ratios(rng: Rng) -> Problem:
    """Give the ratios of A to B and of B to C; ask for that of A to C."""
    names = several_of(rng, ("red", "blue", "green", "white", "black", "yellow"), 3)
    a, b, c, d = (integer(rng, 1, 12) for _ in range(4))
    joined = Fraction(a * c, b * d)
    answer = f"{joined.numerator}:{joined.denominator}"
    return computed(
        f"In a box, the ratio of {names[0]} to {names[1]} balls is {a}:{b}, and that of {names[1]} to "
        f"{names[2]} balls is {c}:{d}. What is the ratio of {names[0]} to {names[2]} balls? "
        "Give it in the form a:b in lowest terms.",
        answer,
        f"The ratio is \\frac{{{a}}}{{{b}}} \\cdot \\frac{{{c}}}{{{d}}} = {fraction(joined)}.",
        f"In the form a:b it is {answer}",
    )


def _mean(rng: Rng) -> Problem:
    values = [integer(rng, 1, 30) for _ in range(integer(rng, 4, 7))]
    mean = Fraction(sum(values), len(values))
    total = " + ".join(map(str, values))
    return computed(
        f"Find the mean of {', '.join(map(str, values))}. Give an exact answer.",
        fraction(mean),
        f"The sum is {total} = {sum(values)}.",
        f"There are {len(values)} numbers, so the mean is {quotient(sum(values), len(values))}",
    )


def _median(rng: Rng) -> Problem:
    values = [integer(rng, 1, 50) for _ in range(integer(rng, 5, 10))]
    ordered, half = sorted(values), len(values) // 2
    steps = [f"In order: {', '.join(map(str, ordered))}."]
    if len(values) % 2:
        median = Fraction(ordered[half])
        steps.append(f"The number in the middle is {median}")
    else:
        low, high = ordered[half - 1 : half + 1]
        median = Fraction(low + high, 2)
        steps.append(f"The median is \\frac{{{low} + {high}}}{{2}} = {fraction(median)}")
    return computed(
        f"Find the median of {', '.join(map(str, values))}. Give an exact answer.", fraction(median), *steps
    )


def _missing_value(rng: Rng) -> Problem:
    """Ask for the score that a wanted mean takes; it is at most 100."""
    name, count = one_of(rng, _NAMES), integer(rng, 3, 5)
    scores = [integer(rng, 50, 95) for _ in range(count)]
    last = integer(rng, 50, 100)
    last -= (sum(scores) + last) % (count + 1)
    mean = (sum(scores) + last) // (count + 1)
    return computed(
        f"{name} scored {', '.join(map(str, scores))} points in {count} tests. "
        f"How many points in the next test make the mean of all {count + 1} tests {mean}?",
        str(last),
        f"The total must be {count + 1} \\cdot {mean} = {(count + 1) * mean}.",
        f"So far it is {' + '.join(map(str, scores))} = {sum(scores)}.",
        f"The next test needs {(count + 1) * mean} - {sum(scores)} = {last}",
    )


def _joined_means(rng: Rng) -> Problem:
    counts = [integer(rng, 5, 30) for _ in range(2)]
    means = [integer(rng, 40, 95) for _ in range(2)]
    total = sum(count * mean for count, mean in zip(counts, means, strict=True))
    mean = Fraction(total, sum(counts))
    products = " + ".join(f"{count} \\cdot {mean}" for count, mean in zip(counts, means, strict=True))
    return computed(
        f"A class of {counts[0]} students has a mean score of {means[0]}, another of {counts[1]} students has a "
        f"mean score of {means[1]}. What is the mean score of all these students? Give an exact answer.",
        fraction(mean),
        f"The total is {products} = {total}.",
        f"There are {counts[0]} + {counts[1]} = {sum(counts)} students.",
        f"The mean is {quotient(total, sum(counts))}",
    )


percentages = family_of_kinds(
    "percentages", "word problems", _share_of_a_whole, _changed_price, _original_price, _two_changes
)
ratios = family_of_kinds("ratios", "word problems", _shares, _scaled_recipe, _known_difference, _joined_ratios)
averages = family_of_kinds("averages", "word problems", _mean, _median, _missing_value, _joined_means)
