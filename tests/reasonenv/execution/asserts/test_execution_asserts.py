"""Assert tests judge a program in another process as they would in their own, and give nothing away."""

from __future__ import annotations

import ast

import pytest

from reasonenv.execution import CaseStatus, Limits, Sandbox
from reasonenv.execution.jobs import as_call_tests
from reasonenv.execution.wire.asserts import find_tests
from reasonenv.types import AssertTests, CallTests


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(2, limits=Limits(cpu_seconds=1.0, wall_seconds=3.0)) as sandbox:
        yield sandbox


def statuses(sandbox: Sandbox, program: str, source: str, names: tuple[str, ...] = ("f",)) -> list[str]:
    (verdict,) = sandbox.judge([program], [AssertTests(source, names)])
    return [case.status.value for case in verdict.cases]


@pytest.mark.parametrize(
    ("source", "num_tests"),
    [
        ("assert f(1) == 2\nassert f(2) == 3", 2),
        ("def check(g):\n    assert g(1) == 2\n    assert g(2)\ncheck(f)", 1),
        ("def check(g):\n    assert g(1) == 2\ncheck(f)\ncheck(f)\nassert f(3)", 3),
        ("for x in range(9):\n    assert f(x)", 1),
        ("class T:\n    def go(self):\n        assert f(1)\nT().go()", 1),
        ("def check(g):\n    assert g(1)", 0),
        ("f(1)", 0),
        ("", 0),
    ],
)
def test_a_test_is_a_statement_that_asserts_or_uses_a_definition_that_does(source: str, num_tests: int) -> None:
    assert len(find_tests(ast.parse(source))) == num_tests


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ("assert f(1, [2]) == {3: (4,)}", CallTests("f", (((1, [2]), {3: (4,)}),))),
        ("import math\nassert f(-1) == None, 'no'", CallTests("f", (((-1,), None),))),
        ("from math import pi\nassert f(1) == 2", CallTests("f", (((1,), 2),))),
        ("assert f(1) == 2\nassert g(1) == 2", None),
        ("assert h(1) == 2", None),
        ("assert f(x=1) == 2", None),
        ("assert f(*[1]) == 2", None),
        ("assert f(1) != 2", None),
        ("assert f(1) == g(1)", None),
        ("assert f(1) == 2 == 2", None),
        ("assert f(y) == 2", None),
        ("y = 1\nassert f(1) == 2", None),
        ("assert not f(1)", None),
    ],
)
def test_literal_asserts_of_one_function_are_calls(source: str, tests: CallTests | None) -> None:
    assert as_call_tests(AssertTests(source, ("f", "g"))) == tests


@pytest.mark.parametrize(
    ("program", "source", "expected"),
    [
        ("def f(x): return x + 1", "assert abs(f(1) - 2) < 1e-9\nassert f(2) > 9", ["passed", "wrong_answer"]),
        ("def f(x): x.append(1)", "a = [0]\nf(a)\nassert a == [0, 1]", ["passed"]),
        ("def f(x): x[0].append(1)", "a = []\nb = [a]\nf(b)\nassert a == [1]", ["passed"]),
        ("def f(x): x['k'].add(2)", "a = {'k': {1}}\nk = a['k']\nf(a)\nassert k == {1, 2}", ["passed"]),
        ("def f(x): x.clear()", "a = {1}\nf(a)\nassert not a", ["passed"]),
        ("def f(x, *, y=0): return x - y", "assert f(5, y=3) is not None and f(x=2) == 2", ["passed"]),
        ("def f(x): return [x, (x, {x})]", "assert f(1)[1][1] == {1}", ["passed"]),
        ("def f(x): raise ValueError(x)", "try:\n    f(1)\n    assert 0\nexcept ValueError:\n    pass", ["passed"]),
        ("def f(x): raise ValueError(x)", "assert f(1)\nassert True", ["raised", "passed"]),
        ("class E(KeyError): pass\ndef f(x): raise E", "try: assert f(1)\nexcept KeyError: pass", ["passed"]),
        ("def f(x): raise SystemExit", "try:\n    f(1)\nexcept Exception:\n    assert f", ["passed"]),
        ("def f(x): return x(-1)", "assert f(abs) == 1", ["passed"]),
        ("import os\ndef f(x): os._exit(0)", "assert f(1)\nassert f(2)", ["exited", "not_run"]),
        ("import os\ndef f(x): os._exit(0)", "try: assert f(1)\nexcept Exception: pass", ["exited"]),
        (
            "def f(x):\n    while x: pass",
            "assert f(0) is None\nassert f(1)\nassert 1",
            ["passed", "time_limit", "not_run"],
        ),
        ("def f(x) return", "assert f(1) + 1\nassert f(2) + 1", ["not_run", "not_run"]),
        ("def f(x): return x", "assert f(1) == 1\ny = f(2) + None\nassert f(3) + 0", ["passed", "not_run"]),
        ("def f(x): return x", "assert f(1) + 0\nf(2) + None", ["not_run"]),
        ("def f(x):\n    while x > 1: pass\n    return x", "assert f(1) == 1\nf(2)", ["time_limit"]),
        (
            "def f(x):\n    while x > 2: pass\n    return x",
            "assert f(1) == 1\nassert f(2) == 2\nf(3)",
            ["passed", "time_limit"],
        ),
        ("import os\ndef f(x): return x if x == 1 else os._exit(0)", "assert f(1) == 1\nf(2)", ["exited"]),
        ("def f(x): return x // (2 - x)", "assert f(1) == 1\nf(2)", ["not_run"]),
        ("def f(x): return x // (2 - x)", "assert f(1) == 1\nassert f(0) == 0\nf(2)", ["passed", "not_run"]),
        ("def f(x): return 'x' * 10**7", "assert len(f(1)) + 0\nassert 1", ["exited", "not_run"]),
        ("def f(x): return [0] * 10**10", "assert f(1) + [0]", ["memory_limit"]),
        ("", "assert f(1) + 1", ["raised"]),
    ],
)
def test_asserts(sandbox: Sandbox, program: str, source: str, expected: list[str]) -> None:
    assert statuses(sandbox, program, source) == expected


