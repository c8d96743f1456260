"""Reading whether a response says yes or no, true or false.

A word counts with a boundary that makes it an answer: "No one knows" says neither, and so does "yes and no".

Covered: the words of a dozen languages at the start of the answer, with an explanation behind them; "it is not true".
Not covered: an answer that follows only from what the explanation says.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reasonenv.grading.qa.reading import Reading, refined, without_markup
from reasonenv.grading.qa.text import fold
from reasonenv.parsing import Response
from reasonenv.parsing.announcements import last_match

_TRUE = (
    "yes|yeah|yep|yup|true|correct|right|affirmative|of course|certainly|definitely|absolutely|indeed|oui|vrai|ja|wahr"
    "|richtig|si|sim|verdadero|verdadeiro|vero|da|да|верно|правда|tak|prawda|evet|dogru|hai|ano|pravda|spravne|ναι|σωστο"
    "|αληθες|kylla|oikein|totta|adevarat|sant|так|правильно|вірно|co|dung|כן|נכון|نعم|صحيح|हाँ|हां|जी हाँ|सही|ใช่|ถูกต้อง"
)
_FALSE = (
    "no|nope|nah|false|incorrect|wrong|negative|of course not|certainly not|definitely not|absolutely not|not at all"
    "|not true|not correct|not right|untrue|non|faux|nein|falsch|falso|nao|нет|неверно|ложь|nie|nee|onwaar"
    "|falsz|hayir|yanlis"
    "|never"
    "|ne|nepravda|spatne|οχι|λαθος|ψευδες|ei|vaarin|nu|fals|nej|falskt|ні|неправильно|невірно|khong|sai|לא|לא נכון"
    "|لا|خطأ"
    "|नहीं|गलत|ไม่ใช่|ไม่|ผิด"
)
_CJK_TRUE = "是的|是|对的|對的|对|對|正确|正確|真|はい|正しい|예|네|맞습니다|참"
_CJK_FALSE = "不是|不对|不對|否|错误|錯誤|错|錯|不正确|不正確|假|いいえ|正しくない|誤り|아니요|아니오|아닙니다|거짓"
_FOLLOWING = (
    "because|since|as|it|it's|its|that|that's|this|these|there|they|he|she|we|you|the|in|for|due|according|given|not|i"
)
_OPENING = (
    "(?:well|so|hmm|therefore|thus|hence|overall|in short|in conclusion|to conclude|in summary|in my (?:view|opinion)"
    "|my (?:final |own )?(?:view|opinion|verdict|take|guess|conclusion|judgement|judgment|answer|response|vote)"
    " (?:is|would be)(?: that it is)?|(?:the|our) (?:verdict|short answer|conclusion) is|i(?:'d| would) say|i say"
    "|i (?:think|believe)(?: it is| it's)?)"
)
_QUESTION = re.compile(r"\A[^.!?\n]{1,200}\?\s+(?=\w)")
_LEADING = re.compile(
    rf"\W*(?:{_OPENING}\W+)?(?:(?P<no>{_FALSE})|(?P<yes>{_TRUE}))(?!-?ish\b|,? in part\b)(?:\W*\Z"
    rf"|\s*[.,;:!)\"*–—\n-]|\s+(?:{_FOLLOWING})\b)"
    rf"|\W*(?:[我私]?(?:认为|認為|觉得|覺得)[是：:，]?)?(?:(?P<cjk_no>{_CJK_FALSE})|(?P<cjk_yes>{_CJK_TRUE}))(?:\W*\Z|[\s。，,、.:：;；!！]|(?=因))"
)
_STATEMENT = re.compile(
    r"\b(?:statement|claim|sentence|proposition|assertion|it|this|that|answer|conclusion|hypothesis)\s+"
    r"(?:is|was|must be|has to be|would be)\s*(?P<negation>n't|not)?\s*"
    r"(?:in fact\s+|actually\s+|therefore\s+|indeed\s+)?"
    r"(?P<word>true|false|correct|incorrect|right|wrong)\b"
)
_SHORT_IS = re.compile(r"(?<=\bit)'s\b|(?<=\bthat)'s\b")
_NEGATIVE_STATEMENT = re.compile(r"\b(is|was)n't\b")
_CLAUSE_END = re.compile(r"[.,;:!\n]")
_OPEN_BEFORE = re.compile(
    r"\b(?:whether|if|doubt\w*|unclear|unsure|uncertain|assum\w+|suppos\w+|none|nobody|no one|nothing|hard"
    r"|difficult|cannot"
    r"|some|many|people|would|could|might|may|maybe|perhaps|possibly)\b|n't\b|\b(?:not|never) (?:think|believe|say"
    r"|sure)"
)
_OPEN_BEHIND = re.compile(
    r"\s*[?]|\s+(?:or|and|nor|if|unless|only|but|sometimes|in part|no longer|until|is (?:not|wrong|false|incorrect"
    r"|untrue))\b"
)
_OPPOSED = re.compile(
    r"(?:\b(?:and|or|but|maybe|actually|rather)\b|/)\s*,?\s*(?:also\s+)?\b(?:yes|no|true|false)\b(?!\s+\w)|,\s*(?:yes|no)\W*\Z"
)

_OPPOSITE = {
    is_true: re.compile(rf"\w+\W*[,.;!]\s*(?:{words}|maybe|perhaps|not sure)\s*(?:[,.;!]|\Z)")
    for is_true, words in ((True, "no|nope|false"), (False, "yes|yeah|true"))
}
"""What takes the word before it back: "Yes. No."."""


@lru_cache(maxsize=4096)
def gold_boolean(answer: str) -> bool | None:
    """Return what a gold answer means; None where it is neither yes nor no."""
    return _leading(answer) if len(answer) <= 40 else None


def said_boolean(response: Response, reading: Reading) -> bool | None:
    """Return what a response says; None where it says neither, or both.

    >>> from reasonenv.grading.qa.reading import read_answer
    >>> from reasonenv.parsing import read_response
    >>> def said(text):
    ...     return said_boolean(read_response(text), read_answer(read_response(text)))
    >>> said("Yes, because it floats."), said("The statement is not true."), said("No one knows."), said("Yes and no")
    (True, False, None, None)
    """
    if reading.text is not None and reading.source != "bare":
        found = _leading(reading.text)
        return _said_in(refined(reading)) if found is None else found
    if reading.source not in ("bare", "long"):
        return None
    rest = without_markup(response.rest or "")
    first, last = _leading(rest), _leading(rest.rpartition("\n")[2])
    if first is not None and last is not None:
        return first if first == last else None
    return first if first is not None else last if last is not None else _statement(rest)


def _said_in(texts: list[str]) -> bool | None:
    """Return what the statement says, else what its narrowed form leads with."""
    found = _statement(texts[0]) if texts else None
    return _leading(texts[-1]) if found is None and texts else found


def _is_left_open(text: str, statement: re.Match[str]) -> bool:
    """Return whether the clause of a statement doubts it, asks it or takes it back."""
    before = _CLAUSE_END.split(text[: statement.start()])[-1]
    return _OPEN_BEFORE.search(before) is not None or _OPEN_BEHIND.match(text, statement.end()) is not None


def _leading(text: str) -> bool | None:
    text = fold(without_markup(text[:400]))
    if "?" in text:
        text = _QUESTION.sub("", text)
    found = _LEADING.match(text)
    if found is None:
        return None
    start = max(found.start(name) for name in ("yes", "no", "cjk_yes", "cjk_no"))
    if _OPPOSED.search(text[: found.end() + 40].split("\n")[0], start):
        return None
    is_true = bool(found["yes"] or found["cjk_yes"])
    is_open = "?" in found.group() or _OPPOSITE[is_true].match(text, start)
    return None if is_open else is_true


def _statement(text: str) -> bool | None:
    """Return what the last statement about the statement says: "so the claim is false"."""
    text = _NEGATIVE_STATEMENT.sub(r"\1 not", _SHORT_IS.sub(" is", fold(text[-2000:])))
    found = last_match(_STATEMENT, text)
    if found is None or _is_left_open(text, found):
        return None
    is_true = (found["word"] in ("true", "correct", "right")) != bool(found["negation"])
    return None if is_true and text.startswith(" that ", found.end()) else is_true
