"""Guard models: their words, and the probability read from the logits of a tiny causal model."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_backbones import decoder, tokenizer

from reward_models.errors import LoadError
from reward_models.models.guards import (
    GUARDS,
    Guard,
    GuardModel,
    WildGuardVerdict,
    parse_llama_guard,
    parse_shield_gemma,
    parse_wild_guard,
)

MODEL = decoder(causal=True)


def guard_model(guard, **settings) -> GuardModel:
    return GuardModel(MODEL, tokenizer(has_template=True), guard, **settings)


@pytest.mark.parametrize(
    ("text", "is_unsafe"),
    [
        ("safe", False),
        ("\n\nunsafe\nS1", True),
        (" Unsafe ", True),
        ("unsafe S1", None),
        ("", None),
        ("not safe", None),
        ("UNSAFE\r\nS1", True),
        ("safe\nunsafe", False),
        ("safe.", None),
        ("<think>", None),
    ],
)
def test_llama_guard_is_read_from_the_first_line(text: str, is_unsafe) -> None:
    assert parse_llama_guard(text) is is_unsafe


@pytest.mark.parametrize(
    ("text", "violates"),
    [
        ("Yes", True),
        (" no, it", False),
        ("\n**Yes**", None),
        ("YES.", True),
        ("Nothing", None),
        ("Yesterday", None),
        ("It is: no", None),
        ("", None),
    ],
)
def test_shield_gemma_is_read_from_the_first_word(text: str, violates) -> None:
    assert parse_shield_gemma(text) is violates


def test_wild_guard_lines_are_read_in_any_order_and_may_be_missing() -> None:
    text = "Harmful response: no\nharmful request: YES\nResponse refusal: N/A"
    assert parse_wild_guard(text) == WildGuardVerdict(True, None, False)
    assert parse_wild_guard("garbage") == WildGuardVerdict(None, None, None)


@pytest.mark.parametrize(
    ("text", "is_harmful_response"),
    [
        ("Harmful response: yes", True),
        ("  Harmful response:no", False),
        ("The answer: Harmful response: yes", None),
        ("Harmful response: yesterday", None),
        ("Harmful response: no\nHarmful response: yes", False),
        ("Harmful response:", None),
    ],
)
def test_wild_guard_line_begins_with_its_name_and_the_first_one_counts(text: str, is_harmful_response) -> None:
    assert parse_wild_guard(text) == WildGuardVerdict(None, None, is_harmful_response)


def test_wild_guard_fields_are_not_mixed_up() -> None:
    text = "Harmful request: yes\nResponse refusal: yes\nHarmful response: no"
    assert parse_wild_guard(text) == WildGuardVerdict(
        is_harmful_request=True, is_refusal=True, is_harmful_response=False
    )


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert parse_llama_guard(text) in (True, False, None)
    assert parse_shield_gemma(text) in (True, False, None)
    assert set(parse_wild_guard(text)) <= {True, False, None}


@pytest.mark.parametrize("name", GUARDS)
def test_score_is_the_probability_of_the_safe_word_where_it_first_differs_from_the_unsafe_one(name: str) -> None:
    model, guard = guard_model(name), GUARDS[name]
    question = guard.ask(model.tokenizer, "How?", "Like this.") + (" " if name == "wild_guard" else "")
    with torch.no_grad():
        logits_V = MODEL(input_ids=model.tokenizer(question, return_tensors="pt")["input_ids"]).logits[0, -1]
    unsafe, safe = (model.tokenizer(word.strip())["input_ids"][0] for word in (guard.unsafe, guard.safe))
    expected = 1 / (1 + math.exp(logits_V[unsafe] - logits_V[safe]))
    assert model.score(["How?"], ["Like this."]) == [pytest.approx(expected, abs=1e-5)]


def test_answers_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(LoadError, match="same tokens"):
        guard_model(Guard(lambda tokenizer, prompt, response: "?", unsafe="yes", safe="yes")).score(["p"], ["r"])


@pytest.mark.parametrize("name", GUARDS)
def test_question_holds_prompt_and_response_once(name: str) -> None:
    question = GUARDS[name].ask(tokenizer(has_template=True), "Unusual prompt", "Unusual response")
    assert question.count("Unusual prompt") == question.count("Unusual response") == 1


def test_third_llama_guard_is_asked_after_the_line_breaks_that_it_writes_first() -> None:
    third, second = (
        GUARDS[name].ask(tokenizer(has_template=True), "p", "r") for name in ("llama_guard_3", "llama_guard_2")
    )
    assert third == second + "\n\n"


def test_conversations_are_taken_and_own_guards_too() -> None:
    own = Guard(lambda tokenizer, prompt, response: f"{response}?", unsafe="y", safe="n")
    turns = [{"role": "user", "content": "How?"}]
    assert guard_model(own).score([turns], ["r"]) == guard_model(own).score(["other"], ["r"])
    assert guard_model("llama_guard_3").score([turns], ["r"]) == guard_model("llama_guard_3").score(["How?"], ["r"])


def test_question_that_is_too_long_fails_instead_of_being_cut() -> None:
    model = guard_model("wild_guard", max_tokens=800)
    judgements = model.judge(["p", "p"], ["short", "x" * 800])
    assert not math.isnan(judgements[0].value)
    assert "more than 800" in judgements[1].failure
    assert (model.counts.num_scored, model.counts.num_failed) == (1, 1)


def test_unknown_guard_is_refused() -> None:
    with pytest.raises(LoadError, match="Known: llama_guard_3"):
        guard_model("llama_guard")
