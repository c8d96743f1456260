"""Small programming tasks and programs for the tests of rewards and turns."""

from __future__ import annotations

from areas import need

from reasonenv import Attempt, Task
from reasonenv.execution import Sandbox
from reasonenv.execution.shared import shared_sandbox
from reasonenv.types import CallTests, CodeReference, StdinTests

RIGHT = "def double(x):\n    return x + x\n"
HALF = "def double(x):\n    return 2 if x == 1 else 0\n"
WRONG = "def double(x):\n    return x * x * x\n"
SLOW = "def double(x):\n    for _ in range(6_000_000):\n        pass\n    return x + x\n"
HIDDEN_INPUT, HIDDEN_OUTPUT = 271828, 543656

TASK = Task(
    task_id="double/0",
    prompt="Write double(x).",
    reference=CodeReference(
        tests=CallTests("double", (((1,), 2), ((0,), 0), ((HIDDEN_INPUT,), HIDDEN_OUTPUT), ((-3,), -6))),
        public_tests=CallTests("double", (((1,), 2), ((5,), 10))),
        reference_program=RIGHT,
    ),
)
STDIN_TASK = Task(
    task_id="echo/0",
    prompt="Print the sum of the two numbers that are read.",
    reference=CodeReference(
        tests=StdinTests((("2 3\n", "5\n"), ("7 8\n", "15\n"))),
        public_tests=StdinTests((("1 1\n", "2\n"),)),
        reference_program="print(sum(map(int, input().split())))\n",
    ),
)


def in_form(program: str) -> str:
    return f"<think>Let me see.</think> <answer>\n```python\n{program}```\n</answer>"


def attempt(program: str, task: Task = TASK) -> Attempt:
    return Attempt(task=task, response=in_form(program))


def sandbox_or_skip() -> Sandbox:
    """Return the sandbox of this process; skip the test on a machine that has none."""
    need("sandbox")
    return shared_sandbox()
