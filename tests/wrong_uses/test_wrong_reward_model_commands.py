"""The table of wrong uses of `python -m reward_models`."""

from __future__ import annotations

from pathlib import Path

import pytest
from wrong_uses import expect_refusal, rows, write_files

from reward_models.__main__ import main


@pytest.mark.parametrize(
    ("words", "pattern"),
    rows(
        ("srve", r"Unknown command 'srve'\. Did you mean 'serve'\?"),
        ("train", r"Missing .* \{helpfulness,safety\}"),
        ("train helpfulness", r"Missing .* --out PATH"),
        ("train helpfulnes --out x", r"invalid choice 'helpfulnes' .* \('helpfulness', 'safety'\)"),
        ("train helpfulness --out x --data missing.jsonl", r"--data missing\.jsonl: no such file"),
        ("train safety --out x --data missing.csv", r"--data missing\.csv: no such file"),
        ("train helpfulness --out x --data good.jsonl", r"good\.jsonl:1: expected `chosen` and `rejected`"),
        ("train helpfulness --out a_file", r"--out must be a folder.* a_file is a file"),
        ("train helpfulness --out x --num-generated 0", r"at least one row to fit to"),
        ("train helpfulness --out x --num-generated -5", r"--num-generated must be at least 0, got -5"),
        ("train helpfulness --out x --held-out 2", r"--held-out must lie between 0 and 1, got 2\.0"),
        ("train helpfulness --out x --train.seed abc", r"Error parsing --train\.seed: .* 'abc'"),
        ("evaluate helpfulness", r"Missing .* --data"),
        ("evaluate helpfulnes --data good.jsonl", r"No reward model 'helpfulnes'\. Did you mean 'helpfulness'\?"),
        ("evaluate no_model --data good.jsonl", r"No reward model 'no_model'"),
        ("evaluate broken_model --data good.jsonl", r"does not say what it judges"),
        ("evaluate helpfulness --data missing.jsonl", r"--data missing\.jsonl: no such file"),
        ("serve helpfulnes", r"No reward model 'helpfulnes'\. Did you mean 'helpfulness'\?"),
        ("serve helpfulness --port abc", r"Error parsing --port: .* 'abc'"),
        ("serve helpfulness --port 99999999", r"--port must lie in 0 to 65535, got 99999999"),
        ("serve helpfulness --max-waiting 0", r"--max-waiting must be at least 1, got 0"),
    ),
)
def test_wrong_command_is_refused(
    words: str, pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    expect_refusal(main, words, pattern, tmp_path, capsys)
