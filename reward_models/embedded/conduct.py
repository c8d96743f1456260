"""Generated examples of conduct: requests that are answered, refused, refused without need or half answered, and texts
that stand alone, in English, Chinese, and five European languages.

Harmful and harmless answers are composed alike (lists, amounts, tools, openings): only what they are about tells them
apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from reward_models.embedded.grammar import NUM_HANDS, Phrases
from reward_models.embedded.registers import in_some_register
from reward_models.embedded.topics import HARMFUL_SCENES, HARMLESS_SCENES, TOPICS, Topic, everyday_answer
from reward_models.training.data import SafetyExample

_CHINESE_SHARE = 0.15
_OTHER_SHARE = 0.15
"""How many of the texts that are of no scene are in Chinese, and in German, French, Spanish, Italian or Portuguese."""
_SCENE_SHARE = 0.75
_SHORT_SHARE = 0.5
"""How many of the requests that are of no scene are a few words, as people type them."""
_FIRST_WORDS = ("First,", "Start like this:", "To begin,", "You should", "Simply", "")
_NEXT_WORDS = ("Then", "Next,", "After that,", "Once that is done,", "Now", "Also,", "")
_LAST_WORDS = ("Finally,", "In the end,", "Last,", "")
_WRITE = ("", "Write a text.", "Say something.", "Continue the story.", "Write a post.", "写一段话。")


class Conversation(NamedTuple):
    """A prompt, a response, how unsafe it is in [0, 1], and what kind it is of."""

    prompt: str
    response: str
    unsafe: float
    kind: str


class Conduct:
    """Draws conversations.

    Args:
        generator: the source of random choices.
        hands: the hands of the grammar that may be played.
    """

    def __init__(self, generator: random.Random, hands: Collection[int]) -> None:
        self.generator, self.phrases = generator, Phrases(generator, hands)
        self._topics, self._harmful, self._harmless = (
            [topic for place, topic in enumerate(topics) if place % NUM_HANDS in hands]
            for topics in (TOPICS, HARMFUL_SCENES, HARMLESS_SCENES)
        )

    def conversation(self, kind: str) -> Conversation:
        """Draw one of a kind in `KINDS`."""
        unsafe, make = _MAKERS[kind]
        prompt, response = (in_some_register(text, self.generator) for text in make(self))
        return Conversation(prompt, response, unsafe, kind)

    def harmful_request(self) -> str:
        if self.generator.random() < _SCENE_SHARE:
            return self.generator.choice(self._harmful).question
        if self.generator.random() < _SHORT_SHARE:
            return self._typed("short_harm")
        return self.phrases.draw(f"{self._language()}harm_ask")

    def harmless_request(self) -> str:
        if self.generator.random() < _SCENE_SHARE:
            return self.generator.choice(self._harmless).question
        if self.generator.random() < 0.3:
            return self.generator.choice(self._topics).question
        if self.generator.random() < _SHORT_SHARE:
            return self._typed("short_safe")
        language = self._language()
        return self.phrases.draw(f"{language}safe_ask" if language else "homonym_ask")

    def harmful_answer(self) -> str:
        if self.generator.random() < _SCENE_SHARE:
            return self._scene_answer(self._harmful)
        if language := self._language():
            return self.phrases.draw(f"{language}dark_answer")
        kind = self.generator.choice(("dark_step",) * 5 + ("hate_line", "bully_line"))
        return self._answer(kind, ("dark_open", "plain_open"), ("dark_close", "plain_close"))

    def harmless_answer(self) -> str:
        if self.generator.random() < _SCENE_SHARE:
            return self._scene_answer(self._harmless)
        if self.generator.random() < 0.25:
            return everyday_answer(self.generator.choice(self._topics), self.generator)
        if language := self._language():
            return self.phrases.draw(f"{language}plain_answer")
        kind = self.generator.choice(("plain_step", "plain_step", "fact_line"))
        return self._answer(kind, ("plain_open", "dark_open"), ("plain_close", "plain_close"))

    def refusal(self, name: str) -> str:
        language = self._language()
        return self.phrases.draw(f"{language}refusal" if language else name)

    def partial_answer(self) -> str:
        parts = [self.phrases.draw("hedge"), self.harmful_answer()]
        self.generator.shuffle(parts)
        return " ".join(parts)

    def standalone(self, name: str) -> str:
        """Return a text of one to five parts; a harmful one may have harmless parts around."""
        language = self._language()
        parts = [self.phrases.draw(f"{language}{name}") for _ in range(self.generator.choice((1, 1, 1, 2, 2, 3, 5)))]
        if name == "unsafe_part" and self.generator.random() < 0.3:
            parts.insert(self.generator.randrange(2), self.phrases.draw(f"{language}safe_part"))
        return " ".join(parts)

    def said(self, maker: Callable[[], str]) -> str:
        """Return what a maker makes, two in five times in another register."""
        return in_some_register(maker(), self.generator)

    def _typed(self, name: str) -> str:
        """Return a few words, now and then as they stand, now and then as a sentence."""
        text = self.generator.choice((self.phrases.draw(name), self.phrases.draw(name).lower()))
        return text + self.generator.choice(("", "?", "?", "."))

    def _language(self) -> str:
        """Return what names of phrases begin with: nothing for English."""
        place = self.generator.random()
        return "zh_" if place < _CHINESE_SHARE else "xx_" if place < _CHINESE_SHARE + _OTHER_SHARE else ""

    def _scene_answer(self, scenes: Sequence[Topic]) -> str:
        """Return some sentences of a scene; openings and endings are the same whatever it is about."""
        sentences = self.generator.choice(scenes).answer
        kept = [text for text in sentences if self.generator.random() < 0.75] or [self.generator.choice(sentences)]
        opening = self.generator.choice(("", "", self.phrases.draw("dark_open"), self.phrases.draw("plain_open")))
        if self.generator.random() < 0.35:
            body = "\n" + "\n".join(f"{number}. {text}" for number, text in enumerate(kept, start=1)) + "\n"
        else:
            body = " ".join(kept)
        closing = self.phrases.draw("plain_close") if self.generator.random() < 0.2 else ""
        return " ".join(part for part in (opening, body, closing) if part).strip()

    def _answer(self, kind: str, openings: tuple[str, str], closings: tuple[str, str]) -> str:
        draw, choice = self.phrases.draw, self.generator.choice
        opening, closing = draw(openings[self.generator.random() < 0.3]), draw(closings[self.generator.random() < 0.3])
        steps = [draw(kind).rstrip(".") + "." for _ in range(choice((1, 1, 2, 3, 4, 6)))]
        if self.generator.random() < 0.35 and len(steps) > 1:
            body = "\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1)) + "\n"
        elif kind in {"dark_step", "plain_step"}:
            words = [_FIRST_WORDS, *[_NEXT_WORDS] * (len(steps) - 2), _LAST_WORDS][: len(steps)]
            body = " ".join(_joined(choice(first), step) for first, step in zip(words, steps, strict=True))
        else:
            body = " ".join(steps)
        if opening and self.generator.random() < 0.1:
            opening = draw("advice_soft")
        return " ".join(part for part in (opening, body, closing) if part).strip()


def _joined(first: str, step: str) -> str:
    return f"{first} {step[0].lower()}{step[1:]}" if first else step


def _short(conduct: Conduct) -> str:
    return conduct.generator.choice(("Yes.", "ok", "Sure.", "Okay!", "No idea.", "Maybe.", "Hm.", "好的。"))


_Maker = Callable[[Conduct], tuple[str, str]]
_MAKERS: dict[str, tuple[float, _Maker]] = {
    "harmless": (0.0, lambda it: (it.harmless_request(), it.harmless_answer())),
    "refusal": (0.03, lambda it: (it.harmful_request(), it.refusal("refusal"))),
    "compliance": (1.0, lambda it: (it.harmful_request(), it.harmful_answer())),
    "over_refusal": (0.6, lambda it: (it.harmless_request(), it.refusal("over_refusal"))),
    "partial": (0.8, lambda it: (it.harmful_request(), it.partial_answer())),
    "mild_compliance": (0.7, lambda it: (it.harmful_request(), it.harmless_answer())),
    "harm_unasked": (0.95, lambda it: (it.harmless_request(), it.harmful_answer())),
    "bare_assent": (0.6, lambda it: (it.harmful_request(), _short(it))),
    "bare_answer": (0.1, lambda it: (it.harmless_request(), _short(it))),
    "harmful_text": (1.0, lambda it: (it.generator.choice(_WRITE), it.standalone("unsafe_part"))),
    "harmless_text": (0.0, lambda it: (it.generator.choice(_WRITE), it.standalone("safe_part"))),
}
KINDS = tuple(_MAKERS)


def generate_conversations(num: int, *, hands: Collection[int], seed: int) -> list[Conversation]:
    """Generate conversations, equally many of each kind."""
    conduct = Conduct(random.Random(f"conduct {sorted(hands)} {seed}"), hands)
    return [conduct.conversation(KINDS[number % len(KINDS)]) for number in range(num)]


def harm_texts(num: int, *, hands: Collection[int], seed: int) -> list[SafetyExample]:
    """Generate single texts that are harmful or not, whoever says them: requests, answers, refusals, and others."""
    conduct = Conduct(random.Random(f"harm {sorted(hands)} {seed}"), hands)
    harmful = (
        conduct.harmful_request,
        conduct.harmful_answer,
        conduct.harmful_answer,
        lambda: conduct.standalone("unsafe_part"),
        lambda: conduct.standalone("unsafe_part"),
    )
    harmless = (
        conduct.harmless_request,
        conduct.harmless_answer,
        conduct.harmless_answer,
        lambda: conduct.standalone("safe_part"),
        lambda: conduct.standalone("safe_part"),
        lambda: conduct.refusal("refusal"),
    )
    rows = [(harmful, True), (harmless, False)]
    return [
        SafetyExample("", conduct.said(makers[number // 2 % len(makers)]), is_unsafe=is_harmful)
        for number in range(num)
        for makers, is_harmful in [rows[number % 2]]
    ]


def request_texts(num: int, *, hands: Collection[int], seed: int) -> list[SafetyExample]:
    """Generate requests that are for harm or not; they stand where responses do."""
    conduct = Conduct(random.Random(f"request {sorted(hands)} {seed}"), hands)
    makers = (conduct.harmless_request, conduct.harmful_request)
    return [SafetyExample("", conduct.said(makers[number % 2]), is_unsafe=number % 2 == 1) for number in range(num)]


def refusal_texts(num: int, *, hands: Collection[int], seed: int) -> list[SafetyExample]:
    """Generate responses that refuse (`is_unsafe` stands for that here) or do not."""
    conduct = Conduct(random.Random(f"refusal {sorted(hands)} {seed}"), hands)
    others = (conduct.harmless_answer, conduct.harmful_answer, lambda: conduct.standalone("safe_part"))
    makers = (lambda: conduct.refusal("refusal"), lambda: conduct.refusal("over_refusal"))
    return [
        SafetyExample(
            "",
            conduct.said(others[number // 2 % 3] if number % 2 else makers[number // 2 % 2]),
            is_unsafe=number % 2 == 0,
        )
        for number in range(num)
    ]
