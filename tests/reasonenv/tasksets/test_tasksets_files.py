"""Task sets from files and folders: every format, every mapping, every complaint."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from reasonenv.errors import MissingExtraError, TaskDataError, UnknownNameError
from reasonenv.tasksets import TASK_SETS, Columns, TaskList, from_path, load_tasks, rows
from reasonenv.types import MathReference, Task

ROWS = [{"prompt": "2+3=?", "answer": "5"}, {"prompt": "Größe von ½·4?", "answer": "2"}]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path, text):
    path.write_text(text, encoding="utf-8", newline="")
    return path


def write_parquet(path, rows):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """Keep what `datasets` caches for folders of data files inside the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def pairs(tasks):
    return [(task.prompt, task.reference.answer) for task in tasks]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_every_format_gives_the_same_tasks(tmp_path, suffix):
    path = tmp_path / f"sums{suffix}"
    if suffix == ".jsonl":
        write_jsonl(path, ROWS)
    elif suffix == ".csv":
        write_csv(path, "prompt,answer\n2+3=?,5\nGröße von ½·4?,2\n")
    else:
        write_parquet(path, ROWS)
    tasks = load_tasks(path, split="all")
    assert pairs(tasks) == [("2+3=?", "5"), ("Größe von ½·4?", "2")]
    assert [task.task_id for task in tasks] == ["sums/all/00000", "sums/all/00001"]
    assert tasks[0].metadata == {"source": f"sums{suffix}"}


def test_a_path_may_be_text(tmp_path):
    path = write_jsonl(tmp_path / "sums.jsonl", ROWS)
    assert pairs(load_tasks(str(path))) == pairs(load_tasks(path))


@pytest.mark.parametrize("prompt", ["prompt", "question", "problem"])
@pytest.mark.parametrize("task_id", ["task_id", "id"])
def test_canonical_columns_need_no_mapping(tmp_path, prompt, task_id):
    row = {task_id: "first", prompt: "2+3=?", "answer": 5, "solution": "2+3=5", "level": 1}
    (task,) = from_path(write_jsonl(tmp_path / "sums.jsonl", [row]))
    assert (task.task_id, task.prompt, task.reference, task.solution) == (
        "first",
        "2+3=?",
        MathReference(answer="5"),
        "2+3=5",
    )
    assert task.metadata == {"source": "sums.jsonl", "level": 1}


def test_columns_map_any_names(tmp_path):
    row = {"Frage": "2+3=?", "Antwort": 5, "Weg": "2+3=5", "Nr": 7, "Jahr": 2024, "Rest": None}
    columns = Columns(prompt="Frage", answer="Antwort", solution="Weg", task_id="Nr", metadata=("Jahr",))
    (task,) = from_path(write_jsonl(tmp_path / "sums.jsonl", [row]), columns=columns, name="sums")
    assert (task.task_id, task.prompt, task.reference.answer, task.solution) == ("7", "2+3=?", "5", "2+3=5")
    assert task.metadata == {"source": "sums.jsonl", "Jahr": 2024}


@pytest.mark.parametrize("empty", [None, ""])
def test_a_solution_may_be_absent_from_some_rows(tmp_path, empty):
    path = write_jsonl(tmp_path / "sums.jsonl", [{**ROWS[0], "solution": empty}, {**ROWS[1], "solution": "4/2"}])
    assert [task.solution for task in from_path(path, split="all")] == [None, "4/2"]


def test_blank_lines_byte_order_mark_and_unusual_separators_are_no_rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_bytes('\ufeff{"prompt": "a\u2028b", "answer": 1}\r\n\n  \n{"prompt": "c", "answer": 2}'.encode())
    assert pairs(from_path(path, split="all")) == [("a\u2028b", "1"), ("c", "2")]


def test_csv_cells_may_hold_quotes_commas_and_line_breaks(tmp_path):
    path = write_csv(tmp_path / "sums.csv", 'prompt,answer\r\n"a ""b"",\r\nc","1,000"\r\n')
    assert pairs(from_path(path)) == [('a "b",\r\nc', "1,000")]


