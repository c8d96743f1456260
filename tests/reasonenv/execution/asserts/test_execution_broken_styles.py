"""Broken tests of all styles judge nobody: the same right program under each of them."""

from __future__ import annotations

import pytest

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, ScoreStatus

RIGHT = """
def f(x): return x + 1
def g(xs):
    xs.sort()
    return xs
class Point:
    def __init__(self, x): self.x = x
"""
NAMES = ("f", "g", "Point")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=256 << 20)) as sandbox:
        yield sandbox


def in_check(body: str) -> str:
    """A body in a function, behind a test that a right program passes and before another."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"def check(candidate):\n    assert candidate(1) == 2\n{lines}    assert candidate(2) == 3\ncheck(f)"


BROKEN = {
    "NameError top": "assert f(1)+0 == two",
    "typo helper": "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)\nchek(f)",
    "entry": "def check(candidate):\n    assert candidate(1) == 2\ncheck(no_such_function)",
    "metadata none": "METADATA = {'a': b}\ndef check(candidate):\n    assert candidate(1) == 2\ncheck(f)",
    "math missing import": in_check("assert math.isclose(candidate(1), 2)"),
    "np missing import": in_check("assert np.allclose(candidate(1), 2)"),
    "inputs mismatch": "inputs=[1,2]\nresults=[2]\nfor i, x in enumerate(inputs):\n    assert f(x) == results[i]",
    "unpack": "cases=[(1,2),(2,)]\nfor a,b in cases:\n    assert f(a)==b",
    "after list": "assert g([2,1]) == [1,2]\nassert g([1]) == expected",
    "after list2": "xs=[2,1]\nassert g(xs) == [1,2]\nassert g([1]) == [1][4]",
    "json": "import json\ncases = json.load(open('cases.json'))\nfor a, b in cases: assert f(a) == b",
    "regex": "import re\nre.compile('(')\nassert f(1)+0 == 2",
    "numpy missing": "import numpyy as np\nassert f(1) == np.int64(2)",
    "rel import": "from . import f\nassert f(1)+0==2",
    "star missing": "from nosuch import *\nassert f(1)+0==2",
    "submodule": "import os.nothing\nassert f(1)+0==2",
    "py2 print": "print 'a'\nassert f(1)==2",
    "tabs": "def check(c):\n\tassert c(1)==2\n        assert c(2)==3\ncheck(f)",
    "eof": "def check(c):\n    assert c(1)==2\ncheck(f",
    "null": "assert f(1)+0==2\x00",
    "recursion": "def r(n): return r(n)\nassert f(1) == r(1)",
    "c loop list": "import itertools\nx = list(itertools.count())\nassert f(1)+0 == 2",
    "regex blowup": "import re\nre.match('(a+)+$', 'a'*40+'b')\nassert f(1)+0 == 2",
    "sleep": "import time\nassert f(1)+0 == 2\ntime.sleep(100)",
    "loop except": "assert f(1)+0 == 2\nwhile True:\n    try:\n        pass\n    except:\n        pass",
    "loop except2": "assert f(1)+0 == 2\nwhile True:\n    try:\n        x = sum(range(1000))\n    except:\n"
    "        continue",
    "event": "import threading\nthreading.Event().wait()\nassert f(1)+0==2",
    "input": "x = input()\nassert f(1)+0==2",
    "stdin": "import sys\nn = int(sys.stdin.readline())\nassert f(1)+0==2",
    "argv": "import sys\nn = sys.argv[5]\nassert f(1)+0==2",
    "ctypes crash": "import ctypes\nassert f(1)+0==2\nctypes.string_at(0)",
    "exit 0": "assert f(1)+0==2\nexit(0)",
    "quit": "assert f(1)+0==2\nquit()",
    "raise BaseException": "assert f(1)+0==2\nraise BaseException",
    "GeneratorExit": "assert f(1)+0==2\nraise GeneratorExit",
    "StopIteration": "assert f(1)+0==2\nnext(iter([]))",
    "fork": "import os\nassert f(1)+0==2\nos.fork()",
    "subprocess": "import subprocess\nassert f(1)+0==2\nsubprocess.run(['ls'])",
    "socket": "import socket\nassert f(1)+0==2\nsocket.create_connection(('localhost',1))",
    "url": "import urllib.request\nassert f(1)+0==2\nurllib.request.urlopen('http://localhost:1/')",
    "write file": "assert f(1)+0==2\nopen('out.txt','w').write('x')",
    "mem": "assert f(1)+0==2\nx='a'*10**10",
    "mem grow": "assert f(1)+0==2\nx=[]\nwhile True: x.append(bytearray(10**6))",
    "mem after big values": "assert f(1)+0==2\nx=[[0]*100 for _ in range(10**7)]",
    "unittest setUp": "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.x = undefined\n"
    "    def test(self): self.assertEqual(f(1),2)",
    "unittest method": "import unittest\nclass T(unittest.TestCase):\n"
    "    def test(self): self.assertEqual(f(1),2); self.assertEquals_(1)",
    "unittest attr": "import unittest\nclass T(unittest.TestCase):\n"
    "    def test(self): self.assertEqual(f(1), self.expected)",
    "unittest import": "class T(unittest.TestCase):\n    def test(self): self.assertEqual(f(1),2)",
    "unittest skip": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.skipTest('no')",
    "unittest no tests": "import unittest\nclass T(unittest.TestCase):\n    def check(self): self.assertEqual(f(1),2)",
    "unittest expected none": "import unittest\nclass T(unittest.TestCase):\n"
    "    def test(self): self.assertEqual(f(1), [2][3])",
    "fixture": "def test_f(tmp_path, client):\n    assert f(1)==2",
    "pytest fixture": "import pytest\n@pytest.fixture\ndef x(): return 1/0\ndef test_f(x):\n    assert f(1)==2",
    "pytest param": "import pytest\n@pytest.mark.parametrize('a,b', [(1,2),(1,)])\ndef test_f(a,b):\n"
    "    assert f(a)==b",
    "pytest body": "def test_f():\n    assert f(1)==2\n    assert f(1)==undefined",
    "pytest import": "import pytesst\ndef test_f():\n    assert f(1)==2",
    "test module import missing": "from solution import f, missing_function\ndef test_f():\n    assert f(1)==2",
    "conftest": "from conftest import helper\ndef test_f():\n    assert f(1)==helper(2)",
    "empty loop": "for a,b in []: assert f(a)==b",
    "if main false": "if __name__ == 'nothing':\n    assert f(1)==2",
    "def not called": "def check(c):\n    assert c(1)==2",
    "only assert True": "assert True",
    "const assert": "assert 1 + 1 == 2",
    "assert string": "assert 'f(1) == 2'",
    "assert tuple": "assert (1 == 2, 'msg')",
    "comment": "# assert f(1) == 2",
    "raises nothing": "pass",
    "bare call": "f(1)",
    "lambda unpassed": "assert f(object()) == 2",
    "datetime arg": "import threading\nassert f(threading.RLock()) == 2",
    "module arg": "import math\nassert f(math) == 2",
    "gen arg": "assert f(i for i in [1]) == 2",
    "arg from tests": "class Q: pass\nassert f(Q()) == 2",
    "too many args": in_check("assert len([1], [2]) == 2"),
    "type error": in_check("assert candidate(1) == 'a' + 1"),
    "attr none": in_check("x = None\nassert candidate(1) == x.value"),
    "decimal": "from decimal import Decimal\nassert f(1)+0==2\nDecimal('x')",
    "assert side": in_check("expected = [2]\nassert candidate(1) == expected[1]"),
    "dict": in_check("table = {1: 2}\nassert candidate(2) == table[2]"),
    "helper": "def ref(x):\n    return x / 0\ndef check(c):\n    for i in range(3):\n"
    "        assert c(i) == ref(i)\ncheck(f)",
    "random": "import random\ndef check(c):\n    for _ in range(3):\n        x = random.choice([])\n"
    "        assert c(x) == x + 1\ncheck(f)",
    "ref wrong": "def ref(x):\n    return nothing(x)\ndef check(c):\n    for i in range(3):\n"
    "        assert c(i) == ref(i)\ncheck(f)",
    "lambda ref": "ref = lambda x: x + undefined\nfor i in range(3):\n    assert f(i) == ref(i)",
    "class fix": "class F:\n    data = undefined\nassert f(1)+0==2",
    "decorator": "@undefined\ndef check(c):\n    assert c(1)==2\ncheck(f)",
    "async": "async def test(): assert f(1)==2\nimport asyncio\nasyncio.run(tst())",
    "global": "def check(c):\n    assert c(1)==2\n    print(x)\n    x = 1\ncheck(f)",
    "unhash": "assert f(1) in {[1]: 2}",
    "compare": "assert f(1)+0==2\nassert sorted([1,'a']) == f(1)",
    "dup": "def check(c, d):\n    assert c(1)==2\ncheck(f)",
    "bytes": "assert f(1) == b'\\xff'.decode()",
    "int": "assert f(1) == int('٣x')",
    "assert huge": "assert f(1)+0 == int('9'*5000)",
    "deep": "assert f(1) == " + "[" * 150 + "]" * 150 + ".x",
    "os": "import os\nassert f(1) == os.environ['EXPECTED']",
    "tz": "import zoneinfo\nzoneinfo.ZoneInfo('Nowhere/No')\nassert f(1)+0==2",
    "with open": "with open('cases.txt') as fh:\n    for line in fh:\n        assert f(int(line))==int(line)+1",
    "with open in check": in_check(
        "with open('cases.txt') as fh:\n    for line in fh:\n        assert candidate(int(line))==int(line)+1"
    ),
    "try reraise": "def check(c):\n    try:\n        import nothing\n    except ImportError as e:\n"
    "        raise RuntimeError from e\n    assert c(1)==2\ncheck(f)",
    "finally": "def check(c):\n    try:\n        assert c(1)==2\n    finally:\n        undefined\ncheck(f)",
    "P attr": "assert Point(1).x == 1\nassert Point(1).x == undefined",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_tests_judge_no_right_program(sandbox: Sandbox, kind: str) -> None:
    (verdict,) = sandbox.judge([RIGHT], [AssertTests(BROKEN[kind], NAMES)])
    assert (verdict.status, verdict.num_passed) == (ScoreStatus.GRADER_FAILED, 0), verdict
    assert verdict.reason


def test_broken_tests_leave_the_others_of_a_batch_alone(sandbox: Sandbox) -> None:
    good = AssertTests("assert f(1) + 0 == 2", NAMES)
    sources = [
        good if kind % 2 else AssertTests(source, NAMES) for kind, source in enumerate(list(BROKEN.values())[:40])
    ]
    verdicts = sandbox.judge([RIGHT] * len(sources), sources)
    assert [verdict.num_passed for verdict in verdicts] == [0, 1] * (len(sources) // 2)
