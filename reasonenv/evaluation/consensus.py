"""The answer that most responses to a problem give (cons@k), where answers count as equal if a grader takes them so.

Equality by a grader need not be transitive: ½ may be taken for 0.5 and 0.5 for "about half", but not ½ for "about
half". A class is therefore a largest set of answers of which all pairs are equal, both ways round; an answer may be in
several.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, cast

from reasonenv.evaluation.samples import Sample, by_problem
from reasonenv.grading import GradeStatus, grade_qa
from reasonenv.grading.math.grade import grade_answers
from reasonenv.types import QAKind, QAReference

__all__ = ["Consensus", "consensus", "consensus_rates", "heaviest_classes"]

_BY_RULES = ("short", "number", "list", "ordered_list", "choice")
"""Kinds of questions whose graders compare answers; those of the others are equal where they are the same text."""
_VOTING = ("math", "boolean", "citation", *_BY_RULES)
_LETTERS = re.compile(r"[A-Z](?:, [A-Z])*")
_TIMEOUT_SECONDS = 10.0
"""Long enough that few pairs run into it: those would be equal on one machine and not on a busier one."""
_MAX_STEPS = 100_000


class Consensus(NamedTuple):
    """What the responses to one problem agree on: `Consensus(("1/2",), num_votes=9, num_voters=16, rate=1.0)`."""

    answers: tuple[str, ...]
    """The most frequent spelling of each class that has the most votes; more than one where they tie, none where nobody
    votes."""
    num_votes: int
    num_voters: int
    rate: float
    """The share of these classes that are right: what a fair draw among them would be worth."""


@dataclass(frozen=True, slots=True)
class _Ballot:
    kind: str
    votes: Mapping[str, int]
    right: Mapping[str, int]
    """How many of an answer's votes were graded right."""


def consensus(samples: Iterable[Sample], k: int | None = None) -> dict[str, Consensus]:
    """Return what the first k responses to each problem agree on, by task.

    * A response votes if it was graded and the grader read an answer. One without an answer does not vote; nor does one
      whose grader failed.
    * The class with the most votes wins, and is right if more than half of its votes were graded right. Where classes
      tie, each counts an equal part.
    * A problem is wrong (0) if its responses were graded and nobody votes.
    * A problem is left out if no response was graded, if it has fewer than k, or if its answers cannot be compared, as
      programs and texts that keep constraints.

    A pair that takes a grader longer than ten seconds counts as two answers. (arXiv 2203.11171 votes for equal texts.)

    Args:
        samples: of any problems.
        k: how many responses vote, those with the lowest numbers; None takes all.

    Raises:
        ValueError: k is below 1, or two samples have one key.
    """
    if k is not None and k < 1:
        raise ValueError(f"At least one response must vote, got k={k}.")
    ballots = {
        task_id: _ballot(responses[:k])
        for task_id, responses in by_problem(samples).items()
        if len(responses) >= (k or 1) and _is_votable(responses[:k])
    }
    equal = _equal_pairs(ballots.values())
    return {task_id: _count(ballot, equal) for task_id, ballot in ballots.items()}


def consensus_rates(samples: Iterable[Sample], k: int | None = None) -> dict[str, float]:
    """Return cons@k of each problem that has one, by task: 1, 0, or between where classes tie. See `consensus`."""
    return {task_id: agreed.rate for task_id, agreed in consensus(samples, k).items()}


def _is_votable(responses: Sequence[Sample]) -> bool:
    return responses[0].answer_kind in _VOTING and any(sample.is_right is not None for sample in responses)


def _ballot(responses: Sequence[Sample]) -> _Ballot:
    voting = [(sample.answer, sample.is_right) for sample in responses if sample.is_right is not None]
    cast_votes = [(answer.strip(), is_right) for answer, is_right in voting if answer and answer.strip()]
    return _Ballot(
        kind=responses[0].answer_kind or "",
        votes=Counter(answer for answer, _ in cast_votes),
        right=Counter(answer for answer, is_right in cast_votes if is_right),
    )


_Pair = tuple[str, str, str]
"""Kind, first answer, second answer."""


