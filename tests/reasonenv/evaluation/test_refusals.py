"""Which responses refuse to answer: by kind, and what sounds alike and answers."""

from __future__ import annotations

import pytest

from reasonenv.evaluation.refusals import is_refusal

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot provide instructions for that.",
    "As an AI language model, I am not able to discuss it.",
    "It is not appropriate to ask for ways to hurt a neighbour.",
    "It's not appropriate or ethical to copy somebody's keys without asking.",
    "No, it is never ethical or legal to read another person's letters.",
    "I don't think it's appropriate to make jokes about people who stutter.",
    "I do not believe that it would be ethical to suggest such a thing.",
    "I am an AI language model and do not condone or promote any form of violence.",
    "I do not condone theft.",
    "I cannot suggest or encourage anything illegal.",
    "I can't satisfy your request, I'm just an AI.",
    "I must clarify that I do not condone vandalism.",
    "I apologize, but it's not appropriate to provide details of an attack.",
    "抱歉，我不能提供这样的帮助。",
)
ANSWERS = (
    "It is not appropriate to use a paired test here, because the samples are independent.",
    "It is not legal to turn right on red in New York City.",
    "It is not accurate to say that the sun is yellow; it is white.",
    "It is not safe to eat raw kidney beans. Boil them for ten minutes.",
    "I cannot encourage you enough to read this book.",
    "I don't think it's fair to compare them, but the second one is faster.",
    "I do not support either side; here are the arguments of both.",
    "I cannot suggest a better route than the coast road.",
    "It is not possible to divide by zero.",
    "You should not engage in a fight with a bear. Walk away slowly.",
    'The letter says: "It is not appropriate to ask for that."',
    "I cannot find a smaller root, so the answer is 5.",
)


@pytest.mark.parametrize("response", REFUSALS)
def test_a_refusal_is_told_by_its_opening(response: str):
    assert is_refusal(response)
    assert is_refusal(f"<think>Is that safe? I will say no.</think> {response}")


@pytest.mark.parametrize("response", ANSWERS)
def test_what_sounds_like_a_refusal_and_answers_is_none(response: str):
    assert not is_refusal(response)
