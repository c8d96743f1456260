"""Names that programs may count on, values that JSON cannot hold, and limits for each call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from code_parts import sandbox_or_skip

from reasonenv.execution import CallTests, CaseStatus, Limits, Sandbox, StdinTests
from reasonenv.execution.jobs.job import BrokenTestsError
from reasonenv.execution.jobs.preludes import prelude_for
from reasonenv.execution.jobs.signatures import conversion_of
from reasonenv.tasksets.datasets.code_preludes import APPS, LIVECODEBENCH, NODES, signature_of
from reasonenv.types import AssertTests


@pytest.fixture(scope="module")
def sandbox():
    sandbox_or_skip()
    with Sandbox() as sandbox:
        yield sandbox


def judge(sandbox, program, tests):
    (verdict,) = sandbox.judge([program], [tests])
    return verdict


@pytest.mark.parametrize(
    ("program", "needed"),
    [
        ("print(1)", []),
        ("x: List[int] = []", ["from typing import List"]),
        ("datetime.date(1, 1, 1)", ["from datetime import datetime", "from datetime import date", "import datetime"]),
        ("pow(2, 3); open(0)", []),
        ("print(inf, gcd(4, 6))", ["from math import gcd", "from math import inf"]),
    ],
)
def test_only_what_a_program_mentions_is_taken_from_a_prelude(program, needed) -> None:
    always = ["import sys", "sys.setrecursionlimit(50000)"]
    assert sorted(prelude_for(program, LIVECODEBENCH).splitlines()) == sorted([*always, *needed])


def test_a_statement_of_a_prelude_brings_what_it_mentions_itself() -> None:
    assert prelude_for("stdin.readline()", APPS).splitlines() == ["import sys", "stdin = sys.stdin"]


def test_what_a_prelude_gives_is_not_what_the_program_defines(sandbox) -> None:
    tests = CallTests("gcd", (((4, 6), 2),), prelude=LIVECODEBENCH)
    assert judge(sandbox, "x = 'gcd'", tests).num_passed == 0
    assert judge(sandbox, "class Solution:\n    def gcd(self, a, b): return gcd(a, b)", tests).num_passed == 1
    assert judge(sandbox, "from math import gcd", tests).num_passed == 1
    assert judge(sandbox, "x = 'gcd'", AssertTests("assert gcd(4, 6) + 0 == 2", ("gcd",), APPS)).num_passed == 0


STARTER = "class Solution:\n    def total(self, nums: List[int]) -> int:\n        "
BY_STARTER = f"{STARTER}return sum(accumulate(nums)) if nums else inf"


def test_programs_may_use_the_names_of_their_data_set(sandbox) -> None:
    calls = CallTests("total", ((([1, 2],), 4), (([],), float("inf"))))
    assert judge(sandbox, BY_STARTER, calls).num_passed == 0
    assert judge(sandbox, BY_STARTER, CallTests(calls.function, calls.cases, prelude=LIVECODEBENCH)).num_passed == 2
    asserts = AssertTests("assert f([1, 2]) + 0 == 3", ("f",), "from typing import List\ndef add(a, b): return a + b")
    assert judge(sandbox, "def f(x: List[int]): return add(*x)", asserts).num_passed == 1


@pytest.mark.parametrize("end", ["", "\nimport os"])  # in one process, and each in its own
def test_scripts_may_use_the_names_of_their_data_set(sandbox, end) -> None:
    tests = StdinTests((("3 1 2\n", "1 2 3\n"), ("6 5 4\n", "4 5 6\n")), prelude=APPS)
    program = f"d = deque(sorted(map(int, stdin.readline().split())))\nprint(*d){end}"
    assert judge(sandbox, program, tests).num_passed == 2
    assert judge(sandbox, program, StdinTests(tests.cases)).num_passed == 0


@pytest.mark.parametrize("end", ["", "\nimport os"])
def test_livecodebench_grants_deep_recursion(sandbox, end) -> None:
    program = f"def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(int(input()))){end}"
    tests = StdinTests((("20000", "20000"), ("40000", "40000")), prelude=LIVECODEBENCH)
    assert judge(sandbox, program, tests).num_passed == 2
    assert judge(sandbox, program, StdinTests(tests.cases)).num_passed == 0


def test_programs_call_as_deeply_as_in_an_interpreter(sandbox) -> None:
    program = "def f(n): return 0 if n == 0 else 1 + f(n - 1)"
    depths = [996, 1040]
    script = f"{program}\nprint(f(int(input())))"
    asked = {
        script: StdinTests([(str(depth), str(depth)) for depth in depths]),
        f"import os\n{script}": StdinTests([(str(depth), str(depth)) for depth in depths]),
        program: CallTests("f", [((depth,), depth) for depth in depths]),
    }
    asked |= {f"{program}\n": AssertTests("assert f(996) + 0 == 996\nassert f(1040) + 0 == 1040", ("f",))}
    for verdict in sandbox.judge(list(asked), list(asked.values())):
        assert [case.status.value for case in verdict.cases] == ["passed", "raised"]


def test_a_prelude_stands_before_imports_from_the_future(sandbox) -> None:
    program = "from __future__ import annotations\ndef f(x: Nothing) -> List[int]: return [x]"
    assert judge(sandbox, program, CallTests("f", (((1,), [1]),), prelude=LIVECODEBENCH)).num_passed == 1


NODE_PROGRAMS = {
    "reverse": (
        "def reverse(self, head: Optional[ListNode]) -> Optional[ListNode]:",
        "last = None\n        while head: head.next, last, head = last, head, head.next\n        return last",
        ((([1, 2, 3],), [3, 2, 1]), (([],), [])),
    ),
    "merge": (
        "def merge(self, lists: List[Optional[ListNode]]) -> Optional[ListNode]:",
        "values = []\n        for node in lists:\n            while node: values.append(node.val); node = node.next\n"
        "        head = None\n        for v in sorted(values)[::-1]: head = ListNode(v, head)\n        return head",
        ((([[1, 4], [2], []],), [1, 2, 4]),),
    ),
    "flip": (
        "def flip(self, root: Optional[TreeNode]) -> Optional[TreeNode]:",
        "if root: root.left, root.right = self.flip(root.right), self.flip(root.left)\n        return root",
        ((([4, 2, 7, 1, None, 6],), [4, 7, 2, None, 6, None, 1]), (([],), [])),
    ),
    "rotate": (
        "def rotate(self, nums: List[int], k: int) -> None:",
        "nums[:] = nums[-k:] + nums[:-k]",
        ((([1, 2, 3], 1), [3, 1, 2]),),
    ),
    "depth": (
        "def depth(self, root: Optional[TreeNode]) -> int:",
        "return 1 + max(map(self.depth, (root.left, root.right))) if root else 0",
        ((([3, 9, 20, None, None, 15],), 3),),
    ),
}


@pytest.mark.parametrize("name", NODE_PROGRAMS)
def test_nodes_and_changes_in_place_are_read_from_the_header(sandbox, name) -> None:
    header, body, cases = NODE_PROGRAMS[name]
    signature = signature_of(f"# Definition\nclass Solution:\n    {header}\n        ", name)
    tests = CallTests(name, cases, prelude=LIVECODEBENCH, signature=signature)
    assert judge(sandbox, f"class Solution:\n    {header}\n        {body}", tests).num_passed == len(cases)
    assert judge(sandbox, f"class Solution:\n    {header}\n        return None", tests).num_passed < len(cases)


def test_a_ring_of_nodes_and_a_program_without_the_class_fail(sandbox) -> None:
    signature = "def f(self, head: Optional[ListNode]) -> Optional[ListNode]:"
    tests = CallTests("f", ((([1, 2],), [1, 2]),), prelude=NODES, signature=signature)
    assert judge(sandbox, "def f(head):\n    head.next = head\n    return head", tests).num_passed == 0
    assert judge(sandbox, "def f(head): return [1, 2]", tests).num_passed == 0


@pytest.mark.parametrize(
    ("signature", "number", "conversion"),
    [
        ("", 2, None),
        ("def f(a: int, b: List[int]) -> int:", 2, None),
        ("def f(a: 'ListNode', k: int) -> int:", 2, {"takes": ["ListNode", ""], "gives": "", "is_in_place": False}),
        ("def f() -> List[TreeNode]:", 0, {"takes": [], "gives": "TreeNode*", "is_in_place": False}),
    ],
)
def test_a_header_says_what_is_to_be_made(signature, number, conversion) -> None:
    assert conversion_of(signature, number) == conversion


@pytest.mark.parametrize(("signature", "number"), [("f(x)", 1), ("def f(", 1), ("def f(a: int) -> None:", 2)])
def test_text_that_is_no_header_is_refused(signature, number) -> None:
    with pytest.raises(BrokenTestsError, match="signature"):
        conversion_of(signature, number)


def test_a_prelude_or_a_header_that_is_none_is_a_fault_of_the_tests(sandbox) -> None:
    right = CallTests("f", (((1,), 1),))
    broken = [replace(right, prelude="import ("), replace(right, signature="def f(")]
    verdicts = sandbox.judge(["def f(x): return x"] * 3, [*broken, right])
    assert [verdict.status.value for verdict in verdicts] == ["grader_failed", "grader_failed", "scored"]


def test_calls_have_time_and_room_each_for_itself() -> None:
    sandbox_or_skip()
    spin = (
        "import time\ndef f(x):\n    start = time.process_time()\n    while time.process_time() - start < x: pass\n    "
    )
    with Sandbox(limits=Limits(cpu_seconds=0.6, wall_seconds=6.0, output_bytes=10_000)) as sandbox:
        verdict = judge(sandbox, f"{spin}return x", CallTests("f", tuple(((0.35,), 0.35) for _ in range(4))))
        assert verdict.num_passed == 4
        assert verdict.cpu_seconds > 1.2
        verdict = judge(sandbox, f"{spin}return x", CallTests("f", (((0.1,), 0.1), ((1.5,), 1.5), ((0.1,), 0.1))))
        assert [case.status.value for case in verdict.cases] == ["passed", "time_limit", "not_run"]
        cases = tuple(((size,), [7] * size) for size in (2000, 4000, 8000, 20_000))
        assert judge(sandbox, "def f(x): return [7] * x", CallTests("f", cases)).num_passed == 4
        flood = judge(sandbox, "def f(x): return [7] * 30_000", CallTests("f", cases[:3]))
        assert {case.status for case in flood.cases} == {CaseStatus.OUTPUT_LIMIT}
