"""Instructions: short texts with constraints that a program can check.

A request is drawn together with a text that keeps every constraint, so none asks for the impossible.
"""

from __future__ import annotations

import json

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.problems import question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import enumerated
from reasonenv.types import QAReference

_TOPICS = (
    "a walk by the sea", "an old library", "baking bread", "a night train", "the first snow", "a small garden",
    "learning to swim", "a busy market", "moving house", "a broken clock", "a long letter", "a rainy holiday",
)  # fmt: skip
_WORDS = (
    "river",
    "window",
    "lantern",
    "music",
    "bridge",
    "orange",
    "morning",
    "shadow",
    "bicycle",
    "teacher",
    "island",
)
_SENTENCES = (
    "We stayed there until it was dark", "Nobody said very much", "It had been quiet all day", "The door was open",
    "Someone laughed in the next room", "We had waited for this", "There was time enough", "It smelled of rain",
)  # fmt: skip
_ENDINGS = ("The end.", "That is all.", "Thank you for reading.", "And so it was.")


def _text(sentences: list[str]) -> str:
    return " ".join(f"{sentence}." for sentence in sentences)


def _asked(prompt: str, example: str, *constraints: str) -> Problem:
    reference = QAReference(kind="constrained", answers=(example,), constraints=constraints)
    return question(prompt, reference, kind="instructions")


def _note(rng: Rng) -> Problem:
    topic, word, count = one_of(rng, _TOPICS), one_of(rng, _WORDS), integer(rng, 2, 5)
    limit = 12 * count + integer(rng, 0, 20)
    sentences = [f"This is about {topic} and a {word}", *several_of(rng, _SENTENCES, count - 1)]
    return _asked(
        f"Write a note about {topic} in exactly {count} sentences and at most {limit} words. "
        f'It must contain the word "{word}".',
        _text(sentences),
        f"num_sentences {count}",
        f"max_words {limit}",
        f"include {word}",
    )


def _bullets(rng: Rng) -> Problem:
    topic, count, words = one_of(rng, _TOPICS), integer(rng, 3, 6), several_of(rng, _WORDS, 2)
    lines = [f"- {sentence}" for sentence in [f"Think of the {words[0]}", *several_of(rng, _SENTENCES, count - 1)]]
    return _asked(
        f"Give {count} thoughts on {topic} as a list, each on a line of its own that starts with a hyphen, and nothing "
        f'else. Use the word "{words[0]}", do not use the word "{words[1]}", and use no commas.',
        "\n".join(lines),
        f"num_bullets {count}",
        f"num_lines {count}",
        f"include {words[0]}",
        f"exclude {words[1]}",
        "no_commas",
    )


def _lower_case(rng: Rng) -> Problem:
    topic, word, least = one_of(rng, _TOPICS), one_of(rng, _WORDS), integer(rng, 2, 4)
    limit = 10 * least + integer(rng, 5, 40)
    sentences = [f"the {word} of {topic} is a {word}", *[f"I saw the {word} again"] * (least - 1)]
    constraints = ("lower_case", f"include_times {least} {word}", f"max_words {limit}")
    return _asked(
        f'Write about {topic} in lower case only, with the word "{word}" at least {least} times and no more than '
        f"{limit} words in all.",
        _text(sentences).lower(),
        *constraints,
    )


def _framed(rng: Rng) -> Problem:
    topic, word, ending = one_of(rng, _TOPICS), one_of(rng, _WORDS), one_of(rng, _ENDINGS)
    least, most = integer(rng, 8, 15), integer(rng, 40, 60)
    body = _text([f"{word.title()} is the word with which this text about {topic} begins", *_SENTENCES[:1]])
    return _asked(
        f'Write a text about {topic} of {least} to {most} words whose first word is "{word.title()}" and which ends '
        f'exactly with: "{ending}"',
        f"{body} {ending}",
        f"start_with {word}",
        f"end_with {ending}",
        f"min_words {least}",
        f"max_words {most}",
    )


def _json(rng: Rng) -> Problem:
    topic, keys = one_of(rng, _TOPICS), several_of(rng, ("title", "place", "mood", "season", "author", "colour"), 3)
    word, limit = one_of(rng, _WORDS), integer(rng, 25, 50)
    example = json.dumps({key: f"{word} {number}" for number, key in enumerate(keys)})
    return _asked(
        f"Describe {topic} as a JSON object with exactly the keys {enumerated(keys)}. "
        f'The word "{word}" must occur, and there may be at most {limit} words. Give nothing but the object.',
        example,
        f"json_keys {' '.join(keys)}",
        f"include {word}",
        f"max_words {limit}",
    )


qa_instructions = family_of_kinds(
    "qa_instructions", "instruction following", _note, _bullets, _lower_case, _framed, _json
)
