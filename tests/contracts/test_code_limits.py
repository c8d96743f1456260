"""Limits that keep the code readable. Each test lists everything that is over one limit."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_tree import CODE_FOLDERS, ROOT, SOURCES, TEXT_FOLDERS, parse, relative, text_files

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_FOLDER_MODULES = 16

BROAD = {"Exception", "BaseException"}
# Here whatever a comparison raises becomes the status of a grade, or of an outcome in the reward benchmark, and
# whatever a stranger's program raises the status of a test.
BROAD_ALLOWED = {
    "reasonenv/grading/worker.py",
    "reasonenv/evaluation/reward_benchmark/worker.py",
    *(f"reasonenv/execution/jail/{name}.py" for name in ("probe", "programs", "script", "session")),
    *(f"reasonenv/execution/jail/asserts/{name}.py" for name in ("oracle", "remote", "served")),
    "reasonenv/execution/jobs/job.py",
}

SUPPRESSION = re.compile(r"#\s*(?:type:\s*ignore|pyright:\s*ignore|noqa|ruff:\s*noqa)(?P<code>\S*)")
CODE = re.compile(r"(?:\[[\w-]+(?:,\s*[\w-]+)*\]|:\s*[A-Z]+\d+)")
WHOLE_FILE_PYRIGHT = re.compile(r"#\s*pyright:(?!\s*ignore)")

# Paths of one machine, which users do not have. The brackets keep these lines from matching themselves.
FOREIGN_PATHS = re.compile(r"(?<![\w.-])/(?:w[o]rk|r[o]ot|h[o]me|f[a]rm)/\w")
UNFINISHED = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b")


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def matches(pattern: re.Pattern[str], paths: Iterator[Path] | list[Path]) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield where the pattern is found, and the match."""
    for path in paths:
        for number, line in enumerate(lines_of(path), start=1):
            yield from ((f"{relative(path)}:{number}: {line.strip()}", match) for match in pattern.finditer(line))


def test_files_have_at_most_400_lines() -> None:
    lengths = {relative(path): len(lines_of(path)) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_functions_have_at_most_60_lines() -> None:
    functions = [
        (f"{relative(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [(name, lines) for name, lines in functions if lines > MAX_FUNCTION_LINES] == []


def test_folders_have_at_most_16_modules() -> None:
    counts = Counter(relative(path.parent) for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*.py"))
    assert {folder: count for folder, count in counts.items() if count > MAX_FOLDER_MODULES} == {}


def caught_names(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return BROAD
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def swallows(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return not (isinstance(last, ast.Raise) and (last.exc is None or last.cause is not None))


def test_broad_except_stands_only_where_failures_become_data() -> None:
    broad = {
        relative(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ExceptHandler) and caught_names(node) & BROAD and swallows(node)
    }
    assert broad == BROAD_ALLOWED


def test_every_suppression_names_the_rule_it_suppresses() -> None:
    found = matches(SUPPRESSION, SOURCES)
    assert [place for place, match in found if not CODE.match(match.string, match.start("code"))] == []


def test_no_file_lowers_the_strictness_of_the_type_checker() -> None:
    assert [place for place, _ in matches(WHOLE_FILE_PYRIGHT, SOURCES)] == []


@pytest.mark.parametrize("pattern", [FOREIGN_PATHS, UNFINISHED], ids=["foreign path", "unfinished work"])
def test_no_text_file_mentions(pattern: re.Pattern[str]) -> None:
    assert [place for place, _ in matches(pattern, text_files())] == []


def test_the_folders_whose_text_is_checked_exist() -> None:
    assert [folder for folder in TEXT_FOLDERS if not (ROOT / folder).is_dir()] == []
