"""Programs that speak to their tests by hand, or leave undone what later tests need, make no test look broken."""

from __future__ import annotations

import pytest

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, ScoreStatus

SEND = """
import json, os
def send(message):
    content = json.dumps(message).encode()
    os.write(4, len(content).to_bytes(4, 'little') + content)
"""
FIVE = "\n".join(f"assert f({x}) + 0 == {x + 1}" for x in range(5))
CASES = {
    "fault msg": (SEND + ("send(['fault','x'])\ndef f(x): return 0"), FIVE, ("f",)),
    "fault msg2": (SEND + ("send(['loaded'])\nsend(['fault','x',None])\ndef f(x): return 0"), FIVE, ("f",)),
    "end msg": (SEND + ("send(['end'])\ndef f(x): return 0"), FIVE, ("f",)),
    "failed w/ long": (SEND + ("send(['failed','raised','x'*900000])\ndef f(x): return 0"), FIVE, ("f",)),
    "long raised": (
        SEND + ("def f(x):\n    for _ in range(9): send(['raised',['ValueError'],'x'*900000])\n    return 0"),
        FIVE,
        ("f",),
    ),
    "nan state": (
        ("def f(x): return 0"),
        ("def test_a():\n    global r\n    assert f(1) == 2\n    r = 5\ndef test_b():\n    assert f(1) == r"),
        ("f",),
    ),
    "state top": (
        ("def f(x): return 0"),
        ("res=[]\nfor x in (1,2):\n    assert f(x) == x+1\n    res.append(1)\nassert res[1] == 1 and f(1) == 2"),
        ("f",),
    ),
    "step": (
        ("def f(x): return 1"),
        ("log=[]\ndef step(): log.append(1)\ndef run():\n    if f(1) == 2: step()\nrun()\nassert log[0] == 1"),
        ("f",),
    ),
    "step2": (
        ("def f(x): return 1"),
        (
            "log=[]\ndef step(): log.append(1)\ndef step1(): step()\ndef run():\n    if f(1) == 2: step1()\n"
            "run()\nassert log[0] == 1"
        ),
        ("f",),
    ),
    "step meth": (
        ("def f(x): return 1"),
        ("log=[]\nclass H:\n    def step(self): log.append(1)\nh=H()\nif f(1) == 2: h.step()\nassert log[0] == 1"),
        ("f",),
    ),
    "run try": (
        ("def f(x): raise ValueError"),
        (
            "log=[]\ndef run():\n    f(-1)\n    log.append(1)\ntry:\n    run()\nexcept ValueError: pass\n"
            "assert log[0]==1"
        ),
        ("f",),
    ),
    "default": (("def f(x): return None"), ("def check(c=f):\n    return c(1) + 1\nassert check() == 2"), ("f",)),
    "class attr": (
        ("def f(x): return None"),
        (
            "import unittest\nclass T(unittest.TestCase):\n    fn = staticmethod(f)\n    def test(self):\n"
            "        y = self.fn(1) + 1\n        self.assertEqual(y, 2)"
        ),
        ("f",),
    ),
    "class attr inh": (
        ("def f(x): return None"),
        (
            "import unittest\nclass B(unittest.TestCase):\n    fn = staticmethod(f)\nclass T(B):\n"
            "    def test_x(self):\n        y = self.fn(1) + 1\n        self.assertEqual(y, 2)"
        ),
        ("f",),
    ),
    "module again": (
        ("def f(x): return None"),
        ("from my_mod import f\nimport my_mod as m\nassert m.f(1) + 1 == 2"),
        ("f",),
    ),
    "callback return forged": (
        SEND + ("def f(g):\n    send(['value','[\"o\",-1,\"x\"]',None])\n    return 1"),
        ("assert f(abs)(-1) == 2"),
        ("f",),
    ),
    "exgroup": (
        SEND + ("def f(g):\n    send(['raised',['ExceptionGroup'],'x'])\n    return 1"),
        ("assert f(1) == 2+0"),
        ("f",),
    ),
    "exgroup cls": (
        ("class E(ExceptionGroup): pass\ndef f(g):\n    raise E('a',[ValueError()])"),
        ("try:\n    f(1)\nexcept E: pass\nassert f(1) == 2"),
        ("f", "E"),
    ),
    "about forged": (SEND + ("class P: pass\nP.__mro__\ndef f(x): return 1\n"), ("assert P().v == 1"), ("P", "f")),
    "names int": (SEND + ("def f(x):\n    send(['raised',[1,None,{}],'x'])"), ("assert f(1) == 2+0"), ("f",)),
    "neg big": (SEND + ("def f(x):\n    send(['value','[\"o\",-99,\"x\"]',None])"), ("assert f(1) + 1 == 2"), ("f",)),
    "changes weird2": (
        SEND + ("def f(x):\n    send(['value','1','5'])"),
        ("a=[1]\nassert f(a) == 2\nassert a[0] == 1"),
        ("f",),
    ),
    "dict changes unhash": (
        SEND + ("def f(x):\n    send(['value','1','[\"l\",[\"d\"]]'])"),
        ("a={1:2}\nf(a)\nassert a[1] == 2"),
        ("f",),
    ),
    "isinstance lie": (
        SEND + ("class P: pass\ndef f(x): return P()"),
        ("assert isinstance(f(1), P) and f(1).v == 2"),
        ("P", "f"),
    ),
    "bool weird": (SEND + ("class Y: pass\ndef f(x): return Y()"), ("assert not f(1)"), ("f",)),
    "iter nonit": (
        SEND + ("class Y:\n    def __iter__(s): return iter([])\ndef f(x): return Y()"),
        ("assert list(f(1)) == [1]"),
        ("f",),
    ),
    "keys": (("def f(x): return {}"), ("d = f(1)\nfor k in ('a',): assert d[k] == 1"), ("f",)),
    "hash": (("def f(x): return [1]"), ("assert {f(1): 2}[1] == 2"), ("f",)),
    "big int str": (("def f(x): return 10**5000"), ("assert str(f(1)) == '2'"), ("f",)),
    "surrogate": (("def f(x): return '\\ud800'"), ("assert f(1).encode() == b'2'"), ("f",)),
    "deep": (
        ("def f(x):\n    y=[]\n    for _ in range(150): y=[y]\n    return y"),
        ("import copy\nassert copy.deepcopy(f(1)) == 2"),
        ("f",),
    ),
    "slow iter": (
        ("import time\nclass Y:\n    def __iter__(s): return s\n    def __next__(s): return 1\ndef f(x): return Y()"),
        ("assert sum(f(1)) == 2"),
        ("f",),
    ),
    "slow iter2": (
        ("class Y:\n    def __iter__(s): return s\n    def __next__(s): return 1\ndef f(x): return Y()"),
        ("n = 0\nfor x in f(1):\n    n += 1\nassert n == 2"),
        ("f",),
    ),
    "slow next": (
        ("class Y:\n    def __iter__(s): return s\n    def __next__(s): return 1\ndef f(x): return Y()"),
        ("it = iter(f(1))\nwhile next(it, None) is not None: x = sum(range(1000))\nassert f(2)==1"),
        ("f",),
    ),
    "big list work": (
        ("def f(x): return list(range(100000))"),
        ("n=0\nfor a in f(1):\n    for b in range(1000): n += 1\nassert n == 2"),
        ("f",),
    ),
    "big list work fn": (
        ("def f(x): return list(range(100000))"),
        ("def work():\n    n=0\n    for b in range(1000): n += 1\n    return n\nassert [work() for _ in f(1)] == 2"),
        ("f",),
    ),
    "big work via map": (
        ("def f(x): return list(range(100000))"),
        ("def work(x):\n    n=0\n    for b in range(1000): n += 1\n    return n\nassert list(map(work, f(1))) == 2"),
        ("f",),
    ),
    "big work via sorted": (
        ("def f(x): return list(range(100000))"),
        ("def work(x):\n    n=0\n    for b in range(1000): n += 1\n    return n\nassert sorted(f(1), key=work) == 2"),
        ("f",),
    ),
    "recursion depth": (
        ("def f(x): return 10**6"),
        ("def down(n):\n    return 0 if n == 0 else down(n - 1)\nassert down(f(1)) == 1"),
        ("f",),
    ),
    "recursion depth2": (
        ("def f(x): return 10**6"),
        ("d = [0]\ndef down():\n    d[0] += 1\n    if d[0] < n: down()\nn = f(1)\ndown()\nassert d[0] == 1"),
        ("f",),
    ),
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("kind", CASES)
def test_the_program_is_judged(sandbox: Sandbox, kind: str) -> None:
    program, source, names = CASES[kind]
    (verdict,) = sandbox.judge([program], [AssertTests(source, names)])
    assert verdict.status is ScoreStatus.SCORED, verdict.reason
    assert verdict.num_passed < verdict.num_tests
