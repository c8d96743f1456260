import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonenv.errors import UnknownNameError
from reasonenv.rewards import PRESETS, REWARDS, CompositeReward, Reward, load_reward, rule
from reasonenv.rewards.unscored import UnscoredWarning
from reasonenv.types import (
    Attempt,
    CallTests,
    CodeReference,
    MathReference,
    QAReference,
    Score,
    ScoreStatus,
    Task,
)

TASK = Task(task_id="sums/00001", prompt="2+3=?", reference=MathReference(answer="5"))
QUESTION = replace(TASK, reference=QAReference(kind="number", answers=("5",)))
PROGRAM = replace(
    TASK, reference=CodeReference(tests=CallTests("f", (((2,), 5),)), reference_program="def f(x):\n    return x + 3\n")
)
TASK_OF_REWARD = {"qa": QUESTION, "r1_qa": QUESTION} | dict.fromkeys(
    ("r1_code", "code_pass_rate", "code_all_passed", "code_efficiency"), PROGRAM
)


def attempts(*responses, task=TASK):
    return [
        Attempt(task=task, response=response, token_ids=tuple(map(ord, response)), group_id=0) for response in responses
    ]


def attempts_for(name, *responses):
    return attempts(*responses, task=TASK_OF_REWARD.get(name, TASK))


@rule("length")
def length(task, response):
    return len(response)


@rule("picky")
def picky(task, response):
    return Score.failed("too long") if len(response) > 3 else Score(1.0, details={"seen": response})


@rule("broken")
def broken(task, response):
    raise ZeroDivisionError("by the rule")


def tagged(task, response):
    """Count tags."""
    return response.count("<")


tagged.name = "an attribute"


class TooFew:
    name = "too_few"

    def score(self, attempts):
        return [Score(1.0)]


class Bare:
    name = "bare"

    def score(self, attempts):
        return [1.0 for _ in attempts]


def test_rule_scores_a_batch_in_order():
    assert [score.value for score in length.score(attempts("a", "", "abc"))] == [1.0, 0.0, 3.0]


def test_rule_is_still_callable_as_the_function_it_was():
    assert length(TASK, "abcd") == 4


def test_rule_keeps_the_score_that_a_function_returns():
    assert picky.score(attempts("ab"))[0] == Score(1.0, details={"seen": "ab"})


def test_rule_has_the_name_it_was_given_and_the_documentation_of_its_function():
    documented = rule("measured")(tagged)
    assert (documented.name, documented.__name__, documented.__doc__) == ("measured", "tagged", "Count tags.")
    assert documented.function is documented.__wrapped__ is tagged


def test_attributes_of_the_function_do_not_replace_those_of_the_rule():
    assert rule("measured")(tagged).name == "measured"


def test_rule_pickles_to_itself():
    assert pickle.loads(pickle.dumps(length)) is length


def undecorated(task, response):
    return 1.0


def test_rule_of_an_undecorated_function_pickles_to_an_equal_rule():
    lifted = rule("lifted")(undecorated)
    assert pickle.loads(pickle.dumps(lifted)) == lifted


def test_exception_of_a_rule_propagates_and_names_rule_and_task():
    with pytest.raises(ZeroDivisionError) as caught:
        broken.score(attempts("a"))
    assert caught.value.__notes__ == ["While the rule 'broken' scored task 'sums/00001'."]


def test_rule_that_returns_nan_is_an_error_and_not_a_score():
    with pytest.raises(ValueError, match="NaN"):
        rule("nan")(lambda task, response: math.nan).score(attempts("a"))


@pytest.mark.parametrize("value", [math.inf, -math.inf, 10**400])
def test_rule_that_returns_no_finite_number_is_refused_and_named(value):
    with pytest.raises((ValueError, TypeError), match="number") as caught:
        rule("endless")(lambda task, response: value).score(attempts("a"))
    assert caught.value.__notes__ == ["While the rule 'endless' scored task 'sums/00001'."]


def failing(num_failed, num_attempts, group_id=0):
    responses = ["fail"] * num_failed + ["ok"] * (num_attempts - num_failed)
    return [replace(attempt, group_id=group_id) for attempt in attempts(*responses)]


@rule("fragile")
def fragile(task, response):
    return Score.failed("told to") if response == "fail" else 1.0


