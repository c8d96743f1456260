"""What a reward says of itself: its range, the reference it needs, its weight, and whether the answer is right."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from reasonenv.rewards import CompositeReward, load_reward, rule
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.rewards.compat import open_r1, train_deepseek_r1
from reasonenv.rewards.language import LanguageConsistency
from reasonenv.rewards.length import CosineLength, Length
from reasonenv.rewards.qa import QAAccuracy
from reasonenv.rewards.repetition import RepetitionPenalty
from reasonenv.types import Attempt, MathReference, QAReference, Task


@rule("length")
def length(task, response):
    return len(response)


@rule("one")
def one(task, response):
    return 1.0


def undecorated(task, response):
    return 1.0


def of_domain(domain):
    return Attempt(task=Task(task_id=domain, prompt="?", reference=None, metadata={"domain": domain}), response="abc")


def is_mathematics(task):
    return task.metadata["domain"] == "math"


@pytest.mark.parametrize(
    ("reward", "value_range"),
    [
        (CosineLength(), (-1.0, 1.0)),
        (CosineLength(correct_short=3, correct_long=4, wrong_short=-2, wrong_long=-7), (-7, 4)),
        (CosineLength(correct_short=-4, correct_long=-3, wrong_short=2, wrong_long=1), (-4, 2)),
        (RepetitionPenalty(max_penalty=-0.25), (-0.25, 0.0)),
        (LanguageConsistency(), (0.0, 1.0)),
        (open_r1.cosine(correct_short=0.5, wrong_short=0.0), (-0.5, 1.0)),
        (open_r1.cosine(correct_short=3.0, wrong_long=-2.0), (-2.0, 3.0)),
        (train_deepseek_r1.cosine(), (-0.5, 1.0)),
    ],
)
def test_range_of_a_reward_follows_from_its_arguments(reward, value_range):
    assert reward.value_range == value_range


@pytest.mark.parametrize(
    ("correctness", "kind"), [(Accuracy(), MathReference), (QAAccuracy(), QAReference), (length, None)]
)
@pytest.mark.parametrize("reward", [CosineLength, Length])
def test_a_reward_of_length_needs_the_reference_that_its_correctness_needs(reward, correctness, kind):
    assert reward(correctness=correctness).reference_type is kind


@pytest.mark.parametrize(
    ("components", "is_right"),
    [
        ({"accuracy": 1.0, "qa": 1.0, "format": 0.0}, True),
        ({"accuracy": 1.0, "qa": 0.0, "format": 1.0}, False),
        ({"accuracy": 0.5}, False),
        ({"accuracy": 1.0, "qa": math.nan}, None),
        ({"accuracy": 0.0, "qa": math.nan}, None),
        ({"format": 1.0}, None),
        ({}, None),
    ],
)
def test_an_answer_is_right_where_everything_that_can_tell_says_so(components, is_right):
    reward = load_reward({"accuracy": 0.0, "qa": -1.0, "format": 1.0})
    assert reward.correctness == ("accuracy", "qa")
    assert reward.is_right(components) is is_right


def test_a_rule_says_whether_an_answer_is_right_only_if_it_was_told_to():
    graders = [rule("told", is_correctness=True)(undecorated), rule("untold")(undecorated)]
    assert CompositeReward.of(*graders).correctness == ("told",)
    assert CompositeReward.of(*pickle.loads(pickle.dumps(graders))).correctness == ("told",)


@pytest.mark.parametrize("weight", [2, Fraction(2), np.float32(2)])
def test_weight_may_be_any_real_number(weight):
    (breakdown,) = CompositeReward({"chars": (length, weight)}).score([of_domain("general")])
    assert (breakdown.total, breakdown.weights) == (6.0, {"chars": 2.0})


def test_scaling_multiplies_the_weights_and_keeps_which_task_a_term_is_for():
    terms = {"chars": (length, 2.0), "one": (one, -1.0)}
    scaled = CompositeReward(terms, applies_to={"one": is_mathematics}).scaled(0.5)
    general, math_ = scaled.score([of_domain("general"), of_domain("math")])
    assert dict(general.weights) == {"chars": 1.0}
    assert dict(math_.weights) == {"chars": 1.0, "one": -0.5}
