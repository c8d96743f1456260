"""Loaders of programming data sets: small rows of each form, and the public files where they are."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import zlib

import pytest
from areas import public_data
from code_parts import attempt, sandbox_or_skip

from reasonenv.errors import TaskDataError
from reasonenv.execution.comparison import output_matches
from reasonenv.rewards.code import CodePassRate
from reasonenv.tasksets import from_path, load_tasks, validate
from reasonenv.types import AssertTests, CallTests, StdinTests


def load(tmp_path, data_set, *rows):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return from_path(path, data_set=data_set, split="test")


HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'import math\n\n\ndef helper(x):\n    return x + 1\n\n\ndef twice(x):\n    """Double x."""\n',
    "canonical_solution": "    return 2 * x\n",
    "test": "METADATA = {}\n\n\ndef check(candidate):\n    assert candidate(2) == 4\n    for k in range(3):\n"
    "        assert candidate(helper(k)) == 2 * k + 2\n",
    "entry_point": "twice",
}
MBPP = {
    "task_id": 7,
    "text": "Write a function to add.",
    "code": "import math\r\ndef add(a, b):\r\n\ts = '''x\r\ny'''\r\n\treturn a + b if len(s) == 3 else 0",
    "test_setup_code": "",
    "test_list": ["assert add(1, 2) == 3", "assert add(math.floor(2.5), 2) == 4"],
    "challenge_test_list": ["assert add(-1, 1) == 0"],
}
APPS = {
    "question": "Add two numbers.",
    "solutions": json.dumps(["a, b = map(int, input().split())\nprint(a + b)\n"]),
    "input_output": json.dumps({"inputs": ["1 2\n", "3 4\n", "5 5\n"], "outputs": ["3\n", "7", ["10"]]}),
    "difficulty": "introductory",
    "starter_code": "",
}
APPS_CALL = {
    **APPS,
    "solutions": json.dumps(["class Solution:\n    def pair(self, a, b):\n        return (b, a)\n"]),
    "input_output": json.dumps({"fn_name": "pair", "inputs": [[1, 2], [3, 4]], "outputs": [[[2, 1]], [[4, 3]]]}),
    "starter_code": "class Solution:\n    def pair(self, a, b):\n",
}
PACKED = base64.b64encode(zlib.compress(pickle.dumps(json.dumps([{"input": "3\n[4]", "output": "7"}])))).decode()
LIVECODEBENCH = {
    "question_id": "abc_1",
    "question_content": "Add.",
    "public_test_cases": json.dumps([{"input": "1\n[2]", "output": "3", "testtype": "functional"}]),
    "private_test_cases": PACKED,
    "metadata": json.dumps({"func_name": "total"}),
    "starter_code": "class Solution:\n",
    "difficulty": "easy",
    "contest_date": "2024-01-01",
}


def test_humaneval_checks_become_statements_with_the_helpers_of_the_prompt(tmp_path):
    task = load(tmp_path, "humaneval", HUMANEVAL)[0]
    assert task.task_id == "HumanEval/900"
    assert task.metadata["domain"] == "code"
    given = "import math\n\ndef helper(x):\n    return x + 1"
    asserts = "assert candidate(2) == 4\nfor k in range(3):\n    assert candidate(helper(k)) == 2 * k + 2"
    assert task.reference.tests == AssertTests(f"{given}\ncandidate = twice\n{asserts}", ("twice",), prelude=given)
    assert "assert" not in task.prompt


def test_mbpp_shows_one_test_judges_by_all_and_has_unix_line_ends(tmp_path):
    task = load(tmp_path, "mbpp", MBPP)[0]
    assert task.task_id == "mbpp/7"
    assert task.prompt.endswith("```python\nassert add(1, 2) == 3\n```")
    assert "math.floor" not in task.prompt
    assert task.reference.tests.names == ("add",)
    assert task.reference.tests.source.count("assert") == 3
    assert task.reference.public_tests.source.count("assert") == 1
    assert "\r" not in task.reference.reference_program + task.reference.tests.source


def test_apps_reads_programs_and_calls(tmp_path):
    program, call = load(tmp_path, "apps", APPS, APPS_CALL)
    assert isinstance(program.reference.tests, StdinTests)
    assert program.reference.tests.cases == (("1 2\n", "3\n"), ("3 4\n", "7"), ("5 5\n", "10"))
    assert len(program.reference.public_tests.cases) == 2
    assert isinstance(call.reference.tests, CallTests)
    assert call.reference.tests.cases == (((1, 2), [2, 1]), ((3, 4), [4, 3]))
    assert "class Solution" in call.prompt
    assert program.metadata["difficulty"] == "introductory"


def test_livecodebench_unpacks_private_tests(tmp_path):
    task = load(tmp_path, "livecodebench", LIVECODEBENCH)[0]
    assert task.reference.tests.cases == (((1, [2]), 3), ((3, [4]), 7))
    assert task.reference.public_tests.cases == (((1, [2]), 3),)


def test_livecodebench_reads_plain_private_tests_and_standard_input(tmp_path):
    row = {
        **LIVECODEBENCH,
        "starter_code": "",
        "metadata": "{}",
        "private_test_cases": json.dumps([{"input": "5\n", "output": "6\n"}]),
    }
    task = load(tmp_path, "livecodebench", row)[0]
    assert task.reference.tests.cases[-1] == ("5\n", "6\n")
    assert task.prompt.endswith("print to standard output.")


class Bomb:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("packed", [pickle.dumps(Bomb()), b"no pickle"])
def test_packed_tests_that_hold_anything_but_text_are_refused_and_not_run(tmp_path, packed):
    row = {**LIVECODEBENCH, "private_test_cases": base64.b64encode(zlib.compress(packed)).decode()}
    with pytest.raises(TaskDataError, match="line 1: expected test cases, in JSON or packed"):
        load(tmp_path, "livecodebench", row)


@pytest.mark.parametrize(
    ("data_set", "row", "message"),
    [
        ("humaneval", {**HUMANEVAL, "test": "x = 1"}, r"one function check\(candidate\)"),
        ("humaneval", {**HUMANEVAL, "test": "def ("}, "expected Python source in column 'test'"),
        ("mbpp", {**MBPP, "test_list": "assert"}, "expected a list of texts in column 'test_list'"),
        ("mbpp", {**MBPP, "test_list": ["assert f(1) == 1"], "challenge_test_list": []}, "the tests use nothing"),
        ("apps", {**APPS, "input_output": "{}"}, "inputs and outputs of one length"),
        ("apps", {**APPS, "input_output": "{"}, "expected JSON in column 'input_output'"),
        (
            "livecodebench",
            {**LIVECODEBENCH, "public_test_cases": '[{"input": "x", "output": "3"}]'},
            "no readable input",
        ),
        (
            "livecodebench",
            {**LIVECODEBENCH, "public_test_cases": "[]", "private_test_cases": "[]"},
            "at least one test",
        ),
        ("apps", {**APPS, "input_output": '{"inputs": [], "outputs": []}'}, "at least one test"),
        ("apps", {**APPS, "input_output": '{"inputs": ["1"], "outputs": [null]}'}, "a text, or a list of lines"),
        ("humaneval", {**HUMANEVAL, "test": "def check(candidate):\n    candidate(2)"}, "at least one assertion"),
        ("mbpp", {**MBPP, "test_list": [], "challenge_test_list": []}, "the tests use nothing"),
        ("mbpp", {**MBPP, "test_list": ["add(1, 2)"], "challenge_test_list": []}, "at least one assertion"),
    ],
)
def test_a_row_whose_tests_cannot_be_read_is_named(tmp_path, data_set, row, message):
    with pytest.raises(TaskDataError, match=f"rows.jsonl line 1: .*{message}"):
        load(tmp_path, data_set, row)


@pytest.mark.parametrize("bad", ["{", "[1]", json.dumps({**MBPP, "code": "def ("}), json.dumps(MBPP)])
def test_a_row_that_cannot_be_read_is_skipped_counted_and_named(tmp_path, bad):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([json.dumps(MBPP), bad, json.dumps({**MBPP, "task_id": 8})]), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"Skipped 1 of 3 rows, which cannot be read:\n  .*rows.jsonl line 2: "):
        tasks = from_path(path, data_set="mbpp", split="test")
    assert [task.task_id for task in tasks.tasks] == ["mbpp/7", "mbpp/8"]
    assert tasks.origin == "skipped 1 of 3 rows, which cannot be read"


def test_a_warning_names_ten_rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([json.dumps(MBPP), *["{}"] * 12]), encoding="utf-8")
    with pytest.warns(UserWarning, match="Skipped 12 of 13 rows") as caught:
        from_path(path, data_set="mbpp", split="test")
    assert str(caught[0].message).count("line ") == 10
    assert str(caught[0].message).endswith("and 2 more")


def test_outputs_in_lists_keys_of_text_and_long_integers_are_read(tmp_path):
    long = "7" * 5000
    nested = {"inputs": [["1", "2"], "3"], "outputs": [[["1 2", "3"]], int("7" * 4000)]}
    called = {"fn_name": "pair", "inputs": [[{"1": 2}, {"3": 4}]], "outputs": [[{"5": [6]}]]}
    rows = [{**APPS, "input_output": json.dumps(nested)}, {**APPS_CALL, "input_output": json.dumps(called)}]
    rows.append({**APPS, "input_output": '{"inputs": [LONG], "outputs": [LONG]}'.replace("LONG", long)})
    lines, keys, numbers = load(tmp_path, "apps", *rows)
    assert lines.reference.tests.cases == (("1\n2", "1 2\n3"), ("3", "7" * 4000))
    assert keys.reference.tests.cases == ((({1: 2}, {"3": 4}), {"5": [6]}),)
    assert numbers.reference.tests.cases == ((long, long),)


HUMANEVAL_PLUS = """
import numpy as np

