"""The caller's hold on the processes of a sandbox: zygotes, and the slots that are forked from them.

A zygote ends when its socket closes, when its parent vanishes and when it is killed. Its slots end with it, and with a
slot ends everything in it.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from reasonenv.execution.jobs import Job, Preload
from reasonenv.execution.types import Limits
from reasonenv.execution.wire.channel import memory_file, read_file, receive, send
from reasonenv.execution.wire.endings import Ending
from reasonenv.execution.wire.folders import remove_folder

__all__ = ["JailLost", "SlotProcess", "Zygote", "job_seconds"]

_FAR_SIDE = """
import sys, types
package = sys.modules["reasonenv_far_side"] = types.ModuleType("reasonenv_far_side")
package.__path__ = [sys.argv[1]]
from reasonenv_far_side.jail.zygote import main
main(sys.argv[2])
"""
"""Finds `jail` and `wire` below an empty package of another name, so that nothing else of this one is imported."""
_ENVIRONMENT = {
    # Addresses of C functions are looked up once at the start, not in every fork that is the first to call one.
    "LD_BIND_NOW": "1",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "TZ": "UTC",
    "MALLOC_ARENA_MAX": "1",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
_END_SECONDS = 10.0

ResultT = TypeVar("ResultT")


class JailLost(Exception):  # noqa: N818 - says what happened
    """A slot or zygote ended before it answered."""


def job_seconds(num_executions: int, limits: Limits) -> float:
    """Return how long one attempt at a job may take in all; all its attempts take at most twice that."""
    return 30.0 + 1.5 * num_executions * limits.wall_seconds


class Zygote:
    """One zygote; any thread may call its methods."""

    def __init__(self, preload: Preload = Preload.BASICS) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-I", "-c", _FAR_SIDE, str(Path(__file__).parent), preload.value],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._folder: str | None = None

    def ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> Any:
        """Send a request and return the answer; raise `JailLost` if the zygote has ended."""
        with self._lock:
            try:
                if self._folder is None:
                    self._folder = _answer(self._connection)["folder"]
                send(self._connection, request, descriptors)
                return _answer(self._connection)
            except OSError as error:
                raise JailLost("the zygote has ended") from error

    def close(self) -> None:
        """End the zygote with all its slots, and wait until they are gone."""
        self._connection.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._folder is not None:
            remove_folder(self._folder)

    def abandon(self) -> None:
        """Let go of the zygote without ending it: in a fork of the caller, to whom it belongs."""
        self._connection.close()
        self.process.returncode = 0


class SlotProcess:
    """One slot, and what it is working on. Its methods raise `JailLost` if it has ended, or hangs."""

    def __init__(self, zygote: Zygote, settings: dict[str, Any]) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                answer = zygote.ask({"kind": "slot", **settings}, [theirs.fileno()])
            except JailLost:
                self._connection.close()
                raise
        self._zygote = zygote
        self.process_id: int = answer["process_id"]
        self.deadline = math.inf
        self._job: Job[Any] | None = None
        self._outputs: list[int] = []

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there is something to `receive`."""
        return self._connection.fileno()

    def start(self, job: Job[Any], limits: Limits) -> None:
        """Send a job; the slot may still be starting."""
        self._job, self._outputs = replace(job, inputs=()), [memory_file() for _ in range(job.num_outputs)]
        # The slot keeps the limits itself, by the time that it got. This one is for a slot that hangs.
        self.deadline = time.monotonic() + job_seconds(job.num_executions, limits)
        inputs = [memory_file(content) for content in job.inputs]
        try:
            send(self._connection, job.message, [*inputs, *self._outputs])
        except OSError as error:
            raise JailLost("the slot has ended") from error
        finally:
            for descriptor in inputs:
                os.close(descriptor)

    def receive(self) -> Any:
        """Return what the job gave, or None where the slot has only said that it is ready."""
        try:
            message = _answer(self._connection)
        except OSError as error:
            raise JailLost("the slot has ended") from error
        if "endings" not in message:
            return None
        job = self._job
        assert job is not None, "a slot answers to what it was asked"
        contents = [read_file(output, job.max_output_bytes) for output in self._outputs]
        self._forget_job()
        return job.interpret([Ending(*ending) for ending in message["endings"]], *contents)

    def do(self, job: Job[ResultT], limits: Limits) -> ResultT:
        """Do one job and wait for what it gives."""
        self.start(job, limits)
        poll = select.poll()
        poll.register(self, select.POLLIN)
        while poll.poll(1000 * (self.deadline - time.monotonic())):
            result: ResultT | None = self.receive()
            if result is not None:
                return result
        raise JailLost("the slot hangs")

    def close(self) -> None:
        """End the slot, whatever it is doing."""
        self.abandon()
        with contextlib.suppress(JailLost):
            self._zygote.ask({"kind": "end", "process_id": self.process_id})

    def abandon(self) -> None:
        """Close the connection; the slot ends when it notices."""
        self._forget_job()
        self._connection.close()

    def _forget_job(self) -> None:
        for output in self._outputs:
            os.ftruncate(output, 0)
            os.close(output)
        self._job, self._outputs, self.deadline = None, [], math.inf


def _answer(connection: socket.socket) -> Any:
    received = receive(connection)
    if received is None:
        raise ConnectionResetError("the other side is gone")
    return received[0]
