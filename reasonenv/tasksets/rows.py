"""Rows of JSON, JSONL, CSV and parquet files and of Hugging Face data sets.

A row knows where it stands, so that every complaint about a cell names file, line and column.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO, cast

import numpy as np

from reasonenv.errors import MissingExtraError, TaskDataError, UnknownNameError
from reasonenv.tasksets.json_text import read_json

__all__ = [
    "ALL",
    "FILE_SUFFIXES",
    "Part",
    "Row",
    "file_rows",
    "folder_part",
    "hub_rows",
    "read_json",
    "record_rows",
    "split_part",
]

ALL = "all"
"""The split that is the whole of a user's data."""

_EXCERPT_CHARS = 80
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `Row("train.jsonl line 3", {"prompt": "2+3=?", "answer": 5})`.

    A column may be a path: "reward_model.ground_truth" is what the object in column "reward_model" holds there, be it
    an object or JSON text of one.
    """

    where: str
    cells: Mapping[str, Any]

    def has(self, column: str) -> bool:
        """Return whether the row has the column, be it empty."""
        return self._held(column) is not _ABSENT

    def is_empty(self, column: str) -> bool:
        """Return whether a cell holds nothing: null, "", or the NaN that data frames put where nothing is."""
        value = self.cell(column)
        return (
            value is None or (isinstance(value, str) and value == "") or (isinstance(value, float) and value != value)
        )

    def cell(self, column: str) -> Any:
        """Return the value of a column; TaskDataError when the row has no such column."""
        value = self._held(column)
        if value is _ABSENT:
            raise TaskDataError(f"{self.where}: no column {column!r}; its columns are {self.columns()}.")
        return value

    def _held(self, column: str) -> Any:
        if column in self.cells:
            return self.cells[column]
        if "." not in column:
            return _ABSENT
        value: Any = self.cells
        for part in column.split("."):
            held = _json_object(value) if isinstance(value, str) else value
            if not isinstance(held, Mapping) or part not in held:
                return _ABSENT
            value = cast("Mapping[str, Any]", held)[part]
        return value

    def text(self, column: str) -> str:
        """Return a cell that must hold text."""
        value = self.cell(column)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong_cell(column, "text")
        return value

    def optional_text(self, column: str) -> str | None:
        """Return a cell that may be empty."""
        return None if self.is_empty(column) else self.text(column)

    def text_or_number(self, column: str) -> str:
        """Return a cell that holds text or a number, as text without spaces around it."""
        value = self.cell(column)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
        return self.number_text(column, value) if is_number else self.text(column).strip()

    def number_text(self, column: str, value: object) -> str:
        """Return a number of a cell as text; TaskDataError for an integer of more digits than Python writes."""
        try:
            return str(value)
        except ValueError as error:
            raise TaskDataError(
                f"{self.where}: the number in column {column!r} is too long ({error}). Give it as text."
            ) from error

    def structure(self, column: str, expected: str) -> list[Any] | dict[str, Any]:
        """Return a cell that holds a list or an object, in plain Python values.

        Text is read as JSON: a CSV file has nothing else, and the columns of a table have one type each.

        Args:
            column: which cell.
            expected: what the cell should hold, for the error message.
        """
        value = _plain(self.cell(column))
        if isinstance(value, str):
            try:
                value = read_json(value)
            except (ValueError, RecursionError) as error:
                raise self.wrong_cell(column, f"{expected}, or JSON text of it") from error
        if not isinstance(value, list | dict):
            raise self.wrong_cell(column, expected)
        return cast("list[Any] | dict[str, Any]", value)

    def wrong_cell(self, column: str, expected: str) -> TaskDataError:
        """Return the error for a cell that holds something else than `expected`."""
        value = self.cell(column)
        got = "null" if value is None else f"{type(value).__name__} {_excerpt(_written(value))}"
        return TaskDataError(f"{self.where}: expected {expected} in column {column!r}, got {got}.")

    def columns(self) -> str:
        """Return the names of the columns, for messages."""
        return ", ".join(map(str, self.cells)) or "none at all"


def _json_object(text: str) -> object:
    """Return what JSON text holds; None for other text."""
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """Return a value with arrays and tuples as lists, and NumPy's scalars as Python's."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(cast("Any", value).tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in cast("Sequence[Any]", value)]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in cast("Mapping[str, Any]", value).items()}
    return value


def file_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a .jsonl, .json, .csv or .parquet file; text may be compressed, with .gz behind the suffix.

    Raises:
        TaskDataError: no such file, an unknown suffix, no rows, or content that is not what the suffix says.
    """
    if not path.is_file():
        raise TaskDataError(
            f'{path}: no such file or folder. For a data set on the Hugging Face hub, give tasks="hf://owner/name" or '
            'reasonenv.tasksets.from_hub("owner/name").'
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


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one place, and the split that the place gives them; None where it is one table without splits."""

    rows: Iterable[Row]
    split: str | None


