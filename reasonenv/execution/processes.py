"""The caller's hold on the processes of a sandbox: zygotes, and the slots that are forked from them.

Lives here: starting, talking to and ending them. Does not: what is asked of them (`jobs`), who may ask (`pool`).

A zygote ends when its socket closes, when its parent vanishes and when it is killed; its slots end with it, and with a
slot ends everything in it.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reasonenv.execution.jail.channel import memory_file, read_file, receive, send
from reasonenv.execution.jail.scratch import remove_folder
from reasonenv.execution.jail.watch import Ending
from reasonenv.execution.jobs import Job
from reasonenv.execution.types import Limits

__all__ = ["JailLost", "SlotProcess", "Zygote"]

_JAIL = Path(__file__).with_name("jail")
_BOOTSTRAP = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("reasonenv_jail", sys.argv[1], submodule_search_locations=[sys.argv[2]])
package = importlib.util.module_from_spec(spec)
sys.modules["reasonenv_jail"] = package
spec.loader.exec_module(package)
from reasonenv_jail.zygote import main
main(sys.argv[3:])
"""
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "TZ": "UTC",
    "MALLOC_ARENA_MAX": "1",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
_END_SECONDS = 10.0


class JailLost(Exception):  # noqa: N818 - says what happened
    """A slot or zygote ended before it answered."""


class Zygote:
    """One zygote. All its methods may be called from any thread."""

    def __init__(self, *, is_numeric: bool) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-I", "-c", _BOOTSTRAP, str(_JAIL / "__init__.py"), str(_JAIL)]
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, "numeric"] if is_numeric else command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._folder: Path | None = None

    def ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> tuple[Any, list[int]]:
        """Send a request and return the answer with its descriptors.

        Raises:
            JailLost: the zygote has ended.
        """
        with self._lock:
            try:
                if self._folder is None:
                    self._folder = Path(_answer(self._connection)[0]["folder"])
                send(self._connection, request, descriptors)
                return _answer(self._connection)
            except OSError as error:
                raise JailLost("the zygote has ended") from error

    def close(self) -> None:
        """End it with all its slots, and wait until they are gone."""
        self._connection.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._folder is not None:
            remove_folder(self._folder)

    def abandon(self) -> None:
        """In a fork of the caller: let go of what belongs to the caller."""
        self._connection.close()
        self.process.returncode = 0


class SlotProcess:
    """One slot, and what it is working on."""

    def __init__(self, zygote: Zygote, settings: dict[str, Any]) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            answer, (self._pidfd,) = zygote.ask({"kind": "slot", **settings}, [theirs.fileno()])
        self.process_id: int = answer["process_id"]
        self.deadline = math.inf
        self._job: Job[Any] | None = None
        self._result = -1

    def fileno(self) -> int:
        """For poll: readable when there is something to `receive`."""
        return self._connection.fileno()

    def start(self, job: Job[Any], limits: Limits) -> None:
        """Send a job; it may still be starting up.

        Raises:
            JailLost: it has ended.
        """
        self._job, self._result = job, memory_file()
        # The slot keeps the limits itself. This one is for a slot that hangs, and generous: a machine may be busy.
        self.deadline = time.monotonic() + 60.0 + 20 * job.num_executions * limits.wall_seconds
        inputs = [memory_file(content) for content in job.inputs]
        try:
            send(self._connection, job.message, [*inputs, self._result])
        except OSError as error:
            raise JailLost("the slot has ended") from error
        finally:
            for descriptor in inputs:
                os.close(descriptor)

    def receive(self) -> Any:
        """Return what the job gave, or None where the slot has only said that it is there.

        Raises:
            JailLost: it has ended, or hangs.
        """
        try:
            message, _ = _answer(self._connection)
        except OSError as error:
            raise JailLost("the slot has ended") from error
        if "endings" not in message:
            return None
        job, result = self._job, self._result
        assert job is not None, "a slot answers to what it was asked"
        content = read_file(result, job.max_result_bytes)
        self._forget_job()
        return job.interpret([Ending(*ending) for ending in message["endings"]], content)

    def close(self) -> None:
        """End it, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self.abandon()

    def abandon(self) -> None:
        """Let go of it; a slot whose caller has let go ends."""
        self._forget_job()
        self._connection.close()
        os.close(self._pidfd)

    def _forget_job(self) -> None:
        if self._job is not None:
            os.close(self._result)
        self._job, self._result, self.deadline = None, -1, math.inf


def _answer(connection: socket.socket) -> tuple[Any, list[int]]:
    received = receive(connection)
    if received is None:
        raise ConnectionResetError("the other side is gone")
    return received
