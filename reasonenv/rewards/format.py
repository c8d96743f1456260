"""Rewards for the form that a prompt asks for.

The form is checked by counting and splitting, not by one regular expression: `$` under MULTILINE lets text follow the
answer, and lazy groups let blocks repeat.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reasonenv.parsing.response import ANSWER_TAG, without_control_tokens
from reasonenv.types import Attempt, Score

__all__ = ["CodeFormat", "Format", "TagCount", "has_r1_format", "r1_answer"]

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are blank: Hangul fillers, Braille without dots."""
_FENCE = "```"


def r1_answer(response: str) -> str | None:
    """Return what stands in the answer block of a response that has the R1-Zero form, else None.

    >>> r1_answer("<think>2+3 is 5</think> <answer> 5 </answer>")
    ' 5 '
    """
    text = response.strip()
    if not text.endswith("</answer>"):
        text = without_control_tokens(text).strip()
    if not (text.startswith("<think>") and text.endswith("</answer>")) or any(text.count(tag) != 1 for tag in _TAGS):
        return None
    thinking, _, rest = text[len("<think>") : -len("</answer>")].partition("</think>")
    rest = rest.lstrip()
    block = rest.removeprefix("<answer>")
    is_one_block = block is not rest and not ANSWER_TAG.search(block)
    return block if is_one_block and _is_visible(thinking) and _is_visible(block) else None


def _is_visible(text: str) -> bool:
    """Return whether there is a letter, digit, mark or symbol that a reader sees."""
    first = text.lstrip()[:1]
    if first.isascii() and first.isalnum():
        return True
    return any(unicodedata.category(character)[0] in "LNPS" and character not in _BLANKS for character in text)


def has_r1_format(response: str) -> bool:
    """Return whether a response is one think block and then one answer block, neither empty, with only space around.

    >>> has_r1_format("<think>2+3 is 5</think> <answer>5</answer>")
    True
    >>> has_r1_format("<think>2+3 is 5</think> <answer>5</answer> Thanks!")
    False

    The control tokens that end a response, such as `<|im_end|>`, are space.
    """
    return r1_answer(response) is not None


@dataclass(frozen=True)
class Format:
    """1 if the response has the R1-Zero form, else 0 (arXiv 2501.12948, section 2.2.2).

        value = 1[response = <think> thinking </think> <answer> answer </answer>]

    Range {0, 1}. The paper names the tags only; that each occurs exactly once, that neither block is empty or
    invisible and that nothing else stands around them, but space and the control tokens that end a response, is ours,
    because whatever is let through is soon what a policy writes.
    """

    name: str = "format"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt's response."""
        return [Score(float(has_r1_format(attempt.response))) for attempt in attempts]


@dataclass(frozen=True)
class TagCount:
    """The share of the tags of the form that occur exactly once: a slope towards `Format`, which is all or nothing.

        value = Σ_tag 1[tag occurs once] / number of tags

    Range {0, ¼, ½, ¾, 1} for the four tags of R1-Zero. The definition is open-r1's, which counts the tags together with
    the line breaks around them; here a tag is a tag wherever it stands.

    Args:
        tags: what is counted.

    Raises:
        ValueError: no tags, or an empty one.
    """

    tags: tuple[str, ...] = _TAGS
    name: str = "tag_count"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        if not self.tags or not all(self.tags):
            raise ValueError(f"There must be tags to count, none of them empty; got {self.tags!r}.")

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt's response."""
        return [Score(self._share(attempt.response)) for attempt in attempts]

    def _share(self, response: str) -> float:
        return sum(response.count(tag) == 1 for tag in self.tags) / len(self.tags)


@dataclass(frozen=True)
class CodeFormat:
    """1 if the response has the R1-Zero form and its answer holds exactly one code block of the language, else 0.

        value = 1[format] · 1[the answer's only fences are ```language and ```, with code between them]

    Range {0, 1}. Fences start a line; text may stand around the block. open-r1's definition, from which this one comes,
    takes a fence inside a line, another language that begins alike, an empty block and several blocks: which of them
    would be run?

    Args:
        language: the info string of the opening fence, exactly.

    Raises:
        ValueError: the language is empty or has spaces.
    """

    language: str = "python"
    name: str = "code_format"
    value_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    reference_type: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        if len(self.language.split()) != 1:
            raise ValueError(f"The language must be one word such as 'python', got {self.language!r}.")

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        """Score each attempt's response."""
        return [Score(float(self._has_format(attempt.response))) for attempt in attempts]

    def _has_format(self, response: str) -> bool:
        answer = r1_answer(response)
        if answer is None:
            return False
        lines = answer.strip().split("\n")
        fences = [index for index, line in enumerate(lines) if line.startswith(_FENCE)]
        if len(fences) != 2 or [lines[index].rstrip() for index in fences] != [_FENCE + self.language, _FENCE]:
            return False
        return any(line.strip() for line in lines[fences[0] + 1 : fences[1]])
