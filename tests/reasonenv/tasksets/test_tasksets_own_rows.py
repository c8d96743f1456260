"""Rows of a user's own: every kind becomes an environment that pays the right answer and no other."""

from __future__ import annotations

import copy
import csv
import json
import pickle

import gymnasium
import pytest
from code_parts import in_form, sandbox_or_skip

import reasonenv
from reasonenv import MathReference, QAReference
from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.tasksets import Columns, load_tasks
from reasonenv.types import AssertTests, CallTests, CodeReference, StdinTests

SUMS = [{"question": f"{n}+{n + 1}=?", "answer": 2 * n + 1} for n in range(50)]

CAPITALS = ("Paris", "Rome", "Madrid", "Lisbon")
CHOICES = [
    *({"question": f"Which is number {n}?", "choices": CAPITALS, "answer": "ABCD"[n % 4]} for n in range(7)),
    *({"question": f"Which is number {n}?", "choices": CAPITALS, "answer": CAPITALS[n % 4]} for n in range(7, 14)),
    *({"question": f"Which is number {n}?", "choices": CAPITALS, "answer": n % 4} for n in range(14, 20)),
]

ADD = "def add(a, b):\n    return a + b\n"
CALLS = {"prompt": "Write add(a, b).", "function_name": "add", "tests": [{"input": [2, 3], "output": 5}]}
STDIN = {"prompt": "Print the double of the number read.", "tests": [{"input": "4\n", "output": "8\n"}]}
ASSERTS = {"prompt": "Write add.", "function_name": "add", "tests": ["assert add(2, 3) == 5", "assert add(0, 1) == 1"]}
PROGRAMS = [
    *({**CALLS, "prompt": f"Write add(a, b), number {n}.", "reference_program": ADD} for n in range(4)),
    *({**ASSERTS, "prompt": f"Write add, number {n}.", "reference_program": ADD} for n in range(3)),
    *({**STDIN, "prompt": f"Double, number {n}.", "reference_program": "print(2 * int(input()))\n"} for n in range(3)),
]