@pytest.mark.parametrize(("answer", "text"), [(18, "18"), (0, "0"), (-1.5, "-1.5"), (" 1/2 ", "1/2")])
def test_answers_may_be_numbers_or_text(tmp_path, answer, text):
    path = write_jsonl(tmp_path / "sums.jsonl", [{"prompt": "?", "answer": answer}])
    assert pairs(from_path(path)) == [("?", text)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{prompt: 2}", r"line 2: not JSON \(Expecting property name .*\): \{prompt: 2\}"),
        ('{"prompt": "2+3', r"line 2: not JSON \(Unterminated string"),
        ("[1, 2]", r"line 2: expected a JSON object, got list: \[1, 2\]"),
        ("x" * 500, r"line 2: not JSON .*: x{80}…$"),
        ('{"prompt": "2+3=?"}', "line 2: expected a column 'answer'; the columns are prompt"),
        ('{"answer": 5, "text": ""}', "line 2: .* named prompt or .* or messages; the columns are answer, text"),
        (
            '{"prompt": "a", "question": "b", "answer": 5}',
            "line 2: expected exactly one column of prompt and question; ",
        ),
        ('{"prompt": 5, "answer": 5}', "line 2: expected text in column 'prompt', got int 5"),
        ('{"prompt": " ", "answer": 5}', "line 2: expected text in column 'prompt', got str ' '"),
        ('{"prompt": "a", "answer": null}', "line 2: expected text in column 'answer', got null"),
        ('{"prompt": "a", "answer": true}', "line 2: expected text in column 'answer', got bool True"),
        ('{"prompt": "a", "answer": NaN}', "line 2: expected text in column 'answer', got float nan"),
        ('{"prompt": "a", "answer": [1]}', r"line 2: expected text in column 'answer', got list \[1\]"),
        ('{"prompt": "a", "answer": "1\\n#### 1"}', 'line 2: .* Load the file with data_set="gsm8k"'),
        ('{"prompt": "a", "answer": "1 #### 1"}', r"line 2: column 'answer' holds a solution .*, got '1 #### 1'\."),
        ('{"prompt": "a", "answer": "####1"}', r"line 2: column 'answer' holds a solution .*, got '####1'\."),
        ('{"prompt": "a", "answer": "so #### 1", "kind": "number"}', "line 2: column 'answer' holds a solution"),
        (f'{{"prompt": "a", "answer": {"7" * 5000}}}', "line 2: the number in column 'answer' is too long"),
        ("{}", "line 2: .* the columns are none at all"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path, line, complaint):
    path = tmp_path / "sums.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n" + line + "\n")
    with pytest.raises(TaskDataError, match=complaint):
        load_tasks(path)


def test_deeply_nested_json_is_a_bad_line(tmp_path):
    path = tmp_path / "deep.jsonl"
    path.write_text("[" * 100_000)
    with pytest.raises(TaskDataError, match="line 1: not JSON"):
        load_tasks(path)


def test_an_unmapped_file_says_how_to_map_it(tmp_path):
    path = write_jsonl(tmp_path / "sums.jsonl", [{"Frage": "2+3=?", "Antwort": 5}])
    with pytest.raises(TaskDataError, match=r'columns are Frage, Antwort.*columns=\{"prompt": "…", "answer": "…"\}'):
        load_tasks(path)


def test_a_mapped_column_that_is_missing_is_named_with_those_found(tmp_path):
    path = write_jsonl(tmp_path / "sums.jsonl", ROWS)
    with pytest.raises(TaskDataError, match="line 1: no column 'gold'; its columns are prompt, answer"):
        from_path(path, columns=Columns(prompt="prompt", answer="gold"))


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", b""), ("a.jsonl", b"\n\n"), ("a.csv", b"prompt,answer\n")])
def test_an_empty_file_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskDataError, match=f"{name}: the file holds no rows"):
        load_tasks(tmp_path / name)


def test_duplicate_ids_in_a_file_are_refused(tmp_path):
    path = write_jsonl(tmp_path / "sums.jsonl", [{**ROWS[0], "id": "a"}, {**ROWS[1], "id": "a"}])
    with pytest.raises(TaskDataError, match=r"line 2: the id 'a' is that of .* line 1 as well"):
        load_tasks(path)


@pytest.mark.parametrize("text", ["missing.jsonl", "./missing.parquet", "/no/such/file.csv", "openai/gsm8k"])
def test_a_missing_file_is_named_and_the_hub_is_offered(text):
    with pytest.raises(
        TaskDataError,
        match=f'{text.removeprefix("./")}: no such file or folder.* tasks="hf://owner/name" or .*from_hub',
    ):
        load_tasks(text)


def test_a_suffix_that_no_reader_knows_is_refused(tmp_path):
    (tmp_path / "sums.txt").write_text("2+3")
    with pytest.raises(TaskDataError, match=r"ends in \.jsonl, \.json, \.csv, \.parquet; got '\.txt'"):
        load_tasks(tmp_path / "sums.txt")


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_file_in_another_encoding_is_refused(tmp_path, suffix):
    path = tmp_path / f"sums{suffix}"
    path.write_bytes("prompt,answer\nGröße,1\n".encode("latin-1"))
    with pytest.raises(TaskDataError, match="not UTF-8 text"):
        load_tasks(path)


@pytest.mark.parametrize("row", ["2+3=?", "2+3=?,5,6"])
def test_a_csv_row_with_too_few_or_too_many_cells_is_named(tmp_path, row):
    path = write_csv(tmp_path / "sums.csv", f"prompt,answer\n1+1=?,2\n{row}\n")
    with pytest.raises(TaskDataError, match="line 3: expected 2 cells"):
        load_tasks(path)


def test_a_csv_file_with_an_open_quote_is_refused(tmp_path):
    path = write_csv(tmp_path / "sums.csv", 'prompt,answer\n"2+3=?,5\n')
    with pytest.raises(TaskDataError, match="not CSV"):
        load_tasks(path)


