"""Problems on standard input: a confined process compiles the program once and forks for every test.

Lives here: that process, which runs nothing of the program itself. Does not: its own limits (`slot` watches it).

Its filter allows forking, memfds and ending its children; every child gives that up first.
Inputs stay in files until the child whose input it is reads it, so no child's memory holds those of the others.

The one decision: tests are prepared before, and written down after, a batch of forks. Whatever this process does
between two forks is paid for in copies of the memory that it shares with the child, so that is little.
"""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import NamedTuple

from .channel import memory_file, read_file
from .confinement import Confinement, Entry
from .programs import become_main, describe, run_script
from .watch import Child, Ending, FirstNap, Question, Watch, Witnesses

__all__ = ["Template", "Tests"]

_INPUT, _RESULT, _QUESTIONS, _FIRST_FILE = 3, 4, 5, 6
_SPARE_DESCRIPTORS = 16
"""Of those that a template may have, for all that is not a file of a test."""
_MAX_HELD_BYTES = 4 << 20
"""How much of inputs, and of outputs, may lie in files of tests before more are prepared, or those that ran written."""


class Tests:
    """What a slot prepares once for all problems on standard input: how each test of a batch is started.

    The files of the first test are the first that a template opens, and so on, so their numbers are known before.
    """

    def __init__(self, confinement: Confinement) -> None:
        self.scratch = confinement.scratch
        self.limits = confinement.limits
        self.main = ModuleType("__main__")
        self.nap = FirstNap(is_bounded_by_kernel=True, cpu_limit=self.limits.cpu_seconds)
        number = (confinement.num_descriptors - _SPARE_DESCRIPTORS) // 3
        self.witnesses = Witnesses(number)
        self.files = [(first, first + 1, first + 2) for first in range(_FIRST_FILE, _FIRST_FILE + 3 * number, 3)]
        self.entries = [
            confinement.prepare_test(files, self.witnesses.steps(index)) for index, files in enumerate(self.files)
        ]


class Template(NamedTuple):
    """What the process needs to know: the sizes of the program and of each input, which lie one behind the other."""

    program_size: int
    input_sizes: list[int]
    tests: Tests

    def run(self) -> None:
        """Write a record per test until one meets a time limit; never returns.

        A record is a JSON line with `exit_code`, `cpu_seconds`, `limit`, `stdout` and `stderr`, the last two being
        the numbers of bytes that follow. A program that cannot be compiled gives `failed` instead.

        Raises:
            Unconfined: a test did not run, for reasons of the machine.
        """
        program = read_file(_INPUT, self.program_size).decode("utf-8", "surrogatepass")
        try:
            code = compile(program, "main.py", "exec")
        except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
            _record({"failed": describe(error)})
            os._exit(0)
        become_main(self.tests.main)
        offset, sizes = self.program_size, self.input_sizes
        while sizes:
            batch = sizes[: self._num_next(sizes)]
            if not self._run_batch(code, offset, batch):
                break
            offset, sizes = offset + sum(batch), sizes[len(batch) :]
        os._exit(0)

    def _num_next(self, sizes: Sequence[int]) -> int:
        """How many tests the next batch has: as many as there are descriptors for, fewer where inputs are large."""
        number = min(len(self.tests.entries), len(sizes))
        while number > 1 and sum(sizes[:number]) > _MAX_HELD_BYTES:
            number //= 2
        return number

    def _run_batch(self, code: CodeType, offset: int, sizes: Sequence[int]) -> bool:
        """Run the tests whose inputs begin at `offset`; returns whether the time limits were kept.

        Raises:
            Unconfined: a test did not run, for reasons of the machine.
        """
        _open_files(self.tests.files, offset, sizes)
        endings: list[Ending] = []
        num_written = num_held_bytes = 0
        for files, entry, _ in zip(self.tests.files, self.tests.entries, sizes, strict=False):
            self._empty_scratch()
            endings.append(self._run_test(code, entry))
            if endings[-1].limit is not None:
                break
            num_held_bytes += sum(512 * os.fstat(file).st_blocks for file in files)
            if num_held_bytes > _MAX_HELD_BYTES:
                self._write_down(num_written, endings)
                num_written, num_held_bytes = len(endings), 0
        self.tests.witnesses.check(len(endings))
        self._write_down(num_written, endings)
        return endings[-1].limit is None

    def _run_test(self, code: CodeType, entry: Entry) -> Ending:
        nap, limits = self.tests.nap, self.tests.limits
        nap.forget()
        start = time.monotonic()
        process_id = entry.fork(nap.step)
        if process_id == 0:
            run_script(code)
        ending = nap.reap(process_id)
        if ending is not None:
            return ending
        child = Child(process_id, limits.cpu_seconds, time.monotonic() - start)
        return Watch([child], limits.wall_seconds, lambda: _ask_slot(Question.WAITED)).until_end()[0]

    def _write_down(self, first: int, endings: Sequence[Ending]) -> None:
        """Write the records of the tests of this batch that have ended, from `first` on, and close their files."""
        for index in range(first, len(endings)):
            files, ending = self.tests.files[index], endings[index]
            outputs = [read_file(file, self.tests.limits.output_bytes + 1) for file in files[1:]]
            for file in files:
                os.close(file)
            _record({**ending._asdict(), "stdout": len(outputs[0]), "stderr": len(outputs[1])}, *outputs)

    def _empty_scratch(self) -> None:
        try:
            is_empty = sorted(os.listdir(".")) == self.tests.scratch.kept
        except PermissionError:
            is_empty = False
        if not is_empty:
            _ask_slot(Question.EMPTY_SCRATCH)


def _open_files(numbers: Sequence[tuple[int, int, int]], offset: int, sizes: Sequence[int]) -> None:
    for (stdin, stdout, stderr), size in zip(numbers, sizes, strict=False):
        opened = memory_file(read_file(_INPUT, size, offset)), memory_file(), memory_file()
        assert opened == (stdin, stdout, stderr), "a template opens nothing else"
        offset += size


def _ask_slot(question: Question) -> float:
    """The slot sees and may do what this process cannot any more; it answers on a socket."""
    os.write(_QUESTIONS, question)
    return struct.unpack("d", os.read(_QUESTIONS, 8))[0]


def _record(header: dict[str, object], *contents: bytes) -> None:
    view = memoryview(b"".join((json.dumps(header).encode("ascii"), b"\n", *contents)))
    while view:
        view = view[os.write(_RESULT, view) :]