SYSTEM = {"role": "system", "content": "Answer in one word."}
HELLO = [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello."}]


def asked(text):
    return {"role": "user", "content": text}


CHATS = [{"messages": [SYSTEM, *HELLO, asked(f"{n}+1=?")], "answer": str(n + 1)} for n in range(10)]
VERL = [
    {
        "data_source": "sums",
        "prompt": [asked(f"{n}+2=?")],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": str(n + 2)},
        "extra_info": {"split": "train", "index": n},
    }
    for n in range(10)
]


def answer(text):
    return f"<think>Let me see.</think> <answer>{text}</answer>"


def gold(task):
    reference = task.reference
    return in_form(reference.reference_program) if isinstance(reference, CodeReference) else answer(reference.answer)


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def only(row, **arguments):
    (task,) = load_tasks([row], **arguments)
    return task


@pytest.mark.parametrize(
    ("env_id", "rows", "wrong"),
    [
        ("reasonenv/Math-v0", SUMS, answer("1000")),
        ("reasonenv/QA-v0", CHOICES, answer("Berlin")),
        ("reasonenv/Math-v0", CHATS, answer("1000")),
        ("reasonenv/Math-v0", VERL, answer("1000")),
        ("reasonenv/Code-v0", PROGRAMS, in_form("def add(a, b):\n    return 0\n")),
    ],
    ids=["50 sums", "20 choices", "chats", "verl", "10 programs"],
)
def test_a_file_of_rows_is_an_environment_that_pays_right_answers_alone(tmp_path, env_id, rows, wrong):
    if env_id == "reasonenv/Code-v0":
        sandbox_or_skip()
    env = gymnasium.make(env_id, tasks=str(write(tmp_path / "own.jsonl", rows)), split="all").unwrapped
    assert len(env.tasks) == len(rows)
    for index in range(len(rows)):
        env.reset(options={"task_index": index})
        assert env.step(gold(env.tasks[index]))[1] == 2.0
        env.reset(options={"task_index": index})
        assert env.step(wrong)[1] == 1.0, "the form alone is paid"


@pytest.mark.parametrize(
    "rows", [SUMS, CHOICES, CHATS, VERL, PROGRAMS], ids=["sums", "choices", "chats", "verl", "code"]
)
def test_training_and_held_out_rows_of_a_file_have_nothing_in_common(tmp_path, rows):
    path = write(tmp_path / "own.jsonl", rows)
    train, test = (load_tasks(path, split=split) for split in ("train", "test"))
    assert len(train) + len(test) == len(rows)
    assert min(len(train), len(test)) >= 1
    assert reasonenv.tasksets.overlap(train, test) == 0


@pytest.mark.parametrize(
    ("cells", "reference"),
    [
        ({"answer": 5}, MathReference(answer="5")),
        ({"answer": 5, "kind": "math"}, MathReference(answer="5")),
        ({"answer": 5, "is_worked_out": True}, MathReference(answer="5", is_worked_out=True)),
        ({"answer": "Paris", "kind": "short"}, QAReference(kind="short", answers=("Paris",))),
        ({"answer": ["NYC", "New York"], "kind": "short"}, QAReference(kind="short", answers=("NYC", "New York"))),
        ({"answer": '["NYC"]', "kind": "short"}, QAReference(kind="short", answers=('["NYC"]',))),
        ({"answer": "5 km", "kind": "number"}, QAReference(kind="number", answers=("5 km",))),
        ({"answer": [5, "five"], "kind": "number"}, QAReference(kind="number", answers=("5", "five"))),
        ({"answer": True, "kind": "boolean"}, QAReference(kind="boolean", answers=("true",))),
        ({"answer": "No", "kind": "boolean"}, QAReference(kind="boolean", answers=("no",))),
        ({"answer": "B", "kind": "choice"}, QAReference(kind="choice", answers=("B",))),
        ({"answer": ["a", "b"], "kind": "list"}, QAReference(kind="list", answers=("a", "b"))),
        ({"answer": '["a", "b"]', "kind": "list"}, QAReference(kind="list", answers=("a", "b"))),
        (
            {"answer": ["a", "b"], "kind": "list", "is_ordered": True},
            QAReference(kind="list", answers=("a", "b"), is_ordered=True),
        ),
        ({"answer": [1, 3], "kind": "citation"}, QAReference(kind="citation", answers=("1", "3"))),
        ({"kind": "open"}, QAReference(kind="open")),
        (
            {"kind": "constrained", "constraints": ["max_words 5"]},
            QAReference(kind="constrained", constraints=("max_words 5",)),
        ),
        (
            {"kind": "constrained", "constraints": ["max_words 5"], "answer": "A river."},
            QAReference(kind="constrained", constraints=("max_words 5",), answers=("A river.",)),
        ),
    ],
)
def test_each_kind_of_row_has_its_reference(cells, reference):
    assert only({"prompt": "?", **cells}).reference == reference


@pytest.mark.parametrize(
    ("right", "letters"),
    [
        *((form, "B") for form in ("B", "(B)", "B.", "B)", " Rome ", 1, 1.0)),
        (["A", "Lisbon"], "AD"),
        ([2, "Paris"], "AC"),
    ],
)
def test_the_right_option_is_a_letter_a_text_or_a_number(right, letters):
    task = only({"prompt": "Which?", "choices": CAPITALS, "answer": right})
    assert task.reference == QAReference(kind="choice", answers=(letters,), choices=CAPITALS)
    assert task.prompt == "Which?\nA) Paris\nB) Rome\nC) Madrid\nD) Lisbon\nAnswer with the letter."


@pytest.mark.parametrize(
    "choices", [["x", "y"], {"A": "x", "B": "y"}, {"B": "y", "A": "x", "C": None}, '["x", "y"]', '{"A": "x", "B": "y"}']
)
def test_options_are_a_list_or_an_object_of_letters_also_as_json_text(choices):
    assert only({"prompt": "Which?", "choices": choices, "answer": "y"}).reference.choices == ("x", "y")


def test_tests_are_calls_of_a_function_runs_of_a_program_or_asserts():
    calls, stdin, asserts = (only(row).reference.tests for row in (CALLS, STDIN, ASSERTS))
    assert isinstance(calls, CallTests)
    assert (calls.function, calls.cases) == ("add", (((2, 3), 5),))
    assert isinstance(stdin, StdinTests)
    assert stdin.cases == (("4\n", "8\n"),)
    assert asserts == AssertTests("assert add(2, 3) == 5\nassert add(0, 1) == 1", ("add",))


def test_tests_may_be_json_text_or_source():
    assert only({**CALLS, "tests": json.dumps(CALLS["tests"])}).reference == only(CALLS).reference
    source = "import math\nfor n in range(3):\n    assert math.isclose(add(n, 1), n + 1)"
    assert only({**ASSERTS, "tests": source}).reference.tests == AssertTests(source, ("add",))


def test_public_tests_and_several_names_are_read():
    task = only({**ASSERTS, "function_name": ["add", "Adder"], "public_tests": "assert add(1, 1) == 2"})
    assert task.reference.public_tests == AssertTests("assert add(1, 1) == 2", ("add", "Adder"))
    assert task.reference.tests.names == ("add", "Adder")


def test_a_returned_tuple_equals_the_list_of_a_test():
    sandbox_or_skip()
    row = {"prompt": "Write pair(a).", "function_name": "pair", "tests": [{"input": [1], "output": [1, [1]]}]}
    env = gymnasium.make("reasonenv/Code-v0", tasks=[row]).unwrapped
    env.reset()
    assert env.step(in_form("def pair(a):\n    return (a, (a,))\n"))[1] == 2.0


def test_a_task_of_every_kind_pickles():
    rows = [SUMS[0], CHOICES[0], CALLS, STDIN, ASSERTS, CHATS[0], VERL[0], {"prompt": "Why?", "kind": "open"}]
    tasks = load_tasks(rows, split="all")
    assert pickle.loads(pickle.dumps(tasks)) == tasks


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        (
            {"choices": ["a", "b"], "tests": ["assert f()"], "function_name": "f"},
            "'code' has no use for column 'choices'",
        ),
        ({"answer": 5, "tests": [{"input": "", "output": ""}]}, "'code' has no use for column 'answer'"),
        ({"answer": 5, "kind": "math", "choices": ["4", "5"]}, "'math' has no use for column 'choices'"),
        ({"answer": "x", "kind": "open"}, "'open' has no use for column 'answer'"),
        ({"answer": "x", "kind": "shrot"}, "one of math, code, choice, short, .* in column 'kind', got str 'shrot'"),
        ({"kind": "short"}, "expected a column 'answer'; the columns are prompt, kind"),
        ({"kind": "code"}, "expected a column 'tests'"),
        (
            {"choices": ["a", "b"], "answer": "c"},
            "letter of an option, its text, or its number .* 'answer', got str 'c'",
        ),
        ({"choices": ["a", "b"], "answer": 2}, "in column 'answer', got int 2"),
        ({"choices": ["a", "b"], "answer": -1}, "in column 'answer', got int -1"),
        ({"choices": ["a", "b"], "answer": True}, "in column 'answer', got bool True"),
        ({"choices": ["a", "b"], "answer": []}, "at least one option"),
        ({"choices": ["B", "A"], "answer": "A"}, r"one option \(this is both A and B: give the letter\)"),
        ({"choices": [0, 2, 1], "answer": 1}, r"one option \(this is both B and C: give the letter\)"),
        ({"choices": ["a"], "answer": "a"}, "2 to 26 different options in column 'choices'"),
        ({"choices": ["a", "a"], "answer": 0}, "2 to 26 different options"),
        ({"choices": {"A": "a", "C": "b"}, "answer": "A"}, "an object with the keys A, B, C"),
        (
            {"choices": "a, b", "answer": "a"},
            "a list of options, or JSON text of it in column 'choices', got str 'a, b'",
        ),
        ({"choices": ["a", None], "answer": "a"}, "a list of options, each a text or a number"),
        ({"kind": "boolean", "answer": "maybe"}, "yes, no, true or false in column 'answer', got str 'maybe'"),
        ({"kind": "list", "answer": "a, b"}, "a list of them, or JSON text of it in column 'answer', got str 'a, b'"),
        ({"kind": "list", "answer": ["a", ""]}, "a list of them in column 'answer'"),
        ({"kind": "list", "answer": ["a"], "is_ordered": "yes"}, "true or false in column 'is_ordered', got str 'yes'"),
        ({"kind": "constrained", "constraints": ["max_wrods 5"]}, "Unknown constraint 'max_wrods'.* 'max_words'"),
        ({"kind": "constrained", "constraints": ["max_words five"]}, "no usable constraints: invalid literal"),
        ({"tests": ["assert f() == 1"]}, "'tests' need a column 'function_name'"),
        ({"tests": ["assert f( == 1"], "function_name": "f"}, r"assert statements in Python \("),
        ({"tests": "f() == 1", "function_name": "f"}, "at least one assert statement in column 'tests'"),
        ({"tests": [{"input": 1, "output": 2}], "function_name": "f"}, 'list of the arguments of f in each "input"'),
        (
            {"tests": [{"input": 1, "output": 2}]},
            "what the program reads and prints, as text, or a column 'function_name'",
        ),
        ({"tests": [{"in": 1}], "function_name": "f"}, 'a list of {"input": …, "output": …} in column \'tests\''),
        ({"tests": [], "answer": 1}, "'code' has no use for column 'answer'"),
        ({"tests": [{"input": [], "output": 2}], "function_name": ["f", "g"]}, "call one function, got the names"),
        ({"tests": [{"input": [], "output": 2}], "function_name": "f g"}, "the name of a function"),
        ({"tests": 5, "function_name": "f"}, "in column 'tests', got int 5"),
    ],
)
def test_a_malformed_row_is_named_with_what_is_wrong(tmp_path, cells, complaint):
    path = write(tmp_path / "own.jsonl", [SUMS[0], {"prompt": "?", **cells}])
    with pytest.raises(TaskDataError, match=rf"own\.jsonl line 2: .*{complaint}"):
        load_tasks(path)


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([], "messages of which the last is the user's"),
        ([asked("?"), {"role": "assistant", "content": "!"}], "messages of which the last is the user's"),
        ([asked("?"), SYSTEM, asked("?")], "messages of which only the first is the system's"),
        ([{"role": "tool", "content": "x"}, asked("?")], 'messages, each {"role": "system", "user" or "assistant"'),
        ([{"from": "human", "value": "?"}], 'messages, each {"role"'),
        ([asked(" ")], 'messages, each {"role"'),
        ([asked([{"type": "text", "text": "?"}])], 'messages, each {"role"'),
        (["?"], 'messages, each {"role"'),
    ],
)
def test_malformed_messages_are_refused(messages, complaint):
    with pytest.raises(TaskDataError, match=f"row 0 of the list: expected {complaint}.* in column 'prompt'"):
        load_tasks([{"prompt": messages, "answer": 1}])


