"""The process that all others are forked from: a fresh interpreter that has loaded what programs often import.

The caller starts it with `python -I` and a clean environment, never as a fork of itself, and it runs no thread.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import select
import signal
import socket
import sys
from typing import Any

from ..wire.channel import receive, send
from ..wire.folders import remove_folder
from .confinement import RunLimits, interpreter_bytes
from .kernel import syscalls
from .probe import probe_layers
from .series import open_streams_on_files
from .slot import SlotSettings, serve
from .warmup import warm_up

_OFTEN_IMPORTED = """
bisect collections copy functools heapq io itertools json math operator os re string sys time types typing
"""
_HUGE_PAGE, _MADV_COLLAPSE = 2 << 20, 25
_CHECK_PARENT_MILLISECONDS = 1000


def main(preload: str) -> None:
    """Serve requests on standard input, a socket, until it closes; `preload` "numeric" is to load NumPy and SymPy."""
    for name in _OFTEN_IMPORTED.split():
        importlib.import_module(name)
    for name in ("numpy", "sympy") if preload == "numeric" else ():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.dont_write_bytecode = True
    # What these modules registered for the end is of no use to programs, and running it would cost every one of them.
    atexit._clear()  # pyright: ignore[reportPrivateUsage]
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    _die_first()
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    open_streams_on_files()
    if preload == "numeric":
        _use_huge_pages()
    zygote = _Zygote(connection, _make_folder())
    with contextlib.suppress(ConnectionError):
        zygote.serve()
    zygote.end()


def _die_first() -> None:
    """Where memory runs out, let the kernel choose among this process and its children, not the trainer."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")


def _use_huge_pages() -> None:
    """Put the memory into pages of 2 MiB, where the kernel does that (6.1): a fork copies each entry of a page table.

    Worth it only for as much memory as NumPy and SymPy take.
    """
    with open("/proc/self/maps", encoding="ascii") as lines:
        mappings = lines.read().splitlines()
    for line in mappings:
        addresses, mode, _, _, inode, *names = line.split()
        if mode == "rw-p" and inode == "0" and names in ([], ["[heap]"]):
            start, end = (int(address, 16) for address in addresses.split("-"))
            for page in range(-(-start // _HUGE_PAGE) * _HUGE_PAGE, end - _HUGE_PAGE + 1, _HUGE_PAGE):
                with contextlib.suppress(OSError):
                    syscalls.take([syscalls.step("madvise", page, _HUGE_PAGE, _MADV_COLLAPSE)])


def _make_folder() -> str:
    """Make a folder where `tempfile` would, which loads three compressors that every fork would carry."""
    for parent in ("/tmp", "/var/tmp", "/usr/tmp", os.getcwd()):
        folder = f"{parent}/reasonenv-{os.urandom(6).hex()}"
        with contextlib.suppress(OSError):
            os.mkdir(folder, 0o700)
            os.chmod(folder, 0o711)
            return folder
    raise FileNotFoundError("no folder for temporary files can be written to")


class _Zygote:
    def __init__(self, connection: socket.socket, folder: str) -> None:
        self._connection = connection
        self._folder = folder
        self._parent = os.getppid()
        self._base_bytes = interpreter_bytes()
        self._slots: set[int] = set()

    def serve(self) -> None:
        """Answer requests until the caller closes the connection or is gone."""
        send(self._connection, {"ready": True, "folder": self._folder})
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        while os.getppid() == self._parent:
            if poll.poll(_CHECK_PARENT_MILLISECONDS):
                received = receive(self._connection)
                if received is None:
                    return
                self._answer(*received)
            self._reap()

    def end(self) -> None:
        """End the slots, wait for all they started, and remove what they left on the machine."""
        for process_id in self._slots:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        remove_folder(self._folder)

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> None:
        kind = request.pop("kind")
        if kind == "probe":
            self._probe()
        elif kind == "end":
            if request["process_id"] in self._slots:
                os.kill(request["process_id"], signal.SIGKILL)
            send(self._connection, {})
        else:
            self._start_slot(request, descriptors[0])

    def _probe(self) -> None:
        """Try all layers in a child: looking for an unused uid loads libraries that every fork would carry."""
        process_id = os.fork()
        if process_id == 0:
            try:
                send(self._connection, probe_layers())
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(process_id, 0)[1] != 0:
            raise ConnectionError("the probe failed")

    def _start_slot(self, request: dict[str, Any], descriptor: int) -> None:
        limits = RunLimits(**request.pop("limits"))
        settings = SlotSettings(limits=limits, base_bytes=self._base_bytes, folder=self._folder, **request)
        process_id = os.fork()
        if process_id == 0:
            self._connection.close()
            try:
                serve(socket.socket(fileno=descriptor), settings)
            finally:
                os._exit(1)
        self._slots.add(process_id)
        os.close(descriptor)
        send(self._connection, {"process_id": process_id})

    def _reap(self) -> None:
        """Reap slots that ended, and orphans of those that were killed."""
        with contextlib.suppress(ChildProcessError):
            while ended := os.waitpid(-1, os.WNOHANG)[0]:
                self._slots.discard(ended)
