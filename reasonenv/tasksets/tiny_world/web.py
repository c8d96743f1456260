"""The pages that a base model is pre-trained on: questions with their answers, texts without, lists of facts.

A page has one author, whose habits persist through it, which is what makes a model continue the habits of its prompt.
No page has a problem of the test split, in either language, or a request in a wording of the test.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reasonenv.tasksets.procedural import split_of
from reasonenv.tasksets.tiny_world.authors import Author, answer_puzzle, draw_author, in_form
from reasonenv.tasksets.tiny_world.puzzles import OPERATORS, Chain, Puzzle, draw_chain, draw_choice
from reasonenv.tasksets.tiny_world.requests import (
    DISMISSALS,
    HARMS,
    TOPICS,
    WORDINGS,
    Harm,
    Topic,
    compliances,
    full_answer,
    joined,
    refusals,
    wordings_of,
)
from reasonenv.tasksets.tiny_world.wording import CAREFULLY, LANGUAGES, NUMBERS, WORDS, question

__all__ = ["WebConfig", "document", "tokenizer_phrases"]

USER, ASSISTANT, END = "<|user|>", "<|assistant|>", "<eos>"
"""As in the chat template of the tiny tokenizer."""


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """How much there is of what."""

    lesson_pages: float = 0.0
    """Problems worked out without a mistake, as textbooks do; the shares of the other pages are of what is left."""
    choice_share: float = 0.65
    """Of the problems, how many are choices."""
    max_operations: int = 7
    max_options: int = 6
    problem_pages: float = 0.60
    request_pages: float = 0.22
    text_pages: float = 0.08
    """The rest are lists of facts."""
    english_share: float = 0.6
    """Of the pages with problems."""
    instructed_share: float = 0.15
    harm_share: float = 0.4
    """Of the pages with requests in English."""
    refusal_share: float = 0.35
    full_share: float = 0.20
    partial_share: float = 0.30
    dismissive_share: float = 0.35
    """The rest answers another question."""


def document(generator: random.Random, config: WebConfig) -> str:
    """Return one page, its end token included."""
    if generator.random() < config.lesson_pages:
        language = generator.choice(LANGUAGES)
        form = generator.choice(("tags", "plain"))
        teacher = Author(languages=(language,), is_careful=True, form=form, error_scale=0.0)
        return _page_of_problems(generator, config, language, teacher)
    place = generator.random()
    if place < config.problem_pages:
        language = "en" if generator.random() < config.english_share else "zh"
        is_instructed = generator.random() < config.instructed_share
        author = draw_author(generator, language, is_instructed=is_instructed)
        return _page_of_problems(generator, config, language, author, CAREFULLY[language] if is_instructed else "")
    place -= config.problem_pages
    if place < config.request_pages:
        return _page_of_request(generator, config)
    if place < config.request_pages + config.text_pages:
        return full_answer(generator.choice(TOPICS), generator.choice(LANGUAGES)) + END
    author = Author(languages=(generator.choice(LANGUAGES),), form="plain")
    return _facts(generator, author) + END


def _page_of_problems(
    generator: random.Random, config: WebConfig, language: str, author: Author, instruction: str = ""
) -> str:
    turns: list[str] = []
    for _ in range(generator.choice((1, 1, 2, 3))):
        puzzle = _training_puzzle(generator, config)
        answer = answer_puzzle(generator, puzzle, author)
        turns.append(f"{USER}{instruction}{question(puzzle, language)}{ASSISTANT}{answer}{END}")
    return "".join(turns)


def _training_puzzle(generator: random.Random, config: WebConfig) -> Puzzle:
    while True:
        if generator.random() < config.choice_share:
            puzzle: Puzzle = draw_choice(generator, generator.randint(2, config.max_options))
        else:
            puzzle = draw_chain(generator, generator.randint(1, config.max_operations))
        if split_of(puzzle.key) == "train":
            return puzzle


def _page_of_request(generator: random.Random, config: WebConfig) -> str:
    language = generator.choice(LANGUAGES)
    author = draw_author(generator, language)
    if language == "en" and generator.random() < config.harm_share:
        harm = generator.choice(HARMS)
        asked, answer = harm.question, _answer_to_harm(generator, harm, config)
    else:
        topic = generator.choice(TOPICS)
        asked, answer = topic.question[language], _answer_to_topic(generator, topic, language, config)
    wording = generator.choice(wordings_of("train", language))
    thinking = WORDS[generator.choice(author.languages)].thinks_of_request
    if author.form == "plain":
        thinking = ""
    return f"{USER}{wording.format(asked)}{ASSISTANT}{in_form(author.form, thinking, answer, answer)}{END}"


def _answer_to_harm(generator: random.Random, harm: Harm, config: WebConfig) -> str:
    return generator.choice(refusals(harm) if generator.random() < config.refusal_share else compliances(harm))


def _answer_to_topic(generator: random.Random, topic: Topic, language: str, config: WebConfig) -> str:
    weights = (config.full_share, config.partial_share, config.dismissive_share)
    kinds = ("full", "partial", "dismissive", "off_topic")
    kind = generator.choices(kinds, weights=(*weights, 1 - sum(weights)))[0]
    if kind == "dismissive":
        return generator.choice(DISMISSALS[language])
    if kind == "partial":
        sentences = topic.answer[language]
        return joined(sentences[: generator.randint(1, len(sentences) - 1)], language)
    if kind == "off_topic":
        topic = generator.choice([other for other in TOPICS if other is not topic])
    return full_answer(topic, language)


def _facts(generator: random.Random, author: Author) -> str:
    facts: list[str] = []
    for _ in range(generator.randint(3, 8)):
        fact = Chain(generator.randrange(10), ((generator.choice(OPERATORS), generator.randint(1, 9)),))
        line = answer_puzzle(generator, fact, author).partition(WORDS[author.languages[0]].answer)[0]
        facts.append(line.replace(NUMBERS[0], ""))
    return "".join(facts)


def tokenizer_phrases() -> tuple[str, ...]:
    """Return the texts that become one token each: the words of the working, of the requests, and Chinese characters.

    >>> " take " in tokenizer_phrases()
    True
    """
    phrases = {phrase for words in WORDS.values() for phrase in words.phrases} | {*CAREFULLY.values(), *NUMBERS}
    for text in _request_texts():
        phrases.update(re.findall(r"[^\x00-\x7f]", text))
        for sentence in text.split(". "):  # the working's ". " swallows the blank before the next word
            phrases.update(re.findall(r" [a-z']+|[a-z']+", sentence))
    return tuple(sorted(phrase for phrase in phrases if len(phrase) > 1 or not phrase.isascii()))


def _request_texts() -> Iterator[str]:
    for language in LANGUAGES:
        yield from WORDINGS[language]
        yield from DISMISSALS[language]
        for topic in TOPICS:
            yield from (topic.question[language], full_answer(topic, language))
    for harm in HARMS:
        yield from (harm.question, *refusals(harm), *compliances(harm))
