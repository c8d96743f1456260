"""The tests' end of their conversation with the program: objects that stand for the program's.

A `Remote` may be called, asked for attributes, items, length, text and truth, looped over, entered, and sent back.
Beside a plain value it equals nothing and is of no order and no arithmetic, so that no object can claim to be the
expected value, or near it. Where the tests know a class of the program by name, what its objects are is the program's
to say: two of them are compared, ordered and added, and contain, what it says. Elsewhere no object can claim to equal
another, or to hold what is looked for.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from ...wire.codec import DecodeError, decode, encode
from .messages import Gone, raised, receive, send
from .patience import Patience

PROGRAM_RAISED = "raised by the program"
MAX_TEXT = 500
"""Of what the program says of its failures: longer texts could fill the tests' output."""
_MUTABLE = (list, dict, set, bytearray)
_NEVER_RAISED = (AssertionError, UnicodeError, StopIteration, StopAsyncIteration)


class NotPassable(TypeError):  # noqa: N818 - says what the value is
    """The tests gave the program something that cannot be sent."""


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

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, Remote) and bool(self._caller.do("isinstance", value, self))

    def __subclasscheck__(self, kind: object) -> bool:
        return isinstance(kind, Remote) and bool(self._caller.do("issubclass", kind, self))

    def __exit__(self, kind: object, error: object, _: object) -> bool:
        """Leave; only what the program raised may the program suppress."""
        if kind is not None and not _is_programs(error):
            return False
        return bool(self._caller.do("__exit__", self, kind is not None))

    def __contains__(self, value: object) -> bool:
        if self._caller.has_classes:
            return bool(self._caller.do("__contains__", self, value))
        return any(part is value or part == value for part in iter(cast("Any", self)))

    def __next__(self) -> Any:
        try:
            return self._caller.do("__next__", self)
        except Exception as error:
            if StopIteration.__name__ in getattr(error, "names", ()):
                raise StopIteration from error
            raise

    __hash__ = object.__hash__


def _asking(name: str, *, is_among_remotes: bool) -> Callable[..., Any]:
    def ask(self: Remote, *operands: object) -> Any:
        caller: Caller = object.__getattribute__(self, "_caller")
        if is_among_remotes and not (caller.has_classes and isinstance(operands[0], Remote)):
            return NotImplemented
        return caller.do(name, self, *operands)

    return ask


_OF_ONE = ("len", "iter", "getitem", "setitem", "delitem", "str", "repr", "bool", "neg", "enter")
_OF_TWO = (
    "eq",
    "lt",
    "le",
    "gt",
    "ge",
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "matmul",
    "and",
    "or",
    "xor",
)
for _name in (*_OF_ONE, *_OF_TWO):
    setattr(Remote, f"__{_name}__", _asking(f"__{_name}__", is_among_remotes=_name in _OF_TWO))


class _Same(NamedTuple):
    """A call returned what it was given at a place."""

    place: int