def test_group_with_many_attempts_without_a_score_is_warned_of_once():
    reward = CompositeReward.of(fragile)
    batch = [*failing(2, 4, group_id=7), *failing(0, 12, group_id=8)]
    with pytest.warns(UnscoredWarning, match=r"2 of the 4 attempts of group 7 \(task 'sums/00001'\).*told to"):
        reward.score(batch)
    assert reward.score(batch)[0].status is ScoreStatus.GRADER_FAILED


@pytest.mark.parametrize(("num_failed", "num_attempts"), [(0, 4), (1, 4), (3, 3), (2, 8)])
def test_few_attempts_without_a_score_are_no_alarm(num_failed, num_attempts):
    assert len(CompositeReward.of(fragile).score(failing(num_failed, num_attempts))) == num_attempts


def test_batch_without_groups_has_its_alarm():
    batch = [replace(attempt, group_id=None) for attempt in failing(3, 8)]
    with pytest.warns(UnscoredWarning, match="3 of the 8 attempts of the batch"):
        CompositeReward.of(fragile).score(batch)


def test_total_is_the_weighted_sum_with_every_component_kept():
    composite = CompositeReward({"chars": (length, 0.5), "picky": (picky, -2.0)})
    (breakdown,) = composite.score(attempts("ab"))
    assert breakdown.total == 0.5 * 2 - 2.0 * 1
    assert breakdown.components == {"chars": 2.0, "picky": 1.0}
    assert breakdown.weights == {"chars": 0.5, "picky": -2.0}
    assert breakdown.details == {"chars": {}, "picky": {"seen": "ab"}}
    assert breakdown.status is ScoreStatus.SCORED


def test_total_is_nan_exactly_where_a_component_failed():
    composite = CompositeReward({"chars": (length, 1.0), "picky": (picky, 1.0)})
    failed, scored = composite.score(attempts("abcd", "ab"))
    assert math.isnan(failed.total)
    assert failed.status is ScoreStatus.GRADER_FAILED
    assert failed.components["chars"] == 4.0
    assert (scored.total, scored.status) == (3.0, ScoreStatus.SCORED)


def test_component_with_weight_zero_is_recorded_and_adds_nothing():
    (breakdown,) = CompositeReward({"chars": (length, 0.0)}).score(attempts("ab"))
    assert (breakdown.total, breakdown.components) == (0.0, {"chars": 2.0})


def test_empty_batch_scores_to_an_empty_list():
    assert load_reward("r1_zero").score([]) == []


@pytest.mark.parametrize("weight", [math.nan, math.inf, -math.inf])
def test_weight_must_be_finite(weight):
    with pytest.raises(ValueError, match="'chars' must be finite"):
        CompositeReward({"chars": (length, weight)})


@pytest.mark.parametrize("name", ["", "two words", "a-b", "1st"])
def test_name_of_a_term_must_be_an_identifier(name):
    with pytest.raises(ValueError, match="identifier"):
        CompositeReward({name: (length, 1.0)})


def test_sum_of_rewards_gives_each_weight_one_and_its_own_name():
    (breakdown,) = CompositeReward.of(length, picky).score(attempts("ab"))
    assert (breakdown.total, breakdown.weights) == (3.0, {"length": 1.0, "picky": 1.0})


@pytest.mark.parametrize(
    ("task", "own"),
    [
        (TASK, {"accuracy"}),
        (QUESTION, {"qa"}),
        (PROGRAM, {"code_all_passed"}),
        (
            replace(TASK, reference=QAReference(kind="open"), metadata={"preference_set": "helpfulness"}),
            {"helpfulness"},
        ),
        (replace(TASK, reference=None, metadata={"preference_set": "safety"}), {"safety"}),
    ],
)
def test_reward_of_all_scenarios_has_one_grader_for_each_kind_of_task(task, own):
    reward = load_reward("r1_all_scenarios")
    applies = {name for name in reward.terms if name not in reward.applies_to or reward.applies_to[name](task)}
    assert applies == own | {"format", "language_consistency"}


def test_rewards_of_one_name_cannot_be_summed():
    with pytest.raises(ValueError, match=r"name of its own, got \['length', 'length'\]"):
        CompositeReward.of(length, length)


def test_composite_needs_a_term():
    with pytest.raises(ValueError, match="at least one"):
        CompositeReward({})


def test_plain_function_as_term_is_told_to_use_the_decorator():
    with pytest.raises(TypeError, match="@rule"):
        CompositeReward({"undecorated": (undecorated, 1.0)})


