from __future__ import annotations

import json

import pytest

from agents.errors import CheckpointError
from agents.pipeline.artefacts import SampleFile, write_rows

ODD = ["a\u2028b\u2029c", "\x85\x1c\x0b\x0c", "line\nbreak\r\n", "\ud800 half a character", "等等，不对", ""]


def test_rows_are_read_as_they_were_written_whatever_characters_they_hold(tmp_path):
    rows = [{"response": text} for text in ODD]
    write_rows(tmp_path / "samples.jsonl", rows)
    assert SampleFile(tmp_path / "samples.jsonl").rows() == rows


def test_a_bad_row_is_named_by_its_line(tmp_path):
    path = tmp_path / "samples.jsonl"
    for bad in ("{", "[1]", "3"):
        path.write_text(f"{json.dumps({'response': '5'})}\n\n{bad}\n", encoding="utf-8")
        with pytest.raises(CheckpointError, match="line 3"):
            SampleFile(path).rows()


def test_bytes_that_are_no_utf8_are_named_by_their_line(tmp_path):
    (tmp_path / "samples.jsonl").write_bytes(b'{"response": "5"}\n\xff\xfe\n')
    with pytest.raises(CheckpointError, match="line 2"):
        SampleFile(tmp_path / "samples.jsonl").rows()