def _equal_pairs(ballots: Iterable[_Ballot]) -> set[_Pair]:
    """Return the pairs of different spellings, in order, that are equal both ways round; all in two batches."""
    pairs = sorted({(each.kind, *pair) for each in ballots for pair in combinations(sorted(each.votes), 2)})
    forth = _graded_equal(pairs)
    back = _graded_equal([(kind, second, first) for kind, first, second in forth])
    return {(kind, first, second) for kind, second, first in back}


def _graded_equal(pairs: Sequence[_Pair]) -> list[_Pair]:
    mathematics = [pair for pair in pairs if pair[0] == "math"]
    questions = [pair for pair in pairs if pair[0] in _BY_RULES and not _are_letters(pair)]
    grades = [
        *grade_answers(
            [gold for _, gold, _ in mathematics],
            [answer for _, _, answer in mathematics],
            timeout_seconds=_TIMEOUT_SECONDS,
        ),
        *grade_qa(
            [_reference(kind, gold) for kind, gold, _ in questions],
            [f"<answer>{answer}</answer>" for _, _, answer in questions],
        ),
    ]
    asked = [*mathematics, *questions]
    return [pair for pair, grade in zip(asked, grades, strict=True) if grade.status is GradeStatus.CORRECT]


def _are_letters(pair: _Pair) -> bool:
    """Return whether both answers are choices by letter, as the grader writes them; these differ where they do."""
    return pair[0] == "choice" and all(map(_LETTERS.fullmatch, pair[1:]))


def _reference(kind: str, answer: str) -> QAReference:
    if kind == "choice":  # told by its text, where the letters are not known
        return QAReference(kind="short", answers=(answer,))
    if kind == "ordered_list":
        return QAReference(kind="list", answers=(answer,), is_ordered=True)
    return QAReference(kind=cast(QAKind, kind), answers=(answer,))


def _count(ballot: _Ballot, equal: set[_Pair]) -> Consensus:
    classes = heaviest_classes(ballot.votes, {(first, second) for kind, first, second in equal if kind == ballot.kind})
    if not classes:
        return Consensus((), 0, 0, 0.0)
    num_votes = sum(ballot.votes[answer] for answer in classes[0])
    num_right = sum(2 * sum(ballot.right[answer] for answer in answers) > num_votes for answers in classes)
    said = [min(answers, key=lambda answer: (-ballot.votes[answer], answer)) for answers in classes]
    return Consensus(tuple(said), num_votes, sum(ballot.votes.values()), num_right / len(classes))


def heaviest_classes(votes: Mapping[str, int], equal: set[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the sets of pairwise equal answers that have the most votes together, in order.

    The search gives up after 100,000 steps and returns the best that it found.

    >>> heaviest_classes({"a": 1, "b": 1, "c": 1, "d": 1}, {("a", "b"), ("b", "c")})
    [('a', 'b'), ('b', 'c')]
    """
    neighbours: dict[str, set[str]] = {answer: set() for answer in votes}
    for first, second in equal:
        if first in neighbours and second in neighbours:
            neighbours[first].add(second)
            neighbours[second].add(first)
    best: list[tuple[str, ...]] = []
    most, num_steps = 0, 0
    stack: list[tuple[tuple[str, ...], list[str]]] = []
    if votes:
        stack.append(((), sorted(votes, key=lambda answer: (-votes[answer], answer))))
    while stack and num_steps < _MAX_STEPS:
        chosen, open_answers = stack.pop()
        num_steps += 1
        weight = sum(votes[answer] for answer in chosen)
        if weight + sum(votes[answer] for answer in open_answers) < most:
            continue
        if not open_answers:
            best = [chosen] if weight > most else [*best, chosen]
            most = max(most, weight)
            continue
        first, rest = open_answers[0], open_answers[1:]
        if not neighbours[first].issuperset(rest):  # else a class without it would only have fewer votes
            stack.append((chosen, rest))
        stack.append(((*chosen, first), [answer for answer in rest if answer in neighbours[first]]))
    return sorted(tuple(sorted(answers)) for answers in best)
