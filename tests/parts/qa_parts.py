"""Scoring one response to a question."""

from __future__ import annotations

from typing import Any

from reasonenv.grading import grade_qa
from reasonenv.types import QAKind, QAReference

CHOICES = ("Paris", "London", "A dog", "Berlin")


def score(response: str, *answers: str, kind: QAKind = "short", **fields: Any) -> float:
    return grade_qa([QAReference(kind=kind, answers=answers, **fields)], [response])[0].score
