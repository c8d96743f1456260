"""The second implementations of the families whose statements are rules rather than a list of steps."""

from __future__ import annotations

import functools
import re


def recursion(statement):
    return nested_list(statement) if statement.startswith("Write a Python function `weight") else recurrence(statement)


def recurrence(statement):
    """Fills a table from below instead of recursing."""
    first = {int(n): int(value) for n, value in re.findall(r"f\((\d+)\) = (\d+)", statement)}
    rules = re.findall(
        r"- (?:If n leaves the remainder (\d+) modulo (\d+), )?f\(n\) is (.*), taken modulo (\d+)\.", statement, re.I
    )
    compiled = [(compile(text.replace("f(", "table.__getitem__("), "rule", "eval"), int(m)) for *_, text, m in rules]
    assert [int(case or 0) for case, *_ in rules] == list(range(len(rules)))
    assert all(int(of or 1) == len(rules) for _, of, *_ in rules)

    def solve(n):
        table = dict(first)
        for k in range(len(first), n + 1):
            code, modulus = compiled[k % len(rules)]
            table[k] = eval(code, {"table": table, "n": k}) % modulus
        return table[n]

    return solve


def nested_list(statement):
    leaf = re.search(r"The weight of an integer is (.*?)\. For the weight", statement)[1]
    whole, factor, summand, what = re.search(
        r"For the weight of a list, take (.*), multiply it by (-?\d+), and add (-?\d+) times (.*?)\. Return", statement
    ).groups()
    leaves = {
        "its value": lambda x: x,
        "its absolute value": abs,
        "its square": lambda x: x**2,
        "its value if that is even, and 0 otherwise": lambda x: x * (1 - x % 2),
        "1 if it is positive, and 0 otherwise": lambda x: int(x >= 1),
    }
    wholes = {
        "the sum": sum,
        "the largest weight of its items (0": lambda w: max([*w]) if w else 0,
        "the weight of its first item minus": lambda w: sum(x * (-1) ** k for k, x in enumerate(w)),
        "the largest weight of its items minus": lambda w: sorted(w)[-1] - sorted(w)[0] if w else 0,
    }
    combine = next(function for start, function in wholes.items() if whole.startswith(start))

    def weigh(items, depth):
        weights = [leaves[leaf](item) if type(item) is int else weigh(item, depth + 1) for item in items]
        extra = len(items) if what == "the number of its items" else depth
        return combine(weights) * int(factor) + int(summand) * extra

    return lambda items: weigh(items, 1)


def dynamic(statement):
    kinds = {"best_total": line_choice, "through": paths, "count_rows": tile_rows}
    return kinds[re.search("`(\\w+)\\(", statement)[1]](statement)


def line_choice(statement):
    """Memoised choice from the right end, over gains computed first."""
    gap = int(re.search(r"differ by at least (\d+)", statement)[1])
    gain = re.search(r"A chosen value gains (.*?)\. (?:Every|Return)", statement)[1]
    cost = re.search(r"costs (\d+)", statement)
    divisor, tweak = (
        re.search(pattern, gain)
        for pattern in (
            r"divisible by (\d+)",
            r"(minus the remainder of its position modulo|plus|times its position) ?(\d*)",
        )
    )

    def gain_of(value, position):
        if "doubled" in gain:
            value = value * 2 if value % int(divisor[1]) == 0 else value
        elif "sign changed" in gain:
            value = -value if value % int(divisor[1]) == 0 else value
        elif "or 1 if it is negative" in gain:
            value = 1 if value < 0 else value
        kind = tweak[1] if tweak else ""
        if kind.startswith("minus"):
            value -= position % int(tweak[2])
        elif kind == "plus":
            value += 0 if position % 2 else int(tweak[2])
        elif kind.startswith("times"):
            value = value * position
        return value - (int(cost[1]) if cost else 0)

    def solve(values):
        gains = [gain_of(value, position) for position, value in enumerate(values, start=1)]
        best = functools.cache(lambda k: 0 if k >= len(gains) else max(best(k + 1), gains[k] + best(k + gap)))
        return best(0)

    return solve


