"""Names in back-ticks in docstrings are names of the code.

A word must occur somewhere in the code of the packages, as an identifier, a module or a text. A dotted name must lead
from a module, class or variable to something in it. A name of another library stands behind that of the
library: `gymnasium.Env`, or Gymnasium's `Env`. Formulas, and files outside the project's folders, are not looked at.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from source_tree import PACKAGES, ROOT, SOURCES, parse, relative

SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
NAME = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(.*\))?")
FOREIGN = re.compile(r"\w['’]s?\s+`([^`\n]+)`")
FILE_ENDINGS = {"py", "pt", "json", "jsonl", "csv", "md", "txt", "toml", "html", "pickle", "gz", "ipynb"}
OUR_PATH = re.compile(r"(?:reasonenv|agents|reward_models|tests|benchmarks|docs|examples)/[\w./-]*\w")


def docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield every text that stands alone: docstrings of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def names_in_code(tree: ast.AST) -> Iterator[str]:
    """Yield identifiers, and texts that could be names, such as the rows of tables."""
    texts = set(map(id, docstrings(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            yield from re.findall(r"[A-Za-z_]\w*", node.value)
        for _, value in ast.iter_fields(node):
            if isinstance(value, str) and not isinstance(node, ast.Constant):
                yield from value.split(".")


@cache
def known_words() -> set[str]:
    modules = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    used = {name for path in SOURCES for name in names_in_code(parse(path))}
    return {*modules, *used, *dir(builtins), *keyword.kwlist}


@cache
def holders() -> dict[str, list[set[str]]]:
    """Return what each module and class of the packages holds, by its last name; there may be several of a name."""
    found: defaultdict[str, list[set[str]]] = defaultdict(list)
    for path in SOURCES:
        if path.stem == "__init__":
            found[path.parent.name].append({other.stem for other in path.parent.iterdir()} | top_level_names(path))
        else:
            found[path.stem].append(top_level_names(path))
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ClassDef):
                inherited = {name for base in node.bases for name in names_in_code(base)}
                found[node.name].append(set(names_in_code(node)) | inherited)
    return found


def top_level_names(path: Path) -> set[str]:
    tree = parse(path)
    inside = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    others = [node for node in tree.body if node not in inside]
    return {node.name for node in inside} | {name for node in others for name in names_in_code(node)}


def holds(head: str, attribute: str) -> bool:
    """Return whether a module or class of this name, or a class that one inherits from, has the attribute."""
    return any(
        attribute in own or any(base != head and holds(base, attribute) for base in own & set(bases_of_classes()[head]))
        for own in holders()[head]
    )


@cache
def bases_of_classes() -> dict[str, set[str]]:
    """Return the names of the classes that those of each name inherit from, within the packages."""
    bases: defaultdict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] |= {name for base in node.bases for name in names_in_code(base) if name in holders()}
    return bases


@cache
def variables() -> set[str]:
    """Return the names of arguments."""
    return {node.arg for path in SOURCES for node in ast.walk(parse(path)) if isinstance(node, ast.arg)}


@cache
def other_libraries() -> set[str]:
    nodes = [node for path in SOURCES for node in ast.walk(parse(path))]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in imported} - set(PACKAGES)


def resolves(name: str) -> bool:
    try:
        return pkgutil.resolve_name(name) is not None
    except (ImportError, AttributeError):
        return False


def is_known(name: str) -> bool:
    head, *rest = name.split(".")
    if not rest:
        return head in known_words() or head in other_libraries()
    if head in PACKAGES:
        return resolves(name)
    if head in holders() and holds(head, rest[0]):
        return True
    if head in variables() or (head in known_words() and head not in holders()):
        return all(part in known_words() for part in rest)
    return resolves(name) if head in sys.stdlib_module_names else head in other_libraries()


def unknown_names(text: str) -> list[str]:
    """Return what stands in back-ticks and is nowhere in the code.

    >>> unknown_names("`reasonenv.types.Task`, `a + b`, `metrics.jsonl`, TRL's `trainer`, `task.no_field`, `qa_answer`")
    ['task.no_field', 'qa_answer']
    """
    foreign = set(FOREIGN.findall(text))
    spans = [span for span in SPAN.findall(text) if span not in foreign]
    names = [match[1] for span in spans if (match := NAME.fullmatch(span)) and not is_file_name(match[1])]
    paths = [span for span in spans if OUR_PATH.fullmatch(span)]
    return [name for name in names if not is_known(name)] + [path for path in paths if not (ROOT / path).exists()]


def is_file_name(name: str) -> bool:
    return name.rpartition(".")[2] in {
        "py",
        "pt",
        "json",
        "jsonl",
        "csv",
        "md",
        "txt",
        "toml",
        "html",
        "pickle",
        "gz",
        "ipynb",
    }


def stale(path: Path) -> list[str]:
    return [
        f"{relative(path)}:{node.lineno} `{name}`"
        for node in docstrings(parse(path))
        for name in unknown_names(str(node.value))
    ]


def test_names_in_back_ticks_in_docstrings_are_names_of_the_code() -> None:
    assert [place for path in SOURCES for place in stale(path)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`reasonenv.types.Task`, `types.Task`, `Task`, `Task.task_id`, `check_env(env)`, `r1_zero`", []),
        ("`a + b`, `metrics.jsonl`, `torch.nn.Linear`, ``double``, `docs/metrics.md`", []),
        ("`reasonenv.types.Tusk`, `types.Tusk`, `Task.number`, `math.infinity`, `config.no_field`, `qa_answer`", None),
        ("`docs/no_such_page.md`", None),
    ],
)
def test_a_name_is_stale_only_if_nothing_is_called_so(text: str, expected: list[str] | None) -> None:
    every_name = SPAN.findall(text)
    assert unknown_names(text) == (every_name if expected is None else expected)
