"""What a program says of itself can be written to any file: no text of a verdict makes the caller fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from areas import needs

from reasonenv.execution import Sandbox
from reasonenv.types import AssertTests, CallTests

pytestmark = needs("sandbox")

SURROGATES = "\\udfff\\ud800\\0"
TESTS = {"call": CallTests("f", (((1,), 2),)), "assert": AssertTests("value = f(1)\nassert value == 2", ("f",))}
PROGRAMS = {
    "raised in the function": f"def f(x): raise ValueError('{SURROGATES}')",
    "raised by the program": f"raise ValueError('{SURROGATES}')",
    "name of an exception": f"def f(x): raise type('E{SURROGATES[:12]}', (Exception,), {{}})",
    "name of a class": f"def f(x): return type('C{SURROGATES[:12]}', (), {{}})()",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(num_slots=1) as made:
        yield made


@pytest.mark.parametrize("mode", TESTS)
@pytest.mark.parametrize("place", PROGRAMS)
def test_details_of_a_verdict_are_text_that_utf_8_can_write(sandbox: Sandbox, place: str, mode: str) -> None:
    (verdict,) = sandbox.judge([PROGRAMS[place]], [TESTS[mode]])
    assert verdict.num_passed == 0
    assert verdict.cases[0].detail.encode("utf-8") is not None


def test_value_and_output_of_a_cell_are_text_that_utf_8_can_write(sandbox: Sandbox) -> None:
    with sandbox.session() as session:
        result = session.run(f"class C:\n    def __repr__(self): return '{SURROGATES}'\nC()")
    assert result.value == "\\udfff\\ud800\0"
    assert (result.stdout + result.stderr).encode("utf-8") == b""