def paths(statement):
    """Lists every path, from its end."""
    steps = {
        "one cell right": (0, 1), "one cell down": (1, 0), "one cell diagonally down and right": (1, 1),
        "two cells down": (2, 0), "two cells right": (0, 2),
    }  # fmt: skip
    moves = [steps[name] for name in re.split(", | or ", re.search(r"each of its moves goes (.*?)\. No", statement)[1])]
    rule, k = re.search(r"a cell whose value is (divisible by|greater than|equal to) (\d+)", statement).groups()
    tests = {
        "divisible by": lambda x: x % int(k) == 0,
        "greater than": lambda x: x > int(k),
        "equal to": lambda x: x == int(k),
    }
    goal = re.search(r"Return the (.*)\.", statement)[1]
    modulus = re.search(r"remainders modulo (\d+)", goal)

    def worth(r, c, cell):
        if "squares" in goal:
            return cell**2
        if modulus:
            return cell % int(modulus[1])
        if "row number" in goal:
            return cell * (1 + r)
        return cell + c if "column number" in goal else cell

    def totals(grid, r, c):
        if r < 0 or c < 0 or ((r, c) != (0, 0) and tests[rule](grid[r][c])):
            return []
        own = worth(r, c, grid[r][c])
        if (r, c) == (0, 0):
            return [own]
        return [own + total for dr, dc in moves for total in totals(grid, r - dr, c - dc)]

    def solve(grid):
        found = totals(grid, len(grid) - 1, len(grid[0]) - 1)
        if goal.startswith("number"):
            return len(found)
        return (min if goal.startswith("smallest") else max)(found, default=-1)

    return solve


def tile_rows(statement):
    """Counts from the front, with the length of the last tile as the state."""
    tiles = [
        (int(length), 1 if count == "one" else int(count))
        for count, length in re.findall(r"(one|\d+) colours? of length (\d+)", statement)
    ]
    single = int(re.search(r"No two tiles of length (\d+)", statement)[1])
    cut = re.search(r"end at a length that is divisible by (\d+)", statement)

    def solve(n):
        @functools.cache
        def count(done, last):
            if done == n:
                return 1
            if done > n or (done and cut and done % int(cut[1]) == 0):
                return 0
            return sum(c * count(done + t, t) for t, c in tiles if not (t == last and t == single))

        return count(0, None)

    return solve


def graphs(statement):  # noqa: C901 one closure for each rule
    """Bellman and Ford's relaxation until nothing changes."""
    rules = re.findall(r"^- (.*)$", statement, re.M)
    both, one = rules[0].endswith("both ways."), "from a to b" in rules[0]
    even = "back as well if w is even" in rules[0]
    ends = re.search(r"Return (.*)\.", statement)[1]

    def is_closed(w):
        number = re.search(r"(\d+)", rules[1])
        if "or more" in rules[1]:
            return w >= int(number[1])
        if "at most" in rules[1]:
            return w <= int(number[1])
        return "remainder 1 modulo 3" in rules[1] and w % 3 == 1

    def can_enter(node):
        found = re.search(r"(divisible by|remainder 2 modulo) (\d+)", rules[2])
        if node == 0 or not found:
            return True
        return node % int(found[2]) != (0 if found[1] == "divisible by" else 2)

    def price(start, end, w):
        extra = re.search(r"plus (\d+) if", rules[3])
        if extra:
            return w + (int(extra[1]) if end < start else 0)
        if "1 if the weight is even" in rules[3]:
            return 1 if w % 2 == 0 else w
        return w if "its weight" in rules[3] else 1

    def arcs(edges):
        for a, b, w in edges:
            if is_closed(w):
                continue
            if both or one or a < b:
                yield a, b, w
            if both or (even and w % 2 == 0) or (not one and not both and b < a):
                yield b, a, w

    def solve(n, edges):
        cost = {0: 0}
        for _ in range(n):
            for a, b, w in arcs(edges):
                if a in cost and can_enter(b):
                    cost[b] = min(cost.get(b, 10**9), cost[a] + price(a, b, w))
        if "or -1 if that is impossible" in ends:
            return cost.get(n - 1, -1)
        if "at a cost of at most" in ends:
            return sorted(node for node, total in cost.items() if total <= int(re.search(r"at most (\d+)", ends)[1]))
        if ends.startswith("the list of the smallest costs"):
            return [cost.get(node, -1) for node in range(n)]
        return max((total, node) for node, total in cost.items())[1]

    return solve


