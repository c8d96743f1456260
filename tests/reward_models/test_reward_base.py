"""The contract: which part is judged, what NaN means, what is counted, and what a saved folder holds."""

from __future__ import annotations

import json
import math

import pytest
from tiny_backbones import LengthScorer, decoder_scorer

from reward_models import Calibration, Ensemble, HelpfulnessModel, Judgement, RewardModel, SafetyModel, load
from reward_models.base import JudgedPart, conversation, judged_text, prompt_text, render_dialogue
from reward_models.errors import LoadError
from reward_models.models.saving import read_card


@pytest.mark.parametrize(
    ("response", "summary"),
    [
        ("<think>long thoughts</think> Answer.", "Answer."),
        ("thoughts</think>Answer.", "Answer."),
        ("<think>a</think>b</think>Answer.", "Answer."),
        ("No tags.", "No tags."),
        ("<think>a</think>\n<answer> Answer.\n</answer>", "Answer."),
        ("<think>a</think>Here: <answer>4</answer> apples.", "Here: 4 apples."),
        ("<think><answer>4</answer>", ""),
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


class FullDiskScorer(LengthScorer):
    """Cannot be saved."""

    def save(self, folder) -> dict:
        raise OSError("no space left")


def test_saved_card_is_read_back(tmp_path) -> None:
    model = HelpfulnessModel(LengthScorer(), Calibration(clip=3.0), figures={"auc": 0.5}, notice="small", name="mine")
    model.save(tmp_path / "model")
    card = read_card(tmp_path / "model")
    assert (card.kind, card.name, card.scorer) == ("helpfulness", "mine", "length")
    assert (card.calibration, card.figures, card.notice) == (model.calibration, model.figures, "small")
    assert card.settings == {"unit": "characters"}


def test_saving_replaces_a_model_and_leaves_no_draft(tmp_path) -> None:
    for name in ("first", "second"):
        SafetyModel(LengthScorer(), name=name).save(tmp_path / "model")
    assert read_card(tmp_path / "model").name == "second"
    assert read_card(tmp_path / "model").calibration == Calibration()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_saving_over_something_else_is_refused_and_leaves_it_alone(tmp_path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1").write_text("words")
    with pytest.raises(LoadError, match="something else than a reward model"):
        HelpfulnessModel(LengthScorer()).save(tmp_path / "thesis")
    assert [path.name for path in tmp_path.rglob("*")] == ["thesis", "chapter1"]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 2}'])
def test_unreadable_card_is_refused(tmp_path, content: str) -> None:
    (tmp_path / "reward_model.json").write_text(content)
    with pytest.raises(LoadError, match=r"reward_model\.json"):
        read_card(tmp_path)


def test_card_says_what_is_wrong_with_its_calibration(tmp_path) -> None:
    SafetyModel(LengthScorer()).save(tmp_path / "model")
    path = tmp_path / "model" / "reward_model.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "calibration": {"mean": 0.0, "std": 0.0, "clip": None}}))
    with pytest.raises(LoadError, match="std > 0"):
        read_card(tmp_path / "model")


def test_folder_without_a_card_is_refused(tmp_path) -> None:
    with pytest.raises(LoadError, match="no reward model that this package saved"):
        read_card(tmp_path)


def test_remarks_that_somebody_adds_to_a_card_are_ignored(tmp_path) -> None:
    SafetyModel(LengthScorer(), name="mine").save(tmp_path / "model")
    path = tmp_path / "model" / "reward_model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "remark": "of May"}))
    assert read_card(tmp_path / "model").name == "mine"


def test_card_has_the_form_that_earlier_versions_wrote(tmp_path) -> None:
    SafetyModel(LengthScorer(), Calibration(mean=0.5, clip=2.0), {"auc": 0.75}, name="mine").save(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "reward_model.json").read_text()) == {
        "format": 1,
        "kind": "safety",
        "name": "mine",
        "scorer": "length",
        "calibration": {"mean": 0.5, "std": 1.0, "clip": 2.0},
        "settings": {"unit": "characters"},
        "figures": {"auc": 0.75},
        "notice": None,
    }


def test_model_that_cannot_be_saved_leaves_the_older_one_and_no_draft(tmp_path) -> None:
    HelpfulnessModel(LengthScorer(), name="first").save(tmp_path / "model")
    with pytest.raises(OSError, match="no space left"):
        HelpfulnessModel(FullDiskScorer(), name="second").save(tmp_path / "model")
    assert read_card(tmp_path / "model").name == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_limit_of_tokens_calibration_and_name_are_restored(tmp_path) -> None:
    model = HelpfulnessModel(decoder_scorer(max_tokens=64), Calibration(mean=0.25, std=2.0), name="mine")
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.scorer.max_tokens == 64
    assert (again.name, again.calibration) == ("mine", Calibration(mean=0.25, std=2.0))
    assert again.score(["q"], ["a"]) == model.score(["q"], ["a"])
