"""Generated programming problems: what they ask, what their tests tell apart, and how they are split."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_readers import READERS, examples_of, solver

from reasonenv.tables import resolve
from reasonenv.tasksets import ProceduralTaskSet, load_tasks
from reasonenv.tasksets.procedural import SPLITS, split_of
from reasonenv.tasksets.program_families import Operation, ProgramProblem, pipeline, program_family
from reasonenv.tasksets.programs import CODE_FAMILIES
from reasonenv.types import CallTests, StdinTests

each_family = pytest.mark.parametrize("name", CODE_FAMILIES)
seeds, indices, splits = st.integers(0, 2**32), st.integers(0, 9_999), st.sampled_from(SPLITS)
FEW = settings(max_examples=25)


def family(name):
    return resolve(CODE_FAMILIES, name, kind="family")


def cases_of(tests):
    """(arguments, expected) of functions; ((input,), output) of programs."""
    is_call = isinstance(tests, CallTests)
    return [(arguments if is_call else (arguments,), expected) for arguments, expected in tests.cases]


def fails(task, function):
    """Does a function, wrong by intention, fail a hidden test?"""
    for arguments, expected in cases_of(task.reference.tests):
        try:
            if function(*arguments) != expected:
                return True
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return True
    return False


def some_tasks(name, count=24):
    tasks = ProceduralTaskSet(family=family(name), split="test", seed=5)
    return [tasks[index] for index in range(count)]


def test_every_family_has_an_independent_implementation():
    assert set(READERS) == set(CODE_FAMILIES)


@each_family
@given(split=splits, seed=seeds, index=indices)
@FEW
def test_expected_values_are_what_an_independent_reading_of_the_statement_gives(name, split, seed, index):
    task = ProceduralTaskSet(family=family(name), split=split, seed=seed)[index]
    solve = solver(task)
    for tests in (task.reference.tests, task.reference.public_tests):
        for arguments, expected in cases_of(tests):
            assert solve(*arguments) == expected, (task.prompt, arguments)


@each_family
@given(seed=seeds, index=indices)
@FEW
def test_the_prompt_shows_exactly_the_public_tests_and_no_hidden_one(name, seed, index):
    task = ProceduralTaskSet(family=family(name), split="train", seed=seed)[index]
    public, hidden = (cases_of(tests) for tests in (task.reference.public_tests, task.reference.tests))
    shown = [((text,), out) if isinstance(text, str) else (text, out) for text, out in examples_of(task)]
    assert [(arguments, str(out).strip("\n")) for arguments, out in shown] == [
        (arguments, str(out).strip("\n")) for arguments, out in public
    ]
    assert len(public) == 2
    assert len(hidden) == 10
    assert not {repr(arguments) for arguments, _ in public} & {repr(arguments) for arguments, _ in hidden}


@each_family
def test_a_program_that_knows_the_examples_by_heart_fails(name):
    for task in some_tasks(name):
        known = {repr(arguments): expected for arguments, expected in cases_of(task.reference.public_tests)}
        assert fails(task, lambda *arguments, known=known: known.get(repr(arguments)))


@each_family
def test_no_constant_passes(name):
    for task in some_tasks(name):
        for _, expected in cases_of(task.reference.tests):
            assert fails(task, lambda *_, expected=expected: expected)


@each_family
def test_returning_the_argument_fails(name):
    for task in some_tasks(name):
        assert fails(task, lambda *arguments: arguments[0])


SENTENCE = re.compile(r"^\d+\. .*\n", re.M)


@pytest.mark.parametrize("name", [name for name in CODE_FAMILIES if SENTENCE.search(load_tasks(name)[2].prompt)])
def test_a_program_that_overlooks_a_step_fails(name):
    for task in some_tasks(name):
        sentences = [
            sentence
            for sentence in SENTENCE.findall(task.prompt)
            if not re.search(r"\d\. (Return|Map|Group)", sentence)
        ]
        for sentence in sentences:
            shortened = solver(
                type(task)(task_id=task.task_id, prompt=task.prompt.replace(sentence, "", 1), reference=None)
            )
            assert fails(task, shortened), (task.prompt, sentence)


MISREADINGS = {
    "code_arithmetic": [(r"order: \S+ ", "order: "), (r" \S+\. Return", ". Return"), (r"\*(\d)", r"+\1")],
    "code_recursion": [
        (r"modulo (\d\d+)", "modulo 89"),
        (r"\+ (\d+)", "+ 77"),
        (r"multiply it by (-?\d)", "multiply it by 7"),
    ],
    "code_dynamic_programming": [
        (r"differ by at least \d", "differ by at least 1"),
        (r"No two tiles of length \d", "No two tiles of length 99"),
        (r"(divisible by|greater than|equal to) \d", "equal to 99"),
    ],
    "code_graphs": [
        (r"- Every edge .* leads both ways", "- Every edge (a, b, w) leads from a to b only"),
        (r"- Edges .*", "- All edges are open."),
        (r"- Nodes.*", "- All nodes can be entered."),
        (r"costs its weight\.", "costs 1."),
    ],
    "code_simulation": [
        (r"the robot stays where it is instead", "the robot comes in again at the opposite side instead"),
        (r"heading (?:right|up|down)\.", "heading left."),
        (r"turns right by", "turns left by"),
    ],
    "code_parsing": [
        ("from left to right", "from right to left"),
        (r"Operations with .*; among equals,", "There is no priority: operations are done"),
        (r"taken modulo \d+", "taken modulo 91"),
    ],
}


@pytest.mark.parametrize("name", MISREADINGS)
def test_programs_that_misread_a_rule_fail(name):
    num_misread = [0] * len(MISREADINGS[name])
    for task in some_tasks(name, 60):
        for number, (pattern, misread) in enumerate(MISREADINGS[name]):
            prompt = re.sub(pattern, misread, task.prompt, flags=re.M)
            if prompt != task.prompt:
                num_misread[number] += 1
                assert fails(task, solver(type(task)(task_id=task.task_id, prompt=prompt, reference=None))), task.prompt
    assert min(num_misread) > 0


@each_family
def test_equal_statements_are_equal_tasks_whatever_the_seed(name):
    first: dict[str, object] = {}
    for seed in range(12):
        tasks = ProceduralTaskSet(family=family(name), split="train", seed=seed, levels=family(name).levels[:1])
        for index in range(12):
            statement = tasks[index].prompt.partition("\n\nExamples:")[0]
            assert first.setdefault(statement, tasks[index].reference) == tasks[index].reference


@each_family
@given(seed=seeds, index=indices)
@settings(max_examples=10)
def test_the_statement_alone_decides_the_split(name, seed, index):
    for split in SPLITS:
        prompt = ProceduralTaskSet(family=family(name), split=split, seed=seed)[index].prompt
        assert split_of(prompt.partition("\n\nExamples:\n")[0]) == split


@each_family
def test_every_difficulty_offers_many_different_test_problems(name):
    for level in family(name).levels:
        tasks = ProceduralTaskSet(family=family(name), split="test", levels=(level,), size=60)
        assert len({tasks[index].prompt for index in range(60)}) > 25


@each_family
def test_tasks_are_dealt_by_difficulty_and_carry_domain_program_and_plan(name):
    tasks = family(name)("train")
    assert [tasks[index].metadata["difficulty"] for index in range(4)] == [1, 2, 3, 1]
    assert tasks[0].metadata["domain"] == family(name).domain
    assert tasks[0].task_id == f"{name}/train/00000"
    assert tasks[0].solution
    assert "def " in tasks[0].reference.reference_program


@each_family
def test_tests_survive_pickling(name):
    task = family(name)("test")[3]
    assert pickle.loads(pickle.dumps(task)) == task


def test_the_mixture_deals_every_family_in_turn():
    mixture = load_tasks("procedural_code", split="test")
    assert {mixture[index].task_id.split("/")[0] for index in range(len(CODE_FAMILIES))} == set(CODE_FAMILIES)


def test_a_program_reads_standard_input_where_the_family_says_so():
    task = load_tasks("code_stdin")[0]
    assert isinstance(task.reference.tests, StdinTests)
    assert task.reference.reference_program.endswith("print(solve(sys.stdin.read()))\n")


def test_the_first_task_of_a_family_looks_as_documented():
    task = load_tasks("code_lists")[0]
    assert task.prompt == (
        "Write a Python function `process(values: list[int]) -> list[int]` that does the following, in this order:\n"
        "1. Replace every value by the sum of all values up to and including it.\n2. Reverse the list.\n"
        "3. Return the list.\n\nExamples:\nprocess([2, 3, -2, 2, -4, -2, 1, 4]) == [4, 0, -1, 1, 5, 3, 5, 2]\n"
        "process([-2, 1, 3, -1, 1, -3, -4, 0]) == [-5, -5, -1, 2, 1, 2, -1, -2]"
    )


def constant_problem(rng, difficulty):
    return ProgramProblem(
        statement=f"Write a function. {rng.integers(100)}",
        function="f",
        source="def f(x):\n    return 1\n",
        near_misses=(),
        plan="",
        draw_input=lambda rng: (int(rng.integers(1000)),),
    )


def test_a_family_whose_outputs_hardly_vary_gives_no_problem():
    with pytest.raises(ValueError, match="made no problem of split 'train'"):
        program_family("constant", "none", constant_problem)("train")[0]


def test_near_misses_leave_out_one_operation_or_two_neighbours_or_mistake_one():
    operations = [Operation("", "x += 1"), Operation("", "x *= 2", "x *= 3"), Operation("", "x -= 4")]
    source, misses = pipeline("def f(x):", operations, Operation("", "return x", "return -x"))
    bodies = [[line.strip() for line in text.splitlines()[1:]] for text in (source, *misses)]
    assert bodies == [
        ["x += 1", "x *= 2", "x -= 4", "return x"],
        ["x *= 2", "x -= 4", "return x"],
        ["x += 1", "x -= 4", "return x"],
        ["x += 1", "x *= 2", "return x"],
        ["x -= 4", "return x"],
        ["x += 1", "return x"],
        ["x += 1", "x *= 3", "x -= 4", "return x"],
        ["x += 1", "x *= 2", "x -= 4", "return -x"],
    ]
