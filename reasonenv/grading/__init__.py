"""Deciding whether a response gives the gold answer: of a mathematical problem, or of a question of another kind."""

from reasonenv.grading.grade import MAX_ANSWER_CHARS, Grade, GradeStatus
from reasonenv.grading.math.grade import equal, grade_math
from reasonenv.grading.qa.grade import grade_qa, unparsed_rate

__all__ = ["MAX_ANSWER_CHARS", "Grade", "GradeStatus", "equal", "grade_math", "grade_qa", "unparsed_rate"]
