"""`tasks.json`: the tasks of a run are known again, and any others are refused by what they were and are."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agents.errors import CheckpointError
from agents.records.run_tasks import digest, require_same_tasks, write_tasks
from reasonenv.tasksets import TASK_SETS, ProceduralTaskSet, TaskList, TaskSet, load_tasks
from reasonenv.types import CallTests, CodeReference, Comparison, MathReference, QAReference, Task

ROWS = [{"question": f"{number}+1=?", "answer": number + 1} for number in range(20)]


def tasks_of(rows: list[dict[str, Any]]) -> TaskSet:
    return load_tasks(rows, split="all")


def one(**changes: Any) -> TaskSet:
    task = Task(
        task_id="a", prompt="1+1=?", reference=MathReference(answer="2"), solution="Add.", metadata={"level": 1}
    )
    return TaskList("own", "train", (replace(task, **changes),))


def test_the_same_tasks_are_known_again(tmp_path: Path) -> None:
    write_tasks(tmp_path, {"training": tasks_of(ROWS), "evaluation": load_tasks("gcd_lcm", split="test")})
    require_same_tasks(tmp_path, {"training": tasks_of(ROWS), "evaluation": load_tasks("gcd_lcm", split="test")})


@pytest.mark.parametrize(
    "changes",
    [
        {"task_id": "b"},
        {"prompt": "1+2=?"},
        {"reference": MathReference(answer="3")},
        {"reference": MathReference(answer="2", is_worked_out=True)},
        {"reference": QAReference(kind="number", answers=("2",))},
        {"reference": None},
        {"solution": None},
        {"history": ({"role": "user", "content": "Hello"},)},
        {"metadata": {"level": 2}},
        {"metadata": {"level": "1"}},
        {"metadata": {"level": 1.0}},
        {"metadata": {"level": {1}}},
    ],
    ids=str,
)
def test_every_part_of_a_task_counts(changes: dict[str, Any]) -> None:
    assert digest(one(**changes)) != digest(one())


@dataclass(frozen=True)
class OwnReference:
    """A reference of a user's own, with something that is another object in every process."""

    answer: str
    compare: Any


@pytest.mark.parametrize(
    "make",
    [
        lambda: one(reference=OwnReference("2", object())),
        lambda: one(reference=CodeReference(tests=CallTests("f", (((10**5000,), {"a", "b"}),)))),
        lambda: one(reference=CodeReference(tests=CallTests("f", (), Comparison(judge=lambda *_: True)))),
        lambda: one(metadata={"bytes": b"\xff", "text": "\ud800", "nothing": float("nan")}),
    ],
)
def test_tasks_of_any_content_are_known_again(make: Any) -> None:
    assert digest(make()) == digest(make())


def test_a_digest_is_the_same_in_another_process() -> None:
    program = "from agents.records.run_tasks import digest; from reasonenv import load_tasks; "
    program += "print(digest(load_tasks('procedural_mixed')), digest(load_tasks([{'question': '1', 'answer': '2'}])))"
    found = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert found[0] == found[1]


def test_generated_sets_are_known_by_seed_size_and_difficulty() -> None:
    family = load_tasks("chain_arithmetic").family
    changes = [{}, {"seed": 1}, {"size": 100}, {"levels": (2,)}, {"split": "test"}]
    sets = [ProceduralTaskSet(family=family, **{"split": "train", **change}) for change in changes]
    assert len({digest(tasks) for tasks in sets}) == len(sets)


def test_every_generated_set_of_the_table_has_a_digest_of_its_own() -> None:
    names = [name for name, place in TASK_SETS.items() if ".datasets." not in place]
    assert len({digest(load_tasks(name)) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[:-1], r"evaluation was on .*20 problems.*, now on .*19 problems"),
        (
            [*ROWS[:-1], {"question": "19+1=?", "answer": 21}],
            "evaluation was on .*20.*, now on the same number of other",
        ),
        (ROWS[::-1], r"now on the same number of others\. Resume it with the tasks of then, or start a run under"),
    ],
    ids=["one less", "another answer", "another order"],
)
def test_other_tasks_are_refused_by_what_they_were_and_are(
    tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    training = load_tasks("gcd_lcm")
    write_tasks(tmp_path, {"training": training, "evaluation": tasks_of(ROWS)})
    with pytest.raises(CheckpointError, match=message) as raised:
        require_same_tasks(tmp_path, {"training": training, "evaluation": tasks_of(rows)})
    assert "training" not in str(raised.value)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "3", '{"evaluation": 3}'])
def test_a_file_that_does_not_say_it_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tasks.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"tasks\.json does not say which tasks the run was started with"):
        require_same_tasks(tmp_path, {"evaluation": tasks_of(ROWS)})


def test_a_use_that_the_file_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text(json.dumps({}))
    with pytest.raises(CheckpointError, match="evaluation was on unknown, now on "):
        require_same_tasks(tmp_path, {"evaluation": tasks_of(ROWS)})