def test_a_system_message_and_earlier_turns_reach_the_model_in_both_forms():
    env = gymnasium.make("reasonenv/Math-v0", tasks=[CHATS[3]], template="r1_zero").unwrapped
    text, info = env.reset()
    assert text.endswith("User: Answer in one word.\n\nHi!\n\nAssistant: Hello.\n\nUser: 3+1=?. Assistant:")
    system, *turns = info["messages"]
    assert system["role"] == "system"
    assert system["content"].startswith("A conversation between User and Assistant.")
    assert system["content"].endswith("\n\nAnswer in one word.")
    assert turns == [*HELLO, asked("3+1=?")]
    assert env.tasks[0].history == (SYSTEM, *HELLO)


def test_options_are_asked_in_the_last_turn_of_a_chat():
    task = only({"prompt": [SYSTEM, asked("Which?")], "choices": ["x", "y"], "answer": "y"})
    assert task.prompt == "Which?\nA) x\nB) y\nAnswer with the letter."
    assert task.history == (SYSTEM,)


@pytest.mark.parametrize(
    "columns", [{"prompt": "Frage", "answer": "Lösung.Wert"}, Columns(prompt="Frage", answer="Lösung.Wert")]
)
@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec])
def test_columns_of_any_name_are_given_to_the_environment(columns, make):
    row = {"Frage": "2+3=?", "Lösung": {"Wert": 5}, "Stufe": 1}
    (task,) = make("reasonenv/Math-v0", tasks=[row], columns=columns).unwrapped.tasks
    assert (task.prompt, task.reference.answer, task.metadata) == ("2+3=?", "5", {"Stufe": 1})


