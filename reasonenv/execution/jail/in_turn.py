"""Several tests of a script, one after the other, in one process; each finds what a fresh process would give it.

Lives here: renewing the main module and the standard streams, and when to leave the other tests to another process.
Does not: for which programs that is done (`stateless`), nor what is believed of it (`script`).
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import NoReturn

from .programs import become_main, execute

__all__ = ["run_in_turn"]

_MAX_SECONDS, _MAX_CPU_SHARE = 0.05, 0.02
"""How much CPU time, and which share of the limit, the tests of a process may take before it begins no other."""
_NAMES = ("stdin", "stdout", "stderr")


def run_in_turn(
    code: CodeType, files: Sequence[Sequence[int]], progress: int, cpu_limit: float, output_bytes: int
) -> NoReturn:
    """Run a test for each three files, up to the first that does not end well, and write a byte when one begins.

    The exit code is that of the last that began.
    """
    budget = min(_MAX_SECONDS, _MAX_CPU_SHARE * cpu_limit)
    recursion_limit = sys.getrecursionlimit()
    settings = [_settings(name) for name in _NAMES]
    exit_code = num_bytes = 0
    for number, streams in enumerate(files):
        for descriptor, file in enumerate(streams):
            os.dup2(file, descriptor)
        if number > 0:
            sys.setrecursionlimit(recursion_limit)
            become_main(ModuleType("__main__"))
            for descriptor, setting in enumerate(settings):
                _open_stream(descriptor, *setting)
        os.write(progress, b".")
        exit_code = execute(code)
        num_bytes += sum(os.fstat(file).st_size for file in streams[1:])
        if exit_code != 0 or time.process_time() > budget or num_bytes > output_bytes:
            break
    os._exit(exit_code)


def _settings(name: str) -> tuple[str, str, str, bool]:
    stream: io.TextIOWrapper = getattr(sys, name)
    return name, stream.encoding, str(stream.errors), stream.line_buffering


def _open_stream(descriptor: int, name: str, encoding: str, errors: str, is_line_buffered: bool) -> None:
    """Open a standard stream as an interpreter does at its start: no newline is translated."""
    raw = io.FileIO(descriptor, "w" if descriptor else "r", closefd=False)
    raw.name = f"<{name}>"
    buffer = io.BufferedWriter(raw) if descriptor else io.BufferedReader(raw)
    stream = io.TextIOWrapper(buffer, encoding, errors, newline="\n", line_buffering=is_line_buffered)
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)
