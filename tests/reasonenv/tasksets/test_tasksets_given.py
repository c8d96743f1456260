"""Objects as tasks: lists, data frames, data sets, tasks, functions, and what `module:attribute` leads to."""

from __future__ import annotations

import doctest
import json
import sys
from pathlib import Path

import datasets
import gymnasium
import numpy as np
import pandas
import pyarrow
import pytest
from areas import need

from reasonenv import MathReference, QAReference, Task
from reasonenv.errors import PartImportError, TaskDataError, UnknownNameError
from reasonenv.tasksets import TaskList, describe, from_hub, load_tasks, overlap

ROWS = [{"question": f"{n}+1=?", "answer": str(n + 1)} for n in range(50)]
MIXED = [
    {"question": "2+3=?", "answer": 5},
    {"question": "Which?", "choices": ["x", "y"], "answer": "y"},
    {"question": "Write f.", "function_name": "f", "tests": ["assert f() == 1"]},
]
TASKS = [Task(task_id=f"t/{n}", prompt=f"{n}=?", reference=MathReference(answer=str(n))) for n in range(3)]


def polars_frame(rows):
    need("polars")
    import polars

    return polars.DataFrame(rows)


class RowFrame:
    """A table with polars' way to its rows, for machines without polars."""

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows[0])

    def iter_rows(self, *, named):
        assert named
        return iter(self.rows)


