"""Grading answers of questions that are not mathematics: one module per kind of answer."""

from reasonenv.grading.qa.grade import QAGrade, QAStatus, grade_qa, unparsed_rate

__all__ = ["QAGrade", "QAStatus", "grade_qa", "unparsed_rate"]
