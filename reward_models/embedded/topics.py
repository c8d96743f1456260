"""Everyday questions with the sentences of good answers, which generated training data are written from."""

from __future__ import annotations

import random
from importlib import resources
from typing import NamedTuple


class Topic(NamedTuple):
    """A question and the sentences of a good answer, in order."""

    question: str
    answer: tuple[str, ...]


def _topic(text: str) -> Topic:
    question, *answer = (part.strip() for part in text.split("|"))
    return Topic(question, tuple(answer))


_TEXT = resources.files("reward_models.embedded").joinpath("topics.txt").read_text("utf-8")
TOPICS = tuple(_topic(paragraph) for paragraph in _TEXT.split("\n\n"))

_OPENINGS = ("", "", "Sure. ", "Here is what works well. ", "Happy to help. ", "Good question. ")
_CLOSINGS = ("", "", " I hope this helps.", " Let me know if you have more questions.")


def everyday_answer(topic: Topic, generator: random.Random) -> str:
    """Return a good answer: one sentence or more, as a list or not."""
    sentences = topic.answer[: generator.randint(1, len(topic.answer))]
    style = generator.randrange(3)
    if style == 0:
        body = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
        return f"{generator.choice(_OPENINGS)}\n{body}".strip()
    return f"{generator.choice(_OPENINGS)}{' '.join(sentences)}{generator.choice(_CLOSINGS)}".strip()
