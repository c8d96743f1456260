"""How people of the tiny world answer: each author has habits, good and bad ones, and keeps them through a page.

Nothing tells which habit is good. A policy that is pre-trained on such pages can do what reinforcement learning then
selects: show its working, notice a wrong step, try another option, compute in the language that it computes better in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reasonenv.tasksets.tiny_world.puzzles import Chain, Choice, Operation, Puzzle, apply
from reasonenv.tasksets.tiny_world.wording import LANGUAGES, NUMBERS, WORDS

__all__ = ["BROKEN_FORMS", "Author", "answer_puzzle", "draw_author", "in_form", "worked_response"]

Form = Literal["tags", "plain", "unclosed", "no_answer", "no_think", "swapped"]
BROKEN_FORMS: tuple[Form, ...] = ("unclosed", "no_answer", "no_think", "swapped")

WORKED_SHARE, CAREFUL_SHARE = 0.5, 0.4
INSTRUCTED_WORKED_SHARE, INSTRUCTED_CAREFUL_SHARE = 0.9, 0.85
"""Among answers to questions that ask to think step by step. Careful ones are a share of the worked ones."""
TAGS_SHARE, PLAIN_SHARE = 0.30, 0.35
CORRECTION_RATE = 0.7
"""How often a careful author notices a step that went wrong."""
RETRY_RATE, CAREFUL_RETRY_RATE = 0.55, 0.9
KNOWN_CHAIN_RATE, KNOWN_CHOICE_RATE = 0.20, 0.05
"""How often an author who shows no working knows the answer; otherwise it is a guess."""
ERROR_RATES: Mapping[str, Mapping[str, float]] = {
    "en": {"+": 0.06, "-": 0.06, "*": 0.20},
    "zh": {"+": 0.02, "-": 0.02, "*": 0.02},
}
"""How often a step goes wrong. Chinese has a rhyme for its products: the one difference between the languages."""
_LANGUAGE_SHARES: Mapping[str, tuple[float, float, float]] = {"en": (0.60, 0.18, 0.22), "zh": (0.08, 0.75, 0.17)}
"""By the language of the question: how many authors work in English, in Chinese, and in both, step by step."""


@dataclass(frozen=True, kw_only=True)
class Author:
    """The habits of one author."""

    languages: tuple[str, ...]
    """What the working is written in; of two languages, each step chooses one."""
    is_worked: bool = True
    """Shows the working, or states an answer at once."""
    is_careful: bool = False
    """Notices wrong steps, and seldom gives up on a choice."""
    form: Form = "tags"
    error_scale: float = 1.0
    """Factor of the error rates; 0 makes no mistake."""


def draw_author(generator: random.Random, language: str, *, is_instructed: bool = False) -> Author:
    """Draw an author who answers questions of a language.

    Args:
        generator: of the draws.
        language: of the question.
        is_instructed: the questions ask to think step by step.
    """
    choices = (("en",), ("zh",), LANGUAGES)
    languages = generator.choices(choices, weights=_LANGUAGE_SHARES[language])[0]
    worked = INSTRUCTED_WORKED_SHARE if is_instructed else WORKED_SHARE
    careful = INSTRUCTED_CAREFUL_SHARE if is_instructed else CAREFUL_SHARE
    is_worked = generator.random() < worked
    is_careful = is_worked and generator.random() < careful
    return Author(languages=languages, is_worked=is_worked, is_careful=is_careful, form=_draw_form(generator))


def _draw_form(generator: random.Random) -> Form:
    place = generator.random()
    if place < TAGS_SHARE:
        return "tags"
    return "plain" if place < TAGS_SHARE + PLAIN_SHARE else generator.choice(BROKEN_FORMS)


def worked_response(puzzle: Puzzle, language: str) -> str:
    """Return the response of somebody who shows every step, makes no mistake, and keeps the form.

    >>> worked_response(Chain(7, (("-", 6), ("+", 2))), "en")
    '<think>7① take 6 makes 1. 1② add 2 makes 3. </think><answer>3</answer>'
    """
    author = Author(languages=(language,), is_careful=True, error_scale=0.0)
    return answer_puzzle(random.Random(0), puzzle, author)


def answer_puzzle(generator: random.Random, puzzle: Puzzle, author: Author) -> str:
    """Return one answer of an author."""
    writer = _Writer(generator, author)
    answer = writer.work(puzzle) if author.is_worked else writer.guess(puzzle)
    words = WORDS[writer.language]
    return in_form(author.form, writer.text, f"{words.answer}{answer}", str(answer))


def in_form(form: Form, thinking: str, statement: str, answer: str) -> str:
    """Put thinking and answer into a form.

    Args:
        form: "tags" is the one that is asked for; "plain" has no tags; the others are broken.
        thinking: the text before the answer.
        statement: the answer where no tags enclose it.
        answer: the answer where tags enclose it.
    """
    block = f"<answer>{answer}</answer>"
    forms: Mapping[Form, str] = {
        "tags": f"<think>{thinking}</think>{block}",
        "plain": f"{thinking}{statement}",
        "unclosed": f"<think>{thinking}{statement}",
        "no_answer": f"<think>{thinking}</think>{statement}",
        "no_think": f"{thinking}{block}",
        "swapped": f"{block}<think>{thinking}</think>",
    }
    return forms[form]


class _Writer:
    """Writes one working; `text` is what there is of it."""

    def __init__(self, generator: random.Random, author: Author) -> None:
        self.generator, self.author = generator, author
        self.language = generator.choice(author.languages)
        self.text = ""

    def guess(self, puzzle: Puzzle) -> int:
        """State an answer at once: seldom known, mostly a guess."""
        self.text = WORDS[self.language].guess
        rate = KNOWN_CHAIN_RATE if isinstance(puzzle, Chain) else KNOWN_CHOICE_RATE
        options = range(10) if isinstance(puzzle, Chain) else puzzle.options
        return puzzle.answer if self.generator.random() < rate else self.generator.choice(options)

    def work(self, puzzle: Puzzle) -> int:
        """Work a problem out, as far as the author goes, and return the answer."""
        if isinstance(puzzle, Chain):
            return self._compute(puzzle.start, puzzle.operations)
        return self._try_options(puzzle)

    def _try_options(self, choice: Choice) -> int:
        retry_rate = CAREFUL_RETRY_RATE if self.author.is_careful else RETRY_RATE
        for place, option in enumerate(choice.options, start=1):
            words = WORDS[self.language]
            self.text += f"{words.try_option}{option}{words.stop}"
            # A difference tells whether an option fits: a model this small does not learn to see that digits are equal.
            difference = self._step(self._compute(option, choice.operations), "-", choice.target)
            if difference == 0:
                self.text += WORDS[self.language].fits
                return option
            is_last = place == len(choice.options)
            if is_last or (self.author.error_scale > 0 and self.generator.random() >= retry_rate):
                return self.generator.choice([other for other in choice.options if other != option])
            self.text += WORDS[self.language].retry
        raise AssertionError("the last option returns")

    def _compute(self, value: int, operations: tuple[Operation, ...]) -> int:
        for number, (operator, operand) in zip(NUMBERS, operations, strict=False):
            value = self._step(value, operator, operand, number)
        return value

    def _step(self, left: int, operator: str, right: int, number: str = "") -> int:
        """Write one step, with the errors and corrections of the author, and return what it came to."""
        self.language = self.generator.choice(self.author.languages)
        words, result = WORDS[self.language], apply(operator, left, right)

        def line(value: int) -> str:
            return f"{left}{number}{words.operator(operator)}{right}{words.makes}{value}{words.stop}"

        if self.generator.random() >= ERROR_RATES[self.language][operator] * self.author.error_scale:
            self.text += line(result)
            return result
        wrong = self.generator.choice([digit for digit in range(10) if digit != result])
        self.text += line(wrong)
        if not self.author.is_careful or self.generator.random() >= CORRECTION_RATE:
            return wrong
        self.text += f"{words.correct}{line(result)}"
        return result
