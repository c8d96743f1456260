"""docs/extending.md and its module are one: the page quotes the module, and its commands run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "extending"
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)\n```", PAGE, re.DOTALL)
COMMANDS = [block.replace("\\\n", " ") for block in re.findall(r"```sh\n(.*?)\n```", PAGE, re.DOTALL)]
MODULES = ["own_parts.py", "test_own_parts.py"]


def folded(text: str) -> str:
    return re.sub(r"\n{2,}", "\n", text.strip())


def run(command: str, *more: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, *shlex.split(command)[1:], *more]
    return subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, timeout=200, check=False)


def test_the_page_quotes_all_of_the_module_in_order_and_nothing_else() -> None:
    own_parts, tests = ((FOLDER / name).read_text(encoding="utf-8") for name in MODULES)
    docstring_less = own_parts[own_parts.index("from __future__") :]
    assert folded("\n".join(BLOCKS[:-1])) == folded(docstring_less)
    assert folded(BLOCKS[-1]) == folded(tests)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "reasonenv show" in command])
def test_show_knows_the_parts(command: str) -> None:
    done = run(command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "own_parts" in done.stdout


def test_training_from_the_command_line_uses_every_part(tmp_path: Path) -> None:
    command = next(command for command in COMMANDS if "agents train" in command)
    done = run(command, f"--output-dir={tmp_path}")
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "own-parts" / "config.json").read_text(encoding="utf-8"))
    [rl] = [phase for phase in config["phases"] if isinstance(phase, dict) and phase["class"] == "RLConfig"]
    assert rl["algorithm"] == {"class": "own_parts:Reinforce", "scale": 0.5}
    assert rl["rollout"]["engine"] == "own_parts:PlainEngine"
    rows = [json.loads(line) for line in (tmp_path / "own-parts" / "rollouts.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * 2 * 2
    for row in rows:
        assert row["task_id"].startswith("additions/train/")
        assert row["prompt"].startswith("Question: ")
        assert row["reward_components"].keys() == {"accuracy", "format", "brevity"}
        assert len(row["responses"]) == 2


def test_parts_go_one_by_one_with_those_of_the_package() -> None:
    command = next(command for command in COMMANDS if "agents eval" in command)
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n"] == 4


def test_the_checks_of_the_package_pass() -> None:
    done = run("python -m pytest -q -p no:cacheprovider -p no:xdist test_own_parts.py")
    assert done.returncode == 0, done.stdout
