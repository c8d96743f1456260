"""Plain Python values as tagged JSON, written in a jail and read by someone who does not trust it.

    null true 7 1.5 "text"      themselves; integers beyond 64 bits are ["i", "0x…"]
    ["l", …] ["t", …] ["s", …] ["f", …]   list, tuple, set, frozenset
    ["d", key, value, …]        dictionary
    ["b", "latin-1"] ["y", …] ["c", real, imaginary]   bytes, bytearray, complex
    ["k", "int"]   one of the classes above, itself
    ["q", …] ["m", …] ["r", …] ["e", …]   fractions, decimals, ranges and dates: see `library`
    ["o", number, "type name"]   anything else: an object that stayed where it is

Covered: values that lie about themselves (only the contents of subclasses are taken, by the methods of their built-in
base), nesting, cycles, size, keys made to collide in a hash table or to be looked for in many places, unhashable keys,
malformed text. A format without
references or names leaves nothing to call, import or look up. Not covered: reading costs time linear in the text, which
the caller limits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from . import library

MAX_DEPTH = 200
_CHUNK = 64
"""How many keys go into a table between two looks at the clock."""
_SMALL_TABLE, _TABLE_SECONDS, _KEY_SECONDS = 128, 0.002, 2e-6
"""A table above that size may take so much CPU time, and so much more for each key; honest ones take a twentieth."""
_SMALL = 1 << 63

Keep = Callable[[object], int]


class DecodeError(ValueError):
    """The text is not of this format, or is made to do harm."""


class Opaque:
    """Stands for a value that is not plain and stayed in the jail; equal to itself alone."""

    __slots__ = ("number", "type_name")

    def __init__(self, number: int, type_name: str) -> None:
        self.number = number
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<opaque {self.type_name[:100]}>"


def encode(value: object, keep: Keep = id) -> str:
    """Return the text of a value; `keep` gives the number of an object that is not plain.

    Raises RecursionError for a value that is nested deeper than `MAX_DEPTH`, or within itself.
    """
    return json.dumps(_tagged(value, keep, 0), separators=(",", ":"))


def decode(text: str | bytes, make_opaque: Callable[[int, str], object] = Opaque) -> Any:
    """Return the value that a text describes, made of exact built-in types; raise DecodeError for any other text."""
    try:
        return _plain(json.loads(text), make_opaque, 0)
    except DecodeError:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise DecodeError(f"not a value: {type(error).__name__}") from error


def _tagged(value: object, keep: Keep, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is float or kind is str:
        return value
    if kind is int:
        return _tagged_integer(value)
    if depth > MAX_DEPTH:
        raise RecursionError(f"a value nested deeper than {MAX_DEPTH}")
    for base, tag in _SEQUENCES.items():
        if issubclass(kind, base):
            return [tag, *(_tagged(part, keep, depth + 1) for part in base.__iter__(value))]
    if issubclass(kind, dict):
        parts: Iterable[object] = (part for pair in dict.items(cast("dict[object, object]", value)) for part in pair)
        return ["d", *(_tagged(part, keep, depth + 1) for part in parts)]
    return _tagged_scalar(value, keep, depth)


_SEQUENCES: dict[Any, str] = {list: "l", tuple: "t", set: "s", frozenset: "f"}
_CLASSES = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict)
}


def _tagged_scalar(value: Any, keep: Keep, depth: int) -> Any:
    """Tag what is no container; take subclasses by their contents and scalars of NumPy and SymPy by Python's."""
    kind = type(value)
    if issubclass(kind, int):
        return _tagged_integer(int.__index__(value))
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, complex):
        return ["c", complex.__complex__(value).real, complex.__complex__(value).imag]
    if issubclass(kind, bytes):
        return ["b", bytes.decode(value, "latin-1")]
    if issubclass(kind, bytearray):
        return ["y", bytearray.decode(value, "latin-1")]
    plain = library.plain_equal(value)
    if plain is not NotImplemented:
        return _tagged(plain, keep, depth + 1)
    tagged = library.tagged(value)
    if tagged is not None:
        return [_tagged_integer(part) if type(part) is int else part for part in tagged]
    if issubclass(kind, type) and _CLASSES.get(value.__name__) is value:
        return ["k", value.__name__]
    return ["o", keep(value), kind.__name__]


def _tagged_integer(value: Any) -> Any:
    return value if -_SMALL <= value < _SMALL else ["i", hex(value)]


def _plain(tagged: Any, make_opaque: Callable[[int, str], object], depth: int) -> Any:
    if type(tagged) is not list:
        if type(tagged) is dict:
            raise DecodeError("not a value: an object")
        return tagged
    if depth > MAX_DEPTH:
        raise DecodeError("not a value: nested too deeply")
    tag, *rest = tagged
    if tag in ("l", "t", "s", "f", "d"):
        parts = [_plain(part, make_opaque, depth + 1) for part in rest]
        return _container(tag, parts)
    if tag == "o":
        number, type_name = rest
        return make_opaque(_of_type(int, number), _of_type(str, type_name))
    if tag in ("q", "m", "r", "e"):
        return library.read(tag, [_plain(part, make_opaque, depth + 1) for part in rest])
    return _scalar(tag, rest)


def _container(tag: str, parts: list[Any]) -> Any:
    if tag == "l":
        return parts
    if tag == "t":
        return tuple(parts)
    library.check_keys(parts[::2] if tag == "d" else parts)
    if tag == "d":
        return _filled({}, list(zip(parts[::2], parts[1::2], strict=True)), dict.update)
    found: set[Any] = _filled(set[Any](), parts, set.update)
    return found if tag == "s" else frozenset(found)


def _filled(table: Any, entries: list[Any], update: Callable[[Any, list[Any]], None]) -> Any:
    """Fill a table with entries; raise where its keys are chosen to make that slow.

    Keys of one hash are not needed for it: small integers can be chosen so that each is looked for in thousands of
    places. No look at the keys finds all such choices, so time is measured.
    """
    if len(entries) <= _SMALL_TABLE:
        update(table, entries)
        return table
    start = time.thread_time()
    for first in range(0, len(entries), _CHUNK):
        update(table, entries[first : first + _CHUNK])
        if time.thread_time() - start > _TABLE_SECONDS + _KEY_SECONDS * first:
            raise DecodeError("not a value: keys that collide")
    return table


def _scalar(tag: str, rest: list[Any]) -> Any:
    if tag == "i":
        return int(_of_type(str, *rest), 16)
    if tag == "c":
        real, imaginary = rest
        return complex(_of_type(float, real), _of_type(float, imaginary))
    if tag == "b":
        return _of_type(str, *rest).encode("latin-1")
    if tag == "y":
        return bytearray(_of_type(str, *rest), "latin-1")
    if tag == "k":
        (name,) = rest
        if name in _CLASSES:
            return _CLASSES[name]
    raise DecodeError("not a value: an unknown tag")


def _of_type(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise DecodeError(f"not a value: {kind.__name__} expected")
    return value
