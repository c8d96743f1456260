"""Checks of the families in words: everything is enumerated, counted day by day, measured, or solved backwards."""

from __future__ import annotations

import cmath
import itertools
import math
import re
import statistics
from datetime import date, datetime, timedelta
from fractions import Fraction

from latex_value import check_steps, latex_value


def numbers(text):
    return [int(number) for number in re.findall(r"-?\d+", text)]


def pairs_of(values):
    return list(zip(values[::2], values[1::2], strict=True))


def answer_value(task):
    return latex_value(task.reference.answer)


def check_counting(task):
    enumerate_ = {1: count_choices, 2: count_arrangements, 3: count_paths, 4: count_constrained}
    assert enumerate_[task.metadata["difficulty"]](task.prompt) == int(task.reference.answer)
    check_steps(task)


def count_choices(prompt):
    ordered = r"runners|offices|codes|in a row|tasks|chairs|walls|prizes"
    small, *_, large = sorted(set(numbers(prompt)))
    kind = itertools.permutations if re.search(ordered, prompt) else itertools.combinations
    return sum(1 for _ in kind(range(large), small))


def count_arrangements(prompt):
    """Count words letter by letter, without any factorial."""
    word = re.search(r"letters of (\w+) be", prompt)[1]
    states = {tuple(sorted(word)): 1}
    for _ in word:
        following = {}
        for letters, ways in states.items():
            for letter in set(letters):
                rest = list(letters)
                rest.remove(letter)
                following[tuple(rest)] = following.get(tuple(rest), 0) + ways
        states = following
    return states[()]


def count_paths(prompt):
    _, _, width, height, x, y = numbers(re.sub("steps of 1 to the right or 1 up", "", prompt))
    through, avoiding = {(0, 0): 0}, {(0, 0): 1}
    for i, j in itertools.product(range(width + 1), range(height + 1)):
        for ways in (through, avoiding) if (i, j) != (0, 0) else ():
            ways[i, j] = ways.get((i - 1, j), 0) + ways.get((i, j - 1), 0)
        if (i, j) == (x, y):
            through[i, j], avoiding[i, j] = avoiding[i, j], 0
    return avoiding[width, height] if "do not pass" in prompt else through[width, height]


def count_constrained(prompt):
    first, second, chosen, least = numbers(prompt)
    things = [True] * first + [False] * second
    return sum(sum(choice) >= least for choice in itertools.combinations(things, chosen))


def check_probability(task):
    assert answer_value(task) == {1: one_ball, 2: two_balls, 3: two_dice}[task.metadata["difficulty"]](task.prompt)
    check_steps(task)


def balls(prompt):
    return [colour for count, colour in re.findall(r"(\d+) (\w+)", prompt) for _ in range(int(count))]


def share(outcomes, is_good):
    outcomes = list(outcomes)
    return Fraction(sum(map(is_good, outcomes)), len(outcomes))


def one_ball(prompt):
    negation, colour = re.search(r"it is (not )?(\w+)\?", prompt).groups()
    return share(balls(prompt), lambda ball: (ball == colour) != bool(negation))


def two_balls(prompt):
    colour = re.search(r"both are (\w+)", prompt)
    pairs = itertools.permutations(balls(prompt), 2)
    return share(pairs, lambda pair: pair == (colour[1],) * 2 if colour else pair[0] != pair[1])


def two_dice(prompt):
    _, first, _, second, bound = numbers(prompt)
    relation = re.search(r"the sum (is at least|is less than|is) \d", prompt)[1]
    holds = {"is": int.__eq__, "is at least": int.__ge__, "is less than": int.__lt__}[relation]
    rolls = itertools.product(range(1, first + 1), range(1, second + 1))
    return share(rolls, lambda roll: holds(sum(roll), bound))


def check_percentage(task):
    answer = Fraction(task.reference.answer.removesuffix("\\%"))
    given = [Fraction(number) for number in re.findall(r"\d+", task.prompt)]
    check = {1: is_share, 2: is_new_price, 3: is_old_price, 4: is_result_of_two_changes}[task.metadata["difficulty"]]
    assert check(task.prompt, answer, *given)
    assert task.reference.answer.endswith("\\%") == ("What percentage" in task.prompt)
    check_steps(task)


def is_share(prompt, answer, whole, other):
    percent, part = (answer, other) if "What percentage" in prompt else (other, answer)
    return part / whole == percent / 100


def is_new_price(prompt, answer, old, percent):
    return answer - old == (1 if re.search("rises|raised", prompt) else -1) * old * percent / 100


def is_old_price(prompt, answer, percent, new):
    return new - answer == (1 if "increase" in prompt else -1) * answer * percent / 100


def is_result_of_two_changes(prompt, answer, *percents):
    price = Fraction(100)
    for word, percent in zip(re.findall("raised|reduced", prompt), percents, strict=True):
        price += (1 if word == "raised" else -1) * price * percent / 100
    return answer == price


