"""Answers that guess, hedge or change a sign or a unit, and what must not be mistaken for them."""

from __future__ import annotations

import time

import pytest
from qa_parts import CHOICES, score

from reasonenv.grading.qa.constraints import kept_constraints

SHORT = [
    ("Georgia", "Georgia is one possibility", 0),
    ("Mercury", "Mercury is a common mistake", 0),
    ("Mercury", "Mercury is the wrong answer.", 0),
    ("Mercury", "Some think it is Mercury.", 0),
    ("Mercury", "It is false that it is Mercury", 0),
    ("Mercury", "The war on Mercury", 0),
    ("Mercury", "Mercury\nVenus", 0),
    ("Mercury", "Mercury\nVenus\nMars", 0),
    ("Mercury", "Mercury\nIt is the planet closest to the Sun.", 1),
    ("John Adams", "The son of John Adams", 0),
    ("北京", "可能是北京", 0),
    ("北京", "也许是北京", 0),
    ("Praha", "Hlavní město není Praha.", 0),
    ("Bonn", "Das war Bonn.", 1),
    ("1969", "1969 BC", 0),
    ("44 BC", "44", 0),
    ("44 BC", "44 BCE", 1),
    ("H2O", r"$\mathrm{H_2O}$", 1),
    ("H2O", r"\text{H}_2\text{O}", 1),
    ("H2O", "$H_2O_2$", 0),
    ("20 July 1969", "20 lipca 1969", 1),
    ("20 July 1969", "20. července 1969", 1),
    ("20 July 1969", "20 Temmuz 1969", 1),
    ("20 July 1969", "20 czerwca 1969", 0),
]
NUMBERS = [
    ("5 km", "$5$ km", 1),
    ("5 km", "up to 5 km", 0),
    ("42", "above 42", 0),
    ("42", "√42", 0),
    ("42", "总共有42个。", 1),
    ("42", "全部で42です", 1),
    ("42", "不是有42个", 0),
    ("25", "≥25", 0),
    ("25", "±25", 0),
    ("25", "half of 25", 0),
    ("25", "twice 25", 0),
    ("25", "log 25", 0),
    ("25", "25i", 0),
    ("2/3", r"\boxed{\frac23}", 1),
    ("-7", "--7", 0),
    ("-7", "-(−7)", 0),
    ("£5", "5 lb", 0),
    ("£5", "5 pounds", 1),
    ("5 mW", "5 MW", 0),
    ("5 MW", "5 megawatts", 1),
    ("8 mg", "8 Mg", 0),
    ("8 mg", "8 milligrams", 1),
    ("100 MB", "100 Mb", 0),
    ("100 MB", "100 megabytes", 1),
]
BOOLEANS = [
    *(("yes", word, 1) for word in ("نعم", "हाँ", "Ναι", "כן", "ใช่", "Có", "Ano", "Kyllä", "Так", "Prawda")),
    *(("no", word, 1) for word in ("لا", "नहीं", "Όχι", "לא", "ไม่ใช่", "Không", "Ne", "Ei", "Nee", "Nej", "Nu", "Ні")),
    ("yes", "Yes?", 0),
    ("yes", "Yes. No.", 0),
    ("yes", "Yes, no, maybe", 0),
    ("yes", "Yes. True.", 1),
    ("yes", "True-ish", 0),
    ("yes", "true in part", 0),
    ("yes", "It was true but no longer", 0),
    ("yes", "I cannot say whether the statement is true", 0),
    ("yes", "None of this is true", 0),
    ("yes", "I doubt that it is true", 0),
    ("yes", "I don't think it's true", 0),
    ("no", "The claim that it is false is wrong", 0),
    ("no", "If 9 were prime it would have no divisor, so the claim is false.", 1),
]
LETTERS = [
    ("B would be my answer if A were not true", 0),
    ("B, maybe", 0),
    ("B (but C is also possible)", 0),
    ("不正确的是B", 0),
    ("可能选B", 0),
    ("B, not C", 1),
    ("正确的是B", 1),
]


@pytest.mark.parametrize(("gold", "response", "expected"), SHORT)
def test_a_text_that_guesses_or_says_another_thing_is_not_the_answer(gold, response, expected):
    assert score(response, gold) == expected


@pytest.mark.parametrize(("gold", "response", "expected"), NUMBERS)
def test_a_number_with_another_sign_unit_or_bound_is_another_number(gold, response, expected):
    assert score(response, gold, kind="number") == expected


@pytest.mark.parametrize(("gold", "response", "expected"), BOOLEANS)
def test_yes_and_no_are_said_in_every_language_and_without_doubt(gold, response, expected):
    assert score(response, gold, kind="boolean") == expected


@pytest.mark.parametrize(("response", "expected"), LETTERS)
def test_a_letter_under_doubt_is_not_chosen(response, expected):
    assert score(response, "B", kind="choice", choices=CHOICES) == expected


@pytest.mark.parametrize("text", ["^" * 20_000, "!" * 20_000 + "}", "\n" * 20_000, "a." * 10_000])
@pytest.mark.parametrize("constraint", ["exclude river", "num_bullets 3", "num_sentences 2"])
def test_constraints_are_checked_in_time_that_grows_with_the_text(text, constraint):
    started = time.perf_counter()
    kept_constraints(text, (constraint,))
    assert time.perf_counter() - started < 1
