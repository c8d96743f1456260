"""The names that users may rely on: a stored listing, so that adding or dropping one is a decision and not an accident.

After a deliberate change: `python tests/contracts/test_public_api.py > tests/contracts/public_api.txt`.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import FunctionType
from typing import TypeGuard

import pytest
from source_tree import IMPORTABLE, NOT_IMPORTABLE, PUBLIC_MODULES

STORED = Path(__file__).with_name("public_api.txt")
each_module = pytest.mark.parametrize("name", IMPORTABLE)


def listing() -> str:
    """One line per public name, `module.name`."""
    return "".join(f"{module}.{name}\n" for module in PUBLIC_MODULES for name in sorted(public_parts(module)))


def public_parts(module: str) -> dict[str, object]:
    """What `__all__` lists; a package that only holds modules needs none."""
    names = vars(importlib.import_module(module))
    return {name: names[name] for name in names.get("__all__", [])}


def can_have_docstring(part: object) -> TypeGuard[type | FunctionType]:
    return inspect.isclass(part) or inspect.isfunction(part)


def has_own_docstring(part: type | FunctionType) -> bool:
    """Neither inherited nor the signature that dataclasses put in."""
    documentation = part.__doc__ if inspect.isfunction(part) else vars(part).get("__doc__")
    return bool(documentation) and not documentation.startswith(f"{part.__name__}(")


def test_public_names_are_those_of_the_stored_listing() -> None:
    stored = STORED.read_text(encoding="utf-8").splitlines()
    assert listing().splitlines() == [line for line in stored if line.rpartition(".")[0] not in NOT_IMPORTABLE]


def own_parts(module: str) -> dict[str, type | FunctionType]:
    """Return the classes and functions that a module defines without an underscore."""
    parts = vars(importlib.import_module(module)).items()
    return {
        name: part
        for name, part in parts
        if can_have_docstring(part) and part.__module__ == module and not name.startswith("_")
    }


@each_module
def test_module_has_a_docstring_and_so_have_its_classes_and_functions_without_underscore(name: str) -> None:
    assert importlib.import_module(name).__doc__
    assert [public for public, part in own_parts(name).items() if not has_own_docstring(part)] == []


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_public_module_lists_every_class_and_function_without_underscore(name: str) -> None:
    assert own_parts(name).keys() <= public_parts(name).keys()


@pytest.mark.parametrize("name", [name for name in IMPORTABLE if name not in PUBLIC_MODULES])
def test_module_behind_the_door_of_a_room_lists_nothing_unless_it_is_a_room(name: str) -> None:
    module = importlib.import_module(name)
    assert hasattr(module, "__path__") or not hasattr(module, "__all__")


def test_agents_is_our_package_and_not_another_distribution_of_that_name() -> None:
    import agents
    import reasonenv

    assert Path(agents.__file__).parents[1] == Path(reasonenv.__file__).parents[1]


if __name__ == "__main__":
    sys.stdout.write(listing())
