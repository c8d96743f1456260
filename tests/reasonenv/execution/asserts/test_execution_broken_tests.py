"""Tests that are broken judge nobody: no right program is charged for them, and no wrong one may call them broken."""

from __future__ import annotations

from typing import Any

import pytest

from reasonenv.execution import CodeVerdict, Limits, Sandbox
from reasonenv.types import AssertTests, CallTests, Comparison, ScoreStatus, StdinTests

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)
RIGHT = "def f(x): return x + 1"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=LIMITS) as sandbox:
        yield sandbox


def asserts(sandbox: Sandbox, source: str, program: str = RIGHT) -> CodeVerdict:
    return sandbox.judge([program], [AssertTests(source, ("f",))])[0]


def checked(body: str) -> str:
    """A test in a function, behind one that a right program passes."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"def check(candidate):\n    assert candidate(1) == 2\n{lines}    assert candidate(2) == 3\ncheck(f)"


ANYWHERE = [
    "undefined_name",
    "assert candidate(1) == undefined_name",
    "import no_such_package",
    "from no_such_package import thing",
    "from math import no_such_thing",
    "1 / 0",
    "assert candidate(1) == 1 / 0",
    "assert candidate(1) == int('two')",
    "x = [1, 2][5]",
    "{}['key']",
    "open('no_such_file.json')",
    "None.attribute",
    "'a' + 1",
    "import json\njson.loads('{')",
    "import math\nassert candidate(1) == math.sqrt(-1)",
    "raise ValueError",
    "raise KeyboardInterrupt",
    "import sys\nsys.exit(0)",
    "exit()",
    "import os\nos._exit(0)",
    "while True: pass",
    "for _ in iter(int, 1): pass",
    "import time\ntime.sleep(60)",
    "x = [0] * 10**10",
    "x = []\nwhile True: x.append('x' * 10**6)",
    "def expected(x): return x / 0\nassert candidate(1) == expected(1)",
    "def loop(x): return loop(x)\nloop(1)",
    "cases = [(1, 2), (2,)]\nfor a, b in cases: assert candidate(a) == b",
    "expected = {}\nassert candidate(1) == expected['one']",
    "file = open('no_such_file')\nassert candidate(1) == int(file.read())",
    "import threading\nassert candidate(threading.Lock()) == 2",
    "assert candidate(1) == 2, 'fine'\nassert candidate(1) == sum('ab')",
]


@pytest.mark.parametrize("body", ANYWHERE)
def test_what_is_broken_in_the_middle_of_tests_judges_nobody(sandbox: Sandbox, body: str) -> None:
    verdict = asserts(sandbox, checked(body))
    assert (verdict.status, verdict.num_passed) == (ScoreStatus.GRADER_FAILED, 0), verdict
    assert verdict.reason


@pytest.mark.parametrize(
    "source",
    [
        "assert f(1) == 2\nundefined_name\nassert f(2) == 3",
        "import no_such_package\nassert f(1) + 0 == 2",
        "import sys\nsys.exit()\nassert f(1) + 0 == 2",
        "assert f(1) + 0 == 2\nraise SystemExit",
        "assert (",
        "def check(f):\nassert f(1) == 2",
        "assert f(1) == 2\n  assert f(2) == 3",
        "assert f(1) == '\x00'",
        "(" * 5000,
        "",
        "x = 1",
        "f(1)",
        "def check(f): assert f(1) == 2",
        "for x in []: assert f(x)",
        "if False:\n    assert f(1) == 2",
        "assert f({[1]: 2}) == 3",
        "assert True",
        "import os, signal\nos.abort()\nassert f(1) + 0 == 2",
    ],
)
def test_sources_that_cannot_judge_are_refused(sandbox: Sandbox, source: str) -> None:
    verdict = asserts(sandbox, source)
    assert (verdict.status, verdict.num_passed) == (ScoreStatus.GRADER_FAILED, 0), verdict


def judge_that(does: str) -> Comparison:
    def judge(given: Any, expected: Any, actual: Any) -> Any:
        if does == "raises":
            raise KeyError(given)
        if does == "exits":
            raise SystemExit
        return None

    return Comparison(judge=judge)


@pytest.mark.parametrize(
    "tests",
    [
        CallTests("f", ()),
        StdinTests(()),
        CallTests("f", (((object(),), 1),)),
        CallTests("f", (((bytearray(1 << 27),), 1),)),
        *(CallTests("f", (((1,), 2),), judge_that(does)) for does in ("raises", "exits", "returns None")),
        *(StdinTests((("1", "2"),), judge_that(does)) for does in ("raises", "exits", "returns None")),
        StdinTests((("1", "2"), ("2", "x" * 20_000_000))),
    ],
)
def test_cases_that_cannot_judge_are_refused_row_by_row(sandbox: Sandbox, tests: Any) -> None:
    program = f"{RIGHT}\nif __name__ == '__main__': print(f(int(input())))"
    good = CallTests("f", (((1,), 2),))
    first, broken, last = sandbox.judge([program] * 3, [good, tests, good])
    assert (broken.status, broken.num_passed) == (ScoreStatus.GRADER_FAILED, 0), broken
    assert [(verdict.status, verdict.num_passed) for verdict in (first, last)] == [(ScoreStatus.SCORED, 1)] * 2


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("def f(x): return None", "assert f(1) + 1 == 3"),
        ("def f(x): return None", checked("1 / 0")),
        ("def f(x): return [0]", "assert f(1)[5] == 2"),
        ("def f(x): return 0", "assert 1 / f(1) == 2"),
        ("def f(x): return {}", "for key in ('a', 'b'): assert f(1)[key] == 2"),
        ("def f(x): return 'no'", "assert int(f(1)) == 2"),
        ("def f(x): return 3", "if f(1) != 2: raise ValueError\nassert f(1) == 2"),
        ("def f(x): return 3", "import sys\nif f(1) != 2: sys.exit(1)\nassert f(1) == 2"),
        ("def f(x): return 3", "ok = f(1) == 2\nif not ok: undefined_name\nassert ok"),
        (
            "def f(x): return 3",
            "try:\n    f(1)\n    raise RuntimeError('it should have raised')\nexcept ValueError: assert f",
        ),
        ("def f(x): return 3", "try:\n    f(1)\n    assert False\nexcept ValueError: assert f"),
        ("def f(x): return 3", "assert f(1) == 2, undefined_name"),
        ("def f(x): return [1]", "a, b = f(1)\nassert a == b"),
        ("def f(x): x.clear()", "values = [1, 2]\nf(values)\nassert values[0] == 1"),
        ("def f(x): x.append(0)", "values = [1]\nf(values)\nassert all(1 / value for value in values)"),
        ("def f(x): return 1", "x = 5\nwhile x: x = f(x)\nassert x == 0"),
        ("def f(x): return 10**6", "for _ in range(f(1)): f(2)\nassert f(1) == 2"),
        ("def f(x): return [0] * 10**5", "import itertools\nassert sum(1 for _ in itertools.product(f(1), f(1))) == 1"),
        ("def f(x): return 10**10", "assert [0] * f(1) == [0]"),
        ("def f(x): raise NameError('name')", "assert f(1) == 2 + 0"),
        ("def f(x): raise ImportError", "import math\nassert f(1) == math.floor(2.5)"),
        ("import no_such_package\ndef f(x): return 2", "assert f(1) + 0 == 2"),
        ("import sys\nsys.exit()\ndef f(x): return 2", "assert f(1) + 0 == 2"),
        ("import os\ndef f(x): os._exit(0)", "assert f(1) + 0 == 2"),
        ("import time\ndef f(x): time.sleep(1.2); return 0", "assert f(1) == sum(range(10**7))"),
        ("def f(x): return 0", "import pytest\nwith pytest.raises(ValueError): f(1)\nassert f(2) == 3"),
        ("def f(x): return 0", "def get(x): return 1 // f(x)\nassert get(1) == 2"),
        ("def f(x): return 5", "match f(1):\n    case 2: assert f\n    case other: raise ValueError"),
        ("def f(x): return []", "for x in f(1): undefined_name\nassert f(1) == [1]"),
    ],
)
def test_what_a_program_can_provoke_is_the_programs(sandbox: Sandbox, program: str, source: str) -> None:
    verdict = asserts(sandbox, source, program)
    assert verdict.status is ScoreStatus.SCORED, verdict.reason
    assert verdict.num_passed < verdict.num_tests
