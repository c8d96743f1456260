"""Assert tests in the styles that people write them in, on programs that return more than plain values."""

from __future__ import annotations

import pytest

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, ScoreStatus


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=Limits(cpu_seconds=1.0, wall_seconds=3.0)) as sandbox:
        yield sandbox


def passed(sandbox: Sandbox, program: str, source: str, names: tuple[str, ...] = ("f",)) -> tuple[int, int]:
    (verdict,) = sandbox.judge([program], [AssertTests(source, names)])
    assert verdict.status is ScoreStatus.SCORED, verdict.reason
    return verdict.num_passed, verdict.num_tests


DOUBLE, TRIPLE = "def f(x): return 2 * x", "def f(x): return 3 * x"
CASE = """
import unittest

class TestDouble(unittest.TestCase):
    def setUp(self):
        self.number = 4

    def test_number(self):
        self.assertEqual(f(self.number), 8)

    def test_text(self):
        self.assertEqual(f("a"), "aa")

    def helper(self):
        return 1

if __name__ == "__main__":
    unittest.main()
"""
CLASS = """
class TestDouble:
    def setup_method(self):
        self.number = 4

    def test_number(self):
        assert f(self.number) == 8
"""
PARAMETERS = """
import pytest

@pytest.mark.parametrize("x, y", [(1, 2), (4, 8)])
def test_pairs(x, y):
    assert f(x) == y

@pytest.mark.parametrize("x", [1, 5])
def test_single(x):
    assert f(x) == x + x
"""


@pytest.mark.parametrize(
    ("source", "num_tests"),
    [
        ("def test_f():\n    assert f(2) == 4", 1),
        ("def test_f():\n    assert f(2) == 4\ndef test_g():\n    assert f('a') == 'aa'", 2),
        ("def test_f():\n    assert f(2) == 4\ntest_f()", 1),
        ("def test_f():\n    assert f(2) == 4\nif __name__ == '__main__':\n    test_f()", 1),
        ("import pytest\ndef test_f():\n    assert f(2) == 4\nif __name__ == '__main__':\n    pytest.main([])", 1),
        ("from solution import f\ndef test_f():\n    assert f(2) == 4", 1),
        ("from my_module import f\nassert f(2) == 4 + 0", 1),
        ("import solution\nassert solution.f(2) == 4 + 0", 1),
        ("import solution as s\ndef test():\n    assert s.f(2) == 4", 1),
        ("from solution import *\nassert f(2) == 4 + 0", 1),
        ("if __name__ == '__main__':\n    assert f(2) == 4", 1),
        (CASE, 2),
        (CLASS, 1),
        (PARAMETERS, 2),
    ],
)
def test_styles(sandbox: Sandbox, source: str, num_tests: int) -> None:
    assert passed(sandbox, DOUBLE, source) == (num_tests, num_tests)
    num_passed, num_found = passed(sandbox, TRIPLE, source)
    assert (num_found, num_passed) == (num_tests, 0)


POINT = """
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y)
    def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
    def __lt__(self, other): return self.x < other.x
    def __repr__(self): return f"Point({self.x}, {self.y})"
    def __len__(self): return 2
    def __iter__(self): return iter((self.x, self.y))
    def __getitem__(self, index): return (self.x, self.y)[index]
    def __contains__(self, value): return value in (self.x, self.y)
    def __bool__(self): return self.x != 0
class Error(ValueError): pass
class Lock:
    def __enter__(self): self.is_held = True; return self
    def __exit__(self, *_): self.is_held = False
def f(x):
    if x < 0: raise Error("negative")
    return Point(x, x + 1)
def numbers(x):
    for number in range(x): yield number
def forever():
    while True: yield 1
def apply(function, *values): return [function(value) for value in values]
def make(): return lambda x: x + 1
def kind(value): return value is Point
"""
NAMES = ("Point", "Error", "Lock", "f", "numbers", "forever", "apply", "make", "kind")


