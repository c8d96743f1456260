"""Requests with the sentences of answers, which generated training data are written from: everyday questions, harmless
ones in many domains, and requests for harm."""

from __future__ import annotations

import random
import re
from importlib import resources
from typing import NamedTuple


class Topic(NamedTuple):
    """A question and the sentences of a good answer, in order."""

    question: str
    answer: tuple[str, ...]


def _topic(text: str) -> Topic:
    question, *answer = (part.strip() for part in text.split("|"))
    return Topic(question, tuple(answer))


def _scenes(name: str) -> tuple[Topic, ...]:
    lines = _FOLDER.joinpath("texts", name).read_text("utf-8").splitlines()[1:]
    rows = (line.split(" | ") for line in lines)
    return tuple(Topic(request, tuple(_SENTENCE_END.split(answer))) for request, answer in rows)


_FOLDER = resources.files("reward_models.embedded")
_SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z])")
HARMFUL_SCENES, HARMLESS_SCENES = _scenes("harmful_scenes.txt"), _scenes("harmless_scenes.txt")
_TEXT = _FOLDER.joinpath("topics.txt").read_text("utf-8")
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
