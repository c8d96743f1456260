"""Grammars that training data are generated from: `name = text | text with {name} | …`, in the folder `texts`.

Alternatives are dealt in five hands by their place. A generator that plays some hands never says what another one
holds, so that a test on the last hand is about words and phrasings that training never showed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from functools import cache
from importlib import resources

NUM_HANDS = 5
HANDS = {"train": frozenset({0, 1, 2, 3}), "test": frozenset({4})}
"""The hands of the two splits."""

_RULE = re.compile(r"^([a-z_]+) =", re.MULTILINE)
_SLOT = re.compile(r"\{([a-z_]+)\}")
_SENTENCE_START = re.compile(r"(^|[.!?:]\s+|\n\s*\d+\. )([a-z])")
_FILES = (
    "harm.txt",
    "refusals.txt",
    "harmless.txt",
    "standalone.txt",
    "chinese.txt",
    "languages.txt",
    "more.txt",
    "requests.txt",
)


@cache
def rules() -> dict[str, tuple[str, ...]]:
    """Return the alternatives of every name."""
    folder = resources.files("reward_models.embedded").joinpath("texts")
    text = "\n".join(folder.joinpath(name).read_text("utf-8") for name in _FILES)
    parts = _RULE.split("\n".join(line for line in text.splitlines() if not line.startswith("#")))[1:]
    found: dict[str, tuple[str, ...]] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"The grammar defines {name!r} twice.")
        found[name] = tuple(" ".join(alternative.split()) for alternative in body.split("|"))
    return found


class Phrases:
    """Draws texts from the grammar.

    Args:
        generator: the source of random choices.
        hands: those it may play; a name with fewer than five alternatives is open to all.
    """

    def __init__(self, generator: random.Random, hands: Collection[int]) -> None:
        self.generator = generator
        self._open = {name: _dealt(alternatives, hands) for name, alternatives in rules().items()}

    def draw(self, name: str) -> str:
        """Return a text, its sentences with capitals.

        Raises:
            KeyError: the grammar has no such name.
        """
        text = " ".join(self._expand(name).split(" ")).strip()
        return _SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), re.sub(r" {2,}", " ", text))

    def _expand(self, name: str) -> str:
        return _SLOT.sub(lambda slot: self._expand(slot[1]), self.generator.choice(self._open[name]))


def _dealt(alternatives: tuple[str, ...], hands: Collection[int]) -> tuple[str, ...]:
    """Keep what is in hand; what only refers to another name has no words to hide."""
    if len(alternatives) < NUM_HANDS:
        return alternatives
    return tuple(
        text
        for place, text in enumerate(alternatives)
        if place % NUM_HANDS in hands or not re.search(r"\w", _SLOT.sub("", text))
    )
