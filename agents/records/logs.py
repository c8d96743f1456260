"""Log files of JSON lines, which a resumed run cuts back to its checkpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.errors import CheckpointError
from agents.json_values import json_line

__all__ = ["JsonLines"]


class JsonLines:
    """An append-only file of JSON objects, one a line; NaN and infinities are written as null."""

    def __init__(self, path: Path, *, offset: int = 0) -> None:
        """Open for appending after `offset` bytes; what lies behind them (of a run that was cut short) is dropped.

        Raises:
            CheckpointError: the file is shorter than `offset`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        size = self._file.seek(0, os.SEEK_END)
        if size < offset:
            self._file.close()
            raise CheckpointError(
                f"{path} has {size} bytes, but had {offset} when the checkpoint was written: it was cut or replaced. "
                "Put the file back, or start again in another folder."
            )
        self._path = path
        self.cut(offset)

    @property
    def length(self) -> int:
        """The length of the file in bytes."""
        return self._file.tell()

    def cut(self, offset: int) -> None:
        """Drop what lies behind `offset` bytes."""
        self._file.truncate(offset)
        self._file.seek(offset)

    def write(self, row: Mapping[str, Any]) -> None:
        """Append one object; readers see it at once."""
        self._file.write(json_line(row).encode())
        self._file.flush()

    def read(self, *, phase: str) -> list[dict[str, Any]]:
        """Return the objects of one phase that are in the file, in order."""
        with self._path.open(encoding="utf-8") as lines:
            rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [row for row in rows if row["phase"] == phase]

    def sync(self) -> int:
        """Put everything on disk and return the length of the file in bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self.length

    def close(self) -> None:
        """Flush and close."""
        self._file.close()