def test_columns_travel_in_the_specification_of_an_environment(tmp_path):
    path = write(tmp_path / "own.jsonl", [{"Q": "2+3=?", "A": 5}])
    spec = copy.deepcopy(gymnasium.spec("reasonenv/Math-v0"))
    spec.kwargs = {**spec.kwargs, "tasks": str(path), "columns": {"prompt": "Q", "answer": "A"}}
    again = gymnasium.make(type(spec).from_json(spec.to_json()))
    assert again.unwrapped.tasks[0].prompt == "2+3=?"


@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec])
def test_the_path_of_a_file_travels_in_the_specification_of_an_environment(make, tmp_path):
    spec = make("reasonenv/Math-v0", tasks=write(tmp_path / "own.jsonl", [{"question": "2+3=?", "answer": 5}])).spec
    again = make(type(spec).from_json(spec.to_json()))
    assert again.spec == spec
    assert again.unwrapped.tasks[0].prompt == "2+3=?"


def test_the_layout_of_a_public_data_set_is_given_to_the_environment(tmp_path):
    path = write(tmp_path / "own.jsonl", [{"question": "2+3=?", "answer": "2+3=5\n#### 5"}])
    env = gymnasium.make("reasonenv/Math-v0", tasks=path, data_set="gsm8k").unwrapped
    assert (env.tasks[0].reference.answer, env.tasks[0].solution) == ("5", "2+3=5")


