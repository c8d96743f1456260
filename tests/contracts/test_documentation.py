"""Examples in docstrings and documents run, and what documents name exists."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import tempfile
from pathlib import Path

import pytest
from source_tree import FOR_USERS, MODULES, PROJECTS, ROOT, SOURCES, parse, relative
from without_modules import run_python_without

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
PATH = re.compile(r"`((?:reasonenv|agents|reward_models|tests|benchmarks|examples|docs)/(?:[\w./-]*(?:/|\.\w+))?)`")
NAME = re.compile(r"`((?:reasonenv|agents|reward_models)(?:\.[A-Za-z_]\w*)+)`")
EXAMPLES = [name for name, path in zip(MODULES, SOURCES, strict=True) if ">>>" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", EXAMPLES)
def test_docstring_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS).failed == 0


def test_readme_has_examples_that_run_and_skips_none() -> None:
    examples = doctest.DocTestParser().get_examples((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(examples) >= 5
    assert not any(example.options.get(doctest.SKIP) for example in examples)


def test_examples_of_the_readme_run_without_torch_up_to_those_of_the_kernels() -> None:
    before = (ROOT / "README.md").read_text(encoding="utf-8").partition(">>> import torch")[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "README.md"
        path.write_text(before, encoding="utf-8")
        done = run_python_without({"torch", "transformers", "agents", "reward_models"}, "-m", "doctest", str(path))
    assert len(doctest.DocTestParser().get_examples(before)) >= 30
    assert (done.returncode, done.stdout) == (0, "")


def test_first_screen_of_the_readme_has_a_line_that_installs_and_a_dozen_lines_that_run() -> None:
    first, _, _ = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n- **")
    assert "\npip install reasonenv\n" in first
    assert 5 <= len(doctest.DocTestParser().get_examples(first)) <= 10
    assert len(first.splitlines()) <= 30


def test_readme_has_every_extra_for_users_with_what_it_brings_and_every_distribution() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| extra |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", table, re.MULTILINE))
    extras = PROJECTS["reasonenv"]["optional-dependencies"]
    brought = {name: ", ".join(re.split(r"[>=<~]", line)[0] for line in extras[name]) for name in FOR_USERS}
    assert rows == brought


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_dotted_names_in_documents_resolve(document: Path) -> None:
    for name in NAME.findall(document.read_text(encoding="utf-8")):
        assert pkgutil.resolve_name(name) is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_paths_and_links_in_documents_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [(document.parent / target) for target in LINK.findall(text)]
    paths = [ROOT / target for target in PATH.findall(text)]
    assert [str(path) for path in (*links, *paths) if not path.exists()] == []


def test_glossary_explains_every_metric_that_the_code_names() -> None:
    glossary = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    strings = {
        node.value
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    metrics = {text for text in strings if re.fullmatch(r"(?:rollout|train|time)/\w+", text)}
    assert len(metrics) >= 10
    assert {name for name in metrics if f"`{name}`" not in glossary} == set()


def folders_of_the_tree() -> set[str]:
    """Return the folders that the tree of the README names, which is indented by two blanks a level."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(r"## What is where\n\n```\n(.*?)```", readme, re.DOTALL)
    assert tree is not None
    folders, above = set[str](), list[str]()
    for indent, name in re.findall(r"^( *)([\w.]+)/ ", tree[1], re.MULTILINE):
        above = [*above[: len(indent) // 2], name]
        folders.add("/".join(above))
    return folders


def test_tree_of_the_readme_has_every_folder_of_the_packages_and_none_that_is_not_there() -> None:
    named = folders_of_the_tree()
    packages = {relative(path.parent) for path in SOURCES if len(path.relative_to(ROOT).parts) <= 4}
    assert packages - named == set()
    assert {folder for folder in named if not (ROOT / folder).is_dir()} == set()