FORMS = {
    "list": list,
    "tuple": tuple,
    "Dataset": datasets.Dataset.from_list,
    "IterableDataset": lambda rows: datasets.Dataset.from_list(rows).to_iterable_dataset(),
    "pandas": pandas.DataFrame,
    "polars": polars_frame,
    "rows like polars": RowFrame,
    "Arrow table": pyarrow.Table.from_pylist,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_rows_in_every_form_are_the_same_tasks(form):
    expected = {split: load_tasks(ROWS, split=split).tasks for split in ("train", "test", "all")}
    assert {split: load_tasks(form(ROWS), split=split).tasks for split in expected} == expected
    assert len(expected["train"]) + len(expected["test"]) == len(expected["all"]) == 50


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_rows_in_every_form_are_an_environment(form):
    env = gymnasium.make("reasonenv/Math-v0", tasks=form(ROWS), template="plain")
    prompt, _ = env.reset(seed=0)
    right = str(int(prompt.partition("+")[0]) + 1)
    assert env.step(f"<think>x</think> <answer>{right}</answer>")[1] == 2.0
    env.reset(seed=0)
    assert env.step("<think>x</think> <answer>-7</answer>")[1] == 1.0


@pytest.mark.parametrize("form", [list, pandas.DataFrame], ids=["list", "pandas"])
def test_rows_of_several_kinds_are_one_task_set_whatever_stands_where_nothing_is(form):
    kinds = [type(task.reference).__name__ for task in load_tasks(form(MIXED), split="all")]
    assert kinds == ["MathReference", "QAReference", "CodeReference"]


def test_arrays_in_cells_are_lists():
    row = {"prompt": np.array([{"role": "user", "content": "Which?"}]), "choices": np.array(["x", "y"]), "answer": 1}
    (task,) = load_tasks([row])
    assert task.reference == QAReference(kind="choice", answers=("B",), choices=("x", "y"))


@pytest.mark.parametrize("make", [dict, datasets.DatasetDict], ids=["dict", "DatasetDict"])
def test_a_mapping_of_splits_gives_the_split_that_is_asked_for(make):
    given = make({"train": datasets.Dataset.from_list(ROWS[:40]), "test": datasets.Dataset.from_list(ROWS[40:])})
    train, test, both = (load_tasks(given, split=split) for split in ("train", "test", "all"))
    assert (len(train), len(test), len(both)) == (40, 10, 50)
    assert overlap(train, test) == 0
    assert describe(test) == "split 'test' of the mapping: 10 of 10 problems"
    with pytest.raises(UnknownNameError, match=r"Unknown split 'dev' of the mapping.* Known: test, train\."):
        load_tasks(given, split="dev")


@pytest.mark.parametrize("form", [list, tuple])
def test_tasks_stay_whole_whatever_the_split(form):
    for split in ("train", "test"):
        tasks = load_tasks(form(TASKS), split=split)
        assert (list(tasks.tasks), tasks.split) == (TASKS, split)


def of_split(split):
    return TaskList("own", split, tuple(TASKS[:2] if split == "train" else TASKS[2:]))


def rows_of_split(split):
    return ROWS[:40] if split == "train" else ROWS[40:]


def tasks_of_split(split):
    return TASKS[:2] if split == "train" else TASKS[2:]


@pytest.mark.parametrize(
    ("function", "sizes"), [(of_split, (2, 1)), (rows_of_split, (40, 10)), (tasks_of_split, (2, 1))]
)
def test_a_function_of_the_split_gives_whole_splits(function, sizes):
    assert tuple(len(load_tasks(function, split=split)) for split in ("train", "test")) == sizes


@pytest.mark.parametrize("made", [{"train": ROWS}, lambda: ROWS], ids=["mapping", "function"])
def test_a_function_that_returns_no_split_is_refused(made):
    with pytest.raises(TypeError, match=r"must return a TaskSet, tasks or rows for split 'train', got"):
        load_tasks(lambda _: made)


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A module of the user's in the folder where Python looks for modules."""
    (tmp_path / "own_tasks_module.py").write_text(
        "from reasonenv import MathReference, Task\nfrom reasonenv.tasksets import TaskList\n"
        f"rows = {ROWS!r}\n"
        "tasks = [Task(task_id='a', prompt='2+3=?', reference=MathReference(answer='5'))]\n"
        "task_set = TaskList('mine', 'train', tuple(tasks))\n"
        "def make(split):\n    return TaskList('mine', split, tuple(tasks))\n"
        "number = 5\npath = 'gsm8k'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_tasks_module"
    sys.modules.pop("own_tasks_module", None)


@pytest.mark.parametrize(
    ("attribute", "size", "name"),
    [("rows", 50, "rows"), ("tasks", 1, "tasks"), ("task_set", 1, "mine"), ("make", 1, "mine")],
)
def test_module_and_attribute_lead_to_tasks_in_every_form(own_module, attribute, size, name):
    tasks = load_tasks(f"{own_module}:{attribute}", split="all")
    assert (len(tasks), tasks.name) == (size, name)


def test_an_environment_with_tasks_of_ones_own_module_is_written_as_json(own_module):
    env = gymnasium.make("reasonenv/Math-v0", tasks=f"{own_module}:rows")
    again = gymnasium.make(type(env.spec).from_json(env.spec.to_json()))
    assert again.unwrapped.tasks == env.unwrapped.tasks


def test_what_module_and_attribute_lead_to_must_be_tasks(own_module):
    with pytest.raises(TypeError, match=r"Expected a name of TASK_SETS, .*; got int: 5"):
        load_tasks(f"{own_module}:number")
    with pytest.raises(TypeError, match="leads to 'gsm8k'; expected an object, not another name or path"):
        load_tasks(f"{own_module}:path")
    with pytest.raises(PartImportError, match="nothing_of_this_name"):
        load_tasks(f"{own_module}:nothing_of_this_name")


def test_a_path_with_a_colon_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b.jsonl").write_text(json.dumps(ROWS[0]))
    assert load_tasks("a:b.jsonl")[0].prompt == "0+1=?"


@pytest.mark.parametrize("tasks", [None, 5, 2.5, object()])
def test_what_is_no_tasks_says_what_is_accepted(tasks):
    with pytest.raises(TypeError, match=r"Expected a name of TASK_SETS.* a list of tasks or of dicts.* got"):
        load_tasks(tasks)


@pytest.mark.parametrize("tasks", [{}, ROWS[0], {"train": "train.jsonl"}, {"question": ["2+3=?"], "answer": 5}])
def test_a_mapping_that_leads_from_no_split_to_rows_is_refused(tasks):
    with pytest.raises(TypeError, match=r"leads from splits to rows.* One row needs a list around it"):
        load_tasks(tasks)


@pytest.mark.parametrize("tasks", ["", "  "])
def test_an_empty_name_is_refused(tasks):
    with pytest.raises(ValueError, match=r"is an empty name\. Expected a name of TASK_SETS"):
        load_tasks(tasks)


def test_a_generator_is_refused_because_it_can_be_read_only_once():
    with pytest.raises(TypeError, match=r"A generator can be read only once; give list\(…\) of it"):
        load_tasks(row for row in ROWS)


@pytest.mark.parametrize("bad", ["2+3=?", 5, None, TASKS[0]])
def test_a_record_that_is_no_mapping_is_named(bad):
    with pytest.raises(TaskDataError, match=r"Row 1 of the list: expected a mapping from columns to cells, got"):
        load_tasks([ROWS[0], bad])


def test_a_bad_row_of_an_object_is_named():
    with pytest.raises(TaskDataError, match=r"row 1 of the list: expected text in column 'answer', got null"):
        load_tasks([ROWS[0], {"question": "?", "answer": None}])
    with pytest.raises(TaskDataError, match=r"row 1 of the Dataset: expected text in column 'answer', got null"):
        load_tasks(datasets.Dataset.from_list([ROWS[0], {"question": "?", "answer": None}]))
    with pytest.raises(TaskDataError, match=r"row 0 of split 'test': expected a column named prompt"):
        load_tasks({"train": ROWS, "test": [{"text": "?"}]}, split="test")


@pytest.mark.parametrize("tasks", ["gcd_lcm", TASKS, of_split("train"), of_split])
def test_columns_for_tasks_without_rows_are_refused(tasks):
    with pytest.raises(ValueError, match="columns say what the rows of your own data hold"):
        load_tasks(tasks, columns={"answer": "gold"})


def test_the_layout_of_a_public_data_set_is_for_files():
    with pytest.raises(ValueError, match="data_set='gsm8k' is for a file, a folder or a data set on the hub"):
        load_tasks("gcd_lcm", data_set="gsm8k")


@pytest.mark.parametrize("text", ["hf://", "hf://a/b/c", "hf://a b", "hf://:main"])
def test_a_malformed_address_of_the_hub_is_refused(text):
    with pytest.raises(ValueError, match=f'tasks={text!r}: expected "hf://owner/name"'):
        load_tasks(text)


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("hf://owner/name", {}),
        ("hf://owner/name:main", {"config": "main"}),
        ("hf://owner/name@abc123", {"revision": "abc123"}),
        ("hf://owner/name:main@abc123", {"config": "main", "revision": "abc123"}),
    ],
)
def test_an_address_of_the_hub_is_loaded_like_from_hub(address, arguments, monkeypatch):
    """The hub itself is out of reach in tests: what `datasets` is asked for is what matters."""
    asked = []

    def remember(repository, config, **place):
        asked.append((repository, config, place))
        return datasets.Dataset.from_list(ROWS)

    monkeypatch.setattr(datasets, "load_dataset", remember)
    assert load_tasks(address, split="test") == from_hub("owner/name", split="test", **arguments)
    assert asked[0] == asked[1]
    assert len(load_tasks(address, split="test")) == 50, "a split of the hub is whole"