def folder_part(path: Path, split: str) -> Part:
    """Return one split of a folder, or the table that it holds.

    The folder has a file for each split (train.jsonl and test.csv), or is one of `datasets.Dataset.save_to_disk` or
    `datasets.DatasetDict.save_to_disk`, or has another layout that `datasets.load_dataset` reads.

    Raises:
        MissingExtraError: `datasets` is needed and not installed.
        UnknownNameError: the folder has no such split.
        TaskDataError: the folder holds no data.
    """
    is_saved = (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()
    files = {} if is_saved else _split_files(path)
    if files.keys() & {split, "train", "test"}:
        return split_part({name: file_rows(file) for name, file in files.items()}, split, str(path))
    if not is_saved and (not (files or _has_tables(path)) or _is_crowded(path)):
        raise TaskDataError(
            f"{path}: no tasks in this folder. Expected a file for each split, such as train.jsonl and test.csv "
            f"(endings: {', '.join(FILE_SUFFIXES)}), here or in data/, or what save_to_disk of `datasets` writes."
        )
    datasets = _import_datasets()
    try:
        loaded = datasets.load_from_disk(str(path)) if is_saved else datasets.load_dataset(str(path))
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise TaskDataError(f"{path}: cannot be read as a data set: {error}") from error
    if not isinstance(loaded, dict):
        return Part(record_rows(loaded, str(path)), None)
    parts = cast("Mapping[str, Iterable[Any]]", loaded)
    return split_part({name: record_rows(rows, f"{path} [{name}]") for name, rows in parts.items()}, split, str(path))


def _has_tables(path: Path) -> bool:
    """Return whether a folder without tables has some in the folders where data sets keep them."""
    places = ("data", "train", "test", "validation", "dev")
    return any(file.name.endswith(FILE_SUFFIXES) for place in places for file in (path / place).glob("*"))


def _is_crowded(path: Path) -> bool:
    """Return whether there are more files below a folder than a data set has: `datasets` would search for minutes."""
    num_files = 0
    for _, _, names in os.walk(path):
        num_files += len(names)
        if num_files > MAX_FOLDER_FILES:
            return True
    return False


def _split_files(path: Path) -> dict[str, Path]:
    """Return the data files of a folder by the part of their name before the first dot."""
    files = dict[str, Path]()
    for file in sorted(path.iterdir()):
        stem = file.name.split(".")[0]
        if file.name.endswith(FILE_SUFFIXES) and stem in files:
            raise TaskDataError(
                f"{path}: {files[stem].name} and {file.name} both hold {stem!r}; expected one file for it."
            )
        if file.name.endswith(FILE_SUFFIXES):
            files[stem] = file
    return files


def split_part(parts: Mapping[str, Iterable[Row]], split: str, source: str) -> Part:
    """Return the rows of one of several splits, or those of all; UnknownNameError where `source` has no such split."""
    if split == ALL:
        return Part(chain.from_iterable(parts.values()), ALL)
    if split not in parts:
        raise UnknownNameError("split", split, parts, of=source)
    return Part(parts[split], split)


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
    yield from record_rows(loaded, f"{repository} [{split}]")


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with _opened(path, newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _json_row(f"{path} line {number}", line.strip())


def _json_rows(path: Path) -> Iterator[Row]:
    with _opened(path, newline="\n") as file:
        text = file.read()
    try:
        records = read_json(text)
    except (ValueError, RecursionError) as error:
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
        cells = read_json(line)
    except (ValueError, RecursionError) as error:
        return Row(where, _Unreadable(TaskDataError(f"{where}: not JSON ({error}): {_excerpt(line)}")))
    if not isinstance(cells, dict):
        got = f"{type(cells).__name__}: {_excerpt(line)}"
        return Row(where, _Unreadable(TaskDataError(f"{where}: expected a JSON object, got {got}")))
    return Row(where, cells)


class _Unreadable(Mapping[str, Any]):
    """The cells of a row that holds none: who looks at them learns why, and may go on with the next row."""

    def __init__(self, error: TaskDataError) -> None:
        self._error = error

    def __getitem__(self, column: str) -> Any:
        raise self._error

    def __iter__(self) -> Iterator[str]:
        raise self._error

    def __len__(self) -> int:
        raise self._error


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
MAX_FOLDER_FILES = 5_000


def record_rows(records: Iterable[Any], source: str) -> Iterator[Row]:
    """Yield records as rows, which are numbered from 0; TaskDataError for one that is no mapping."""
    for number, cells in enumerate(records):
        if not isinstance(cells, Mapping):
            raise TaskDataError(
                f"Row {number} of {source}: expected a mapping from columns to cells, got {type(cells).__name__}: "
                f"{_excerpt(repr(cells))}"
            )
        yield Row(f"row {number} of {source}", cast("Mapping[str, Any]", cells))


def _import_datasets() -> ModuleType:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "reasonenv[data]") from error
    return datasets


def _written(value: object) -> str:
    try:
        return repr(value)
    except ValueError as error:  # an integer of more digits than Python writes
        return f"which cannot be shown ({error})"


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT_CHARS else f"{text[:_EXCERPT_CHARS]}…"
