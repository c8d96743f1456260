"""Public data sets of mathematics: rows in their published form become tasks."""

from __future__ import annotations

import json

import datasets
import pytest
from areas import public_data

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tables import resolve
from reasonenv.tasksets import Columns, Filtered, from_path, has_answer, load_tasks, validate
from reasonenv.tasksets.datasets import DATA_SETS

GSM8K = {
    "question": "How much is the house?",
    "answer": "It costs 80,000+50,000=$<<80000+50000=130000>>130,000.\nTwice is <<2*130000=260000>>260,000."
    "\n#### 260,000",
}
MATH500 = {
    "problem": "What is $1/2$ of $1$?",
    "solution": r"It is $\boxed{\frac{1}{2}}.$",
    "answer": r"\frac{1}{2}",
    "subject": "Prealgebra",
    "level": 2,
    "unique_id": "test/prealgebra/7.json",
}
AIME = {"ID": "2024-II-4", "Problem": "Find m+n.", "Solution": "So 33.", "Answer": 33}
AIME_2025 = {"problem": "Find the sum of all bases.", "answer": "70", "id": "0"}
NUMINA = {
    "problem": "What is 6*7?",
    "solution": "```python\nprint(6*7)\n```\n```output\n42\n```\nFirst \\boxed{41}? No: \\boxed{42}.",
    "messages": [{"role": "user", "content": "What is 6*7?"}],
}
STRATOS = {
    "system": "Your role as an assistant …",
    "conversations": [
        {"from": "user", "value": "Return your final response within \\boxed{}. What is 6*7?"},
        {
            "from": "assistant",
            "value": "<|begin_of_thought|>\n\nMaybe \\boxed{41}.\n\n<|end_of_thought|>\n\n"
            "<|begin_of_solution|>\nIt is \\boxed{42}.\n<|end_of_solution|>",
        },
    ],
}


def load(tmp_path, data_set, *rows, split="test"):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return from_path(path, data_set=data_set, split=split)


def test_gsm8k_has_the_final_answer_without_commas_and_the_solution_without_marks(tmp_path):
    (task,) = load(tmp_path, "gsm8k", GSM8K)
    assert task.task_id == "gsm8k/test/00000"
    assert task.reference.answer == "260000"
    assert task.solution == "It costs 80,000+50,000=$130,000.\nTwice is 260,000."
    assert task.metadata == {"domain": "math", "source": "openai/gsm8k", "licence": "MIT"}


def test_gsm8k_without_a_final_answer_is_an_error(tmp_path):
    with pytest.raises(TaskDataError, match="line 1: expected '#### '"):
        load(tmp_path, "gsm8k", {"question": "?", "answer": "18"})


def test_math500_has_its_own_ids_and_its_level_as_difficulty(tmp_path):
    (task,) = load(tmp_path, "math500", MATH500)
    assert task.task_id == "math500/test/prealgebra/7.json"
    assert task.reference.answer == r"\frac{1}{2}"
    assert task.metadata["difficulty"] == 2
    assert task.metadata["subject"] == "Prealgebra"


def test_aime_has_capitalised_columns_and_integer_answers(tmp_path):
    (task,) = load(tmp_path, "aime", AIME)
    assert (task.task_id, task.prompt, task.reference.answer, task.solution) == (
        "aime/2024-II-4",
        "Find m+n.",
        "33",
        "So 33.",
    )


def test_aime_2025_has_no_solutions(tmp_path):
    (task,) = load(tmp_path, "aime_2025", AIME_2025)
    assert (task.task_id, task.reference.answer, task.solution) == ("aime_2025/test/00000", "70", None)


def test_numina_tir_takes_the_last_box_of_the_solution(tmp_path):
    (task,) = load(tmp_path, "numina_tir", NUMINA)
    assert task.reference.answer == "42"
    assert task.solution == NUMINA["solution"]


@pytest.mark.parametrize("solution", ["Proved.", r"\boxed{}"])
def test_a_numina_proof_has_no_reference_and_can_be_filtered_out(tmp_path, solution):
    tasks = load(tmp_path, "numina_tir", NUMINA, {**NUMINA, "solution": solution})
    assert tasks[1].reference is None
    assert len(Filtered(tasks, has_answer)) == 1