class Caller:
    """The tests' end of the socket; whatever comes in is taken for a plain value."""

    def __init__(self, descriptor: int, max_bytes: int, patience: Patience) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._patience = patience
        self.num_questions = 0
        self.num_bytes = 0
        """How much the program has sent."""
        self.shares_objects = False
        """Whether the program was given what it may change or call."""
        self.has_classes = False
        """Whether the tests know a class of the program by name; `Solution` only holds functions."""
        self.is_gone = False
        self._failure: AssertionError | None = None
        self._remotes: dict[int, Remote] = {}
        self._functions: list[Callable[..., object]] = []
        self._exceptions: dict[str, type[Exception]] = {}

    def wait_until_loaded(self) -> list[Any]:
        """Return the program's first message."""
        with self._patience:
            return receive(self._descriptor, self._max_bytes)[0]

    def named(self, name: str) -> Any:
        """Return what stands for the program's object of this name.

        Where the name begins as those of classes and constants do, an exception is a class of the tests' own, and a
        plain value is itself.
        """
        if not name[:1].isupper():
            return Remote(self, name, "name")
        self.has_classes |= name != "Solution"
        kind, found = self._about(name)
        if kind == "error" and isinstance(found, list):
            self._exceptions[name] = type(name, (_nearest(cast("list[Any]", found)),), {})
            return self._exceptions[name]
        return Remote(self, name, "name") if kind != "value" or isinstance(found, Remote) else found

    def call(self, target: str | int, arguments: tuple[object, ...], keywords: dict[str, object]) -> Any:
        """Call, and repeat on the arguments what the call did to them."""
        self.shares_objects |= any(map(_is_mutable, (*arguments, *keywords.values())))
        value, changes = self._ask(["call", target, self._encode(list(arguments)), self._encode(keywords)])
        if changes is not None:
            with self._patience:
                changed = self._decode(changes)
            _merged(list(arguments), changed)
        if not isinstance(value, _Same):
            return value
        if not 0 <= value.place < len(arguments):
            raise self._lost()
        return arguments[value.place]

    def do(self, operation: str, *operands: object) -> Any:
        """Return what an operation gives on objects of the program."""
        return self._ask(["do", operation, self._encode(operands)])[0]

    def get(self, target: str | int, name: str) -> Any:
        """Return an attribute."""
        return self._ask(["get", target, name])[0]

    def set(self, target: str | int, name: str, value: object) -> None:
        """Set an attribute."""
        self._ask(["set", target, name, self._encode(value)])

    def _about(self, name: str) -> tuple[str, Any]:
        """Return "error" and the names of classes, or "value" and what the name stands for, or what tells nothing."""
        try:
            about = self._ask(["about", name])[0]
        except Exception:  # noqa: BLE001 - the program has no such name, which its tests will find out
            return "", None
        finally:
            self.num_questions -= 1
        if isinstance(about, list) and len(cast("list[Any]", about)) == 2:
            self.num_questions += not isinstance(about[1], Remote)  # what the tests see is the program's choice then
            return cast("tuple[str, Any]", tuple(cast("list[Any]", about)))
        return "", None

    def _ask(self, message: list[object]) -> tuple[Any, str | None]:
        self.num_questions += 1
        reply = self._exchange(message)
        while reply[0] == "callback" and len(reply) == 3:
            reply = self._exchange(["answer", *self.called_back(*reply[1:])])
        is_same = reply[0] == "same" and message[0] == "call" and len(reply) == 3 and type(reply[1]) is int
        if len(reply) != 3 or not (is_same or reply[0] in ("value", "raised")):
            raise self._lost()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if reply[0] == "raised":
            raise self._exception(reply[1], str(reply[2]))
        if is_same:
            return _Same(reply[1]), reply[2]
        with self._patience:
            return self._decode(reply[1]), reply[2]

    def _exchange(self, message: object) -> list[Any]:
        with self._patience:
            try:
                send(self._descriptor, message)
                reply, size = receive(self._descriptor, self._max_bytes)
            except Gone:
                raise self._lost() from None
        self.num_bytes += size
        return reply

    def _lost(self) -> Gone:
        self.is_gone = True
        return Gone()

    def called_back(self, number: object, text: object) -> list[Any]:
        """Return what a function of the tests does with the program's arguments, which may be anything."""
        if not isinstance(number, int) or not 0 < -number <= len(self._functions):
            raise self._lost()
        try:
            with self._patience:
                arguments, keywords = self._decode(text)
            return ["value", self._encode(self._functions[-number - 1](*arguments, **keywords))]
        except AssertionError as failure:
            self._failure = failure  # whatever the program makes of it
            return raised(failure, "")
        except Exception as error:  # noqa: BLE001 - for the program to handle
            return raised(error, str(error))

    def _exception(self, names: object, text: str) -> Exception:
        """Return the nearest exception that tests may expect: of the program's own, or a built-in one.

        What ends interpreters, fails tests, or ends loops over calls before all were made becomes a plain error.
        """
        known = [name for name in names if isinstance(name, str)] if isinstance(names, list) else list[str]()
        own = (self._exceptions[name] for name in known if name in self._exceptions)
        return _raised(next(own, _nearest(known)), text[:MAX_TEXT], known)

    def _encode(self, value: object) -> str:
        return encode(value, self._number_of)

    def _decode(self, text: object) -> Any:
        if type(text) is not str:
            raise DecodeError("not a value")
        return decode(text, self._remote)

    def _number_of(self, value: object) -> int:
        if isinstance(value, Remote):
            target = object.__getattribute__(value, "_target")
            found = self._ask(["name", target])[0] if isinstance(target, str) else value
            target = object.__getattribute__(found, "_target") if isinstance(found, Remote) else None
            if isinstance(target, int):
                return target
            raise _raised(TypeError, "a plain value where a function or class is expected", ["TypeError"])
        if callable(value):
            self.shares_objects = True
            known = (number for number, function in enumerate(self._functions) if function is value)
            number = next(known, len(self._functions))
            if number == len(self._functions):
                self._functions.append(value)
            return -1 - number
        raise NotPassable(f"a {type(value).__name__} of the tests cannot be passed to the program")

    def _remote(self, number: int, type_name: str) -> Any:
        if number < 0:
            return self._functions[-number - 1] if -number <= len(self._functions) else None
        return self._remotes.setdefault(number, Remote(self, number, type_name))


CALLED_BACK = Caller.called_back.__code__
"""Where functions of the tests run because the program says so."""


def _is_programs(error: object) -> bool:
    return PROGRAM_RAISED in getattr(error, "__notes__", ())


def _is_mutable(value: object) -> bool:
    return isinstance(value, _MUTABLE) or (
        isinstance(value, tuple) and any(map(_is_mutable, cast("tuple[object, ...]", value)))
    )


def _nearest(names: list[Any]) -> type[Exception]:
    for name in names:
        kind = getattr(builtins, name, None) if isinstance(name, str) else None
        if isinstance(kind, type) and issubclass(kind, Exception) and kind not in _NEVER_RAISED:
            return kind
    return RuntimeError


def _raised(kind: type[Exception], text: str, names: list[str]) -> Exception:
    error = kind.__new__(kind, text)
    error.args = (text,)
    error.add_note(PROGRAM_RAISED)
    vars(error)["names"] = names
    return error


def _merged(old: Any, new: Any) -> Any:
    """Return the new value as the old one changed: mutable values keep their identity, at the same place."""
    if type(old) is not type(new):
        return new
    if isinstance(old, tuple):
        parts = _parts(old, new)
        return (
            old
            if all(part is before for part, before in zip(parts, old, strict=False)) and len(old) == len(new)
            else tuple(parts)
        )
    if isinstance(old, list):
        old[:] = _parts(old, new)
        return old
    if isinstance(old, bytearray):
        old[:] = new
        return old
    if isinstance(old, set):
        old.clear()
        old.update(new)
        return old
    if isinstance(old, dict):
        before = dict(cast("dict[Any, Any]", old))
        changed = {key: _merged(before[key], value) if key in before else value for key, value in new.items()}
        old.clear()
        old.update(changed)
        return old
    return new


def _parts(old: Any, new: Any) -> list[Any]:
    if len(old) != len(new):
        return list(new)
    return [_merged(before, after) for before, after in zip(old, new, strict=True)]
