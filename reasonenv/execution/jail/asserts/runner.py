"""What runs tests that are written for pytest or unittest, one by one, and lets what they raise through."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from ...wire.asserts import RUN_FUNCTION, RUN_METHOD

SOLUTION = "solution"


class NotRunnable(Exception):  # noqa: N818 - says what the test is
    """A test takes other arguments than it is given, such as fixtures."""


def runners() -> dict[str, Callable[..., None]]:
    """Return the functions that `complete` has called."""
    return {RUN_FUNCTION: _run_function, RUN_METHOD: _run_method}


def show_program(names: Mapping[str, object], imported: Iterable[tuple[str, list[str]]]) -> None:
    """Let tests import what is the program's, from `solution` or from a module that is nowhere else."""
    modules = [module for module, parts in imported if set(parts) <= names.keys() and not _exists(module)]
    for module in (SOLUTION, *modules):
        shown = ModuleType(module)
        vars(shown).update(names)
        sys.modules[module] = shown


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _run_function(function: Callable[..., object]) -> None:
    """Call a test, with each set of its parameters."""
    for arguments in _parameters(function):
        _call(function, arguments)


def _run_method(kind: type, name: str) -> None:
    unittest = sys.modules.get("unittest")
    if unittest is not None and issubclass(kind, unittest.TestCase):
        kind.setUpClass()
        try:
            kind(name).debug()
        finally:
            kind.tearDownClass()
        return
    case = kind()
    for before in ("setup_class", "setup_method"):
        getattr(case, before, _nothing)()
    try:
        for arguments in _parameters(getattr(case, name)):
            _call(getattr(case, name), arguments)
    finally:
        getattr(case, "teardown_method", _nothing)()


def _call(function: Callable[..., object], arguments: dict[str, Any]) -> None:
    try:
        function(**arguments)
    except TypeError as error:
        is_refused = error.__traceback__ is not None and error.__traceback__.tb_next is None
        if is_refused and isinstance(function, FunctionType | MethodType):
            raise NotRunnable(str(error)) from error
        raise


def _nothing() -> None:
    pass


def _parameters(function: Any) -> list[dict[str, Any]]:
    """Return the sets of arguments that `pytest.mark.parametrize` gives."""
    sets: list[dict[str, Any]] = [{}]
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            names = (
                [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else mark.args[0]
            )
            rows = [_row(names, values) for values in mark.args[1]]
            sets = [known | row for known in sets for row in rows]
    return sets


def _row(names: list[str], values: Any) -> dict[str, Any]:
    values = getattr(values, "values", values) if not isinstance(values, dict) else values
    try:
        return dict(zip(names, (values,) if len(names) == 1 and not isinstance(values, tuple) else values, strict=True))
    except (TypeError, ValueError) as error:
        raise NotRunnable(f"{len(names)} parameters, but {values!r:.100}") from error
