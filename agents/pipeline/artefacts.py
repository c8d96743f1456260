"""What stages leave for each other: checkpoints, files of samples, and reports, known by the hash of their content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.errors import CheckpointError

__all__ = [
    "ARTEFACTS",
    "Artefact",
    "Checkpoint",
    "Report",
    "SampleFile",
    "content_hash",
    "export_checkpoint",
    "read_rows",
    "write_json",
    "write_rows",
]


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a model and its tokenizer: `Checkpoint(Path("runs/r1/zero/checkpoint"))`."""

    path: Path

    @cached_property
    def sha256(self) -> str:
        """Return the hash of every file in the folder."""
        return content_hash(self.path)


@dataclass(frozen=True)
class SampleFile:
    """A file of JSON lines, one sample a line: `SampleFile(Path("runs/r1/cold_start/samples.jsonl"))`."""

    path: Path

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the file."""
        return content_hash(self.path)

    def rows(self) -> list[dict[str, Any]]:
        """Return the lines as JSON objects."""
        return read_rows(self.path)


@dataclass(frozen=True)
class Report:
    """A JSON file with what a stage counted or measured: `Report(Path("runs/r1/cold_start/counts.json"))`."""

    path: Path

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the file."""
        return content_hash(self.path)

    def content(self) -> Any:
        """Return the JSON value."""
        return json.loads(self.path.read_text(encoding="utf-8"))


Artefact = Checkpoint | SampleFile | Report
ARTEFACTS: dict[str, type[Checkpoint] | type[SampleFile] | type[Report]] = {
    "checkpoint": Checkpoint,
    "samples": SampleFile,
    "report": Report,
}
"""What the manifest calls each kind."""


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and hashes of all files in a folder.

    Raises:
        CheckpointError: there is nothing at the path.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listing = "".join(f"{file.relative_to(path).as_posix()}\0{content_hash(file)}\n" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"The artefact {path} cannot be read: {error}. Run the stage that makes it.") from error


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON lines; the file is whole or absent."""
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(b"".join(map(_line, rows)))
    draft.replace(path)


def _line(row: Mapping[str, Any]) -> bytes:
    try:
        return f"{json.dumps(row, ensure_ascii=False)}\n".encode()
    except UnicodeEncodeError:  # half of a character, which UTF-8 cannot hold
        return f"{json.dumps(row)}\n".encode()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines.

    Raises:
        CheckpointError: a line that is no JSON object, with its number.
    """
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise CheckpointError(f"{path}, line {number}, is no JSON: {error}.") from error
        if not isinstance(row, dict):
            raise CheckpointError(f"{path}, line {number}, must be a JSON object, got {line!r:.80}.")
        rows.append(row)  # pyright: ignore[reportUnknownArgumentType] JSON
    return rows


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file; it is whole or absent."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def export_checkpoint(checkpoint: Path, target: Path) -> Checkpoint:
    """Make a folder of the model and the tokenizer alone of a run's checkpoint; files are shared where they can be.

    What only resumption needs (optimizer, position, seconds) stays behind, so that the hash is that of the policy. The
    folder is whole or absent.
    """
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for file in sorted(checkpoint.resolve().iterdir()):
        is_state = file.name in {"learner.pt", "env_state.pickle", "state.json"} or file.name.startswith("reference-")
        if file.is_file() and not is_state:
            _share(file, draft / file.name)
    draft.rename(target)
    return Checkpoint(target)


def _share(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)
