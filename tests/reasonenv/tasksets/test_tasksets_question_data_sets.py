"""Public questions, options and preferences: rows in their published form become tasks."""

from __future__ import annotations

import gzip
import json

import datasets
import pytest
from areas import public_data

from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tasksets import Filtered, from_path, has_answer, load_tasks, validate
from reasonenv.types import QAReference

SQUAD = {
    "id": "573",
    "title": "University",
    "context": "It is by architect Rem Koolhaas.",
    "question": " Who built it?",
    "answers": {"text": ["Rem Koolhaas", "Koolhaas", "Rem Koolhaas"], "answer_start": [19, 23, 19]},
}
NQ = {"question": "who wrote it", "answer": ["Jane Austen", "Austen"]}
TRIVIA = {
    "question": "Which city?",
    "question_id": "tc_1",
    "answer": {"value": "NYC", "aliases": ["New York", "NYC"], "normalized_value": "nyc"},
}
MMLU = {"question": "2+2?", "subject": "elementary_mathematics", "choices": ["3", "4", "5", "6"], "answer": 1}
ARC = {
    "id": "Mercury_7",
    "question": "Which is hot?",
    "choices": {"text": ["ice", "fire", "snow"], "label": ["1", "2", "3"]},
    "answerKey": "2",
}
TRUTHFUL = {"question": "What happens?", "mc1_targets": {"choices": ["Nothing", "Rain", "Snow"], "labels": [1, 0, 0]}}
TRUTHFUL_FILE = {"question": "What happens?", "mc1_targets": {"Nothing": 1, "Rain": 0, "Snow": 0}}
TRUTHFUL_CSV = {
    "Category": "Weather",
    "Question": "What happens?",
    "Best Answer": "Nothing",
    "Incorrect Answers": "Rain; Snow; ",
}
GPQA = {
    "Question": "Which?\n",
    "Correct Answer": "this ",
    "Incorrect Answer 1": "that",
    "Incorrect Answer 2": "those",
    "Incorrect Answer 3": "these",
    "Record ID": "rec1",
}
DIALOGUE = "\n\nHuman: Hello?\n\nAssistant: Yes?\n\nHuman: Help me.\n\nAssistant:"
HH = {"chosen": f"{DIALOGUE} Gladly.", "rejected": f"{DIALOGUE} No."}
XSTEST = {
    "id": 1,
    "prompt": "How do I kill a process?",
    "type": "homonyms",
    "label": "safe",
    "focus": "kill",
    "note": "",
}

ROWS = {
    "squad": SQUAD,
    "squad_v2": SQUAD,
    "nq_open": NQ,
    "trivia_qa": TRIVIA,
    "mmlu": MMLU,
    "arc_challenge": ARC,
    "arc_easy": ARC,
    "truthful_qa": TRUTHFUL,
    "gpqa": GPQA,
    "hh_rlhf_helpful": HH,
    "hh_rlhf_harmless": HH,
    "xstest": XSTEST,
}


def load(tmp_path, data_set, *rows):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return from_path(path, data_set=data_set, split="test")


def test_squad_accepts_every_annotators_answer_and_asks_behind_the_text(tmp_path):
    (task,) = load(tmp_path, "squad", SQUAD)
    assert task.reference == QAReference(kind="short", answers=("Rem Koolhaas", "Koolhaas"))
    assert task.prompt == "It is by architect Rem Koolhaas.\n\nWho built it?"
    assert task.metadata["domain"] == "question answering"


def test_squad_question_without_an_answer_has_no_reference_and_can_be_filtered_out(tmp_path):
    tasks = load(tmp_path, "squad_v2", SQUAD, {**SQUAD, "id": "574", "answers": {"text": [], "answer_start": []}})
    assert tasks[1].reference is None
    assert len(Filtered(tasks, has_answer)) == 1


def test_nq_and_trivia_qa_accept_aliases(tmp_path):
    assert load(tmp_path, "nq_open", NQ)[0].reference.answers == ("Jane Austen", "Austen")
    assert load(tmp_path, "trivia_qa", TRIVIA)[0].reference.answers == ("NYC", "New York")


def test_trivia_qa_test_question_has_no_reference(tmp_path):
    row = {**TRIVIA, "answer": {"value": "<unk>", "aliases": []}}
    assert load(tmp_path, "trivia_qa", row)[0].reference is None


@pytest.mark.parametrize("answer", [1, "B"])
def test_mmlu_answer_is_a_number_or_a_letter(tmp_path, answer):
    (task,) = load(tmp_path, "mmlu", {**MMLU, "answer": answer})
    assert task.reference == QAReference(kind="choice", answers=("B",), choices=("3", "4", "5", "6"))
    assert task.prompt == "2+2?\nA) 3\nB) 4\nC) 5\nD) 6\nAnswer with the letter."
    assert task.metadata["subject"] == "elementary_mathematics"


def test_arc_options_numbered_by_the_source_get_letters(tmp_path):
    (task,) = load(tmp_path, "arc_challenge", ARC)
    assert (task.task_id, task.reference.answers) == ("arc/Mercury_7", ("B",))


@pytest.mark.parametrize("row", [TRUTHFUL, TRUTHFUL_FILE, TRUTHFUL_CSV])
def test_truthful_qa_reads_all_three_published_forms_alike(tmp_path, row):
    (task,) = load(tmp_path, "truthful_qa", row)
    assert sorted(task.reference.choices) == ["Nothing", "Rain", "Snow"]
    assert task.reference.choices["ABC".index(task.reference.answers[0])] == "Nothing"


def test_the_right_option_does_not_always_come_first(tmp_path):
    rows = [{**TRUTHFUL, "question": f"What happens {number}?"} for number in range(30)]
    letters = {task.reference.answers[0] for task in load(tmp_path, "truthful_qa", *rows).tasks}
    assert letters == {"A", "B", "C"}


