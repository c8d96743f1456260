"""Questions that are generated, each with an answer that a rule can grade, and requests that only a model can judge.

Everything that an answer depends on stands in the question. People and places are made up for one question each, so
nothing can be known in advance and nothing is true by chance.
"""

from __future__ import annotations

__all__ = ["OPEN_FAMILIES", "QA_FAMILIES"]

QA_FAMILIES: dict[str, str] = {
    "qa_facts": "reasonenv.tasksets.questions.knowledge:qa_facts",
    "qa_multi_hop": "reasonenv.tasksets.questions.knowledge:qa_multi_hop",
    "qa_tables": "reasonenv.tasksets.questions.tables:qa_tables",
    "qa_reading": "reasonenv.tasksets.questions.passages:qa_reading",
    "qa_citations": "reasonenv.tasksets.questions.passages:qa_citations",
    "qa_dates": "reasonenv.tasksets.questions.dates:qa_dates",
    "qa_units": "reasonenv.tasksets.questions.units:qa_units",
    "qa_ordering": "reasonenv.tasksets.questions.ordering:qa_ordering",
    "qa_knights": "reasonenv.tasksets.questions.logic:qa_knights",
    "qa_syllogisms": "reasonenv.tasksets.questions.logic:qa_syllogisms",
    "qa_assignments": "reasonenv.tasksets.questions.assignments:qa_assignments",
    "qa_instructions": "reasonenv.tasksets.questions.instructions:qa_instructions",
}
"""Name → `Family` whose answers a rule grades; a row in the table of task sets."""

OPEN_FAMILIES: dict[str, str] = {"open_requests": "reasonenv.tasksets.questions.requests:open_requests"}
"""Name → `Family` of requests without a reference answer; a row in the table of task sets."""
