"""Calls between the tests and the program, which sit in two jails with one socket between them: both ends.

    → ["call", target, arguments, keywords]   call a name or a kept object
    → ["get", target, attribute] / ["set", target, attribute, value]   an attribute of it
    ← ["value", value, changes]   changes: the positional arguments afterwards, where the call altered them
    ← ["raised", names, text]     the classes of the exception, nearest first
    ← ["loaded"] / ["failed", status, text]   once, before the first call

Values are texts of `reasonenv.execution.wire.codec`. An object that is not plain stays on its side and is sent as a
number: the tests get a `Remote`, which may be called, asked for attributes, and sent back. It equals itself alone, and
has no length, order, truth or items of its own to lie with.
"""

from __future__ import annotations

import builtins
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

from ..wire.codec import DecodeError, decode, encode

PROGRAM_RAISED = "raised by the program"
_LENGTH_BYTES = 4
_NO_LIMIT = 1 << 40
_NEVER_RAISED = (AssertionError, UnicodeError, StopIteration, StopAsyncIteration)


class Gone(BaseException):
    """The program's process has ended. No `except Exception` of a test may take that for an answer."""


class Remote:
    """An object, function or class of the program, as the tests see it."""

    __slots__ = ("_caller", "_target", "_type_name")

    def __init__(self, caller: Caller, target: str | int, type_name: str) -> None:
        for name, value in (("_caller", caller), ("_target", target), ("_type_name", type_name)):
            object.__setattr__(self, name, value)

    def __call__(self, *arguments: object, **keywords: object) -> Any:
        return self._caller.call(self._target, arguments, keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._caller.get(self._target, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._caller.set(self._target, name, value)

    def __repr__(self) -> str:
        return f"<{self._type_name[:100]} of the program>"


class Caller:
    """The tests' end of the socket; whatever comes in is taken for a plain value."""

    def __init__(self, descriptor: int, max_bytes: int) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._remotes: dict[int, Remote] = {}

    def wait_until_loaded(self) -> list[Any]:
        """Return the program's first message."""
        return _receive(self._descriptor, self._max_bytes)

    def call(self, target: str | int, arguments: tuple[object, ...], keywords: dict[str, object]) -> Any:
        """Call, and repeat on the arguments what the call did to them."""
        value, changes = self._ask(["call", target, self._encode(list(arguments)), self._encode(keywords)])
        if changes is not None:
            _update(list(arguments), self._decode(changes))
        return value

    def get(self, target: str | int, name: str) -> Any:
        """Return an attribute."""
        return self._ask(["get", target, name])[0]

    def set(self, target: str | int, name: str, value: object) -> None:
        """Set an attribute."""
        self._ask(["set", target, name, self._encode(value)])

    def _ask(self, message: list[object]) -> tuple[Any, str | None]:
        _send(self._descriptor, message)
        reply = _receive(self._descriptor, self._max_bytes)
        if len(reply) != 3 or reply[0] not in ("value", "raised"):
            raise Gone
        if reply[0] == "raised":
            raise _exception(reply[1], str(reply[2]))
        return self._decode(reply[1]), reply[2]

    def _encode(self, value: object) -> str:
        return encode(value, self._number_of)

    def _decode(self, text: object) -> Any:
        if type(text) is not str:
            raise DecodeError("not a value")
        return decode(text, self._remote)

    def _number_of(self, value: object) -> int:
        target = object.__getattribute__(value, "_target") if isinstance(value, Remote) else None
        if isinstance(target, int):
            return target
        raise TypeError(f"a {type(value).__name__} of the tests cannot be passed to the program")

    def _remote(self, number: int, type_name: str) -> Remote:
        return self._remotes.setdefault(number, Remote(self, number, type_name))


def serve_calls(descriptor: int, look_up: Callable[[str], Any], describe: Callable[[BaseException], str]) -> None:
    """Answer calls at the program's end, among untrusted code, until the tests are done."""
    objects = _KeptObjects()
    _send(descriptor, ["loaded"])
    while True:
        message = _receive(descriptor, _NO_LIMIT)
        try:
            reply = _answer(message, look_up, objects)
        except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
            reply = ["raised", [kind.__name__ for kind in type(error).__mro__], describe(error)]
        _send(descriptor, reply)


def refuse(descriptor: int, reason: Sequence[str]) -> None:
    """Say at the program's end that the program could not be loaded."""
    _send(descriptor, ["failed", *reason])


class _KeptObjects:
    """The program's objects that the tests know by number."""

    def __init__(self) -> None:
        self._objects: list[object] = []
        self._numbers: dict[int, int] = {}

    def keep(self, value: object) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def restore(self, number: int, _: str) -> object:
        return self._objects[number]


def _answer(message: list[Any], look_up: Callable[[str], Any], objects: _KeptObjects) -> list[Any]:
    action, name, *parts = message
    target: Any = look_up(name) if isinstance(name, str) else objects.restore(name, "")
    if action == "get":
        return ["value", encode(getattr(target, parts[0]), objects.keep), None]
    if action == "set":
        setattr(target, parts[0], decode(parts[1], objects.restore))
        return ["value", "null", None]
    arguments, keywords = (decode(part, objects.restore) for part in parts)
    value = encode(target(*arguments, **keywords), objects.keep)
    after = encode(arguments, objects.keep)
    return ["value", value, None if after == parts[0] else after]


def _exception(names: object, text: str) -> Exception:
    """Return the nearest built-in exception, so that tests may expect one.

    What ends interpreters, fails tests, or ends loops over calls before all of them were made becomes a plain error.
    """
    for name in names if isinstance(names, list) else []:
        kind = getattr(builtins, name, None) if isinstance(name, str) else None
        if isinstance(kind, type) and issubclass(kind, Exception) and kind not in _NEVER_RAISED:
            return _raised(kind, text)
    return _raised(RuntimeError, text)


def _raised(kind: type[Exception], text: str) -> Exception:
    error = kind.__new__(kind, text)
    error.args = (text,)
    error.add_note(PROGRAM_RAISED)
    return error


def _update(old: Any, new: Any) -> None:
    """Give mutable values the contents of new ones, and keep the identity of those within."""
    if isinstance(old, list | tuple) and type(old) is type(new) and len(old) == len(new):
        for index, (part, changed) in enumerate(zip(old, new, strict=True)):
            if type(part) is type(changed) and isinstance(part, list | tuple | dict | set | bytearray):
                _update(part, changed)
            elif isinstance(old, list):
                old[index] = changed
    elif type(old) is not type(new):
        return
    elif isinstance(old, list | bytearray):
        old[:] = new
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    elif isinstance(old, dict):
        _update_dictionary(cast("dict[Any, Any]", old), new)


def _update_dictionary(old: dict[Any, Any], new: dict[Any, Any]) -> None:
    before = old.copy()
    old.clear()
    for key, value in new.items():
        part = before.get(key)
        if type(part) is type(value) and isinstance(part, list | dict | set | bytearray):
            _update(part, value)
            old[key] = part
        else:
            old[key] = value


def _send(descriptor: int, message: object) -> None:
    content = json.dumps(message).encode("ascii")
    view = memoryview(len(content).to_bytes(_LENGTH_BYTES, "little") + content)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise Gone from error


def _receive(descriptor: int, max_bytes: int) -> list[Any]:
    """Return the next message, a list that starts with a word; raise `Gone` where there is none."""
    size = int.from_bytes(_read(descriptor, _LENGTH_BYTES), "little")
    if size > max_bytes:
        raise Gone
    try:
        message: Any = json.loads(_read(descriptor, size))
    except (ValueError, RecursionError) as error:
        raise Gone from error
    if type(message) is not list or not message or type(cast("Any", message[0])) is not str:
        raise Gone
    return message


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