def test_bespoke_stratos_splits_thought_and_summary(tmp_path):
    (task,) = load(tmp_path, "bespoke_stratos", STRATOS, split="train")
    assert task.prompt == "What is 6*7?"
    assert task.solution == r"Maybe \boxed{41}."
    assert task.metadata["summary"] == r"It is \boxed{42}."
    assert task.reference.answer == "42"


def test_a_bespoke_stratos_response_without_marks_has_neither_solution_nor_answer(tmp_path):
    turns = [STRATOS["conversations"][0], {"from": "assistant", "value": r"<|begin_of_thought|> cut \boxed{1}"}]
    (task,) = load(tmp_path, "bespoke_stratos", {"conversations": turns}, split="train")
    assert (task.solution, task.reference) == (None, None)


@pytest.mark.parametrize(
    ("conversations", "complaint"),
    [
        ("text", "expected two turns with 'from' and 'value' in column 'conversations', got str 'text'"),
        ([{"from": "user", "value": "?"}], "expected two turns"),
        ([{"role": "user", "content": "?"}] * 2, "expected two turns"),
        ([{"from": "assistant", "value": "?"}] * 2, "expected a turn from 'user', then one from 'assistant'"),
    ],
)
def test_another_conversation_format_is_an_error(tmp_path, conversations, complaint):
    with pytest.raises(TaskDataError, match=complaint):
        load(tmp_path, "bespoke_stratos", {"conversations": conversations})


@pytest.mark.parametrize(
    ("data_set", "row"),
    [
        ("gsm8k", GSM8K),
        ("math500", MATH500),
        ("aime", AIME),
        ("aime_2025", AIME_2025),
        ("numina_tir", NUMINA),
        ("bespoke_stratos", STRATOS),
    ],
)
def test_every_data_set_reads_the_same_from_a_saved_dataset(tmp_path, data_set, row):
    datasets.DatasetDict({"test": datasets.Dataset.from_list([row])}).save_to_disk(tmp_path / "saved")
    assert from_path(tmp_path / "saved", data_set=data_set, split="test").tasks == load(tmp_path, data_set, row).tasks


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_carries_its_name_source_and_licence(name):
    data_set = resolve(DATA_SETS, name, kind="data set")
    assert data_set.name == name
    assert data_set.metadata["source"] == data_set.repository
    assert data_set.licence in {"MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"}


def test_the_default_split_of_a_test_set_names_the_split_it_has():
    with pytest.raises(UnknownNameError, match=r"Unknown split 'train' of 'math500'\. .*Give split=\"test\""):
        load_tasks("math500")


def test_an_unknown_data_set_offers_the_closest(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Unknown data set 'math-500'\. Did you mean 'math500'"):
        load(tmp_path, "math-500", MATH500)


def test_data_set_and_columns_together_are_refused(tmp_path):
    with pytest.raises(ValueError, match="data_set or columns, not both"):
        from_path(tmp_path / "x.jsonl", data_set="gsm8k", columns=Columns(prompt="question", answer="answer"))


def test_a_row_of_another_data_set_names_the_missing_column(tmp_path):
    with pytest.raises(TaskDataError, match="line 1: no column 'Problem'"):
        load(tmp_path, "aime", MATH500)


@pytest.mark.parametrize(
    ("data_set", "file", "size"),
    [("gsm8k", "gsm8k/test.jsonl", 1319), ("gsm8k", "gsm8k/train.jsonl", 7473), ("math500", "math500/test.jsonl", 500)],
)
def test_published_files_load_completely_and_every_gold_is_rewarded(data_set, file, size):
    path = public_data(file)
    tasks = from_path(path, data_set=data_set, split=path.stem)
    report = validate(tasks)
    assert report.num_tasks == size
    assert report.is_sound, list(report.failures)[:5]
    assert all(task.solution and "<<" not in task.solution for task in tasks)
