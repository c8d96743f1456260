"""Procedural task sets: determinism, disjoint splits, and answers checked by independent computation."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
from family_checks import CHECKS, check_chain
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonenv import MathReference
from reasonenv.errors import UnknownNameError
from reasonenv.tables import resolve
from reasonenv.tasksets import Family, Problem, ProceduralTaskSet, load_tasks
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.tasksets.mathematics.arithmetic import chain_arithmetic, chain_arithmetic_modulo
from reasonenv.tasksets.procedural import SPLITS, split_of

seeds = st.integers(0, 2**32)
indices = st.integers(0, 9_999)
families = st.sampled_from(sorted(FAMILIES)).map(lambda name: resolve(FAMILIES, name, kind="family"))
splits = st.sampled_from(SPLITS)


def test_every_family_has_an_independent_check():
    assert set(CHECKS) == set(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
@given(split=splits, seed=seeds, index=indices)
def test_gold_answers_and_worked_steps_hold_by_independent_computation(name, split, seed, index):
    family = resolve(FAMILIES, name, kind="family")
    CHECKS[name](ProceduralTaskSet(family=family, split=split, seed=seed)[index])


@given(family=families, split=splits, seed=seeds, index=indices)
def test_worked_solutions_end_in_the_answer(family, split, seed, index):
    task = ProceduralTaskSet(family=family, split=split, seed=seed)[index]
    assert re.search(rf"(?:[ =]){re.escape(task.reference.answer)};?$", task.solution)


@given(family=families, split=splits, seed=seeds, index=indices)
def test_a_task_depends_on_seed_split_and_index_alone(family, split, seed, index):
    first = ProceduralTaskSet(family=family, split=split, seed=seed)
    again = ProceduralTaskSet(family=family, split=split, seed=seed, size=20_000)
    assert [again[position] for position in (9_999, index, 0)][1] == first[index]


@given(family=families, seed=seeds, index=indices)
def test_no_problem_is_in_both_splits_whatever_the_seed(family, seed, index):
    for split in SPLITS:
        prompt = ProceduralTaskSet(family=family, split=split, seed=seed)[index].prompt
        assert split_of(prompt) == split


def test_train_and_test_of_the_mixture_share_no_prompt():
    train, test = ({tasks[index].prompt for index in range(2_000)} for tasks in map(load_split, SPLITS))
    assert len(test) > 1_000
    assert not train & test


def load_split(split):
    return load_tasks("procedural_math", split=split)


@given(text=st.text())
def test_every_text_belongs_to_exactly_one_split(text):
    assert split_of(text.encode("utf-8", "replace").decode()) in SPLITS


@given(family=families, split=splits, seed=seeds, index=indices)
@settings(max_examples=30)
def test_a_pickled_set_gives_the_same_tasks(family, split, seed, index):
    tasks = ProceduralTaskSet(family=family, split=split, seed=seed)
    assert pickle.loads(pickle.dumps(tasks))[index] == tasks[index]


@given(family=families, split=splits, index=indices)
@settings(max_examples=30)
def test_index_of_inverts_task_id(family, split, index):
    tasks = family(split)
    assert tasks.index_of(tasks[index].task_id) == index


@pytest.mark.parametrize("name", FAMILIES)
def test_difficulties_are_dealt_in_turn_and_recorded(name):
    family = resolve(FAMILIES, name, kind="family")
    tasks = family("train")
    num_levels = len(family.levels)
    assert tuple(tasks[index].metadata["difficulty"] for index in range(2 * num_levels)) == family.levels * 2
    assert tasks[0].metadata["domain"] == family.domain


@pytest.mark.parametrize("name", FAMILIES)
def test_every_difficulty_offers_many_different_test_problems(name):
    family = resolve(FAMILIES, name, kind="family")
    for level in family.levels:
        tasks = ProceduralTaskSet(family=family, split="test", levels=(level,), size=400)
        assert len({tasks[index].prompt for index in range(400)}) > 90


@pytest.mark.parametrize("name", FAMILIES)
def test_no_constant_answer_is_right_more_often_than_one_time_in_five(name):
    tasks = load_tasks(name)
    answers = [tasks[index].reference.answer for index in range(2_000)]
    assert max(answers.count(answer) for answer in set(answers)) < 400


def test_chain_arithmetic_looks_as_documented():
    task = chain_arithmetic("train")[1]
    assert task.task_id == "chain_arithmetic/train/00001"
    assert task.prompt == "Compute left to right, modulo 10: 5+9*9+6=?"
    assert task.solution == "5+9=4;4*9=6;6+6=2;"
    assert task.reference.answer == "2"


def test_the_first_tasks_of_every_family_stay_what_they_are():
    first = {name: load_tasks(name, split="test")[0].prompt for name in FAMILIES}
    assert first == {
        "chain_arithmetic": "Compute left to right, modulo 10: 2*6-7=?",
        "integer_expressions": "Evaluate: 3 + 8 * 11",
        "fraction_expressions": "Compute $\\frac{2}{3} - \\frac{7}{11}$. Give your answer in lowest terms.",
        "linear_equations": "Solve for x: 8x - 7 = 17",
        "linear_systems": "Solve the system $4x + y = 12$, $5x + 4y = 37$. Give your answer as $(x, y)$.",
        "quadratic_equations": "Find all real solutions of $x^2 + 5x + 4 = 0$. Give your answer as a set.",
        "inequalities": "Solve $-x + 1 > -3$ for real x. Give your answer in interval notation.",
        "polynomial_evaluation": "Let $f(x) = -x^2 - 6x + 6$. Find $f(4)$.",
        "polynomial_expansion": "Expand and simplify $(x + 6)(3x + 9)$.",
        "derivatives": "Find the derivative of $f(x) = 4x^3 - 9x^2 + 5x + 4$.",
        "sequences": "Find the sum of the first 25 terms of the arithmetic sequence $15, 8, 1, \\ldots$",
        "gcd_lcm": "Find the greatest common divisor of 7 and 14.",
        "modular_powers": "Find the remainder when $9^{7}$ is divided by 13.",
        "base_conversion": "Write $332_{7}$ in base 10.",
        "counting": "How many different sets of 4 books can be taken from 31 different books?",
        "probabilities": "A bag holds balls: 8 green, 7 yellow and 3 red. One is drawn at random. "
        "What is the probability that it is red?",
        "percentages": "Of the 165 trees in an orchard, 20% are apple trees. How many is that?",
        "ratios": "Farid, David and Hiro share 306 stamps in the ratio 4:5:9. How many does David get?",
        "averages": "Find the mean of 25, 20, 28, 16. Give an exact answer.",
        "dates": "Today is Saturday. Which day of the week will it be in 193 days?",
        "plane_geometry": "Find the area of a rectangle with sides 26 and 20.",
        "matrices": "Find the determinant of $\\begin{pmatrix} 5 & 4 \\\\ 7 & -6 \\end{pmatrix}$.",
    }


def test_another_modulus_is_another_family():
    tasks = chain_arithmetic_modulo(7, name="chain_mod7")("train")
    assert tasks[0].task_id == "chain_mod7/train/00000"
    check_chain(tasks[3])


@pytest.mark.parametrize("modulus", [1, 0, -3])
def test_a_modulus_below_two_is_refused(modulus):
    with pytest.raises(ValueError, match="modulus must be at least 2"):
        chain_arithmetic_modulo(modulus, name="bad")


def test_an_unknown_split_offers_the_closest_name():
    with pytest.raises(UnknownNameError, match=r"Unknown split 'tests' of 'gcd_lcm'\. Did you mean 'test'"):
        load_tasks("gcd_lcm", split="tests")


@pytest.mark.parametrize("index", [-1, 10_000, 10**12])
def test_an_index_outside_is_an_index_error(index):
    with pytest.raises(IndexError, match="has tasks 0 to 9999"):
        chain_arithmetic("train")[index]


def test_numpy_integers_are_indices():
    tasks = chain_arithmetic("train")
    assert tasks[np.int64(3)] == tasks[3]


@pytest.mark.parametrize(
    "task_id",
    ["chain_arithmetic/train/10000", "chain_arithmetic/test/00001", "chain_arithmetic/train/1", "", "x/train/²", "gcd"],
)
def test_an_unknown_id_says_what_ids_look_like(task_id):
    with pytest.raises(ValueError, match="ids look like 'chain_arithmetic/train/00000'"):
        chain_arithmetic("train").index_of(task_id)


@pytest.mark.parametrize("bad", [{"size": 0}, {"seed": -1}, {"levels": (2, 9)}])
def test_impossible_parameters_are_refused(bad):
    with pytest.raises(
        ValueError, match=r"size must be|seed must be at least 0, got -1|difficulties \(2, 3, 4, 5\), got \[9\]"
    ):
        ProceduralTaskSet(family=chain_arithmetic, split="train", **bad)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_question_of_mathematics_cannot_be_answered_by_repeating_it(name):
    references = [load_tasks(name)[index].reference for index in range(5)]
    assert all(isinstance(reference, MathReference) and reference.is_worked_out for reference in references)


def same_problem(rng, difficulty):
    return Problem(prompt="2+3=?", reference=MathReference(answer="5"))


def test_a_family_that_cannot_fill_a_split_says_so():
    family = Family(name="constant", generate=same_problem, levels=(1,), domain="arithmetic")
    other = "test" if split_of("2+3=?") == "train" else "train"
    with pytest.raises(ValueError, match=f"'constant' made no problem of split '{other}' at difficulty 1"):
        family(other)[0]
