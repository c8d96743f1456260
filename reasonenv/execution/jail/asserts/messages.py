"""Messages between the tests and the program, which sit in two jails with one socket between them.

    → ["call", target, arguments, keywords]   call a name or a kept object
    → ["do", operation, operands]   what an operator, a built-in function or a loop asks of objects
    → ["get", target, attribute] / ["set", target, attribute, value]   an attribute of it
    → ["name", name]   the object of that name
    → ["about", name]   `["error", the classes above an exception]`, or `["value", the object of that name]`
    ← ["value", value, changes]   changes: the positional arguments afterwards, where the call altered them
    ← ["same", place, changes]   as the value: the positional argument at that place, itself
    ← ["raised", names, text]     the classes of the exception, nearest first
    ← ["callback", number, arguments]   call a function of the tests; answered like a call, before anything else
    ← ["loaded"] / ["failed", status, text]   once, before the first call

Values are texts of `reasonenv.execution.wire.codec`. An object that is not plain stays on its side and is sent as a
number: one of the program's counts from 0 up, a function of the tests from -1 down.
"""

from __future__ import annotations

import json
import os
from typing import Any, cast

NO_LIMIT = 1 << 40
_LENGTH_BYTES = 4


class Gone(BaseException):
    """The other process has ended. No `except Exception` of a test may take that for an answer."""


def send(descriptor: int, message: object) -> None:
    """Send a message; raise `Gone` where nobody is there."""
    content = json.dumps(message).encode("ascii")
    view = memoryview(len(content).to_bytes(_LENGTH_BYTES, "little") + content)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise Gone from error


def receive(descriptor: int, max_bytes: int) -> tuple[list[Any], int]:
    """Return the next message, a list that starts with a word, and its size; raise `Gone` where there is none."""
    size = int.from_bytes(_read(descriptor, _LENGTH_BYTES), "little")
    if size > max_bytes:
        raise Gone
    try:
        message: Any = json.loads(_read(descriptor, size))
    except (ValueError, RecursionError) as error:
        raise Gone from error
    if type(message) is not list or not message or type(cast("Any", message[0])) is not str:
        raise Gone
    return message, size


def raised(error: BaseException, text: str) -> list[Any]:
    """Return the message about an exception."""
    return ["raised", [kind.__name__ for kind in type(error).__mro__], text]


def _read(descriptor: int, size: int) -> bytes:
    chunks: list[bytes] = []
    while size > 0:
        try:
            chunk = os.read(descriptor, min(size, 1 << 20))
        except OSError as error:
            raise Gone from error
        if not chunk:
            raise Gone
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)
