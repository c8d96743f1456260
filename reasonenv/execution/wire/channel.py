"""Messages between the caller, the zygote and the slots, all trusted: small JSON, and memfds for what is large."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

_MAX_MESSAGE = 1 << 18
_MAX_DESCRIPTORS = 8


def send(connection: socket.socket, message: object, descriptors: Sequence[int] = ()) -> None:
    """Send one message on a SOCK_SEQPACKET socket."""
    socket.send_fds(connection, [json.dumps(message).encode("ascii")], descriptors)


def receive(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """Return the next message and its descriptors, or None when the other side is gone."""
    text, descriptors, _, _ = socket.recv_fds(connection, _MAX_MESSAGE, _MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    return (json.loads(text), descriptors) if text else None


def memory_file(content: bytes = b"") -> int:
    """Return the descriptor of an unnamed file in memory, positioned at its start."""
    descriptor = os.memfd_create("run", os.MFD_CLOEXEC)
    offset = 0
    while offset < len(content):
        offset += os.pwrite(descriptor, memoryview(content)[offset:], offset)
    return descriptor


def read_file(descriptor: int, max_bytes: int, offset: int = 0) -> bytes:
    """Return up to `max_bytes` of a file from `offset` on, wherever its position is."""
    chunks: list[bytes] = []
    # Asking for more than there is would map and unmap a buffer of that size.
    max_bytes = min(max_bytes, os.fstat(descriptor).st_size - offset)
    while max_bytes > 0 and (chunk := os.pread(descriptor, min(max_bytes, 1 << 24), offset)):
        chunks.append(chunk)
        offset += len(chunk)
        max_bytes -= len(chunk)
    return b"".join(chunks)
