"""Rows of JSON, JSONL, CSV and parquet files and of Hugging Face data sets.

A row knows where it stands, so that every complaint about a cell names file, line and column.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO, cast

from reasonenv.errors import MissingExtraError, TaskDataError, UnknownNameError

__all__ = ["FILE_SUFFIXES", "Row", "file_rows", "folder_rows", "hub_rows"]

_EXCERPT_CHARS = 80


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `Row("train.jsonl line 3", {"prompt": "2+3=?", "answer": 5})`."""

    where: str
    cells: Mapping[str, Any]

    def cell(self, column: str) -> Any:
        """Return the value of a column; TaskDataError when the row has no such column."""
        if column not in self.cells:
            raise TaskDataError(f"{self.where}: no column {column!r}; its columns are {self.columns()}.")
        return self.cells[column]

    def text(self, column: str) -> str:
        """Return a cell that must hold text."""
        value = self.cell(column)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong_cell(column, "text")
        return value

    def optional_text(self, column: str) -> str | None:
        """Return a cell that may be empty or null, both of which are None."""
        return None if self.cell(column) in (None, "") else self.text(column)

    def text_or_number(self, column: str) -> str:
        """Return a cell that holds text or a number, as text without spaces around it."""
        value = self.cell(column)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
        return str(value) if is_number else self.text(column).strip()

    def wrong_cell(self, column: str, expected: str) -> TaskDataError:
        """Return the error for a cell that holds something else than `expected`."""
        value = self.cells[column]
        got = "null" if value is None else f"{type(value).__name__} {_excerpt(repr(value))}"
        return TaskDataError(f"{self.where}: expected {expected} in column {column!r}, got {got}.")

    def columns(self) -> str:
        """Return the names of the columns, for messages."""
        return ", ".join(map(str, self.cells)) or "none at all"


def file_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a .jsonl, .json, .csv or .parquet file; text may be compressed, with .gz behind the suffix.

    Raises:
        TaskDataError: no such file, an unknown suffix, no rows, or content that is not what the suffix says.
    """
    if not path.is_file():
        raise TaskDataError(
            f"{path}: no such file or folder. Data sets on the Hugging Face hub are loaded by from_hub."
        )
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix not in _READERS:
        raise TaskDataError(f"{path}: expected a file that ends in {', '.join(_READERS)}; got {path.suffix!r}.")
    rows = _READERS[suffix](path)
    try:
        first = next(rows, None)
        if first is None:
            raise TaskDataError(f"{path}: the file holds no rows.")
        yield first
        yield from rows
    except UnicodeDecodeError as error:
        raise TaskDataError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise TaskDataError(f"{path}: not a whole gzip file ({error}).") from error


def folder_rows(path: Path, split: str) -> Iterator[Row]:
    """Yield one split of a folder: of `datasets.Dataset.save_to_disk`, or of files that `datasets.load_dataset` reads.

    Raises:
        MissingExtraError: `datasets` is not installed.
        UnknownNameError: the folder has no such split.
        TaskDataError: the folder holds no data.
    """
    datasets = _import_datasets()
    is_saved = (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()
    try:
        loaded = datasets.load_from_disk(str(path)) if is_saved else datasets.load_dataset(str(path))
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise TaskDataError(f"{path}: cannot be read as a data set: {error}") from error
    if isinstance(loaded, dict):
        if split not in loaded:
            raise UnknownNameError("split", split, loaded)
        loaded = loaded[split]
    yield from _dataset_rows(loaded, f"{path} [{split}]")


def hub_rows(
    repository: str, *, config: str | None, split: str, revision: str | None, data_dir: str | None = None
) -> Iterator[Row]:
    """Yield one split of a data set on the Hugging Face hub.

    Raises:
        MissingExtraError: `datasets` is not installed.
        TaskDataError: the hub cannot be reached, or has no such data set, configuration, split or revision.
    """
    datasets = _import_datasets()
    try:
        loaded = datasets.load_dataset(repository, config, split=split, revision=revision, data_dir=data_dir)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise TaskDataError(
            f"{repository} [{split}]: cannot be loaded from the Hugging Face hub: {error} "
            "Without network, load a local copy with reasonenv.tasksets.from_path."
        ) from error
    yield from _dataset_rows(loaded, f"{repository} [{split}]")


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with _opened(path, newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _json_row(f"{path} line {number}", line.strip())


def _json_rows(path: Path) -> Iterator[Row]:
    with _opened(path, newline="\n") as file:
        text = file.read()
    try:
        records = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise TaskDataError(f"{path}: not JSON ({error}): {_excerpt(text)}") from error
    if not isinstance(records, list) or not all(isinstance(cells, dict) for cells in records):
        raise TaskDataError(f"{path}: expected a JSON list of objects, one for each row.")
    for number, cells in enumerate(records):
        yield Row(f"{path} row {number}", cells)


def _opened(path: Path, *, newline: str) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline=newline))
    return path.open(encoding="utf-8-sig", newline=newline)


def _json_row(where: str, line: str) -> Row:
    try:
        cells = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise TaskDataError(f"{where}: not JSON ({error}): {_excerpt(line)}") from error
    if not isinstance(cells, dict):
        raise TaskDataError(f"{where}: expected a JSON object, got {type(cells).__name__}: {_excerpt(line)}")
    return Row(where, cells)


def _csv_rows(path: Path) -> Iterator[Row]:
    with _opened(path, newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            for cells in reader:
                where = f"{path} line {reader.line_num}"
                if None in cells or None in cells.values():
                    raise TaskDataError(
                        f"{where}: expected {len(reader.fieldnames or ())} cells, one for each column of the header."
                    )
                yield Row(where, cells)
        except csv.Error as error:
            raise TaskDataError(f"{path} line {reader.line_num}: not CSV ({error}).") from error


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "reasonenv[data]") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            records = (record for batch in file.iter_batches() for record in batch.to_pylist())
            for number, cells in enumerate(records):
                yield Row(f"{path} row {number}", cells)
    except pyarrow.ArrowInvalid as error:
        raise TaskDataError(f"{path}: not a parquet file ({error}).") from error


_READERS = {".jsonl": _jsonl_rows, ".json": _json_rows, ".csv": _csv_rows, ".parquet": _parquet_rows}
FILE_SUFFIXES = (*_READERS, ".gz")


def _dataset_rows(dataset: Any, source: str) -> Iterator[Row]:
    for number, cells in enumerate(dataset):
        yield Row(f"{source} row {number}", cells)


def _import_datasets() -> ModuleType:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "reasonenv[data]") from error
    return datasets


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT_CHARS else f"{text[:_EXCERPT_CHARS]}…"
