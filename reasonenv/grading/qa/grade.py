"""Grading responses to questions that are not mathematics, one function per kind of reference.

An answer is right or wrong. Overlap is in the details, never in the score: whatever pays for a part of an answer pays
for naming everything. The policy of each kind is in `docs/qa_grading.md`; each module says what it covers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from reasonenv.grading.grade import MAX_ANSWER_CHARS, UNFORESEEN, Grade, GradeStatus
from reasonenv.grading.qa.boolean import gold_boolean, said_boolean
from reasonenv.grading.qa.choice import chosen, gold_letters
from reasonenv.grading.qa.claims import is_hedged
from reasonenv.grading.qa.constraints import is_filler, kept_constraints
from reasonenv.grading.qa.dates import CalendarDate, read_date, read_time
from reasonenv.grading.qa.lists import cited_sources, list_members, matched_members, without_introduction
from reasonenv.grading.qa.numbers import Quantity, only_quantity, read_quantity, same_quantity
from reasonenv.grading.qa.reading import Reading, as_said, read_answer, refined, without_markup
from reasonenv.grading.qa.text import answer_forms, text_forms, token_f1
from reasonenv.grading.qa.vocabulary import MONTHS
from reasonenv.parsing import Response, read_response
from reasonenv.parsing.response import after_thinking
from reasonenv.types import QAKind, QAReference

_MASK = "Xyzzyx"
"""Stands for a name with words in it that would hedge."""
_YEAR = re.compile(r"[12]\d{3}")
_MAX_CITING_CHARS = 8000
_MAX_CONSTRAINED_CHARS = 20_000
_MAX_REMEMBERED_CHARS = 500


def grade_qa(references: Sequence[QAReference], responses: Sequence[str]) -> list[Grade]:
    """Grade each response against its reference.

    Args:
        references: what is right; see `QAReference`.
        responses: whole responses, thinking included.

    Returns:
        One grade per response, in order. `details` hold `f1` where answers can overlap, for a list also its
        `precision` and `recall`, for constraints the `kept` ones; without an answer, the `reason`.

    Raises:
        ValueError: the two sequences differ in length.
        UnknownNameError: a constraint that no table holds.

    >>> grade_qa([QAReference(kind="short", answers=("Paris",))], ["<think>?</think> <answer>paris</answer>"])[0].score
    1.0
    """
    if len(references) != len(responses):
        raise ValueError(
            f"Each response needs its reference: got {len(references)} references and {len(responses)} responses."
        )
    return [_grade(reference, response) for reference, response in zip(references, responses, strict=True)]


def unparsed_rate(grades: Sequence[Grade]) -> float:
    """Return the share without a readable answer among the grades that have a score; NaN where none has.

    >>> unparsed_rate(grade_qa([QAReference(kind="choice", answers=("A",))] * 2, ["Answer: A", "Answer: Alice"]))
    0.5
    """
    scored = [grade.status for grade in grades if not grade.status.is_failure]
    return scored.count(GradeStatus.NO_ANSWER) / len(scored) if scored else math.nan


def same_answer(gold: str, answer: str) -> bool:
    """Return whether a short answer is the gold answer, as a quantity, a date, a time, or a text.

    >>> same_answer("July 20, 1969", "20/7/1969"), same_answer("3.5", "35"), same_answer("Gödel", "Goedel")
    (True, False, True)
    """
    return _is_same(_gold(gold), answer)


_TWO_SIGNS = re.compile(r"[-−–]\s*\(?\s*[-−–]\s*\d")
_OTHER_NUMBER = re.compile(r"\d\s?!|\d(?:st|nd|rd|th)\b", re.I)
"""A factorial, and the place in an order: 25!, the 42nd."""
_MONTH_BEHIND = re.compile(rf"\d\s+(?:of\s+)?(?:{'|'.join(map(re.escape, MONTHS))})\b", re.I)
_PRICE = re.compile(r"[£$€¥]")
_WEIGHT = re.compile(r"\blbs?\b", re.I)
_SPAN = re.compile(r"\b(?:years|months|weeks|days|hours|minutes|seconds)\b", re.I)


class _Gold(NamedTuple):
    """A gold answer in every form in which it may be met."""

    forms: frozenset[str]
    quantity: Quantity | None
    date: CalendarDate | None
    time: int | None
    is_year: bool
    """Whether it is four digits: a year, which is no span of years."""
    is_price: bool
    is_marked: bool
    """Whether it is a factorial or the place in an order itself."""
    is_hedged: bool
    """Whether there is a word in it such as "never" or "or"."""


@lru_cache(maxsize=65536)
def _gold(answer: str) -> _Gold:
    plain = without_markup(answer)
    return _Gold(
        frozenset(text_forms(plain)),
        read_quantity(plain),
        read_date(plain),
        read_time(plain),
        bool(_YEAR.fullmatch(plain)),
        bool(_PRICE.search(plain)),
        bool(_OTHER_NUMBER.search(plain)),
        is_hedged(plain),
    )


def _is_same(gold: _Gold, answer: str) -> bool:
    if gold.quantity is not None and (_TWO_SIGNS.search(answer) or _is_other_number(gold, answer)):
        return False
    if gold.quantity is not None and (quantity := read_quantity(answer)) is not None:
        if (gold.is_year and _SPAN.search(answer)) or (gold.is_price and _WEIGHT.search(answer)):
            return False
        return same_quantity(gold.quantity, quantity)
    if gold.date is not None and (date := read_date(answer)) is not None:
        return gold.date == date
    if gold.time is not None and (time := read_time(answer)) is not None:
        return gold.time == time
    return not gold.forms.isdisjoint(answer_forms(answer))


def _is_other_number(gold: _Gold, answer: str) -> bool:
    """Return whether what stands behind a number makes another of it than a gold one: a factorial, an order, a date."""
    if gold.date is not None or gold.is_marked:
        return False
    return _OTHER_NUMBER.search(answer) is not None or _MONTH_BEHIND.search(answer) is not None


def _grade(reference: QAReference, response: str) -> Grade:
    if reference.kind == "open":
        return Grade(GradeStatus.NO_RULE, None, {"reason": "an open question has no reference answer"})
    if not _is_readable(reference):
        return Grade(GradeStatus.GOLD_UNPARSEABLE, None, {"reason": f"the answers are {reference.answers!r:.200}"})
    try:
        return _grade_read(reference, response)
    except UNFORESEEN as error:
        is_sound = _is_sound(reference)
        if not is_sound and reference.kind == "constrained":
            raise
        return Grade(GradeStatus.WRONG if is_sound else GradeStatus.GRADER_ERROR, None, {"reason": repr(error)})


def _grade_read(reference: QAReference, response: str) -> Grade:
    if reference.kind == "constrained":
        return _grade_constrained(reference, read_response(response))
    rest = after_thinking(response)
    if rest is not None and len(rest) <= _MAX_REMEMBERED_CHARS:
        return _grade_remembered(reference, rest)
    read = read_response(response)
    return _KINDS[reference.kind](reference, read, read_answer(read))


@lru_cache(maxsize=16384)
def _grade_remembered(reference: QAReference, rest: str) -> Grade:
    """Grade by what stands behind the thinking, which alone counts and which the responses of a group often share."""
    read = read_response(rest)
    return _KINDS[reference.kind](reference, read, read_answer(read))


def _is_sound(reference: QAReference) -> bool:
    """Return whether a reference can be compared with its own answer: what fails beside it is the response's doing."""
    try:
        _grade_read(reference, f"<answer>{reference.answer}</answer>")
    except UNFORESEEN:
        return False
    return True


