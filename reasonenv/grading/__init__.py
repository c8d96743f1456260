"""Deciding whether an answer equals the gold answer.

See `math` for mathematics and `pool` for its processes, `qa` for questions of every other kind.
"""

from reasonenv.grading.math.grade import GradeStatus, MathGrade, equal, grade_math
from reasonenv.grading.qa.grade import QAGrade, QAStatus, grade_qa, unparsed_rate

__all__ = ["GradeStatus", "MathGrade", "QAGrade", "QAStatus", "equal", "grade_math", "grade_qa", "unparsed_rate"]
