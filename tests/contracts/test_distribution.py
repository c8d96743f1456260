"""What `pip install` gives: built from the source archives, installed, and imported outside the checkout."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from source_tree import DISTRIBUTIONS, MODULES, NOT_IMPORTABLE, PACKAGES, PROJECT_FOLDERS, PROJECTS, ROOT, relative

import reasonenv

SHIPPED = {".py", ".typed", ".txt", ".jinja", ".safetensors"}
each_package = pytest.mark.parametrize("package", PACKAGES)


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """The source archive of each package, and the wheel that is built from it."""
    built: dict[str, tuple[Path, Path]] = {}
    for package, source in PROJECT_FOLDERS.items():
        folder = tmp_path_factory.mktemp(package)
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
        subprocess.run(command, check=True, capture_output=True)
        built[package] = next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))
    return built


@each_package
def test_wheel_holds_exactly_the_files_of_one_package(archives: dict[str, tuple[Path, Path]], package: str) -> None:
    names = set(zipfile.ZipFile(archives[package][1]).namelist())
    content = {name for name in names if ".dist-info/" not in name}
    outside = {ROOT / package / name for name in ("pyproject.toml", "LICENSE", "README.md")}
    files = {path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert content == {relative(path) for path in files - outside}
    assert f"{package}/py.typed" in content
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_source_archive_holds_what_a_packager_needs_and_no_output(archives: dict[str, tuple[Path, Path]]) -> None:
    with tarfile.open(archives["reasonenv"][0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "agents/pyproject.toml",
        "reward_models/pyproject.toml",
        "LICENSE",
        "README.md",
        "Makefile",
        "constraints.txt",
        "tests/conftest.py",
        "examples/README.md",
    } <= names
    assert not [name for name in names if re.search(r"(^|/)(runs|\.venv|__pycache__|benchmarks/out)(/|$)", name)]


def test_every_module_of_the_installed_wheels_imports_outside_the_checkout(
    archives: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    wheels = [str(wheel) for _, wheel in archives.values()]
    subprocess.run([*pip, str(tmp_path / "site"), *wheels], check=True, capture_output=True)
    modules = [name for name in MODULES if not name.endswith("__main__") and name not in NOT_IMPORTABLE]
    program = (
        f"import sys, importlib\nsys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        f"for name in {modules!r}: print(importlib.import_module(name).__file__)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    outside = [line for line in result.stdout.splitlines() if not Path(line).is_relative_to(tmp_path / "site")]
    assert len(result.stdout.splitlines()) == len(modules)
    assert outside == []


class Environment:
    """An environment of its own, into which pip installs without network; what others bring is linked to."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.folder, self.bin = folder, folder / "bin"
        (site,) = folder.glob("lib/python*/site-packages")
        for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
            if not re.match(r"_?(editable_impl_)?reasonenv|__pycache__", path.name):
                (site / path.name).symlink_to(path)

    def pip(self, *arguments: str | Path) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    def install(self, wheel: Path) -> None:
        self.pip("install", "--quiet", "--no-deps", "--no-index", wheel)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.bin / program), *arguments]
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(command, cwd=self.folder, check=False, capture_output=True, text=True, env=clean)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.fixture
def namesake(tmp_path: Path) -> Path:
    """A wheel of somebody else with a module `agents`."""
    wheel = tmp_path / "other_agents-1.0-py3-none-any.whl"
    info = "other_agents-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("agents/__init__.py", "class Agent: pass\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: other-agents\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        names = [*archive.namelist(), f"{info}/RECORD"]
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
    return wheel


THEIRS = ("-c", "from agents import Agent")
MAKE = ("-c", "import gymnasium; print(gymnasium.make('reasonenv:reasonenv/Math-v0').reset(seed=0)[1]['task_id'])")


@pytest.mark.parametrize("is_first", [True, False])
def test_reasonenv_and_another_module_called_agents_leave_each_other_alone(
    archives: dict[str, tuple[Path, Path]], environment: Environment, namesake: Path, is_first: bool
) -> None:
    wheel = archives["reasonenv"][1]
    for path in (wheel, namesake) if is_first else (namesake, wheel):
        environment.install(path)
    assert environment.run("python", *THEIRS).returncode == 0
    assert environment.run("python", *MAKE).returncode == 0
    assert "other-agents" not in environment.run("reasonenv", "doctor").stdout
    environment.pip("uninstall", "--yes", "reasonenv" if is_first else "other-agents")
    assert environment.run("python", *(THEIRS if is_first else MAKE)).returncode == 0