def check_ratio(task):
    check = {1: is_part, 2: is_scaled, 3: is_total, 4: is_joined_ratio}[task.metadata["difficulty"]]
    assert check(task.prompt, task.reference.answer)
    check_steps(task)


def is_part(prompt, answer):
    """Deal the things out in rounds."""
    total, *parts = numbers(prompt)
    names = re.findall(r"[A-Z][a-z]+", prompt.partition(" share")[0])
    rounds = next(count for count in itertools.count() if count * sum(parts) == total)
    asked = re.search(r"does (\w+) get", prompt)[1]
    return int(answer) == rounds * parts[names.index(asked)]


def is_scaled(prompt, answer):
    amount, made, wanted = numbers(prompt)
    return latex_value(answer) * made == amount * wanted


def is_total(prompt, answer):
    large, small, difference = numbers(prompt)
    pairs = ((first, int(answer) - first) for first in range(int(answer) + 1))
    return [a * small == b * large for a, b in pairs if a - b == difference] == [True]


def is_joined_ratio(prompt, answer):
    a, b, c, d = numbers(prompt)
    red, blue, green = a * c * 5, b * c * 5, b * d * 5
    first, last = numbers(answer)
    return (red * b, blue * d) == (blue * a, green * c) and first * green == last * red and math.gcd(first, last) == 1


def check_average(task):
    given, answer = numbers(task.prompt), answer_value(task)
    if task.metadata["difficulty"] == 1:
        assert answer == statistics.mean(map(Fraction, given))
    if task.metadata["difficulty"] == 2:
        assert answer == statistics.median(map(Fraction, given))
    if task.metadata["difficulty"] == 3:
        *scores, num_scores, num_tests, mean = given
        assert (len(scores), len(scores) + 1) == (num_scores, num_tests)
        assert statistics.mean([*scores, int(answer)]) == mean
        assert 0 <= answer <= 100
    if task.metadata["difficulty"] == 4:
        students = [Fraction(score) for count, score in pairs_of(given) for _ in range(count)]
        assert answer == statistics.mean(students)


def check_date(task):
    asked = re.findall(r"[A-Z][a-z]+ \d+, \d{4}", task.prompt)
    days = [datetime.strptime(text, "%B %d, %Y") for text in asked]
    answer = task.reference.answer
    if task.metadata["difficulty"] == 1:
        today = next(day for day in days_from(date(2024, 1, 1)) if f"{day:%A}" in task.prompt)
        (number,) = numbers(task.prompt)
        days = [today, today + timedelta(days=-number if "ago" in task.prompt else number)]
    if task.metadata["difficulty"] == 2:
        assert (days[1] - days[0]).days == int(answer)
    else:
        assert f"{days[0]:%A}" in task.prompt
        assert answer == f"\\text{{{days[1]:%A}}}"
    check_steps(task)


def days_from(day):
    return (day + timedelta(days=number) for number in itertools.count())


def check_geometry(task):
    given, answer = numbers(task.prompt), answer_value(task)
    check = {1: polygon_measure, 2: missing_side, 3: distance, 4: circle_measure, 5: heron}[task.metadata["difficulty"]]
    assert math.isclose(answer, check(task.prompt, given), rel_tol=1e-9)


def polygon_measure(prompt, given):
    """Put the polygon into the plane and go around it."""
    if "rectangle" in prompt:
        corners = [0, given[0], complex(*given), 1j * given[1]]
    elif "triangle" in prompt:
        corners = [0, given[0], complex(5, given[1])]
    else:
        corners = [0, given[0], complex(given[1] + 3, given[2]), complex(3, given[2])]
    edges = list(itertools.pairwise([*corners, corners[0]]))
    if "perimeter" in prompt:
        return sum(abs(end - start) for start, end in edges)
    return sum((start.conjugate() * end).imag for start, end in edges) / 2


def missing_side(prompt, given):
    if "legs" in prompt:
        return math.hypot(*given)
    return given[0] * math.sin(math.acos(given[1] / given[0]))


def distance(prompt, given):
    return abs(complex(*given[:2]) - complex(*given[2:]))


def circle_measure(prompt, given):
    """Approach the arc by a polygon of many sides."""
    radius = given[-1] / (2 if "diameter" in prompt else 1)
    angle = math.radians(given[0] if "degrees" in prompt else 360)
    sides = 10**6
    point = cmath.rect(radius, angle / sides)
    if re.search("circumference|arc", prompt):
        return abs(point - radius) * sides
    return radius * point.imag / 2 * sides


def heron(prompt, given):
    a, b, c = (complex(*point) for point in pairs_of(given))
    sides = abs(a - b), abs(b - c), abs(c - a)
    half = sum(sides) / 2
    return math.sqrt(half * math.prod(half - side for side in sides))


WORD_CHECKS = {
    "averages": check_average,
    "counting": check_counting,
    "dates": check_date,
    "percentages": check_percentage,
    "plane_geometry": check_geometry,
    "probabilities": check_probability,
    "ratios": check_ratio,
}
