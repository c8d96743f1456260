"""The process that runs trusted tests against a program in another jail.

The source has to run to its end. Where it stops early, no test after that point passes, and the last line is missing,
which the caller reads as a failure.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Sequence
from typing import Any

from ..wire.asserts import find_tests
from ..wire.channel import read_file
from ..wire.codec import DecodeError
from .remote import PROGRAM_RAISED, Caller, Gone, Remote

_INPUT, _OUTPUT, _SOCKET = 3, 4, 5


def run_tests(names: Sequence[str], output_bytes: int) -> None:
    """Read the tests' source and run it; write a line per test, and `["end"]`. Never returns.

    The first line says `["loaded"]` or why the program is not; the others `["passed"]` or `[status, text]`.
    """
    tree = ast.parse(read_file(_INPUT, 1 << 40))
    caller = Caller(_SOCKET, output_bytes)
    try:
        started = caller.wait_until_loaded()
        _write(started)
        if started[0] == "loaded":
            _run_statements(tree, {name: Remote(caller, name, "name") for name in names})
    except Gone:
        pass
    os._exit(0)


def _run_statements(tree: ast.Module, names: dict[str, Remote]) -> None:
    namespace: dict[str, Any] = {"__name__": "tests", **names}
    tests = find_tests(tree)
    for statement in tree.body:
        failure = _run(statement, namespace)
        if statement in tests:
            _write(failure or ["passed"])
        elif failure:
            _write(["stopped", *failure])
            return
    _write(["end"])


def _run(statement: ast.stmt, namespace: dict[str, Any]) -> list[str] | None:
    """Return the status and text of a failure. Only the program's own words are shown: others may hold answers."""
    try:
        exec(compile(ast.Module([statement], []), "tests.py", "exec", dont_inherit=True), namespace)
    except AssertionError:
        return ["wrong_answer", ""]
    except DecodeError:
        return ["raised", "a value that cannot be read"]
    except Exception as error:  # noqa: BLE001 - the boundary where the failure of a test becomes data
        if PROGRAM_RAISED in getattr(error, "__notes__", ()):
            return ["memory_limit" if isinstance(error, MemoryError) else "raised", str(error.args[0])]
        return ["wrong_answer", f"{type(error).__name__} in the tests"]
    return None


def _write(line: Sequence[object]) -> None:
    os.write(_OUTPUT, json.dumps(line).encode("ascii") + b"\n")