def test_tests_that_never_end_by_themselves_are_a_time_limit() -> None:
    with Sandbox(1, limits=Limits(cpu_seconds=0.2, wall_seconds=16.0)) as sandbox:
        source = "assert f(1) + 0 == 1\nfor _ in iter(int, 1): assert f"
        assert statuses(sandbox, "def f(x): return x", source) == ["passed", "time_limit"]


@pytest.mark.parametrize(
    "source",
    [
        "assert f(1) + 0 == 1",
        "assert f(1) == 1 and True",
        "assert not f(1) != 1",
        "assert f(1) in [1]",
        "assert [f(1)] == [1]",
        "assert f(1) < 5",
        "assert 0 <= f(1) <= 5",
        "assert abs(f(1) - 1) < 1e-6",
        "assert f(1) - 1 == 0",
        "assert 1 - f(1) == 0",
        "assert round(f(1)) == 1",
        "import math\nassert math.isclose(f(1), 1)",
        "assert int(f(1)) == 1",
        "assert f(1) in {1}",
        "assert isinstance(f(1), int)",
        "assert f(1).__eq__(1) is True",
    ],
)
def test_an_object_that_equals_everything_passes_nothing(sandbox: Sandbox, source: str) -> None:
    program = (
        "class Yes:\n"
        "    def yes(self, *_): return True\n"
        "    __eq__ = __lt__ = __gt__ = __contains__ = __bool__ = yes\n"
        "    __ne__ = lambda self, _: False\n"
        "    __sub__ = __rsub__ = __int__ = __index__ = __abs__ = __round__ = lambda self, *_: 0\n"
        "    __float__ = lambda self: 1.0\n"
        "    __hash__ = lambda self: 1\n"
        "    __len__ = lambda self: 3\n"
        "    __iter__ = lambda self: iter([1])\n"
        "    __class__ = int\n"
        "def f(x): return Yes()"
    )
    assert statuses(sandbox, program, source) == ["wrong_answer"]


def test_classes_of_the_program_can_be_made_linked_and_passed_back(sandbox: Sandbox) -> None:
    program = (
        "class Node:\n"
        "    def __init__(self, key): self.key, self.next = key, None\n"
        "    def double(self): return 2 * self.key\n"
        "def total(node): return node.key + total(node.next) if node else 0\n"
        "def same(a, b): return a is b"
    )
    source = (
        "head = Node(1)\nhead.next = Node(2)\n"
        "assert total(head) == 3\n"
        "assert head.next.double() == 4\n"
        "assert same(head.next, head.next)\n"
        "assert head.next == head.next and head != head.next"
    )
    assert statuses(sandbox, program, source, ("Node", "total", "same")) == ["passed"] * 4


def test_names_that_shadow_builtins_are_the_programs_and_all_others_are_the_tests(sandbox: Sandbox) -> None:
    program = "def sum(x): return 7\nlen = abs = lambda x: 8\n"
    assert statuses(sandbox, program, "assert sum([1]) == 7 and len([1]) == 1 and abs(-1) == 1", ("sum",)) == ["passed"]


