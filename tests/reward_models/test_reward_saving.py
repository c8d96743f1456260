"""The folder of a saved model: whole or absent, and refused when it is not one of ours."""

from __future__ import annotations

import json

import pytest
from length_scorer import LengthScorer
from tiny_backbones import decoder_scorer

from reward_models import Calibration, HelpfulnessModel, SafetyModel, load
from reward_models.errors import LoadError
from reward_models.models.saving import read_card


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
