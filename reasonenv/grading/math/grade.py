r"""Grading a batch of mathematical answers: the easy ones here, each of the rest by a worker, once.

A comparison that was stopped, an answer that is too long and a wrong one all score 0, and stay apart by their status;
what the answer is not to blame for is NaN.

Covered: everything `compare` decides, and whatever math-verify does with both sides as LaTeX. Not covered: what
math-verify reads too generously, such as differing units.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Sequence

from reasonenv.counts import check_counts
from reasonenv.grading.grade import MAX_ANSWER_CHARS, UNFORESEEN, Grade, GradeStatus
from reasonenv.grading.math.compare import equal_texts
from reasonenv.grading.math.nodes import OverBudgetError, UnreadableGoldError
from reasonenv.grading.math.notation.reader import is_readable
from reasonenv.grading.math.notation.tokens import canonical_text
from reasonenv.grading.math.policy import DEFAULT_POLICY, MathPolicy
from reasonenv.grading.pool import Comparison, shared_pool
from reasonenv.parsing import boxed_answer, extract_answer, read_response, stated_answer

_logger = logging.getLogger(__name__)

_MAX_WORKERS = 4
_COMPARING_SHARE = 0.45
"""Share of the time limit that a comparison may run; the rest is for a worker to start."""
_MAYBE_WORDY = re.compile(r"\\(?:boxed|fbox)|[A-Za-z]{3,}.*[\s$]|<answer>|####", re.S)
_MAX_CACHED_VERDICTS = 65536


def grade_math(
    golds: Sequence[str],
    responses: Sequence[str],
    *,
    timeout_seconds: float = 2.0,
    num_workers: int | None = None,
    policy: MathPolicy = DEFAULT_POLICY,
) -> list[Grade]:
    r"""Grade each response against its gold answer.

    Args:
        golds: gold answers, LaTeX or plain text, without a box.
        responses: whole responses, from which `reasonenv.parsing.extract_answer` reads the answers.
        timeout_seconds: about what one answer that needs a worker may take: comparing is stopped at less than half of
            it, a worker may have to start. On a busy machine, and behind other such answers, a call takes longer.
        num_workers: how many workers may run; None is one per core, at most 4.
        policy: which differently written answers count as equal.

    Returns:
        One grade per response, in order.

    Raises:
        ValueError: the two sequences differ in length, or a limit is not positive.

    >>> grade_math([r"\frac{1}{2}"], ["<think>half</think><answer>0.5</answer>"])[0].status.value
    'correct'
    """
    answers = [_answer_of(response, policy) for response in responses]
    golds = [boxed_answer(gold) or gold if "\\boxed" in gold else gold for gold in golds]
    return grade_answers(golds, answers, timeout_seconds=timeout_seconds, num_workers=num_workers, policy=policy)


def grade_answers(
    golds: Sequence[str],
    answers: Sequence[str | None],
    *,
    timeout_seconds: float = 2.0,
    num_workers: int | None = None,
    policy: MathPolicy = DEFAULT_POLICY,
) -> list[Grade]:
    """Grade answers that have already been read out of their responses; None is no answer. See `grade_math`."""
    if timeout_seconds <= 0:
        raise ValueError(f"timeout_seconds must be positive, got {timeout_seconds}.")
    if num_workers is not None:
        check_counts(num_workers=num_workers)
    if len(golds) != len(answers):
        raise ValueError(f"Each response needs its gold answer: got {len(golds)} golds and {len(answers)} responses.")
    grades = [_grade_fast(gold, answer, policy) for gold, answer in zip(golds, answers, strict=True)]
    asked = {
        index: Comparison(golds[index], answer)
        for index, (answer, grade) in enumerate(zip(answers, grades, strict=True))
        if grade is None and answer is not None
    }
    slow = _grade_slow(list(dict.fromkeys(asked.values())), timeout_seconds, num_workers, policy) if asked else {}
    return [slow[asked[index]] if grade is None else grade for index, grade in enumerate(grades)]


def equal(gold: str, answer: str, *, policy: MathPolicy = DEFAULT_POLICY) -> bool | None:
    r"""Return whether an answer equals a gold answer; None where the grader could not tell.

    >>> equal(r"\frac{1}{2}", "0.5")
    True
    """
    gold, said = _bare(gold), _bare(answer)
    status = grade_answers([gold], [answer], policy=policy)[0].status
    if status is not GradeStatus.CORRECT and said != answer:
        status = grade_answers([gold], [said], policy=policy)[0].status
    return None if status.is_failure or status is GradeStatus.TIMEOUT else status is GradeStatus.CORRECT


def is_surely_wrong(gold: str, answer: str) -> bool:
    """Return whether an answer differs from a gold answer, as far as that can be told without a worker.

    >>> is_surely_wrong("0.5", "1"), is_surely_wrong("0.5", "1/2")
    (True, False)
    """
    grade = _grade_fast(gold, answer, DEFAULT_POLICY)
    return grade is not None and grade.status is GradeStatus.WRONG


def _answer_of(response: str, policy: MathPolicy) -> str | None:
    answer = extract_answer(response)
    rest = read_response(response).rest if answer is None and policy.reads_prose else None
    return answer if rest is None or "answer>" in rest else stated_answer(rest)


def _bare(text: str) -> str:
    """Return the answer in a text that may say more than it."""
    if len(text) <= MAX_ANSWER_CHARS and not _MAYBE_WORDY.search(text):
        return text
    if "answer>" in text or "think>" in text:
        return extract_answer(text) or ""
    if len(text) <= MAX_ANSWER_CHARS and "\\boxed" not in text and is_readable(text):
        return text
    return stated_answer(text) or text


def _grade_fast(gold: str, answer: str | None, policy: MathPolicy) -> Grade | None:
    """Grade what needs no worker; None for the rest."""
    if answer is None:
        return _NO_ANSWER
    remembered = _recall(gold, answer, policy)
    if remembered is not None:
        return remembered
    if not gold.strip() or len(gold) > MAX_ANSWER_CHARS:
        reason = f"the gold answer must have 1 to {MAX_ANSWER_CHARS} characters, got {len(gold)}"
        return Grade(GradeStatus.GOLD_UNPARSEABLE, answer, {"reason": reason})
    if len(answer) > MAX_ANSWER_CHARS:
        reason = f"{len(answer)} characters; at most {MAX_ANSWER_CHARS} are compared"
        return Grade(GradeStatus.OVER_BUDGET, answer, {"reason": reason})
    try:
        is_equal = equal_texts(gold, answer, policy)
    except UnreadableGoldError as error:
        return Grade(GradeStatus.GOLD_UNPARSEABLE, answer, {"reason": str(error)})
    except OverBudgetError as error:
        return Grade(GradeStatus.OVER_BUDGET, answer, {"reason": str(error)})
    except UNFORESEEN as error:
        _log_first(error, gold, answer)
        status = GradeStatus.WRONG if _is_sound(gold, policy) else GradeStatus.GRADER_ERROR
        return Grade(status, answer, {"reason": repr(error)})
    if is_equal is None:
        return None
    grade = Grade(GradeStatus.CORRECT if is_equal else GradeStatus.WRONG, answer)
    _remember(gold, answer, policy, grade)
    return grade


def _is_sound(gold: str, policy: MathPolicy) -> bool:
    """Return whether a gold answer can be read and compared with itself: what fails beside it is the answer's doing."""
    try:
        is_readable(gold)
        equal_texts(gold, gold, policy)
    except (*UNFORESEEN, OverBudgetError):
        return False
    return True