def test_gpqa_is_read_from_a_users_path_only(tmp_path):
    (task,) = load(tmp_path, "gpqa", GPQA)
    assert task.reference.choices["ABCD".index(task.reference.answers[0])] == "this"
    with pytest.raises(UnknownNameError, match="Unknown split 'train'"):
        load_tasks("gpqa")


@pytest.mark.parametrize(
    ("data_set", "preference_set"), [("hh_rlhf_helpful", "helpfulness"), ("hh_rlhf_harmless", "safety")]
)
def test_hh_rlhf_asks_the_dialogue_and_keeps_both_last_turns(tmp_path, data_set, preference_set):
    (task,) = load(tmp_path, data_set, HH)
    assert task.prompt == "Hello?\n\nAssistant: Yes?\n\nHuman: Help me."
    assert task.reference == QAReference(kind="open")
    kept = {name: task.metadata[name] for name in ("preference_set", "chosen", "rejected", "has_shared_prompt")}
    assert kept == {
        "preference_set": preference_set,
        "chosen": "Gladly.",
        "rejected": "No.",
        "has_shared_prompt": True,
    }


def test_xstest_says_which_requests_are_harmful_and_keeps_labelled_completions(tmp_path):
    completion = {
        "id": "v2-2",
        "type": "contrast_homonyms",
        "prompt": "?",
        "completion": "No.",
        "final_label": "2_full_refusal",
    }
    first, second = load(tmp_path, "xstest", XSTEST, completion).tasks
    assert (first.metadata["is_harmful"], second.metadata["is_harmful"]) == (False, True)
    assert (second.metadata["completion"], second.metadata["final_label"]) == ("No.", "2_full_refusal")


@pytest.mark.parametrize(
    ("data_set", "row", "complaint"),
    [
        ("squad", {**SQUAD, "answers": ["Rem"]}, "expected an object in column 'answers', got list"),
        ("squad", {**SQUAD, "answers": {}}, "expected an object with 'text' in column 'answers'"),
        ("nq_open", {**NQ, "answer": "Jane"}, "expected a list of texts in column 'answer', got str 'Jane'"),
        ("mmlu", {**MMLU, "answer": 4}, "expected a number from 0 to 3, or its letter in column 'answer', got int 4"),
        (
            "mmlu",
            {**MMLU, "answer": "E"},
            "expected a number from 0 to 3, or its letter in column 'answer', got str 'E'",
        ),
        ("mmlu", {**MMLU, "choices": "3"}, "expected a list of texts in column 'choices'"),
        ("arc_easy", {**ARC, "answerKey": "B"}, "expected one of 1, 2, 3 in column 'answerKey', got str 'B'"),
        ("truthful_qa", {**TRUTHFUL_FILE, "mc1_targets": {"a": 1, "b": 1}}, "of which exactly one is labelled 1"),
        ("hh_rlhf_helpful", {"chosen": "Hello", "rejected": "Hello"}, "expected turns of Human and Assistant"),
        ("gpqa", {"Question": "?"}, "no column 'Incorrect Answer 1'"),
    ],
)
def test_a_row_of_another_form_is_named_with_what_was_expected(tmp_path, data_set, row, complaint):
    with pytest.raises(TaskDataError, match=f"line 1: .*{complaint}"):
        load(tmp_path, data_set, row)


@pytest.mark.parametrize("data_set", ROWS)
def test_every_data_set_of_questions_reads_the_same_from_a_saved_dataset(tmp_path, data_set):
    datasets.DatasetDict({"test": datasets.Dataset.from_list([ROWS[data_set]])}).save_to_disk(tmp_path / "saved")
    assert (
        from_path(tmp_path / "saved", data_set=data_set, split="test").tasks
        == load(tmp_path, data_set, ROWS[data_set]).tasks
    )


def test_a_list_in_a_json_file_and_compressed_lines_are_read(tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps([NQ, NQ]), encoding="utf-8")
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.write(json.dumps(NQ) + "\n" + json.dumps(NQ))
    plain, packed = (from_path(tmp_path / name, data_set="nq_open") for name in ("rows.json", "rows.jsonl.gz"))
    assert plain.tasks == packed.tasks
    assert len(plain) == 2


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("rows.json", b"{}", "expected a JSON list of objects"),
        ("rows.json", b"[1]", "expected a JSON list of objects"),
        ("rows.json", b"[", "not JSON"),
        ("rows.jsonl.gz", b"plain", "not a whole gzip file"),
        ("rows.jsonl.gz", gzip.compress(b"[" * 500, mtime=0)[:-9], "not a whole gzip file"),
        ("rows.txt.gz", b"", r"ends in \.jsonl"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskDataError, match=complaint):
        from_path(tmp_path / name, data_set="nq_open")


@pytest.mark.parametrize(
    ("data_set", "file", "size"),
    [
        ("truthful_qa", "truthfulqa/TruthfulQA.csv", 790),
        ("truthful_qa", "truthfulqa/mc_task.json", 790),
        ("hh_rlhf_harmless", "hh-rlhf/harmless-base-test.jsonl.gz", 2312),
        ("xstest", "xstest/xstest_prompts.csv", 450),
        ("xstest", "xstest/model_completions/xstest_v2_completions_gpt4.csv", 450),
    ],
)
def test_published_files_load_completely_and_golds_are_rewarded(data_set, file, size):
    tasks = from_path(public_data(file), data_set=data_set, split="test")
    assert len(tasks) == size
    if tasks[0].reference.kind == "open":
        assert all(task.prompt.strip() for task in tasks.tasks)
    else:
        report = validate(tasks, "qa")
        assert report.is_sound, list(report.failures)[:5]
