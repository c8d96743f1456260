"""Who may import whom: the import-linter contracts of pyproject.toml hold, and they notice a violation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import PACKAGES, ROOT


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "illegal"),
    [
        ("reasonenv/types.py", "torch"),
        ("reasonenv/types.py", "agents"),
        ("reasonenv/types.py", "reasonenv.env"),
        ("reasonenv/execution/sandbox.py", "reasonenv.execution.jail.watch"),
        ("reasonenv/execution/wire/codec.py", "reasonenv.types"),
        ("reward_models/__init__.py", "reasonenv"),
        ("agents/learner.py", "reward_models"),
        ("agents/losses/kl.py", "agents.rollout.engine"),
        ("agents/learner.py", "vllm"),
    ],
)
def test_import_contracts_notice(module: str, illegal: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as source:
        source.write(f"\nimport {illegal}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{module.removesuffix('/__init__.py').removesuffix('.py').replace('/', '.')} -> {illegal}" in result.stdout
