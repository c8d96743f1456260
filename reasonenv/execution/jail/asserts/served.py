"""The program's end of its conversation with the tests: among untrusted code, so it may say anything."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Sequence
from typing import Any

from ...wire.codec import decode, encode
from .messages import NO_LIMIT, Gone, raised, receive, send

_MUTABLE = (list, dict, set, bytearray)
_Describe = Callable[[BaseException], str]


def serve_calls(descriptor: int, look_up: Callable[[str], Any], describe: _Describe) -> None:
    """Answer calls until the tests are done."""
    send(descriptor, ["loaded"])
    _Server(descriptor, look_up, describe).serve()


def refuse(descriptor: int, reason: Sequence[str]) -> None:
    """Say that the program could not be loaded."""
    send(descriptor, ["failed", *reason])


class _Server:
    """Answers for the program's objects, which the tests know by name or number."""

    def __init__(self, descriptor: int, look_up: Callable[[str], Any], describe: _Describe) -> None:
        self._descriptor = descriptor
        self._look_up = look_up
        self._describe = describe
        self._objects: list[object] = []
        self._numbers: dict[int, int] = {}

    def serve(self) -> list[Any]:
        """Answer until the tests answer a callback, and return that."""
        while True:
            message, _ = receive(self._descriptor, NO_LIMIT)
            if message[0] == "answer":
                return message[1:]
            try:
                reply = self._answer(*message)
            except Gone:
                raise
            except BaseException as error:  # noqa: BLE001 - the boundary where a stranger's failure becomes data
                reply = raised(error, self._describe(error))
            send(self._descriptor, reply)

    def _answer(self, action: str, name: Any, *parts: Any) -> list[Any]:
        if action == "do":
            return ["value", self._encode(_OPERATIONS[name](*self._decode(parts[0]))), None]
        target: Any = self._look_up(name) if isinstance(name, str) else self._restore(name, "")
        if action == "get":
            return ["value", self._encode(getattr(target, parts[0])), None]
        if action == "name":
            return ["value", self._encode(target), None]
        if action == "set":
            setattr(target, parts[0], self._decode(parts[1]))
            return ["value", "null", None]
        if action == "about":
            is_error = isinstance(target, type) and issubclass(target, BaseException)
            found = ["error", [kind.__name__ for kind in target.__mro__]] if is_error else ["value", target]
            return ["value", self._encode(found), None]
        arguments, keywords = map(self._decode, parts)
        before = parts[0]
        value = target(*arguments, **keywords)
        after = self._encode(arguments)
        changes = None if after == before else after
        same = [place for place, argument in enumerate(arguments) if argument is value and isinstance(value, _MUTABLE)]
        return ["same", same[0], changes] if same else ["value", self._encode(value), changes]

    def _encode(self, value: object) -> str:
        return encode(value, self._keep)

    def _decode(self, text: str) -> Any:
        return decode(text, self._restore)

    def _keep(self, value: object) -> int:
        if isinstance(value, _Callback) and value.server is self:
            return value.number
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def _restore(self, number: int, _: str) -> Any:
        if number < 0:
            return _Callback(self, number)
        return self._objects[number]

    def call_back(self, number: int, arguments: tuple[object, ...], keywords: dict[str, object]) -> Any:
        """Have the tests call a function of theirs."""
        send(self._descriptor, ["callback", number, self._encode([list(arguments), keywords])])
        status, *rest = self.serve()
        if status == "raised":
            raise _error(*rest)
        return self._decode(rest[0])


class _Callback:
    """A function of the tests."""

    def __init__(self, server: _Server, number: int) -> None:
        self.server = server
        self.number = number

    def __call__(self, *arguments: object, **keywords: object) -> Any:
        return self.server.call_back(self.number, arguments, keywords)


def _error(names: Sequence[str], text: str) -> BaseException:
    kinds = (getattr(builtins, name, None) for name in names)
    kind = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)), RuntimeError)
    error = kind.__new__(kind, text)
    error.args = (text,)
    return error


def _enter(context: Any) -> Any:
    return context.__enter__()


def _leave(context: Any, is_raised: bool) -> bool:
    return bool(context.__exit__(*(RuntimeError, RuntimeError(), None) if is_raised else (None, None, None)))


_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "xor", "eq", "lt", "le", "gt", "ge", "neg")
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{f"__{name}__": getattr(operator, name) for name in (*_OPERATORS, "contains", "getitem", "setitem", "delitem")},
    **{"__and__": operator.and_, "__or__": operator.or_, "__len__": len, "__iter__": iter, "__next__": next},
    **{"__str__": str, "__repr__": repr, "__bool__": bool, "isinstance": isinstance, "issubclass": issubclass},
    **{"__enter__": _enter, "__exit__": _leave},
}
