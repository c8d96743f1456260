"""Ctrl-C while a command line is still importing what it needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FIRST_IMPORTS = {"reasonenv": "gymnasium", "agents": "tyro", "reward_models": "httpx"}
"""Something that each imports from outside, which stands for all of it."""


def interrupted(folder: Path, imported: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a Ctrl-C in the middle of one import."""
    (folder / f"{imported}.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    path = os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", "")))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("module", "imported"), FIRST_IMPORTS.items())
@pytest.mark.parametrize("options", [("--help",), ("train", "--seed=1")], ids=" ".join)
def test_a_command_line_that_is_interrupted_while_it_loads_says_one_word(
    tmp_path: Path, module: str, imported: str, options: tuple[str, ...]
) -> None:
    process = interrupted(tmp_path, imported, "-m", module, *options)
    assert (process.returncode, process.stdout, process.stderr) == (-signal.SIGINT, "", "stopped\n")


@pytest.mark.parametrize(("module", "imported"), FIRST_IMPORTS.items())
@pytest.mark.parametrize("distribution", ["reasonenv", "reasonenv-agents", "reasonenv-reward-models"])
def test_so_does_an_installed_script(tmp_path: Path, module: str, imported: str, distribution: str) -> None:
    script = tmp_path / distribution
    script.write_text(f"import {module}.__main__\n", encoding="utf-8")
    is_ours = (distribution == "reasonenv-reward-models") is (module == "reward_models")
    process = interrupted(tmp_path, imported, str(script))
    assert (process.stderr == "stopped\n") is is_ours


@pytest.mark.parametrize(("module", "imported"), FIRST_IMPORTS.items())
def test_a_program_that_imports_a_package_is_interrupted_as_ever(tmp_path: Path, module: str, imported: str) -> None:
    process = interrupted(tmp_path, imported, "-c", f"import {module}.__main__", "agents")
    assert process.returncode == -signal.SIGINT
    assert process.stderr.endswith("KeyboardInterrupt\n")
    assert "Traceback" in process.stderr
