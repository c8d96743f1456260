"""Problems on standard input: a template, a confined process, compiles the program once and forks for every test.

The template runs nothing of the program itself. Its filter allows forking, memfds and ending its children; every child
gives that up first. An input stays in a file until its child reads it, so no child's memory holds those of others.

Tests are prepared before, and written down after, a batch of forks: what the template does between two forks is paid
for in copies of the memory that it shares with the child.

A child runs one test, or a series of them if the program is `stateless`. Of tests behind others only good ends are
believed: any other is run again by a child that begins with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import struct
import time
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import NamedTuple

from ..wire.channel import memory_file, read_file
from ..wire.endings import Ending
from .confinement import Confinement, Entry
from .kernel import syscalls
from .programs import become_main, compile_source, describe
from .series import run_alone, run_series
from .stateless import is_stateless
from .watch import Child, ConfinementMarks, FirstWait, Question, Watch

_INPUT, _RESULT, _QUESTIONS, _PROGRESS, _FIRST_FILE = 3, 4, 5, 6, 7
_SPARE_DESCRIPTORS = 16
"""What a template needs beside the files of tests."""
_WORTH_SHARING = """
array base64 calendar cmath dataclasses datetime decimal fractions hashlib numbers queue random statistics tempfile
textwrap threading
"""
"""Modules that are loaded before the tests where a program names them: few do, and all forks pay for what is loaded."""
_STATE_WORDS, _SIZE, _BLOCKS = 18, 6, 8
"""How many words `fstat` writes at most, and which of them are the size and the number of blocks of 512 bytes."""
_MAX_SERIES = 10
"""How many tests one process may run: enough to make up for its fork, and few files that it could fill."""
_MAX_HELD_BYTES = 4 << 20
"""How much inputs, or outputs, may take in files: no more tests are prepared then, or those that ran written down."""


def max_tests(confinement: Confinement) -> int:
    """Return how many tests a batch may have: each has three files open."""
    return (confinement.num_descriptors - _SPARE_DESCRIPTORS) // 3


class Tests:
    """What a slot prepares once for all problems on standard input: how each test of a batch is started.

    A template opens the files of its tests first and in order, so their numbers are known before. `places` are those of
    the tests among the marks.
    """

    def __init__(self, confinement: Confinement, marks: ConfinementMarks, places: range) -> None:
        self._confinement = confinement
        self.scratch = confinement.scratch
        self.limits = confinement.limits
        self.main = ModuleType("__main__")
        self.first_wait = FirstWait(is_bounded_by_kernel=True, cpu_limit=self.limits.cpu_seconds)
        self.marks, self.places = marks, places
        firsts = range(_FIRST_FILE, _FIRST_FILE + 3 * len(places), 3)
        self.files = [(first, first + 1, first + 2) for first in firsts]
        self.entries = [
            confinement.prepare_test(files, marks.steps(place)) for files, place in zip(self.files, places, strict=True)
        ]
        self._states = (ctypes.c_long * (3 * _STATE_WORDS))()
        self._looks = [self._steps_of_look(files) for files in self.files]
        self.waits = [[self.first_wait.step, self.first_wait.reap, *looks] for looks in self._looks]
        """What a template does while each test runs and when it has ended."""

    def series_entry(self, indices: range) -> Entry:
        """Return how the child is started that runs these tests one after the other."""
        files = [file for index in indices for file in self.files[index]]
        mark = self.marks.steps(self.places[indices.start])
        return self._confinement.prepare_test((), mark, kept=(_PROGRESS, *files))

    def look(self, index: int) -> None:
        """Look again at the files of a test that had not ended."""
        syscalls.take(self._looks[index])

    def held_bytes(self) -> int:
        """Return how much memory the files took at the last look; a program can make that more than their sizes."""
        words = self._states
        return 512 * (words[_BLOCKS] + words[_BLOCKS + _STATE_WORDS] + words[_BLOCKS + 2 * _STATE_WORDS])

    def output_bytes(self) -> int:
        """Return how much the test had printed at the last look."""
        return self._states[_SIZE + _STATE_WORDS] + self._states[_SIZE + 2 * _STATE_WORDS]

    def _steps_of_look(self, files: Sequence[int]) -> list[syscalls.Step]:
        first, size = ctypes.addressof(self._states), ctypes.sizeof(ctypes.c_long) * _STATE_WORDS
        return [syscalls.step("fstat", file, first + index * size) for index, file in enumerate(files)]


class Template(NamedTuple):
    """What a template needs to know: the sizes of the prelude, the program and each input, which lie one behind the
    other; how much a test may print, and the records of all tests may take.
    """

    prelude_size: int
    program_size: int
    input_sizes: list[int]
    test_bytes: int
    max_result_bytes: int
    tests: Tests

    def run(self) -> None:
        """Write a record per test until one meets a limit of time or output, or all of them do; never returns.

        A record is a JSON line with `exit_code`, `cpu_seconds`, `limit`, `stdout` and `stderr`, the last two being
        the numbers of bytes that follow. A program that cannot be compiled gives `failed` instead.

        Raises:
            Unconfined: a test did not run, for reasons of the machine.
        """
        prelude = read_file(_INPUT, self.prelude_size).decode("utf-8", "surrogatepass")
        program = read_file(_INPUT, self.program_size, self.prelude_size).decode("utf-8", "surrogatepass")
        try:
            parts = [compile_source(prelude, "prelude.py")] if prelude else []
            parts.append(compile_source(program, "main.py"))
        except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
            _record(json.dumps({"failed": describe(error)}))
            os._exit(0)
        named = {name for part in parts for name in part.co_names}
        for name in named.intersection(_WORTH_SHARING.split()):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        become_main(self.tests.main)
        opened = memory_file()
        assert opened == _PROGRESS, "a template has opened nothing yet"
        # A series, whose files may be as large as one output, is for programs that print little.
        is_ordinary = self.test_bytes <= self.tests.limits.output_bytes
        max_series = _MAX_SERIES if is_ordinary and all(map(is_stateless, parts)) else 1
        offset, sizes = self.prelude_size + self.program_size, self.input_sizes
        while sizes:
            batch = sizes[: self._num_next(sizes)]
            if not self._run_batch(parts, offset, batch, max_series):
                break
            offset, sizes = offset + sum(batch), sizes[len(batch) :]
        os._exit(0)

    def _num_next(self, sizes: Sequence[int]) -> int:
        """Return how many tests the next batch has: as many as there are descriptors, fewer where inputs are large."""
        number = min(len(self.tests.entries), len(sizes))
        while number > 1 and sum(sizes[:number]) > _MAX_HELD_BYTES:
            number //= 2
        return number

    def _run_batch(self, parts: Sequence[CodeType], offset: int, sizes: Sequence[int], max_series: int) -> bool:
        """Run the tests whose inputs begin at `offset`; return whether more may run. Raises as `run`."""
        _open_files(self.tests.files, offset, sizes)
        endings: list[Ending] = []
        starts: list[int] = []
        num_written = num_held_bytes = 0
        is_over = False
        while len(endings) < len(sizes) and not is_over:
            self._empty_scratch()
            indices = range(len(endings), min(len(sizes), len(endings) + max_series))
            starts.append(indices.start)
            if len(indices) > 1:
                endings += self._run_series(parts, indices)
                num_held_bytes += self._held_bytes(indices)
                num_printed = sum(os.fstat(file).st_size for file in self.tests.files[len(endings) - 1][1:])
            else:
                endings.append(self._run_test(parts, indices.start))
                num_held_bytes += self.tests.held_bytes()
                num_printed = self.tests.output_bytes()
            is_over = endings[-1].limit is not None or num_printed > self.test_bytes
            if num_held_bytes > _MAX_HELD_BYTES:
                self._write_down(num_written, endings)
                num_written, num_held_bytes = len(endings), 0
                is_over = is_over or self._is_result_full()
        self.tests.marks.check([self.tests.places[index] for index in starts])
        self._write_down(num_written, endings)
        return not is_over and not self._is_result_full()

    def _is_result_full(self) -> bool:
        return os.fstat(_RESULT).st_size > self.max_result_bytes

    def _run_test(self, parts: Sequence[CodeType], index: int) -> Ending:
        tests = self.tests
        start = time.monotonic()
        process_id = tests.entries[index].fork(tests.waits[index])
        if process_id == 0:
            run_alone(parts)
        return self._wait(process_id, index, start)

    def _run_series(self, parts: Sequence[CodeType], indices: range) -> list[Ending]:
        """Return how the first of these tests ended and those behind it that ended well; the rest is still to run."""
        tests, limits = self.tests, self.tests.limits
        entry = tests.series_entry(indices)
        _empty(_PROGRESS)
        start = time.monotonic()
        process_id = entry.fork(tests.waits[indices.start])
        if process_id == 0:
            files = tests.files[indices.start : indices.stop]
            run_series(parts, files, _PROGRESS, limits.cpu_seconds, limits.output_bytes)
        ending = self._wait(process_id, indices.start, start)
        num_begun = max(1, min(os.fstat(_PROGRESS).st_size, len(indices)))
        endings = [Ending(0, ending.cpu_seconds / num_begun, None)] * (num_begun - 1)
        if not endings or (ending.exit_code == 0 and ending.limit is None):
            return [*endings, ending._replace(cpu_seconds=ending.cpu_seconds / num_begun)]
        _rewind(*tests.files[indices[num_begun - 1]])
        return endings

    def _wait(self, process_id: int, index: int, start: float) -> Ending:
        tests = self.tests
        ending = tests.first_wait.take_ending()
        if ending is not None:
            return ending
        limits = tests.limits
        child = Child(process_id, limits.cpu_seconds, time.monotonic() - start)
        ending = Watch([child], limits.wall_seconds, lambda: _ask_slot(Question.WAITED)).until_end()[0]
        tests.first_wait.forget()
        tests.look(index)
        return ending

    def _held_bytes(self, indices: range) -> int:
        return sum(512 * os.fstat(file).st_blocks for index in indices for file in self.tests.files[index])

    def _write_down(self, first: int, endings: Sequence[Ending]) -> None:
        """Write the records of the tests of this batch that have ended, from `first` on, and close their files."""
        for index in range(first, len(endings)):
            files, ending = self.tests.files[index], endings[index]
            outputs = [read_file(file, self.test_bytes + 1) for file in files[1:]]
            for file in files:
                os.close(file)
            _record(_describe(ending, *map(len, outputs)), *outputs)

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


def _rewind(stdin: int, *outputs: int) -> None:
    """Restore the files of a test as they were before it ran."""
    os.lseek(stdin, 0, os.SEEK_SET)
    for file in outputs:
        _empty(file)


def _empty(file: int) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)


def _ask_slot(question: Question) -> float:
    """Ask the slot, which sees and may do what this process cannot any more, on a socket."""
    os.write(_QUESTIONS, question)
    return struct.unpack("d", os.read(_QUESTIONS, 8))[0]


def _describe(ending: Ending, num_out: int, num_error: int) -> str:
    limit = "null" if ending.limit is None else f'"{ending.limit}"'
    times = f'"exit_code": {ending.exit_code}, "cpu_seconds": {ending.cpu_seconds}, "limit": {limit}'
    return f'{{{times}, "stdout": {num_out}, "stderr": {num_error}}}'


def _record(header: str, *contents: bytes) -> None:
    view = memoryview(b"".join((header.encode("ascii"), b"\n", *contents)))
    while view:
        view = view[os.write(_RESULT, view) :]
