"""The two languages of the tiny world: how a problem is asked, and the words that its working is made of.

A question numbers its operations and says them in the very words of the working. From shared tokens a model this small
learns to compute; where question and working had words of their own it learned nothing but tables, and without numbers
it lost its place in longer questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

from reasonenv.tasksets.tiny_world.puzzles import Chain, Puzzle

__all__ = ["CAREFULLY", "LANGUAGES", "NUMBERS", "WORDS", "Words", "question"]

LANGUAGES = ("en", "zh")
NUMBERS = "①②③④⑤⑥⑦"
"""What numbers the operations of a problem, in questions and in workings."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words of one language, with the blanks around them."""

    plus: str
    minus: str
    times: str
    makes: str
    stop: str
    try_option: str
    fits: str
    retry: str
    correct: str
    guess: str
    answer: str
    start: str
    last_digit: str
    which: str
    separator: str
    ends_in: str
    question_mark: str
    thinks_of_request: str

    def operator(self, symbol: str) -> str:
        """Return the word for "+", "-" or "*"."""
        return {"+": self.plus, "-": self.minus, "*": self.times}[symbol]

    @property
    def phrases(self) -> frozenset[str]:
        """Return every word as it stands."""
        return frozenset(astuple(self))


WORDS: Mapping[str, Words] = {
    "en": Words(
        plus=" add ",
        minus=" take ",
        times=" times ",
        makes=" makes ",
        stop=". ",
        try_option="try ",
        fits="yes, that fits. ",
        retry="no, wait. ",
        correct="wait, that is wrong. ",
        guess="easy. ",
        answer="the answer is ",
        start="start with ",
        last_digit=". last digit?",
        which="which of ",
        separator=" ",
        ends_in=" ends in ",
        question_mark="?",
        thinks_of_request="the user asks a question. ",
    ),
    "zh": Words(
        plus="加",
        minus="减",
        times="乘",
        makes="得",
        stop="。",
        try_option="试",
        fits="对了。",
        retry="不对，等等。",
        correct="等等，错了。",
        guess="简单。",
        answer="答案是",
        start="从",
        last_digit="，末位是几？",
        which="哪个数：",
        separator="、",
        ends_in="末位是",
        question_mark="？",
        thinks_of_request="用户在提问。",
    ),
}

CAREFULLY: Mapping[str, str] = {"en": "think step by step and check. ", "zh": "请一步一步想并检查。"}
"""What a question can begin with; on the web, answers to such questions show their working more often."""


def question(puzzle: Puzzle, language: str) -> str:
    """Put a problem into words.

    >>> question(Chain(7, (("-", 6), ("+", 2))), "en")
    'start with 7① take 6② add 2. last digit?'
    """
    words = WORDS[language]
    numbered = zip(NUMBERS, puzzle.operations, strict=False)
    operations = "".join(f"{number}{words.operator(symbol)}{operand}" for number, (symbol, operand) in numbered)
    if isinstance(puzzle, Chain):
        return f"{words.start}{puzzle.start}{operations}{words.last_digit}"
    options = words.separator.join(map(str, puzzle.options))
    return f"{words.which}{options}{operations}{words.ends_in}{puzzle.target}{words.question_mark}"
