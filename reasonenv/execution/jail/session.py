"""A session's process: runs one cell after another with the variables of those before.

Everything that is written here is as untrusted as the cells: the caller takes it for text.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from ..wire.channel import read_file
from .programs import describe, show_traceback

_SOCKET = 3
_MAX_DESCRIPTORS = 4


def run_cells() -> NoReturn:
    """Run cells from the socket until it closes; each comes with files for itself, stdout, stderr and its outcome."""
    import linecache  # at the top, these two would be carried by every fork
    import traceback

    connection = socket.socket(fileno=_SOCKET)
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    number = 0
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, 1, _MAX_DESCRIPTORS)
        if not message:
            os._exit(0)
        cell, stdout, stderr, outcome = descriptors
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        number += 1
        source, name = read_file(cell, 1 << 40).decode("utf-8", "surrogatepass"), f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        result = _run_cell(source, name, vars(main), traceback.print_exception)
        os.write(outcome, json.dumps(result).encode("ascii"))
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(b".")


def _run_cell(source: str, name: str, namespace: dict[str, Any], show: Callable[..., None]) -> list[str | None]:
    """Return a status and the `repr` of the last expression, if the cell ends with one."""
    status, value = "finished", None
    try:
        tree = ast.parse(source, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec", dont_inherit=True), namespace)
        if isinstance(last, ast.Expr):
            result = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), namespace)
            value = None if result is None else repr(result)
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        status = describe(error).status
        show_traceback(error, show)
    _flush()
    return [status, value]


def _flush() -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        os.write(2, f"{type(error).__name__}\n".encode())
