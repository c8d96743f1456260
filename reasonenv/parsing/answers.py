r"""The answer that a response announces after its thinking.

It stands in an `<answer>` block, else in a `\boxed{}`, else in words ("The final answer is 5.") that end the response.
The last number of a text is never taken for its answer, because a policy that rambles would be paid for it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reasonenv.parsing.announcements import MATHEMATICS, SENTENCE_END, last_match
from reasonenv.parsing.boxes import BOX, boxed_answer, last_boxed
from reasonenv.parsing.response import read_response

__all__ = ["extract_answer", "stated_answer"]

_MAX_DENIAL_CHARS = 100
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.S)
_PROSE = re.compile(r"\b(?!and\b)[A-Za-z]{3,}")
_HEDGED = re.compile(r"\b(?:not|no|or|never|nor|isn't|neither|than)\W{0,4}$", re.I)
_MAX_HEDGE_CHARS = 12
_DENYING_WORDS = """
not never false wrong incorrect suppose supposing assume assuming pretend imagine if whether unless trap tempting
tempted decoy mistaken naive maybe perhaps possibly might may could doubt hypothetically si falls wenn falsch
angenommen если say says said claim claims claimed guess guessed guesses неверный неправильный
"""
_DENIALS = frozenset(_DENYING_WORDS.split())
"""Words that take an announcement behind them back, or only suppose it."""
_UNSPACED_DENIAL = re.compile("错误|不正确|假设|假如|如果|并非|不是|也许|可能|有人|据说|猜|もし|誤")
_OWN_WORDS = re.compile(
    r"^\s*(?:so\s+|then\s+|thus\s+|hence\s+|therefore\s+)?(?:i|we)(?:['’]d|\s+(?:would|can))\s+say\b"
)
"""Who says so of his own answer does not take it back."""
_CLAUSE_ENDS = ",;.!?，。\n"
_CLAUSE_END = re.compile(f"[{_CLAUSE_ENDS}]")
_WORD = re.compile(r"[^\W\d_]+")
_REASON = re.compile(r"[,;]?\s+(?:since|because)\b", re.I)
_MIN_REASON_CHARS = len(" since")
_SECOND_THOUGHT = re.compile(r"\b(?:not|no|or|but|wait|actually|however|rather|instead|wrong|unless)\b|n't\b", re.I)
_BARE_ANSWER = re.compile(r"[$(]*-?(?:\d\S{0,20}|[A-J])[$).]*")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?(?:/\d+)?")
_CLOSING_MARKS = "*_ .。．！\t\n✓✔✅☑✨🎉😊🙂👍\ufe0f∎□■◻▪\\"
_QED = re.compile(r"[\s.]*(?:\$?\\(?:blacksquare|square|Box|qed)\$?|\bQ\.?E\.?D\b\.?)[\s.]*\Z")
_CLOSING_WORDS = re.compile(
    r"""(?:[\s.!。！*✓✔✅☑✨🎉😊🙂👍\ufe0f∎□■◻▪]
    |\$?\\(?:blacksquare|square|Box|qed)\$?
    |Q\.?E\.?D\b
    |I\ hope\ (?:it|this|that)(?:['’]s|\ is)\ (?:correct|right|helpful|clear)
    |(?:I\ )?hope\ (?:this|that|it)\ helps(?:\ you)?
    |Let\ me\ know\ if\ you(?:\ have|\ need|\ want|['’]d\ like|\ would\ like)\b[^.!?\d\\$\n]{0,60}
    |(?:Please\ )?feel\ free\ to\ ask\b[^.!?\d\\$\n]{0,60}
    |(?:Thank\ you|Thanks)\b(?:\ for\ [a-z ]{0,40})?
    |This\ (?:completes|concludes)\ (?:the|our|this)\ (?:proof|solution|problem|answer|argument|calculation)
    |Have\ a\ (?:great|good|nice|wonderful|lovely)\ day
    |Good\ luck
    |希望[^。！\d\\$\n]{0,20}帮[^。！\d\\$\n]{0,8}
    )*""",
    re.I | re.X,
)
"""What may follow an answer, because it says nothing about it."""
_DISPLAY = re.compile(r"(?:\$\$.+?\$\$|\\\[.+?\\\])", re.S)
_EMPHASIS = re.compile(r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w)")
_EXCLAIMED = re.compile(r"(?:[-+−]?\d[\d.,]*|\(?[A-J]\)?|[^!]*(?:\$|\\\)|\*\*|__))!")
"""A number, an option or a formula that ends a sentence with an exclamation mark, which is no factorial there."""
_COPULA_BEHIND = re.compile(r"(?:입니다|이다|이에요|예요|です|である|となる|になります|\s(?:है|हैं)|['’][dt][ıiuü]r)$")
_LABEL = re.compile(r"[^\W\d_][^:：=\\]*(?:[:：]| is |[是为])")
_MAX_LABEL_CHARS = 60
_MIN_ANNOUNCED_CHARS = 12
"""Fewer characters than that behind a box announce nothing."""


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
    announcement = last_match(MATHEMATICS.pattern(text), text)
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
    start, said = text.rindex("box"), None
    if len(text) - start > len(boxed) + _MIN_ANNOUNCED_CHARS:
        last = last_boxed(text) or ""
        said = _announced_answer(text[max(start, text.find(last, start) + len(last)) :])
    return (said if said and _BARE_ANSWER.fullmatch(said) else _unlabelled(boxed)) or None


def _unlabelled(text: str) -> str:
    """Drop the words that announce the answer inside its box: `Answer: 5`."""
    if not (text[:1].isalpha() and _LABEL.match(text)):
        return text
    bare = text.removeprefix("The ").removeprefix("Final ")
    label = MATHEMATICS.pattern(bare).match(bare)
    return text if label is None or label.end() > _MAX_LABEL_CHARS else label.string[label.end() :]


def _announced_answer(text: str) -> str | None:
    """Return what the last announcement in words says, if the text ends with it.

    A sentence after the answer may take it back, so only a polite formula or a mark of its end may follow.
    """
    announcement = MATHEMATICS.last(text[-MATHEMATICS.max_chars :].rstrip())
    if announcement is None:
        return None
    tail, start = announcement.string, announcement.start()
    if _is_denied(tail[max(0, start - _MAX_DENIAL_CHARS) : start]):
        return None
    said = tail[announcement.end() :]
    display = _DISPLAY.match(said) if said.startswith(("$$", "\\[")) else None
    if display and _CLOSING_WORDS.fullmatch(said, display.end()):
        return display[0]
    paragraph, _, behind = said.partition("\n\n")
    said = paragraph if behind and _CLOSING_WORDS.fullmatch(behind) else said
    end = SENTENCE_END.search(said)
    if end and not _CLOSING_WORDS.fullmatch(said, end.start()):
        return None
    said = _said(said, end)
    reason = _REASON.search(said) if len(said) >= _MIN_REASON_CHARS else None
    if reason and not _SECOND_THOUGHT.search(said, reason.end()):
        said = said[: reason.start()].rstrip()
    return None if "\n\n" in said or said.startswith("~~") else said or None


def _is_denied(before: str) -> bool:
    """Return whether the clause before an announcement takes it back: "It is false that the answer is 5"."""
    return before.rstrip()[-1:] not in _CLAUSE_ENDS and _denies(_CLAUSE_END.split(before)[-1])


@lru_cache(maxsize=1024)
def _denies(clause: str) -> bool:
    clause = _OWN_WORDS.sub(" ", clause.lower().rpartition(" but ")[2])
    return (
        not _DENIALS.isdisjoint(_WORD.findall(clause))
        or "n't" in clause
        or (not clause.isascii() and _UNSPACED_DENIAL.search(clause) is not None)
    )


def _said(text: str, end: re.Match[str] | None) -> str:
    """Return what the sentence that ends at `end` announces: what follows its last "is"."""
    said = (text[: end.start()] if end else text).strip()
    said = said[:-1] if said[-1:] == "!" and _EXCLAIMED.fullmatch(said) else said
    said = (_QED.sub("", said) if "\\" in said or "D" in said else said).rstrip(_CLOSING_MARKS)
    if not said.isascii() or "'" in said:
        said = _COPULA_BEHIND.sub("", said).rstrip(_CLOSING_MARKS)
    if "*" in said or "__" in said:
        said = _EMPHASIS.sub("", said)
    return said.rpartition(" is ")[2].strip() if said[:1].isalpha() and " is " in said else said
