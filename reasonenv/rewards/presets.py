"""Combinations of rewards that papers and projects trained with; `compat` has the exact numbers of other projects.

What each pays for garbage is in `docs/garbage.md`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from reasonenv.rewards.accuracy import Accuracy
from reasonenv.rewards.code import CodeAllPassed
from reasonenv.rewards.composite import CompositeReward
from reasonenv.rewards.format import CodeFormat, Format, TagCount
from reasonenv.rewards.language import LanguageConsistency
from reasonenv.rewards.length import CosineLength
from reasonenv.rewards.neural import helpfulness, safety
from reasonenv.rewards.qa import QAAccuracy
from reasonenv.rewards.reasoning import ReasoningSteps
from reasonenv.rewards.repetition import RepetitionPenalty
from reasonenv.types import CodeReference, MathReference, QAReference, Task

__all__ = ["open_r1", "r1_all_scenarios", "r1_code", "r1_qa", "r1_reasoning", "r1_zero", "train_deepseek_r1"]


def r1_zero() -> CompositeReward:
    """Return accuracy + format, with equal weight (arXiv 2501.12948, section 2.2.2)."""
    return CompositeReward.of(Accuracy(), Format())


def r1_reasoning() -> CompositeReward:
    """Return accuracy + format + language consistency, with equal weight (arXiv 2501.12948, section 2.3.2)."""
    return CompositeReward.of(Accuracy(), Format(), LanguageConsistency())


def r1_code() -> CompositeReward:
    """Return all hidden tests passed + code format, with equal weight (arXiv 2501.12948, section 2.2.2)."""
    return CompositeReward.of(CodeAllPassed(), CodeFormat())


def r1_qa() -> CompositeReward:
    """Return qa + format, with equal weight: `r1_zero` for questions that are not mathematics."""
    return CompositeReward.of(QAAccuracy(), Format())


def r1_all_scenarios() -> CompositeReward:
    """Return the reward of the last stage, which depends on the kind of task (arXiv 2501.12948, section 2.3.4).

    Mathematics by accuracy, programs by their tests, questions by their reference answer; a request without one by the
    helpfulness or the safety model, as its `metadata["preference_set"]` says. Format and language consistency for all.
    The models are the small embedded ones; `CompositeReward(…, applies_to=…)` and `NeuralReward` combine others alike.

    Where nothing is right or wrong, garbage can earn as much as an honest attempt, or more: a text that keeps every
    constraint is paid whatever it says, for no rule tells whether it answers the request, and a small model can be
    pleased by what it has never seen. `docs/garbage.md` has the numbers. Train with models of your own there.
    """
    terms = (Accuracy(), CodeAllPassed(), QAAccuracy(), helpfulness(), safety(), Format(), LanguageConsistency())
    return CompositeReward(
        {term.name: (term, 1.0) for term in terms},
        applies_to={
            "accuracy": partial(_has_reference, MathReference),
            "code_all_passed": partial(_has_reference, CodeReference),
            "qa": _is_closed_question,
            "helpfulness": partial(_is_in_preference_set, "helpfulness"),
            "safety": partial(_is_in_preference_set, "safety"),
        },
    )


def _has_reference(kind: type, task: Task[Any]) -> bool:
    return isinstance(task.reference, kind)


def _is_closed_question(task: Task[Any]) -> bool:
    return isinstance(task.reference, QAReference) and task.reference.kind != "open"


def _is_in_preference_set(name: str, task: Task[Any]) -> bool:
    return task.metadata.get("preference_set") == name


def train_deepseek_r1() -> CompositeReward:
    """Return the five rewards of train-deepseek-r1, without what pays a wrong answer for its looks.

    accuracy + format + reasoning steps of right answers + cosine of length (1 to 0.8 if right, over 1000 characters,
    −0.5 if wrong) + repetition penalty (at most −0.1). The project itself also pays steps of wrong answers, and longer
    wrong answers more (−0.5 to −0.1): three list items and a thousand blanks earn 1.90 there, an honest wrong answer
    0.52, and no rule tells words from reasoning. `compat_train_deepseek_r1` has its numbers.
    """
    cosine = CosineLength(correct_short=1.0, correct_long=0.8, wrong_short=-0.5, wrong_long=-0.5, max_length=1000)
    steps = ReasoningSteps(correctness=Accuracy())
    return CompositeReward.of(Accuracy(), Format(), steps, cosine, RepetitionPenalty(max_penalty=-0.1))


def open_r1() -> CompositeReward:
    """Return open-r1's default, accuracy + format + tag count, as defined here; see `compat` for its numbers."""
    return CompositeReward.of(Accuracy(), Format(), TagCount())