def test_one_kind_may_be_given_for_all_rows():
    task = only({"question": "The capital of France?", "answer": "Paris"}, columns={"kind": "short"})
    assert task.reference == QAReference(kind="short", answers=("Paris",))


def test_a_column_that_is_mapped_away_is_metadata():
    task = only({"prompt": "2+3=?", "answer": 5, "kind": "algebra", "split": "x"}, columns={"kind": "", "split": ""})
    assert (task.reference, task.metadata) == (MathReference(answer="5"), {"kind": "algebra", "split": "x"})


def test_a_column_that_plays_another_role_is_not_looked_for_under_its_own_name():
    row = {"prompt": "Write add.", "function_name": "add", "tests": ["assert add(1, 1) == 2"], "answer": ADD}
    assert only(row, columns={"reference_program": "answer"}).reference.reference_program == ADD


def test_empty_cells_of_other_kinds_do_not_matter():
    empty = dict.fromkeys(("choices", "kind", "tests", "function_name", "solution", "id"), None)
    row = {"prompt": "2+3=?", "answer": "5", **empty, "level": float("nan"), "topic": ""}
    task = only(row)
    assert (task.reference, task.task_id, task.metadata) == (MathReference(answer="5"), "tasks/train/00000", {})


def test_an_unknown_role_offers_the_closest():
    with pytest.raises(UnknownNameError, match=r"Unknown role 'anwser' of columns=.* Did you mean 'answer'"):
        load_tasks([{"q": "2+3=?"}], columns={"anwser": "a"})
    with pytest.raises(TypeError, match="expected the name of a column for 'answer', got 5"):
        load_tasks([{"q": "2+3=?"}], columns={"answer": 5})


def test_a_csv_file_holds_options_and_tests_as_json(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text('prompt,choices,answer\nWhich?,"[""x"", ""y""]",y\nWhich one?,"{""A"": ""x"", ""B"": ""y""}",A\n')
    assert [task.reference.answer for task in load_tasks(path, split="all")] == ["B", "A"]


def test_a_csv_file_holds_the_rows_of_verl_as_json(tmp_path):
    path = tmp_path / "verl.csv"
    messages, gold = (
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+3=?"}],
        {"ground_truth": "5"},
    )
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["prompt", "reward_model"], [json.dumps(messages), json.dumps(gold)]])
    (task,) = load_tasks(path, split="all")
    assert (task.prompt, task.history, task.reference) == ("2+3=?", (messages[0],), MathReference(answer="5"))
    assert "reward_model" not in task.metadata


def test_messages_in_the_notation_of_python_are_refused():
    with pytest.raises(TaskDataError, match="expected messages, or JSON text of it in column 'prompt'"):
        only({"prompt": str([{"role": "user", "content": "2+3=?"}]), "answer": 5})


def test_a_prompt_about_json_stays_text():
    for prompt in ('[{"a": 1}]: how many objects?', "[1, 2", '"role": "user"'):
        assert only({"prompt": prompt, "answer": 5}).prompt == prompt


def test_a_number_of_more_digits_than_python_writes_is_named():
    for kind in ("math", "number"):
        with pytest.raises(TaskDataError, match="row 0 of the list: the number in column 'answer' is too long"):
            only({"prompt": "10^5000?", "answer": 10**5000, "kind": kind})
    with pytest.raises(TaskDataError, match="expected text in column 'prompt', got int which cannot be shown"):
        only({"prompt": 10**5000, "answer": 5})