def _broken(split: str) -> list[dict[str, str]]:
    raise KeyError(split)


def test_function_of_the_split_that_raises_is_named_with_its_reason() -> None:
    with pytest.raises(TaskDataError, match=r"could not be made for split 'test' \(KeyError: 'test'\)"):
        load_tasks(_broken, split="test")


def _leaving(split: str) -> list[dict[str, str]]:
    raise SystemExit(f"no {split} here")


def _interrupted(split: str) -> list[dict[str, str]]:
    raise KeyboardInterrupt


def test_function_of_the_split_that_exits_is_named_and_ctrl_c_is_not() -> None:
    with pytest.raises(TaskDataError, match=r"could not be made for split 'test' \(SystemExit: no test here\)"):
        load_tasks(_leaving, split="test")
    with pytest.raises(KeyboardInterrupt):
        load_tasks(_interrupted)


@pytest.mark.parametrize("tasks", ["gcd_lcm", "sums.jsonl", Path("sums.jsonl"), [{"question": "1+1=?", "answer": 2}]])
def test_a_split_that_is_no_name_is_refused(tasks: object) -> None:
    with pytest.raises(TypeError, match=r'split must be a name such as "train", .* got NoneType: None'):
        load_tasks(tasks, split=None)  # type: ignore[arg-type]


def test_columns_that_are_no_dict_are_refused() -> None:
    with pytest.raises(TypeError, match=r"dict from roles to columns, got 'prompt=question'"):
        load_tasks([{"question": "2+3=?", "answer": 5}], columns="prompt=question")


def test_the_examples_of_the_document_on_data_run():
    document = Path(__file__).parents[3] / "docs" / "data.md"
    result = doctest.testfile(str(document), module_relative=False)
    assert result.attempted > 20
    assert result.failed == 0
