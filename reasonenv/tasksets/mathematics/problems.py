"""The form that all mathematical families share."""

from __future__ import annotations

from reasonenv.tasksets.base import Problem
from reasonenv.types import MathReference


def computed(prompt: str, answer: str, *steps: str) -> Problem:
    """Return a problem whose answer must be worked out, with a solution of one step a line."""
    return Problem(prompt=prompt, reference=MathReference(answer=answer, is_worked_out=True), solution="\n".join(steps))
