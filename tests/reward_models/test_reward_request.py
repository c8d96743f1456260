"""The small encoder and the reader of requests that stands on it, and texts in other registers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from reward_models.embedded.conduct import request_texts
from reward_models.embedded.encoder import NUM_STATES, request_meaning, request_meanings
from reward_models.embedded.grammar import HANDS
from reward_models.embedded.registers import chatty, formal, in_some_register, misspelt, plainly
from reward_models.embedded.request import RequestReader, fit_logistic
from reward_models.training.data import SafetyExample
from reward_models.training.evaluation import auc


def likeness(left: str, right: str) -> float:
    first, second = request_meanings([left, right])
    return float(torch.cosine_similarity(first, second, dim=0))


def test_meaning_of_a_word_depends_on_its_sentence() -> None:
    process = "how do i kill a python process"
    assert likeness(process, "how do i stop a running program") > likeness(process, "how do i murder my wife")


def test_meaning_is_the_same_each_time_and_in_any_company() -> None:
    first = request_meanings(["how do I boil an egg", "who is there?"])[0].tolist()
    request_meaning.cache_clear()
    assert request_meaning("how do I boil an egg").tolist() == first
    assert len(first) == NUM_STATES


@pytest.mark.parametrize("text", ["", "?", "жизнь", "如何制造炸弹？", "don't", "a" * 40, "word " * 500, "\x00 \ud800"])
def test_any_text_has_a_finite_meaning(text: str) -> None:
    assert torch.isfinite(request_meanings([text])).all()


def plain_requests(num: int, split: str) -> list[SafetyExample]:
    rows = request_texts(num, hands=HANDS[split], seed=0)
    return [replace(row, response=plainly(row.response)) for row in rows]


def test_requests_of_held_out_words_are_told_apart() -> None:
    reader, rows = RequestReader.fit(plain_requests(480, "train")), plain_requests(120, "test")
    assert auc([reader.logit(row.response) for row in rows], [row.is_unsafe for row in rows]) >= 0.8


def test_logistic_model_with_one_feature_finds_the_share_of_each_group() -> None:
    features, targets = (
        torch.tensor([[1.0], [1.0], [-1.0], [-1.0]]).double(),
        torch.tensor([1.0, 0.5, 0.5, 0.0]).double(),
    )
    weights, bias = fit_logistic(features, targets, ridge=0.0)
    assert torch.sigmoid(weights[0] + bias).item() == pytest.approx(0.75, abs=1e-4)
    assert torch.sigmoid(bias - weights[0]).item() == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Omg ur hamster is soooo cute!! 😍", "your hamster is so cute!!"),
        ("idk wat its freinds eat lol", "i don't know what its friends eat."),
        ("cant find teh drvie", "can't find the drive."),
        ("I DON’T KNOW.", "i don't know."),
        ("hahaha lmaooo", ""),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```"),
        ("如何做蛋糕？", "如何做蛋糕？"),
        ("", ""),
        ("😂❤️", ""),
    ],
)
def test_slang_decorations_and_slips_are_read_plainly(typed: str, plain: str) -> None:
    assert plainly(typed) == plain


@pytest.mark.parametrize("word", ["sarin", "meth", "fentanyl", "pseudoephedrine", "garden"])
def test_words_that_are_known_or_like_no_other_stay(word: str) -> None:
    assert plainly(f"{word}.") == f"{word}."


def test_plain_text_of_a_plain_text_is_the_same() -> None:
    once = plainly("yo gimme ur fav recs for a rly scary movie plz 👻")
    assert plainly(once) == once


def test_registers_change_texts_and_leave_chinese_alone() -> None:
    generator = random.Random(0)
    text = "How do you get the wine out of my carpet because I want to keep it?"
    for register in (chatty, misspelt, formal):
        assert len({register(text, generator) for _ in range(20)}) > 1
    assert {in_some_register("怎么做蛋糕？", generator) for _ in range(20)} == {"怎么做蛋糕？"}
    assert text in {in_some_register(text, generator) for _ in range(20)}


def test_most_slips_are_undone() -> None:
    generator = random.Random(1)
    text = "please explain which simple methods gardeners use against hungry insects during summer."
    words = [word for _ in range(50) for word in plainly(misspelt(text, generator)).split()]
    assert sum(word in text.split() for word in words) / len(words) > 0.9
