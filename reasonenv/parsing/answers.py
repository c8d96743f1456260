r"""The answer that a response announces after its thinking.

It stands in an `<answer>` block, else in a `\boxed{}`, else in words ("The final answer is 5.") that end the response.
The last number of a text is never taken for its answer, because a policy that rambles would be paid for it.
"""

from __future__ import annotations

import re

from reasonenv.parsing.announcements import MATHEMATICS, SENTENCE_END, last_match
from reasonenv.parsing.boxes import BOX, boxed_answer
from reasonenv.parsing.response import read_response

__all__ = ["extract_answer", "stated_answer"]

_MAX_DENIAL_CHARS = 100
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.S)
_PROSE = re.compile(r"\b(?!and\b)[A-Za-z]{3,}")
_HEDGED = re.compile(r"\b(?:not|no|or|never|nor|isn't|neither|than)\W{0,4}$", re.I)
_MAX_HEDGE_CHARS = 12
_DENIAL = re.compile(r"(?:\b(?:not|never|false|wrong|incorrect)|n't)\b(?!.*\bbut\b)[^,;.!?\n]*$", re.I)
_BARE_ANSWER = re.compile(r"[$(]*-?(?:\d\S{0,20}|[A-J])[$).]*")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?(?:/\d+)?")
_CLOSING_WORDS = re.compile(r"[.\s]*(?:I hope (?:it|this) is correct\.?)?(?:\s*<\|\w{1,20}\|>\w{0,10})?\s*", re.I)


def extract_answer(response: str) -> str | None:
    r"""Return the answer that a response announces after its thinking, or None.

    The only `<answer>` block counts (its last box, else all of it); without one, the last box of the answer part;
    without that, the announcement in words that ends it. None for unclosed thinking, for an empty
    answer, and for `<answer>` tags that contradict each other: several blocks, or a tag without its partner.

    >>> extract_answer("<think>It is 4. No.</think><answer> 5 </answer>")
    '5'
    >>> extract_answer(r"<think>\boxed{5}</think> I do not know.") is None
    True
    """
    read = read_response(response)
    if read.part is None:
        return None
    box = read.box
    answer = _boxed_or_announced(read.part, box)
    return (read.block or "").strip() or None if answer is None and box is None else answer


def stated_answer(text: str) -> str | None:
    r"""Return what a text says last, read leniently: its announcement, box, formula or number; None if it has none.

    An announcement behind the last box counts, whatever follows it. For comparing texts that nobody is rewarded for.

    >>> stated_answer("Therefore $x > 5$ is the solution.")
    'x > 5'
    >>> stated_answer("It is not $5$.") is None
    True
    """
    announcement = last_match(MATHEMATICS.pattern, text)
    if announcement and not BOX.search(text, announcement.end()):
        said = text[announcement.end() :][: MATHEMATICS.max_chars].partition("\n\n")[0]
        said = _said(said, SENTENCE_END.search(said))
        is_sentence = _PROSE.search(_FORMULA.sub(" ", said)) is not None
        return (_last_value(said) if is_sentence else said) or None
    unclosed_box = text.rpartition(r"\boxed{")[2] if r"\boxed{" in text else ""
    return boxed_answer(text) or unclosed_box or _last_value(text[-MATHEMATICS.max_chars :])


def _last_value(text: str) -> str | None:
    """Return the last formula, or a number behind it, unless a word such as "not" stands before it."""
    found = last_match(_FORMULA, text)
    number = last_match(_NUMBER, text, found.end() if found else 0)
    found = number or found
    if found is None or _HEDGED.search(text[max(0, found.start() - _MAX_HEDGE_CHARS) : found.start()]):
        return None
    return next(filter(None, found.groups()), found[0]).strip()


def _boxed_or_announced(text: str, boxed: str | None) -> str | None:
    """Return what the last box says, else what is announced in words, also if a box before that says something else."""
    if boxed is None:
        return _announced_answer(text)
    end = text.rindex("box")
    said = _announced_answer(text[end:]) if "nswer" in text[end:] else None
    return (said if said and _BARE_ANSWER.fullmatch(said) else boxed) or None


def _announced_answer(text: str) -> str | None:
    """Return what the last announcement in words says, if the text ends with it.

    A sentence after the answer may take it back, so only a polite formula and a control token may follow.
    """
    announcement = MATHEMATICS.last(text[-MATHEMATICS.max_chars :].rstrip())
    if announcement is None:
        return None
    tail, start = announcement.string, announcement.start()
    if _DENIAL.search(tail, max(0, start - _MAX_DENIAL_CHARS), start):
        return None
    said = tail[announcement.end() :]
    end = SENTENCE_END.search(said)
    if end and not _CLOSING_WORDS.fullmatch(said, end.start()):
        return None
    said = _said(said, end)
    return None if "\n\n" in said else said or None


def _said(text: str, end: re.Match[str] | None) -> str:
    """Return what the sentence that ends at `end` announces: what follows its last "is"."""
    said = (text[: end.start()] if end else text).strip().rstrip("*_ .")
    return said.rpartition(" is ")[2].strip() if said[:1].isalpha() and " is " in said else said
