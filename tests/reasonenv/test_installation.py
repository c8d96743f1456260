"""Collisions and damage are found from the files that pip leaves behind, which are laid out here by hand."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from reasonenv.errors import MissingExtraError
from reasonenv.installation import collision, damage, require_modules


def install(site: Path, name: str, files: dict[str, str]) -> None:
    """Lay out what pip leaves of a wheel: the files, the metadata, and the record with the digests."""
    rows: list[str] = []
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text)}")
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,"]) + "\n", encoding="utf-8")


OURS = {"agents/__init__.py": "ours", "agents/train.py": "train"}
THEIRS = {"agents/__init__.py": "theirs", "agents/run.py": "run"}


def test_another_owner_of_a_module_is_named_with_the_line_that_mends_it(tmp_path: Path) -> None:
    install(tmp_path, "openai-agents", THEIRS)
    install(tmp_path, "reasonenv-agents", OURS)
    sentence = collision("agents", [str(tmp_path)])
    assert sentence is not None
    assert sentence.startswith("openai-agents installed files of a module 'agents' too")
    assert "pip uninstall openai-agents reasonenv-agents" in sentence
    assert damage("agents", [str(tmp_path)]) is None


def test_several_other_owners_are_all_named(tmp_path: Path) -> None:
    for name in ("second", "reasonenv-agents", "first"):
        install(tmp_path, name, {f"agents/{name}.py": ""})
    assert (collision("agents", [str(tmp_path)]) or "").startswith("first and second installed files")


def test_another_owner_is_no_concern_where_ours_is_not_installed(tmp_path: Path) -> None:
    install(tmp_path, "openai-agents", THEIRS)
    install(tmp_path, "reasonenv", {"reasonenv/__init__.py": ""})
    assert collision("agents", [str(tmp_path)]) is None
    assert damage("agents", [str(tmp_path)]) is None


@pytest.mark.parametrize("path", ["agents_of_mine/__init__.py", "other/agents/__init__.py", "agents.py"])
def test_a_module_of_another_name_or_place_is_no_collision(tmp_path: Path, path: str) -> None:
    install(tmp_path, "reasonenv-agents", OURS)
    install(tmp_path, "other", {path: ""})
    assert collision("agents", [str(tmp_path)]) is None


def test_files_that_another_distribution_replaced_are_damage_and_the_other_is_named(tmp_path: Path) -> None:
    install(tmp_path, "reasonenv-agents", OURS)
    install(tmp_path, "openai-agents", THEIRS)
    assert (damage("agents", [str(tmp_path)]) or "").startswith("openai-agents installed files")


def test_files_that_went_with_another_distribution_are_damage_that_pip_mends(tmp_path: Path) -> None:
    install(tmp_path, "reasonenv-agents", OURS)
    (tmp_path / "agents/__init__.py").unlink()
    assert damage("agents", [str(tmp_path)]) == (
        "Files of reasonenv-agents are gone or not its own (1), such as agents/__init__.py. "
        "Run: pip install --force-reinstall --no-deps reasonenv-agents"
    )


def test_a_module_that_is_there_is_not_imported_and_one_that_is_not_is_named() -> None:
    program = "from reasonenv.installation import require_modules\nimport sys\n"
    program += "require_modules(['torch', 'wave'], 'reasonenv[x]')\nprint(*{'torch', 'wave'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
    with pytest.raises(MissingExtraError, match=r"^'no_such_module' is not installed\. Run: pip install \"reason"):
        require_modules(["sys", "no_such_module"], "reasonenv[x]")