@pytest.mark.parametrize("reward", [TooFew(), Bare()])
def test_reward_must_return_one_score_per_attempt(reward):
    with pytest.raises(ValueError, match="one Score per attempt: 2 attempts"):
        load_reward(reward).score(attempts("a", "b"))


@pytest.mark.parametrize("name", REWARDS)
def test_every_row_is_a_reward_that_pickles_and_has_the_name_of_its_row(name):
    composite = load_reward(name)
    reward, weight = composite.terms[name]
    assert isinstance(reward, Reward)
    assert weight == 1.0
    assert pickle.loads(pickle.dumps(reward)) == reward


@pytest.mark.parametrize("name", [*REWARDS, *PRESETS])
@pytest.mark.parametrize("response", ["", "\0", "\ud800", "<think>", "x" * 100_000, "🙂<answer>"])
def test_every_reward_scores_any_text(name, response):
    (breakdown,) = load_reward(name).score(attempts_for(name, response))
    assert math.isfinite(breakdown.total)


RANGES = {
    "helpfulness": (-3, 3),
    "repetition_penalty": (-1, 0),
    "soft_overlong": (-1, 0),
    "cosine_length": (-1, 1),
    "cosine": (-1, 1),
    "length": (-0.5, 0.5),
}
"""Where a reward leaves [0, 1], by the end of its name."""
FRAGMENTS = [
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    r"\boxed{5}",
    "5",
    "1. ",
    "\n- ",
    "First, ",
    "我们",
    "so ",
    "```",
]


def range_of(name):
    return next((limits for end, limits in RANGES.items() if name.endswith(end)), (0, 1))


@pytest.mark.parametrize("name", REWARDS)
@settings(max_examples=15)
@given(st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join) | st.text(), max_size=4))
def test_every_reward_stays_in_its_range(name, responses):
    low, high = range_of(name)
    assert all(low <= breakdown.total <= high for breakdown in load_reward(name).score(attempts_for(name, *responses)))


def test_tables_share_no_name():
    assert not set(REWARDS) & set(PRESETS)


def test_composite_is_loaded_as_it_is():
    composite = CompositeReward({"chars": (length, 2.0)})
    assert load_reward(composite) is composite


def test_reward_is_loaded_with_weight_one():
    assert load_reward(length).weights == {"length": 1.0}


def test_unknown_name_offers_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        load_reward("acuracy")


def test_neither_name_nor_reward_is_a_type_error():
    with pytest.raises(TypeError, match=r"got 3 \(int\)"):
        load_reward(3)


@pytest.mark.parametrize(
    ("response", "total"),
    [
        ("<think>2+3</think><answer>5</answer>", 2.0),
        ("<think>2+3</think><answer>6</answer>", 1.0),
        (r"\boxed{5}", 1.0),
        ("5", 0.0),
    ],
)
def test_r1_zero_is_accuracy_plus_format(response, total):
    assert load_reward("r1_zero").score(attempts(response))[0].total == total


def test_r1_reasoning_adds_language_consistency():
    right = "<think>We add two and three, which gives five in the end.</think><answer>5</answer>"
    (breakdown,) = load_reward("r1_reasoning").score(attempts(right))
    assert breakdown.weights == {"accuracy": 1.0, "format": 1.0, "language_consistency": 1.0}
    assert breakdown.total == 3.0


def test_train_deepseek_r1_has_five_rewards_with_its_limits():
    response = "<think>Step 1: 2+3\n- it is 5</think><answer>5</answer>"
    (breakdown,) = load_reward("train_deepseek_r1").score(attempts(response.ljust(500)))
    assert breakdown.components == pytest.approx(
        {"accuracy": 1.0, "format": 1.0, "reasoning_steps": 2 / 3, "cosine_length": 0.9, "repetition_penalty": 0.0}
    )
    assert set(breakdown.weights.values()) == {1.0}
    (wrong,) = load_reward("train_deepseek_r1").score(attempts(response.replace("5</answer>", "6</answer>")))
    assert (wrong.total, wrong.components["reasoning_steps"], wrong.components["cosine_length"]) == (0.5, 0.0, -0.5)


def test_open_r1_is_accuracy_format_and_tag_count():
    (breakdown,) = load_reward("open_r1").score(attempts("<think>2+3</think><answer>5"))
    assert breakdown.components == {"accuracy": 0.0, "format": 0.0, "tag_count": 0.75}
