"""Limits that keep the code readable, checked on the syntax tree of every source file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from source_tree import ROOT, SOURCES, parse, relative, text_files

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

BROAD = {"Exception", "BaseException"}
# Here whatever a comparison raises becomes the status of a grade, or of an outcome in the reward benchmark, and
# whatever a stranger's program raises the status of a test.
BROAD_ALLOWED = {
    "reasonenv/grading/worker.py",
    "reasonenv/evaluation/reward_benchmark/worker.py",
    *(f"reasonenv/execution/jail/{name}.py" for name in ("oracle", "probe", "programs", "remote", "script", "session")),
    "reasonenv/execution/jobs.py",
}

SUPPRESSION = re.compile(r"#\s*(?:type:\s*ignore|pyright:\s*ignore|noqa|ruff:\s*noqa)(?P<code>\S*)")
CODE = re.compile(r"(?:\[[\w-]+(?:,\s*[\w-]+)*\]|:\s*[A-Z]+\d+)")
WHOLE_FILE_PYRIGHT = re.compile(r"#\s*pyright:(?!\s*ignore)")

# Paths of one machine, which users do not have. The brackets keep these lines from matching themselves.
FOREIGN_PATHS = re.compile(r"(?<![\w.-])/(?:w[o]rk|r[o]ot|h[o]me|f[a]rm)/\w")
UNFINISHED = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b")
PUBLIC_DATA = re.compile(r"\bshared\b.{0,5}\bd[a]ta\b")

each_source = pytest.mark.parametrize("path", SOURCES, ids=relative)


@each_source
def test_file_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@each_source
def test_functions_have_at_most_60_lines(path: Path) -> None:
    functions = (node for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = {f"{node.name}, line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


def caught_names(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return BROAD
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def swallows(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return not (isinstance(last, ast.Raise) and last.exc is None)


@each_source
def test_broad_except_stands_only_where_failures_become_data(path: Path) -> None:
    handlers = (node for node in ast.walk(parse(path)) if isinstance(node, ast.ExceptHandler))
    broad = [handler.lineno for handler in handlers if caught_names(handler) & BROAD and swallows(handler)]
    assert not broad or relative(path) in BROAD_ALLOWED, f"lines {broad}"


@each_source
def test_every_suppression_names_the_rule_it_suppresses(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    blanket = [
        number
        for number, line in enumerate(lines, start=1)
        for match in SUPPRESSION.finditer(line)
        if not CODE.match(line, match.start("code"))
    ]
    assert blanket == []


@each_source
def test_no_file_lowers_the_strictness_of_the_type_checker(path: Path) -> None:
    assert WHOLE_FILE_PYRIGHT.search(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("pattern", [FOREIGN_PATHS, UNFINISHED], ids=["foreign path", "unfinished work"])
def test_no_text_file_mentions(pattern: re.Pattern[str]) -> None:
    hits = [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert hits == []


def test_public_data_is_looked_up_only_beside_the_checkout_by_tests_that_skip_without_it() -> None:
    mentions = [path for path in text_files() if PUBLIC_DATA.search(path.read_text(encoding="utf-8"))]
    assert [relative(path) for path in mentions if not path.is_relative_to(ROOT / "tests")] == []
