"""The second implementations of more families whose statements are lists of steps."""

from __future__ import annotations

import calendar
import itertools
import math
import re
from collections import Counter
from datetime import date

from program_sentences import chain, reader

WEEKDAYS = list(calendar.day_name)


def moved(function):
    """Lift a function of complex numbers to lists of points."""

    def apply(points, *groups):
        new = [function(complex(*point), *map(int, groups)) for point in points]
        return [(round(z.real), round(z.imag)) for z in new]

    return apply


def kept(test):
    return lambda points, *groups: [p for p in points if test(*p, *map(int, groups))]


def doubled_area(points):
    """The shoelace formula by triangles from the origin, one at a time."""
    total = 0
    for place, (x1, y1) in enumerate(points):
        x2, y2 = points[(place + 1) % len(points)]
        total += x1 * y2 - x2 * y1
    return abs(total)


def left_turns(points):
    legs = [complex(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(points)]
    return sum((one.conjugate() * two).imag > 0 for one, two in itertools.pairwise(legs))


def box(points):
    if not points:
        return 0
    xs, ys = zip(*points, strict=True)
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def walked(points):
    return sum(sum(abs(p - q) for p, q in zip(a, b, strict=True)) for a, b in itertools.pairwise(points))


geometry = chain(
    reader(
        (r"Move every point by (-?\d+) in x and by (-?\d+) in y\.", moved(lambda z, dx, dy: z + complex(dx, dy))),
        (r"Turn every point by 90 degrees counterclockwise .*", moved(lambda z: z * 1j)),
        (r"Turn every point by 90 degrees clockwise .*", moved(lambda z: z * -1j)),
        (r"Reflect every point in the line x = y\.", moved(lambda z: 1j * z.conjugate())),
        (r"Reflect every point in the line x = (-?\d+)\.", moved(lambda z, k: 2 * k - z.conjugate())),
        (r"Reflect every point in the line y = (-?\d+)\.", moved(lambda z, k: z.conjugate() + 2j * k)),
        (r"Multiply the x of every point by (-?\d+)\.", moved(lambda z, k: z + (k - 1) * z.real)),
        (r"Add (-?\d+) times its x to the y of every point\.", moved(lambda z, k: z + 1j * k * z.real)),
        (
            r"Keep only the points at a distance of at most (\d+) .*",
            kept(lambda x, y, k: math.isqrt(x * x + y * y) < k or x * x + y * y == k * k),
        ),
        (r"Remove the points with \|x\| \+ \|y\| less than (\d+)\.", kept(lambda x, y, k: not abs(x) + abs(y) < k)),
        (
            r"Keep only the points with y greater than (-?\d+) \* x \+ (-?\d+)\.",
            kept(lambda x, y, k, m: y - k * x - m > 0),
        ),
        (r"Remove the points whose x and y have different signs .*", kept(lambda x, y: not (x < 0 < y or y < 0 < x))),
        (r"Keep only the points whose coordinates have an even sum\.", kept(lambda x, y: x % 2 == y % 2)),
        (
            r"Sort the points by their distance .*",
            lambda p: sorted(sorted(p), key=lambda q: math.hypot(*q) ** 2 // 1e-9),
        ),
        (r"Keep only the first occurrence of every point\.", lambda p: [q for k, q in enumerate(p) if q not in p[:k]]),
        (r"Sort the points by y, then by x, .*", lambda p: [q[::-1] for q in sorted(q[::-1] for q in p)]),
        (r"Return the points\.", lambda p: p),
        (r"Return the area of the smallest rectangle .*", box),
        (r"Return twice the area of the polygon .*", doubled_area),
        (
            r"Return the largest squared distance .*",
            lambda p: max(
                (round(abs(complex(*a) - complex(*b)) ** 2) for a, b in itertools.combinations(p, 2)), default=0
            ),
        ),
        (r"Return the length of the walk .*", walked),
        (r"Return how many left turns .*", left_turns),
    )
)


def bits(statement):
    """Works on strings of binary digits, the highest first."""
    width = int(re.search(r"a number of (\d+) bits", statement)[1])
    read = reader(
        (
            r"Rotate the \d+ bits by (\d+) to the (left|right) .*",
            lambda s, k, side: s[int(k) :] + s[: int(k)] if side == "left" else s[-int(k) :] + s[: -int(k)],
        ),
        (
            r"Take the bitwise (exclusive or|or|and) with (\d+)\.",
            lambda s, word, mask: masked(s, word, written(int(mask))),
        ),
        (r"Multiply by (\d+), add (\d+), .*", lambda s, a, b: written((int(s, 2) * int(a) + int(b)) % 2**width)),
        (r"Swap bit 0 with bit 1, .*", lambda s: re.sub("(.)(.)", r"\2\1", s)),
        (r"Reverse the order .*", lambda s: s[::-1]),
        (r"Invert all .*", lambda s: s.translate(str.maketrans("01", "10"))),
        (r"Clear the lowest bit that is set, .*", lambda s: re.sub("1(0*)$", r"0\1", s)),
        (r"Set the lowest bit that is clear, .*", lambda s: re.sub("0(1*)$", r"1\1", s)),
        (r"Replace the value v by v XOR .*", lambda s: masked(s, "exclusive or", "0" + s[:-1])),
        (
            r"Replace every bit by the parity .*",
            lambda s: "".join(str(s[: place + 1].count("1") % 2) for place in range(len(s))),
        ),
        (r"Keep only the set bits whose next lower neighbour is clear .*", lambda s: re.sub("1(?=1)", "0", s)),
        (r"Return the number\.", lambda s: int(s, 2)),
        (r"Return how many of its bits are set\.", lambda s: s.count("1")),
        (r"Return the length of the longest run of set bits\.", lambda s: max(map(len, s.split("0")))),
        (
            r"Return how many pairs of neighbouring bits, .* differ\.",
            lambda s: sum(a != b for a, b in itertools.pairwise(s)),
        ),
    )

    def written(value):
        return f"{value:0{width}b}"

    def masked(one, word, two):
        keeps = {"exclusive or": ("01", "10"), "or": ("01", "10", "11"), "and": ("11",)}[word]
        return "".join("1" if a + b in keeps else "0" for a, b in zip(one, two, strict=True))

    solve = chain(read)(statement)
    return lambda value: solve(written(value))


def day_after(day, days):
    return date.fromordinal(day.toordinal() + days)


def toward(day, name, step, *, moves_first):
    if moves_first:
        day = day_after(day, step)
    while day.strftime("%A") != name:
        day = day_after(day, step)
    return day


def months_later(day, count):
    year, month = day.year, day.month
    for _ in range(int(count)):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def first_of_next_month(day):
    return next(later for k in range(1, 32) if (later := day_after(day, k)).day == 1)


def working_days_later(day, count):
    while count:
        day = day_after(day, 1)
        count -= day.strftime("%a") not in ("Sat", "Sun")
    return day


def in_leap_year(day):
    for year in range(day.year + 1, day.year + 9):
        try:
            date(year, 2, 29)
        except ValueError:
            continue
        return date(year, day.month, day.day)
    raise AssertionError("one year in eight is a leap year")


def dates(statement):
    def solve(text):
        start = date(*map(int, text.split("-")))
        read = reader(
            (r"Go (\d+) days forward\.", lambda day, k: day_after(day, int(k))),
            (r"Go (\d+) days back\.", lambda day, k: day_after(day, -int(k))),
            (r"Go forward to the next (\w+); .*", lambda day, name: toward(day, name, 1, moves_first=True)),
            (r"Go back to the last (\w+); .*", lambda day, name: toward(day, name, -1, moves_first=False)),
            (r"Go to the first day of the next month\.", first_of_next_month),
            (r"Go to the last day of the month\.", lambda day: day_after(first_of_next_month(day), -1)),
            (r"Go (\d+) months? forward, .*", months_later),
            (r"Go (\d+) working days forward: .*", lambda day, k: working_days_later(day, int(k))),
            (
                r"If the day of the month is odd, .*",
                lambda day: day_after(day, 1) if day.day in range(1, 32, 2) else day,
            ),
            (r"Go to the same day and month of the next leap year .*", in_leap_year),
            (r"Return the date in the same form\.", str),
            (
                r"Return the date in the form day\.month\.year, .*",
                lambda day: ".".join(map(str, (day.day, day.month, day.year))),
            ),
            (r"Return the number of the day within its year .*", lambda day: int(day.strftime("%j"))),
            (r"Return the number of days from the given date .*", lambda day: day.toordinal() - start.toordinal()),
            (
                r"Return the number of days that are left of its year .*",
                lambda day: date(day.year + 1, 1, 1).toordinal() - day.toordinal() - 1,
            ),
            (
                r"Return the English name of the weekday, .*",
                lambda day: f"{WEEKDAYS[(day.toordinal() - 1) % 7]} {day.day}",
            ),
        )
        return chain(read)(statement)(start)

    return solve


def united(spans, *, with_touching):
    """Joins any two that meet, until nothing changes."""
    spans = sorted(spans)
    for one, two in itertools.combinations(spans, 2):
        meets = one[0] <= two[1] and two[0] <= one[1] if with_touching else one[0] < two[1] and two[0] < one[1]
        if meets:
            rest = list(spans)
            rest.remove(one)
            rest.remove(two)
            joined = (min(one[0], two[0]), max(one[1], two[1]))
            return united([*rest, joined], with_touching=with_touching)
    return spans


def outermost(spans):
    result = []
    for place, one in enumerate(spans):
        holders = [k for k, other in enumerate(spans) if k != place and set(range(*one)) <= set(range(*other))]
        if all(spans[k] == one and k > place for k in holders):
            result.append(one)
    return result


def halved(spans):
    result = []
    for a, b in spans:
        held = list(range(a, b))
        cut = len(held) // 2
        result += [(held[0], held[cut]), (held[cut], b)] if cut else [(a, b)]
    return result


def most_apart(spans):
    """Tries all choices."""
    for size in range(len(spans), 0, -1):
        for chosen in itertools.combinations(sorted(spans), size):
            if all(one[1] <= two[0] for one, two in itertools.pairwise(chosen)):
                return size
    return 0


def times_held(spans):
    return Counter(itertools.chain.from_iterable(range(*span) for span in spans))


intervals = chain(
    reader(
        (r"Shift every interval by (-?\d+)\.", lambda s, k: [tuple(end + int(k) for end in span) for span in s]),
        (
            r"Remove the intervals that are shorter than (\d+); .*",
            lambda s, k: [x for x in s if len(range(*x)) >= int(k)],
        ),
        (
            r"Cut every interval to what lies within \((\d+), (\d+)\), .*",
            lambda s, low, high: [
                (min(held), max(held) + 1) for x in s if (held := set(range(*x)) & set(range(int(low), int(high))))
            ],
        ),
        (r"Extend every interval by (\d+) at both ends\.", lambda s, k: [(a - int(k), b + int(k)) for a, b in s]),
        (r"Unite intervals that overlap, but not .*", lambda s: united(s, with_touching=False)),
        (r"Unite intervals that overlap or touch .*", lambda s: united(s, with_touching=True)),
        (r"Multiply both ends of every interval by (\d+)\.", lambda s, k: [(a * int(k), b * int(k)) for a, b in s]),
        (r"Remove the intervals that lie within another one .*", outermost),
        (r"Split every interval of a length of 2 or more .*", halved),
        (r"Sort the intervals by length, .*", lambda s: sorted(sorted(s), key=lambda x: len(range(*x)), reverse=True)),
        (r"Return the intervals\.", lambda s: s),
        (r"Return how many integers lie in at least one interval\.", lambda s: len(times_held(s))),
        (r"Return the largest number of intervals that hold .*", lambda s: max(times_held(s).values(), default=0)),
        (
            r"Return the sorted list of the integers that lie in exactly one interval\.",
            lambda s: sorted(x for x, count in times_held(s).items() if count == 1),
        ),
        (r"Return the largest number of intervals that can be chosen .*", most_apart),
    )
)


def without_repeats(rows):
    return [row for place, row in enumerate(rows) if place == 0 or rows[place - 1][0] != row[0]]


def firsts(rows):
    return [row for place, row in enumerate(rows) if row[0] not in [other[0] for other in rows[:place]]]


sales_rule = reader(
    (r"Skip the sales with a quantity of 0\.", lambda rows: [row for row in rows if row[1]]),
    (r"Skip the sales with a price above (\d+)\.", lambda rows, k: [row for row in rows if not row[2] > int(k)]),
    (
        r"Take (\d+) off the price where the quantity is (\d+) or more, .*",
        lambda rows, m, q: [(a, n, p if n < int(q) else p - int(m) if p > int(m) else 1) for a, n, p in rows],
    ),
    (
        r"Lower every quantity above (\d+) to \1\.",
        lambda rows, q: [(a, int(q) if n > int(q) else n, p) for a, n, p in rows],
    ),
    (r"Of several sales of one product, keep only the first\.", firsts),
    (r"Skip every sale whose product is the same .*", without_repeats),
)
WORTHS = {
    "the sum of quantity times price": lambda rows: sum(math.prod(row[1:]) for row in rows),
    "the sum of the quantities": lambda rows: sum(row[1] for row in rows),
    "the highest price": lambda rows: sorted(row[2] for row in rows)[-1],
    "the number of sales": len,
}
MARKS = {"a space": " ", "a comma": ",", "a semicolon": ";", "a colon": ":"}


def sales(statement):
    between = re.search(r"separated by '(.)'", statement)[1]
    rules = [sales_rule(line) for line in re.findall(r"^\d+\. (.*)$", statement, re.M)]
    what = re.search(r"The value of a product is (.*) over its sales", statement)[1]
    order, line = re.search(r"sales left, (.*?): (.*?)\. ", statement).groups()
    left, mark, right = re.fullmatch(r"(.*), (a \w+), and (.*)", line).groups()
    last = re.search(r"After them, print (.*?)\. With", statement)

    def sorted_names(values):
        names = list(values)
        if order == "in alphabetical order":
            return sorted(names)
        if order.startswith("by value, largest"):
            return [n for _, n in sorted((-values[n], n) for n in names)]
        if order.startswith("by value, smallest"):
            return [n for _, n in sorted(((-values[n], n) for n in names), reverse=True)]
        return names

    def solve(text):
        count, *lines = text.splitlines()
        rows = [(a, int(n), int(p)) for a, n, p in (one.split(between) for one in lines[: int(count)])]
        for rule in rules:
            rows = rule(rows)
        values = {}
        for name, *_ in rows:
            values.setdefault(name, WORTHS[what]([row for row in rows if row[0] == name]))
        words = {
            "the product": lambda n: n,
            "the value": lambda n: str(values[n]),
            "the product in upper case": str.upper,
        }
        printed = [words[left](n) + MARKS[mark] + words[right](n) for n in sorted_names(values)]
        if last and "total" in last[1]:
            printed.append("total" + MARKS[re.search("a \\w+(?=, and)", last[1])[0]] + str(sum(values.values())))
        elif last:
            printed.append(str(len(values)))
        return "\n".join(printed) + "\n"

    return solve


READERS_OF_STEPS = {
    "code_geometry": geometry,
    "code_bits": bits,
    "code_dates": dates,
    "code_intervals": intervals,
    "code_stdin": sales,
}