@lru_cache(maxsize=65536)
def _is_readable(reference: QAReference) -> bool:
    answers = reference.answers
    if reference.kind == "constrained":
        return bool(reference.constraints)
    if not answers or not all(answer.strip() and len(answer) <= MAX_ANSWER_CHARS for answer in answers):
        return False
    return reference.kind != "boolean" or gold_boolean(answers[0]) is not None


def _unread(reading: Reading) -> Grade:
    return Grade(GradeStatus.NO_ANSWER, None, {"reason": _REASONS.get(reading.source, "the answer names no option")})


def _judged(is_right: bool, answer: str, **details: float) -> Grade:
    return Grade(GradeStatus.CORRECT if is_right else GradeStatus.WRONG, answer, details)


def _grade_short(reference: QAReference, _: Response, reading: Reading) -> Grade:
    if reading.text is None:
        return _unread(reading)
    golds = [_gold(answer) for answer in reference.answers]
    said = as_said(reading)
    is_asked = bool(said) and _is_asked(said[0], reference.answers)
    right = None if is_asked else _right_text(golds, said)
    if right is not None:
        return _judged(True, right, f1=1.0)
    texts = refined(reading)
    if not texts:
        return Grade(GradeStatus.NO_ANSWER, None, {"reason": "the answer is markup without a text"})
    if not _is_asked(texts[0], reference.answers):
        right = _right_text(golds, texts[len(said) :]) or _whole_name(reference.answers, golds, texts[0])
        if right is not None:
            return _judged(True, right, f1=1.0)
    return _judged(False, texts[-1], f1=max(token_f1(answer, texts[-1]) for answer in reference.answers))


