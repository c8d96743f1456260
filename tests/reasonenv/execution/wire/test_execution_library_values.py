"""Values of Python's library that cross the border of a jail, and equal what they equal in Python."""

from __future__ import annotations

import datetime
import time
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from fractions import Fraction

import pytest
from code_parts import sandbox_or_skip

from reasonenv.execution import CallTests
from reasonenv.execution.wire.codec import DecodeError, Opaque, decode, encode

UTC = datetime.UTC
VALUES = [
    Fraction(-1, 3),
    Fraction(2**300, 7),
    Decimal("1.50"),
    Decimal("-Infinity"),
    range(0, 10, 3),
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC),
    datetime.time(23, 59),
    datetime.timedelta(-1, 5),
    [Fraction(1, 2), {"a": Decimal("0.1")}],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_of_the_library_comes_back_equal_and_of_its_type(value) -> None:
    read = decode(encode(value))
    assert read == value
    assert type(read) is type(value)
    assert repr(read) == repr(value)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({1: 2}.keys(), {1}),
        ({1: (2, [])[:1]}.items(), {(1, (2,))}),
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
    ],
)
def test_views_and_subclasses_are_read_as_what_they_equal(value, read) -> None:
    assert decode(encode(value)) == value == read


@pytest.mark.parametrize(
    "value",
    [
        Fraction(1, 10**5000),
        Decimal("1e9999"),
        Decimal("sNaN"),
        Decimal("1" * 5000),
        range(10**9),
        {1: [2]}.items(),
        {1: 2}.values(),
        deque([1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_too_large_or_equals_nothing_plain_stays_where_it_is(value) -> None:
    assert isinstance(decode(encode(value)), Opaque)


@pytest.mark.parametrize(
    "text",
    [
        '["q",1,0]',
        '["q",1,-2]',
        '["q",1.5,2]',
        '["q",true,2]',
        '["q",1]',
        '["q",1,["i","0x1' + "0" * 4000 + '"]]',
        '["m",1]',
        '["m","x"]',
        '["m","sNaN"]',
        '["m","1e99999"]',
        '["m","1","2"]',
        '["m","' + "1" * 9000 + '"]',
        '["r",0,1000000,1]',
        '["r",0,1,0]',
        '["r",1]',
        '["e","date","2024-02-30"]',
        '["e","tzinfo","2024-02-30"]',
        '["e","date",5]',
        '["e","timedelta",1,2]',
        '["e","timedelta",99999999999,0,0]',
        '["e"]',
        '["s",["q",1,2]]',
        '["d",["t",["m","1"]],2]',
        '["f",["f",["m","1"]]]',
    ],
)
def test_no_other_text_is_a_value_of_the_library(text) -> None:
    with pytest.raises(DecodeError):
        decode(text)


def _seconds(part: str) -> float:
    """Return the processor time of reading a megabyte of a value, the least of three."""
    text = f'["l",{",".join([part] * (1_000_000 // (len(part) + 1)))}]'
    taken: list[float] = []
    for _ in range(3):
        start = time.process_time()
        decode(text)
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize("part", ['["q",1,3]', '["m","1.5"]', '["r",0,99999,1]', '["e","date","2024-01-01"]'])
def test_reading_a_full_result_of_them_takes_little_longer_than_one_of_plain_values(part: str) -> None:
    assert _seconds(part) < 8 * _seconds('["t",1,3]')


PROGRAMS = {
    "from fractions import Fraction\ndef f(): return Fraction(1, 2)": (0.5, 0.25),
    "from fractions import Fraction\ndef f(): return [Fraction(4, 2), Fraction(1, 3)]": (
        [2, Fraction(1, 3)],
        [2, 0.3333333333333333],
    ),
    "from decimal import Decimal\ndef f(): return Decimal('0.5')": (0.5, 0.4),
    "def f(): return range(3)": (range(3), [0, 1, 2]),
    "def f(): return {1: 2}.keys()": ({1}, [1]),
    "import datetime\ndef f(): return datetime.date(2024, 1, 2)": (datetime.date(2024, 1, 2), "2024-01-02"),
    "def f(): return frozenset([1])": ({1}, [1]),
    "from collections import namedtuple\ndef f(): return namedtuple('P', 'x y')(1, 2)": ((1, 2), [1, 2]),
    "import numpy\ndef f(): return [numpy.int64(5), numpy.bool_(True), numpy.longdouble(0.5)]": (
        [5, True, 0.5],
        [5, True, 0.25],
    ),
    "import sympy\ndef f(): return [sympy.Integer(5), sympy.Rational(1, 2), sympy.true]": (
        [5, 0.5, True],
        [5, 1, True],
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_values_of_other_types_equal_what_python_says(program) -> None:
    right, wrong = PROGRAMS[program]
    sandbox = sandbox_or_skip()
    verdicts = sandbox.judge([program] * 2, [CallTests("f", (((), expected),)) for expected in (right, wrong)])
    assert [verdict.num_passed for verdict in verdicts] == [1, 0]


def test_values_of_the_library_may_be_arguments() -> None:
    value = [Fraction(1, 2), Decimal("1.5"), datetime.date(2024, 1, 1), range(3)]
    program = "def f(half, number, day, numbers): return [2 * half, number + 1, day.year, list(numbers)]"
    (verdict,) = sandbox_or_skip().judge([program], [CallTests("f", ((tuple(value), [1, 2.5, 2024, [0, 1, 2]]),))])
    assert verdict.num_passed == 1
