"""Policies of your own, named as "module:attribute"."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reasonenv.__main__ import main
from reasonenv.evaluation.samples import read_samples


def test_a_policy_of_your_own_goes_by_its_name(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "my_policy.py").write_text(
        "from reasonenv.evaluation.command.policy import Reply\n"
        "class Always:\n"
        "    identity = {'answer': 5}\n"
        "    def respond(self, questions, is_wanted, sampling, keep):\n"
        "        for question in filter(is_wanted, questions):\n"
        "            keep(question, Reply(text='<answer>5</answer>'))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    words = ["chain_arithmetic", "--policy", "my_policy:Always", "--num-tasks", "40", "--json"]
    assert main(["eval", *words, "--out", str(tmp_path / "out.jsonl")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["pass@1"]["value"] <= found["constant_answer"]


@pytest.mark.parametrize(
    ("identity", "body", "message"),
    [
        ("{1, 2}", "pass", "The identity of Wrong must be JSON values"),
        ("{}", "keep(questions[0], 'five')", "Wrong gave a str for a Reply: 'five'."),
        ("{}", "[keep(questions[0], Reply(text='5')) for _ in 'ab']", "Wrong gave a second reply to"),
        ("{}", "pass", "Wrong gave no reply to 2 of 2 questions."),
    ],
)
def test_a_policy_of_your_own_that_does_wrong_is_told_so(
    identity: str, body: str, message: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    (tmp_path / "wrong_policy.py").write_text(
        "from reasonenv.evaluation.command.policy import Reply\n"
        "class Wrong:\n"
        f"    identity = {{'it': {identity}}}\n"
        f"    def respond(self, questions, is_wanted, sampling, keep):\n        {body}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wrong_policy", raising=False)
    words = ["chain_arithmetic", "--policy", "wrong_policy:Wrong", "--num-tasks", "2"]
    assert main(["eval", *words, "--out", str(tmp_path / "out.jsonl")]) == 2
    assert message in capsys.readouterr().err


FIVE = (
    "from reasonenv.evaluation.command.policy import Reply\n"
    "class Five:\n"
    "    identity = {'answer': 5}\n"
    "    def respond(self, questions, is_wanted, sampling, keep):\n"
    "        for question in filter(is_wanted, questions):\n"
    "            keep(question, Reply(text='<answer>5</answer>'))\n"
)


def evaluated(rows: list[dict], folder: Path, monkeypatch, *words: str) -> int:
    """Return the exit status of an evaluation of somebody who always says five."""
    (folder / "five_policy.py").write_text(FIVE)
    (folder / "tasks.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    monkeypatch.syspath_prepend(folder)
    return main(
        [
            "eval",
            str(folder / "tasks.jsonl"),
            "--policy",
            "five_policy:Five",
            "--out",
            str(folder / "out.jsonl"),
            *words,
        ]
    )


def test_a_reward_that_cannot_score_the_tasks_is_an_error_before_anybody_is_asked(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    rows = [{"prompt": "Which?", "answer": "B", "choices": ["x", "y"]}, {"prompt": "2+3?", "answer": 5}]
    assert evaluated(rows, tmp_path, monkeypatch, "--reward", "qa", "--template", "plain") == 2
    assert "The qa reward needs a QAReference" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_task_with_half_a_character_is_evaluated(tmp_path: Path, monkeypatch) -> None:
    assert evaluated([{"prompt": "2+3 \ud83d?", "answer": 5}], tmp_path, monkeypatch) == 0
    assert [sample.is_right for sample in read_samples(tmp_path / "out.jsonl")] == [True]


def test_open_questions_have_no_most_frequent_answer(tmp_path: Path, monkeypatch, capsys) -> None:
    words = ("--reward", "format", "--template", "plain", "--json")
    assert evaluated([{"prompt": "Say something.", "kind": "open"}], tmp_path, monkeypatch, *words) == 0
    assert json.loads(capsys.readouterr().out)["constant_answer"] is None
