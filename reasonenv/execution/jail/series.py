"""A series of tests of a script in one process: each finds what a fresh process would give it."""

from __future__ import annotations

import gc
import io
import os
import sys
import time
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import Any, NoReturn

from ..wire.channel import memory_file
from .programs import become_main, execute

_MAX_SECONDS, _MAX_CPU_SHARE = 0.05, 0.02
"""How much CPU time, and which share of its limit, a process may take before it begins no further test."""
_NAMES = ("stdin", "stdout", "stderr")

Settings = list[tuple[str, str, str, bool]]
"""Name, encoding, treatment of errors and line buffering of each standard stream."""


def open_streams_on_files() -> None:
    """Open the standard streams on files, once for all forks: opening asks what kind of file a stream is."""
    kept = [os.dup(descriptor) for descriptor in range(len(_NAMES))]
    file = memory_file()
    for descriptor in range(len(_NAMES)):
        os.dup2(file, descriptor)
    _open_streams(_settings())
    for descriptor, original in enumerate(kept):
        os.dup2(original, descriptor)
        os.close(original)
    os.close(file)


def run_alone(parts: Sequence[CodeType]) -> NoReturn:
    """Run a test on descriptors 0 to 2."""
    os._exit(execute(parts))


def run_series(
    parts: Sequence[CodeType], files: Sequence[Sequence[int]], progress: int, cpu_limit: float, output_bytes: int
) -> NoReturn:
    """Run a test for each three files, up to the first that does not end well; write a byte to `progress` for each.

    The exit code is that of the last that began. A process that cannot go on between two tests ends as the first did.
    """
    budget = min(_MAX_SECONDS, _MAX_CPU_SHARE * cpu_limit)
    recursion_limit, settings = sys.getrecursionlimit(), _settings()
    exit_code, num_bytes = 1, 0
    try:
        for streams in files:
            for descriptor, file in enumerate(streams):
                os.dup2(file, descriptor)
            _open_streams(settings)
            os.write(progress, b".")
            exit_code = execute(parts)
            num_bytes += sum(os.fstat(file).st_size for file in streams[1:])
            if exit_code != 0 or time.process_time() > budget or num_bytes > output_bytes:
                break
            _forget(recursion_limit)
    finally:
        os._exit(exit_code)


def _forget(recursion_limit: int) -> None:
    """Remove what a test has left. What is printed meanwhile would have been lost with its process."""
    sys.stdout = sys.stderr = None
    become_main(ModuleType("__main__"))
    gc.collect()
    sys.setrecursionlimit(recursion_limit)


def _settings() -> Settings:
    streams: list[tuple[str, io.TextIOWrapper]] = [(name, getattr(sys, name)) for name in _NAMES]
    return [(name, stream.encoding, str(stream.errors), stream.line_buffering) for name, stream in streams]


def _open_streams(settings: Settings) -> None:
    """Open the standard streams as an interpreter does at its start: no newline is translated."""
    for descriptor, (name, encoding, errors, is_line_buffered) in enumerate(settings):
        buffer: Any = open(descriptor, "wb" if descriptor else "rb", closefd=False)  # noqa: SIM115 - it stays open
        buffer.raw.name = f"<{name}>"
        stream = io.TextIOWrapper(buffer, encoding, errors, newline="\n", line_buffering=is_line_buffered)
        setattr(stream, "mode", "w" if descriptor else "r")  # noqa: B010 - not among the names that its type declares
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