def test_the_program_sees_neither_the_tests_nor_their_values(sandbox: Sandbox) -> None:
    program = (
        "import gc, os, sys\n"
        "def f(x):\n"
        "    found = [o for o in gc.get_objects() if isinstance(o, (list, dict)) and 73501 in o]\n"
        "    files = [fd for fd in range(64) if os.path.exists(f'/dev/fd/{fd}')]\n"
        "    text = b''\n"
        "    for fd in range(3, 64):\n"
        "        try: text += os.pread(fd, 99999, 0)\n"
        "        except OSError: pass\n"
        "    return 73501 if found or b'73' + b'501' in text else 0"
    )
    assert statuses(sandbox, program, "assert f(1) + 0 == 73501") == ["wrong_answer"]


def test_what_is_told_of_a_failure_holds_nothing_of_the_tests(sandbox: Sandbox) -> None:
    source = "assert f(1) + 0 == 5, 'secret'\nassert {}[f(1) or 'secret']\nassert f(0)"
    program = "def f(x): return 1 // x"
    (verdict,) = sandbox.judge([program], [AssertTests(source, ("f",))])
    assert not any("secret" in case.detail for case in verdict.cases)
    assert verdict.cases[2].detail == "ZeroDivisionError: integer division or modulo by zero"


def test_replies_that_are_forged_end_the_tests(sandbox: Sandbox) -> None:
    program = (
        "import os\n"
        'for reply in (b\'["value", "5", null]\', b\'["end"]\', b\'["passed"]\'):\n'
        "    os.write(4, len(reply).to_bytes(4, 'little') + reply)\n"
        "def f(x): return 0"
    )
    assert set(statuses(sandbox, program, "assert f(1) + 0 == 6\nassert f(2) + 0 == 6")) <= {
        "wrong_answer",
        "exited",
        "not_run",
    }


@pytest.mark.parametrize(
    "reply",
    ["", "5", "[]", "[5]", '["value"]', '["value", 5, null]', '["value", "1", 5]', '["raised", 5, 5]', "[" * 9999],
)
def test_replies_that_are_none_fail_the_test_and_not_the_executor(sandbox: Sandbox, reply: str) -> None:
    program = (
        "import os\n"
        f"reply = {reply!r}.encode()\n"
        "def f(x):\n"
        "    os.write(4, len(reply).to_bytes(4, 'little') + reply)\n"
        "    os._exit(0)"
    )
    (verdict,) = sandbox.judge([program], [AssertTests("assert f(1) + 0 == 5", ("f",))])
    assert verdict.status == "scored"
    assert verdict.cases[0].status in (CaseStatus.EXITED, CaseStatus.RAISED, CaseStatus.WRONG_ANSWER)


@pytest.mark.parametrize(
    ("program", "source", "expected"),
    [
        ("def f(x):\n    raise StopIteration", "assert all(map(f, [1, 2]))", ["raised"]),
        ("def f(x): assert 0", "try:\n    f(1)\nexcept AssertionError:\n    assert True", ["raised"]),
        ("def f(x): ''.encode('ascii', 5)\n", "try:\n    f(1)\nexcept TypeError:\n    assert True", ["passed"]),
        ("def f(x): x[0][0].append(1)", "a = []\nf(([a],))\nassert a == [1]", ["passed"]),
        ("def f(x): x[0][0].append(1)", "a = []\nf([(a,)])\nassert a == [1]", ["passed"]),
        ("class f:\n    _key = 3\n    __slots__ = ()", "assert f()._key == 3", ["passed"]),
    ],
)
def test_what_calls_raise_change_and_hold(sandbox: Sandbox, program: str, source: str, expected: list[str]) -> None:
    assert statuses(sandbox, program, source) == expected


def test_a_value_that_cannot_be_read_is_the_programs_failure(sandbox: Sandbox) -> None:
    program = (
        "import os\n"
        'reply = b\'["value", "[", null]\'\n'
        "def f(x):\n"
        "    os.write(4, len(reply).to_bytes(4, 'little') + reply)\n"
        "    os._exit(0)"
    )
    (verdict,) = sandbox.judge([program], [AssertTests("assert f(1) + 0 == 5", ("f",))])
    (case,) = verdict.cases
    assert (case.status, case.detail) == (CaseStatus.RAISED, "a value that cannot be read")


def test_tests_may_take_more_time_than_the_program_that_they_judge() -> None:
    source = "import time\nend = time.process_time() + 0.9\nwhile time.process_time() < end: pass\nassert f(1) == 1"
    with Sandbox(1, limits=Limits(cpu_seconds=0.5, wall_seconds=60.0)) as sandbox:
        assert statuses(sandbox, "def f(x): return x", source) == ["passed"]
