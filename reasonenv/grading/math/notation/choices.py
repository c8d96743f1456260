"""Answers that are letters of choices, one or several. The gold answer decides that letters are meant."""

from __future__ import annotations

import re

from reasonenv.grading.math.notation.reader import choice_letter
from reasonenv.grading.math.notation.tokens import canonical_text

_GOLD = re.compile(r"\W*(?:\\\w+\s*\{\W*)?[A-Z]\W*")
_LAST_LETTER = "J"
_SEVERAL = re.compile(r"[A-J]{2,8}")
_MAX_SEVERAL = 8
_COMPUTED = re.compile(r"^\W*\d|[-=+*/^_!¬<>|(]")
"""Signs of a formula that some letter is in, and of no choice."""
_TEXT = re.compile(r"\\text\w*\s*\{([^{}]*)\}")
_JOIN = re.compile(r"\s*(?:[,;、()（）&]|\band\b|和|与|及|\s)\s*")
_SAID = re.compile(r"\s*\(?\s*(?:the )?(?:correct )?(?:answer|option|choice)\s*(?:is|[:=])?\s*([A-J])\s*\)?\s*", re.I)


def equal_choices(gold: str, answer: str) -> bool | None:
    r"""Return whether an answer chooses what the gold answer does; None if the gold answer is no letter.

    >>> equal_choices("C", r"\textbf{(C)}\ 15"), equal_choices("C", "D=C"), equal_choices("BD", "B and D")
    (True, False, True)
    """
    if _GOLD.fullmatch(gold):
        return _equal_letters(choice_letter(gold), answer)
    letters = canonical_text(gold)
    if len(letters) > _MAX_SEVERAL or not _SEVERAL.fullmatch(letters) or list(letters) != sorted(set(letters)):
        return None
    said = [part for part in _JOIN.split(_TEXT.sub(r" \1 ", canonical_text(answer))) if part]
    return True if sorted(said) == list(letters) else None


def _equal_letters(gold: str | None, answer: str) -> bool | None:
    letter = choice_letter(answer)
    if gold is None or letter is not None:
        return None if gold is None else letter == gold
    said = _SAID.fullmatch(_TEXT.sub(r"\1", answer)) if "=" in answer else None
    if said:
        return said[1].upper() == gold
    return False if gold <= _LAST_LETTER and _COMPUTED.search(answer) else None