@pytest.mark.parametrize(
    "source",
    [
        "assert f(1) == Point(1, 2)",
        "assert f(1) != Point(1, 3)",
        "assert f(1) + Point(1, 1) == Point(2, 3)",
        "assert f(1) < f(2)",
        "assert sorted([f(3), f(1)])[0] == f(1)",
        "assert repr(f(1)) == 'Point(1, 2)' and str(f(1)) == 'Point(1, 2)'",
        "assert len(f(1)) == 2 and list(f(1)) == [1, 2] and f(1)[1] == 2",
        "x, y = f(1)\nassert (x, y) == (1, 2)",
        "assert 2 in f(1) and 5 not in f(1)",
        "assert f(1) and not f(0)",
        "assert isinstance(f(1), Point) and not isinstance(5, Point) and not isinstance(f(1), int)",
        "assert list(numbers(3)) == [0, 1, 2]",
        "assert sum(numbers(4)) == 6 and next(numbers(1)) == 0 and max(numbers(3)) == 2",
        "values = iter(numbers(2))\nassert next(values) == 0 and next(values) == 1 and next(values, None) is None",
        "import itertools\nassert list(itertools.islice(forever(), 3)) == [1, 1, 1]",
        "try:\n    f(-1)\n    assert False\nexcept Error as error:\n    assert str(error) == 'Error: negative'",
        "try:\n    f(-1)\n    assert False\nexcept ValueError:\n    pass",
        "import pytest\ndef test():\n    with pytest.raises(Error): f(-1)",
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        with self.assertRaises(Error): f(-1)",
        "with Lock() as lock:\n    assert lock.is_held\nassert not lock.is_held",
        "assert apply(lambda x: x + 1, 1, 2) == [2, 3]",
        "assert apply(abs, -1) == [1] and apply(str, 5) == ['5']",
        "seen = []\napply(seen.append, 1, 2)\nassert seen == [1, 2]",
        "assert apply(lambda x: f(x).y, 1, 2) == [2, 3]",
        "assert apply(make(), 1) == [2] and make()(3) == 4",
        "assert kind(Point) and not kind(Error)",
        "def bad(x): raise KeyError(x)\ntry:\n    apply(bad, 1)\n    assert False\nexcept KeyError: pass",
    ],
)
def test_objects_of_the_program_do_what_they_do_in_one_process(sandbox: Sandbox, source: str) -> None:
    num_passed, num_tests = passed(sandbox, POINT, source, NAMES)
    assert num_passed == num_tests


def test_values_that_a_call_changes_change_in_tuples_too(sandbox: Sandbox) -> None:
    program = "def f(x): x[0] = (1, 9); x[1]['a'] = (2,)"
    assert passed(
        sandbox, program, "values = [(1, 2), {'a': (1,)}]\nf(values)\nassert values == [(1, 9), {'a': (2,)}]"
    ) == (1, 1)


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("def f(x): x.sort(); return x", "a = [2, 1]\nassert f(a) is a and a == [1, 2]"),
        ("def f(x): return x[:]", "a = [2, 1]\nassert f(a) is not a and f(a) == a"),
        ("def f(x, y): y['k'] = x; return y", "a = {}\nb = f(1, a)\nb['l'] = 2\nassert a == {'k': 1, 'l': 2}"),
        ("class f:\n    pass\nclass g(f): pass", "assert issubclass(g, f) and not issubclass(f, g)"),
    ],
)
def test_what_is_the_same_stays_the_same(sandbox: Sandbox, program: str, source: str) -> None:
    assert passed(sandbox, program, source, ("f", "g")) == (1, 1)


@pytest.mark.parametrize("reply", ["['same', 5, None]", "['same', -1, None]", "['same', 'a', None]", "['same']"])
def test_a_place_that_the_program_makes_up_ends_the_tests(sandbox: Sandbox, reply: str) -> None:
    program = (
        "import json, os\n"
        f"reply = json.dumps({reply}).encode()\n"
        "def f(x): os.write(4, len(reply).to_bytes(4, 'little') + reply)"
    )
    assert passed(sandbox, program, "assert f([1]) is None\nassert f(1) is None")[0] == 0


def test_a_callback_that_the_program_makes_up_ends_the_tests(sandbox: Sandbox) -> None:
    program = (
        "import json, os\n"
        "def f(x):\n"
        "    for number in (-5, 0, 7, True, 'x'):\n"
        '        reply = json.dumps([\'callback\', number, \'["l",["l"],["d"]]\']).encode()\n'
        "        os.write(4, len(reply).to_bytes(4, 'little') + reply)\n"
        "    return 2"
    )
    assert passed(sandbox, program, "assert f(1) + 0 == 2\nassert f(1) + 0 == 2")[0] == 0
