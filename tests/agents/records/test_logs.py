from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import CheckpointError
from agents.records.logs import JsonLines


def written(path: Path, rows: list[dict], *, offset: int = 0) -> int:
    lines = JsonLines(path, offset=offset)
    for row in rows:
        lines.write(row)
    length = lines.sync()
    lines.close()
    return length


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_object_is_one_line(tmp_path: Path):
    rows = [{"step": 0, "text": "two\nlines"}, {"step": 1, "nested": {"list": [1, 2.5, "é"]}}]
    written(tmp_path / "folder" / "rows.jsonl", rows)
    assert read(tmp_path / "folder" / "rows.jsonl") == rows


def test_lone_surrogates_survive(tmp_path: Path):
    written(tmp_path / "rows.jsonl", [{"text": "\ud800"}])
    assert read(tmp_path / "rows.jsonl") == [{"text": "\ud800"}]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_become_null_at_any_depth(tmp_path: Path, value: float):
    written(tmp_path / "rows.jsonl", [{"a": value, "b": {"c": [value, 1.0]}, "d": (value,)}])
    assert read(tmp_path / "rows.jsonl") == [{"a": None, "b": {"c": [None, 1.0]}, "d": [None]}]


def test_sync_returns_the_length_of_what_is_on_disk(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    lines = JsonLines(path)
    lines.write({"step": 0})
    assert lines.sync() == path.stat().st_size == len('{"step": 0}\n')
    lines.close()


def test_reopening_drops_what_was_written_after_the_checkpoint(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    offset = written(path, [{"step": 0}, {"step": 1}])
    with path.open("a") as file:
        file.write('{"step": 2}\n{"st')
    written(path, [{"step": 2, "again": True}], offset=offset)
    assert read(path) == [{"step": 0}, {"step": 1}, {"step": 2, "again": True}]


def test_a_file_that_lost_lines_since_the_checkpoint_is_refused_and_left_alone(tmp_path: Path):
    written(tmp_path / "rows.jsonl", [{"step": 0}])
    with pytest.raises(CheckpointError, match=r"rows\.jsonl has 12 bytes, but had 99 when the checkpoint was written"):
        JsonLines(tmp_path / "rows.jsonl", offset=99)
    assert read(tmp_path / "rows.jsonl") == [{"step": 0}]


def test_rows_can_be_taken_back(tmp_path: Path):
    lines = JsonLines(tmp_path / "rows.jsonl")
    lines.write({"step": 0})
    length = lines.length
    lines.write({"step": 1})
    lines.cut(length)
    lines.write({"step": 1, "again": True})
    lines.close()
    assert read(tmp_path / "rows.jsonl") == [{"step": 0}, {"step": 1, "again": True}]


def test_a_fresh_run_starts_an_empty_file(tmp_path: Path):
    written(tmp_path / "rows.jsonl", [{"step": 0}])
    written(tmp_path / "rows.jsonl", [{"step": 9}])
    assert read(tmp_path / "rows.jsonl") == [{"step": 9}]


@given(st.dictionaries(st.text(), st.floats(), max_size=4))
def test_any_row_of_floats_is_valid_json(tmp_path_factory: pytest.TempPathFactory, row: dict[str, float]):
    path = tmp_path_factory.mktemp("metrics") / "rows.jsonl"
    written(path, [row])
    assert read(path) == [{name: value if math.isfinite(value) else None for name, value in row.items()}]
