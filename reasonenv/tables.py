"""Tables of named parts: a plain dict from name to "module:attribute", resolved on use.

One row is all it takes to add an environment, task set, reward or learner; the contract tests iterate the tables.
A part of the user's own needs no row: its "module:attribute" goes wherever a name goes.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import reduce
from typing import Any

from reasonenv.errors import PartImportError, UnknownNameError

__all__ = ["resolve"]


def resolve(table: Mapping[str, str], name: str, *, kind: str) -> Any:
    """Import and return the object that `table` holds under `name`, or that `name` itself leads to.

    Args:
        table: name → "module:attribute".
        name: a row of the table, or "module:attribute" of a part of your own.
        kind: what the table holds ("task set", "reward", …), for the error messages.

    Raises:
        UnknownNameError: no such row; the message offers the closest name.
        PartImportError: the module of a part of your own cannot be imported, or has no such attribute.
        TypeError: the name is no text.
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
        raise TypeError(f"A {kind} must be given by its name, got {type(name).__name__}: {name!r:.80}.")
    if name in table:
        module, _, attribute = table[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    if ":" not in name:
        raise UnknownNameError(kind, name, table)
    return _import_part(name, kind)


def _import_part(path: str, kind: str) -> Any:
    module, _, attribute = path.partition(":")
    try:
        return reduce(getattr, attribute.split("."), importlib.import_module(module))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a part that ends its process ends that of whoever names it
        raise PartImportError(kind, path, f"{type(error).__name__}: {error}") from error
