"""Grading answers of questions that are not mathematics: one module per kind of answer."""

from reasonenv.grading.qa.grade import grade_qa, unparsed_rate

__all__ = ["grade_qa", "unparsed_rate"]
