"""Runs Python where some modules are not installed, as far as the interpreter can tell."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path


def run_python_without(modules: Iterable[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an interpreter from whose start on the modules can be neither found nor imported."""
    with tempfile.TemporaryDirectory() as folder:
        start = f"import sys\nsys.modules.update(dict.fromkeys({sorted(modules)!r}))\n"
        (Path(folder) / "sitecustomize.py").write_text(start, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, *filter(None, sys.path)])}
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
