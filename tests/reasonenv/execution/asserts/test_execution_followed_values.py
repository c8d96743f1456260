"""What comes from the program is followed through the source of tests: no detour makes its failure one of the tests."""

from __future__ import annotations

import pytest

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, ScoreStatus

NONE, ONE, EMPTY = "def f(x): return None", "def f(x): return 1", "def f(x): return []"
CASES = {
    "decorator": (
        NONE,
        "def deco(fn):\n    def inner():\n        return fn(f(1))\n    return inner\n"
        "@deco\ndef t(x):\n    return x + 1\nassert t() == 2",
    ),
    "class method call": (
        NONE,
        "class A:\n    def __init__(self, fn): self.fn = fn\n    def go(self): return self.fn(1) + 1\n"
        "assert A(f).go() == 2",
    ),
    "class method deferred": (
        NONE,
        "class A:\n    fn = None\n    def go(self): return self.fn(1) + 1\na = A()\na.fn = f\nassert a.go() == 2",
    ),
    "namedtuple": (
        NONE,
        "from collections import namedtuple\nC = namedtuple('C', 'fn x')\nc = C(f, 1)\nassert c.fn(c.x) + 1 == 2",
    ),
    "dict dispatch": (NONE, "d = {'f': f}\nassert d['f'](1) + 1 == 2"),
    "list dispatch": (NONE, "for fn in [f]:\n    y = fn(1) + 1\nassert y == 2"),
    "star args": (NONE, "def call(fn, *a): return fn(*a) + 1\nassert call(f, 1) == 2"),
    "kwargs": (NONE, "def call(fn=None): return fn(1) + 1\nassert call(fn=f) == 2"),
    "closure": (NONE, "def make():\n    def inner(): return f(1) + 1\n    return inner\nassert make()() == 2"),
    "gen send": (NONE, "def g():\n    x = yield\n    yield x + 1\ng1 = g(); next(g1)\nassert g1.send(f(1)) == 2"),
    "contextmanager": (
        NONE,
        "from contextlib import contextmanager\n@contextmanager\ndef cm():\n    yield f(1)\n"
        "with cm() as v:\n    y = v + 1\nassert y == 2",
    ),
    "contextmanager body": (
        NONE,
        "from contextlib import contextmanager\n@contextmanager\ndef cm():\n    yield 5\n"
        "with cm() as v:\n    y = f(1) + 1\nassert y == 2",
    ),
    "cm raise": (
        ONE,
        "from contextlib import contextmanager\n@contextmanager\ndef must_raise():\n"
        "    try:\n        yield\n    except ValueError:\n        return\n    raise RuntimeError('did not raise')\n"
        "with must_raise():\n    f(1)\nassert f(1) == 2",
    ),
    "must raise fn": (
        ONE,
        "def must_raise(fn):\n    try:\n        fn()\n    except ValueError:\n        return\n"
        "    raise RuntimeError('did not raise')\nmust_raise(lambda: f(-1))\nassert f(1) == 2",
    ),
    "must raise cls": (
        ONE,
        "class Raises:\n    def __enter__(self): return self\n    def __exit__(self, t, v, tb):\n"
        "        if t is None: raise RuntimeError('no')\n        return True\nwith Raises():\n"
        "    f(1)\nassert f(1) == 2",
    ),
    "must raise cls2": (
        ONE,
        "class Raises:\n    def __enter__(self): return self\n    def __exit__(self, t, v, tb):\n"
        "        raise RuntimeError('no') if t is None else 0\n        return True\n"
        "with Raises():\n    f(1)\nassert f(1) == 2",
    ),
    "must raise cls3": (
        ONE,
        "class Raises:\n    def __enter__(self): return self\n    def __exit__(self, *a):\n"
        "        undefined\nwith Raises():\n    f(1)\nassert f(1) == 2",
    ),
    "property": (NONE, "class A:\n    @property\n    def v(self): return f(1)\nassert A().v + 1 == 2"),
    "operator": (NONE, "import operator\nassert operator.add(f(1), 1) == 2"),
    "sum": (NONE, "assert sum([f(1), 1]) == 2"),
    "fstring": (NONE, "assert int(f'{f(1)}') == 2"),
    "format": (NONE, "s = '{}'.format(f(1))\nassert int(s) == 2"),
    "percent": (NONE, "s = '%d' % f(1)\nassert s == '2'"),
    "json": (NONE, "import json\ns = json.dumps({'a': f(1)})\nassert json.loads(s)['a'] + 1 == 2"),
    "queue": (NONE, "import queue\nq = queue.Queue()\nq.put(f(1))\nassert q.get() + 1 == 2"),
    "deque": (NONE, "from collections import deque\nq = deque()\nq.append(f(1))\nassert q.pop() + 1 == 2"),
    "heapq": (NONE, "import heapq\nq=[]\nheapq.heappush(q, f(1))\nassert q[0] + 1 == 2"),
    "setattr": (NONE, "class A: pass\nsetattr(A, 'v', f(1))\nassert A.v + 1 == 2"),
    "setdefault": (NONE, "d={}\nd.setdefault('a', f(1))\nassert d['a'] + 1 == 2"),
    "augassign": (NONE, "l=[]\nl += [f(1)]\nassert l[0] + 1 == 2"),
    "slice": (NONE, "l=[0]\nl[0:1] = [f(1)]\nassert l[0] + 1 == 2"),
    "insert alias": (NONE, "l=[]\nm=l\nm.append(f(1))\nassert l[0] + 1 == 2"),
    "alias two": (NONE, "l=[[]]\nm=l[0]\nm.append(f(1))\nassert l[0][0] + 1 == 2"),
    "alias fn": (NONE, "l=[]\ndef get(): return l\nget().append(f(1))\nassert l[0] + 1 == 2"),
    "alias attr": (NONE, "class A: pass\na=A()\na.l=[]\nl=a.l\nl.append(f(1))\nassert a.l[0] + 1 == 2"),
    "alias dict": (NONE, "d={'a': []}\nx=d['a']\nx.append(f(1))\nassert d['a'][0] + 1 == 2"),
    "alias for": (NONE, "rows=[[],[]]\nfor r in rows: r.append(f(1))\nassert rows[0][0] + 1 == 2"),
    "alias unpack": (NONE, "rows=[[]]\n(r,) = rows\nr.append(f(1))\nassert rows[0][0] + 1 == 2"),
    "method append": (NONE, "l=[]\nadd = l.append\nadd(f(1))\nassert l[0] + 1 == 2"),
    "default arg mutable": (
        NONE,
        "def acc(x, l=[]):\n    l.append(x)\n    return l\nacc(f(1))\nassert acc(1)[0] + 1 == 2",
    ),
    "count": (EMPTY, "n = 0\nfor x in f(1): n += 1\nassert [][n] == 1"),
    "enumerate": (EMPTY, "n = -1\nfor n, x in enumerate(f(1)): pass\nassert [5][n+1] == 1 and f(1) == [2]"),
    "len": (EMPTY, "assert [5][len(f(1)) + 1] == 1"),
    "is none": (NONE, "x = f(1) is None\nassert [5][x] == 1"),
    "type": (NONE, "t = type(f(1))\nassert t(5) == 1"),
    "id": (NONE, "v = 5 if isinstance(f(1), int) else 'a'\nassert v + 1 == 6"),
    "exception flag": (
        ONE,
        "flag = []\nclass C:\n    def __exit__(self, t, v, tb):\n        if t: flag.append(1)\n"
        "        return True\n    def __enter__(self): return self\nwith C(): f(-1)\n"
        "assert flag[0] == 1",
    ),
    "try in fn": (
        ONE,
        "def raises(fn, *a):\n    try: fn(*a)\n    except ValueError: return 'yes'\n"
        "r = raises(f, -1)\nassert r.upper() == 'YES'",
    ),
    "try in fn 2": (
        ONE,
        "def raises(fn, *a):\n    try: fn(*a)\n    except ValueError as e: return e\n"
        "r = raises(f, -1)\nassert r.args[0] == 'YES'",
    ),
    "assertraises ctx": (
        ONE,
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        try:\n"
        "            f(-1)\n        except ValueError as e:\n            err = e\n"
        "        self.assertEqual(err.args, ())",
    ),
    "global acc": (
        ONE,
        "errors = 0\ndef check(x, y):\n    global errors\n    if f(x) != y: errors += 1\n"
        "for x in range(3): check(x, x+1)\nif errors: raise Exception(f'{errors} failed')\n"
        "assert f(1) == 2",
    ),
    "acc list": (
        ONE,
        "errors = []\nfor x in range(3):\n    try:\n        assert f(x) == x + 1\n    except AssertionError:\n"
        "        errors.append(x)\nif errors: raise Exception(errors)\nassert f(1) == 2",
    ),
    "acc list2": (
        ONE,
        "errors = []\nfor x in range(3):\n    if f(x) != x + 1: errors.append(x)\n"
        "if len(errors) > 0: raise SystemExit(1)\n"
        "assert f(1) == 2",
    ),
    "exit code": (
        ONE,
        "import sys\nok = all(f(x) == x + 1 for x in range(3))\nsys.exit(0 if ok else 1)\nassert f(1) == 2",
    ),
    "main": (
        ONE,
        "import sys\ndef main():\n    for x in range(3):\n        if f(x) != x + 1:\n"
        "            print('FAIL')\n            return 1\n    return 0\nif __name__ == '__main__':\n"
        "    assert main() == 0 or sys.exit(1)",
    ),
    "main exit": (
        ONE,
        "import sys\ndef main():\n    for x in range(3):\n        assert f(x) == x + 1\n"
        "    return 0\nif __name__ == '__main__':\n    sys.exit(main())",
    ),
    "else raise": (
        ONE,
        "try:\n    r = f(-1)\nexcept ValueError:\n    pass\nelse:\n    raise Exception('x')\nassert f(1) == 2",
    ),
    "finally": (
        ONE,
        "ok = False\ntry:\n    f(1) + []\n    ok = True\nexcept TypeError: pass\nfinally:\n"
        "    if not ok: raise Exception('x')\nassert f(1) == 2",
    ),
    "while retry": (ONE, "n = 0\nwhile f(n) != 2:\n    n += 1\nassert n == 1"),
    "while own": (ONE, "import itertools\nfor n in itertools.count():\n    if f(n) == 2: break\nassert n == 1"),
    "gen break": (
        ONE,
        "def nat():\n    n = 0\n    while True:\n        yield n\n        n += 1\nfor n in nat():\n"
        "    if f(n) == 2: break\nassert n == 1",
    ),
    "gen next": (
        ONE,
        "def nat():\n    n = 0\n    while True:\n        yield n\n        n += 1\n"
        "assert next(n for n in nat() if f(n) == 2) == 1",
    ),
    "takewhile": (
        ONE,
        "import itertools\nassert len(list(itertools.takewhile(lambda n: f(n) == 1, itertools.count()))) == 1",
    ),
    "takewhile gen": (
        ONE,
        "import itertools\ndef nat():\n    n = 0\n    while True:\n        yield n\n        n += 1\n"
        "assert len([n for n in itertools.takewhile(lambda n: f(n) == 1, nat())]) == 1",
    ),
    "iter sentinel": (
        ONE,
        "def nat():\n    return sum(range(1000))\nassert sum(1 for _ in iter(lambda: f(nat()), 2)) == 1",
    ),
    "recursion own": (
        ONE,
        "def search(n):\n    if f(n) == 2: return n\n    return search(n + 1)\nassert search(0) == 1",
    ),
    "recursion own 2": (ONE, "def search(n):\n    return n if f(n) == 2 else search(n + 1)\nassert search(0) == 1"),
    "recursion own 3": (ONE, "def search(n):\n    return f(n) == 2 and n or search(n + 1)\nassert search(0) == 1"),
    "recursion own 4": (
        ONE,
        "depth = 0\ndef deeper():\n    global depth\n    depth += 1\n    deeper()\ndef search():\n"
        "    if f(1) != 2: deeper()\nsearch()\nassert f(1) == 2",
    ),
    "mem": (ONE, "x = [0]\nwhile f(len(x)) == 1: x = x * 2\nassert f(1) == 2"),
    "mem2": ("def f(x): return 2", "x = [0]\nfor _ in range(10): x = x * 10 ** f(1)\nassert f(1) == 3"),
    "del attr": (ONE, "class A: v = 1\nif f(1) == 1: del A.v\nassert A.v == 1"),
    "monkey": (ONE, "import math\nif f(1) == 1: math.sqrt = None\nassert math.sqrt(4) == 2"),
    "monkey builtin": (ONE, "import builtins\nif f(1) == 1: builtins.len = None\nassert len([1]) == 1"),
    "env": (ONE, "import os\nif f(1) != 1: os.environ['K'] = '1'\nassert os.environ['K'] == '1'"),
    "thread": (
        NONE,
        "import threading\nres = []\nt = threading.Thread(target=lambda: res.append(f(1)))\n"
        "t.start(); t.join()\nassert res[0] + 1 == 2",
    ),
    "executor": (
        NONE,
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as ex: r = list(ex.map(f, [1]))\n"
        "assert r[0] + 1 == 2",
    ),
    "thread err": (
        "def f(x): raise ValueError",
        "import threading\nres = []\nt = threading.Thread(target=lambda: res.append(f(1)))\n"
        "t.start(); t.join()\nassert res[0] == 2",
    ),
    "asyncio": (NONE, "import asyncio\nasync def go():\n    return f(1) + 1\nassert asyncio.run(go()) == 2"),
    "asyncio2": (
        NONE,
        "import asyncio\nasync def get(): return f(1)\nasync def go():\n    x = await get()\n"
        "    return x + 1\nassert asyncio.run(go()) == 2",
    ),
    "wrapped": (NONE, "import functools\n@functools.lru_cache\ndef cached(x): return f(x)\nassert cached(1) + 1 == 2"),
    "super": (
        NONE,
        "class B:\n    def v(self): return f(1)\nclass C(B):\n    def w(self): return super().v() + 1\n"
        "assert C().w() == 2",
    ),
    "iter class": (EMPTY, "class It:\n    def __iter__(self): return iter(f(1))\na, b = It()\nassert a == b"),
    "getitem class": (EMPTY, "class It:\n    def __getitem__(self, i): return f(1)[i]\nassert It()[0] == 1"),
    "fixture": (
        NONE,
        "import pytest\n@pytest.mark.parametrize('x', [1])\ndef test(x):\n    y = f(x)\n    assert y.a == 2",
    ),
    "parametrize by f": (
        NONE,
        "import pytest\n@pytest.mark.parametrize('a,b', [f(1)])\ndef test(a, b):\n    assert a == b",
    ),
    "parametrize by f2": (
        EMPTY,
        "import pytest\n@pytest.mark.parametrize('a,b', [f(1)])\ndef test(a, b):\n    assert a == b",
    ),
    "parametrize g": (
        EMPTY,
        "import pytest\nROWS = [f(1)]\n@pytest.mark.parametrize('a,b', ROWS)\ndef test(a, b):\n    assert a == b",
    ),
    "arity via f": (ONE, "fns = {1: lambda: 1, 2: lambda x: x}\nassert fns[f(1)](5) == 5"),
    "arity name": (ONE, "def a(): return 1\ndef b(x): return x\ng = b if f(1) == 2 else a\nassert g(5) == 5"),
    "arity star": (ONE, "def a(x): return 1\nassert a(*[1] * f(1), *[2]) == 2"),
    "arity plain": (ONE, "def a(x): return 1\nassert f(1) == 2\nassert a() == 2"),
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("kind", CASES)
def test_the_program_is_charged(sandbox: Sandbox, kind: str) -> None:
    program, source = CASES[kind]
    (verdict,) = sandbox.judge([program], [AssertTests(source, ("f",))])
    assert verdict.status is ScoreStatus.SCORED, verdict.reason
    assert verdict.num_passed < verdict.num_tests
