"""Terms of a composite reward: to which tasks they apply, and when they compute."""

import pytest
from test_rewards_base import attempts, length

from reasonenv.rewards import CompositeReward, rule
from reasonenv.types import (
    Attempt,
    Score,
    Task,
)


def of_domain(domain, response="ab"):
    return Attempt(
        task=Task(task_id=domain, prompt="?", reference=None, metadata={"domain": domain}), response=response
    )


def is_mathematics(task):
    return task.metadata["domain"] == "math"


def test_term_that_does_not_apply_is_absent_and_never_sees_the_attempt():
    seen = []

    @rule("picky")
    def picky(task, response):
        seen.append(task.task_id)
        return 3.0

    composite = CompositeReward({"chars": (length, 1.0), "picky": (picky, 2.0)}, applies_to={"picky": is_mathematics})
    general, math_ = composite.score([of_domain("general"), of_domain("math")])
    assert seen == ["math"]
    assert (dict(general.components), dict(general.weights), general.total) == ({"chars": 2.0}, {"chars": 1.0}, 2.0)
    assert (dict(math_.components), math_.total) == ({"chars": 2.0, "picky": 3.0}, 8.0)


def test_task_to_which_no_term_applies_is_an_error_that_names_it():
    composite = CompositeReward({"chars": (length, 1.0)}, applies_to={"chars": is_mathematics})
    with pytest.raises(ValueError, match="No term of the reward applies to task 'general'"):
        composite.score([of_domain("general")])


def test_condition_for_no_term_is_an_error():
    with pytest.raises(ValueError, match=r"\['picky'\], which are no terms"):
        CompositeReward({"chars": (length, 1.0)}, applies_to={"picky": is_mathematics})


class Slow:
    """Computes in the background; keeps what happened, in order."""

    name = "slow"

    def __init__(self, events):
        self.events = events

    def score(self, attempts):
        return self.start_scoring(attempts)()

    def start_scoring(self, attempts):
        self.events.append("started")

        def wait():
            self.events.append("waited")
            return [Score(1.0) for _ in attempts]

        return wait


def test_rules_score_while_the_background_computes():
    events = []

    @rule("quick")
    def quick(task, response):
        events.append("rule")
        return 1.0

    composite = CompositeReward({"slow": (Slow(events), 1.0), "quick": (quick, 1.0)})
    (breakdown,) = composite.score(attempts("ab"))
    assert events == ["started", "rule", "waited"]
    assert list(breakdown.components) == ["slow", "quick"]
