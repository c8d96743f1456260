"""What of a prelude a program needs, so that a program which mentions nothing of it costs nothing."""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from reasonenv.execution.jobs.job import BrokenTestsError

__all__ = ["prelude_for"]

_WORD = re.compile(r"\w+")


class _Statement(NamedTuple):
    source: str
    binds: frozenset[str]
    """What it does but for giving these names is nothing; without any, it is always wanted."""
    uses: frozenset[str]


def prelude_for(program: str, prelude: str) -> str:
    """Return the statements of a prelude that give what the program, or one of these statements, mentions.

    A statement that gives no name is kept, such as `sys.setrecursionlimit(50000)`.

    Raises:
        BrokenTestsError: the prelude is no Python.
    """
    if not prelude:
        return ""
    names = set(_WORD.findall(program))
    kept: list[str] = []
    for statement in reversed(_statements(prelude)):
        if not statement.binds or not names.isdisjoint(statement.binds):
            kept.append(statement.source)
            names |= statement.uses
    return "\n".join(reversed(kept))


@lru_cache(maxsize=64)
def _statements(prelude: str) -> tuple[_Statement, ...]:
    """Return the statements of a prelude, imports name by name; BrokenTestsError where it is no Python."""
    found: list[_Statement] = []
    try:
        tree = ast.parse(prelude)
    except (SyntaxError, ValueError) as error:
        raise BrokenTestsError(f"the prelude is no Python: {error}") from error
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "builtins" and node.names[0].name == "*":
            found = [part for part in found if not part.binds & vars(builtins).keys()]
        else:
            found += _split(node)
    return tuple(found)


def _split(node: ast.stmt) -> Iterator[_Statement]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                name = alias.asname or alias.name.partition(".")[0]
                yield _Statement(ast.unparse(ast.Import([alias])), frozenset([name]), frozenset())
        case ast.ImportFrom(module=module, names=names, level=level):
            for alias in _expanded(module, names):
                source = ast.unparse(ast.ImportFrom(module, [alias], level))
                binds = frozenset[str]() if alias.name == "*" else frozenset([alias.asname or alias.name])
                yield _Statement(source, binds, frozenset())
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield _Statement(ast.unparse(node), frozenset([name]), _words(node))
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield _Statement(ast.unparse(node), frozenset([name]), _words(node))
        case _:
            yield _Statement(ast.unparse(node), frozenset(), _words(node))


def _expanded(module: str | None, names: list[ast.alias]) -> list[ast.alias]:
    """Return the names that a star stands for, where the module is one of Python's own."""
    if module is None or names[0].name != "*" or module.partition(".")[0] not in sys.stdlib_module_names:
        return names
    held = vars(importlib.import_module(module))
    public = held.get("__all__") or [name for name in held if not name.startswith("_")]
    return [ast.alias(name) for name in public]


def _words(node: ast.stmt) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
