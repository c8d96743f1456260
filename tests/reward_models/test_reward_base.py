"""The contract: which part is judged, what NaN means, what is counted."""

from __future__ import annotations

import math

import pytest
from length_scorer import LengthScorer

from reward_models import Calibration, Ensemble, HelpfulnessModel, Judgement, RewardModel, SafetyModel
from reward_models.base import JudgedPart, conversation, judged_text, prompt_text, render_dialogue


@pytest.mark.parametrize(
    ("response", "summary"),
    [
        ("<think>long thoughts</think> Answer.", "Answer."),
        ("thoughts</think>Answer.", "Answer."),
        ("<think>a</think>b</think>Answer.", "Answer."),
        ("No tags.", "No tags."),
        ("<think>never ends", ""),
        ("<think></think>", ""),
        ("", ""),
    ],
)
def test_summary_is_what_follows_the_thinking(response: str, summary: str) -> None:
    assert judged_text(JudgedPart.SUMMARY, response) == summary
    assert judged_text(JudgedPart.FULL_RESPONSE, response) == response


def test_helpfulness_judges_the_summary_and_safety_the_whole_response() -> None:
    response = "<think>much text</think>ab"
    assert HelpfulnessModel(LengthScorer()).score(["p"], [response]) == [2.0]
    assert SafetyModel(LengthScorer()).score(["p"], [response]) == [pytest.approx(1 / (1 + math.exp(len(response))))]


def test_safety_is_one_minus_the_probability_of_unsafe() -> None:
    assert SafetyModel(LengthScorer()).score(["p", "p"], ["", "ab"]) == [0.5, pytest.approx(1 / (1 + math.exp(2)))]


def test_a_failed_score_is_nan_with_a_reason_and_never_zero() -> None:
    model = HelpfulnessModel(LengthScorer())
    judgements = model.judge(["p", "p"], ["?", "ok"])
    assert math.isnan(judgements[0].value)
    assert judgements[0].failure == "the model's raw score is nan"
    assert judgements[1] == Judgement(2.0)
    assert (model.counts.num_failed, model.counts.num_scored) == (1, 1)


@pytest.mark.parametrize(("value", "failure"), [(math.nan, None), (0.0, "reason")])
def test_judgement_without_score_needs_a_reason_and_one_with_a_score_has_none(value, failure) -> None:
    with pytest.raises(ValueError, match="NaN exactly when it failed"):
        Judgement(value, failure)


def test_truncated_and_clipped_scores_are_counted_and_flagged() -> None:
    model = HelpfulnessModel(LengthScorer(), Calibration(mean=1.0, std=2.0, clip=3.0))
    judgements = model.judge(["p"] * 3, ["abc", "twelve chars", "12345678"])
    assert [judgement.value for judgement in judgements] == [1.0, 3.0, 3.0]
    assert [judgement.is_truncated for judgement in judgements] == [False, True, False]
    assert (model.counts.num_truncated, model.counts.num_clipped) == (1, 2)


def test_batch_halves_must_match() -> None:
    model = HelpfulnessModel(LengthScorer())
    with pytest.raises(ValueError, match="got 1 and 2"):
        model.score(["p"], ["a", "b"])
    with pytest.raises(TypeError, match="single string"):
        model.score("p", ["a"])
    assert model.score([], []) == []


def test_models_and_ensembles_are_reward_models() -> None:
    model = HelpfulnessModel(LengthScorer())
    assert isinstance(model, RewardModel)
    assert isinstance(Ensemble([model, model]), RewardModel)


def test_models_share_no_counts_and_no_figures() -> None:
    first, second = HelpfulnessModel(LengthScorer()), HelpfulnessModel(LengthScorer())
    first.score(["p"], ["a"])
    assert (first.counts.num_scored, second.counts.num_scored) == (1, 0)
    assert (first.name, SafetyModel(LengthScorer()).name) == ("helpfulness", "safety")


def test_safety_of_an_infinite_logit_is_a_failure_and_not_a_perfect_score() -> None:
    judgements = SafetyModel(LengthScorer()).judge(["p"] * 2, ["-inf", "ok"])
    assert judgements[0].failure == "the model's raw score is -inf"
    assert judgements[1].failure is None


def test_conversation_is_rendered_as_a_dialogue() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert prompt_text(turns) == "\n\nSystem: Be brief.\n\nHuman: Hi"
    assert prompt_text([{"role": "tool", "content": "42"}]) == "\n\ntool: 42"
    assert render_dialogue(turns, "Hello.") == "\n\nSystem: Be brief.\n\nHuman: Hi\n\nAssistant: Hello."


def test_prompt_and_response_are_messages_that_end_with_the_assistant() -> None:
    turns = ({"role": "system", "content": "s"}, {"role": "user", "content": "p"})
    assert conversation("p", "r") == [{"role": "user", "content": "p"}, {"role": "assistant", "content": "r"}]
    assert conversation(turns, "r") == [*turns, {"role": "assistant", "content": "r"}]
