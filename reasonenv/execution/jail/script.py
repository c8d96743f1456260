"""Problems on standard input: a confined process compiles the program once and forks for every test.

Lives here: that process, which runs nothing of the program itself. Does not: its own limits (`slot` watches it).

Its filter allows forking, memfds and ending its children; every child gives that up first.
Inputs stay in their file until the child whose input it is reads it, so no child's memory holds those of the others.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
from types import CodeType
from typing import NamedTuple

from . import seccomp, syscalls
from .channel import memory_file, read_file
from .confinement import RunLimits
from .programs import describe, run_script
from .watch import Child, Question, Watch, Witnesses

__all__ = ["Template"]

_INPUT, _RESULT, _QUESTIONS = 3, 4, 5


class Template(NamedTuple):
    """What the process needs to know: the sizes of the program and of each input, which lie one behind the other."""

    program_size: int
    input_sizes: list[int]
    limits: RunLimits
    test_filter: seccomp.Filter | None
    is_bound_to_parent: bool
    """Whether the kernel has to end a child whose parent ends; a PID namespace does that anyway."""
    kept_in_scratch: list[str]

    def run(self) -> None:
        """Write a record per test until one meets a time limit; never returns.

        A record is a JSON line with `exit_code`, `cpu_seconds`, `limit`, `stdout` and `stderr`, the last two being
        the numbers of bytes that follow. A program that cannot be compiled gives `failed` instead.
        """
        program = read_file(_INPUT, self.program_size).decode("utf-8", "surrogatepass")
        try:
            code = compile(program, "main.py", "exec")
        except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
            _record({"failed": describe(error)})
            os._exit(0)
        offset = self.program_size
        witnesses = Witnesses(1)
        for size in self.input_sizes:
            if not self._run_test(code, offset, size, witnesses):
                break
            offset += size
        os._exit(0)

    def _run_test(self, code: CodeType, offset: int, size: int, witnesses: Witnesses) -> bool:
        """Returns whether the time limits were kept.

        Raises:
            Unconfined: the test did not run, for reasons of the machine.
        """
        self._empty_scratch()
        streams = memory_file(), memory_file(), memory_file()
        process_id = syscalls.fork()
        if process_id == 0:
            self._confine_test(streams, read_file(_INPUT, size, offset))
            witnesses.testify(0)
            run_script(code)
        child = Child(process_id, self.limits.cpu_seconds)
        wall_seconds = self.limits.wall_seconds
        ending = Watch([child], wall_seconds, lambda: _ask_slot(Question.WAITED)).until_end()[0]
        witnesses.check(1)
        outputs = [read_file(stream, self.limits.output_bytes + 1) for stream in streams[1:]]
        for stream in streams:
            os.close(stream)
        _record({**ending._asdict(), "stdout": len(outputs[0]), "stderr": len(outputs[1])}, *outputs)
        return ending.limit is None

    def _confine_test(self, streams: tuple[int, int, int], text: bytes) -> None:
        os.pwrite(streams[0], text, 0)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        syscalls.call("close_range", 3, 0xFFFFFFFF, 0)
        file_bytes = max(self.limits.output_bytes + 1, self.limits.tmp_bytes)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        if self.is_bound_to_parent:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if self.test_filter is not None:
            self.test_filter.enter()

    def _empty_scratch(self) -> None:
        try:
            is_empty = sorted(os.listdir(".")) == self.kept_in_scratch
        except PermissionError:
            is_empty = False
        if not is_empty:
            _ask_slot(Question.EMPTY_SCRATCH)


def _ask_slot(question: Question) -> float:
    """The slot sees and may do what this process cannot any more; it answers on a socket."""
    os.write(_QUESTIONS, question)
    return struct.unpack("d", os.read(_QUESTIONS, 8))[0]


def _record(header: dict[str, object], *contents: bytes) -> None:
    view = memoryview(b"".join((json.dumps(header).encode("ascii"), b"\n", *contents)))
    while view:
        view = view[os.write(_RESULT, view) :]
