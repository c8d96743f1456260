"""Combinatorics: counting, and probabilities of equally likely outcomes.

Every count is small enough for the tests to enumerate it.
"""

from __future__ import annotations

import math
from fractions import Fraction

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.mathematics.notation import fraction, quotient
from reasonenv.tasksets.mathematics.problems import computed
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import enumerated

_CHOICES = (
    "In how many ways can a committee of {k} be chosen from {n} people?",
    "How many different sets of {k} books can be taken from {n} different books?",
    "A pizzeria offers {n} toppings. How many different pizzas with exactly {k} different toppings are there?",
    "How many subsets with {k} elements does a set with {n} elements have?",
    "In how many ways can {k} of {n} different questions be selected, if their order does not matter?",
    "A coach picks {k} of {n} players for a trip. How many different groups are possible?",
    "How many different hands of {k} cards can be dealt from {n} different cards?",
    "A shop sells {n} kinds of tea. In how many ways can a box with {k} different kinds be filled?",
)
_ORDERS = (
    "{n} runners start in a race. In how many ways can the first {k} places be taken, without ties?",
    "In how many ways can {k} different offices be filled from {n} people, if nobody holds two offices?",
    "How many codes of {k} different letters can be made from {n} letters?",
    "In how many ways can {k} of {n} different books be placed in a row on a shelf?",
    "In how many ways can {k} different tasks be given to {n} workers, at most one task to each?",
    "In how many ways can {k} of {n} guests sit down on {k} numbered chairs, one on each?",
    "How many ways are there to hang {k} of {n} different pictures on {k} different walls, one on each?",
    "In how many ways can {k} different prizes be given to {n} children, at most one prize to each?",
)
_LETTERS = "ABCDEFGHKLMNPRSTUVXYZ"
_COLOURS = ("red", "blue", "green", "white", "black", "yellow")


def _choose_or_order(rng: Rng) -> Problem:
    if rng.integers(0, 2):
        n, k = integer(rng, 5, 40), integer(rng, 2, 4)
        value = math.comb(n, k)
        over = " \\cdot ".join(map(str, range(k, 1, -1)))
        solution = f"The order does not matter: \\binom{{{n}}}{{{k}}} = \\frac{{{_falling(n, k)}}}{{{over}}} = {value}"
        return computed(one_of(rng, _CHOICES).format(n=n, k=k), str(value), solution)
    n, k = integer(rng, 5, 25), integer(rng, 2, 4)
    value = math.perm(n, k)
    solution = f"The order matters: {_falling(n, k)} = {value}"
    return computed(one_of(rng, _ORDERS).format(n=n, k=k), str(value), solution)


def _falling(n: int, k: int) -> str:
    return " \\cdot ".join(str(n - i) for i in range(k))


def _arrangements(rng: Rng) -> Problem:
    """Ask for the orders of letters, of which some occur several times."""
    letters = several_of(rng, _LETTERS, integer(rng, 2, 4))
    counts = [integer(rng, 2, 3), *(integer(rng, 1, 2) for _ in letters[1:])]
    word = "".join(letter * count for letter, count in zip(letters, counts, strict=True))
    word = "".join(several_of(rng, word, len(word)))
    repeats = [count for count in counts if count > 1]
    value = math.factorial(len(word)) // math.prod(map(math.factorial, counts))
    factorials = " \\cdot ".join(f"{count}!" for count in repeats)
    return computed(
        f"In how many different orders can the letters of {word} be written?",
        str(value),
        f"There are {len(word)} letters, with repetitions of {' and '.join(map(str, repeats))}.",
        f"The number of orders is \\frac{{{len(word)}!}}{{{factorials}}} = {value}",
    )


def _grid_paths(rng: Rng) -> Problem:
    """Ask for the shortest paths in a grid that pass through a point, or avoid it."""
    width, height = integer(rng, 3, 9), integer(rng, 3, 9)
    x, y = integer(rng, 1, width - 1), integer(rng, 1, height - 1)
    total = math.comb(width + height, width)
    before, after = math.comb(x + y, x), math.comb(width - x + height - y, width - x)
    is_through = bool(rng.integers(0, 2))
    value = before * after if is_through else total - before * after
    steps = [
        f"There are \\binom{{{x + y}}}{{{x}}} = {before} paths to ({x}, {y}) "
        f"and \\binom{{{width - x + height - y}}}{{{width - x}}} = {after} paths from there.",
        f"Through ({x}, {y}) lead {before} \\cdot {after} = {before * after}",
    ]
    if not is_through:
        steps.append(f"There are \\binom{{{width + height}}}{{{width}}} = {total} paths in all.")
        steps.append(f"The others: {total} - {before * after} = {value}")
    return computed(
        f"A path leads from $(0, 0)$ to $({width}, {height})$ in steps of 1 to the right or 1 up. How many such "
        f"paths {'pass through' if is_through else 'do not pass through'} $({x}, {y})$?",
        str(value),
        *steps,
    )


