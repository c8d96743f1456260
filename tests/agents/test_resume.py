"""Going on with a run from the command line: with its folder alone, from anywhere, and with the tasks it began with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_policies import save_tiny_policy

from agents.__main__ import main

SFT = [
    *("--num-steps=2", "--cold-start-1.batch-size=2", "--env.template=plain"),
    *("--evaluation.num-tasks=3", "--evaluation.max-new-tokens=4"),
]
RL = [
    *("--cold-start-1.num-steps=1", "--cold-start-2.num-steps=1", "--control-1.num-steps=1", "--rl.num-steps=2"),
    *("--rl.rollout.num-prompts=2", "--rl.rollout.group-size=2", "--rl.rollout.max-new-tokens=4"),
    *("--evaluation.num-tasks=3", "--evaluation.max-new-tokens=4"),
]
MORE = ["--keep-checkpoints=2"]
"""Something that may change, so that a run that is over is looked at again."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summary(folder: Path) -> dict[str, Any]:
    """Return what came out, without the time that it took."""
    values = json.loads((folder / "summary.json").read_text())
    return {name: value for name, value in values.items() if name != "seconds"}


def write_rows(path: Path, *answers: int, first: int = 0) -> None:
    rows = [
        {"question": f"{n}+1=?", "answer": answer, "solution": "One more."} for n, answer in enumerate(answers, first)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def test_a_recipe_goes_on_from_its_checkpoint(here: Path) -> None:
    run = ["sft", *SFT, "--tasks=chain_arithmetic"]
    main(run)
    assert main([*run, "--resume"]) == 0
    assert [path.name for path in (here / "runs").iterdir()] == ["sft"]


def test_the_folder_is_all_that_is_needed(here: Path) -> None:
    main(["sft", *SFT, "--tasks=chain_arithmetic"])
    folder = here / "runs" / "sft"
    before = summary(folder)
    (folder / "summary.json").unlink()
    assert main(["train", "--resume", str(folder)]) == 0
    assert summary(folder) == before
    assert [path.name for path in (here / "runs").iterdir()] == ["sft"]


def test_a_run_may_be_extended(here: Path) -> None:
    main(["train", "quickstart", *RL])
    folder = here / "runs" / "quickstart"
    assert main(["train", "--resume", str(folder), "--rl.num-steps", "3"]) == 0
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["phase"] == "rl"] == [0, 1, 2]
    assert json.loads((folder / "config.json").read_text())["phases"][5]["num_steps"] == 3


def test_a_run_goes_on_from_another_current_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(here / "mine.jsonl", *range(1, 41))
    write_rows(here / "theirs.jsonl", *range(41, 61), first=40)
    main(["sft", *SFT, "--tasks=mine.jsonl", "--evaluation.tasks=theirs.jsonl"])
    before = summary(here / "runs" / "sft")
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert main(["train", "--resume", "../runs/sft", *MORE]) == 0
    assert summary(here / "runs" / "sft") == before


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ((*range(1, 40), 50), "now on the same number of others"),
        (range(1, 40), "of 39 problems"),
        (range(1, 42), "of 41 problems"),
    ],
    ids=["another answer", "a row less", "a row more"],
)
def test_a_run_does_not_go_on_with_a_file_that_has_changed(
    here: Path, capsys: pytest.CaptureFixture[str], answers: Any, message: str
) -> None:
    write_rows(here / "mine.jsonl", *range(1, 41))
    main(["sft", *SFT, "--tasks=mine.jsonl"])
    files = {path: path.read_bytes() for path in (here / "runs").rglob("*") if path.is_file()}
    write_rows(here / "mine.jsonl", *answers)
    capsys.readouterr()
    assert main(["train", "--resume", "runs/sft", *MORE]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: The tasks of ")
    assert message in said
    assert said.count("\n") == 1
    assert {path: path.read_bytes() for path in (here / "runs").rglob("*") if path.is_file()} == files


def test_a_run_needs_the_model_that_it_began_with_only_until_it_has_saved_its_own(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_tiny_policy(here / "policy", seed=0)
    main(["train", "quickstart", *RL, "--policy.path=policy"])
    shutil.rmtree(here / "policy")
    assert main(["train", "--resume", "runs/quickstart", "--rl.num-steps=3"]) == 0
    (here / "runs" / "quickstart" / "checkpoint").unlink()
    capsys.readouterr()
    assert main(["train", "--resume", "runs/quickstart"]) == 2
    assert f"from '{here}/policy': there is no such folder" in capsys.readouterr().err
