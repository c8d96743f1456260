"""What an error or a document tells a user to install exists."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest
from source_tree import PACKAGES, ROOT, SOURCES, parse, relative, text_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = set(PROJECT["optional-dependencies"])
REQUIREMENTS = [
    *PROJECT["dependencies"],
    *(line for lines in PROJECT["optional-dependencies"].values() for line in lines),
]
INSTALLATION = re.compile(r"\breasonenv\[([a-z][\w,. -]*)\]")


def missing_extra_calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{relative(path)}:{node.lineno}", node)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "MissingExtraError"
    ]


def test_every_missing_extra_error_names_an_extra_of_the_distribution() -> None:
    calls = missing_extra_calls()
    named = {where: call.args[1].value if isinstance(call.args[1], ast.Constant) else None for where, call in calls}
    assert len(named) >= 7
    assert {where: extra for where, extra in named.items() if extra not in EXTRAS} == {}


def test_every_extra_that_a_text_tells_to_install_exists() -> None:
    named = [
        (relative(path), extra.strip())
        for path in text_files()
        for extras in INSTALLATION.findall(path.read_text(encoding="utf-8"))
        for extra in extras.split(",")
    ]
    assert len(named) >= 5
    assert [(path, extra) for path, extra in named if extra not in EXTRAS] == []


def top_level_imports() -> dict[str, str]:
    """Every module of another distribution that our packages import → one place that imports it."""
    found: dict[str, str] = {}
    for path in SOURCES:
        for node in ast.walk(parse(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            found |= {name.partition(".")[0]: f"{relative(path)}:{node.lineno}" for name in names}
    return {name: where for name, where in found.items() if name not in {*PACKAGES, *sys.stdlib_module_names}}


DISTRIBUTIONS = {"lingua": "lingua-language-detector", "triton": "torch"}
"""Distributions whose name is not that of their module; torch brings Triton where there is one."""


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(("module", "where"), sorted(top_level_imports().items()))
def test_every_distribution_that_is_imported_is_a_declared_requirement(module: str, where: str) -> None:
    declared = {normalised(re.match(r"[\w.-]+", line)[0]) for line in REQUIREMENTS}
    assert normalised(DISTRIBUTIONS.get(module, module)) in declared, where
