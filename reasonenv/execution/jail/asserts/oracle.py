"""The process that runs trusted tests against a program in another jail.

The source has to run to its end. Where it stops early, no test after that point passes, and the last line is missing,
which the caller reads as a failure of the program, unless a line says that the tests are at fault.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any

from ...wire.asserts import complete, find_tests
from ...wire.channel import read_file
from ...wire.codec import DecodeError
from .blame import FILE, Blame
from .messages import Gone
from .patience import Patience, TooLong
from .remote import MAX_TEXT, PROGRAM_RAISED, Caller, NotPassable
from .runner import runners, show_program

_INPUT, _OUTPUT, _SOCKET = 3, 4, 5
_exit = os._exit
_CROWDING_BYTES = 1 << 20
"""From which on what the program has sent may be what leaves the tests no memory."""


class Fault(Exception):  # noqa: N818 - says what it is
    """The tests are broken, whatever the program does."""


class _Exited(BaseException):
    """In place of the end of this process, which the tests asked for."""


def run_tests(names: Sequence[str], output_bytes: int, patience_seconds: tuple[float, float]) -> None:
    """Read the tests' source and run it; write a line per test, and `["end"]`. Never returns.

    The first line says `["loaded"]` or why the program is not; the others `["passed"]`, `[status, text]`, or
    `["fault", text]` where the tests are to blame, whatever was said before.
    """
    source = read_file(_INPUT, 1 << 40)
    tree = complete(ast.parse(source))
    patience = Patience(*patience_seconds, FILE)
    caller = Caller(_SOCKET, output_bytes, patience)
    os._exit = _do_not_exit
    try:
        started = _without_surprises(caller.wait_until_loaded())
        _write(started)
        if started[0] == "loaded":
            remotes = {name: caller.named(name) for name in names}
            if b"import" in source:
                show_program(remotes, _imported(tree))
            patience.on_overrun = partial(_judge_overrun, tree, remotes, caller)
            _run_statements(tree, remotes, caller)
            if not caller.num_questions:
                raise Fault("the tests ask nothing of the program")
            _write(["end"])
    except (Gone, TooLong):
        pass
    except Fault as fault:
        _write(["fault", str(fault)])
    finally:
        _exit(0)


def _without_surprises(started: list[Any]) -> list[str]:
    """Return the program's first message as one that it may send: it could call itself a fault of the tests."""
    if started == ["loaded"]:
        return ["loaded"]
    return ["failed", str(started[-1])[:MAX_TEXT]]


def _imported(tree: ast.Module) -> list[tuple[str, list[str]]]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return [(node.module or "", [alias.name for alias in node.names]) for node in imports]


def _do_not_exit(*_: object) -> None:
    raise _Exited


def _judge_overrun(tree: ast.Module, names: dict[str, Any], caller: Caller, frame: FrameType) -> None:
    """End tests that take too long and caught what should have stopped them, if that is their fault."""
    if Blame(tree, names, shares_objects=caller.shares_objects).is_stuck(frame):
        _write(["fault", "the tests never end, whatever the program does"])
        _exit(0)


def _run_statements(tree: ast.Module, names: dict[str, Any], caller: Caller) -> None:
    """Run all; raise `Gone` where no test can follow, `Fault` where the tests are to blame."""
    namespace: dict[str, Any] = {"__name__": "__main__", **runners(), **names}
    tests = find_tests(tree)
    failure, has_failed = None, False
    for statement in tree.body:
        has_failed = has_failed or failure is not None
        try:
            failure = _run(
                statement, namespace, caller, lambda: Blame(tree, names, shares_objects=caller.shares_objects)
            )
        except Fault:
            if not has_failed:
                raise
            failure = ["wrong_answer", "after a test that failed"]  # what that left undone may be what is missing
        if caller.is_gone:
            raise Gone
        if statement in tests:
            _write(failure or ["passed"])
        elif failure:
            _write(["stopped", *failure])
            raise Gone


def _run(
    statement: ast.stmt, namespace: dict[str, Any], caller: Caller, blame: Callable[[], Blame]
) -> list[str] | None:
    """Return the status and text of a failure. Only the program's own words are shown: others may hold answers."""
    try:
        exec(compile(ast.Module([statement], []), FILE, "exec", dont_inherit=True), namespace)
    except Gone:
        raise
    except AssertionError:
        return ["wrong_answer", ""]
    except DecodeError:
        return ["raised", "a value that cannot be read"]
    except BaseException as error:  # the boundary where the failure of a test becomes data
        if PROGRAM_RAISED in getattr(error, "__notes__", ()):
            return ["memory_limit" if isinstance(error, MemoryError) else "raised", str(error.args[0])]
        kind, is_hanging = type(error).__name__, isinstance(error, TooLong)
        is_crowded = isinstance(error, MemoryError) and caller.num_bytes > _CROWDING_BYTES
        if not is_crowded and blame().is_tests_fault(error, is_hanging=is_hanging):
            text = f": {error}" if isinstance(error, NameError | ImportError | NotPassable) else ""
            raise Fault(f"{kind} in the tests, whatever the program does{text}") from error
        return ["time_limit", ""] if is_hanging else ["wrong_answer", f"{kind} in the tests"]
    return None


def _write(line: Sequence[object]) -> None:
    os.write(_OUTPUT, json.dumps(line).encode("ascii") + b"\n")
