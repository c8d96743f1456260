"""Calibration and ensembles: numbers that can be worked out by hand."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_backbones import LengthScorer

from reward_models import Calibration, Ensemble, HelpfulnessModel, Judgement, PreferencePair, ScoreCounts
from reward_models.calibration import calibrate, fit_calibration, sigmoid
from reward_models.models.ensemble import mean, mean_minus_std, minimum
from reward_models.training.figures import calibrated_on_pairs

FINITE = st.floats(-1e6, 1e6)


def test_calibration_is_frozen_mean_and_standard_deviation() -> None:
    calibration = fit_calibration([1.0, 2.0, 3.0], clip=1.5)
    assert calibration == Calibration(mean=2.0, std=1.0, clip=1.5)
    assert [calibration.apply(raw) for raw in (2.5, 9.0, -9.0)] == [0.5, 1.5, -1.5]
    assert math.isnan(calibration.apply(math.nan))


def test_standard_deviation_has_one_less_than_the_scores_in_its_denominator() -> None:
    assert fit_calibration([0.0, 2.0], clip=1.0).std == pytest.approx(math.sqrt(2.0))


@pytest.mark.parametrize("raw", [[], [1.0], [1.0, 1.0], [1.0, math.nan], [1.0, math.inf]])
def test_calibration_on_useless_scores_is_refused(raw) -> None:
    with pytest.raises(ValueError, match=r"two finite scores|cannot be calibrated"):
        fit_calibration(raw, clip=1.0)


@pytest.mark.parametrize(
    "settings", [{"std": 0.0}, {"std": -1.0}, {"std": math.inf}, {"mean": math.nan}, {"clip": 0.0}, {"clip": math.nan}]
)
def test_calibration_refuses_impossible_settings(settings) -> None:
    with pytest.raises(ValueError, match="std > 0"):
        Calibration(**settings)


@given(FINITE)
def test_default_calibration_changes_nothing(raw: float) -> None:
    assert Calibration().apply(raw) == raw
    assert not Calibration().clips(raw)


@given(FINITE, FINITE, st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_value_is_clipped_exactly_where_it_would_leave_the_range(raw, mean_, std, clip) -> None:
    calibration = Calibration(mean_, std, clip)
    assert abs(calibration.apply(raw)) <= clip
    assert calibration.clips(raw) == (abs((raw - mean_) / std) > clip)


def test_a_value_at_the_limit_is_not_counted_as_clipped() -> None:
    calibration = Calibration(mean=1.0, std=2.0, clip=3.0)
    assert [calibration.clips(raw) for raw in (7.0, 7.1, -5.0, -5.1)] == [False, True, False, True]


def test_failed_judgements_keep_their_reason_and_are_counted_apart() -> None:
    raw = [Judgement(4.0, is_truncated=True), Judgement.failed("no answer"), Judgement(0.5)]
    counts = ScoreCounts()
    judgements = calibrate(raw, lambda value: 2 * value, Calibration(mean=1.0, clip=5.0), counts)
    assert judgements[0] == Judgement(5.0, is_truncated=True)
    assert judgements[1] is raw[1]
    assert judgements[2] == Judgement(0.0)
    assert counts == ScoreCounts(num_scored=2, num_failed=1, num_truncated=1, num_clipped=1)


def test_scores_of_pairs_seen_in_calibration_have_mean_0_and_deviation_1() -> None:
    pairs = [PreferencePair("p", "a" * n, "b" * (2 * n)) for n in range(1, 6)]
    model = calibrated_on_pairs(LengthScorer(), pairs, name="mine")
    scores = model.score(["p"] * 10, [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs])
    assert math.fsum(scores) == pytest.approx(0)
    assert math.fsum(score**2 for score in scores) / 9 == pytest.approx(1)
    assert (model.name, model.calibration.clip) == ("mine", 3.0)


@pytest.mark.parametrize(("logit", "expected"), [(0.0, 0.5), (math.log(3), 0.75), (-math.log(3), 0.25), (1e4, 1.0)])
def test_sigmoid_is_the_logistic_function_without_overflow(logit: float, expected: float) -> None:
    assert sigmoid(logit) == pytest.approx(expected)
    assert sigmoid(-logit) == pytest.approx(1 - expected)


@pytest.mark.parametrize(
    ("combine", "expected"),
    [(mean, 4.0), (minimum, 2.0), (mean_minus_std, 2.0), (partial(mean_minus_std, k=0.5), 3.0)],
    ids=["mean", "min", "mean-std", "mean-std/2"],
)
def test_ensemble_combines_members(combine, expected: float) -> None:
    other = HelpfulnessModel(LengthScorer(), Calibration(mean=-4.0))
    assert Ensemble([HelpfulnessModel(LengthScorer()), other], combine).score(["p"], ["ab"]) == [expected]


def test_ensemble_combines_the_scores_of_one_response_and_not_those_of_one_member() -> None:
    twice = HelpfulnessModel(LengthScorer(), Calibration(std=0.5))
    assert Ensemble([HelpfulnessModel(LengthScorer()), twice]).score(["p"] * 3, ["a", "?", "bbb"])[::2] == [1.5, 4.5]


def test_ensemble_asks_each_member_once_with_the_whole_batch() -> None:
    members = [HelpfulnessModel(LengthScorer()) for _ in range(3)]
    scores = Ensemble(members).score(["p"] * 4, ["a", "?", "cc", "ddd"])
    assert [member.counts.num_scored for member in members] == [3, 3, 3]
    assert [math.isnan(score) for score in scores] == [False, True, False, False]


def test_ensemble_may_be_a_member_of_another() -> None:
    model = HelpfulnessModel(LengthScorer())
    assert Ensemble([Ensemble([model, model]), model]).score(["p"], ["abc"]) == [3.0]


@pytest.mark.parametrize("combine", [mean, minimum, mean_minus_std])
def test_ensemble_has_no_score_where_a_member_has_none(combine) -> None:
    assert math.isnan(combine([1.0, math.nan]))
    assert math.isnan(combine([math.nan, 1.0]))


@given(st.lists(FINITE, min_size=2, max_size=6))
def test_cautious_ensembles_are_never_above_the_mean(scores) -> None:
    assert minimum(scores) <= mean(scores) + 1e-6
    assert mean_minus_std(scores) <= mean(scores)
    assert mean_minus_std(scores, k=0.0) == mean(scores)


def test_ensemble_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        Ensemble([HelpfulnessModel(LengthScorer())])