def _right_text(golds: Sequence[_Gold], texts: Sequence[str]) -> str | None:
    """Return the first text that is a gold answer."""
    for text in texts:
        if any(_is_same(gold, text) for gold in golds) or _is_measure_of(golds, text):
            return text
    return None


def _whole_name(answers: Sequence[str], golds: Sequence[_Gold], text: str) -> str | None:
    """Return the gold answer with a word such as "never" or "or" in it that a text says."""
    for answer, gold in zip(answers, golds, strict=True):
        if gold.is_hedged and _names_whole(answer, text):
            return answer
    return None


def _is_asked(text: str, answers: Sequence[str]) -> bool:
    """Return whether an answer ends as a question although no gold answer does."""
    return (
        text.rstrip()[-1:] in "?？"
        and text.strip() != ""
        and not any(answer.rstrip()[-1:] in "?？" for answer in answers)
    )


def _is_measure_of(golds: Sequence[_Gold], text: str) -> bool:
    """Return whether a sentence has one number, a measure or price that is gold: "It weighs 5 kg."."""
    if not any(gold.quantity is not None and gold.quantity.is_measured for gold in golds):
        return False
    if text.count(" ") < 2 or read_quantity(text) is not None:
        return False
    stated = only_quantity(text)
    return stated is not None and any(
        gold.quantity is not None and gold.quantity.is_measured and same_quantity(gold.quantity, stated)
        for gold in golds
    )


def _names_whole(answer: str, text: str) -> bool:
    """Return whether a sentence says a gold answer that has a word such as "never" or "or" in it."""
    name = answer.strip()
    if text.count(name) != 1:
        return False
    masked = refined(Reading(text.replace(name, _MASK), "block"))
    return bool(masked) and masked[-1].strip(" .!\"'") == _MASK


def _grade_number(reference: QAReference, response: Response, reading: Reading) -> Grade:
    grade = _grade_short(reference, response, reading)
    if grade.status is not GradeStatus.WRONG or reading.text is None:
        return grade
    texts = refined(reading)
    stated = None if any(read_quantity(text) for text in texts) else only_quantity(texts[-1])
    golds = [_gold(answer).quantity for answer in reference.answers]
    is_right = stated is not None and any(gold is not None and same_quantity(gold, stated) for gold in golds)
    return _judged(is_right, texts[-1])


def _grade_boolean(reference: QAReference, response: Response, reading: Reading) -> Grade:
    said = said_boolean(response, reading)
    if said is None:
        return _unread(reading)
    return _judged(said == gold_boolean(reference.answers[0]), "yes" if said else "no")


def _grade_choice(reference: QAReference, response: Response, reading: Reading) -> Grade:
    golds = [gold_letters(answer, reference.choices) for answer in reference.answers]
    if None in golds:
        return _grade_short(reference, response, reading)
    letters = chosen(response, reading, reference.choices)
    return _unread(reading) if letters is None else _judged(letters in golds, ", ".join(sorted(letters)))


