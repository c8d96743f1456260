"""No program makes tests look broken, or passes by what its objects claim: in doubt it is judged."""

from __future__ import annotations

import pytest

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, ScoreStatus

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)
NOTHING, ONE, NONE, EMPTY = (f"def f(x): {body}" for body in ("pass", "return 1", "return None", "return []"))
EXITS = "import os\ndef f(x): os._exit(0)"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=LIMITS) as sandbox:
        yield sandbox


def assert_charged(sandbox: Sandbox, program: str, source: str, names: tuple[str, ...] = ("f",)) -> None:
    (verdict,) = sandbox.judge([program], [AssertTests(source, names)])
    assert verdict.status is ScoreStatus.SCORED, verdict.reason
    assert verdict.num_passed < verdict.num_tests


@pytest.mark.parametrize(
    "source",
    [
        "a = []\nf(a)\nassert a[0] == 1",
        "a = {}\nf(a)\nassert a['k'] == 1",
        "def check(c):\n    a = []\n    c(a)\n    assert a[0] == 1\ncheck(f)",
        "rows = [[], []]\nfor row in rows: f(row)\nassert rows[0][0] == 1",
        "a = []\nb = a\nf(b)\nassert a[0] == 1",
        "seen = []\nf(seen.append)\nassert seen[0] == 1",
        "seen = []\ndef back(x): seen.append(x)\nf(back)\nassert seen[0] == 1",
        "seen = []\nf(lambda x: seen.append(x))\nassert seen[0] == 1",
    ],
)
def test_what_a_program_leaves_undone_to_what_it_is_given(sandbox: Sandbox, source: str) -> None:
    assert_charged(sandbox, NOTHING, source)


@pytest.mark.parametrize(
    ("program", "source"),
    [
        (ONE, "try:\n    f(-1)\nexcept ValueError:\n    ok = True\nassert ok"),
        ("def f(x): raise KeyError", "try:\n    f(1)\n    ok = True\nexcept KeyError: pass\nassert ok"),
        (ONE, "if f(1) == 2:\n    ok = True\nassert ok"),
        (ONE, "if f(1) == 2:\n    import math\nassert math.pi > 3"),
        (ONE, "if f(1) == 2:\n    def get(): return 1\nassert get() == 1"),
        (ONE, "ok = []\nif f(1) == 2:\n    ok.append(1)\nassert ok[0]"),
        (ONE, "n = 5\nif f(1) == 2:\n    n = 0\nassert [1][n] == 1"),
        (ONE, "x = 1\nif f(1) == 1:\n    del x\nassert x == 1"),
        (ONE, "match f(1):\n    case 2: ok = 1\nassert ok"),
        (ONE, "def run():\n    global ok\n    if f(1) == 2: ok = 1\nrun()\nassert ok"),
        (ONE, "def put():\n    global ok\n    ok = 1\nif f(1) == 2: put()\nassert ok"),
        (ONE, "it = iter([])\nif f(1) == 2: it = iter([1])\nassert next(it) == 1"),
        (ONE, "from contextlib import suppress\nwith suppress(ValueError):\n    f(1) + [1]\n    ok = 1\nassert ok"),
        ("def f(x): return 0", "while f(1):\n    ok = True\n    break\nassert ok"),
        (EMPTY, "for x in f(1):\n    ok = True\nassert ok"),
        (ONE, "def check(c):\n    if c(1) == 2: return\n    raise RuntimeError('bad')\ncheck(f)\nassert f(2) == 3"),
        (ONE, "def check(c):\n    if c(1) == 2: return\n    1 / 0\ncheck(f)\nassert f(2) == 3"),
        (ONE, "for x in [1, 2]:\n    if f(x) == 2 * x: break\nelse:\n    raise RuntimeError\nassert f(2) == 3"),
        (ONE, "import time\nwhile True:\n    if f(1) == 2: break\n    time.sleep(0.01)\nassert f(2) == 3"),
        (ONE, "import sys\nif f(1) == 2: sys.exit()\nundefined_name\nassert f(1)"),
    ],
)
def test_what_a_program_has_tests_leave_out(sandbox: Sandbox, program: str, source: str) -> None:
    assert_charged(sandbox, program, source)


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("def f(back):\n    while True: back()", "def back():\n    return 1\nassert f(back) == 1"),
        ("def f(back):\n    while True: back(1)", "assert f(abs) == 1"),
        ("def f(back): back()", "import sys\ndef back(): sys.exit()\nassert f(back) == 1"),
        ("def f(back): back()", "def back(): undefined_name\nassert f(back) == 1"),
        (
            "def f(back):\n    try: back(3)\n    except BaseException: pass",
            "def back(x): assert x == 2\nf(back)\nassert f is not None",
        ),
    ],
)
def test_what_a_program_does_with_functions_of_the_tests(sandbox: Sandbox, program: str, source: str) -> None:
    assert_charged(sandbox, program, source)


