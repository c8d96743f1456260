"""Families of questions: answers by independent computation, disjoint splits, enough different problems."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from question_checks import CHECKS

from reasonenv.tables import resolve
from reasonenv.tasksets import ProceduralTaskSet, load_tasks, validate
from reasonenv.tasksets.procedural import SPLITS, split_of
from reasonenv.tasksets.questions import OPEN_FAMILIES, QA_FAMILIES
from reasonenv.types import QAReference

FIRST = {
    "qa_facts": "n Wenridge.\n\nWhere does Jonas Sato live?",
    "qa_multi_hop": "rofession of the teacher of Olga Ulrich?",
    "qa_tables": "What is the number of visitors of Dunia?",
    "qa_reading": " day was the Pelwick Market Hall opened?",
    "qa_citations": " Lighthouse was opened? Cite it, as [1].",
    "qa_dates": "ober 13, 2020? Give day, month and year.",
    "qa_units": "How many hours are 64 days?",
    "qa_ordering": "to the slowest. Separate them by commas.",
    "qa_knights": 's."\n\nIs Mira a knight? Answer yes or no.',
    "qa_syllogisms": "l slithes are mibbets? Answer yes or no.",
    "qa_assignments": ". Nils has the rabbit.\n\nWho drinks milk?",
    "qa_instructions": 'rds. It must contain the word "bicycle".',
    "open_requests": "o a child of eight in about 5 sentences.",
}
EVERY_FAMILY = {**QA_FAMILIES, **OPEN_FAMILIES}
seeds, indices, splits = st.integers(0, 2**32), st.integers(0, 9_999), st.sampled_from(SPLITS)


def test_every_family_of_questions_has_an_independent_check():
    assert set(CHECKS) == set(QA_FAMILIES)


@pytest.mark.parametrize("name", QA_FAMILIES)
@given(split=splits, seed=seeds, index=indices)
@settings(max_examples=40)
def test_answers_hold_by_independent_computation(name, split, seed, index):
    family = resolve(QA_FAMILIES, name, kind="family")
    CHECKS[name](ProceduralTaskSet(family=family, split=split, seed=seed)[index])


@pytest.mark.parametrize("name", QA_FAMILIES)
def test_every_gold_answer_earns_the_reward(name):
    family = resolve(QA_FAMILIES, name, kind="family")
    report = validate(ProceduralTaskSet(family=family, split="train", size=200, seed=7), "qa")
    assert report.is_sound, list(report.failures.items())[:3]


@pytest.mark.parametrize("name", EVERY_FAMILY)
def test_no_question_is_in_both_splits_and_every_level_offers_many(name):
    family = resolve(EVERY_FAMILY, name, kind="family")
    for level in family.levels:
        for split in SPLITS:
            tasks = ProceduralTaskSet(family=family, split=split, levels=(level,), size=100, seed=3)
            prompts = {tasks[index].prompt for index in range(100)}
            assert len(prompts) > 60
            assert {split_of(prompt) for prompt in prompts} == {split}


@pytest.mark.parametrize("name", EVERY_FAMILY)
def test_a_family_offers_thousands_of_different_questions(name):
    tasks = load_tasks(name)
    assert len({tasks[index].prompt for index in range(0, 3_500, 7)}) > 400


def test_no_constant_answer_is_right_for_more_than_a_sixth_of_the_mixture():
    tasks = load_tasks("procedural_qa")
    counts = Counter(tasks[index].reference.answer for index in range(1_200))
    assert counts.most_common(1)[0][1] < 200


def test_yes_and_no_are_both_common_in_every_family_that_asks_for_them():
    for name in QA_FAMILIES:
        tasks = load_tasks(name)
        said = Counter(
            tasks[index].reference.answer for index in range(600) if tasks[index].reference.kind == "boolean"
        )
        assert not said or min(said.values()) > 0.15 * said.total()


def test_mixture_holds_every_family_in_equal_parts_and_no_open_request():
    tasks = load_tasks("procedural_qa", split="test")
    names = Counter(tasks[index].task_id.partition("/")[0] for index in range(10 * len(QA_FAMILIES)))
    assert names == dict.fromkeys(QA_FAMILIES, 10)


def test_the_first_question_of_every_family_stays_what_it_is():
    ends = {name: load_tasks(name, split="test")[0].prompt[-40:] for name in EVERY_FAMILY}
    assert ends == FIRST


def test_an_open_request_belongs_to_one_preference_set_and_only_the_safety_set_holds_harmful_ones():
    tasks = load_tasks("open_requests")
    marks = Counter(
        (tasks[index].metadata["preference_set"], tasks[index].metadata["is_harmful"]) for index in range(800)
    )
    assert set(marks) == {("helpfulness", False), ("safety", False), ("safety", True)}
    assert tasks[0].reference == QAReference(kind="open")


def test_harmful_requests_and_their_harmless_twins_share_words():
    tasks = load_tasks("open_requests")
    words = {False: set[str](), True: set[str]()}
    for index in range(3, 2_000, 4):
        words[tasks[index].metadata["is_harmful"]] |= set(tasks[index].prompt.lower().split())
    for word in ("e-mail", "insulin", "rumour", "follow", "prescription", "shed", "invoice"):
        assert any(word in other for other in words[True])
        assert any(word in other for other in words[False])
