"""Parts as a user keeps them in a module of their own, for "module:attribute"."""

from __future__ import annotations

from reasonenv import CompositeReward, PromptTemplate, Score, rule
from reasonenv.rewards.format import Format


@rule("brevity")
def brevity(task, response):
    return 1.0 if len(response) <= 20 else 0.0


class Loudness:
    """A reward that is made without arguments."""

    name = "loudness"

    def score(self, attempts):
        return [Score(float(attempt.response.isupper())) for attempt in attempts]


def undecorated(task, response):
    return 1.0


def both():
    return CompositeReward({"brevity": (brevity, 0.5), "format": (Format(), 2.0)})


combination = both()
loudness = Loudness()
weights = {"format": 1.0, "user_parts:brevity": 0.1}

shout = PromptTemplate(
    name="shout",
    version=0,
    text_template="{prompt}!",
    message_templates=({"role": "user", "content": "{prompt}!"},),
)


def critique(attempt):
    return "Are you sure?" if len(attempt.messages) < 3 else None


class Critic:
    """An interaction that is made without arguments."""

    def answer(self, attempts):
        return [critique(attempt) for attempt in attempts]

    def end(self, attempt):
        pass


critic = Critic()
number = 5