@pytest.mark.parametrize(
    "source",
    [
        "import solution\nassert solution.f(1) + 1 == 2",
        "import solution as s\nif s.f(1) is None: raise ValueError\nassert s.f(2) == 3",
        "from solution import f as g\nassert g(1) + 1 == 2",
        "from my_module import f as g\nif g(1) is None: raise ValueError\nassert g(2) == 3",
        "from solution import *\nassert f(1) + 1 == 2",
        "import importlib\ng = importlib.import_module('solution').f\nassert g(1) + 1 == 2",
        "import solution\ng = getattr(solution, 'f')\nassert g(1) + 1 == 2",
        "import sys, solution\nassert sys.modules['solution'].f(1) + 1 == 2",
        "assert eval('f(1) + 1') == 2",
        "assert globals()['f'](1) + 1 == 2",
        "import functools\ng = functools.partial(f, 1)\nassert g() + 1 == 2",
        "g = lambda: f(1)\nassert g() + 1 == 2",
        "def g(): yield f(1)\nassert next(g()) + 1 == 2",
        "class Held: pass\nHeld.value = f(1)\nassert Held.value + 1 == 2",
        "import os\nos.environ['VALUE'] = str(f(1))\nassert int(os.environ['VALUE']) == 2",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): print(f(1))\n"
        "assert int(out.getvalue()) == 2",
        "import io, sys\nout = sys.stdout = io.StringIO()\nprint(f(1))\nassert int(out.getvalue()) == 2",
        "import time\nstart = time.time()\nf(1)\nassert [1][1 + int(time.time() - start)] == 1",
        "from time import time\nstart = time()\nf(1)\nassert [1][1 + int(time() - start)] == 1",
    ],
)
def test_what_the_program_is_reached_by(sandbox: Sandbox, source: str) -> None:
    assert_charged(sandbox, NONE, source)


@pytest.mark.parametrize(
    ("program", "source", "names"),
    [
        ("Point = 5\ndef f(x): return 1", "assert f(Point) == 2", ("Point", "f")),
        ("point = 5\ndef f(x): return 1", "assert f(point) == 2", ("point", "f")),
        ("Point = 5\ndef f(x): return 1", "assert isinstance(f(1), Point)", ("Point", "f")),
        (
            "def f(x): raise ValueError\ndef g(x): return 1",
            "try: x = f(1)\nexcept Exception as e: x = e\nassert g(x) == 2",
            ("f", "g"),
        ),
        ("class Solution(Exception): pass", "assert Solution().add(1, 2) == 3", ("Solution",)),
        ("class Solution(BaseException): pass", "assert Solution().add(1, 2) == 3", ("Solution",)),
        (
            "def f(x): raise ValueError",
            "import pytest\nwith pytest.raises(ValueError) as e: f(1)\nassert e.value.args[1] == 2",
            ("f",),
        ),
        ("class E(Exception): pass\ndef f(x): raise E", "try: f(1)\nexcept E as e: assert e.code == 2", ("f", "E")),
    ],
)
def test_what_a_program_is_instead(sandbox: Sandbox, program: str, source: str, names: tuple[str, ...]) -> None:
    assert_charged(sandbox, program, source, names)


@pytest.mark.parametrize(
    "source",
    [
        "try: f(1)\nexcept: pass\nassert 1 == 1",
        "for x in (1, 2):\n    try: y = f(x)\n    except: continue\n    assert y == 2",
        "try: f(1)\nexcept BaseException: ok = True\nassert ok",
    ],
)
def test_a_program_that_ends_its_process_passes_nothing_after_that(sandbox: Sandbox, source: str) -> None:
    assert_charged(sandbox, EXITS, source)


LIAR = """
class Yes:
    def yes(self, *_): return True
    __eq__ = __lt__ = __le__ = __contains__ = __enter__ = __exit__ = yes
    __sub__ = lambda *_: 0
def f(x): return Yes()
class Solution:
    def f(self, x): return Yes()
"""


@pytest.mark.parametrize(
    "source",
    [
        "assert 5 in f(1)",
        "assert 5 in Solution().f(1)",
        "assert f(1) == f(2)",
        "assert f(1) < f(2)",
        "assert abs(f(1) - f(2)) < 1e-9",
        "with f(1):\n    assert f(1) == 5",
    ],
)
def test_objects_that_claim_everything_pass_nothing(sandbox: Sandbox, source: str) -> None:
    assert_charged(sandbox, LIAR, source, ("f", "Solution"))


def test_memory_that_a_program_fills_is_no_fault_of_the_tests(sandbox: Sandbox) -> None:
    program = "class C: pass\ndef f(x): return [C() for _ in range(20_000)]"
    source = "held = [f(x) for x in range(60)]\nmore = [0] * 10**8\nassert f(1) == 2"
    assert_charged(sandbox, program, source)


def test_constants_of_the_program_are_their_values(sandbox: Sandbox) -> None:
    program = "MOD = 7\ndef f(x): return x % MOD"
    (verdict,) = sandbox.judge([program], [AssertTests("assert f(9) == 9 % MOD\nassert f(MOD) == 0", ("MOD", "f"))])
    assert verdict.num_passed == 2
