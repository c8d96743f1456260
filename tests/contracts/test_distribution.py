"""What `pip install` gives: built from the source archive, installed, and imported outside the checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from source_tree import MODULES, NOT_IMPORTABLE, PACKAGES, ROOT, SOURCES, relative

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def test_wheel_holds_exactly_our_packages_with_every_module_and_type_marker(archives: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(archives[1]).namelist())
    content = {name for name in names if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in content} == set(PACKAGES)
    assert {name for name in content if name.endswith(".py")} == {relative(path) for path in SOURCES}
    assert {f"{package}/py.typed" for package in PACKAGES} <= content
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_source_archive_holds_what_a_packager_needs_and_no_output(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "LICENSE",
        "README.md",
        "Makefile",
        "constraints.txt",
        "tests/conftest.py",
        "examples/README.md",
    } <= names
    assert not [name for name in names if re.search(r"(^|/)(runs|\.venv|__pycache__|benchmarks/out)(/|$)", name)]


def test_every_module_of_the_installed_wheel_imports_outside_the_checkout(
    archives: tuple[Path, Path], tmp_path: Path
) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), str(archives[1])], check=True, capture_output=True)
    modules = [name for name in MODULES if not name.endswith("__main__") and name not in NOT_IMPORTABLE]
    program = (
        f"import sys, importlib\nsys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        f"for name in {modules!r}: print(importlib.import_module(name).__file__)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    outside = [line for line in result.stdout.splitlines() if not Path(line).is_relative_to(tmp_path / "site")]
    assert len(result.stdout.splitlines()) == len(modules)
    assert outside == []


def normalised(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_every_requirement_that_make_installs_has_a_tested_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normalised(line) for line in lines if re.fullmatch(r"[\w.-]+==[\w.]+", line)}
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = {normalised(requirement) for requirement in PYPROJECT["project"]["dependencies"]}
    wanted |= {
        normalised(requirement)
        for extra in ("agents", "data", "report", "dev", "integrations", "ray")
        for requirement in extras[extra]
    }
    assert wanted - pinned == {"reasonenv"}
