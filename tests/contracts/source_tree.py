"""The checkout as the contract tests see it: packages, modules and files, found without git."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reasonenv.installation import DISTRIBUTIONS

ROOT = Path(__file__).parents[2]
PACKAGES = tuple(DISTRIBUTIONS)
PROJECT_FOLDERS = {package: ROOT if package == "reasonenv" else ROOT / package for package in PACKAGES}
PROJECTS: dict[str, dict[str, Any]] = {
    package: tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for package, folder in PROJECT_FOLDERS.items()
}
FOR_USERS = ("data", "eval", "language", "ray", "report")
"""The extras that code of `reasonenv` asks for; the others are for those who work on it."""
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES]
# Triton exists for Linux alone; no other module imports these where it is missing.
NOT_IMPORTABLE = () if find_spec("triton") else ("agents.kernels.triton_kernels", "agents.kernels.triton_logprobs")
PROGRAMS = {
    name
    for name, path in zip(MODULES, SOURCES, strict=True)
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
}
IMPORTABLE = [name for name in MODULES if name not in PROGRAMS and name not in NOT_IMPORTABLE]
# Behind the front door of these rooms nothing is promised: users import from the room itself, or use a name in a table.
INTERNAL_ROOMS = (
    "reasonenv.grading.math.",
    "reasonenv.grading.qa.",
    "reasonenv.execution.jail.",
    "reasonenv.execution.wire.",
    "reasonenv.catalogue.",
    "reasonenv.evaluation.reward_benchmark.",
    "reasonenv.tasksets.mathematics.",
    "reasonenv.tasksets.programs.",
    "reasonenv.tasksets.questions.",
    "reasonenv.tasksets.datasets.",
    "reasonenv.testing.",
    "agents.kernels.",
    "reward_models.embedded.",
)
PUBLIC_MODULES = [name for name in IMPORTABLE if not name.startswith(INTERNAL_ROOMS)]

CODE_FOLDERS = (*PACKAGES, "tests", "benchmarks", "examples")
TEXT_FOLDERS = (*CODE_FOLDERS, "docs", ".ci")
TEXT_SUFFIXES = {"", ".py", ".md", ".toml", ".txt", ".cff", ".json", ".jsonl", ".typed"}


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def relative(path: Path) -> str:
    """Return the path from the top of the checkout."""
    return path.relative_to(ROOT).as_posix()


def text_files() -> Iterator[Path]:
    """Yield every text file of the project: those in the folders above, and those at the top but for a `.git` file."""
    at_the_top = (path for path in sorted(ROOT.iterdir()) if path.is_file() and path.name != ".git")
    yield from (path for path in at_the_top if path.suffix in TEXT_SUFFIXES)
    for folder in TEXT_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in TEXT_SUFFIXES and relative(path.parent) != "benchmarks/out":
                yield path
