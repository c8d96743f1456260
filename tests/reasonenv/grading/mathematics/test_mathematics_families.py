"""However a right answer is written, every family pays it; the question itself is paid by none."""

from __future__ import annotations

import re

import pytest

from reasonenv.parsing import extract_answer
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.tasksets import load_tasks
from reasonenv.tasksets.mathematics import FAMILIES
from reasonenv.types import Attempt

INDICES = (0, 7, 301, 900)
THINKING = "<think>Let me see. 3 + 4 = 7, so that works.</think>"
ANY = [
    "$G$",
    "$$G$$",
    r"\(G\)",
    r"\[G\]",
    r"\[ G. \]",
    "**$G$**",
    r"**\(G\)**",
    "G.",
    r"$\boxed{G}$",
    r"\fbox{G}",
    r"\boxed{\displaystyle G}",
    r"\boxed{\,G\,}",
    r"\boxed{\mathbf{G}}",
    "`G`",
    "{G}",
    r"$\,G\,$",
    r"$\left. G \right.$",
    r"$$\nG\n$$".replace(r"\n", "\n"),
]
WHOLE = [
    r"\boxed{G}",
    r"So we get $\boxed{G}$.",
    r"Therefore, the answer is \[\boxed{G}.\]",
    "The answer is $G$.",
    r"The answer is \(G\).",
    "The final answer is $G$.",
    "The final answer is: $G$",
    "Answer: $G$",
    "**Answer:** $G$",
    "**Answer: $G$**",
    "Final answer: **$G$**",
    "#### $G$",
    "So the answer is $G$. I hope it is correct.",
    "The answer is $G$.<|im_end|>",
    r"\boxed{G}<|endoftext|>",
    "答案是 $G$。",
    "答案是：$G$。",
    "故答案为：$G$。",
    r"因此,答案是 $\boxed{G}$。",
    "### Final Answer\n\n$G$",
    f"{THINKING}\\boxed{{G}}",
    f"{THINKING}<answer>\\boxed{{G}}</answer>",
    f"{THINKING}\n<answer>\n$G$\n</answer>",
]
FORMULA = [
    "x = G",
    "$x = G$",
    r"\text{Answer} = G",
    r"f(4) = G",
    r"P(A) = G",
    r"\text{Area} = G",
    "a + b = G",
]
NUMBER = [
    r"G \text{ cm}",
    r"G\text{ cm}^2",
    "G cm^2",
    r"G\ \mathrm{m}",
    "G apples",
    "+G",
    "(G)",
]
FORMULA_OF_QUESTION = re.compile(r"\$((?![a-z_\d]+ = -?\d+\$)[^$]+)\$")
"""A formula that does not give away a value, as one that begins a sequence does."""


def is_number(gold):
    return re.fullmatch(r"-?(?:\d+(?:/\d+)?|\\frac\{\d+\}\{\d+\})", gold) is not None


def attempts_of(name, wrappers, is_wrapped):
    tasks = [load_tasks(name)[index] for index in INDICES]
    tasks = [task for task in tasks if is_wrapped(task.reference.answer)]
    return [
        Attempt(task=task, response=wrapper.replace("G", task.reference.answer))
        for task in tasks
        for wrapper in wrappers
    ]


def unpaid(attempts):
    scores = Accuracy(timeout_seconds=60).score(attempts)
    return [
        (attempt.task.reference.answer, attempt.response, score.details["status"])
        for attempt, score in zip(attempts, scores, strict=True)
        if score.value != 1.0
    ]


def in_answer(wrappers):
    return [f"{THINKING}<answer>{wrapper}</answer>" for wrapper in wrappers]


@pytest.mark.parametrize("name", FAMILIES)
def test_family_pays_its_own_gold_however_it_is_delimited_or_said(name):
    assert unpaid(attempts_of(name, in_answer(ANY) + WHOLE, lambda gold: True)) == []


@pytest.mark.parametrize("name", FAMILIES)
def test_family_pays_its_own_gold_behind_a_name_and_before_a_unit(name):
    named = attempts_of(name, in_answer(FORMULA), lambda gold: is_number(gold) or gold.endswith("x"))
    measured = attempts_of(name, in_answer(NUMBER), lambda gold: is_number(gold) and not gold.startswith("-"))
    assert unpaid(named + measured) == []


@pytest.mark.parametrize("name", FAMILIES)
def test_no_family_pays_its_question_repeated(name):
    tasks = [load_tasks(name)[index] for index in range(40)]
    echoes = [
        (task, f"<answer>{echo}</answer>")
        for task in tasks
        for echo in (
            task.prompt,
            task.prompt.partition(": ")[2] or task.prompt,
            *FORMULA_OF_QUESTION.findall(task.prompt),
        )
    ]
    attempts = [Attempt(task=task, response=response) for task, response in echoes]
    paid = [score.value == 1.0 for score in Accuracy(timeout_seconds=60).score(attempts)]
    assert [attempt.response for attempt, is_paid in zip(attempts, paid, strict=True) if is_paid] == []


def test_there_are_forty_wrappers_that_say_something_else_each():
    said = {extract_answer(wrapper) for wrapper in in_answer(ANY + FORMULA + NUMBER)}
    assert len(said) + len(set(WHOLE)) >= 40