def _log_first(error: Exception, gold: str, answer: str) -> None:
    """Log the first unforeseen exception of each type in this process: it is a mistake of this package."""
    if type(error) not in _logged_types:
        _logged_types.add(type(error))
        _logger.warning("Comparing the answer %r with %r raised.", answer, gold, exc_info=error)


def _grade_slow(
    unknown: Sequence[Comparison], timeout_seconds: float, num_workers: int | None, policy: MathPolicy
) -> dict[Comparison, Grade]:
    """Grade by workers and remember what does not depend on how busy the machine was."""
    num_workers = num_workers or min(os.cpu_count() or 1, _MAX_WORKERS)
    verdicts = shared_pool().compare(
        [Comparison(canonical_text(asked.gold), canonical_text(asked.answer)) for asked in unknown],
        timeout_seconds=_COMPARING_SHARE * timeout_seconds,
        num_workers=num_workers,
    )
    grades: dict[Comparison, Grade] = {}
    for comparison, verdict in zip(unknown, verdicts, strict=True):
        details = {"reason": verdict.reason} if verdict.reason else {}
        grade = Grade(verdict.status, comparison.answer, details, "slow")
        grades[comparison] = grade
        if grade.status.is_final:
            _remember(comparison.gold, comparison.answer, policy, grade)
    return grades


_NO_ANSWER = Grade(GradeStatus.NO_ANSWER, None)
_logged_types = set[type[Exception]]()
_remembered: OrderedDict[tuple[str, str, MathPolicy], Grade] = OrderedDict()
"""Least recently used first. Each step on it is one atomic call, so it needs no lock that a fork could leave held."""


def _recall(gold: str, answer: str, policy: MathPolicy) -> Grade | None:
    grade = _remembered.get((gold, answer, policy))
    if grade is not None:
        with contextlib.suppress(KeyError):
            _remembered.move_to_end((gold, answer, policy))
    return grade


def _remember(gold: str, answer: str, policy: MathPolicy, grade: Grade) -> None:
    _remembered[gold, answer, policy] = grade
    with contextlib.suppress(KeyError):
        while len(_remembered) > _MAX_CACHED_VERDICTS:
            _remembered.popitem(last=False)