@pytest.mark.slow
def test_a_module_called_agents_over_ours_is_named_and_after_it_is_gone_ours_can_be_mended(
    archives: dict[str, tuple[Path, Path]], environment: Environment, namesake: Path
) -> None:
    for package in ("reasonenv", "agents"):
        environment.install(archives[package][1])
    assert environment.run("reasonenv-agents", "--version").stdout == f"{reasonenv.__version__}\n"
    environment.install(namesake)
    sentence = "other-agents installed files of a module 'agents' too"
    done = environment.run("python", "-m", "agents", "--version")
    assert (done.returncode, sentence in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert sentence in environment.run("reasonenv", "doctor").stdout
    environment.pip("uninstall", "--yes", "other-agents")
    doctor = environment.run("reasonenv", "doctor")
    assert doctor.returncode == 1
    assert "pip install --force-reinstall --no-deps reasonenv-agents" in doctor.stdout
    environment.pip("install", "--force-reinstall", "--no-deps", "--no-index", archives["agents"][1])
    assert environment.run("reasonenv-agents", "--version").stdout == f"{reasonenv.__version__}\n"
    assert "reasonenv-agents" not in environment.run("reasonenv", "doctor").stdout


def test_ours_over_another_module_called_agents_warns_when_it_is_imported(
    archives: dict[str, tuple[Path, Path]], environment: Environment, namesake: Path
) -> None:
    for wheel in (namesake, archives["reasonenv"][1], archives["agents"][1]):
        environment.install(wheel)
    done = environment.run("python", "-c", "import agents")
    assert done.returncode == 0
    assert "UserWarning: other-agents installed files of a module 'agents' too" in done.stderr


def test_installed_script_finds_parts_in_the_current_folder(
    archives: dict[str, tuple[Path, Path]], environment: Environment, tmp_path: Path
) -> None:
    environment.install(archives["reasonenv"][1])
    (environment.folder / "my_grader.py").write_text("def score(completions, **_): return [1.0]\n", encoding="utf-8")
    (environment.folder / "rows.jsonl").write_text('{"gold": "1", "response": "1", "label": 1}\n', encoding="utf-8")
    arguments = ("bench-rewards", "--reward", "trl:my_grader:score", "--data", "rows.jsonl", "--output-dir", "out")
    done = environment.run("reasonenv", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert (environment.folder / "out" / "results.json").is_file()


@each_package
def test_versions_are_one(package: str) -> None:
    own = DISTRIBUTIONS.values()
    minor = ".".join(reasonenv.__version__.split(".")[:2])
    pins = [line for line in PROJECTS[package]["dependencies"] if normalised(line) in own]
    assert pins == ([f"reasonenv~={minor}.0"] if package == "agents" else [])
    assert PROJECTS[package]["dynamic"] == ["version"]
    assert vars(importlib.import_module(package))["__version__"] == reasonenv.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {reasonenv.__version__}\n" in citation


@each_package
def test_built_version_is_that_of_the_code(archives: dict[str, tuple[Path, Path]], package: str) -> None:
    name = DISTRIBUTIONS[package].replace("-", "_")
    assert archives[package][1].name == f"{name}-{reasonenv.__version__}-py3-none-any.whl"


@pytest.mark.parametrize("package", ["agents", "reward_models"])
def test_every_distribution_carries_the_licence(package: str) -> None:
    assert (ROOT / package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def normalised(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_every_requirement_that_make_installs_has_a_tested_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normalised(line) for line in lines if re.fullmatch(r"[\w.-]+==[\w.]+", line)}
    extras = PROJECTS["reasonenv"]["optional-dependencies"].values()
    declared = [project["dependencies"] for project in PROJECTS.values()]
    wanted = {normalised(requirement) for requirements in (*declared, *extras) for requirement in requirements}
    assert wanted - pinned == {"reasonenv"}
