"""Features and the linear scorer: what they see, that they fit, that a saved one means the same."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reward_models.embedded.features import MEASURES, hashed_ngrams, last_turn, measures, words
from reward_models.embedded.linear import MAX_CHARS, LinearScorer, fit_labels, fit_pairs
from reward_models.errors import LoadError
from reward_models.training.data import PreferencePair, SafetyExample
from reward_models.training.evaluation import auc

FRUIT = ["apple", "pear", "plum", "grape", "cherry", "melon"]


def pairs(num: int, seed: int) -> list[PreferencePair]:
    draw = random.Random(seed)
    return [
        PreferencePair(f"question {n}", f"kind words {draw.choice(FRUIT)}", f"cruel words {draw.choice(FRUIT)}")
        for n in range(num)
    ]


def examples(num: int) -> list[SafetyExample]:
    return [
        SafetyExample(f"q{n}", f"{('kind', 'cruel')[n % 2]} {FRUIT[n % 6]}", is_unsafe=n % 2 == 1) for n in range(num)
    ]


@pytest.fixture(scope="module")
def scorer() -> LinearScorer:
    return fit_pairs(pairs(60, 0), ridges=(1.0,))[0]


@settings(max_examples=40)
@given(st.text(max_size=200), st.text(max_size=400))
def test_any_text_gives_finite_features(prompt: str, response: str) -> None:
    row = measures(prompt, response)
    assert len(row) == len(MEASURES)
    assert all(math.isfinite(value) for value in row)
    assert all(value > 0 for value in hashed_ngrams(response).values())


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "\n\n\n", "?" * 10_000, "中文没有空格", "<think>"])
def test_odd_texts_have_features(text: str) -> None:
    assert all(math.isfinite(value) for value in measures(text, text))
    hashed_ngrams(text)


def test_length_of_a_text_does_not_change_the_size_of_its_ngrams() -> None:
    for text in ("one", "one two three four " * 50):
        assert sum(value**2 for value in hashed_ngrams(text).values()) == pytest.approx(0.75, rel=0.05)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("repeated_trigrams", "one two three four five six", "one two three one two three one two three"),
        ("log_refusal", "Here you are.", "I can't help with that."),
        ("topic_words", "Elephants are grey.", "The weather is fine."),
        ("ends_with_question", "It is.", "Is it?"),
        ("list_lines", "a\nb", "1. a\n2. b\n- c"),
        ("harm", "a garden", "a bomb and a knife"),
        ("not_ascii", "abc", "äöü"),
        ("ends_properly", "cut off in the mid", "Whole."),
    ],
)
def test_measure_rises_with_what_it_is_named_after(name: str, low: str, high: str) -> None:
    index = MEASURES.index(name)
    assert measures("How is the weather?", low)[index] < measures("How is the weather?", high)[index]


def test_words_are_lower_case_with_plain_apostrophes() -> None:
    assert words("DON’T!") == ["don't", "!"]


def test_last_turn_is_what_was_asked_last() -> None:
    assert last_turn("\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:") == "c"
    assert last_turn("plain") == "plain"


def test_hashes_are_the_same_in_every_process_and_on_every_machine() -> None:
    buckets = [bucket for bucket, _ in sorted(hashed_ngrams("some text").items())[:4]]
    assert buckets == [21547, 35256, 57397, 166733]


def test_pairs_are_learned_and_the_scores_of_training_texts_are_centred(scorer: LinearScorer) -> None:
    unseen = pairs(20, 1)
    chosen = scorer.raw_scores([pair.prompt for pair in unseen], [pair.chosen for pair in unseen]).values
    rejected = scorer.raw_scores([pair.prompt for pair in unseen], [pair.rejected for pair in unseen]).values
    assert all(better > worse for better, worse in zip(chosen, rejected, strict=True))
    assert abs(np.mean([*chosen, *rejected])) < 0.2


def test_labels_are_learned() -> None:
    fitted, report = fit_labels(examples(48), ridges=(1.0, 0.1))
    logits = fitted.raw_scores(["new"] * 2, ["kind melon", "cruel melon"]).values
    assert logits[0] < 0 < logits[1]
    assert auc(report.held_out_scores, [row.is_unsafe for row in examples(48)]) == 1.0


def test_cross_validation_prefers_a_strong_ridge_for_noise_and_a_weak_one_for_signal() -> None:
    draw = random.Random(0)
    noise = [
        PreferencePair(f"q{n}", " ".join(draw.choices(FRUIT, k=5)), " ".join(draw.choices(FRUIT, k=5)))
        for n in range(60)
    ]
    assert fit_pairs(noise, ridges=(100.0, 0.01))[1].ridge == 100.0
    assert fit_pairs(pairs(60, 0), ridges=(100.0, 0.01))[1].ridge == 0.01


def test_mean_score_of_the_training_texts_is_0(scorer: LinearScorer) -> None:
    rows = pairs(60, 0)
    texts = [*(row.chosen for row in rows), *(row.rejected for row in rows)]
    values = scorer.raw_scores([row.prompt for row in rows] * 2, texts).values
    assert np.mean(values) == pytest.approx(0, abs=1e-5)
    assert abs(scorer.bias) > 1e-3  # without it, the mean would be another


def test_held_out_scores_know_nothing_of_other_rows_of_the_same_group() -> None:
    draw = random.Random(0)
    words = ["".join(draw.choices("bcdfghklmnprstvwz", k=8)) for _ in range(80)]
    rows = [
        PreferencePair(f"question {n}", words[2 * n], words[2 * n + 1], group=f"group {n}")
        for n in range(40)
        for _ in range(4)
    ]
    differences = fit_pairs(rows, ridges=(1.0,))[1].held_out_scores
    assert np.mean(np.array(differences) > 0) < 0.75  # a split inside groups would remember every word


def test_weights_and_margins_of_pairs_count() -> None:
    disputed = [PreferencePair(f"q{n}", "kind", "cruel", weight=9.0) for n in range(8)]
    disputed += [PreferencePair(f"r{n}", "cruel", "kind", weight=1.0) for n in range(8)]
    scores = fit_pairs(disputed, ridges=(1.0,))[0].raw_scores(["q", "q"], ["kind", "cruel"]).values
    assert scores[0] > scores[1]
    wide = [PreferencePair(pair.prompt, pair.chosen, pair.rejected, margin=3.0) for pair in pairs(60, 0)]
    plain, margin = (fit_pairs(rows, ridges=(1.0,))[0] for rows in (pairs(60, 0), wide))
    texts = (["q", "q"], ["kind words", "cruel words"])
    gaps = [values[0] - values[1] for values in (plain.raw_scores(*texts).values, margin.raw_scores(*texts).values)]
    assert gaps[1] > gaps[0]


def test_score_depends_on_nothing_but_the_text(scorer: LinearScorer) -> None:
    texts = ["kind words", "", "cruel", "x" * 50]
    together = scorer.raw_scores(["q"] * 4, texts).values
    assert together == [scorer.raw_scores(["q"], [text]).values[0] for text in texts]
    assert together[::-1] == scorer.raw_scores(["q"] * 4, texts[::-1]).values


def test_fitting_again_gives_the_same_scorer(scorer: LinearScorer) -> None:
    again = fit_pairs(pairs(60, 0), ridges=(1.0,))[0]
    assert torch.equal(scorer.bucket_weights, again.bucket_weights)


def test_texts_that_are_too_long_are_cut_and_flagged(scorer: LinearScorer) -> None:
    raw = scorer.raw_scores(["q"] * 2, ["a " * MAX_CHARS, "a"])
    assert raw.is_truncated == [True, False]
    assert all(math.isfinite(value) for value in raw.values)


def test_extreme_texts_do_not_get_extreme_scores(scorer: LinearScorer) -> None:
    usual = max(abs(value) for value in scorer.raw_scores(["q"] * 2, ["kind words", "cruel words"]).values)
    odd = ["!" * 20_000, "kind " * 5_000, "I can't " * 3_000, "\n1. " * 5_000]
    assert max(abs(value) for value in scorer.raw_scores(["q"] * 4, odd).values) < 20 * usual


def test_saved_scorer_scores_the_same(scorer: LinearScorer, tmp_path) -> None:
    scorer.save(tmp_path)
    texts = (["q"] * 2, ["kind words", "something else"])
    loaded, expected = LinearScorer.load(tmp_path), scorer.tensors()
    assert loaded.tensors().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in loaded.tensors().items())
    scores = pytest.approx(scorer.raw_scores(*texts).values, rel=1e-12)  # sums may depend on where weights lie
    assert loaded.raw_scores(*texts).values == scores
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_missing_or_foreign_weights_are_refused(tmp_path) -> None:
    with pytest.raises(LoadError, match="weights of a linear scorer"):
        LinearScorer.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"garbage")
    with pytest.raises(LoadError, match="weights of a linear scorer"):
        LinearScorer.load(tmp_path)


def test_one_group_cannot_be_cross_validated() -> None:
    with pytest.raises(ValueError, match="several groups"):
        fit_pairs([PreferencePair("q", "a", "b")] * 4)
    with pytest.raises(ValueError, match="at least one row"):
        fit_labels([])
