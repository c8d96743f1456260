"""Grading answers of mathematical problems: reading notation, comparing values, and judging a batch of responses."""

from reasonenv.grading.math.grade import MAX_ANSWER_CHARS, GradeStatus, MathGrade, equal, grade_answers, grade_math

__all__ = ["MAX_ANSWER_CHARS", "GradeStatus", "MathGrade", "equal", "grade_answers", "grade_math"]