def _constrained_choice(rng: Rng) -> Problem:
    """Choose from two groups, with at least so many of the first."""
    first, second, chosen = integer(rng, 3, 10), integer(rng, 3, 10), integer(rng, 3, 6)
    least = integer(rng, 1, 2)
    groups = one_of(
        rng, (("teachers", "students"), ("violins", "cellos"), ("red cards", "blue cards"), ("cats", "dogs"))
    )
    cases = [k for k in range(least, min(first, chosen) + 1) if chosen - k <= second]
    counts = [math.comb(first, k) * math.comb(second, chosen - k) for k in cases]
    steps = [
        f"With {k}: \\binom{{{first}}}{{{k}}} \\cdot \\binom{{{second}}}{{{chosen - k}}} = {count}"
        for k, count in zip(cases, counts, strict=True)
    ]
    total = " + ".join(map(str, counts)) + (f" = {sum(counts)}" if len(counts) > 1 else "")
    return computed(
        f"There are {first} {groups[0]} and {second} {groups[1]}, all different. In how many ways can {chosen} "
        f"of them be chosen, so that the number of {groups[0]} among them is at least {least}?",
        str(sum(counts)),
        *steps,
        f"In all: {total}",
    )


def _one_ball(rng: Rng) -> Problem:
    counts = _balls(rng, 3)
    colour, total = one_of(rng, [*counts]), sum(counts.values())
    is_not = bool(rng.integers(0, 2))
    good = total - counts[colour] if is_not else counts[colour]
    wanted = f"not {colour}" if is_not else colour
    return computed(
        f"A bag holds balls: {_contents(counts)}. One is drawn at random. What is the probability that it is {wanted}?",
        fraction(Fraction(good, total)),
        f"There are {' + '.join(map(str, counts.values()))} = {total} balls, of which {good} are {wanted}.",
        f"The probability is {quotient(good, total)}",
    )


def _two_balls(rng: Rng) -> Problem:
    """Draw without replacement: both of one colour, or of different colours."""
    counts = _balls(rng, integer(rng, 2, 3))
    total = sum(counts.values())
    pairs = total * (total - 1)
    if rng.integers(0, 2):
        colour = one_of(rng, [colour for colour, count in counts.items() if count > 1])
        question, good = f"both are {colour}", counts[colour] * (counts[colour] - 1)
        step = f"Ordered pairs of them: {counts[colour]} \\cdot {counts[colour] - 1} = {good}."
    else:
        question, good = "they have different colours", pairs - sum(n * (n - 1) for n in counts.values())
        same = " - ".join(f"{n} \\cdot {n - 1}" for n in counts.values())
        step = f"Ordered pairs of different colours: {pairs} - {same} = {good}."
    return computed(
        f"A bag holds balls: {_contents(counts)}. Two are drawn at random without replacement. "
        f"What is the probability that {question}?",
        fraction(Fraction(good, pairs)),
        f"Ordered pairs of balls: {total} \\cdot {total - 1} = {pairs}.\n{step}",
        f"The probability is {quotient(good, pairs)}",
    )


def _two_dice(rng: Rng) -> Problem:
    """Ask for the probability that the sum of two dice is, is at least, or is less than a number."""
    a, b = integer(rng, 4, 12), integer(rng, 4, 12)
    relation = one_of(rng, ("is", "is at least", "is less than"))
    bound = integer(rng, 4, a + b - 1)
    low, high = {"is": (bound, bound), "is at least": (bound, a + b), "is less than": (2, bound - 1)}[relation]
    ways = [(total, min(a, total - 1) - max(1, total - b) + 1) for total in range(low, high + 1)]
    good = sum(count for _, count in ways)
    counted = " + ".join(str(count) for _, count in ways) + (f" = {good}" if len(ways) > 1 else "")
    return computed(
        f"Two fair dice, one with faces numbered 1 to {a} and one with faces numbered 1 to {b}, are rolled. "
        f"What is the probability that the sum {relation} {bound}?",
        fraction(Fraction(good, a * b)),
        f"There are {a} \\cdot {b} = {a * b} outcomes.",
        f"Outcomes with each sum from {low} to {high}: {counted}.",
        f"The probability is {quotient(good, a * b)}",
    )


def _balls(rng: Rng, num_colours: int) -> dict[str, int]:
    """Draw how many balls of each colour there are: at least 1, and of the first at least 2."""
    colours = several_of(rng, _COLOURS, num_colours)
    return {colour: integer(rng, 2 if colour == colours[0] else 1, 9) for colour in colours}


def _contents(counts: dict[str, int]) -> str:
    return enumerated([f"{count} {colour}" for colour, count in counts.items()])


counting = family_of_kinds(
    "counting", "combinatorics", _choose_or_order, _arrangements, _grid_paths, _constrained_choice
)
probabilities = family_of_kinds("probabilities", "combinatorics", _one_ball, _two_balls, _two_dice)
