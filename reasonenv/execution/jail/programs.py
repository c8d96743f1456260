"""What runs in a confined process: a stranger's program, and the few lines around it that call it and report.

Nothing here is trusted: a program shares the process, and can read and change all of it. That lets it lie about what
its own functions return, to a caller who compares that with values that the process has never seen.
"""

from __future__ import annotations

import _thread
import atexit
import builtins
import json
import os
import sys
from collections.abc import Callable, Sequence
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from ..wire.channel import read_file
from ..wire.codec import decode, encode
from ..wire.endings import MEMORY_CODE, RAISED_CODE
from .asserts import served
from .asserts.messages import Gone
from .nodes import converting

_MAX_TEXT = 500

_INPUT, _OUTPUT = 3, 4


class Failure(NamedTuple):
    """What a program did instead of going on: `Failure("raised", "ZeroDivisionError: division by zero")`."""

    status: str
    text: str


class Refusal(Exception):  # noqa: N818 - the absence of a function is data
    """The program lacks what was asked of it."""


def describe(error: BaseException) -> Failure:
    """Return what kind of end an exception is, in the program's own words."""
    if isinstance(error, SystemExit):
        return Failure("exited", f"SystemExit: {error.code!r:.100}")
    if isinstance(error, MemoryError):
        return Failure("memory_limit", "MemoryError")
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        text = "(no text)"
    return Failure("raised", f"{type(error).__name__}: {text}"[:_MAX_TEXT])


def compile_source(program: str, file: str) -> CodeType:
    """Compile a program as an interpreter reads it from a file, which may begin with a byte order mark."""
    return compile(program.removeprefix("\ufeff"), file, "exec", dont_inherit=True)


def load(program: str, prelude: str = "", name: str = "solution") -> ModuleType:
    """Run a program as a module that can be imported by its name.

    What the prelude gives is built in for the program: none of it can be taken for what the program defines itself.
    """
    module = ModuleType(name)
    sys.modules[name] = module
    module.__file__ = f"{name}.py"
    if prelude:
        given: dict[str, Any] = {}
        exec(compile_source(prelude, "prelude.py"), given)
        module.__dict__["__builtins__"] = vars(builtins) | given
    exec(compile_source(program, module.__file__), vars(module))
    return module


def look_up(module: ModuleType, name: str) -> Any:
    """Return what the program calls `name`, or else the method of that name of its class `Solution`, or refuse."""
    names = vars(module)
    if name in names:
        return names[name]
    solution = names.get("Solution")
    if isinstance(solution, type) and hasattr(solution, name):
        return getattr(solution(), name)
    raise Refusal(f"the program defines no {name!r}")


def run_calls(call_bytes: int, all_bytes: int) -> None:
    """Read a program, the name of a function and the arguments of its calls; write a line per call. Never returns.

    The first line says `["loaded"]` or why not, every other `["value", text]` or what happened instead: "output_limit"
    where it would be longer than `call_bytes`, or all together than `all_bytes`.
    """
    request = json.loads(read_file(_INPUT, 1 << 40))
    os.close(_INPUT)
    write = _line_writer(call_bytes, all_bytes)
    try:
        module = load(request["program"], request["prelude"])
        function = look_up(module, request["function"])
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        write(["failed", *describe(error)])
        os._exit(0)
    write(["loaded"])
    if request["conversions"] is None:
        for arguments in request["cases"]:
            write(call_function(function, arguments))
    else:
        names = (given if isinstance(given := vars(module)["__builtins__"], dict) else {}) | vars(module)
        for arguments, conversion in zip(request["cases"], request["conversions"], strict=True):
            write(call_function(converting(function, names, **conversion), arguments))
    os._exit(0)


def run_server() -> None:
    """Read a program, behind its prelude and a NUL, and answer the calls of its tests. Never returns."""
    prelude, _, program = read_file(_INPUT, 1 << 40).decode("utf-8", "surrogatepass").partition("\0")
    os.close(_INPUT)
    try:
        module = load(program, prelude)
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        served.refuse(_OUTPUT, describe(error))
        os._exit(0)
    try:
        served.serve_calls(_OUTPUT, lambda name: look_up(module, name), lambda error: describe(error).text)
    except Gone:
        os._exit(0)


def call_function(function: Callable[..., object], arguments: str) -> list[str]:
    """Return what a call gives, as a line of the result."""
    try:
        return ["value", encode(function(*decode(arguments)))]
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        return list(describe(error))


def _line_writer(call_bytes: int, all_bytes: int) -> Callable[[list[str]], None]:
    left = all_bytes

    def write(line: list[str]) -> None:
        nonlocal left
        content = json.dumps(line).encode("ascii") + b"\n"
        if len(content) > min(call_bytes, left):
            content = b'["output_limit", ""]\n'
        else:
            left -= len(content)
        os.write(_OUTPUT, content)

    return write


def become_main(main: ModuleType) -> None:
    """Make the process one that runs a script in an empty module."""
    main.__file__ = "main.py"
    main.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main
    sys.argv = ["main.py"]


def execute(parts: Sequence[CodeType]) -> int:
    """Run compiled code, part by part, in `__main__` and do all that Python does at its end; return the exit code."""
    try:
        for code in parts:
            exec(code, vars(sys.modules["__main__"]))
        exit_code = 0
    except SystemExit as error:
        exit_code = _exit_code(error.code)
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        exit_code = MEMORY_CODE if isinstance(error, MemoryError) else RAISED_CODE
        show_traceback(error)
    return _end(exit_code)


def show_traceback(error: BaseException, show: Callable[..., None] = sys.__excepthook__) -> None:
    """Print a traceback without the frames around the program; the default `show` needs no module."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        show(type(error), BaseException.with_traceback(error, frames), frames)
    except BaseException:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        os.write(2, b"(no traceback)\n")


def _end(exit_code: int) -> int:
    """Wait for threads, run exit handlers and flush, as an interpreter does at its end."""
    try:
        finish(vars(sys.modules["__main__"]))
    except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
        show_traceback(error)
        return exit_code or RAISED_CODE
    return exit_code


def finish(variables: dict[str, Any]) -> None:
    """Do what an interpreter does at its end to a main module with these variables."""
    threading = sys.modules.get("threading")
    if threading is not None and _thread._count() > 0:  # pyright: ignore[reportPrivateUsage]
        threading._shutdown()
    if atexit._ncallbacks():  # pyright: ignore[reportPrivateUsage]
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    _flush(sys.stdout, sys.stderr, sys.__stdout__)
    # An interpreter puts its own streams back and destroys what is left: files not closed write what they hold.
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    variables.clear()
    _flush(sys.__stdout__, sys.__stderr__)


def _flush(*streams: Any) -> None:
    for stream in streams:
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code) & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1