def simulation(statement):  # noqa: C901 one branch for each command
    """Complex numbers for places and directions, and one step at a time."""
    width, height = (
        int(bound) + 1 for bound in re.search(r"x from 0 to (\d+) .* y from 0 to (\d+)", statement).groups()
    )
    x, y, heading = re.search(r"starts at \((\d+), (\d+)\), heading (\w+)", statement).groups()
    meanings = dict(re.findall(r"^- '(.)': it (.*)\.$", statement, re.M))
    edge = re.search(r"the robot (.*) instead", statement)[1]
    question = re.search(r"Return (.*)\.", statement)[1]
    start = complex(int(x), int(y))

    def solve(commands):
        place, way, places, bumps = start, {"right": 1, "up": 1j, "left": -1, "down": -1j}[heading], [start], 0
        for command in commands:
            meaning = meanings[command]
            is_even = (place.real + place.imag) % 2 == 0
            if "back to the place" in meaning:
                place = start
            elif "mirror image" in meaning:
                place = complex(width - 1 - place.real, place.imag)
            elif "if x + y is even" in meaning:
                way *= 1j if is_even else -1j
            elif "turns" in meaning:
                way *= {"left": 1j, "right": -1j, "around": -1}[meaning.split()[1]]
            places.append(place)
            for _ in range({"one": 1, "two": 2, "three": 3}.get(meaning.split()[1], 0)):
                place, way, is_bump = stepped(place, way)
                bumps += is_bump
                places.append(place)
        if "at the end" in question:
            pair = int(place.real), int(place.imag)
            return 100 * pair[0] + pair[1] if question.startswith("the number") else pair
        if "met the edge" in question:
            return bumps
        different = sorted({(int(p.real), int(p.imag)) for p in places})
        return different if "sorted list" in question else len(different)

    def stepped(place, way):
        there = place + way
        if 0 <= there.real < width and 0 <= there.imag < height:
            return there, way, False
        if "opposite side" in edge:
            return complex(there.real % width, there.imag % height), way, True
        return place, way * (-1 if "turns around" in edge else 1j if "turns left" in edge else 1), True

    return solve


def parsing(statement):
    """Rewrites the text: the innermost brackets first, then one operation at a time."""
    modulus = int(re.search(r"is taken modulo (\d+)", statement)[1])
    meanings = dict(re.findall(r"^- a (\S) b is (.*)$", statement, re.M))
    first = re.search(r"Operations with (\S) are done before", statement)
    is_from_left = "left to right" in statement

    def combined(a, symbol, b):
        a, b, text = int(a), int(b), meanings[symbol]
        words = {
            "the larger of a and b": max(a, b), "the smaller of a and b": min(a, b),
            "the absolute value of a - b": abs(a - b),
        }  # fmt: skip
        return str((words[text] if text in words else eval(text, {"a": a, "b": b})) % modulus)

    def flat(text):
        parts = re.findall(r"\d+|\S", text)
        for symbols in ([first[1]] if first else []), list(meanings):
            while places := [place for place, part in enumerate(parts) if part in symbols]:
                place = min(places) if is_from_left else max(places)
                parts[place - 1 : place + 2] = [combined(*parts[place - 1 : place + 2])]
        return parts[0]

    def solve(expression):
        while "(" in expression:
            expression = re.sub(r"\(([^()]*)\)", lambda match: flat(match[1]), expression)
        return int(flat(expression)) % modulus

    return solve


READERS_OF_RULES = {
    "code_recursion": recursion,
    "code_dynamic_programming": dynamic,
    "code_graphs": graphs,
    "code_simulation": simulation,
    "code_parsing": parsing,
}
