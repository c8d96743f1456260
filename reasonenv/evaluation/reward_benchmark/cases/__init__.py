"""The cases of the reward benchmark: labelled responses and a catalogue of exploits.

The labels come from how a case was made, never from a grader; the tests confirm them by computing the values another
way. A pair on which sensible policies differ (does 12 answer 12 cm?) is no case.
"""

from reasonenv.evaluation.reward_benchmark.cases.domains import REWARD_OF, CaseSet, Domain, domain_cases
from reasonenv.evaluation.reward_benchmark.cases.files import load_cases
from reasonenv.evaluation.reward_benchmark.cases.labelled import (
    ANSWER_TYPES,
    QA_ANSWER_TYPES,
    labelled_answers,
    labelled_responses,
)

__all__ = [
    "ANSWER_TYPES",
    "QA_ANSWER_TYPES",
    "REWARD_OF",
    "CaseSet",
    "Domain",
    "domain_cases",
    "labelled_answers",
    "labelled_responses",
    "load_cases",
]