def test_a_file_that_is_not_parquet_is_refused(tmp_path):
    (tmp_path / "sums.parquet").write_bytes(b"prompt,answer")
    with pytest.raises(TaskDataError, match="not a parquet file"):
        load_tasks(tmp_path / "sums.parquet")


def test_a_saved_dataset_dict_is_loaded_by_split(tmp_path):
    parts = {"train": datasets.Dataset.from_list(ROWS), "test": datasets.Dataset.from_list(ROWS[1:])}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "sums")
    assert len(load_tasks(tmp_path / "sums")) == 2
    (task,) = load_tasks(str(tmp_path / "sums"), split="test")
    assert (task.task_id, task.reference.answer) == ("sums/test/00000", "2")


def test_a_saved_dataset_is_one_split(tmp_path):
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "sums")
    assert pairs(load_tasks(tmp_path / "sums", split="all")) == [("2+3=?", "5"), ("Größe von ½·4?", "2")]


def test_an_unknown_split_of_a_folder_offers_the_closest(tmp_path):
    datasets.DatasetDict({"test": datasets.Dataset.from_list(ROWS)}).save_to_disk(tmp_path / "sums")
    with pytest.raises(
        UnknownNameError,
        match=r"Unknown split 'tests' of .*sums\. Did you mean 'test'\? Known: test\. Give split=\"test\"",
    ):
        load_tasks(tmp_path / "sums", split="tests")


@pytest.mark.usefixtures("no_cache")
def test_a_folder_of_data_files_is_loaded_by_split(tmp_path):
    (tmp_path / "sums").mkdir()
    write_parquet(tmp_path / "sums" / "train.parquet", ROWS)
    write_parquet(tmp_path / "sums" / "test.parquet", ROWS[:1])
    assert [len(load_tasks(tmp_path / "sums", split=split)) for split in ("train", "test")] == [2, 1]


@pytest.mark.usefixtures("no_cache")
def test_a_folder_without_data_is_refused(tmp_path):
    (tmp_path / "sums").mkdir()
    with pytest.raises(TaskDataError, match=r"sums: no tasks in this folder\. Expected a file for each split"):
        load_tasks(tmp_path / "sums")


def test_a_folder_that_is_no_data_set_is_refused_before_it_is_searched(tmp_path, monkeypatch):
    write_parquet(tmp_path / "other.parquet", ROWS)
    for number in range(3):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / f"{number}.bin").touch()
    monkeypatch.setattr(rows, "MAX_FOLDER_FILES", 3)
    with pytest.raises(TaskDataError, match="no tasks in this folder"):
        load_tasks(tmp_path)


@pytest.mark.parametrize(("package", "name"), [("datasets", "folder"), ("pyarrow", "file.parquet")])
def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch, package, name):
    (tmp_path / "folder" / "data").mkdir(parents=True)
    write_parquet(tmp_path / "folder" / "data" / "part.parquet", ROWS)
    write_parquet(tmp_path / "file.parquet", ROWS)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"'{package}' is not installed.*reasonenv\[data\]"):
        load_tasks(tmp_path / name)


def test_a_hub_that_cannot_be_reached_is_an_error_that_offers_a_local_copy():
    code = (
        "from reasonenv.errors import TaskDataError\nfrom reasonenv.tasksets import from_hub, load_tasks\n"
        "for load in (lambda: load_tasks('gsm8k', split='test'), lambda: from_hub('nobody/nothing')):\n"
        "    try:\n        load()\n    except TaskDataError as error:\n        print(error)\n"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": os.devnull}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("openai/gsm8k [test]: cannot be loaded from the Hugging Face hub")
    assert last.endswith("load a local copy with reasonenv.tasksets.from_path.")


def test_tasks_are_a_task_set_under_the_given_split():
    tasks = load_tasks([Task(task_id="a", prompt="2+3=?", reference=MathReference(answer="5"))], split="test")
    assert (tasks.name, tasks.split, tasks[0].task_id) == ("tasks", "test", "a")


def test_a_task_set_is_loaded_as_itself():
    tasks = TaskList("t", "train", (Task(task_id="a", prompt="?", reference=None),))
    assert load_tasks(tasks, split="test") is tasks


def test_no_tasks_at_all_are_refused():
    with pytest.raises(TaskDataError, match="is empty"):
        load_tasks([])


def test_an_unknown_name_offers_the_closest():
    with pytest.raises(UnknownNameError, match=r"Unknown task set 'gsm9k'\. Did you mean 'gsm8k'"):
        load_tasks("gsm9k")


def test_a_name_of_the_table_wins_over_a_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "gcd_lcm").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_tasks("gcd_lcm").name == "gcd_lcm"


def test_importing_task_sets_loads_no_heavy_package():
    code = (
        "import sys, reasonenv.tasksets, reasonenv.prompts; "
        "print(sorted({'torch', 'transformers', 'datasets', 'pyarrow', 'sympy', 'math_verify'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", TASK_SETS)
def test_every_row_of_the_table_refuses_an_unknown_split_by_its_name(name):
    with pytest.raises(UnknownNameError, match="Unknown split 'no such split'"):
        load_tasks(name, split="no such split")
