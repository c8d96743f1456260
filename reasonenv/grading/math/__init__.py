"""Grading answers of mathematical problems: reading notation, comparing values, and judging a batch of responses."""

from reasonenv.grading.math.grade import equal, grade_answers, grade_math

__all__ = ["equal", "grade_answers", "grade_math"]
