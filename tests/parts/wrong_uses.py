"""Wrong uses of a command line: what a person types, and what must come back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

_BOXES = re.compile("[\u2500-\u257f]|-{5,}")
_OWN_PARTS = """
from dataclasses import dataclass
from reasonenv import rule

@rule("words")
def words(task, response):
    return "no number"

def needs(first, second):
    return 1

def sums(split):
    return [{"question": "1+1=?", "answer": 2}]

@dataclass
class Settings:
    strength: float = 1.0

not_a_part = 5
"""


def write_files(folder: Path) -> None:
    """Write files and folders that are wrong in one way each, and a few that are right."""
    sums = "\n".join(json.dumps({"question": f"{number}+1=?", "answer": str(number + 1)}) for number in range(40))
    contents: dict[str, bytes | str] = {
        "good.jsonl": sums,
        "empty.jsonl": "",
        "one.jsonl": '{"question": "1+1=?", "answer": "2"}',
        "broken.jsonl": '{"question": "1+1=?", "answer": "2"}\n{"question":',
        "list.jsonl": '["a"]\n',
        "twice.jsonl": '{"id": "a", "question": "1+1=?", "answer": "2"}\n' * 2,
        "latin.jsonl": '{"question": "é", "answer": "2"}'.encode("latin-1"),
        "null.jsonl": '{"question": "1+1=?", "answer": null}',
        "other_columns.jsonl": '{"frage": "1+1=?", "antwort": "2"}',
        "object.json": '{"question": "1+1=?", "answer": "2"}',
        "short_row.csv": "question,answer\n1+1=?\n",
        "no_gzip.jsonl.gz": "not compressed",
        "no.parquet": "not a table",
        "notes.txt": "hello",
        "a_file": "x",
        "no_model/README.md": "no config here",
        "broken_model/config.json": "{",
        "broken_run/config.json": "{",
        "empty_folder/.keep": "",
        "empty_run/config.json": "{}",
        "list_run/config.json": "[]",
        "broken_part_of_a_user.py": "1 / 0\n",
        "wrong_parts_of_a_user.py": _OWN_PARTS,
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def rows(*table: tuple[str, str]) -> list[Any]:
    """Return parameters of a test: the words, and a pattern of the answer."""
    return [pytest.param(words, pattern, id=words.replace(" ", "_") or "nothing") for words, pattern in table]


def expect_refusal(
    main: Callable[[Sequence[str]], object], words: str, pattern: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run a command in `folder`: it must say one thing that matches, exit with an error, and write nothing."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    started = time.monotonic()
    try:
        status = main(words.split())
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    said = capsys.readouterr().err
    assert re.search(pattern, " ".join(_BOXES.sub(" ", said).split())), said
    assert status not in (0, None)
    assert time.monotonic() - started < 30, "a mistake is found before anything that takes long"
    assert "Traceback" not in said
    if said.startswith("error: "):
        assert said.count("\n") == 1, "one error, one line"
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}
    assert after == before, said
