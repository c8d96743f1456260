"""What a machine lacks is skipped by area, counted at the end of a run, and a failure where it is required."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from areas import AREAS
from source_tree import ROOT, parse, relative

TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))
SKIPS = {"skip", "skipif", "importorskip", "SkipTest", "skipTest"}
PROGRAM = """
from areas import need, needs, public_data

@needs("vllm")
def test_with_vllm():
    pass

def test_with_data():
    public_data("gsm8k/test.jsonl")

def test_with_nothing():
    pass
"""


def names_of_skips(path: Path) -> list[str]:
    attributes = [node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)]
    imports = [node for node in ast.walk(parse(path)) if isinstance(node, ast.ImportFrom)]
    return [name for name in (*attributes, *(alias.name for node in imports for alias in node.names)) if name in SKIPS]


def test_every_skip_goes_through_the_areas() -> None:
    allowed = {"tests/parts/areas.py"}
    assert {relative(path) for path in TEST_FILES if names_of_skips(path)} == allowed


def run(folder: Path, *arguments: str, require: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program above under our conftest on a machine that has neither vLLM nor the data."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_program.py").write_text(PROGRAM, encoding="utf-8")
    path = os.pathsep.join([str(ROOT / "tests" / "parts"), *filter(None, sys.path)])
    unwanted = ("PYTEST_", "REASONENV_", "REWARD_MODELS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, str(folder)],
        env={**kept, "PYTHONPATH": path, "REASONENV_REQUIRE": require},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("processes", ["0", "2"])
def test_skipped_areas_are_counted_with_their_reason_at_the_end_of_a_run(tmp_path: Path, processes: str) -> None:
    output = run(tmp_path, "-n", processes).stdout
    assert "data              1  REASONENV_DATA is not set; docs/data.md says how to get the data\n" in output
    assert "vllm              1  REWARD_MODELS_VLLM names no vllm executable\n" in output
    assert "1 passed, 2 skipped" in output


def test_a_required_area_that_is_missing_fails(tmp_path: Path) -> None:
    result = run(tmp_path, require="data, vllm")
    assert result.returncode == 1
    assert "REASONENV_REQUIRE asks for vllm, which is missing: REWARD_MODELS_VLLM names no" in result.stdout
    assert "REASONENV_REQUIRE asks for data, which is missing: REASONENV_DATA is not set" in result.stdout


def test_an_unknown_area_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    result = run(tmp_path, require="vllm,tritn")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unknown area 'tritn'. Did you mean 'triton'? The areas are: " + ", ".join(AREAS) in result.stderr