def _grade_list(reference: QAReference, _: Response, reading: Reading) -> Grade:
    if reading.text is None:
        return _unread(reading)
    golds = reference.answers
    if len(golds) == 1:
        golds = tuple(list_members(golds[0])) or golds
    if _is_asked(reading.text, golds):
        return _judged(False, reading.text)
    grade = _list_grade(golds, reading.text, is_ordered=reference.is_ordered)
    bare = None if grade.status is GradeStatus.CORRECT else without_introduction(reading.text)
    return _list_grade(golds, bare, is_ordered=reference.is_ordered) if bare else grade


def _list_grade(golds: tuple[str, ...], text: str, *, is_ordered: bool) -> Grade:
    found, num_other = matched_members(golds, text, partial(_member, golds))
    distinct = set(found)
    num_wanted = _num_distinct(golds)
    precision = len(distinct) / (len(distinct) + num_other) if distinct else 0.0
    recall = len(distinct) / num_wanted
    is_right = not num_other and len(distinct) == num_wanted
    if num_wanted < len(golds) or is_ordered:
        is_right = not num_other and _sequence(golds, found, is_ordered=is_ordered)
    f1 = 2 * precision * recall / (precision + recall) if distinct else 0.0
    return _judged(is_right, text, precision=precision, recall=recall, f1=f1)


def _member(golds: tuple[str, ...], text: str) -> int | None:
    """Return the index of the first gold member that a text is."""
    index = _member_indices(golds).get(text_forms(text)[0])
    if index is not None:
        return index
    return next((index for index, gold in enumerate(golds) if _is_same(_gold(gold), text)), None)


@lru_cache(maxsize=4096)
def _member_indices(golds: tuple[str, ...]) -> dict[str, int]:
    return {form: index for index in reversed(range(len(golds))) for form in _gold(golds[index]).forms}


@lru_cache(maxsize=4096)
def _num_distinct(golds: tuple[str, ...]) -> int:
    return len({min(index for index, other in enumerate(golds) if same_answer(other, gold)) for gold in golds})


def _sequence(golds: Sequence[str], found: Sequence[int], *, is_ordered: bool) -> bool:
    """Return whether the found members come as often as the golds, and in their order if that counts."""
    wanted = [golds.index(gold) for gold in golds]
    return list(found) == wanted if is_ordered else sorted(found) == sorted(wanted)


def _grade_citation(reference: QAReference, response: Response, reading: Reading) -> Grade:
    golds = frozenset().union(*(_gold_sources(answer) for answer in reference.answers))
    part = (response.part or "").strip()
    cited = cited_sources(part[:_MAX_CITING_CHARS], is_list=True) or cited_sources(reading.text or "", is_list=True)
    if not cited:
        return Grade(GradeStatus.NO_ANSWER, None, {"reason": "no source is cited"})
    shared = len(golds & cited)
    details = {"precision": shared / len(cited), "recall": shared / len(golds)}
    return _judged(cited == golds, ", ".join(sorted(cited)), f1=2 * shared / (len(golds) + len(cited)), **details)


@lru_cache(maxsize=4096)
def _gold_sources(answer: str) -> frozenset[str]:
    return cited_sources(answer, is_list=True) or frozenset(text_forms(answer)[:1])


def _grade_constrained(reference: QAReference, response: Response) -> Grade:
    text = (response.part or "").strip()
    if not text or len(text) > _MAX_CONSTRAINED_CHARS:
        return _unread(read_answer(response))
    kept = kept_constraints(text, reference.constraints)
    broken = [constraint for constraint, is_kept in zip(reference.constraints, kept, strict=True) if not is_kept]
    is_repetition = is_filler(text, reference.constraints)
    status = GradeStatus.WRONG if broken or is_repetition else GradeStatus.CORRECT
    details = {"kept": sum(kept) / len(kept), "broken": broken}
    return Grade(status, text, {**details, "reason": "the text is filler"} if is_repetition else details)


_REASONS = {
    "unfinished": "the thinking never ends",
    "tags": "there must be exactly one answer block, opened and closed",
    "empty": "the answer is empty",
    "long": "the answer is too long to be compared",
}
_Grader = Callable[[QAReference, Response, Reading], Grade]
_KINDS: Mapping[QAKind, _Grader] = {
    "short": _grade_short,
    "number": _grade_number,
    "boolean": _grade_boolean,
    "choice": _grade_choice,
    "list": _grade_list,
    "citation": _grade_citation,
}
