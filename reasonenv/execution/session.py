"""A conversation with one Python process in a jail: what a model's tool calls go through."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn, Self

from reasonenv.execution.jobs import Job, Preload, preload_for
from reasonenv.execution.processes import JailLost, SlotProcess
from reasonenv.execution.results import describe_end, printable
from reasonenv.execution.types import ExecutionResult, Isolation, Limits, RunStatus
from reasonenv.execution.wire.endings import STILL_RUNNING, Ending

__all__ = ["Session"]


class Session:
    """Cells run one after another and share their variables, as in a notebook.

    Each cell has the whole limits of one execution. A cell that breaks one, or ends the process, loses all variables:
    its result says `has_restarted`. Between cells the process stands still. Made by `Sandbox.session`.
    """

    def __init__(self, start: Callable[[Preload], SlotProcess], limits: Limits, isolation: Isolation) -> None:
        self._start = start
        self._limits = limits
        self._isolation: Isolation = isolation
        self._lock = threading.Lock()
        self._process: SlotProcess | None = None
        self._is_closed = False

    def run(self, cell: str) -> ExecutionResult:
        """Run a cell; `value` is the `repr` of its last expression, if it ends with one that is not None."""
        if not isinstance(cell, str):
            raise TypeError(f"A cell is a str; got {type(cell).__name__}.")
        with self._lock:
            if self._is_closed:
                raise ValueError("The session is closed.")
            try:
                return self._run(cell)
            except JailLost:
                self._end()
                return ExecutionResult(status=RunStatus.GRADER_FAILED, isolation=self._isolation, has_restarted=True)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._is_closed = True
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Session holds a process of this machine and cannot be pickled.")

    def _run(self, cell: str) -> ExecutionResult:
        if self._process is None:
            self._process = self._start(preload_for(cell))
        source = cell.encode("utf-8", "surrogatepass")
        job = Job({"kind": "cell"}, (source,), self._limits.output_bytes + 1, self._interpret, num_outputs=3)
        return self._process.do(job, self._limits)

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _interpret(self, endings: Sequence[Ending], stdout: bytes, stderr: bytes, outcome: bytes) -> ExecutionResult:
        (ending,) = endings
        limit = self._limits.output_bytes
        value: str | None = None
        if ending.exit_code != STILL_RUNNING:
            status, text = describe_end(ending)
            stderr += text.encode()
        else:
            status, value = _read_outcome(outcome[:limit])
        if len(stdout) + len(stderr) + len(outcome) > limit:
            status = RunStatus.OUTPUT_LIMIT
        return ExecutionResult(
            status=RunStatus(status),
            stdout=stdout[:limit].decode("utf-8", "replace"),
            stderr=stderr[:limit].decode("utf-8", "replace"),
            cpu_seconds=ending.cpu_seconds,
            isolation=self._isolation,
            value=value,
            has_restarted=ending.exit_code != STILL_RUNNING,
        )


def _read_outcome(text: bytes) -> tuple[str, str | None]:
    """Return status and value, which the process may have made up."""
    try:
        status, value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return "raised", None
    known = ("finished", "exited", "memory_limit")
    return status if status in known else "raised", printable(value) if isinstance(value, str) else None
