"""What is shown of evaluations, and the tasks that a file of training texts holds."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from reasonenv.evaluation.command.report import compared, contaminated_tasks, measured, print_comparison, print_measures
from reasonenv.evaluation.samples import Sample
from reasonenv.types import Task


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("t.jsonl", '{"prompt": "What is 2 + 3?", "answer": "5", "more": {"steps": ["2+3=5"]}}\n', {"short"}),
        ("t.jsonl", '{"messages": [{"role": "user", "content": "what is 2+3"}]}\n{"n": 4}\n', {"short"}),
        ("t.csv", "prompt,answer\nWhat is 2+3?,5\n", {"short"}),
        ("t.txt", "Nothing here.\nWhat is 2+3?\nNor here.\n", {"short"}),
        ("t.txt", "Sums: What is 2+3? More sums.\n", set()),
        ("t.txt", "So Natalia sold\nclips to 48\n\nof her friends in April\n", {"long"}),
        ("t.txt", "Natalia sold clips to 48 of her friends\nin May", set()),
        ("t.txt", "", set()),
    ],
)
def test_what_was_trained_on_is_looked_for_text_by_text(name: str, text: str, found: set[str], tmp_path: Path) -> None:
    long = "Natalia sold clips to 48 of her friends in April, and half as many in May."
    tasks = [
        Task(task_id="short", prompt="What is 2+3?", reference=None),
        Task(task_id="long", prompt=long, reference=None),
    ]
    (tmp_path / name).write_text(text)
    assert contaminated_tasks(tasks, tmp_path / name) == found


def test_a_file_of_training_texts_may_be_larger_than_what_is_held_of_it(tmp_path: Path) -> None:
    path = tmp_path / "trained.jsonl"
    with path.open("w") as file:
        for number in range(20_000):
            file.write(json.dumps({"text": " ".join(f"w{number * 50 + word}" for word in range(50))}) + "\n")
    tasks = [Task(task_id="a", prompt=" ".join(f"w{word}" for word in range(999_960, 999_975)), reference=None)]
    tracemalloc.start()
    try:
        assert contaminated_tasks(tasks, path) == {"a"}
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["[bold]algebra", "[/red]", "[a/b].jsonl"])
def test_brackets_in_names_are_shown_as_they_are(name: str, capsys) -> None:
    samples = [
        Sample(task_id=label, prompt="?", sample=0, response="5", status="scored", is_right=True, domain=label)
        for label in (name, "other")
    ]
    print_measures(measured(samples, []), title=name, as_json=False)
    assert capsys.readouterr().out.count(name) == 2
    print_comparison(compared(samples, samples), Path(name), Path("other"), as_json=False)
    assert name in capsys.readouterr().out
