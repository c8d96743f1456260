"""Worker processes that can be killed: fresh interpreters that run one program and answer lines of JSON.

Both sides live here. The caller makes a `WorkerProcess`; the process runs this file as a script, which needs only the
standard library, so that nothing is imported before the program imports it. A program is a file that defines
`prepare(**settings)`, which returns the first reply and the function that answers requests, or None to end the process.

Time limits are enforced from outside, by killing: no signal is armed on either side. Covered: hangs, deaths, memory
(RLIMIT_AS, from the end of `prepare` on), text on standard output, a caller that is killed (the process reads the end
of its input in a thread of its own and exits). Not covered: isolation from files and network; Windows.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

__all__ = ["NoReplyError", "WorkerProcess"]

_CHUNK_BYTES = 1 << 16


class NoReplyError(Exception):
    """A worker process that hung or died instead of replying."""

    def __init__(self, reason: str, *, is_hung: bool) -> None:
        super().__init__(reason)
        self.is_hung = is_hung


class WorkerProcess:
    """One process, which starts at once. Its first reply, which tells that it is ready, is still to be received.

    Args:
        program: the file to run.
        settings: arguments of its `prepare`.
        memory_bytes: its address space.
    """

    def __init__(self, program: Path, settings: Mapping[str, str], *, memory_bytes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        os.set_blocking(self._requests.fileno(), False)
        self._received = b""
        self.is_dead = False
        paths = [str(Path.cwd()) if path == "" else path for path in sys.path]
        start = {"sys_path": paths, "memory_bytes": memory_bytes, "program": str(program), "settings": dict(settings)}
        self.send(start, timeout_seconds=60.0)

    @property
    def process_id(self) -> int:
        """The id of the process, which leads a session and a process group of its own."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended, negative for a signal; None while it runs."""
        return self._process.returncode

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is something to `receive`."""
        return self._replies.fileno()

    def send(self, message: Mapping[str, object], *, timeout_seconds: float) -> None:
        """Write a message; a process that does not take it in time, or is dead, is noticed when no reply comes."""
        deadline = time.monotonic() + timeout_seconds
        unsent = memoryview((json.dumps(message) + "\n").encode("ascii"))
        with contextlib.suppress(BrokenPipeError):
            while unsent and _is_ready(self._requests, select.POLLOUT, deadline):
                unsent = unsent[os.write(self._requests.fileno(), unsent) :]

    def receive(self) -> dict[str, Any] | None:
        """Return a reply once a whole line is there, else None; the end of the output means death: see `is_dead`."""
        chunk = os.read(self._replies.fileno(), _CHUNK_BYTES)
        if not chunk:
            self.kill()
        self._received += chunk
        if not self._received.endswith(b"\n"):
            return None
        reply, self._received = json.loads(self._received), b""
        return reply

    def ask(self, message: Mapping[str, object], *, timeout_seconds: float) -> dict[str, Any]:
        """Send a message and wait for its reply.

        Raises:
            NoReplyError: none came within the time, or the process died.
        """
        deadline = time.monotonic() + timeout_seconds
        self.send(message, timeout_seconds=timeout_seconds)
        return self.wait(timeout_seconds=deadline - time.monotonic())

    def wait(self, *, timeout_seconds: float) -> dict[str, Any]:
        """Wait for the next reply; see `ask`."""
        deadline = time.monotonic() + timeout_seconds
        while _is_ready(self._replies, select.POLLIN, deadline):
            reply = self.receive()
            if self.is_dead:
                raise NoReplyError("the process ended", is_hung=False)
            if reply is not None:
                return reply
        raise NoReplyError("stopped at the time limit", is_hung=True)

    def kill(self) -> None:
        """Kill the process and whatever it started, and wait for its end; the pipes stay open."""
        self.is_dead = True
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Kill the process if it still runs, and close the pipes."""
        if not self.is_dead:
            self.kill()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Close this side's ends of the pipes; the process then ends by itself."""
        self._requests.close()
        self._replies.close()

    def abandon(self) -> None:
        """Forget the process in a forked child: it is the parent's, whose death it must still see in its pipes."""
        self.close_pipes()
        self._process.returncode = 0


def _is_ready(pipe: IO[bytes], event: int, deadline: float) -> bool:
    """Wait until a pipe can be read or written; return False if it cannot be by the deadline."""
    poll = select.poll()
    poll.register(pipe, event)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _serve() -> None:
    """Be the process: prepare the program, then answer each line of the input with a line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    start = json.loads(requests.get())
    sys.path[:] = start["sys_path"]
    prepared: tuple[dict[str, Any], Callable[..., dict[str, Any]] | None]
    prepared = runpy.run_path(start["program"])["prepare"](**start["settings"])
    reply, answer = prepared
    hard_limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    is_free = hard_limit == resource.RLIM_INFINITY
    soft_limit = start["memory_bytes"] if is_free else min(start["memory_bytes"], hard_limit)
    resource.setrlimit(resource.RLIMIT_AS, (soft_limit, hard_limit))
    while True:
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
        if answer is None:
            return
        reply = answer(**json.loads(requests.get()))


def _read(requests: queue.SimpleQueue[bytes]) -> None:
    """Queue each line; when the caller is gone, end the process even in the middle of an answer.

    Reads the descriptor itself: a program that forks would leave a lock of `sys.stdin` held in its child.
    """
    received = b""
    while chunk := os.read(0, _CHUNK_BYTES):
        *lines, received = (received + chunk).split(b"\n")
        for line in lines:
            requests.put(line)
    os._exit(0)


if __name__ == "__main__":
    _serve()