def assertion(out, exp, atol):
    if atol == 0:
        assert out == exp
    else:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)

def check(candidate):
    inputs = [[2], [3]]
    results = [4, 6]
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
"""
MBPP_PLUS = (
    HUMANEVAL_PLUS.partition("def check")[0]
    + """
inputs = [[2, 3], [-1, 1]]
results = [5, 0]
for i, (inp, exp) in enumerate(zip(inputs, results)):
    assertion(add(*inp), exp, 0)
"""
)


@pytest.mark.parametrize(
    ("data_set", "row", "wrong"),
    [
        ("humaneval", {**HUMANEVAL, "test": HUMANEVAL_PLUS}, "def twice(x):\n    return 4"),
        (
            "humaneval",
            {**HUMANEVAL, "base_input": [[2]], "plus_input": [[0.1], [[]], [float("inf")]], "atol": 0},
            "def twice(x):\n    return 2 * x if x != [] else None",
        ),
        ("mbpp", {**MBPP, "task_id": "Mbpp/7", "test": MBPP_PLUS}, "def add(a, b):\n    return a + b if a > 0 else 1"),
    ],
)
def test_files_of_evalplus_judge_by_their_helpers(tmp_path, data_set, row, wrong):
    sandbox_or_skip()
    tasks = load(tmp_path, data_set, row)
    assert validate(tasks).is_sound
    assert CodePassRate().score([attempt(wrong, tasks[0])])[0].value < 1.0


def test_packed_lines_are_read_like_plain_ones(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(HUMANEVAL).encode()))
    assert from_path(path, data_set="humaneval")[0].task_id == "HumanEval/900"
    path.write_bytes(b"no gzip")
    with pytest.raises(TaskDataError, match="not a whole gzip file"):
        from_path(path, data_set="humaneval")


@pytest.mark.parametrize(
    ("data_set", "row"), [("humaneval", HUMANEVAL), ("mbpp", MBPP), ("apps", APPS), ("taco", APPS_CALL)]
)
def test_the_reference_program_earns_the_full_reward(tmp_path, data_set, row):
    sandbox_or_skip()
    assert validate(load(tmp_path, data_set, row)).is_sound


def test_a_task_without_reference_program_has_no_gold_answer(tmp_path):
    report = validate(load(tmp_path, "apps", {**APPS, "solutions": ""}))
    assert report.without_answer == ("apps/test/00000",)


def test_validation_names_a_reference_program_that_fails(tmp_path):
    sandbox_or_skip()
    report = validate(load(tmp_path, "mbpp", {**MBPP, "code": "def add(a, b):\n    return a"}))
    assert list(report.failures) == ["mbpp/7"]


def test_a_mixture_of_mathematics_and_programs_is_validated_each_in_its_way():
    sandbox_or_skip()
    tasks = [load_tasks("gcd_lcm")[0], load_tasks("code_bits")[0]]
    assert validate(load_tasks(tasks)).is_sound


@pytest.mark.parametrize(("name", "size"), [("humaneval/HumanEval.jsonl.gz", 164), ("mbpp/mbpp.jsonl", 974)])
def test_every_public_reference_program_passes_and_returns_none_fails(name, size):
    path = public_data(name)
    sandbox_or_skip()
    tasks = from_path(path, data_set=name.partition("/")[0], split="test")
    assert len(tasks) == size
    assert validate(tasks).is_sound
    muted = [attempt(f"{task.reference.reference_program}\n\n{muting(task)}", task) for task in tasks.tasks]
    rates = [score.value for score in CodePassRate().score(muted)]
    assert max(rates) < 1.0


def muting(task):
    """Redefine what the tests call to return None."""
    return "\n".join(f"def {name}(*arguments): return None" for name in task.reference.tests.names)


@pytest.mark.parametrize(
    ("expected", "actual", "matches"),
    [
        ("1\n2\n", " 1 \n2", True),
        ("1\n2", "1 2", False),
        ("20250101", "20250102", False),
        ("0012345", "12345", False),
        ("0.50", "0.5", True),
        ("2", "2.0", True),
        ("0.3", "0.30000000000000004", False),
        ("yes 1.0", "yes 1", True),
        ("yes 1.0", "no 1.0", False),
        ("1" * 31, "1" * 30 + "0", False),
        ("1e3", "1000", True),
        ("nan", "nan", True),
        ("nan", "NaN", False),
        ("1", "", False),
        ("", "\n", True),
    ],
)
def test_printed_lines_of_livecodebench_are_the_same_or_the_same_decimals(tmp_path, expected, actual, matches):
    row = {
        **LIVECODEBENCH,
        "starter_code": "",
        "metadata": "{}",
        "private_test_cases": json.dumps([{"input": "5\n", "output": expected}]),
    }
    tests = load(tmp_path, "livecodebench", row)[0].reference.tests
    assert output_matches(tests.comparison, *tests.cases[-1], actual) is matches
