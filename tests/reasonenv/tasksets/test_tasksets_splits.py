"""Held-out tasks: the hash split of one's own rows, split columns and files, overlaps, samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv import MathReference, Task
from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tasksets import Filtered, TaskList, describe, has_answer, load_tasks, overlap, spread_indices
from reasonenv.tasksets.splits import hash_sides

ROWS = [{"question": f"{n}*7=?", "answer": str(n * 7)} for n in range(200)]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def prompts(tasks):
    return {task.prompt for task in tasks}


def numbered(*prompts, split="train"):
    tasks = (Task(task_id=f"{split}/{n}", prompt=prompt, reference=None) for n, prompt in enumerate(prompts))
    return TaskList("own", split, tuple(tasks))


def test_a_tenth_of_a_table_is_held_out():
    sides = Counter(hash_sides([f"What is {n} times {n + 1}?" for n in range(20_000)]))
    assert sides["test"] / 20_000 == pytest.approx(0.1, abs=0.01)


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=30))
def test_the_sides_cover_all_problems_share_none_and_are_both_filled(problems):
    sides = hash_sides(problems)
    assert len(sides) == len(problems)
    train, test = (
        {" ".join(problem.split()) for problem, side in zip(problems, sides, strict=True) if side == wanted}
        for wanted in ("train", "test")
    )
    assert not train & test
    assert train
    assert bool(test) == (len({" ".join(problem.split()) for problem in problems}) > 1)


@given(st.permutations(range(12)))
def test_the_side_of_a_problem_does_not_depend_on_the_order(order):
    problems = [f"{n}+{n}=?" for n in range(12)]
    expected = dict(zip(problems, hash_sides(problems), strict=True))
    shuffled = [problems[n] for n in order]
    assert dict(zip(shuffled, hash_sides(shuffled), strict=True)) == expected


@given(st.integers(100, 200))
def test_a_problem_keeps_its_side_where_rows_are_added(size):
    problems = [row["question"] for row in ROWS]
    assert hash_sides(problems)[:size] == hash_sides(problems[:size])


@given(
    st.lists(st.sampled_from(ROWS[:25]), min_size=2, max_size=60).filter(
        lambda rows: len({r["answer"] for r in rows}) > 1
    )
)
def test_train_and_test_make_up_all_rows_and_copies_are_on_one_side(rows):
    train, test, everything = (load_tasks(rows, split=split) for split in ("train", "test", "all"))
    assert len(train) + len(test) == len(everything) == len(rows)
    assert prompts(train) | prompts(test) == prompts(everything)
    assert overlap(train, test) == 0


def test_the_split_depends_neither_on_the_file_nor_on_the_hash_seed_of_python(tmp_path):
    one = write(tmp_path / "one.jsonl", ROWS)
    other = write(tmp_path / "other.jsonl", [{"id": n, **row} for n, row in enumerate(reversed(ROWS))])
    code = (
        "import sys\nfrom reasonenv.tasksets import load_tasks\n"
        "print('|'.join(sorted(task.prompt for task in load_tasks(sys.argv[1], split='test'))))"
    )
    held_out = {
        subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for path, seed in ((one, "1"), (other, "2"))
    }
    assert held_out == {"|".join(sorted(prompts(load_tasks(one, split="test"))))}


def test_ids_name_the_row_and_are_different_in_both_splits(tmp_path):
    path = write(tmp_path / "sums.jsonl", ROWS)
    rows = {
        int(task.task_id.rpartition("/")[2]): task.prompt
        for split in ("train", "test")
        for task in load_tasks(path, split=split)
    }
    assert rows == {n: row["question"] for n, row in enumerate(ROWS)}


def test_the_history_of_a_chat_is_part_of_the_problem():
    def chat(system):
        return {"prompt": [{"role": "system", "content": system}, {"role": "user", "content": "Go on."}], "answer": "1"}

    rows = [chat(f"Story {n}") for n in range(30)]
    assert len(load_tasks(rows, split="train")) + len(load_tasks(rows, split="test")) == 30
    assert overlap(load_tasks(rows[:10], split="all"), load_tasks(rows[10:], split="all")) == 0
    assert overlap(load_tasks(rows[:12], split="all"), load_tasks(rows[10:], split="all")) == 2


def test_the_set_says_which_rows_it_holds(tmp_path):
    path = write(tmp_path / "sums.jsonl", ROWS)
    sizes = [len(load_tasks(path, split=split)) for split in ("train", "test")]
    assert [describe(load_tasks(path, split=split)) for split in ("train", "test", "all")] == [
        f"hash split of sums.jsonl: {sizes[0]} of 200 problems",
        f"hash split of sums.jsonl: {sizes[1]} of 200 problems",
        "all of sums.jsonl: 200 of 200 problems",
    ]
    assert describe(load_tasks(ROWS)) == f"hash split of the list: {sizes[0]} of 200 problems"
    assert describe(load_tasks("gcd_lcm")) == "split 'train' of gcd_lcm: 10,000 tasks"


def test_a_split_column_decides_where_there_is_one(tmp_path):
    rows = [{**row, "split": "dev" if n % 4 == 0 else "train"} for n, row in enumerate(ROWS)]
    path = write(tmp_path / "sums.jsonl", rows)
    train, dev = load_tasks(path), load_tasks(path, split="dev")
    assert (len(train), len(dev), overlap(train, dev)) == (150, 50, 0)
    assert dev[1].prompt == "4*7=?"
    assert "split" not in dev[0].metadata
    assert describe(dev) == "column split of sums.jsonl: 50 of 200 problems"
    with pytest.raises(UnknownNameError, match=r"Unknown split 'test' of sums.jsonl\. .*Known: all, dev, train"):
        load_tasks(path, split="test")


def test_a_split_column_of_another_name_is_mapped():
    rows = [{**row, "fold": "test" if n < 3 else "train"} for n, row in enumerate(ROWS[:9])]
    assert len(load_tasks(rows, split="test", columns={"split": "fold"})) == 3


def test_a_row_without_the_split_that_others_have_is_named():
    with pytest.raises(TaskDataError, match="row 1 of the list: no column 'split', which other rows have"):
        load_tasks([{**ROWS[0], "split": "train"}, ROWS[1]])
    with pytest.raises(TaskDataError, match="row 1 of the list: expected text in column 'split', got null"):
        load_tasks([{**ROWS[0], "split": "train"}, {**ROWS[1], "split": None}])


def test_one_problem_is_trained_on_and_nothing_is_held_out():
    rows = [ROWS[0], {**ROWS[0], "question": f"  {ROWS[0]['question']}\n"}]
    assert len(load_tasks(rows)) == 2
    with pytest.raises(TaskDataError, match=r"no split 'test': all 2 rows are of 'train', so there is nothing to hold"):
        load_tasks(rows, split="test")


def test_another_split_than_train_and_test_is_not_made_up(tmp_path):
    path = write(tmp_path / "sums.jsonl", ROWS)
    with pytest.raises(UnknownNameError, match=r"Unknown split 'validation' of sums.jsonl\. .*Known: all, test, train"):
        load_tasks(path, split="validation")


def test_a_bad_row_of_the_other_split_is_found_as_well():
    rows = [*ROWS, {"question": "?"}]
    for split in ("train", "test"):
        with pytest.raises(TaskDataError, match="row 200 of the list"):
            load_tasks(rows, split=split)


def test_a_folder_with_a_file_for_each_split_needs_no_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    write(tmp_path / "train.jsonl", ROWS[:20])
    write(tmp_path / "validation.jsonl", ROWS[20:25])
    (tmp_path / "test.csv").write_text("question,answer\n1+1=?,2\n")
    sizes = {split: len(load_tasks(tmp_path, split=split)) for split in ("train", "validation", "test", "all")}
    assert sizes == {"train": 20, "validation": 5, "test": 1, "all": 26}
    assert describe(load_tasks(tmp_path, split="test")) == f"split 'test' of {tmp_path.name}: 1 of 1 problems"
    assert overlap(load_tasks(tmp_path), load_tasks(tmp_path, split="test")) == 0


def test_a_folder_without_the_split_says_which_it_has(tmp_path):
    write(tmp_path / "train.jsonl", ROWS)
    with pytest.raises(UnknownNameError, match=rf"Unknown split 'test' of {tmp_path}\. .*Give split=\"train\""):
        load_tasks(tmp_path, split="test")


def test_a_folder_with_two_files_for_one_split_is_refused(tmp_path):
    write(tmp_path / "train.jsonl", ROWS)
    (tmp_path / "train.csv").write_text("question,answer\n1+1=?,2\n")
    with pytest.raises(TaskDataError, match=r"train\.csv and train\.jsonl both hold 'train'; expected one file"):
        load_tasks(tmp_path)


def test_overlap_counts_different_problems_that_both_sets_hold():
    train, test = numbered("a", "b", "b", "c  d"), numbered("b", "c d", "c\nd", "e", split="test")
    assert overlap(train, test) == 2
    assert overlap(train, numbered("x")) == 0
    assert overlap(train, train) == 3


@pytest.mark.parametrize("name", ["gcd_lcm", "procedural_mixed"])
def test_generated_splits_are_known_to_share_nothing(name):
    train, test = load_tasks(name), load_tasks(name, split="test")
    assert overlap(train, test) == 0
    assert overlap(Filtered(train, has_answer), test) == 0


def test_generated_sets_of_one_split_are_compared():
    assert overlap(numbered(load_tasks("gcd_lcm")[3].prompt), load_tasks("gcd_lcm")) == 1


@given(st.integers(1, 3000), st.integers(1, 400))
def test_a_sample_has_the_wanted_size_and_no_index_twice(num_tasks, num_wanted):
    indices = spread_indices(num_tasks, num_wanted)
    assert len(set(indices)) == len(indices) == min(num_tasks, num_wanted)
    assert indices == sorted(indices)
    assert 0 <= indices[0] <= indices[-1] < num_tasks


@pytest.mark.parametrize("num_tasks", [500, 1319, 10_000])
@pytest.mark.parametrize("num_parts", [2, 4, 5, 7])
def test_a_sample_is_fair_to_sorted_subjects_and_to_levels_in_turn(num_tasks, num_parts):
    indices = spread_indices(num_tasks, 100)
    for part_of in (lambda i: i * num_parts // num_tasks, lambda i: i % num_parts):
        counts = Counter(part_of(index) for index in indices)
        assert max(counts.values()) - min(counts[part] for part in range(num_parts)) <= 100 / num_parts * 0.5


def test_a_larger_sample_holds_the_smaller():
    assert set(spread_indices(1000, 50)) <= set(spread_indices(1000, 80))


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0)])
def test_a_sample_of_nothing_is_refused(sizes):
    with pytest.raises(ValueError, match="must be at least 1"):
        spread_indices(*sizes)


def test_the_environment_of_a_file_trains_on_what_is_not_held_out(tmp_path):
    import gymnasium

    path = write(tmp_path / "sums.jsonl", ROWS)
    train, test = (
        gymnasium.make("reasonenv/Math-v0", tasks=path, split=split).unwrapped for split in ("train", "test")
    )
    assert overlap(train.tasks, test.tasks) == 0
    assert len(train.tasks) + len(test.tasks) == 200
    assert test.tasks[0].reference == MathReference(answer=str(7 * int(test.tasks[0].prompt.partition("*")[0])))
