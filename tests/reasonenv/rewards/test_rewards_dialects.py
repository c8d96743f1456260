"""How the origins tell math-verify to read a response: units, brackets, short fractions, boxes before other answers.

Each configures it with `units=True`, `malformed_operators=False` (TRL leaves that and `basic_latex=True` at their
defaults), `boxed_match_priority=0` and `try_extract_without_anchor=False`.
"""

from __future__ import annotations

import pytest
from patient_rewards import patient

from reasonenv.rewards.base import Reward
from reasonenv.rewards.compat import open_r1, train_deepseek_r1, trl
from reasonenv.types import Attempt, MathReference, Task

READINGS = {
    "a unit is dropped": (r"\boxed{5}", r"\boxed{5\text{ cm}}", 1.0),
    "sized brackets are brackets": (r"\boxed{5}", r"\boxed{\left(5\right)}", 1.0),
    "a fraction without braces is not repaired": (r"\boxed{\frac{1}{2}}", r"\boxed{\frac12}", 0.0),
    "a root without braces is not repaired": (r"\boxed{\sqrt{5}}", r"\boxed{\sqrt5}", 0.0),
    "a box goes before an announced answer": (r"\boxed{7}", r"The final answer is $5$. I hope. \boxed{7}", 1.0),
    "a formula that nothing announces is no answer": (r"\boxed{5}", "$5$", 0.0),
}
ORIGINS: dict[str, Reward] = {
    "open_r1": open_r1.accuracy(),
    "open_r1 by length": open_r1.cosine(correct_short=1.0, correct_long=1.0, wrong_short=0.0, wrong_long=0.0),
    "trl": trl.accuracy(),
    "train_deepseek_r1": train_deepseek_r1.accuracy(),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_response_is_read_as_the_origin_has_it_read(origin: str) -> None:
    attempts = [
        Attempt(task=Task(task_id="t/1", prompt="", reference=MathReference(answer=gold)), response=response)
        for gold, response, _ in READINGS.values()
    ]
    scores = patient(ORIGINS[origin]).score(attempts)
    got = {reading: score.value for reading, score in zip(READINGS, scores, strict=True)}
    assert got == {reading: expected for reading, (*_, expected) in READINGS.items()}
