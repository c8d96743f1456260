"""Texts in other registers, and the plain texts that readers see."""

from __future__ import annotations

import random

import pytest

from reward_models.embedded.registers import chatty, formal, in_some_register, misspelt, plainly


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
