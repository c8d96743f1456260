"""The contract: which part is judged, what NaN means, what is counted."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from reward_models import Calibration, Ensemble, HelpfulnessModel, Judgement, RewardModel, SafetyModel
from reward_models.base import JudgedPart, judged_text, prompt_text
from reward_models.calibration import fit_calibration
from reward_models.errors import LoadError
from reward_models.models.ensemble import mean, mean_minus_std, minimum
from reward_models.models.saving import read_card
from reward_models.models.scorer import RawScores


class LengthScorer:
    """The raw score is the number of characters; "?" cannot be scored; over 10 characters count as cut."""

    scorer_kind = "length"

    def raw_scores(self, prompts, texts) -> RawScores:
        values = [math.nan if text == "?" else float(len(text)) for text in texts]
        return RawScores(values, [len(text) > 10 for text in texts])

    def save(self, folder: Path) -> dict:
        (folder / "weights").write_text("none")
        return {"unit": "characters"}


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


def test_conversation_is_rendered_as_a_dialogue() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert prompt_text(turns) == "\n\nSystem: Be brief.\n\nHuman: Hi"


@pytest.mark.parametrize(
    ("combine", "expected"), [(mean, 4.0), (minimum, 2.0), (mean_minus_std, 2.0)], ids=["mean", "min", "mean-std"]
)
def test_ensemble_combines_members(combine, expected: float) -> None:
    other = HelpfulnessModel(LengthScorer(), Calibration(mean=-4.0))
    assert Ensemble([HelpfulnessModel(LengthScorer()), other], combine).score(["p"], ["ab"]) == [expected]


@pytest.mark.parametrize("combine", [mean, minimum, mean_minus_std])
def test_ensemble_has_no_score_where_a_member_has_none(combine) -> None:
    assert math.isnan(combine([1.0, math.nan]))
    assert math.isnan(combine([math.nan, 1.0]))


def test_ensemble_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        Ensemble([HelpfulnessModel(LengthScorer())])


def test_calibration_is_frozen_mean_and_standard_deviation() -> None:
    calibration = fit_calibration([1.0, 2.0, 3.0], clip=1.5)
    assert calibration == Calibration(mean=2.0, std=1.0, clip=1.5)
    assert [calibration.apply(raw) for raw in (2.5, 9.0, -9.0)] == [0.5, 1.5, -1.5]
    assert math.isnan(calibration.apply(math.nan))


@pytest.mark.parametrize("raw", [[], [1.0], [1.0, 1.0], [1.0, math.nan]])
def test_calibration_on_useless_scores_is_refused(raw) -> None:
    with pytest.raises(ValueError, match=r"two finite scores|cannot be calibrated"):
        fit_calibration(raw, clip=1.0)


@pytest.mark.parametrize("settings", [{"std": 0.0}, {"std": -1.0}, {"mean": math.nan}, {"clip": 0.0}])
def test_calibration_refuses_impossible_settings(settings) -> None:
    with pytest.raises(ValueError, match="std > 0"):
        Calibration(**settings)


def test_saved_card_is_read_back(tmp_path) -> None:
    model = HelpfulnessModel(LengthScorer(), Calibration(clip=3.0), figures={"auc": 0.5}, notice="small", name="mine")
    model.save(tmp_path / "model")
    card = read_card(tmp_path / "model")
    assert (card.kind, card.name, card.scorer_kind) == ("helpfulness", "mine", "length")
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
